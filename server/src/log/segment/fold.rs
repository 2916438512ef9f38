//! What a segment holds, folded from its bytes: where its blocks are, the ends of its streams, its pairs for the
//! index, and what of it is gone. Bytes and what lay before enter; nothing is written here.

use std::collections::BTreeMap;

use gridfold_sync_core::codec::{Reader, put_bytes, put_u64};

use super::{
    block::{BlockEntry, decode, entries},
    frame::{Frame, Home, Kind, Met, scan},
    run::{Contents, Map, Place},
};
use crate::log::{
    error::LogError,
    indexer::{IndexRead, Indexer, checked},
    types::{Damage, Hash32, Head, Item, MAX_STREAM_NAME_BYTES, StreamName},
};

pub(super) const CHECKSUM: &str = "the checksum does not match";
pub(super) const LOST: &str = "it was lost before the backup that was restored";
pub(super) const MISSING: &str = "the item is missing";
pub(super) const CHAIN: &str = "the prefix hash does not continue the chain";

/// First byte of the log's own pairs, a stream's keys; the indexer's begin with the other.
const KEYS: u8 = b'k';
const PAIRS: u8 = b'f';

/// The index key under which the seq of an item's key is.
pub(super) fn key_pair(stream: &StreamName, key: &Hash32) -> Vec<u8> {
    let mut out = keys_of(stream);
    out.extend_from_slice(key);
    out
}

/// What all index keys of a stream's keys begin with.
pub(super) fn keys_of(stream: &StreamName) -> Vec<u8> {
    let name = stream.as_bytes();
    let mut out = Vec::with_capacity(34 + name.len());
    out.push(KEYS);
    // A name has at most 80 bytes.
    out.push(name.len() as u8);
    out.extend_from_slice(name);
    out
}

/// The index key of a pair of the indexer.
pub(super) fn indexer_key(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + key.len());
    out.push(PAIRS);
    out.extend_from_slice(key);
    out
}

/// What the key index knows of an item: its seq, and enough of its prefix to prove an item given back.
pub(super) fn known_as(seq: u64, prefix: &Hash32) -> Vec<u8> {
    let mut out = Vec::with_capacity(14);
    put_u64(&mut out, seq);
    out.extend_from_slice(prefix.get(..8).unwrap_or_default());
    out
}

/// Seq and the first bytes of the prefix.
pub(super) fn read_known(value: &[u8]) -> Option<(u64, [u8; 8])> {
    let mut r = Reader::new(value);
    let known = (r.u64().ok()?, r.array().ok()?);
    r.finish().ok()?;
    Some(known)
}

/// Pairs being made over an index.
struct Over<'a> {
    map: &'a Map,
    under: &'a dyn IndexRead,
}

impl IndexRead for Over<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        match self.map.get(&indexer_key(key)) {
            Some(value) => Ok(Some(value.clone())),
            None => self.under.get(key),
        }
    }
}

/// Adds the pairs of an item.
pub(super) fn index_item(
    map: &mut Map,
    indexer: Option<&dyn Indexer>,
    under: &dyn IndexRead,
    stream: &StreamName,
    item: &Item,
) -> Result<(), LogError> {
    map.insert(
        key_pair(stream, &item.key),
        known_as(item.seq, &item.prefix),
    );
    if let Some(indexer) = indexer {
        let pairs = checked(indexer.pairs(stream, item, &Over { map, under })?)?;
        map.extend(
            pairs
                .into_iter()
                .map(|(key, value)| (indexer_key(&key), value)),
        );
    }
    Ok(())
}

/// What the first frame of a segment says of all before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) epoch: u64,
    /// Bytes of the segment before, 0 for the first.
    pub(super) before_len: u64,
    /// Ends of the streams that the segment before goes on with.
    pub(super) heads: BTreeMap<StreamName, Head>,
}

impl Opening {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.epoch.to_le_bytes().to_vec();
        put_u64(&mut out, self.before_len);
        put_u64(&mut out, self.heads.len() as u64);
        for (stream, head) in &self.heads {
            put_bytes(&mut out, stream.as_bytes());
            put_u64(&mut out, head.seq);
            out.extend_from_slice(&head.prefix);
        }
        out
    }

    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let mut r = Reader::new(body);
        let mut opening = Self {
            epoch: u64::from_le_bytes(r.array().ok()?),
            before_len: r.u64().ok()?,
            heads: BTreeMap::new(),
        };
        for _ in 0..r.count(body.len(), "heads").ok()? {
            let stream = StreamName::new(r.bytes(MAX_STREAM_NAME_BYTES).ok()?).ok()?;
            let (seq, prefix) = (r.u64().ok()?, r.array().ok()?);
            opening.heads.insert(stream, Head { seq, prefix });
        }
        r.finish().ok()?;
        Some(opening)
    }
}

