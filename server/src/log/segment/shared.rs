//! What readers and the committing thread share: where every block is, the index over it, what is damaged.
//! Reads of blocks and of the index enter here; a read that meets damage mends what it can and names the rest.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use lru::LruCache;
use parking_lot::{Mutex, ReentrantMutex, RwLock};

use super::{
    block::{decode, entries},
    files::Files,
    fold::{
        CHECKSUM, Ground, MISSING, Scanned, block_items, fold, indexer_key, key_pair, read_known,
    },
    frame::{Head as FrameHead, Home, frame_at},
    run::{Contents, Map, Place, Run, RunError, hash},
};
use crate::log::{
    error::LogError,
    indexer::{IndexRead, Indexer, Pair},
    store::Guarded,
    types::{Damage, Hash32, Head, Item, StreamName},
};

/// Bytes read first to have a frame's head.
const HEAD_READ_BYTES: u64 = 4096;
/// More than the largest frame has.
pub(super) const FRAME_READ_BYTES: u64 = 4 << 20;
/// Only blocks up to this are kept in memory.
const CACHED_BLOCK_BYTES: usize = 32 * 1024;

/// The pairs of one closed segment.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    /// Not in the engine, or not any more.
    Memory(Arc<Map>),
    Stored(Arc<Run>),
}

/// One stream: its end, and its blocks in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    pub(super) head: Head,
    pub(super) places: Vec<Place>,
}

/// All of it is durable.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) epoch: u64,
    pub(super) streams: BTreeMap<StreamName, Stream>,
    pub(super) damage: BTreeMap<(StreamName, u64), Damage>,
    pub(super) healed: BTreeMap<(StreamName, u64), Place>,
    /// Closed segments, oldest first.
    pub(super) layers: Arc<Vec<(u32, Layer)>>,
    /// Pairs of the segment that is written to.
    pub(super) active: Map,
    /// Bytes of all segments.
    pub(super) bytes: u64,
}

impl State {
    pub(super) fn head(&self, stream: &StreamName) -> Head {
        self.streams.get(stream).map_or(Head::default(), |s| s.head)
    }

    /// Takes in what a segment holds, its places, ends and damage.
    pub(super) fn take(&mut self, contents: &Contents) {
        for (stream, (head, places)) in &contents.streams {
            let mine = self.streams.entry(stream.clone()).or_default();
            mine.places.extend(places);
            if head.seq > mine.head.seq {
                mine.head = *head;
            }
        }
        for damage in &contents.damage {
            let at = (damage.stream.clone(), damage.seq);
            self.damage.entry(at).or_insert_with(|| damage.clone());
        }
        for (stream, place) in &contents.healed {
            for seq in place.first..place.first + u64::from(place.count) {
                self.damage.remove(&(stream.clone(), seq));
                self.healed.insert((stream.clone(), seq), *place);
            }
        }
        self.epoch = contents.epoch;
        self.bytes += contents.len;
    }

    /// What must be there before a segment and is not, by the word of that segment.
    pub(super) fn expect(&mut self, heads: &BTreeMap<StreamName, Head>) {
        for (stream, head) in heads {
            let known = self.head(stream);
            for seq in known.seq + 1..=head.seq {
                self.name(stream, seq, MISSING);
            }
            if head.seq > known.seq {
                self.streams.entry(stream.clone()).or_default().head = *head;
            }
        }
    }

    pub(super) fn name(&mut self, stream: &StreamName, seq: u64, reason: &str) {
        let at = (stream.clone(), seq);
        if self.healed.contains_key(&at) {
            return;
        }
        self.damage.entry(at).or_insert_with(|| Damage {
            stream: stream.clone(),
            seq,
            reason: reason.to_owned(),
        });
    }

    /// The block that has an item.
    pub(super) fn place(&self, stream: &StreamName, seq: u64) -> Option<Place> {
        if let Some(place) = self.healed.get(&(stream.clone(), seq)) {
            return Some(*place);
        }
        let places = &self.streams.get(stream)?.places;
        let after = places.partition_point(|place| place.first <= seq);
        let place = places.get(after.checked_sub(1)?)?;
        (seq < place.first + u64::from(place.count)).then_some(*place)
    }
}

/// A block in memory, or none of it.
type Cached = Arc<Vec<Item>>;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) log: [u8; 8],
    pub(super) files: Files,
    pub(super) store: Guarded,
    pub(super) min_free_bytes: u64,
    pub(super) indexer: Option<Arc<dyn Indexer>>,
    pub(super) state: RwLock<State>,
    /// The first failed write, after which there are no more.
    pub(super) stopped: RwLock<Option<String>>,
    pub(super) cache: Mutex<LruCache<(u32, u32, u16), Cached>>,
    /// One mends the index at a time; mending a run may find that an earlier one has to be mended first.
    pub(super) mending: ReentrantMutex<()>,
}

/// A failure of the file system under a read.
pub(super) fn unreadable(what: &str) -> impl Fn(std::io::Error) -> LogError + '_ {
    move |e| LogError::Storage {
        what: format!("{what}: {e}"),
    }
}

