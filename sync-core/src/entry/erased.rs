//! The server's signed word that a record was erased for good.
//!
//! Whoever holds it can show it to a server that was restored from a backup made before: what was erased is then erased again. It names the record, its grid and the time, and nothing of what was in it.

use crate::codec::{DecodeError, Reader, put_i64, put_str};
use crate::entry::{PublicKey, SignKey, Signature};
use crate::ids::{AreaCode, RecordId};
use crate::limits::MAX_NAME_BYTES;
use crate::time::Timestamp;

/// That a record was erased, signed by the server that did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureProof {
    /// The record.
    pub record: RecordId,
    /// The grid it was of; none when that was not known.
    pub grid: Option<AreaCode>,
    /// When it was erased.
    pub at: Timestamp,
    /// The server's signature over [`erased_statement`].
    pub signature: Signature,
}

fn put(out: &mut Vec<u8>, record: &RecordId, grid: Option<&AreaCode>, at: Timestamp) {
    out.extend_from_slice(&record.bytes());
    put_str(out, grid.map_or("", AreaCode::as_str));
    put_i64(out, at.millis());
}

/// What the server signs.
#[must_use]
pub fn erased_statement(record: &RecordId, grid: Option<&AreaCode>, at: Timestamp) -> Vec<u8> {
    let mut out = b"gridfold erased v1\0".to_vec();
    put(&mut out, record, grid, at);
    out
}

impl ErasureProof {
    /// Signs that a record was erased.
    #[must_use]
    pub fn sign(key: &SignKey, record: RecordId, grid: Option<AreaCode>, at: Timestamp) -> Self {
        let signature = key.sign(&erased_statement(&record, grid.as_ref(), at));
        Self {
            record,
            grid,
            at,
            signature,
        }
    }

    /// Whether it is the server's.
    #[must_use]
    pub fn verify(&self, server: &PublicKey) -> bool {
        let statement = erased_statement(&self.record, self.grid.as_ref(), self.at);
        server.verify(&statement, &self.signature)
    }

    /// Writes it, for the wire and for a phone to keep.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put(out, &self.record, self.grid.as_ref(), self.at);
        out.extend_from_slice(&self.signature.0);
    }

    /// Reads what [`ErasureProof::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let record = RecordId::from_bytes(r.array()?);
        let grid = match r.str(MAX_NAME_BYTES)? {
            "" => None,
            grid => Some(AreaCode::new(grid).map_err(|_| DecodeError::OutOfRange("area"))?),
        };
        Ok(Self {
            record,
            grid,
            at: Timestamp(r.i64()?),
            signature: Signature(r.array()?),
        })
    }
}