/// The bytes of one segment, cut into what was met in them.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) met: Vec<Met>,
    /// Where the last frame that is kept ends.
    pub(super) end: usize,
    /// Number of the next frame, and of the last group.
    pub(super) next_frame: u32,
    pub(super) group: u32,
}

impl Scanned {
    pub(super) fn of(bytes: &[u8], home: Home) -> Self {
        let mut scanned = Self::default();
        scanned.end = scan(bytes, home, &mut |met| scanned.met.push(met));
        scanned.count();
        scanned
    }

    fn count(&mut self) {
        let last = self
            .frames()
            .last()
            .map(|(_, f)| (f.head.number, f.head.group));
        (self.next_frame, self.group) = last.map_or((0, 0), |(n, group)| (n + 1, group));
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = (usize, &Frame)> {
        self.met.iter().filter_map(|met| match met {
            Met::Frame(at, frame) => Some((*at, frame)),
            Met::Lost(_) => None,
        })
    }

    /// Cuts off the last group commit when it was not written whole and nobody was told that it was durable.
    /// Only the last can be torn: each group is fsynced before the next is begun.
    /// Returns the first seq of each stream that was cut.
    pub(super) fn cut_torn(
        &mut self,
        acknowledged: &BTreeMap<StreamName, Head>,
    ) -> Vec<(StreamName, u64)> {
        let group = self.group;
        let is_last = |met: &Met| matches!(met, Met::Frame(_, f) if f.head.group == group);
        let Some(first) = self.met.iter().position(is_last) else {
            return Vec::new();
        };
        let tail = self.met.get(first..).unwrap_or_default();
        // What is lost right before it is of this group when the group does not begin with its first frame.
        let begins = |met: &Met| matches!(met, Met::Frame(_, f) if f.head.nth == 0);
        let broken = !tail.first().is_some_and(begins)
            || tail.iter().any(|met| match met {
                Met::Frame(_, frame) => !frame.lost.is_empty(),
                Met::Lost(_) => true,
            });
        // A group of several frames of which the last are not there at all.
        let last = tail.iter().rev().find_map(|met| match met {
            Met::Frame(_, frame) => Some(frame.head.more),
            Met::Lost(_) => None,
        });
        let broken = broken || last == Some(true);
        let told = tail.iter().any(|met| match met {
            Met::Frame(_, frame) => entries(&frame.head.table).is_some_and(|blocks| {
                blocks.iter().any(|b| {
                    acknowledged
                        .get(&b.stream)
                        .is_some_and(|head| head.seq >= b.first)
                })
            }),
            Met::Lost(_) => false,
        });
        // The first group opens the segment: it is durable before anything else is written.
        if !broken || told || first == 0 {
            return Vec::new();
        }
        let mut cut = BTreeMap::new();
        for met in tail {
            if let Met::Frame(_, frame) = met {
                for block in entries(&frame.head.table).unwrap_or_default() {
                    cut.entry(block.stream).or_insert(block.first);
                }
            }
        }
        let lost_before = first.checked_sub(1).and_then(|n| self.met.get(n));
        match (self.met.get(first), lost_before) {
            (Some(Met::Frame(_, frame)), Some(Met::Lost(range))) if frame.head.nth > 0 => {
                self.end = range.start;
                self.met.truncate(first - 1);
            }
            (Some(Met::Frame(at, _)), _) => {
                self.end = *at;
                self.met.truncate(first);
            }
            _ => {}
        }
        self.count();
        cut.into_iter().collect()
    }
}

/// A folded segment.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) contents: Contents,
    pub(super) map: Map,
    /// What to write at which offset to make the file right again.
    pub(super) mends: Vec<(u64, Vec<u8>)>,
    /// What of the file is gone with nobody knowing what it held.
    pub(super) lost_bytes: u64,
    /// Good items and their bytes.
    pub(super) items: u64,
    pub(super) bytes: u64,
}

/// What a fold goes on from.
pub(super) struct Ground<'a> {
    pub(super) segment: u32,
    pub(super) epoch: u64,
    /// The end of a stream before this segment; none when it is not known and nothing is to be said about gaps.
    pub(super) before: &'a dyn Fn(&StreamName) -> Option<Head>,
    pub(super) indexer: Option<&'a dyn Indexer>,
    /// The index over all segments before.
    pub(super) under: &'a dyn IndexRead,
}

