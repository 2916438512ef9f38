//! The one thread that writes. Jobs of all callers enter by a channel; those that wait are taken together, planned
//! against the ends of their streams, written as frames with one fsync, and answered when durable.
//! After a failed write or fsync nothing is written any more: what is on the disk is unknown until the next start.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
    thread::JoinHandle,
};

use super::{
    block::{BLOCK_BYTES, BLOCK_ITEMS, Blocks},
    files::WRITE_FAILED,
    fold::{Opening, index_item},
    frame::{Kind, Placing, encode},
    run::{Contents, Map, Place, Run},
    shared::{GroupKeys, Layer, Pending, Shared},
};
use crate::log::{
    codec::chain,
    error::{AppendError, AppendResult, LogError},
    store::Store as _,
    types::{
        AppendBatch, Appended, Hash32, Head, Item, MAX_ITEM_BYTES, NewItem, Placed, StreamName,
    },
};

/// A segment is closed once it has this many bytes.
pub(super) const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Jobs committed together at most.
const MAX_GROUP_JOBS: usize = 1024;

/// Answer to an append.
pub(super) type AppendReply = Result<Vec<AppendResult>, LogError>;

/// Something else that only the writing thread may do.
pub(super) type Task = Box<dyn FnOnce(&mut Writer) + Send>;

/// Work for the writing thread.
pub(super) enum Job {
    /// Append batches.
    Append(Vec<AppendBatch>, SyncSender<AppendReply>),
    Task(Task),
}

/// The segment that is written to.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) file: File,
    pub(super) segment_bytes: u64,
    /// What it holds so far.
    pub(super) contents: Contents,
    pub(super) next_frame: u32,
    pub(super) group: u32,
    pub(super) zstd: zstd::bulk::Compressor<'static>,
    /// Stores the run of the segment closed last.
    pub(super) closing: Option<JoinHandle<()>>,
}

/// Items of one stream that follow each other, and the prefix before them.
#[derive(Debug, Default)]
pub(super) struct Span {
    pub(super) before: Hash32,
    pub(super) items: Vec<Item>,
}

/// What is written together.
pub(super) type Group = Vec<(StreamName, Span)>;

/// Runs until every sender is gone.
pub(super) fn run(mut writer: Writer, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut appends = Vec::new();
        let mut waiting = Some(first);
        // A caller that is gone does not wait for its answer, so failed sends are no failure.
        while let Some(job) = waiting.take() {
            match job {
                Job::Append(batches, reply) => {
                    appends.push((batches, reply));
                    if appends.len() < MAX_GROUP_JOBS {
                        waiting = jobs.try_recv().ok();
                    }
                }
                Job::Task(task) => {
                    writer.append_group(std::mem::take(&mut appends));
                    task(&mut writer);
                }
            }
        }
        writer.append_group(appends);
    }
    writer.wait_for_closing();
}

