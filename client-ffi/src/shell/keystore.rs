//! The key that opens a store: given by the app, or sealed by the phone's key store.
//!
//! What enters: a raw key, or a key store whose own key never leaves its hardware. What leaves: the
//! key that wraps the store's data key, for as long as opening takes. What never happens here: a
//! new key in the place of one that the key store does not give.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::ClientError;
use crate::platform::{Platform, random};
use crate::shell::files::{sync_dir, write_durably};
use crate::shell::spare;

/// The file with the wrapping key as the key store sealed it.
pub(crate) const WRAP_FILE: &str = "store.wrap";
const MAGIC: &[u8; 8] = b"GFWRAP\0\x01";
/// Longest sealed key; what key stores make of 32 bytes is far below.
const MAX_SEALED_BYTES: usize = 16 << 10;

/// Why a key store did not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// It is locked, for example before the first unlock after a start: later it may answer.
    #[error("the key store is locked")]
    Locked,
    /// It failed in a way that may pass.
    #[error("the key store failed")]
    Failed,
    /// Its key is gone for good: the lock of the screen was changed, or the app's data came from
    /// another phone.
    #[error("the key is gone from the key store")]
    Invalidated,
}

impl From<KeyStoreError> for ClientError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Locked | KeyStoreError::Failed => Self::KeyUnavailable,
            KeyStoreError::Invalidated => Self::WrongKey,
        }
    }
}

/// The phone's key store, for example Android Keystore or the iOS Keychain.
///
/// What is sealed is 32 random bytes, once, when a store is made. The key store's own key stays
/// where it is.
pub trait KeyStore: Send + Sync {
    /// Seals bytes under a key that never leaves the key store.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, KeyStoreError>;
    /// Opens what [`KeyStore::wrap`] sealed.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn unwrap(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyStoreError>;
}

/// What opens a store.
#[derive(Clone)]
pub enum StoreKey {
    /// A key that the app holds.
    Raw(Zeroizing<[u8; 32]>),
    /// A key that the phone's key store seals.
    KeyStore(Arc<dyn KeyStore>),
}

impl StoreKey {
    /// A key that the app holds.
    #[must_use]
    pub fn raw(key: [u8; 32]) -> Self {
        Self::Raw(Zeroizing::new(key))
    }

    /// How a store under this key is marked.
    pub(crate) fn kind(&self) -> KeyKind {
        match self {
            Self::Raw(_) => KeyKind::Raw,
            Self::KeyStore(_) => KeyKind::KeyStore,
        }
    }

    /// The wrapping key of a new store; a key store's is made and put beside it, durably.
    pub(crate) fn create(
        &self,
        dir: &Path,
        platform: &dyn Platform,
    ) -> Result<Zeroizing<[u8; 32]>, ClientError> {
        let keystore = match self {
            Self::Raw(key) => return Ok(key.clone()),
            Self::KeyStore(keystore) => keystore,
        };
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random(platform));
        let sealed = keystore.wrap(&key[..])?;
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(ClientError::internal("keystore/sealed_length"));
        }
        // Found out now it costs nothing; found out at the next opening it would cost the store.
        let opened = Zeroizing::new(keystore.unwrap(&sealed)?);
        if opened.as_slice() != &key[..] {
            return Err(ClientError::internal(
                "keystore/wraps_what_it_does_not_unwrap",
            ));
        }
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&sealed);
        let sum: [u8; 32] = Sha256::digest(&file).into();
        file.extend_from_slice(&sum);
        write_durably(&dir.join(WRAP_FILE), &file)?;
        Ok(key)
    }

    /// The wrapping key of the store that is there. A sealed one that is damaged or gone comes back
    /// from its copy.
    pub(crate) fn open(&self, dir: &Path) -> Result<Zeroizing<[u8; 32]>, ClientError> {
        let first = self.open_own(dir);
        if !matches!(first, Err(ClientError::DamagedStore { .. })) {
            return first;
        }
        match spare::head(dir)? {
            Some(copy) if !copy.wrap.is_empty() => {
                write_durably(&dir.join(WRAP_FILE), &copy.wrap)?;
                sync_dir(dir)?;
                self.open_own(dir)
            }
            _ => first,
        }
    }

    fn open_own(&self, dir: &Path) -> Result<Zeroizing<[u8; 32]>, ClientError> {
        let keystore = match self {
            Self::Raw(key) => return Ok(key.clone()),
            Self::KeyStore(keystore) => keystore,
        };
        let damaged = || ClientError::damaged("wrapped key");
        let mut bytes = Vec::new();
        match fs::File::open(dir.join(WRAP_FILE)) {
            Ok(file) => {
                file.take(MAX_SEALED_BYTES as u64 + 64)
                    .read_to_end(&mut bytes)?;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(damaged()),
            Err(e) => return Err(e.into()),
        }
        let at = bytes.len().checked_sub(32).ok_or_else(damaged)?;
        let (body, sum) = bytes.split_at(at);
        if sum != &Sha256::digest(body)[..] {
            return Err(damaged());
        }
        let sealed = body.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let plain = Zeroizing::new(keystore.unwrap(sealed)?);
        // A key store that opens it to something else has another key.
        let key = plain
            .as_slice()
            .try_into()
            .map_err(|_| ClientError::WrongKey)?;
        Ok(Zeroizing::new(key))
    }
}

impl From<[u8; 32]> for StoreKey {
    fn from(key: [u8; 32]) -> Self {
        Self::raw(key)
    }
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Raw(_) => "Raw(..)",
            Self::KeyStore(_) => "KeyStore(..)",
        })
    }
}

/// Where the key of a store comes from, written in its key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Raw,
    KeyStore,
}
