//! The witness beside the log: `auth.db` notes how far each stream goes, and a start compares. A log that is shorter
//! than what was noted, or another one, does not start a server that would go on as if nothing had been lost.
//! The notes follow the log by [`NOTE_EVERY`] at most, after the fsync and not before the answer: an acknowledgement
//! costs no second fsync, and what a missing end can hide is what came in the last moment.
//! With the notes goes the copy of the directory's changes, of which none may be lost unnoticed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::auth::{DirectoryCopy, LogNotes, Noted};
use crate::directory::DIRECTORY_STREAM;
use crate::keys::StoreError;
use crate::log::{Head, Log, LogError, StreamName};

/// The notes are no further behind the log than this.
pub const NOTE_EVERY: Duration = Duration::from_secs(1);
const COPY_ITEMS: usize = 500;
const COPY_BYTES: usize = 4 << 20;

/// The log is not the one that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Streams end before what was acknowledged.
    #[error(
        "the log is shorter than what was acknowledged: {items} items are missing at the ends of {streams} streams, \
         as of stream {stream}, which ends at {has} and had {knew}. Nothing was changed. Put the log's folder back \
         as it was, or restore a backup to an empty directory; `gridfold accept-loss` goes on with what is there, \
         under a new epoch, and phones bring back what they hold"
    )]
    Shorter {
        /// Items missing in all.
        items: u64,
        /// Streams that are too short.
        streams: usize,
        /// One of them.
        stream: String,
        /// Where it ends.
        has: u64,
        /// Where it ended.
        knew: u64,
    },
    /// It goes another way.
    #[error(
        "the log is another than the one this server acknowledged: {what}. Nothing was changed. Put the log's folder \
         back as it was, or restore a backup to an empty directory; `gridfold accept-loss` goes on with what is \
         there, under a new epoch, and phones bring back what they hold"
    )]
    Another {
        /// What differs.
        what: String,
    },
}

/// What the log is told of before it opens: up to there its end is no torn one.
#[must_use]
pub fn acknowledged(noted: Option<&Noted>) -> BTreeMap<StreamName, Head> {
    let ends = noted.map(|noted| noted.ends.as_slice()).unwrap_or_default();
    ends.iter()
        .filter_map(|(name, seq, prefix)| {
            let head = Head {
                seq: *seq,
                prefix: *prefix,
            };
            Some((StreamName::new(name).ok()?, head))
        })
        .collect()
}

/// Compares a log with what was noted of it.
///
/// # Errors
/// [`WitnessError`] inside, when the log is not the one that was acknowledged; [`LogError`] when it cannot be read.
pub fn compare(log: &dyn Log, noted: &Noted) -> Result<Result<(), WitnessError>, LogError> {
    if noted.epoch != log.epoch() {
        let what = "its epoch differs, though no backup was restored".to_owned();
        return Ok(Err(WitnessError::Another { what }));
    }
    let (mut items, mut shorter) = (0, Vec::new());
    for (stream, knew) in acknowledged(Some(noted)) {
        let has = log.head(&stream)?;
        if has.seq < knew.seq {
            items += knew.seq - has.seq;
            shorter.push((stream, has.seq, knew.seq));
            continue;
        }
        match log.prefix_at(&stream, knew.seq) {
            Ok(Some(prefix)) if prefix == knew.prefix => {}
            // Damaged is named elsewhere; the stream is as long as it was.
            Err(LogError::Damaged { .. }) => {}
            Ok(_) => {
                let what = format!("stream {stream} has another item at {}", knew.seq);
                return Ok(Err(WitnessError::Another { what }));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(match shorter.first() {
        None => Ok(()),
        Some((stream, has, knew)) => Err(WitnessError::Shorter {
            items,
            streams: shorter.len(),
            stream: stream.to_string(),
            has: *has,
            knew: *knew,
        }),
    })
}

/// Notes all of a log anew.
///
/// # Errors
/// When the log cannot be read or the notes not be written.
pub fn note_all(log: &dyn Log, notes: &LogNotes) -> Result<(), StoreError> {
    let ends = log.streams().map_err(|_| StoreError::Damaged("the log"))?;
    notes.note(&noted(log.epoch(), ends), true)
}

fn noted(epoch: u64, heads: Vec<(StreamName, Head)>) -> Noted {
    let ends = heads
        .into_iter()
        .map(|(name, head)| (name.as_bytes().to_vec(), head.seq, head.prefix))
        .collect();
    Noted { epoch, ends }
}

/// Keeps the notes with the log until it is stopped.
#[derive(Debug)]
pub struct Witness {
    stop: Mutex<Option<SyncSender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Witness {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(log: Arc<dyn Log>, notes: LogNotes, copy: DirectoryCopy) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("witness".into())
            .spawn(move || {
                let mut told = LastNoted::default();
                loop {
                    let end = stopped.recv_timeout(NOTE_EVERY) != Err(RecvTimeoutError::Timeout);
                    // First the copy, so that of the directory nothing is noted that it lacks.
                    if let Err(error) = told.copy(log.as_ref(), &copy) {
                        // The log stands; it is copied the next time.
                        tracing::warn!(%error, "changes of the directory could not be copied");
                    }
                    told.follow(log.as_ref(), &notes);
                    if end {
                        return;
                    }
                }
            })?;
        Ok(Self {
            stop: Mutex::new(Some(stop)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Notes the last and stops.
    pub fn stop(&self) {
        self.stop.lock().take();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread was logged when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Default)]
struct LastNoted {
    epoch: Option<u64>,
    ends: BTreeMap<StreamName, u64>,
    /// How far the directory's changes are copied; none before the first look.
    copied: Option<u64>,
}

/// Why changes of the directory were not copied.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LastNoted {
    fn copy(&mut self, log: &dyn Log, copy: &DirectoryCopy) -> Result<(), CopyError> {
        let Ok(stream) = StreamName::new(DIRECTORY_STREAM) else {
            return Ok(());
        };
        let head = log.head(&stream)?.seq;
        if self.copied == Some(head) {
            return Ok(());
        }
        let has = match self.copied {
            Some(_) => BTreeSet::new(),
            None => {
                copy.end_at(head)?;
                copy.places()?
            }
        };
        let mut after = self.copied.unwrap_or(0);
        while after < head {
            if has.contains(&(after + 1)) {
                after += 1;
                continue;
            }
            match log.read(&stream, after, COPY_ITEMS, COPY_BYTES) {
                Ok(items) => {
                    let Some(last) = items.last() else { break };
                    copy.put(&items)?;
                    after = last.seq;
                }
                // Of what is damaged the copy is all there is.
                Err(LogError::Damaged { .. }) => after += 1,
                Err(e) => return Err(e.into()),
            }
        }
        self.copied = Some(after);
        Ok(())
    }

    fn follow(&mut self, log: &dyn Log, notes: &LogNotes) {
        let epoch = log.epoch();
        let Ok(heads) = log.streams() else { return };
        let anew = self.epoch != Some(epoch);
        let moved: Vec<(StreamName, Head)> = heads
            .into_iter()
            .filter(|(name, head)| anew || self.ends.get(name) != Some(&head.seq))
            .collect();
        if moved.is_empty() && !anew {
            return;
        }
        let ends: Vec<(StreamName, u64)> = moved
            .iter()
            .map(|(name, h)| (name.clone(), h.seq))
            .collect();
        match notes.note(&noted(epoch, moved), anew) {
            Ok(()) => {
                self.epoch = Some(epoch);
                self.ends.extend(ends);
            }
            // The log stands; it is noted the next time.
            Err(error) => tracing::warn!(%error, "how far the log goes could not be noted"),
        }
    }
}
