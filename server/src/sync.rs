//! Sync: one exchange with a phone. Push what is new, pull what is missing, in one round trip.

use std::sync::Arc;

use gridfold_sync_core::codec::DecodeError;
use gridfold_sync_core::directory::{Directory, DirectoryChange, ScopeDocument};
use gridfold_sync_core::entry::{Author, SignKey};
use gridfold_sync_core::ids::{DeviceId, Hash, RecordId, StreamId, UserId};
use gridfold_sync_core::session::server::{
    Found, Head, Opened, PrefixAt, Served, answer, stands_elsewhere,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SeenNews, SyncRequest};

use crate::admit::{PushOutcome, WriteError};
use crate::auth::DeviceReport;
use crate::directory::DirectoryError;
use crate::items::StoredItem;
use crate::keys::StoreError;
use crate::log::{Item, Log, LogError, StreamName};
use crate::node::Node;
use crate::views::ViewsError;

/// Why an exchange did not happen. Nothing of it counts, and it is safe to repeat.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The body does not decode.
    #[error("the body is not a sync request: {0}")]
    Malformed(#[from] DecodeError),
    /// The device is not in the directory.
    #[error("the device is not enrolled here")]
    UnknownDevice,
    /// Changes of the directory are missed: nothing is decided, and nothing ordered.
    #[error("the directory is damaged")]
    InDoubt,
    /// What was pushed was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The key store could not be read.
    #[error(transparent)]
    Keys(#[from] StoreError),
    /// The directory could not be changed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// One exchange: the body of the response and what it did, for metrics.
#[derive(Debug)]
pub struct Exchange {
    /// The body of the response.
    pub body: Vec<u8>,
    /// What became of the push.
    pub push: PushOutcome,
    /// Items sent.
    pub pulled: usize,
}

impl Node {
    /// Does one exchange for a device. Blocks until what was pushed is durable.
    ///
    /// # Errors
    /// [`SyncError`].
    pub fn sync(&self, author: Author, body: &[u8]) -> Result<Exchange, SyncError> {
        let request = SyncRequest::decode(body)?;
        if self.directory.is_in_doubt() {
            return Err(SyncError::InDoubt);
        }
        let key = self
            .device_key(author.device)
            .ok_or(SyncError::UnknownDevice)?;
        let epoch = self.log.epoch();
        let stands_elsewhere = stands_elsewhere(&request, epoch);
        let says_nothing = request.logs.is_empty() && request.recover.is_empty();
        let push = if says_nothing || stands_elsewhere {
            PushOutcome::default()
        } else {
            let (logs, runs) = (request.logs.clone(), request.recover.clone());
            match self.writer.push(author, key, logs, runs) {
                // The phone keeps what it pushed, and is told what to give back first.
                Err(error) if self.is_for_damage(&request, &error) => PushOutcome::default(),
                pushed => pushed?,
            }
        };
        let now = self.clock.now();
        if let Some(report) = &request.report {
            // Only now, since what was not taken still waits there.
            let entries = request.logs.iter().map(|log| log.entries.len() as u64);
            let not_taken = if stands_elsewhere { entries.sum() } else { 0 };
            let report = DeviceReport {
                pending: report.pending.saturating_add(not_taken),
                clock_skew_ms: now.millis().saturating_sub(report.clock.millis()),
                library: report.library.clone(),
            };
            // Edits do not wait for it: the next sync says the same again.
            if let Err(error) = self.auth.reports.note(author.device.0, report) {
                tracing::warn!(%error, "what a phone said of itself could not be noted");
            }
        }
        if !request.erased.is_empty() {
            let directory = self.directory.current();
            // A name costs the directory for good: only what the device can have held is one.
            let changes = request
                .erased
                .iter()
                .filter(|s| directory.stream_erased(author.device, &s.name()).is_none())
                .filter(|s| directory.may_have_held(author.user, s, now))
                .map(|s| DirectoryChange::StreamErased {
                    device: author.device,
                    stream: s.name(),
                    at: now,
                })
                .collect();
            self.directory.change(changes)?;
        }
        let serving = Serving {
            node: self,
            directory: self.directory.current(),
            epoch,
            now,
        };
        let response = answer(&serving, author, &request, push.problems.clone())?;
        let pulled = response.pages.iter().map(|p| p.items.len()).sum();
        Ok(Exchange {
            body: response.encode_signed(&request, body, author, &self.server_key),
            push,
            pulled,
        })
    }

    /// Whether a push was not decided on because items of its streams are damaged.
    fn is_for_damage(&self, request: &SyncRequest, error: &WriteError) -> bool {
        let of_the_log = matches!(
            error,
            WriteError::Log(LogError::Damaged { .. } | LogError::Storage { .. })
                | WriteError::Views(ViewsError::Log(
                    LogError::Damaged { .. } | LogError::Storage { .. }
                ))
        );
        of_the_log
            && self.log.damage().iter().any(|damage| {
                let pushed = request.logs.iter().map(|log| log.stream.name());
                pushed
                    .into_iter()
                    .any(|name| name.as_bytes() == damage.stream.as_bytes())
            })
    }
}

/// What the core asks to answer by, as of one moment.
struct Serving<'a> {
    node: &'a Node,
    directory: Arc<Directory>,
    epoch: u64,
    now: Timestamp,
}

impl Serving<'_> {
    /// An item as a device may have it. Never told as erased when it is its key that is damaged.
    fn found(&self, name: &StreamName, item: &Item, device: DeviceId) -> Opened<SyncError> {
        let keys = &self.node.keys;
        let stored = StoredItem::decode(&item.bytes)?;
        let sent = stored.for_device(keys, device)?;
        let is_bare = sent.entry.as_ref().is_some_and(|e| e.ops.is_none());
        let is_erased = stored.record.is_some_and(|r| self.directory.is_erased(&r));
        if is_bare && !is_erased && stored.is_lost(keys)? {
            tracing::error!(stream = %name, seq = item.seq, "the key of an item is damaged: the item is not served");
            return Ok(None);
        }
        Ok(Some(Found {
            item: sent,
            prefix: Hash(item.prefix),
            bytes: item.bytes.len(),
        }))
    }
}

