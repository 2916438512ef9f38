//! The key that opens a store: given by the app, or sealed by the phone's key store.
//!
//! What enters: a raw key, or a key store whose own key never leaves its hardware. What leaves: the
//! key that wraps the store's data key, for as long as opening takes. What never happens here: a
//! new key in the place of one that the key store does not give.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::error::ClientError;
use crate::key_store::StoreKey;
use crate::platform::{Platform, random};
use crate::shell::files::WRAP_FILE;
use crate::shell::seal::KeyKind;
use crate::shell::spare;

const MAGIC: &[u8; 8] = b"GFWRAP\0\x01";
/// Longest sealed key; what key stores make of 32 bytes is far below.
const MAX_SEALED_BYTES: usize = 16 << 10;

impl StoreKey {
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
        disk: &dyn Disk,
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
        disk.write(WRAP_FILE, &file)?;
        Ok(key)
    }

    /// The wrapping key of the store that is there. A sealed one that is damaged or gone comes back
    /// from its copy.
    pub(crate) fn open(&self, disk: &dyn Disk) -> Result<Zeroizing<[u8; 32]>, ClientError> {
        let first = self.open_own(disk);
        if !matches!(first, Err(ClientError::DamagedStore { .. })) {
            return first;
        }
        match spare::head(disk)? {
            Some(copy) if !copy.wrap.is_empty() => {
                disk.write(WRAP_FILE, &copy.wrap)?;
                disk.settle()?;
                self.open_own(disk)
            }
            _ => first,
        }
    }

    fn open_own(&self, disk: &dyn Disk) -> Result<Zeroizing<[u8; 32]>, ClientError> {
        let keystore = match self {
            Self::Raw(key) => return Ok(key.clone()),
            Self::KeyStore(keystore) => keystore,
        };
        let damaged = || ClientError::damaged("wrapped key");
        let bytes = disk.read(WRAP_FILE, MAX_SEALED_BYTES as u64 + 64)?;
        let bytes = bytes.ok_or_else(damaged)?;
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