/// Folds what was met.
pub(super) fn fold(scanned: &Scanned, ground: &Ground<'_>) -> Result<Folded, LogError> {
    let mut folded = Folded::default();
    folded.contents.segment = ground.segment;
    folded.contents.len = scanned.end as u64;
    folded.contents.epoch = ground.epoch;
    for met in &scanned.met {
        let (at, frame) = match met {
            Met::Lost(range) => {
                folded.lost_bytes += range.len() as u64;
                continue;
            }
            Met::Frame(at, frame) => (*at, frame),
        };
        let mends = frame.mends.iter();
        folded
            .mends
            .extend(mends.map(|(from, bytes)| ((at + from) as u64, bytes.clone())));
        let whole = frame.lost.is_empty();
        match frame.head.kind {
            Kind::Opening if whole => {
                if let Some(opening) = Opening::decode(&frame.body) {
                    folded.contents.epoch = opening.epoch;
                }
            }
            Kind::Epoch if whole => {
                if let Some(epoch) = frame.body.first_chunk() {
                    folded.contents.epoch = u64::from_le_bytes(*epoch);
                }
            }
            Kind::Opening | Kind::Epoch => folded.lost_bytes += frame.body.len() as u64,
            Kind::Items | Kind::Healed => blocks(&mut folded, ground, at, frame)?,
        }
    }
    Ok(folded)
}

/// The items of a block of a frame in memory.
pub(super) fn block_items(frame: &Frame, entry: &BlockEntry) -> Option<Vec<Item>> {
    let range = entry.at..entry.at + entry.len;
    let hit = frame
        .lost
        .iter()
        .any(|lost| lost.start < range.end && range.start < lost.end);
    if hit {
        return None;
    }
    decode(entry, frame.body.get(range)?)
}

fn blocks(
    folded: &mut Folded,
    ground: &Ground<'_>,
    at: usize,
    frame: &Frame,
) -> Result<(), LogError> {
    let Some(table) = entries(&frame.head.table) else {
        folded.lost_bytes += frame.body.len() as u64;
        return Ok(());
    };
    for (entry, n) in table.iter().zip(0_u16..) {
        let place = Place {
            first: entry.first,
            count: u32::try_from(entry.count).unwrap_or(u32::MAX),
            segment: ground.segment,
            // A segment is far under 4 GiB.
            offset: at as u32,
            block: n,
        };
        let items = block_items(frame, entry);
        if let Some(items) = &items {
            for item in items {
                index_item(
                    &mut folded.map,
                    ground.indexer,
                    ground.under,
                    &entry.stream,
                    item,
                )?;
                folded.items += 1;
                folded.bytes += item.bytes.len() as u64;
            }
        }
        if frame.head.kind == Kind::Healed {
            if items.is_some() {
                let healed = (entry.stream.clone(), place);
                folded.contents.healed.push(healed);
            }
            continue;
        }
        follow(folded, ground, entry, place, items.is_some());
    }
    Ok(())
}

/// Puts a block behind what its stream has, and names what is missing between or in it.
fn follow(
    folded: &mut Folded,
    ground: &Ground<'_>,
    entry: &BlockEntry,
    place: Place,
    is_whole: bool,
) {
    let damage = &mut folded.contents.damage;
    let mut name = |seq: u64, reason: &str| {
        damage.push(Damage {
            stream: entry.stream.clone(),
            seq,
            reason: reason.to_owned(),
        });
    };
    let known = match folded.contents.streams.get(&entry.stream) {
        Some((head, _)) => Some(*head),
        None => (ground.before)(&entry.stream),
    };
    if let Some(head) = known {
        if entry.first <= head.seq {
            // Nothing writes a seq twice; what lies there already stands.
            return;
        }
        for seq in head.seq + 1..entry.first {
            name(seq, MISSING);
        }
        if entry.first == head.seq + 1 && entry.before != head.prefix {
            name(entry.first, CHAIN);
        }
    }
    if !is_whole {
        let reason = if entry.is_lost() { LOST } else { CHECKSUM };
        for seq in entry.first..=entry.last() {
            name(seq, reason);
        }
    }
    let (head, places) = folded
        .contents
        .streams
        .entry(entry.stream.clone())
        .or_default();
    *head = Head {
        seq: entry.last(),
        prefix: entry.end,
    };
    places.push(place);
}
