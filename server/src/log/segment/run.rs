//! The index over one segment: its pairs in order, cut into chunks that the engine stores, and a root that knows
//! how many chunks there are, where each begins and what its checksum is. So an engine that lost or changed
//! anything is caught by the read that would have met it, and what is absent is absent for sure.
//! A run is never the truth: it is made again from its segment.

use std::collections::BTreeMap;

use gridfold_sync_core::codec::{Reader, put_bytes, put_u64};

use crate::log::{
    codec::{after_prefix, seal, unseal},
    indexer::Pair,
    store::{Op, Store, StoreError},
    types::{Damage, Head, MAX_STREAM_NAME_BYTES, StreamName},
};

/// Bytes of pairs in one chunk: with its key it fits a value of every engine.
const CHUNK_BYTES: usize = 3 * 1024;
const CHUNK: u8 = b'c';
const ROOT: u8 = b'r';
const ROOT_VERSION: u64 = 1;
/// Bits of the filter for each pair, and how many of them a key sets.
const FILTER_BITS: usize = 10;
const FILTER_HASHES: u64 = 6;
/// Pairs of one segment in order.
pub(super) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Where a block is: in which segment, in which frame, as which of its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Seq of its first item, and how many follow it with it.
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) segment: u32,
    pub(super) offset: u32,
    pub(super) block: u16,
}

/// What a scan of a segment found: enough to serve it without scanning it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) segment: u32,
    /// Bytes of its file when it was closed.
    pub(super) len: u64,
    /// Epoch at its end.
    pub(super) epoch: u64,
    /// Streams that it goes on with: their end, and their blocks.
    pub(super) streams: BTreeMap<StreamName, (Head, Vec<Place>)>,
    /// Items of it that are not served.
    pub(super) damage: Vec<Damage>,
    /// Items given back that it holds.
    pub(super) healed: Vec<(StreamName, Place)>,
}

/// A run in the engine.
#[derive(Debug)]
pub(super) struct Run {
    segment: u32,
    /// The first key of each chunk, as far as it differs from what lies before, and its checksum.
    chunks: Vec<(Box<[u8]>, u32)>,
    filter: Vec<u64>,
}

/// A chunk is not what the root says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RunError {
    #[error("the index over a segment is damaged")]
    Damaged,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// FNV-1a with a mix at its end: the same on every machine and in every build.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key {
        h = (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    h ^= h >> 32;
    h = h.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h ^ (h >> 29)
}

