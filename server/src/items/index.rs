//! The index of facts: what admission must know of the log, written in the log's own commit.
//!
//! What enters: each item as it is committed. What leaves: heads of device logs, entries by name,
//! who first wrote under an incarnation, grid and form of a record. What never happens here: a
//! fact from the views. All of it is made again from the items when it is lost.

use gridfold_sync_core::admission::{EntryFact, LogHead};
use gridfold_sync_core::codec::{Reader, put_str};
use gridfold_sync_core::entry::{Target, next_link};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId,
};
use gridfold_sync_core::limits::MAX_NAME_BYTES;

use crate::items::StoredItem;
use crate::log::{IndexRead, Indexer, Item, Log, LogError, Pair, StreamName};

/// Layout of the pairs.
const VERSION: u32 = 1;

const ENTRY: u8 = b'e';
const HEAD: u8 = b'h';
const OWNER: u8 = b'o';
const RECORD: u8 = b'r';

fn in_stream(kind: u8, stream: &[u8], incarnation: IncarnationId) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + stream.len() + 24);
    key.push(kind);
    // A name has at most 80 bytes.
    key.push(stream.len() as u8);
    key.extend_from_slice(stream);
    key.extend_from_slice(&incarnation.bytes());
    key
}

fn entry_key(stream: &[u8], id: &EntryRef) -> Vec<u8> {
    let mut key = in_stream(ENTRY, stream, id.incarnation);
    key.extend_from_slice(&id.seq.to_be_bytes());
    key
}

fn head_key(stream: &[u8], incarnation: IncarnationId) -> Vec<u8> {
    in_stream(HEAD, stream, incarnation)
}

fn named(kind: u8, id: &[u8; 16]) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(kind);
    key.extend_from_slice(id);
    key
}

/// The head of a device log; its link is not known when items before it are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    seq: u64,
    link: Option<Hash>,
}

impl Head {
    fn decode(value: &[u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        let seq = u64::from_be_bytes(r.array().ok()?);
        let link = match r.u8().ok()? {
            0 => None,
            _ => Some(Hash(r.array().ok()?)),
        };
        Some(Self { seq, link })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.seq.to_be_bytes().to_vec();
        out.push(u8::from(self.link.is_some()));
        out.extend(self.link.iter().flat_map(|link| link.0));
        out
    }
}

/// What is kept of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedEntry {
    /// Its place in the stream.
    pub(crate) place: u64,
    pub(crate) fact: EntryFact,
}