/// The index over the segments before one, for what is made again.
pub(super) struct Before<'a> {
    pub(super) shared: &'a Shared,
    pub(super) layers: &'a [(u32, Layer)],
}

impl IndexRead for Before<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        self.shared.in_layers(self.layers, &indexer_key(key))
    }
}

/// The index as it stands.
pub(super) struct Now<'a>(pub(super) &'a Shared);

impl IndexRead for Now<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        self.0.pair(&indexer_key(key))
    }
}

impl Shared {
    pub(super) fn home(&self, segment: u32) -> Home {
        Home {
            log: self.log,
            segment,
        }
    }

    pub(super) fn indexer_version(&self) -> Option<u32> {
        self.indexer.as_ref().map(|indexer| indexer.version())
    }

    /// The value of an index key.
    pub(super) fn pair(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        let layers = {
            let state = self.state.read();
            if let Some(value) = state.active.get(key) {
                return Ok(Some(value.clone()));
            }
            Arc::clone(&state.layers)
        };
        self.in_layers(&layers, key)
    }

    fn in_layers(&self, layers: &[(u32, Layer)], key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        let hash = hash(key);
        for (n, (segment, layer)) in layers.iter().enumerate().rev() {
            let found = match layer {
                Layer::Memory(map) => map.get(key).cloned(),
                Layer::Stored(run) => match run.get(&self.store, key, hash) {
                    Ok(found) => found,
                    Err(e) => self
                        .mended(layers.get(..n).unwrap_or_default(), *segment, &e)?
                        .get(key)
                        .cloned(),
                },
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Pairs with `from` ≤ key < `to`, the newest value of each.
    pub(super) fn pairs(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Result<Vec<Pair>, LogError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let of_map = |map: &Map| -> Vec<Pair> {
            let range = map.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
            let pair = |(k, v): (&Vec<u8>, &Vec<u8>)| (k.clone(), v.clone());
            if reverse {
                range.rev().take(max).map(pair).collect()
            } else {
                range.take(max).map(pair).collect()
            }
        };
        let (newest, layers) = {
            let state = self.state.read();
            (of_map(&state.active), Arc::clone(&state.layers))
        };
        let mut all = BTreeMap::new();
        for (n, (segment, layer)) in layers.iter().enumerate() {
            all.extend(match layer {
                Layer::Memory(map) => of_map(map),
                Layer::Stored(run) => match run.range(&self.store, from, to, reverse, max) {
                    Ok(found) => found,
                    Err(e) => {
                        of_map(&*self.mended(layers.get(..n).unwrap_or_default(), *segment, &e)?)
                    }
                },
            });
        }
        all.extend(newest);
        Ok(if reverse {
            all.into_iter().rev().take(max).collect()
        } else {
            all.into_iter().take(max).collect()
        })
    }

    /// The pairs of a segment whose run is damaged, made again from the segment and stored again.
    fn mended(
        &self,
        before: &[(u32, Layer)],
        segment: u32,
        found: &RunError,
    ) -> Result<Arc<Map>, LogError> {
        let _one = self.mending.lock();
        let now = Arc::clone(&self.state.read().layers);
        if let Some((_, Layer::Memory(map))) = now.iter().find(|(n, _)| *n == segment) {
            return Ok(Arc::clone(map));
        }
        tracing::warn!(segment, reason = %found, "the log's index over a segment is made again");
        let bytes = self
            .files
            .whole(segment)
            .map_err(unreadable("a segment of the log"))?;
        let folded = fold(
            &Scanned::of(&bytes, self.home(segment)),
            &Ground {
                segment,
                epoch: 0,
                before: &|_| None,
                indexer: self.indexer.as_deref(),
                under: &Before {
                    shared: self,
                    layers: before,
                },
            },
        )?;
        let map = Arc::new(folded.map);
        // It serves from memory; the next start, or a verification, stores it again.
        self.put_layer(segment, Layer::Memory(Arc::clone(&map)));
        Ok(map)
    }

    pub(super) fn put_layer(&self, segment: u32, layer: Layer) {
        let mut state = self.state.write();
        let layers = Arc::make_mut(&mut state.layers);
        match layers.iter_mut().find(|(n, _)| *n == segment) {
            Some((_, mine)) => *mine = layer,
            None => layers.push((segment, layer)),
        }
    }

    /// Where a key is, whether or not its item can be served.
    pub(super) fn find(&self, stream: &StreamName, key: &Hash32) -> Result<Option<u64>, LogError> {
        if self.state.read().head(stream).seq == 0 {
            return Ok(None);
        }
        let Some(value) = self.pair(&key_pair(stream, key))? else {
            return Ok(None);
        };
        read_known(&value)
            .map(|(seq, _)| Some(seq))
            .ok_or_else(|| LogError::Storage {
                what: format!(
                    "the key index of stream {stream} is damaged; the verify command writes it again"
                ),
            })
    }

    /// The items of a block; `None` when it is damaged beyond what its frame can mend.
    pub(super) fn block(
        &self,
        stream: &StreamName,
        place: Place,
    ) -> Result<Option<Cached>, LogError> {
        let at = (place.segment, place.offset, place.block);
        if let Some(items) = self.cache.lock().get(&at) {
            return Ok(Some(Arc::clone(items)));
        }
        let items = match self.read_block(stream, place) {
            Ok(Some(items)) => Some(items),
            Ok(None) => self.read_damaged(stream, place)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            // A bad sector: what the frame lost may be in its parity.
            Err(_) => self.read_damaged(stream, place)?,
        };
        let items = items.map(Arc::new);
        if let Some(items) = &items
            && items.iter().map(|i| i.bytes.len()).sum::<usize>() <= CACHED_BLOCK_BYTES
        {
            self.cache.lock().put(at, Arc::clone(items));
        }
        Ok(items)
    }

    /// The quick way: only the head and the shards with the block.
    fn read_block(&self, stream: &StreamName, place: Place) -> std::io::Result<Option<Vec<Item>>> {
        let offset = u64::from(place.offset);
        let mut bytes = self
            .files
            .read(place.segment, offset..offset + HEAD_READ_BYTES)?;
        if let Some(len) = FrameHead::len_at(&bytes)
            && len > bytes.len()
        {
            bytes = self
                .files
                .read(place.segment, offset..offset + len as u64)?;
        }
        let Some((head, false)) = FrameHead::parse(&bytes, self.home(place.segment)) else {
            return Ok(None);
        };
        let Some(entry) = entries(&head.table)
            .and_then(|all| all.into_iter().nth(usize::from(place.block)))
            .filter(|entry| entry.stream == *stream && entry.first == place.first)
        else {
            return Ok(None);
        };
        let range = entry.at..entry.at + entry.len;
        let span = head.span_of(&range);
        let read;
        let shards = match bytes.get(span.clone()) {
            Some(shards) => shards,
            None => {
                let span = offset + span.start as u64..offset + span.end as u64;
                read = self.files.read(place.segment, span)?;
                &read
            }
        };
        Ok(head
            .part(&range, shards)
            .and_then(|bytes| decode(&entry, bytes)))
    }

    /// The slow way: the whole frame with its parity. What can be mended is written back.
    fn read_damaged(
        &self,
        stream: &StreamName,
        place: Place,
    ) -> Result<Option<Vec<Item>>, LogError> {
        let offset = u64::from(place.offset);
        let span = offset..offset + FRAME_READ_BYTES;
        let Ok(bytes) = self.files.read(place.segment, span) else {
            return Ok(None);
        };
        let Some(frame) = frame_at(&bytes, self.home(place.segment)) else {
            return Ok(None);
        };
        let mends: Vec<(u64, Vec<u8>)> = frame
            .mends
            .iter()
            .map(|(at, bytes)| (offset + *at as u64, bytes.clone()))
            .collect();
        if !mends.is_empty() {
            let done = self.files.mend(place.segment, &mends);
            tracing::warn!(
                segment = place.segment,
                offset,
                written = done.is_ok(),
                "bytes of the log had changed on the disk and were mended from their parity"
            );
        }
        let entry = entries(&frame.head.table)
            .and_then(|all| all.into_iter().nth(usize::from(place.block)))
            .filter(|entry| entry.stream == *stream && entry.first == place.first);
        Ok(entry.and_then(|entry| block_items(&frame, &entry)))
    }

    /// One item that must be there.
    pub(super) fn item(&self, stream: &StreamName, seq: u64) -> Result<Item, LogError> {
        let damaged = || LogError::Damaged {
            stream: stream.clone(),
            seq,
        };
        let place = {
            let state = self.state.read();
            if state.damage.contains_key(&(stream.clone(), seq)) {
                return Err(damaged());
            }
            state.place(stream, seq)
        };
        let items = match place {
            Some(place) => self.block(stream, place)?.ok_or((place, CHECKSUM)),
            None => Err((
                Place {
                    first: seq,
                    count: 1,
                    segment: 0,
                    offset: 0,
                    block: 0,
                },
                MISSING,
            )),
        };
        match items {
            Ok(items) => items
                .iter()
                .find(|item| item.seq == seq)
                .cloned()
                .ok_or_else(damaged),
            Err((place, reason)) => {
                let mut state = self.state.write();
                for seq in place.first..place.first + u64::from(place.count) {
                    state.name(stream, seq, reason);
                }
                Err(damaged())
            }
        }
    }
}

/// Pairs of a group that is not durable yet, over the index.
pub(super) struct Pending<'a> {
    pub(super) map: &'a Map,
    pub(super) shared: &'a Shared,
}

impl IndexRead for Pending<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        match self.map.get(&indexer_key(key)) {
            Some(value) => Ok(Some(value.clone())),
            None => self.shared.pair(&indexer_key(key)),
        }
    }
}

/// Keys of a group by stream, so that a key is stored once in it.
pub(super) type GroupKeys = HashMap<(StreamName, Hash32), u64>;
