//! Sealing: one key for the content, wrapped for each recipient with HPKE (RFC 9180) in base mode:
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.

use std::convert::Infallible;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::carry::CarryError;
use crate::entry::{PublicKey, SignKey};

/// Length of a recipient's ephemeral public key.
pub(super) const ENCAPPED_BYTES: usize = 32;
/// Length of the content key wrapped for one recipient.
pub(super) const WRAPPED_BYTES: usize = 32 + 16;

type Wrapping = hpke::aead::ChaCha20Poly1305;
type Derivation = hpke::kdf::HkdfSha256;

/// The caller's random bytes as the generator that HPKE asks for: block `n` is the SHA-256 of a
/// label, the seed and `n`. The seed is used for one bundle.
pub(super) struct SeedRng {
    seed: Zeroizing<[u8; 32]>,
    block: u64,
}

impl SeedRng {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self {
            seed: Zeroizing::new(*seed),
            block: 0,
        }
    }
    pub(super) fn next_block(&mut self) -> Zeroizing<[u8; 32]> {
        let mut h = Sha256::new();
        h.update(b"gridfold carry seed v1");
        h.update(self.seed.as_slice());
        h.update(self.block.to_be_bytes());
        self.block += 1;
        Zeroizing::new(h.finalize().into())
    }
}

impl TryRng for SeedRng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            chunk.copy_from_slice(&self.next_block()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for SeedRng {}

/// Wraps a content key for one recipient.
pub(super) fn wrap(
    key: &[u8; 32],
    recipient: &PublicKey,
    info: &[u8],
    rng: &mut SeedRng,
) -> Option<([u8; ENCAPPED_BYTES], [u8; WRAPPED_BYTES])> {
    type Public = <X25519HkdfSha256 as Kem>::PublicKey;
    let recipient = Public::from_bytes(&recipient.x25519()?).ok()?;
    let (encapped, wrapped) = hpke::single_shot_seal_with_rng::<
        Wrapping,
        Derivation,
        X25519HkdfSha256,
    >(&OpModeS::Base, &recipient, info, key, &[], rng)
    .ok()?;
    Some((encapped.to_bytes().into(), wrapped.try_into().ok()?))
}

/// Unwraps a content key; none when it was wrapped for another, or altered.
pub(super) fn unwrap(
    encapped: &[u8; ENCAPPED_BYTES],
    wrapped: &[u8; WRAPPED_BYTES],
    own: &SignKey,
    info: &[u8],
) -> Option<Zeroizing<[u8; 32]>> {
    type Private = <X25519HkdfSha256 as Kem>::PrivateKey;
    type Encapped = <X25519HkdfSha256 as Kem>::EncappedKey;
    let secret = Private::from_bytes(own.x25519().as_slice()).ok()?;
    let encapped = Encapped::from_bytes(encapped).ok()?;
    let key = hpke::single_shot_open::<Wrapping, Derivation, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapped,
        info,
        wrapped,
        &[],
    )
    .ok()
    .map(Zeroizing::new)?;
    Some(Zeroizing::new(key.as_slice().try_into().ok()?))
}

/// Seals content under a key that seals nothing else, so that the nonce may be zeros.
pub(super) fn seal(key: &[u8; 32], content: &[u8], bound: &[u8]) -> Result<Vec<u8>, CarryError> {
    ChaCha20Poly1305::new(key.into())
        .encrypt(
            &Nonce::default(),
            Payload {
                msg: content,
                aad: bound,
            },
        )
        .map_err(|_| CarryError::TooLarge)
}

/// Opens what [`seal`] sealed; none when a bit of it or of what it is bound to was altered.
pub(super) fn open(key: &[u8; 32], sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(key.into())
        .decrypt(
            &Nonce::default(),
            Payload {
                msg: sealed,
                aad: bound,
            },
        )
        .ok()
}
