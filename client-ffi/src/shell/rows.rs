//! The values that the store's tables hold, and their keys.

use std::collections::BTreeMap;

use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_i64, put_str, put_u64};
use gridfold_sync_core::edit::{decode_payload, encode_payload};
use gridfold_sync_core::entry::{Author, Entry, Header, Verdict};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, UserId,
};
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::session::phone::{Fate, HeldEntry, LogRefusal, Said};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, Work};

use crate::error::ClientError;

/// Bytes of one value; the store is ours, the bound only stops damage.
const MAX_VALUE: usize = 64 << 20;

/// A stream's number in this store.
pub(crate) type StreamNo = u32;

/// The record of entries whose record is not known: others' refused ones.
pub(crate) const NO_RECORD: [u8; 16] = [0; 16];

pub(crate) fn ref_key(stream: StreamNo, id: &EntryRef) -> Vec<u8> {
    let mut key = stream.to_be_bytes().to_vec();
    key.extend_from_slice(&id.to_bytes());
    key
}

pub(crate) fn log_prefix(stream: StreamNo, incarnation: IncarnationId) -> Vec<u8> {
    let mut key = stream.to_be_bytes().to_vec();
    key.extend_from_slice(&incarnation.bytes());
    key
}

pub(crate) fn part_prefix(record: &RecordId, stream: StreamNo) -> Vec<u8> {
    let mut key = record.bytes().to_vec();
    key.extend_from_slice(&stream.to_be_bytes());
    key
}

pub(crate) fn entry_key(record: &RecordId, stream: StreamNo, id: &EntryRef) -> Vec<u8> {
    let mut key = part_prefix(record, stream);
    key.extend_from_slice(&id.to_bytes());
    key
}

