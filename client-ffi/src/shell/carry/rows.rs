//! The values of the two tables: what is held (bundles, receipts, marks), and entries of others by
//! record.

use std::collections::BTreeMap;

use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_str, put_u64};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{CarryId, DeviceId, EntryRef, IncarnationId, RecordId, UserId};
use gridfold_sync_core::limits::MAX_CARRY_BYTES;
use gridfold_sync_core::session::phone::HeldEntry;
use sha2::{Digest, Sha256};

use crate::error::ClientError;
use crate::shell::rows::{
    StreamNo, decode_entry, encode_entry, log_prefix, ref_of_key, stream_of_key,
};
use crate::shell::store::{CARRIED, CARRY, Source, Tx};

const BUNDLE: u8 = 1;
const RECEIPT: u8 = 2;
const MARK: u8 = 3;

/// A bundle held for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldBundle {
    pub(super) id: CarryId,
    /// Who made it, when it was opened here; then `content` is its body, else it is sealed.
    pub(super) author: Option<Author>,
    /// Why the server did not take it.
    pub(super) refused: Option<String>,
    pub(super) content: Vec<u8>,
}

impl HeldBundle {
    /// Its id and a hash of its content: whoever makes up a bundle under the id of another's does
    /// not put it in the other's place.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut h = Sha256::new();
        h.update([u8::from(self.author.is_some())]);
        h.update(&self.content);
        let hash: [u8; 32] = h.finalize().into();
        let mut key = bundle_prefix(self.id);
        key.extend_from_slice(&hash[..16]);
        key
    }
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.author.is_some()) | u8::from(self.refused.is_some()) << 1];
        if let Some(author) = &self.author {
            out.extend_from_slice(&author.device.bytes());
            out.extend_from_slice(&author.user.bytes());
        }
        if let Some(refused) = &self.refused {
            put_str(&mut out, refused);
        }
        put_bytes(&mut out, &self.content);
        out
    }
    fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(key);
        r.take(1)?;
        let id = CarryId::from_bytes(r.array()?);
        let mut r = Reader::new(bytes);
        let flags = r.u8()?;
        let author = if flags & 1 == 0 {
            None
        } else {
            Some(Author {
                device: DeviceId::from_bytes(r.array()?),
                user: UserId::from_bytes(r.array()?),
            })
        };
        let refused = if flags & 2 == 0 {
            None
        } else {
            Some(r.str(256)?.to_owned())
        };
        let content = r.bytes(MAX_CARRY_BYTES)?.to_vec();
        r.finish()?;
        Ok(Self {
            id,
            author,
            refused,
            content,
        })
    }
}

pub(super) fn bundle_prefix(id: CarryId) -> Vec<u8> {
    let mut key = vec![BUNDLE];
    key.extend_from_slice(&id.bytes());
    key
}

pub(super) fn bundles(source: &impl Source) -> Result<Vec<HeldBundle>, ClientError> {
    source
        .scan(CARRY, &[BUNDLE])?
        .iter()
        .map(|(key, value)| Ok(HeldBundle::decode(key, value)?))
        .collect()
}

/// A receipt to be handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldReceipt {
    pub(super) id: CarryId,
    pub(super) device: DeviceId,
    /// Rises with each receipt that comes.
    pub(super) order: u64,
    pub(super) bytes: Vec<u8>,
}

impl HeldReceipt {
    pub(super) fn key(&self) -> Vec<u8> {
        let mut key = receipt_prefix(self.id);
        key.extend_from_slice(&self.device.bytes());
        key
    }
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.order.to_be_bytes().to_vec();
        put_bytes(&mut out, &self.bytes);
        out
    }
    fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(key);
        r.take(1)?;
        let (id, device) = (
            CarryId::from_bytes(r.array()?),
            DeviceId::from_bytes(r.array()?),
        );
        let mut r = Reader::new(bytes);
        let order = u64::from_be_bytes(r.array()?);
        let bytes = r.bytes(MAX_CARRY_BYTES)?.to_vec();
        r.finish()?;
        Ok(Self {
            id,
            device,
            order,
            bytes,
        })
    }
}

pub(super) fn receipt_prefix(id: CarryId) -> Vec<u8> {
    let mut key = vec![RECEIPT];
    key.extend_from_slice(&id.bytes());
    key
}

