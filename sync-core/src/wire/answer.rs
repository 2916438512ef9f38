//! From version 4 on: the server's word that an answer is its own, and of exactly this request.
//!
//! What enters: the bytes of a request as they were sent, and the content of the answer. What
//! leaves: one signature over both, and over whom it is meant for. Everything that an answer says is
//! under it, so nobody between a phone and its server can order anything: erase, reset, refuse,
//! forget. What never happens here: judging what an answer says.

use sha2::{Digest, Sha256};

use crate::codec::{DecodeError, Reader};
use crate::entry::{PublicKey, SignKey, Signature, answer_statement};
use crate::ids::{DeviceId, Hash};

/// What a request of version 4 says that those before did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trip {
    /// Random, so that no two requests are the same and the answer to one is none to another.
    pub nonce: [u8; 8],
}

pub(super) fn put_trip(out: &mut Vec<u8>, trip: &Trip) {
    out.extend_from_slice(&trip.nonce);
}

pub(super) fn get_trip(r: &mut Reader<'_>) -> Result<Trip, DecodeError> {
    Ok(Trip { nonce: r.array()? })
}

/// The signature that ends an answer, with the hash of what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerProof {
    /// Hash of the content before the signature.
    pub content: Hash,
    /// The server's signature.
    pub signature: Signature,
}

impl AnswerProof {
    /// Signs the content of the answer to this device's request.
    pub(super) fn sign(key: &SignKey, device: DeviceId, asked: &[u8], content: &[u8]) -> Self {
        let content = content_hash(content);
        let signature = key.sign(&answer_statement(device, &asked_hash(asked), &content));
        Self { content, signature }
    }
    /// What was read.
    pub(super) fn read(content: &[u8], signature: Signature) -> Self {
        Self {
            content: content_hash(content),
            signature,
        }
    }
    /// Whether this server signed it for this device and this request.
    #[must_use]
    pub fn verify(&self, server: &PublicKey, device: DeviceId, asked: &[u8]) -> bool {
        let statement = answer_statement(device, &asked_hash(asked), &self.content);
        server.verify(&statement, &self.signature)
    }
}

fn asked_hash(body: &[u8]) -> Hash {
    hash(b"gridfold asked v1", body)
}

fn content_hash(content: &[u8]) -> Hash {
    hash(b"gridfold content v1", content)
}

fn hash(label: &[u8], bytes: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(label)
            .chain_update(bytes)
            .finalize()
            .into(),
    )
}
