//! Sealing: every value of the store is XChaCha20-Poly1305 ciphertext bound to its place.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::ClientError;
use crate::platform::{Platform, random};

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// Generation of the data key, part of what a value is bound to.
const KEY_VERSION: u8 = 1;

const MAGIC: &[u8; 7] = b"GFKEY\0\0";
/// Where the wrapping key comes from, after the magic.
const RAW: u8 = 1;
const KEY_STORE: u8 = 2;
const HEAD_BYTES: usize = 8;
const WRAPPED_BYTES: usize = HEAD_BYTES + NONCE_BYTES + 32 + TAG_BYTES;
/// Length of a key file.
pub(crate) const KEY_FILE_BYTES: usize = WRAPPED_BYTES + 32;

/// Where the key of a store comes from, written in its key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Raw,
    KeyStore,
}

/// Seals and opens values under the store's data key.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    platform: Arc<dyn Platform>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}

fn bound_to(table: &str, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(table.len() + key.len() + 2);
    out.extend_from_slice(table.as_bytes());
    out.push(0);
    out.extend_from_slice(key);
    out.push(KEY_VERSION);
    out
}

fn head(kind: KeyKind) -> [u8; HEAD_BYTES] {
    let mut out = [0; HEAD_BYTES];
    out[..MAGIC.len()].copy_from_slice(MAGIC);
    out[MAGIC.len()] = match kind {
        KeyKind::Raw => RAW,
        KeyKind::KeyStore => KEY_STORE,
    };
    out
}

/// The part of a key file before its sum, when the file is as it was written.
pub(crate) fn intact(file: &[u8]) -> Result<&[u8], ClientError> {
    let damaged = || ClientError::damaged("key file");
    let (wrapped, sum) = file.split_at_checked(WRAPPED_BYTES).ok_or_else(damaged)?;
    if sum == &Sha256::digest(wrapped)[..] && wrapped.starts_with(MAGIC) {
        Ok(wrapped)
    } else {
        Err(damaged())
    }
}

/// Whether a store was made with this kind of key: another kind's does not open it.
pub(crate) fn check_kind(file: &[u8], kind: KeyKind) -> Result<(), ClientError> {
    if intact(file)?.starts_with(&head(kind)) {
        Ok(())
    } else {
        Err(ClientError::WrongKey)
    }
}

impl Sealer {
    /// A sealer with a new random data key, and the key file that wraps it under the app's key.
    pub(crate) fn create(
        app_key: &[u8; 32],
        kind: KeyKind,
        platform: Arc<dyn Platform>,
    ) -> Result<(Self, Vec<u8>), ClientError> {
        let head = head(kind);
        let data_key: Zeroizing<[u8; 32]> = Zeroizing::new(random(&*platform));
        let nonce: [u8; NONCE_BYTES] = random(&*platform);
        let wrapped = XChaCha20Poly1305::new(app_key.into())
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &data_key[..],
                    aad: &head,
                },
            )
            .map_err(|_| ClientError::internal("seal/wrap"))?;
        let mut file = head.to_vec();
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&wrapped);
        let sum: [u8; 32] = Sha256::digest(&file).into();
        file.extend_from_slice(&sum);
        Ok((Self::of(&data_key, platform), file))
    }

    /// The sealer that a key file wraps. A file that is not intact is damaged; one that is intact
    /// and does not open has another key.
    pub(crate) fn unwrap(
        file: &[u8],
        app_key: &[u8; 32],
        platform: Arc<dyn Platform>,
    ) -> Result<Self, ClientError> {
        let damaged = || ClientError::damaged("key file");
        let wrapped = intact(file)?;
        let (head, wrapped) = wrapped.split_at(HEAD_BYTES);
        let (nonce, sealed) = wrapped.split_at(NONCE_BYTES);
        let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
        let data_key = XChaCha20Poly1305::new(app_key.into())
            .decrypt(
                &nonce,
                Payload {
                    msg: sealed,
                    aad: head,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| ClientError::WrongKey)?;
        let data_key: Zeroizing<[u8; 32]> =
            Zeroizing::new(data_key.as_slice().try_into().map_err(|_| damaged())?);
        Ok(Self::of(&data_key, platform))
    }

    fn of(data_key: &[u8; 32], platform: Arc<dyn Platform>) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(data_key.into()),
            platform,
        }
    }

    pub(crate) fn seal(
        &self,
        table: &str,
        key: &[u8],
        value: &[u8],
    ) -> Result<Vec<u8>, ClientError> {
        let nonce: [u8; NONCE_BYTES] = random(&*self.platform);
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: value,
                    aad: &bound_to(table, key),
                },
            )
            .map_err(|_| ClientError::internal("seal"))?;
        let mut out = Vec::with_capacity(NONCE_BYTES + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub(crate) fn open(
        &self,
        table: &str,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, ClientError> {
        let damaged = || ClientError::damaged(table);
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
        self.cipher
            .decrypt(
                &nonce,
                Payload {
                    msg: body,
                    aad: &bound_to(table, key),
                },
            )
            .map_err(|_| damaged())
    }
}