pub(crate) fn place_key(stream: StreamNo, seq: u64) -> Vec<u8> {
    let mut key = stream.to_be_bytes().to_vec();
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// The entry named by the last 24 bytes of a key.
pub(crate) fn ref_of_key(key: &[u8]) -> Result<EntryRef, DecodeError> {
    let at = key.len().checked_sub(24).ok_or(DecodeError::Truncated)?;
    read_ref(&mut Reader::new(&key[at..]))
}

pub(crate) fn stream_of_key(key: &[u8]) -> Result<StreamNo, DecodeError> {
    Ok(u32::from_be_bytes(Reader::new(key).array()?))
}

pub(crate) fn read_ref(r: &mut Reader<'_>) -> Result<EntryRef, DecodeError> {
    Ok(EntryRef {
        incarnation: IncarnationId::from_bytes(r.array()?),
        seq: u64::from_be_bytes(r.array()?),
    })
}

fn put_fate(fate: Fate, out: &mut Vec<u8>) {
    match fate {
        Fate::Pending => out.extend_from_slice(&[0, 0]),
        Fate::Decided(verdict) => out.extend_from_slice(&[1, verdict.to_u8()]),
        Fate::LogRefused(why) => out.extend_from_slice(&[2, why as u8]),
    }
}

fn read_fate(r: &mut Reader<'_>) -> Result<Fate, DecodeError> {
    let bad = DecodeError::OutOfRange("fate");
    Ok(match (r.u8()?, r.u8()?) {
        (0, 0) => Fate::Pending,
        (1, verdict) => Fate::Decided(Verdict::from_u8(verdict).ok_or(bad)?),
        (2, why) => Fate::LogRefused(*LogRefusal::ALL.get(usize::from(why)).ok_or(bad)?),
        _ => return Err(bad),
    })
}

/// Whether a stored entry waits to be sent, from its first bytes.
pub(crate) fn is_pending(entry: &[u8]) -> bool {
    entry.get(32..34) == Some(&[0, 0])
}

/// An entry as the store holds it.
pub(crate) fn encode_entry(held: &HeldEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(&held.hash.0);
    put_fate(held.fate, &mut out);
    let payload = held.entry.as_ref().and_then(|e| e.ops.as_deref());
    out.push(
        u8::from(held.link.is_some())
            | u8::from(held.said.is_some()) << 1
            | u8::from(held.entry.is_some()) << 2
            | u8::from(payload.is_some()) << 3,
    );
    if let Some(link) = &held.link {
        out.extend_from_slice(&link.0);
    }
    if let Some(said) = &held.said {
        out.extend_from_slice(&said.author.device.bytes());
        out.extend_from_slice(&said.author.user.bytes());
        put_i64(&mut out, said.received.millis());
        out.push(said.verdict.to_u8());
        put_u64(&mut out, said.place);
    }
    if let Some(entry) = &held.entry {
        put_bytes(&mut out, &entry.header.encode());
    }
    if let Some(ops) = payload {
        put_bytes(&mut out, &encode_payload(ops));
    }
    out
}

pub(crate) fn decode_entry(id: EntryRef, bytes: &[u8]) -> Result<HeldEntry, DecodeError> {
    let mut r = Reader::new(bytes);
    let hash = Hash(r.array()?);
    let fate = read_fate(&mut r)?;
    let flags = r.u8()?;
    let link = if flags & 1 == 0 {
        None
    } else {
        Some(Hash(r.array()?))
    };
    let said = if flags & 2 == 0 {
        None
    } else {
        Some(Said {
            author: Author {
                device: DeviceId::from_bytes(r.array()?),
                user: UserId::from_bytes(r.array()?),
            },
            received: Timestamp(r.i64()?),
            verdict: Verdict::from_u8(r.u8()?).ok_or(DecodeError::OutOfRange("verdict"))?,
            place: r.u64()?,
        })
    };
    let mut entry = None;
    if flags & 4 != 0 {
        let mut header = Reader::new(r.bytes(MAX_VALUE)?);
        let decoded = Header::decode(&mut header)?;
        header.finish()?;
        let ops = if flags & 8 == 0 {
            None
        } else {
            Some(decode_payload(r.bytes(MAX_VALUE)?)?)
        };
        entry = Some(Entry {
            incarnation: id.incarnation,
            header: decoded,
            ops,
        });
    }
    r.finish()?;
    Ok(HeldEntry {
        id,
        hash,
        fate,
        link,
        said,
        entry,
    })
}

fn put_work(work: &Work, out: &mut Vec<u8>) {
    out.push(match work.stage {
        None => 0,
        Some(Stage::Open) => 1,
        Some(Stage::Done) => 2,
        Some(Stage::Closed) => 3,
    });
    out.push(
        u8::from(work.due.is_some())
            | u8::from(work.doer.is_some()) << 1
            | u8::from(work.about.is_some()) << 2
            | u8::from(work.suspended.is_some()) << 3
            | u8::from(work.paused_ms != 0) << 4,
    );
    if let Some(due) = work.due {
        put_i64(out, due.millis());
    }
    if let Some(doer) = &work.doer {
        put_str(out, doer);
    }
    if let Some(about) = &work.about {
        out.extend_from_slice(&about.bytes());
    }
    if let Some(since) = work.suspended {
        put_i64(out, since.millis());
    }
    if work.paused_ms != 0 {
        put_i64(out, work.paused_ms);
    }
}

fn read_work(r: &mut Reader<'_>) -> Result<Work, DecodeError> {
    let stage = match r.u8()? {
        0 => None,
        1 => Some(Stage::Open),
        2 => Some(Stage::Done),
        3 => Some(Stage::Closed),
        _ => return Err(DecodeError::OutOfRange("stage")),
    };
    let flags = r.u8()?;
    let mut work = Work {
        stage,
        ..Work::default()
    };
    if flags & 1 != 0 {
        work.due = Some(Timestamp(r.i64()?));
    }
    if flags & 2 != 0 {
        work.doer = Some(r.str(MAX_VALUE)?.to_owned());
    }
    if flags & 4 != 0 {
        work.about = Some(RecordId::from_bytes(r.array()?));
    }
    if flags & 8 != 0 {
        work.suspended = Some(Timestamp(r.i64()?));
    }
    if flags & 16 != 0 {
        work.paused_ms = r.i64()?;
    }
    Ok(work)
}

/// What lists show of a record, kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) form: FormCode,
    pub(crate) grid: AreaCode,
    pub(crate) household: Option<RecordId>,
    pub(crate) status: Option<String>,
    pub(crate) title: String,
    pub(crate) captured: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) conflicts: u32,
    pub(crate) deleted: bool,
    /// The words of its text, as the core's search takes them.
    pub(crate) search: String,
    /// Whether this phone wrote to it.
    pub(crate) own: bool,
    /// Whether supervisors have seen all that.
    pub(crate) seen: bool,
    /// The streams it has parts in.
    pub(crate) streams: Vec<StreamNo>,
    /// What its work stands at; none in a store of before that was kept, until it is opened.
    pub(crate) work: Option<Work>,
}

/// A record as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordRow {
    pub(crate) row: Row,
    pub(crate) parts: BTreeMap<StreamNo, PartState>,
}

