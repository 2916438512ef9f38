//! Signatures: devices sign the heads of their logs, the server signs receipts, answers and orders
//! to wipe. Ed25519.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::codec::{DecodeError, Reader, array_from_hex, put_i64, put_str, put_u64};
use crate::ids::{DeviceId, Hash, IncarnationId, StreamId};
use crate::limits::{MAX_NAME_BYTES, MAX_STREAMS_PER_SYNC};
use crate::time::Timestamp;

/// A 64-byte Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// A 32-byte Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The key of these hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        array_from_hex(text).map(Self)
    }

    /// Whether the signature over `message` is this key's; weak keys never are.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .and_then(|key| {
                key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
            })
            .is_ok()
    }
    /// The X25519 form of the key, for sealing to it; none for bytes that are no key, or a weak one.
    pub(crate) fn x25519(&self) -> Option<[u8; 32]> {
        let key = VerifyingKey::from_bytes(&self.0).ok()?;
        (!key.is_weak()).then(|| key.to_montgomery().to_bytes())
    }
}

/// A signing key. Its bytes are never shown.
#[derive(Clone)]
pub struct SignKey(SigningKey);

impl fmt::Debug for SignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignKey(..)")
    }
}

impl SignKey {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }
    /// The X25519 secret of the same key pair, for opening what was sealed to its public half.
    pub(crate) fn x25519(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_scalar_bytes())
    }
    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

/// What a device signs for the head of one of its logs.
#[must_use]
pub fn head_statement(
    stream: &StreamId,
    incarnation: IncarnationId,
    seq: u64,
    link: &Hash,
) -> Vec<u8> {
    let mut out = b"gridfold head v1\0".to_vec();
    put_str(&mut out, &stream.name());
    out.extend_from_slice(&incarnation.bytes());
    put_u64(&mut out, seq);
    out.extend_from_slice(&link.0);
    out
}

/// What a device signs to show at enrolment that it holds its key.
#[must_use]
pub fn enrolment_statement(code: &str, nonce: &[u8], key: &PublicKey) -> Vec<u8> {
    let mut out = b"gridfold enrol v1\0".to_vec();
    put_str(&mut out, code);
    put_u64(&mut out, nonce.len() as u64);
    out.extend_from_slice(nonce);
    out.extend_from_slice(&key.0);
    out
}

/// What a device signs to tell that it has erased everything because it was told to.
#[must_use]
pub fn wiped_statement(device: DeviceId) -> Vec<u8> {
    let mut out = b"gridfold wiped v1\0".to_vec();
    out.extend_from_slice(&device.bytes());
    out
}

/// What the server signs of an answer: for whom it is, what was asked, what it says.
#[must_use]
pub fn answer_statement(device: DeviceId, asked: &Hash, content: &Hash) -> Vec<u8> {
    let mut out = b"gridfold answer v1\0".to_vec();
    out.extend_from_slice(&device.bytes());
    out.extend_from_slice(&asked.0);
    out.extend_from_slice(&content.0);
    out
}

/// What the server signs to order a device to erase everything, and when it did.
#[must_use]
pub fn wipe_statement(device: DeviceId, at: Timestamp) -> Vec<u8> {
    let mut out = b"gridfold wipe v1\0".to_vec();
    out.extend_from_slice(&device.bytes());
    put_i64(&mut out, at.millis());
    out
}

/// One stream of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptStream {
    /// The stream.
    pub stream: StreamId,
    /// Items up to this place are durable.
    pub seq: u64,
    /// The prefix at that place.
    pub prefix: Hash,
}

/// The server's signed word that items are durable: one signature over all streams named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log epoch it is of.
    pub epoch: u64,
    /// The streams, sorted.
    pub streams: Vec<ReceiptStream>,
    /// The server's signature over [`receipt_statement`].
    pub signature: Signature,
}

/// What the server signs.
#[must_use]
pub fn receipt_statement(epoch: u64, streams: &[ReceiptStream]) -> Vec<u8> {
    let mut out = b"gridfold receipt v1\0".to_vec();
    out.extend_from_slice(&epoch.to_be_bytes());
    put_u64(&mut out, streams.len() as u64);
    for s in streams {
        put_str(&mut out, &s.stream.name());
        put_u64(&mut out, s.seq);
        out.extend_from_slice(&s.prefix.0);
    }
    out
}

impl Receipt {
    /// Signs that these streams are durable up to there.
    #[must_use]
    pub fn sign(key: &SignKey, epoch: u64, streams: Vec<ReceiptStream>) -> Self {
        let signature = key.sign(&receipt_statement(epoch, &streams));
        Self {
            epoch,
            streams,
            signature,
        }
    }
    /// Whether it is the server's.
    #[must_use]
    pub fn verify(&self, server: &PublicKey) -> bool {
        server.verify(
            &receipt_statement(self.epoch, &self.streams),
            &self.signature,
        )
    }
    /// Its bytes, for a phone to keep and to show again.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out =
            receipt_statement(self.epoch, &self.streams)[b"gridfold receipt v1\0".len()..].to_vec();
        out.extend_from_slice(&self.signature.0);
        out
    }
    /// Reads what [`Receipt::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let epoch = u64::from_be_bytes(r.array()?);
        let n = r.count(MAX_STREAMS_PER_SYNC, "streams")?;
        let mut streams = Vec::with_capacity(n);
        for _ in 0..n {
            let stream = StreamId::parse(r.str(MAX_NAME_BYTES + 2)?)
                .ok_or(DecodeError::OutOfRange("stream"))?;
            streams.push(ReceiptStream {
                stream,
                seq: r.u64()?,
                prefix: Hash(r.array()?),
            });
        }
        Ok(Self {
            epoch,
            streams,
            signature: Signature(r.array()?),
        })
    }
}