impl Served for Serving<'_> {
    type Error = SyncError;

    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn directory(&self) -> &Directory {
        &self.directory
    }
    fn key(&self) -> &SignKey {
        &self.node.server_key
    }

    fn head(&self, stream: &StreamId) -> Result<Head, SyncError> {
        let head = self.node.log.head(&name(stream)?)?;
        Ok(Head {
            seq: head.seq,
            prefix: Hash(head.prefix),
        })
    }

    fn prefix_at(&self, stream: &StreamId, seq: u64) -> Result<PrefixAt, SyncError> {
        match self.node.log.prefix_at(&name(stream)?, seq) {
            Ok(Some(prefix)) => Ok(PrefixAt::Is(Hash(prefix))),
            Ok(None) => Ok(PrefixAt::Past),
            Err(LogError::Damaged { .. }) => Ok(PrefixAt::Damaged),
            Err(e) => Err(e.into()),
        }
    }

    fn read(
        &self,
        stream: &StreamId,
        after: u64,
        (max_items, max_bytes): (usize, usize),
        device: DeviceId,
    ) -> Result<Option<impl Iterator<Item = Opened<SyncError>>>, SyncError> {
        let name = name(stream)?;
        match self.node.log.read(&name, after, max_items, max_bytes) {
            Ok(read) => Ok(Some(
                read.into_iter()
                    .map(move |item| self.found(&name, &item, device)),
            )),
            Err(LogError::Damaged { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn streams(&self) -> Result<impl Iterator<Item = StreamId>, SyncError> {
        let held = self.node.log.streams()?;
        Ok(held.into_iter().filter_map(|(name, _)| stream(&name)))
    }

    fn damage(&self) -> impl Iterator<Item = (StreamId, u64)> {
        let damage = self.node.log.damage().into_iter();
        damage.filter_map(|damage| Some((stream(&damage.stream)?, damage.seq)))
    }

    fn has_key(&self, record: RecordId) -> Result<bool, SyncError> {
        Ok(self.node.keys.get(record.0)?.is_some())
    }

    fn directory_news(&self, user: UserId, held: [u8; 8]) -> Option<ScopeDocument> {
        let scopes = &self.node.scopes;
        scopes.news(&self.directory, user, self.now, held)
    }

    fn seen_news(&self, author: Author, known: Option<u64>) -> Result<Option<SeenNews>, SyncError> {
        let directory = &self.directory;
        Ok(self.node.seen_news(directory, author, self.now, known)?)
    }
}

/// The stream of records that a name of the log is of; none of the log's other streams.
fn stream(name: &StreamName) -> Option<StreamId> {
    StreamId::parse(std::str::from_utf8(name.as_bytes()).ok()?)
}

fn name(stream: &StreamId) -> Result<StreamName, SyncError> {
    StreamName::new(stream.name())
        .map_err(|_| SyncError::Malformed(DecodeError::OutOfRange("stream")))
}

/// Reads how far a log goes, for tests and tools: each stream with its place.
///
/// # Errors
/// When the log cannot be read.
pub fn heads(log: &dyn Log) -> Result<Vec<(String, u64)>, LogError> {
    let streams = log.streams()?;
    Ok(streams
        .into_iter()
        .map(|(n, h)| (String::from_utf8_lossy(n.as_bytes()).into_owned(), h.seq))
        .collect())
}