impl IndexedEntry {
    fn decode(value: &[u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        let place = u64::from_be_bytes(r.array().ok()?);
        let admitted = r.u8().ok()? == 1;
        let hash = Hash(r.array().ok()?);
        let record = match r.u8().ok()? {
            0 => None,
            _ => Some(RecordId::from_bytes(r.array().ok()?)),
        };
        Some(Self {
            place,
            fact: EntryFact {
                hash,
                record,
                admitted,
            },
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.place.to_be_bytes().to_vec();
        out.push(u8::from(self.fact.admitted));
        out.extend_from_slice(&self.fact.hash.0);
        out.push(u8::from(self.fact.record.is_some()));
        out.extend(self.fact.record.iter().flat_map(RecordId::bytes));
        out
    }
}

/// Derives the facts of each item.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FactIndexer;

impl Indexer for FactIndexer {
    fn version(&self) -> u32 {
        VERSION
    }

    fn pairs(
        &self,
        stream: &StreamName,
        item: &Item,
        read: &dyn IndexRead,
    ) -> Result<Vec<Pair>, LogError> {
        let name = stream.as_bytes();
        let Some(of) = std::str::from_utf8(name).ok().and_then(StreamId::parse) else {
            // The directory and the quarantine have facts of their own.
            return Ok(Vec::new());
        };
        let Ok(stored) = StoredItem::decode(&item.bytes) else {
            return Ok(Vec::new());
        };
        let id = stored.id;
        let admitted = stored.verdict.is_admitted();
        let mut pairs = Vec::with_capacity(4);
        let key = entry_key(name, &id);
        // The first of a name is the one; a log from before may hold another.
        let is_other = read
            .get(&key)?
            .and_then(|value| IndexedEntry::decode(&value))
            .is_some_and(|known| known.place < item.seq);
        if !is_other {
            let entry = IndexedEntry {
                place: item.seq,
                fact: EntryFact {
                    hash: stored.entry_hash,
                    record: stored.record,
                    admitted,
                },
            };
            pairs.push((key, entry.encode()));
        }
        let key = head_key(name, id.incarnation);
        let before = read.get(&key)?.and_then(|value| Head::decode(&value));
        let seq = before.map_or(0, |head| head.seq);
        if id.seq > seq {
            let link = match before {
                None if id.seq == 1 => Some(Hash::default()),
                Some(head) if id.seq == head.seq + 1 => head.link,
                _ => None,
            };
            let head = Head {
                seq: id.seq,
                link: link.map(|link| next_link(&link, &stored.entry_hash)),
            };
            pairs.push((key, head.encode()));
        }
        if before.is_none() {
            let key = named(OWNER, &id.incarnation.bytes());
            pairs.push((key, stored.author.device.bytes().to_vec()));
        }
        let is_new = matches!(
            stored.header.as_ref().map(|h| &h.target),
            Some(Target::New { .. })
        );
        if let (Some(record), Some(form)) = (stored.record, &stored.form)
            && admitted
            && is_new
        {
            let mut value = Vec::new();
            put_str(&mut value, of.grid.as_str());
            put_str(&mut value, form.as_str());
            pairs.push((named(RECORD, &record.bytes()), value));
        }
        Ok(pairs)
    }
}

fn unreadable() -> LogError {
    LogError::Storage {
        what: "a fact of the log's index does not decode; the next start makes the index again"
            .into(),
    }
}

/// The facts of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FactIndex<'a>(pub(crate) &'a dyn Log);

impl FactIndex<'_> {
    /// What is known of an entry, and its place.
    pub(crate) fn entry(
        &self,
        stream: &StreamId,
        id: &EntryRef,
    ) -> Result<Option<IndexedEntry>, LogError> {
        let value = self.0.indexed(&entry_key(stream.name().as_bytes(), id))?;
        value
            .map(|value| IndexedEntry::decode(&value).ok_or_else(unreadable))
            .transpose()
    }

    /// The head of a device log.
    pub(crate) fn log_head(
        &self,
        stream: &StreamId,
        incarnation: IncarnationId,
    ) -> Result<LogHead, LogError> {
        let key = head_key(stream.name().as_bytes(), incarnation);
        let Some(value) = self.0.indexed(&key)? else {
            return Ok(LogHead::default());
        };
        let head = Head::decode(&value).ok_or_else(unreadable)?;
        let link = match head.link {
            Some(link) => link,
            None => self.link_by_walking(stream, incarnation, head.seq)?,
        };
        Ok(LogHead {
            seq: head.seq,
            link,
        })
    }

    /// The link of a device log, entry by entry: when its items were damaged as the index was made
    /// again, and are healed by now.
    fn link_by_walking(
        &self,
        stream: &StreamId,
        incarnation: IncarnationId,
        upto: u64,
    ) -> Result<Hash, LogError> {
        let mut link = Hash::default();
        for seq in 1..=upto {
            let id = EntryRef { incarnation, seq };
            let Some(known) = self.entry(stream, &id)? else {
                return Err(LogError::Storage {
                    what: format!(
                        "entry {id} of stream {} is damaged; heal it first",
                        stream.name()
                    ),
                });
            };
            link = next_link(&link, &known.fact.hash);
        }
        Ok(link)
    }

    /// The device that wrote under an incarnation.
    pub(crate) fn owner(&self, incarnation: IncarnationId) -> Result<Option<DeviceId>, LogError> {
        let value = self.0.indexed(&named(OWNER, &incarnation.bytes()))?;
        value
            .map(|value| {
                let bytes = value.try_into().map_err(|_| unreadable())?;
                Ok(DeviceId::from_bytes(bytes))
            })
            .transpose()
    }

    /// Grid and form of a record that was admitted.
    pub(crate) fn record(
        &self,
        record: &RecordId,
    ) -> Result<Option<(AreaCode, FormCode)>, LogError> {
        let Some(value) = self.0.indexed(&named(RECORD, &record.bytes()))? else {
            return Ok(None);
        };
        let mut r = Reader::new(&value);
        let mut text = || r.str(MAX_NAME_BYTES).ok();
        let grid = text().and_then(|t| AreaCode::new(t).ok());
        let form = text().and_then(|t| FormCode::new(t).ok());
        match (grid, form) {
            (Some(grid), Some(form)) => Ok(Some((grid, form))),
            _ => Err(unreadable()),
        }
    }
}