fn bits(hash: u64, words: usize) -> impl Iterator<Item = (usize, u64)> {
    let step = hash.rotate_left(32) | 1;
    let all = (words as u64) * 64;
    (0..FILTER_HASHES).map(move |n| {
        let bit = hash.wrapping_add(n.wrapping_mul(step)) % all;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

fn chunk_key(segment: u32, n: usize) -> Vec<u8> {
    let mut key = vec![CHUNK];
    key.extend_from_slice(&segment.to_be_bytes());
    key.extend_from_slice(&(n as u32).to_be_bytes());
    key
}

fn root_prefix(segment: u32) -> Vec<u8> {
    let mut key = vec![ROOT];
    key.extend_from_slice(&segment.to_be_bytes());
    key
}

/// Shortest key that is after `last` and not after `first`.
fn fence(last: &[u8], first: &[u8]) -> Box<[u8]> {
    let shared = last.iter().zip(first).take_while(|(a, b)| a == b).count();
    first.get(..=shared).unwrap_or(first).into()
}

fn decode_chunk(bytes: &[u8]) -> Option<Vec<Pair>> {
    let mut r = Reader::new(bytes);
    let mut out: Vec<Pair> = Vec::new();
    while r.remaining() > 0 {
        let shared = usize::try_from(r.u64().ok()?).ok()?;
        let rest = r.bytes(bytes.len()).ok()?;
        let value = r.bytes(bytes.len()).ok()?.to_vec();
        let mut key = match out.last() {
            Some((last, _)) => last.get(..shared)?.to_vec(),
            None => Vec::new(),
        };
        key.extend_from_slice(rest);
        out.push((key, value));
    }
    Some(out)
}

/// Cuts pairs into chunks: the fence of each, and its bytes.
fn chunks_of(map: &Map) -> Vec<(Box<[u8]>, Vec<u8>)> {
    let mut chunks: Vec<(Box<[u8]>, Vec<u8>)> = Vec::new();
    let mut last: &[u8] = &[];
    for (key, value) in map {
        let fresh = chunks
            .last()
            .is_none_or(|(_, bytes)| bytes.len() + key.len() + value.len() > CHUNK_BYTES);
        if fresh {
            chunks.push((fence(last, key), Vec::with_capacity(CHUNK_BYTES)));
        }
        if let Some((_, bytes)) = chunks.last_mut() {
            let shared = if fresh {
                0
            } else {
                last.iter().zip(key).take_while(|(a, b)| a == b).count()
            };
            put_u64(bytes, shared as u64);
            put_bytes(bytes, key.get(shared..).unwrap_or_default());
            put_bytes(bytes, value);
        }
        last = key;
    }
    chunks
}

impl Run {
    /// Stores a run with its root. The root goes last and is durable on return.
    pub(super) fn write(
        store: &dyn Store,
        log: [u8; 8],
        indexer: Option<u32>,
        contents: &Contents,
        map: &Map,
    ) -> Result<Self, StoreError> {
        Self::remove(store, contents.segment)?;
        let words = (map.len() * FILTER_BITS).div_ceil(64).max(1);
        let mut filter = vec![0_u64; words];
        for key in map.keys() {
            for (word, bit) in bits(hash(key), words) {
                if let Some(word) = filter.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        let (mut chunks, mut ops, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (n, (first, chunk)) in chunks_of(map).into_iter().enumerate() {
            let key = chunk_key(contents.segment, n);
            chunks.push((first, crc32fast::hash(&chunk)));
            let op = Op::Put(key, chunk);
            bytes += op.size();
            ops.push(op);
            if bytes > store.max_commit_bytes() {
                store.commit_softly(std::mem::take(&mut ops))?;
                bytes = 0;
            }
        }
        store.commit_softly(ops)?;
        let run = Self {
            segment: contents.segment,
            chunks,
            filter,
        };
        let root = run.root(log, indexer, contents);
        let prefix = root_prefix(contents.segment);
        let sealed = seal(&prefix, &root);
        let mut parts: Vec<Op> = sealed
            .chunks(store.max_value_bytes().min(sealed.len().max(1)))
            .zip(0_u32..)
            .map(|(part, n)| {
                let key = [&prefix[..], &n.to_be_bytes()].concat();
                Op::Put(key, part.to_vec())
            })
            .collect();
        let tail = parts.split_off(parts.len().saturating_sub(1));
        let (mut ops, mut bytes) = (Vec::new(), 0);
        for op in parts {
            bytes += op.size();
            ops.push(op);
            if bytes > store.max_commit_bytes() {
                store.commit_softly(std::mem::take(&mut ops))?;
                bytes = 0;
            }
        }
        ops.extend(tail);
        store.commit(ops)?;
        Ok(run)
    }

    /// Takes a run out of the engine.
    pub(super) fn remove(store: &dyn Store, segment: u32) -> Result<(), StoreError> {
        let mut first = [CHUNK].to_vec();
        first.extend_from_slice(&segment.to_be_bytes());
        // The root first, so that it never stands without its chunks.
        for prefix in [root_prefix(segment), first] {
            loop {
                let (mut ops, mut bytes) = (Vec::new(), 0);
                store.scan(&prefix, &after_prefix(&prefix), &mut |key, _| {
                    ops.push(Op::Delete(key.to_vec()));
                    bytes += key.len();
                    bytes < store.max_commit_bytes()
                })?;
                if ops.is_empty() {
                    break;
                }
                store.commit_softly(ops)?;
            }
        }
        Ok(())
    }

    fn root(&self, log: [u8; 8], indexer: Option<u32>, contents: &Contents) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, ROOT_VERSION);
        out.extend_from_slice(&log);
        put_u64(
            &mut out,
            indexer.map_or(0, |version| u64::from(version) + 1),
        );
        put_u64(&mut out, contents.len);
        out.extend_from_slice(&contents.epoch.to_le_bytes());
        put_u64(&mut out, contents.streams.len() as u64);
        for (stream, (head, places)) in &contents.streams {
            put_bytes(&mut out, stream.as_bytes());
            put_u64(&mut out, head.seq);
            out.extend_from_slice(&head.prefix);
            put_u64(&mut out, places.len() as u64);
            places.iter().for_each(|place| put_place(&mut out, place));
        }
        put_u64(&mut out, contents.damage.len() as u64);
        for damage in &contents.damage {
            put_bytes(&mut out, damage.stream.as_bytes());
            put_u64(&mut out, damage.seq);
            put_bytes(&mut out, damage.reason.as_bytes());
        }
        put_u64(&mut out, contents.healed.len() as u64);
        for (stream, place) in &contents.healed {
            put_bytes(&mut out, stream.as_bytes());
            put_place(&mut out, place);
        }
        put_u64(&mut out, self.chunks.len() as u64);
        for (first, sum) in &self.chunks {
            put_bytes(&mut out, first);
            out.extend_from_slice(&sum.to_le_bytes());
        }
        put_u64(&mut out, self.filter.len() as u64);
        for word in &self.filter {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// The run over a segment of this length, when the engine has all of its root.
    pub(super) fn load(
        store: &dyn Store,
        log: [u8; 8],
        indexer: Option<u32>,
        segment: u32,
    ) -> Result<Option<(Self, Contents)>, StoreError> {
        let prefix = root_prefix(segment);
        let mut sealed = Vec::new();
        store.scan(&prefix, &after_prefix(&prefix), &mut |_, part| {
            sealed.extend_from_slice(part);
            true
        })?;
        Ok(unseal(&prefix, &sealed).and_then(|root| Self::parse(root, log, indexer, segment)))
    }

    fn parse(
        root: &[u8],
        log: [u8; 8],
        indexer: Option<u32>,
        segment: u32,
    ) -> Option<(Self, Contents)> {
        let max = root.len();
        let mut r = Reader::new(root);
        if r.u64().ok()? != ROOT_VERSION
            || r.array::<8>().ok()? != log
            || r.u64().ok()? != indexer.map_or(0, |version| u64::from(version) + 1)
        {
            return None;
        }
        let mut contents = Contents {
            segment,
            len: r.u64().ok()?,
            epoch: u64::from_le_bytes(r.array().ok()?),
            ..Contents::default()
        };
        for _ in 0..r.count(max, "streams").ok()? {
            let stream = StreamName::new(r.bytes(MAX_STREAM_NAME_BYTES).ok()?).ok()?;
            let head = Head {
                seq: r.u64().ok()?,
                prefix: r.array().ok()?,
            };
            let mut places = Vec::new();
            for _ in 0..r.count(max, "places").ok()? {
                places.push(read_place(&mut r)?);
            }
            contents.streams.insert(stream, (head, places));
        }
        for _ in 0..r.count(max, "damage").ok()? {
            contents.damage.push(Damage {
                stream: StreamName::new(r.bytes(MAX_STREAM_NAME_BYTES).ok()?).ok()?,
                seq: r.u64().ok()?,
                reason: r.str(max).ok()?.to_owned(),
            });
        }
        for _ in 0..r.count(max, "healed").ok()? {
            let stream = StreamName::new(r.bytes(MAX_STREAM_NAME_BYTES).ok()?).ok()?;
            contents.healed.push((stream, read_place(&mut r)?));
        }
        let mut chunks = Vec::new();
        for _ in 0..r.count(max, "chunks").ok()? {
            let first = r.bytes(max).ok()?.into();
            chunks.push((first, u32::from_le_bytes(r.array().ok()?)));
        }
        let mut filter = Vec::new();
        for _ in 0..r.count(max, "filter").ok()? {
            filter.push(u64::from_le_bytes(r.array().ok()?));
        }
        if filter.is_empty() {
            return None;
        }
        r.finish().ok()?;
        let run = Self {
            segment,
            chunks,
            filter,
        };
        Some((run, contents))
    }

    fn chunk(&self, store: &dyn Store, n: usize) -> Result<Vec<Pair>, RunError> {
        let (_, sum) = self.chunks.get(n).ok_or(RunError::Damaged)?;
        let bytes = store
            .get(&chunk_key(self.segment, n))?
            .filter(|bytes| crc32fast::hash(bytes) == *sum)
            .ok_or(RunError::Damaged)?;
        decode_chunk(&bytes).ok_or(RunError::Damaged)
    }

    /// The value of a key whose [`hash`] is given.
    pub(super) fn get(
        &self,
        store: &dyn Store,
        key: &[u8],
        hash: u64,
    ) -> Result<Option<Vec<u8>>, RunError> {
        let set = |(word, bit)| self.filter.get(word).is_some_and(|w: &u64| w & bit != 0);
        if !bits(hash, self.filter.len()).all(set) {
            return Ok(None);
        }
        let after = self.chunks.partition_point(|(first, _)| **first <= *key);
        let Some(n) = after.checked_sub(1) else {
            return Ok(None);
        };
        let pairs = self.chunk(store, n)?;
        Ok(pairs
            .binary_search_by(|(k, _)| k.as_slice().cmp(key))
            .ok()
            .and_then(|at| pairs.into_iter().nth(at))
            .map(|(_, value)| value))
    }

    /// Pairs with `from` ≤ key < `to`: the first `max` of them, or the last when `reverse`.
    pub(super) fn range(
        &self,
        store: &dyn Store,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Result<Vec<Pair>, RunError> {
        let start = self
            .chunks
            .partition_point(|(first, _)| **first <= *from)
            .saturating_sub(1);
        let end = self.chunks.partition_point(|(first, _)| **first < *to);
        let mut out = Vec::new();
        let order: &mut dyn Iterator<Item = usize> = if reverse {
            &mut (start..end).rev()
        } else {
            &mut (start..end)
        };
        for n in order {
            let mut pairs = self.chunk(store, n)?;
            pairs.retain(|(key, _)| key.as_slice() >= from && key.as_slice() < to);
            if reverse {
                pairs.reverse();
            }
            out.extend(pairs);
            if out.len() >= max {
                out.truncate(max);
                break;
            }
        }
        Ok(out)
    }

    /// Whether the engine holds exactly these pairs for this run.
    pub(super) fn agrees(&self, store: &dyn Store, map: &Map) -> Result<bool, StoreError> {
        let mut right = map.iter();
        for n in 0..self.chunks.len() {
            let pairs = match self.chunk(store, n) {
                Ok(pairs) => pairs,
                Err(RunError::Damaged) => return Ok(false),
                Err(RunError::Store(e)) => return Err(e),
            };
            for (key, value) in &pairs {
                if right.next() != Some((key, value)) {
                    return Ok(false);
                }
            }
        }
        Ok(right.next().is_none())
    }
}

fn put_place(out: &mut Vec<u8>, place: &Place) {
    for n in [
        place.first,
        u64::from(place.count),
        u64::from(place.segment),
        u64::from(place.offset),
        u64::from(place.block),
    ] {
        put_u64(out, n);
    }
}

fn read_place(r: &mut Reader<'_>) -> Option<Place> {
    Some(Place {
        first: r.u64().ok()?,
        count: r.u32().ok()?,
        segment: r.u32().ok()?,
        offset: r.u32().ok()?,
        block: u16::try_from(r.u64().ok()?).ok()?,
    })
}
