//! The one thread that writes. Jobs of all callers enter by a channel; those that wait are taken together,
//! planned against the pending heads, committed in pieces the engine takes, and answered when durable.
//! After a failed commit nothing is written any more: what is on the disk is unknown until the log is opened again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
};

use parking_lot::RwLock;

use super::{
    check::{find, head_op, item_ops},
    pairs::{Overlay, pair_ops},
};
use crate::log::{
    codec::{HeadState, chain},
    error::{AppendError, AppendResult, LogError},
    indexer::{Indexer, checked},
    store::{Guarded, Op, Store, StoreError},
    types::{
        AppendBatch, Appended, Damage, Hash32, Item, MAX_ITEM_BYTES, NewItem, Placed, StreamName,
    },
};

/// Jobs committed together at most.
const MAX_GROUP_JOBS: usize = 1024;

/// A head record with its key, at most.
const HEAD_BYTES: usize = 160;

/// What readers and the writer share: everything in it is durable.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Guarded,
    pub(super) min_free_bytes: u64,
    pub(super) indexer: Option<Arc<dyn Indexer>>,
    pub(super) heads: RwLock<BTreeMap<StreamName, HeadState>>,
    pub(super) damage: RwLock<BTreeMap<(StreamName, u64), Damage>>,
    /// The first failed write, after which there are no more.
    pub(super) stopped: RwLock<Option<String>>,
}

impl Shared {
    pub(super) fn head(&self, stream: &StreamName) -> HeadState {
        self.heads.read().get(stream).copied().unwrap_or_default()
    }

    fn check_running(&self) -> Result<(), LogError> {
        match &*self.stopped.read() {
            Some(what) => Err(LogError::Stopped { what: what.clone() }),
            None => Ok(()),
        }
    }

    fn commit(&self, ops: Vec<Op>) -> Result<(), LogError> {
        self.store.commit(ops).map_err(|e| {
            let what = self.stopped.write().get_or_insert(e.0).clone();
            LogError::Stopped { what }
        })
    }

    fn check_space(&self) -> Result<(), LogError> {
        let free_bytes = self.store.free_bytes()?;
        if free_bytes < self.min_free_bytes {
            return Err(LogError::DiskFull {
                free_bytes,
                min_free_bytes: self.min_free_bytes,
            });
        }
        Ok(())
    }
}

impl From<StoreError> for LogError {
    fn from(e: StoreError) -> Self {
        Self::Storage { what: e.0 }
    }
}

/// Answer to an append.
pub(super) type AppendReply = Result<Vec<AppendResult>, LogError>;

/// Work for the writing thread.
pub(super) enum Job {
    /// Append batches.
    Append(Vec<AppendBatch>, SyncSender<AppendReply>),
    /// Commit these changes as they are (epoch, set-aside, heal, index repair).
    Ops(Vec<Op>, SyncSender<Result<(), LogError>>),
}

/// Runs until every sender is gone.
pub(super) fn run(shared: &Arc<Shared>, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut appends = Vec::new();
        let mut waiting = Some(first);
        let mut taken = 0;
        // A caller that is gone does not wait for its answer, so failed sends are no failure.
        while let Some(job) = waiting.take() {
            match job {
                Job::Append(batches, reply) => {
                    appends.push((batches, reply));
                    taken += 1;
                    if taken < MAX_GROUP_JOBS {
                        waiting = jobs.try_recv().ok();
                    }
                }
                Job::Ops(ops, reply) => {
                    append_group(shared, std::mem::take(&mut appends));
                    let _ = reply.send(shared.check_running().and_then(|()| shared.commit(ops)));
                }
            }
        }
        append_group(shared, appends);
    }
}

fn append_group(shared: &Shared, group: Vec<(Vec<AppendBatch>, SyncSender<AppendReply>)>) {
    if group.is_empty() {
        return;
    }
    if let Err(e) = shared.check_running().and_then(|()| shared.check_space()) {
        for (_, reply) in group {
            let _ = reply.send(Err(e.clone()));
        }
        return;
    }
    let mut plan = Plan::new(shared);
    let mut planned = Vec::with_capacity(group.len());
    let mut failed = None;
    for (batches, reply) in group {
        let results: Result<Vec<AppendResult>, LogError> =
            batches.into_iter().map(|batch| plan.batch(batch)).collect();
        // What failed half planned takes the group with it: nothing of it is written.
        failed = failed.or_else(|| results.as_ref().err().cloned());
        planned.push((results, reply));
    }
    let committed = match failed {
        Some(e) => Err(e),
        None => plan.commit(),
    };
    for (results, reply) in planned {
        let _ = reply.send(committed.clone().and(results));
    }
}

