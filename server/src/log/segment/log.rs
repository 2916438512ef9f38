//! The log of segments behind the trait: reads go to the shared state and never past the durable end of a stream,
//! writes go to the one thread.

use std::{
    sync::{
        Arc,
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;

use super::{
    commit::{Job, Writer, run},
    fold::{CHECKSUM, MISSING, indexer_key, keys_of},
    shared::Shared,
};
use crate::log::{
    Log,
    codec::after_prefix,
    error::{AppendResult, LogError},
    indexer::Pair,
    store::Store as _,
    types::{
        AppendBatch, Damage, Digest, Hash32, Head, Item, NewItem, Space, StreamName, VerifyReport,
    },
};

/// Index entries read at a time.
const DIGEST_PAGE: usize = 4096;

/// The log of every engine that is on disk.
#[derive(Debug)]
pub(in crate::log) struct SegmentLog {
    pub(super) shared: Arc<Shared>,
    /// Healing and verifying exclude each other.
    pub(super) maintenance: Mutex<()>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl SegmentLog {
    /// Starts the writing thread.
    pub(super) fn start(writer: Writer) -> std::io::Result<Self> {
        let shared = Arc::clone(&writer.shared);
        let (jobs, queue) = channel();
        let writer = std::thread::Builder::new()
            .name("log-commit".into())
            .spawn(move || run(writer, &queue))?;
        Ok(Self {
            shared,
            maintenance: Mutex::new(()),
            jobs: Some(jobs),
            writer: Some(writer),
        })
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

    /// Does something on the writing thread.
    pub(super) fn alone<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Writer) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        self.submit(|reply| {
            Job::Task(Box::new(move |writer| {
                let _ = reply.send(task(writer));
            }))
        })
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to wait for.
            let _ = writer.join();
        }
    }
}

impl Shared {
    /// The prefix at a seq that is durable.
    pub(super) fn prefix_at(
        &self,
        stream: &StreamName,
        seq: u64,
    ) -> Result<Option<Hash32>, LogError> {
        let head = self.state.read().head(stream);
        if seq == 0 {
            return Ok(Some([0; 32]));
        }
        if seq == head.seq {
            return Ok(Some(head.prefix));
        }
        if seq > head.seq {
            return Ok(None);
        }
        Ok(Some(self.item(stream, seq)?.prefix))
    }

    fn damaged_in(&self, stream: &StreamName, from: u64, to: u64) -> Vec<u64> {
        let state = self.state.read();
        if state.damage.is_empty() {
            return Vec::new();
        }
        let range = (stream.clone(), from)..(stream.clone(), to);
        state
            .damage
            .range(range)
            .map(|((_, seq), _)| *seq)
            .collect()
    }

    /// Items after a seq up to the limits, until the first that is not served.
    fn page(
        &self,
        stream: &StreamName,
        after: u64,
        max_items: usize,
        max_bytes: usize,
    ) -> Result<Vec<Item>, LogError> {
        let mut out: Vec<Item> = Vec::new();
        let head = self.state.read().head(stream);
        let (mut next, mut bytes) = (after.saturating_add(1), 0);
        while next <= head.seq && out.len() < max_items {
            let place = {
                let state = self.state.read();
                if state.damage.contains_key(&(stream.clone(), next)) {
                    break;
                }
                state.place(stream, next)
            };
            let block = match place {
                Some(place) => {
                    self.block(stream, place)?
                        .ok_or((place.first, place.count, CHECKSUM))
                }
                None => Err((next, 1, MISSING)),
            };
            let block = match block {
                Ok(block) => block,
                Err((first, count, reason)) => {
                    let mut state = self.state.write();
                    for seq in first..first + u64::from(count) {
                        state.name(stream, seq, reason);
                    }
                    break;
                }
            };
            let before = next;
            let damaged = self.damaged_in(stream, before, before + block.len() as u64);
            for item in block.iter().skip_while(|item| item.seq < before) {
                if out.len() >= max_items
                    || (bytes + item.bytes.len() > max_bytes && !out.is_empty())
                {
                    return Ok(out);
                }
                if damaged.contains(&item.seq) {
                    break;
                }
                bytes += item.bytes.len();
                next = item.seq + 1;
                out.push(item.clone());
            }
            if next == before {
                self.state.write().name(stream, next, MISSING);
                break;
            }
        }
        Ok(out)
    }
}

impl Log for SegmentLog {
    fn epoch(&self) -> u64 {
        self.shared.state.read().epoch
    }

    fn set_epoch(&self, epoch: u64) -> Result<(), LogError> {
        self.alone(move |writer| writer.write_epoch(epoch))
    }

    fn append(&self, batches: Vec<AppendBatch>) -> Result<Vec<AppendResult>, LogError> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        self.submit(|reply| Job::Append(batches, reply))
    }

    fn head(&self, stream: &StreamName) -> Result<Head, LogError> {
        Ok(self.shared.state.read().head(stream))
    }

    fn prefix_at(&self, stream: &StreamName, seq: u64) -> Result<Option<Hash32>, LogError> {
        self.shared.prefix_at(stream, seq)
    }

    fn prefix_told(&self, stream: &StreamName, seq: u64) -> Result<Option<Hash32>, LogError> {
        Ok(self.shared.prefix_told(stream, seq))
    }

    fn append_lost(&self, stream: &StreamName, end: Head) -> Result<(), LogError> {
        let stream = stream.clone();
        self.alone(move |writer| writer.write_lost(&stream, end))
    }

    fn read(
        &self,
        stream: &StreamName,
        after: u64,
        max_items: usize,
        max_bytes: usize,
    ) -> Result<Vec<Item>, LogError> {
        let head = self.shared.state.read().head(stream);
        if after >= head.seq || max_items == 0 {
            return Ok(Vec::new());
        }
        let page = self.shared.page(stream, after, max_items, max_bytes)?;
        if page.is_empty() {
            return Err(LogError::Damaged {
                stream: stream.clone(),
                seq: after + 1,
            });
        }
        Ok(page)
    }

    fn get(&self, stream: &StreamName, seq: u64) -> Result<Option<Item>, LogError> {
        if seq == 0 || seq > self.shared.state.read().head(stream).seq {
            return Ok(None);
        }
        self.shared.item(stream, seq).map(Some)
    }

    fn find(&self, stream: &StreamName, key: &Hash32) -> Result<Option<u64>, LogError> {
        self.shared.find(stream, key)
    }

    fn indexed(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        self.shared.pair(&indexer_key(key))
    }

    fn indexed_range(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Result<Vec<Pair>, LogError> {
        let found = self
            .shared
            .pairs(&indexer_key(from), &indexer_key(to), reverse, max)?;
        Ok(found
            .into_iter()
            .map(|(key, value)| (key.get(1..).unwrap_or_default().to_vec(), value))
            .collect())
    }

    fn streams(&self) -> Result<Vec<(StreamName, Head)>, LogError> {
        let state = self.shared.state.read();
        Ok(state
            .streams
            .iter()
            .filter(|(_, stream)| stream.head.seq > 0)
            .map(|(name, stream)| (name.clone(), stream.head))
            .collect())
    }

    /// Reckoned from the key index: an item whose key the index does not know any more is not in the xor.
    fn digest(&self, stream: &StreamName) -> Result<Digest, LogError> {
        let mut digest = Digest {
            count: self.shared.state.read().head(stream).seq,
            xor: [0; 32],
        };
        let prefix = keys_of(stream);
        let (mut from, to) = (prefix.clone(), after_prefix(&prefix));
        loop {
            let page = self.shared.pairs(&from, &to, false, DIGEST_PAGE)?;
            for (key, _) in &page {
                let key = key.get(prefix.len()..).unwrap_or_default();
                digest.xor.iter_mut().zip(key).for_each(|(a, b)| *a ^= b);
            }
            match page.last() {
                Some((last, _)) if page.len() == DIGEST_PAGE => {
                    from.clone_from(last);
                    from.push(0);
                }
                _ => return Ok(digest),
            }
        }
    }

    fn damage(&self) -> Vec<Damage> {
        self.shared.state.read().damage.values().cloned().collect()
    }

    fn stopped(&self) -> Option<String> {
        self.shared.stopped.read().clone()
    }

    fn heal(&self, stream: &StreamName, first: u64, items: Vec<NewItem>) -> Result<u64, LogError> {
        let _alone = self.maintenance.lock();
        self.heal_run(stream, first, items)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<VerifyReport, LogError> {
        let _alone = self.maintenance.lock();
        self.verify_all(progress)
    }

    fn space(&self) -> Result<Space, LogError> {
        Ok(Space {
            used_bytes: self.shared.state.read().bytes + self.shared.store.used_bytes()?,
            free_bytes: self.shared.store.free_bytes()?,
            min_free_bytes: self.shared.min_free_bytes,
        })
    }
}