/// All receipts, oldest first.
pub(super) fn receipts(source: &impl Source) -> Result<Vec<HeldReceipt>, ClientError> {
    in_order(&source.scan(CARRY, &[RECEIPT])?)
}

fn in_order(rows: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<HeldReceipt>, ClientError> {
    let mut all = rows
        .iter()
        .map(|(key, value)| Ok(HeldReceipt::decode(key, value)?))
        .collect::<Result<Vec<_>, ClientError>>()?;
    all.sort_by_key(|r| r.order);
    Ok(all)
}

/// How far each own device log is known to be at the server by carry receipts.
pub(crate) type Marks = BTreeMap<(StreamNo, IncarnationId), u64>;

/// How far each own device log is known to be at the server by carry receipts.
pub(crate) fn at_server(source: &impl Source) -> Result<Marks, ClientError> {
    let mut marks = Marks::new();
    for (key, value) in source.scan(CARRY, &[MARK])? {
        let mut r = Reader::new(&key);
        r.take(1)?;
        let log = (
            u32::from_be_bytes(r.array()?),
            IncarnationId::from_bytes(r.array()?),
        );
        marks.insert(log, Reader::new(&value).u64()?);
    }
    Ok(marks)
}

fn mark_key(stream: StreamNo, incarnation: IncarnationId) -> Vec<u8> {
    let mut key = vec![MARK];
    key.extend_from_slice(&log_prefix(stream, incarnation));
    key
}

/// Notes how far a log is at the server; 0 forgets it.
pub(super) fn put_mark(
    tx: &Tx<'_>,
    stream: StreamNo,
    incarnation: IncarnationId,
    seq: u64,
) -> Result<(), ClientError> {
    let key = mark_key(stream, incarnation);
    if seq == 0 {
        return tx.delete(CARRY, &key);
    }
    let mut value = Vec::new();
    put_u64(&mut value, seq);
    tx.put(CARRY, &key, &value)
}

/// Forgets all marks: what a server had before it was restored says nothing of what it has.
pub(crate) fn forget_marks(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.delete_all(CARRY, &[MARK])
}

/// An entry of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CarriedRow {
    /// [`crate::shell::rows::NO_RECORD`] when it cannot be told.
    pub(super) record: RecordId,
    pub(super) stream: StreamNo,
    pub(super) author: Author,
    pub(super) bundle: CarryId,
    pub(super) row: HeldEntry,
}

impl CarriedRow {
    /// By record, then stream, then device: nobody overwrites another's by taking its names.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut key = self.record.bytes().to_vec();
        key.extend_from_slice(&self.stream.to_be_bytes());
        key.extend_from_slice(&self.author.device.bytes());
        key.extend_from_slice(&self.row.id.to_bytes());
        key
    }
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.bundle.bytes().to_vec();
        out.extend_from_slice(&self.author.user.bytes());
        out.extend_from_slice(&encode_entry(&self.row));
        out
    }
    fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, DecodeError> {
        let name = name_of(key)?;
        let mut r = Reader::new(bytes);
        let bundle = CarryId::from_bytes(r.array()?);
        let user = UserId::from_bytes(r.array()?);
        let row = r.take(r.remaining())?;
        Ok(Self {
            record: name.record,
            stream: name.stream,
            author: Author {
                device: name.device,
                user,
            },
            bundle,
            row: decode_entry(name.id, row)?,
        })
    }
}

/// What the key of a carried entry names.
pub(super) struct CarriedName {
    pub(super) record: RecordId,
    pub(super) stream: StreamNo,
    pub(super) device: DeviceId,
    pub(super) id: EntryRef,
}

pub(super) fn name_of(key: &[u8]) -> Result<CarriedName, DecodeError> {
    let mut r = Reader::new(key);
    let record = RecordId::from_bytes(r.array()?);
    let stream = stream_of_key(r.take(4)?)?;
    let device = DeviceId::from_bytes(r.array()?);
    Ok(CarriedName {
        record,
        stream,
        device,
        id: ref_of_key(key)?,
    })
}

/// Entries of others: of one record, or all for an empty prefix.
pub(super) fn carried(source: &impl Source, prefix: &[u8]) -> Result<Vec<CarriedRow>, ClientError> {
    source
        .scan(CARRIED, prefix)?
        .iter()
        .map(|(key, value)| Ok(CarriedRow::decode(key, value)?))
        .collect()
}