/// One atomic commit of a plan.
#[derive(Default)]
struct Piece {
    ops: Vec<Op>,
    bytes: usize,
    heads: BTreeMap<StreamName, HeadState>,
}

/// What a group will write.
struct Plan<'a> {
    shared: &'a Shared,
    heads: BTreeMap<StreamName, HeadState>,
    keys: HashMap<(StreamName, Hash32), u64>,
    pairs: HashMap<Vec<u8>, Vec<u8>>,
    pieces: Vec<Piece>,
}

impl<'a> Plan<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            heads: BTreeMap::new(),
            keys: HashMap::new(),
            pairs: HashMap::new(),
            pieces: Vec::new(),
        }
    }

    /// Plans one batch whole or not at all.
    fn batch(&mut self, batch: AppendBatch) -> Result<AppendResult, LogError> {
        let AppendBatch {
            stream,
            expect,
            items,
        } = batch;
        let mut state = self
            .heads
            .get(&stream)
            .copied()
            .unwrap_or_else(|| self.shared.head(&stream));
        let before = state.head;
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
            let known = match own.get(&item.key) {
                Some(seq) => Some(*seq),
                None => match self.known(&stream, &item.key, before.seq)? {
                    Ok(known) => known,
                    Err(e) => return Ok(Err(e)),
                },
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
        for NewItem {
            key,
            item_hash,
            bytes,
        } in fresh
        {
            let prefix = chain(&state.head.prefix, &item_hash);
            state.push(&key, prefix);
            let item = Item {
                seq: state.head.seq,
                key,
                item_hash,
                prefix,
                bytes,
            };
            self.put(&stream, state, item)?;
        }
        self.heads.insert(stream, state);
        Ok(Ok(Appended {
            placed,
            head: state.head,
        }))
    }

    /// Where a key is already, in the store or in this plan.
    fn known(
        &self,
        stream: &StreamName,
        key: &Hash32,
        head: u64,
    ) -> Result<Result<Option<u64>, AppendError>, StoreError> {
        if let Some(seq) = self.keys.get(&(stream.clone(), *key)) {
            return Ok(Ok(Some(*seq)));
        }
        if head == 0 {
            return Ok(Ok(None));
        }
        let found = find(&self.shared.store, stream, key, head)?;
        Ok(found.map_err(|_| AppendError::IndexDamaged {
            stream: stream.clone(),
        }))
    }

    fn put(&mut self, stream: &StreamName, state: HeadState, item: Item) -> Result<(), LogError> {
        let mut ops = item_ops(&self.shared.store, stream, &item);
        if let Some(indexer) = &self.shared.indexer {
            let read = Overlay {
                store: &self.shared.store,
                pending: &self.pairs,
            };
            let pairs = checked(indexer.pairs(stream, &item, &read)?)?;
            ops.extend(pair_ops(&pairs));
            self.pairs.extend(pairs);
        }
        let bytes: usize = ops.iter().map(Op::size).sum();
        let max = self.shared.store.max_commit_bytes();
        if self
            .pieces
            .last()
            .is_none_or(|piece| piece.bytes > 0 && piece.bytes + bytes > max)
        {
            self.pieces.push(Piece::default());
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.ops.extend(ops);
            let new_head = piece.heads.insert(stream.clone(), state).is_none();
            piece.bytes += bytes + if new_head { HEAD_BYTES } else { 0 };
        }
        self.keys.insert((stream.clone(), item.key), item.seq);
        Ok(())
    }

    /// Writes the pieces in order; readers see each as soon as it is durable.
    fn commit(self) -> Result<(), LogError> {
        for Piece { mut ops, heads, .. } in self.pieces {
            ops.extend(heads.iter().map(|(stream, head)| head_op(stream, head)));
            self.shared.commit(ops)?;
            self.shared.heads.write().extend(heads);
        }
        Ok(())
    }
}