impl Writer {
    fn append_group(&mut self, group: Vec<(Vec<AppendBatch>, SyncSender<AppendReply>)>) {
        if group.is_empty() {
            return;
        }
        let ready = self.check_running().and_then(|()| self.check_space());
        if let Err(e) = ready {
            for (_, reply) in group {
                let _ = reply.send(Err(e.clone()));
            }
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut plan = Plan::new(&shared);
        let mut planned = Vec::with_capacity(group.len());
        let mut failed = None;
        for (batches, reply) in group {
            let results: Result<Vec<AppendResult>, LogError> =
                batches.into_iter().map(|batch| plan.batch(batch)).collect();
            // What failed half planned takes the group with it: nothing of it is written.
            failed = failed.or_else(|| results.as_ref().err().cloned());
            planned.push((results, reply));
        }
        let Plan { items, pairs, .. } = plan;
        let group: Group = items.into_iter().collect();
        let committed = match failed {
            Some(e) => Err(e),
            None => self.write(Kind::Items, &group, pairs),
        };
        for (results, reply) in planned {
            let _ = reply.send(committed.clone().and(results));
        }
    }

    pub(super) fn check_running(&self) -> Result<(), LogError> {
        match &*self.shared.stopped.read() {
            Some(what) => Err(LogError::Stopped { what: what.clone() }),
            None => Ok(()),
        }
    }

    fn check_space(&self) -> Result<(), LogError> {
        let free_bytes = self.shared.store.free_bytes()?;
        let min_free_bytes = self.shared.min_free_bytes;
        if free_bytes < min_free_bytes {
            return Err(LogError::DiskFull {
                free_bytes,
                min_free_bytes,
            });
        }
        Ok(())
    }

    pub(super) fn placing(&self, nth: u32) -> Placing {
        Placing {
            home: self.shared.home(self.contents.segment),
            number: self.next_frame + nth,
            group: self.group + 1,
            nth,
            more: false,
        }
    }

    /// Writes items as frames with one fsync; on return they are durable and can be read.
    pub(super) fn write(&mut self, kind: Kind, group: &Group, pairs: Map) -> Result<(), LogError> {
        let (mut bytes, mut nth) = (Vec::new(), 0);
        let mut written: Vec<(StreamName, Head, Place)> = Vec::new();
        let mut blocks = Blocks::default();
        let base = self.contents.len;
        let segment = self.contents.segment;
        for (stream, span) in group {
            let mut before = span.before;
            for block in cut(&span.items) {
                let Some((first, last)) = block.first().zip(block.last()) else {
                    continue;
                };
                if blocks.is_full() {
                    let full = std::mem::take(&mut blocks);
                    let placing = Placing {
                        more: true,
                        ..self.placing(nth)
                    };
                    bytes.extend(encode(&placing, kind, full.table(), &full.body));
                    nth += 1;
                }
                let place = Place {
                    first: first.seq,
                    count: u32::try_from(block.len()).unwrap_or(u32::MAX),
                    segment,
                    // A segment is far under 4 GiB.
                    offset: (base + bytes.len() as u64) as u32,
                    block: blocks.entries.len() as u16,
                };
                blocks.push(&mut self.zstd, stream, before, block);
                before = last.prefix;
                let head = Head {
                    seq: last.seq,
                    prefix: last.prefix,
                };
                written.push((stream.clone(), head, place));
            }
        }
        if blocks.entries.is_empty() {
            return Ok(());
        }
        bytes.extend(encode(
            &self.placing(nth),
            kind,
            blocks.table(),
            &blocks.body,
        ));
        self.put(&bytes, nth + 1)?;
        let mut state = self.shared.state.write();
        for (stream, head, place) in written {
            if kind == Kind::Healed {
                for seq in place.first..place.first + u64::from(place.count) {
                    state.damage.remove(&(stream.clone(), seq));
                    state.healed.insert((stream.clone(), seq), place);
                }
                self.contents.healed.push((stream, place));
                continue;
            }
            let mine = state.streams.entry(stream.clone()).or_default();
            mine.head = head;
            mine.places.push(place);
            let (end, places) = self.contents.streams.entry(stream).or_default();
            *end = head;
            places.push(place);
        }
        state.active.extend(pairs);
        drop(state);
        if self.contents.len >= self.segment_bytes {
            self.close_segment()?;
        }
        Ok(())
    }

    /// Writes one frame that holds no items.
    pub(super) fn write_epoch(&mut self, epoch: u64) -> Result<(), LogError> {
        self.check_running()?;
        let placing = self.placing(0);
        let bytes = encode(&placing, Kind::Epoch, Vec::new(), &epoch.to_le_bytes());
        self.put(&bytes, 1)?;
        self.contents.epoch = epoch;
        self.shared.state.write().epoch = epoch;
        Ok(())
    }

    /// Puts bytes at the end of the segment and makes them durable.
    pub(super) fn put(&mut self, bytes: &[u8], frames: u32) -> Result<(), LogError> {
        let put = self
            .shared
            .files
            .write(&self.file, bytes, self.contents.len);
        if let Err((what, e)) = put {
            // A full disk takes nothing: what was begun is cut off again, and the log goes on.
            let undone = what == WRITE_FAILED
                && e.kind() == std::io::ErrorKind::StorageFull
                && self.file.set_len(self.contents.len).is_ok()
                && self.shared.files.sync(&self.file).is_ok();
            return Err(if undone {
                LogError::DiskFull {
                    free_bytes: self.shared.store.free_bytes().unwrap_or(0),
                    min_free_bytes: self.shared.min_free_bytes,
                }
            } else {
                self.stop(what, &e)
            });
        }
        self.contents.len += bytes.len() as u64;
        self.shared.state.write().bytes += bytes.len() as u64;
        self.next_frame += frames;
        self.group += 1;
        Ok(())
    }

    fn stop(&self, what: &str, e: &std::io::Error) -> LogError {
        let mut stopped = self.shared.stopped.write();
        let what = stopped.get_or_insert(format!("{what}: {e}")).clone();
        LogError::Stopped { what }
    }

    /// Begins the next segment; the pairs of this one are stored while appends go on.
    pub(super) fn close_segment(&mut self) -> Result<(), LogError> {
        self.wait_for_closing();
        let opening = Opening {
            epoch: self.contents.epoch,
            before_len: self.contents.len,
            heads: self
                .contents
                .streams
                .iter()
                .map(|(stream, (head, _))| (stream.clone(), *head))
                .collect(),
        };
        let segment = self.contents.segment + 1;
        let placing = Placing {
            home: self.shared.home(segment),
            number: 0,
            group: self.group + 1,
            nth: 0,
            more: false,
        };
        let bytes = encode(&placing, Kind::Opening, Vec::new(), &opening.encode());
        let file = match self.shared.files.create(segment, &bytes) {
            Ok(file) => file,
            // What was appended stands; the next append tries to begin the segment again.
            Err(e) if e.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(e) => return Err(self.stop("a segment could not be begun", &e)),
        };
        self.file = file;
        self.next_frame = 1;
        self.group += 1;
        let closed = std::mem::replace(
            &mut self.contents,
            Contents {
                segment,
                len: bytes.len() as u64,
                epoch: opening.epoch,
                ..Contents::default()
            },
        );
        let map = {
            let mut state = self.shared.state.write();
            state.bytes += bytes.len() as u64;
            let map = Arc::new(std::mem::take(&mut state.active));
            let layers = Arc::make_mut(&mut state.layers);
            layers.push((closed.segment, Layer::Memory(Arc::clone(&map))));
            map
        };
        let shared = Arc::clone(&self.shared);
        self.closing = std::thread::Builder::new()
            .name("log-index".into())
            .spawn(move || store_run(&shared, &closed, &map))
            .ok();
        Ok(())
    }

    pub(super) fn wait_for_closing(&mut self) {
        if let Some(closing) = self.closing.take() {
            // What it could not store is in memory, and made again by the next start.
            let _ = closing.join();
        }
    }
}

/// Stores the run of a closed segment; until then, and when it cannot be stored, memory serves it.
pub(super) fn store_run(shared: &Shared, contents: &Contents, map: &Map) {
    let _one = shared.mending.lock();
    let version = shared.indexer_version();
    match Run::write(&shared.store, shared.log, version, contents, map) {
        Ok(run) => shared.put_layer(contents.segment, Layer::Stored(Arc::new(run))),
        Err(error) => tracing::warn!(
            segment = contents.segment,
            %error,
            "the log's index over a segment could not be stored; the log goes on without"
        ),
    }
}

/// Cuts items into blocks.
fn cut(items: &[Item]) -> Vec<&[Item]> {
    let (mut out, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (n, item) in items.iter().enumerate() {
        let next = bytes + item.bytes.len() + 66;
        if n > start && (next > BLOCK_BYTES || n - start >= BLOCK_ITEMS) {
            out.extend(items.get(start..n));
            (start, bytes) = (n, 0);
        }
        bytes += item.bytes.len() + 66;
    }
    out.extend(items.get(start..));
    out
}

/// What a group will write.
struct Plan<'a> {
    shared: &'a Shared,
    heads: HashMap<StreamName, Head>,
    keys: GroupKeys,
    items: BTreeMap<StreamName, Span>,
    pairs: Map,
}

impl<'a> Plan<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            heads: HashMap::new(),
            keys: GroupKeys::new(),
            items: BTreeMap::new(),
            pairs: Map::new(),
        }
    }

    /// Plans one batch whole or not at all.
    fn batch(&mut self, batch: AppendBatch) -> Result<AppendResult, LogError> {
        let AppendBatch {
            stream,
            expect,
            items,
        } = batch;
        let before = self
            .heads
            .get(&stream)
            .copied()
            .unwrap_or_else(|| self.shared.state.read().head(&stream));
        if let Some(bytes) = items
            .iter()
            .map(|item| item.bytes.len())
            .find(|bytes| *bytes > MAX_ITEM_BYTES)
        {
            return Ok(Err(AppendError::TooLarge {
                bytes,
                max: MAX_ITEM_BYTES,
            }));
        }
        let mut placed = Vec::with_capacity(items.len());
        let mut fresh: Vec<NewItem> = Vec::new();
        let mut own: HashMap<Hash32, u64> = HashMap::new();
        for item in items {
            let known = match own
                .get(&item.key)
                .or_else(|| self.keys.get(&(stream.clone(), item.key)))
            {
                Some(seq) => Some(*seq),
                None => self.shared.find(&stream, &item.key)?,
            };
            let seq = known.unwrap_or(before.seq + fresh.len() as u64 + 1);
            placed.push(Placed {
                seq,
                new: known.is_none(),
            });
            if known.is_none() {
                own.insert(item.key, seq);
                fresh.push(item);
            }
        }
        if let Some(expected) = expect
            && expected != before.seq
            && (placed.is_empty() || !fresh.is_empty())
        {
            return Ok(Err(AppendError::Conflict {
                expected,
                head: before,
            }));
        }
        let mut head = before;
        for new in fresh {
            let prefix_before = head.prefix;
            head = Head {
                seq: head.seq + 1,
                prefix: chain(&head.prefix, &new.item_hash),
            };
            let item = Item {
                seq: head.seq,
                key: new.key,
                item_hash: new.item_hash,
                prefix: head.prefix,
                bytes: new.bytes,
            };
            self.add(&stream, prefix_before, item)?;
        }
        self.heads.insert(stream, head);
        Ok(Ok(Appended { placed, head }))
    }

    fn add(&mut self, stream: &StreamName, before: Hash32, item: Item) -> Result<(), LogError> {
        let mut own = Map::new();
        let under = Pending {
            map: &self.pairs,
            shared: self.shared,
        };
        index_item(
            &mut own,
            self.shared.indexer.as_deref(),
            &under,
            stream,
            &item,
        )?;
        self.pairs.append(&mut own);
        self.keys.insert((stream.clone(), item.key), item.seq);
        match self.items.get_mut(stream) {
            Some(span) => span.items.push(item),
            None => {
                let items = vec![item];
                self.items.insert(stream.clone(), Span { before, items });
            }
        }
        Ok(())
    }
}