impl RecordRow {
    /// A record before its first entry.
    pub(crate) fn new(form: FormCode, grid: AreaCode) -> Self {
        Self {
            row: Row {
                form,
                grid,
                household: None,
                status: None,
                title: String::new(),
                captured: Timestamp(i64::MAX),
                updated: Timestamp(i64::MIN),
                conflicts: 0,
                deleted: false,
                search: String::new(),
                own: false,
                seen: false,
                streams: Vec::new(),
                work: None,
            },
            parts: BTreeMap::new(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let row = &self.row;
        let mut out = Vec::with_capacity(512);
        put_str(&mut out, row.form.as_str());
        put_str(&mut out, row.grid.as_str());
        out.push(
            u8::from(row.household.is_some())
                | u8::from(row.status.is_some()) << 1
                | u8::from(row.deleted) << 2
                | u8::from(row.own) << 3
                | u8::from(row.seen) << 4
                | u8::from(row.work.is_some()) << 5,
        );
        if let Some(household) = &row.household {
            out.extend_from_slice(&household.bytes());
        }
        if let Some(status) = &row.status {
            put_str(&mut out, status);
        }
        put_str(&mut out, &row.title);
        put_i64(&mut out, row.captured.millis());
        put_i64(&mut out, row.updated.millis());
        put_u64(&mut out, u64::from(row.conflicts));
        put_str(&mut out, &row.search);
        put_u64(&mut out, self.parts.len() as u64);
        for stream in self.parts.keys() {
            put_u64(&mut out, u64::from(*stream));
        }
        if let Some(work) = &row.work {
            put_work(work, &mut out);
        }
        for part in self.parts.values() {
            put_bytes(&mut out, &part.to_bytes());
        }
        out
    }

    fn decode_row(r: &mut Reader<'_>) -> Result<Row, DecodeError> {
        let bad = |_| DecodeError::OutOfRange("name");
        let form = FormCode::new(r.str(MAX_VALUE)?).map_err(bad)?;
        let grid = AreaCode::new(r.str(MAX_VALUE)?).map_err(bad)?;
        let flags = r.u8()?;
        let household = if flags & 1 == 0 {
            None
        } else {
            Some(RecordId::from_bytes(r.array()?))
        };
        let status = if flags & 2 == 0 {
            None
        } else {
            Some(r.str(MAX_VALUE)?.to_owned())
        };
        let title = r.str(MAX_VALUE)?.to_owned();
        let (captured, updated) = (Timestamp(r.i64()?), Timestamp(r.i64()?));
        let conflicts = r.u32()?;
        let search = r.str(MAX_VALUE)?.to_owned();
        let n = r.count(MAX_VALUE, "parts")?;
        let streams = (0..n).map(|_| r.u32()).collect::<Result<Vec<_>, _>>()?;
        let work = match flags & 32 {
            0 => None,
            _ => Some(read_work(r)?),
        };
        Ok(Row {
            form,
            grid,
            household,
            status,
            title,
            captured,
            updated,
            conflicts,
            deleted: flags & 4 != 0,
            search,
            own: flags & 8 != 0,
            seen: flags & 16 != 0,
            streams,
            work,
        })
    }

    /// Only what lists show.
    pub(crate) fn decode_summary(bytes: &[u8]) -> Result<Row, DecodeError> {
        Self::decode_row(&mut Reader::new(bytes))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let row = Self::decode_row(&mut r)?;
        let mut parts = BTreeMap::new();
        for stream in &row.streams {
            parts.insert(*stream, PartState::from_bytes(r.bytes(MAX_VALUE)?)?);
        }
        r.finish()?;
        Ok(Self { row, parts })
    }
}

/// A refused edit of this device, kept whatever happens to its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedRow {
    pub(crate) record: RecordId,
    pub(crate) form: FormCode,
    pub(crate) form_version: u32,
    pub(crate) code: String,
    pub(crate) at: Timestamp,
    pub(crate) ops: Vec<gridfold_sync_core::edit::Op>,
}

impl RefusedRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = self.record.bytes().to_vec();
        put_str(&mut out, self.form.as_str());
        put_u64(&mut out, u64::from(self.form_version));
        put_str(&mut out, &self.code);
        put_i64(&mut out, self.at.millis());
        put_bytes(&mut out, &encode_payload(&self.ops));
        out
    }
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let row = Self {
            record: RecordId::from_bytes(r.array()?),
            form: FormCode::new(r.str(MAX_VALUE)?).map_err(|_| DecodeError::OutOfRange("form"))?,
            form_version: r.u32()?,
            code: r.str(MAX_VALUE)?.to_owned(),
            at: Timestamp(r.i64()?),
            ops: decode_payload(r.bytes(MAX_VALUE)?)?,
        };
        r.finish()?;
        Ok(row)
    }
}

/// One entry that waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutboxItem {
    pub(crate) stream: StreamNo,
    pub(crate) id: EntryRef,
    pub(crate) record: RecordId,
    /// The change it is part of: the order of the change's first entry. None when it was written
    /// again or waits again, and in stores of before changes were kept.
    pub(crate) change: Option<u64>,
}

impl OutboxItem {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = ref_key(self.stream, &self.id);
        out.extend_from_slice(&self.record.bytes());
        if let Some(change) = self.change {
            out.extend_from_slice(&change.to_be_bytes());
        }
        out
    }
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ClientError> {
        let mut r = Reader::new(bytes);
        Ok(Self {
            stream: u32::from_be_bytes(r.array()?),
            id: read_ref(&mut r)?,
            record: RecordId::from_bytes(r.array()?),
            change: match r.remaining() {
                0 => None,
                _ => Some(u64::from_be_bytes(r.array()?)),
            },
        })
    }
}
