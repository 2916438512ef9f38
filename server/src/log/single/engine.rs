//! The log over a store: reads go straight to it and never past the durable head, writes go to the one thread.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;

use super::{
    check::{
        CHAIN, CHECKSUM, Finding, Indexed, MISSING, clear_ops, find, index_op, indexed, item_at,
        item_ops, raw_items, set_aside_ops, walk,
    },
    commit::{Job, Shared, run},
    pairs::{Overlay, pair_ops, stored_pair, stored_range},
};
use crate::log::{
    Log,
    codec::{
        DAMAGE, EPOCH_KEY, INDEX, IndexEntry, after_prefix, chain, decode_item, seal, seq_key,
        stream_key,
    },
    error::{AppendResult, LogError},
    indexer::{Pair, checked},
    store::{Op, Store as _, StoreError},
    types::{
        AppendBatch, Damage, Digest, Hash32, Head, Item, NewItem, Space, StreamName, VerifyReport,
    },
};

/// The log of every embedded engine.
#[derive(Debug)]
pub(in crate::log) struct StoreLog {
    shared: Arc<Shared>,
    epoch: AtomicU64,
    /// Healing and verifying exclude each other.
    maintenance: Mutex<()>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl StoreLog {
    /// Starts the writing thread.
    pub(super) fn start(shared: Shared, epoch: u64) -> std::io::Result<Self> {
        let shared = Arc::new(shared);
        let (jobs, queue) = channel();
        let writer = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("log-commit".into())
                .spawn(move || run(&shared, &queue))?
        };
        Ok(Self {
            shared,
            epoch: AtomicU64::new(epoch),
            maintenance: Mutex::new(()),
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    /// What the key index knows of the prefix at a seq whose item is damaged.
    pub(in crate::log) fn prefix_of_damaged(
        &self,
        stream: &StreamName,
        seq: u64,
    ) -> Result<Option<Hash32>, LogError> {
        let from = stream_key(INDEX, stream);
        let mut found = None;
        self.shared
            .store
            .scan(&from, &after_prefix(&from), &mut |key, value| {
                found = IndexEntry::decode(key, value).filter(|entry| entry.seq == seq);
                found.is_none()
            })?;
        Ok(found.map(|entry| entry.prefix))
    }

    fn submit<T>(
        &self,
        job: impl FnOnce(SyncSender<Result<T, LogError>>) -> Job,
    ) -> Result<T, LogError> {
        let (reply, answer) = sync_channel(1);
        let gone = || LogError::Stopped {
            what: "the writing thread ended".into(),
        };
        self.jobs
            .as_ref()
            .ok_or_else(gone)?
            .send(job(reply))
            .map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    fn write(&self, ops: Vec<Op>) -> Result<(), LogError> {
        self.submit(|reply| Job::Ops(ops, reply))
    }

    /// Remembers that an item is not served; verifying moves it out of the way.
    fn note(&self, stream: &StreamName, seq: u64, reason: &str) -> LogError {
        let damage = Damage {
            stream: stream.clone(),
            seq,
            reason: reason.to_owned(),
        };
        self.shared
            .damage
            .write()
            .entry((stream.clone(), seq))
            .or_insert(damage);
        LogError::Damaged {
            stream: stream.clone(),
            seq,
        }
    }

    /// The item at a seq that must have one.
    fn must_get(&self, stream: &StreamName, seq: u64) -> Result<Item, LogError> {
        match item_at(&self.shared.store, stream, seq)? {
            Some(item) => Ok(item),
            None => Err(self.note(stream, seq, CHECKSUM)),
        }
    }

    /// Whether key index, chain and head all allow this item at this seq, and at least one of them demands it.
    fn proven(&self, stream: &StreamName, item: &Item, head: Head) -> Result<bool, LogError> {
        let store = &self.shared.store;
        let by_index = match indexed(store, stream, &item.key)? {
            Indexed::At(entry) if entry == IndexEntry::of(item) => Some(true),
            Indexed::At(_) => Some(false),
            Indexed::Absent | Indexed::Damaged => None,
        };
        let by_chain = if item.seq == head.seq {
            Some(item.prefix == head.prefix)
        } else {
            item_at(store, stream, item.seq + 1)?
                .map(|next| chain(&item.prefix, &next.item_hash) == next.prefix)
        };
        Ok(by_index != Some(false)
            && by_chain != Some(false)
            && (by_index, by_chain) != (None, None))
    }

    fn heal_one(&self, stream: &StreamName, seq: u64, item: NewItem) -> Result<bool, LogError> {
        let head = self.shared.head(stream).head;
        let not_proven = || LogError::NotProven {
            stream: stream.clone(),
            seq,
        };
        if seq == 0 || seq > head.seq {
            return Err(not_proven());
        }
        let store = &self.shared.store;
        let before = match seq {
            1 => [0; 32],
            _ => {
                item_at(store, stream, seq - 1)?
                    .ok_or_else(not_proven)?
                    .prefix
            }
        };
        let NewItem {
            key,
            item_hash,
            bytes,
        } = item;
        let item = Item {
            seq,
            key,
            item_hash,
            prefix: chain(&before, &item_hash),
            bytes,
        };
        if item_at(store, stream, seq)?.is_some_and(|stored| stored == item) {
            self.shared.damage.write().remove(&(stream.clone(), seq));
            return Ok(false);
        }
        // What is not known to be damaged is never written over.
        if !self
            .shared
            .damage
            .read()
            .contains_key(&(stream.clone(), seq))
            || !self.proven(stream, &item, head)?
        {
            return Err(not_proven());
        }
        let mut ops = clear_ops(store, stream, seq)?;
        let puts = item_ops(store, stream, &item);
        ops.retain(|op| !matches!(op, Op::Delete(key) if puts.iter().any(|p| matches!(p, Op::Put(k, _) if k == key))));
        ops.extend(puts);
        if let Some(indexer) = &self.shared.indexer {
            let read = Overlay {
                store,
                pending: &HashMap::new(),
            };
            ops.extend(pair_ops(&checked(indexer.pairs(stream, &item, &read)?)?));
        }
        self.write(ops)?;
        self.shared.damage.write().remove(&(stream.clone(), seq));
        Ok(true)
    }

    fn verify_stream(
        &self,
        stream: &StreamName,
        report: &mut VerifyReport,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), LogError> {
        let store = &self.shared.store;
        let state = self.shared.head(stream);
        let mut xor = [0; 32];
        let mut whole = true;
        let failed = |e: LogError| StoreError::new("what was found could not be written", e);
        walk(store, stream, 1, &state, &mut |finding| {
            match finding {
                Finding::Good(item) | Finding::Unindexed(item) => {
                    if matches!(finding, Finding::Unindexed(_)) {
                        self.write(vec![index_op(stream, item)]).map_err(failed)?;
                        report.index_repaired += 1;
                    }
                    for (sum, byte) in xor.iter_mut().zip(item.key) {
                        *sum ^= byte;
                    }
                    report.items += 1;
                    report.bytes += item.bytes.len() as u64;
                    self.shared
                        .damage
                        .write()
                        .remove(&(stream.clone(), item.seq));
                    progress(report.items);
                }
                Finding::Bad { seq, reason } => {
                    whole = false;
                    let damage = Damage {
                        stream: stream.clone(),
                        seq,
                        reason: reason.to_owned(),
                    };
                    if store.get(&seq_key(DAMAGE, stream, seq))?.is_none() {
                        self.write(set_aside_ops(store, &damage)?).map_err(failed)?;
                    }
                    let known = self
                        .shared
                        .damage
                        .write()
                        .entry((stream.clone(), seq))
                        .or_insert(damage)
                        .clone();
                    report.damage.push(known);
                }
            }
            Ok(())
        })?;
        if whole && xor != state.xor {
            report.digests_wrong.push(stream.clone());
        }
        report.streams += 1;
        Ok(())
    }
}

impl Drop for StoreLog {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to wait for.
            let _ = writer.join();
        }
    }
}

impl Log for StoreLog {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn set_epoch(&self, epoch: u64) -> Result<(), LogError> {
        self.write(vec![Op::Put(
            EPOCH_KEY.to_vec(),
            seal(EPOCH_KEY, &epoch.to_le_bytes()),
        )])?;
        self.epoch.store(epoch, Ordering::SeqCst);
        Ok(())
    }

    fn append(&self, batches: Vec<AppendBatch>) -> Result<Vec<AppendResult>, LogError> {
        self.submit(|reply| Job::Append(batches, reply))
    }

    fn head(&self, stream: &StreamName) -> Result<Head, LogError> {
        Ok(self.shared.head(stream).head)
    }

    fn prefix_at(&self, stream: &StreamName, seq: u64) -> Result<Option<Hash32>, LogError> {
        let head = self.shared.head(stream).head;
        if seq == 0 {
            return Ok(Some([0; 32]));
        }
        if seq == head.seq {
            return Ok(Some(head.prefix));
        }
        if seq > head.seq {
            return Ok(None);
        }
        Ok(Some(self.must_get(stream, seq)?.prefix))
    }

    fn read(
        &self,
        stream: &StreamName,
        after: u64,
        max_items: usize,
        max_bytes: usize,
    ) -> Result<Vec<Item>, LogError> {
        let head = self.shared.head(stream).head;
        let mut out: Vec<Item> = Vec::new();
        if after >= head.seq || max_items == 0 {
            return Ok(out);
        }
        let mut bytes = 0;
        let mut prev: Option<Hash32> = (after == 0).then_some([0; 32]);
        let page = raw_items(
            &self.shared.store,
            stream,
            after + 1,
            head.seq,
            max_items,
            max_bytes,
        )?;
        for (want, raw) in (after + 1..).zip(page) {
            let item = if raw.seq == want {
                decode_item(stream, want, &raw.value)
            } else {
                None
            };
            let reason = match &item {
                Some(item)
                    if prev.is_some_and(|prev| chain(&prev, &item.item_hash) != item.prefix) =>
                {
                    Some(CHAIN)
                }
                Some(_) => None,
                None if raw.seq == want => Some(CHECKSUM),
                None => Some(MISSING),
            };
            if let Some(reason) = reason {
                let error = self.note(stream, want, reason);
                return if out.is_empty() { Err(error) } else { Ok(out) };
            }
            let Some(item) = item else { break };
            bytes += item.bytes.len();
            if bytes > max_bytes && !out.is_empty() {
                break;
            }
            prev = Some(item.prefix);
            out.push(item);
        }
        if out.is_empty() {
            return Err(self.note(stream, after + 1, MISSING));
        }
        Ok(out)
    }

    fn get(&self, stream: &StreamName, seq: u64) -> Result<Option<Item>, LogError> {
        if seq == 0 || seq > self.shared.head(stream).head.seq {
            return Ok(None);
        }
        self.must_get(stream, seq).map(Some)
    }

    fn find(&self, stream: &StreamName, key: &Hash32) -> Result<Option<u64>, LogError> {
        let head = self.shared.head(stream).head.seq;
        find(&self.shared.store, stream, key, head)?.map_err(|_| LogError::Storage {
            what: format!(
                "the key index of stream {stream} is damaged; the verify command writes it again"
            ),
        })
    }

    fn indexed(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        stored_pair(&self.shared.store, key)
    }

    fn indexed_range(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Result<Vec<Pair>, LogError> {
        stored_range(&self.shared.store, from, to, reverse, max)
    }

    fn streams(&self) -> Result<Vec<(StreamName, Head)>, LogError> {
        Ok(self
            .shared
            .heads
            .read()
            .iter()
            .map(|(stream, state)| (stream.clone(), state.head))
            .collect())
    }

    fn digest(&self, stream: &StreamName) -> Result<Digest, LogError> {
        let state = self.shared.head(stream);
        Ok(Digest {
            count: state.head.seq,
            xor: state.xor,
        })
    }

    fn stopped(&self) -> Option<String> {
        self.shared.stopped.read().clone()
    }

    fn damage(&self) -> Vec<Damage> {
        self.shared.damage.read().values().cloned().collect()
    }

    fn heal(&self, stream: &StreamName, first: u64, items: Vec<NewItem>) -> Result<u64, LogError> {
        let _alone = self.maintenance.lock();
        let mut healed = 0;
        for (item, seq) in items.into_iter().zip(first..) {
            healed += u64::from(self.heal_one(stream, seq, item)?);
        }
        Ok(healed)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<VerifyReport, LogError> {
        let _alone = self.maintenance.lock();
        let mut report = VerifyReport::default();
        let streams: Vec<StreamName> = self.shared.heads.read().keys().cloned().collect();
        for stream in streams {
            self.verify_stream(&stream, &mut report, progress)?;
        }
        Ok(report)
    }

    fn space(&self) -> Result<Space, LogError> {
        Ok(Space {
            used_bytes: self.shared.store.used_bytes()?,
            free_bytes: self.shared.store.free_bytes()?,
            min_free_bytes: self.shared.min_free_bytes,
        })
    }
}
