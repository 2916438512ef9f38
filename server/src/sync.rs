//! Sync: one exchange with a phone. Push what is new, pull what is missing, in one round trip.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::codec::DecodeError;
use gridfold_sync_core::directory::{Directory, DirectoryChange, Reach};
use gridfold_sync_core::entry::{Author, Receipt, ReceiptStream};
use gridfold_sync_core::ids::{Hash, StreamId};
use gridfold_sync_core::limits::{
    CURSOR_PREFIX_BYTES, MAX_ITEMS_PER_PULL, MAX_STREAMS_PER_SYNC, PULL_PAGE_BYTES,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{
    Cursor, Directive, Lacking, StreamPage, StreamReset, SyncRequest, SyncResponse,
};

use crate::admit::{PushOutcome, WriteError};
use crate::auth::DeviceReport;
use crate::directory::DirectoryError;
use crate::erasure_news::erased_before;
use crate::items::StoredItem;
use crate::keys::StoreError;
use crate::log::{Log, LogError, StreamName};
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

/// Streams of which each is asked how far it goes; somebody who reads more is told of those in the
/// log.
const MAX_ASKED_ONE_BY_ONE: usize = 1_024;

/// Damaged places told in one answer, as many as one takes; once some are healed, the next are told.
const MAX_LACKS: usize = MAX_STREAMS_PER_SYNC;

/// Operations a page may hold, a little under what the wire format takes.
const PAGE_OPS: usize = 100_000;

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
        // What was lost in a restore comes back first: an edit must not be refused for heads that
        // its phone is about to bring again.
        let stands_elsewhere = request.epoch != 0 && request.epoch != epoch;
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
        let directory = self.directory.current();
        let mine = directory.reach(author.user, now);
        // A phone whose grant ended still hears what became of its own edits before it erases.
        let mut leaving: BTreeSet<StreamId> = BTreeSet::new();
        for cursor in &request.cursors {
            let stream = &cursor.stream;
            if !mine.has(stream)
                && (once_read(&directory, author, stream, now) || self.proves_reading(cursor)?)
            {
                leaving.insert(stream.clone());
            }
        }
        let mut response = SyncResponse {
            epoch,
            now,
            problems: push.problems.clone(),
            ..SyncResponse::default()
        };
        if stands_elsewhere {
            for cursor in request
                .cursors
                .iter()
                .filter(|c| mine.has(&c.stream) || leaving.contains(&c.stream))
            {
                response.resets.push(self.reset(&cursor.stream)?);
            }
        } else {
            response.lacks = self.lacks(&mine, &leaving);
            self.fill_pages(&request, author, (&mine, &leaving), &mut response)?;
        }
        // Of a stream that a restored server knows no reading of, it tells nothing, as of one that
        // is empty: the phone then gives back what it can prove before it erases.
        for cursor in &request.cursors {
            let stream = &cursor.stream;
            let told = mine.has(stream) || leaving.contains(stream);
            if !told && cursor.seq > 0 {
                response.resets.push(StreamReset {
                    stream: stream.clone(),
                    seq: 0,
                    prefix: Hash::default(),
                });
            }
        }
        let resets: BTreeSet<&StreamId> = response.resets.iter().map(|r| &r.stream).collect();
        let pages: BTreeMap<&StreamId, &StreamPage> =
            response.pages.iter().map(|p| (&p.stream, p)).collect();
        for cursor in request.cursors.iter().filter(|c| !mine.has(&c.stream)) {
            let stream = &cursor.stream;
            let has_all = match pages.get(stream) {
                _ if resets.contains(stream) => false,
                Some(page) => !page.more,
                None => self.log.head(&name(stream)?)?.seq == cursor.seq,
            };
            if has_all || !leaving.contains(stream) {
                response.directives.push(Directive::Erase(stream.clone()));
            }
        }
        response.directory = self
            .scopes
            .news(&directory, author.user, now, request.directory);
        if request.seen.is_some() {
            let known = request.seen.filter(|_| !stands_elsewhere);
            response.seen = self.seen_news(&directory, author, now, known)?;
        }
        if let Some(report) = &request.report {
            let known = (!stands_elsewhere).then_some(report.erasures);
            response.erasures = if request.epoch == 0 && request.logs.is_empty() {
                // Nothing is held there yet, and nothing that was erased is served. One that wrote
                // may have handed it in before, and lost the answer.
                erased_before(&directory, report.erasures)
            } else {
                self.erasure_news(&directory, author, now, known)?
            };
        }
        let pulled = response.pages.iter().map(|p| p.items.len()).sum();
        Ok(Exchange {
            body: response.encode_signed(&request, body, author, &self.server_key),
            push,
            pulled,
        })
    }

    fn reset(&self, stream: &StreamId) -> Result<StreamReset, SyncError> {
        let head = self.log.head(&name(stream)?)?;
        Ok(StreamReset {
            stream: stream.clone(),
            seq: head.seq,
            prefix: Hash(head.prefix),
        })
    }

    fn fill_pages(
        &self,
        request: &SyncRequest,
        author: Author,
        (mine, leaving): (&Reach<'_>, &BTreeSet<StreamId>),
        response: &mut SyncResponse,
    ) -> Result<(), SyncError> {
        let mut bytes_left = match request.budget_kib {
            0 => PULL_PAGE_BYTES,
            kib => usize::try_from(kib)
                .unwrap_or(usize::MAX)
                .saturating_mul(1024)
                .min(PULL_PAGE_BYTES),
        };
        let (mut items_left, mut ops_left) = (MAX_ITEMS_PER_PULL, PAGE_OPS);
        let mut proved = Vec::new();
        let directory = self.directory.current();
        let cursors: BTreeMap<&StreamId, &Cursor> =
            request.cursors.iter().map(|c| (&c.stream, c)).collect();
        let mine = self.with_anything(mine, &request.cursors)?;
        for stream in mine.iter().chain(leaving) {
            let name = name(stream)?;
            let head = self.log.head(&name)?;
            let after = match cursors.get(stream) {
                Some(cursor) if !self.is_on_our_log(&name, cursor)? => {
                    response.resets.push(self.reset(stream)?);
                    continue;
                }
                Some(cursor) => cursor.seq,
                None => 0,
            };
            if after == head.seq {
                continue;
            }
            let mut page = StreamPage {
                stream: stream.clone(),
                after,
                items: Vec::new(),
                more: true,
            };
            let mut end = Hash::default();
            let mut is_held = false;
            let read = match self
                .log
                .read(&name, after, items_left.max(1), bytes_left.max(1))
            {
                Ok(read) => read,
                // What is set aside is never served: the stream waits here until it is healed, as
                // is said in `lacks`.
                Err(LogError::Damaged { .. }) => continue,
                Err(e) => return Err(e.into()),
            };
            for item in read {
                if items_left == 0 || bytes_left == 0 || ops_left == 0 {
                    break;
                }
                let stored = StoredItem::decode(&item.bytes)?;
                let mut sent = stored.for_device(&self.keys, author.device)?;
                let is_bare = sent.entry.as_ref().is_some_and(|e| e.ops.is_none());
                let is_erased = stored.record.is_some_and(|r| directory.is_erased(&r));
                if is_bare && !is_erased && stored.is_lost(&self.keys)? {
                    // Never told as erased: the stream waits here until its key is restored.
                    tracing::error!(stream = %name, seq = item.seq, "the key of an item is damaged: the item is not served");
                    is_held = true;
                    break;
                }
                if stored.author.device != author.device && leaving.contains(stream) {
                    sent.entry = None;
                }
                items_left -= 1;
                bytes_left = bytes_left.saturating_sub(item.bytes.len());
                ops_left =
                    ops_left.saturating_sub(sent.entry.as_ref().map_or(0, |e| e.ops().len()));
                end = Hash(item.prefix);
                page.more = item.seq < head.seq;
                page.items.push(sent);
            }
            if is_held && page.items.is_empty() {
                response.lacks.truncate(MAX_LACKS - 1);
                response.lacks.push(Lacking {
                    stream: stream.clone(),
                    after,
                });
                continue;
            }
            if page.items.is_empty() {
                // No room: an empty page tells that there is more, at the cost of a few bytes.
                end = Hash(self.log.prefix_at(&name, after)?.unwrap_or_default());
            }
            let seq = after + page.items.len() as u64;
            proved.push(ReceiptStream {
                stream: stream.clone(),
                seq,
                prefix: end,
            });
            response.pages.push(page);
        }
        if !proved.is_empty() {
            response.receipt =
                Some(Receipt::sign(&self.server_key, response.epoch, proved).signature);
        }
        Ok(())
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

    /// Where the log is damaged in streams that a phone reads: the place before the first item of
    /// each damaged run.
    fn lacks(&self, mine: &Reach<'_>, leaving: &BTreeSet<StreamId>) -> Vec<Lacking> {
        let mut out: Vec<Lacking> = Vec::new();
        let mut last = None;
        for damage in self.log.damage() {
            let follows = last == Some((damage.stream.clone(), damage.seq.saturating_sub(1)));
            let text = std::str::from_utf8(damage.stream.as_bytes()).ok();
            let stream = text.and_then(StreamId::parse);
            last = Some((damage.stream, damage.seq));
            let Some(stream) = stream.filter(|s| mine.has(s) || leaving.contains(s)) else {
                continue;
            };
            if !follows && out.len() < MAX_LACKS {
                out.push(Lacking {
                    stream,
                    after: damage.seq.saturating_sub(1),
                });
            }
        }
        out
    }

    /// Those of the streams somebody reads that hold anything, or that their phone names, in order.
    fn with_anything(
        &self,
        mine: &Reach<'_>,
        named: &[Cursor],
    ) -> Result<Vec<StreamId>, SyncError> {
        if mine.count() <= MAX_ASKED_ONE_BY_ONE {
            return Ok(mine.streams());
        }
        let named = named.iter().map(|cursor| cursor.stream.clone());
        let held = self.log.streams()?.into_iter().filter_map(|(name, _)| {
            let name = std::str::from_utf8(name.as_bytes()).ok()?;
            StreamId::parse(name)
        });
        let mut found: Vec<StreamId> = held.chain(named).filter(|s| mine.has(s)).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Whether a cursor shows that its phone has read a stream, whatever grants say today: an area
    /// that moved in the tree leaves no grant behind, and nobody guesses a prefix.
    fn proves_reading(&self, cursor: &Cursor) -> Result<bool, SyncError> {
        Ok(cursor.seq > 0 && self.is_on_our_log(&name(&cursor.stream)?, cursor)?)
    }

    fn is_on_our_log(&self, name: &StreamName, cursor: &Cursor) -> Result<bool, SyncError> {
        let prefix = match self.log.prefix_at(name, cursor.seq) {
            Ok(Some(prefix)) => prefix,
            Ok(None) => return Ok(false),
            Err(LogError::Damaged { .. }) => return Ok(true),
            Err(e) => return Err(e.into()),
        };
        Ok(prefix[..CURSOR_PREFIX_BYTES] == cursor.prefix)
    }
}

/// Whether a user had a grant to read a stream, now or before.
fn once_read(directory: &Directory, author: Author, stream: &StreamId, now: Timestamp) -> bool {
    directory.grants_of(author.user).any(|g| {
        g.from <= now
            && g.area
                .as_ref()
                .is_none_or(|area| directory.lies_in(&stream.grid, area))
            && g.role.readable().contains(&stream.class)
    })
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
