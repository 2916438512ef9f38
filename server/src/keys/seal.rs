//! Sealing: XChaCha20-Poly1305 with a random nonce and associated data.
//!
//! A sealed text is one version byte, 24 bytes of nonce, the ciphertext and 16 bytes of tag.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::secret::{random, redacted};

/// Bytes a sealed text has more than its plain text.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;

const VERSION: u8 = 1;
pub(crate) const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Why something was not sealed or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// Another key, other associated data, or changed bytes.
    #[error("the sealed bytes do not open with this key and context")]
    DoesNotOpen,
    /// It could not be sealed.
    #[error("the bytes could not be sealed")]
    NotSealed,
}

/// The key under which one record's payloads are sealed. Cheap to clone; wiped when the last clone goes.
#[derive(Clone)]
pub struct RecordKey(Arc<Zeroizing<[u8; 32]>>);
redacted!(RecordKey);

impl RecordKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Seals a payload under a record's key. `ad` binds where it belongs: the entry's hash, say.
///
/// # Errors
/// When no randomness is to be had.
pub fn seal(key: &RecordKey, ad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_bytes(key.bytes(), ad, plaintext)
}

/// Opens what [`seal`] made with the same key and `ad`.
///
/// # Errors
/// When the key, the `ad` or any byte differs.
pub fn open(key: &RecordKey, ad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    open_bytes(key.bytes(), ad, sealed).map(|mut plain| std::mem::take(&mut *plain))
}

pub(crate) fn seal_bytes(key: &[u8; 32], ad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce = random::<NONCE_BYTES>().map_err(|_| SealError::NotSealed)?;
    seal_with_nonce(key, &nonce, ad, plain)
}

/// As [`seal_bytes`], for a caller that drew many nonces at once. The nonce must be fresh and random.
pub(crate) fn seal_with_nonce(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    ad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let text = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: plain,
                aad: ad,
            },
        )
        .map_err(|_| SealError::NotSealed)?;
    let mut sealed = Vec::with_capacity(text.len() + 1 + NONCE_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(&text);
    Ok(sealed)
}

pub(crate) fn open_bytes(
    key: &[u8; 32],
    ad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let Some((&VERSION, rest)) = sealed.split_first() else {
        return Err(SealError::DoesNotOpen);
    };
    let Some((nonce, text)) = rest.split_first_chunk::<NONCE_BYTES>() else {
        return Err(SealError::DoesNotOpen);
    };
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: ad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::DoesNotOpen)
}
