//! Headers, entries and the chain of a device log.

use sha2::{Digest, Sha256};

use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::edit::{Op, decode_payload, encode_payload, payload_hash};
use crate::ids::{EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId};
use crate::limits::{MAX_DEPS, MAX_NAME_BYTES};
use crate::time::Timestamp;

/// Which record an edit is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The first thing this device knows of the record in this stream.
    New {
        /// The record.
        record: RecordId,
        /// Its form.
        form: FormCode,
    },
    /// The record of these entries, which are the state the edit was made at: its heads as the
    /// device knew them, sorted, without repetition, never empty.
    At(Vec<EntryRef>),
}

/// What an entry says about itself. The chain is over headers, so the payload can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Place in the device log, dense from 1.
    pub seq: u64,
    /// The record, or the heads that lead to it.
    pub target: Target,
    /// Version of the form the edit was made with.
    pub form_version: u32,
    /// The device's clock at the edit: a claim.
    pub claimed: Timestamp,
    /// Hash of the payload.
    pub payload: Hash,
}

const HEADER_VERSION: u8 = 1;

impl Header {
    /// The heads the edit was made at; none for a new record.
    #[must_use]
    pub fn deps(&self) -> &[EntryRef] {
        match &self.target {
            Target::New { .. } => &[],
            Target::At(deps) => deps,
        }
    }

    /// The canonical bytes: version, sequence, target, form version, claimed time, payload hash.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        out.push(HEADER_VERSION);
        put_u64(&mut out, self.seq);
        match &self.target {
            Target::New { record, form } => {
                put_u64(&mut out, 0);
                out.extend_from_slice(&record.bytes());
                put_str(&mut out, form.as_str());
            }
            Target::At(deps) => {
                put_u64(&mut out, deps.len() as u64);
                for dep in deps {
                    out.extend_from_slice(&dep.incarnation.bytes());
                    put_u64(&mut out, dep.seq);
                }
            }
        }
        put_u64(&mut out, u64::from(self.form_version));
        put_i64(&mut out, self.claimed.millis());
        out.extend_from_slice(&self.payload.0);
        out
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but a canonical header.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if r.u8()? != HEADER_VERSION {
            return Err(DecodeError::UnknownVersion);
        }
        let seq = r.u64()?;
        let n = r.bounded(MAX_DEPS, "heads")?;
        let target = if n == 0 {
            let record = RecordId::from_bytes(r.array()?);
            let form = FormCode::new(r.str(MAX_NAME_BYTES)?)
                .map_err(|_| DecodeError::OutOfRange("form"))?;
            Target::New { record, form }
        } else {
            let mut deps = Vec::with_capacity(n);
            for _ in 0..n {
                deps.push(EntryRef {
                    incarnation: IncarnationId::from_bytes(r.array()?),
                    seq: r.u64()?,
                });
            }
            if !deps.windows(2).all(|w| w[0] < w[1]) {
                return Err(DecodeError::OutOfRange("heads are not in order"));
            }
            Target::At(deps)
        };
        Ok(Self {
            seq,
            target,
            form_version: r.u32()?,
            claimed: Timestamp(r.i64()?),
            payload: Hash(r.array()?),
        })
    }
}

/// A header with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The incarnation whose device log it is in.
    pub incarnation: IncarnationId,
    /// What it says about itself.
    pub header: Header,
    /// The operations; `None` once erased.
    pub ops: Option<Vec<Op>>,
}

impl Entry {
    /// An entry of these operations, with its payload hash computed.
    #[must_use]
    pub fn new(
        incarnation: IncarnationId,
        seq: u64,
        target: Target,
        form_version: u32,
        claimed: Timestamp,
        ops: Vec<Op>,
    ) -> Self {
        let payload = payload_hash(&encode_payload(&ops));
        Self {
            incarnation,
            header: Header {
                seq,
                target,
                form_version,
                claimed,
                payload,
            },
            ops: Some(ops),
        }
    }

    /// An entry of which only the name is known.
    #[must_use]
    pub fn hollow(id: EntryRef) -> Self {
        Self {
            incarnation: id.incarnation,
            header: Header {
                seq: id.seq,
                target: Target::At(Vec::new()),
                form_version: 0,
                claimed: Timestamp(0),
                payload: Hash::default(),
            },
            ops: None,
        }
    }

    /// Its name inside the stream.
    #[must_use]
    pub fn id(&self) -> EntryRef {
        EntryRef {
            incarnation: self.incarnation,
            seq: self.header.seq,
        }
    }

    /// The operations, none when erased.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        self.ops.as_deref().unwrap_or(&[])
    }

    /// The hash that binds it to its stream and device log.
    #[must_use]
    pub fn hash(&self, stream: &StreamId) -> Hash {
        entry_hash(stream, self.incarnation, &self.header.encode())
    }

    /// Puts a header and payload bytes together again.
    ///
    /// # Errors
    /// [`DecodeError`] when either does not decode, or the payload is not the header's.
    pub fn from_parts(
        incarnation: IncarnationId,
        header: Header,
        payload: &[u8],
    ) -> Result<Self, DecodeError> {
        if payload_hash(payload) != header.payload {
            return Err(DecodeError::OutOfRange("payload hash"));
        }
        Ok(Self {
            incarnation,
            header,
            ops: Some(decode_payload(payload)?),
        })
    }
}

/// SHA-256 of a header inside its stream and device log.
#[must_use]
pub fn entry_hash(stream: &StreamId, incarnation: IncarnationId, header: &[u8]) -> Hash {
    let mut h = Sha256::new();
    h.update(b"gridfold entry v1");
    h.update(stream.name().as_bytes());
    h.update([0]);
    h.update(incarnation.bytes());
    h.update(header);
    Hash(h.finalize().into())
}

/// The link after `previous` (zeros before the first) and the entry with this hash.
#[must_use]
pub fn next_link(previous: &Hash, entry: &Hash) -> Hash {
    let mut h = Sha256::new();
    h.update(b"gridfold link v1");
    h.update(previous.0);
    h.update(entry.0);
    Hash(h.finalize().into())
}
