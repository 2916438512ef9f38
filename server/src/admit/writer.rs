//! The writer: one thread that takes what came together as one batch.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::{IncarnationId, RecordId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{ProblemNotice, RecoverRun};
use parking_lot::Mutex;

use crate::admit::batch::write;
use crate::admit::console::{ConsoleEdit, EditOutcome};
use crate::admit::cost::{self, Cost};
use crate::admit::erase;
use crate::admit::facts::Memory;
use crate::admit::follow::{Follower, Source};
use crate::admit::idle;
use crate::admit::line::Line;
use crate::admit::room::Room;
use crate::admit::write_error::WriteError;
use crate::auth::RecordKeys;
use crate::clock::Clock;
use crate::directory::DirectoryService;
use crate::log::Log;
use crate::notify::Notify;
use crate::trouble::Trouble;
use crate::views::Views;

/// Most requests of one group commit.
const MAX_BATCH_JOBS: usize = 128;
/// Most entries of one group commit.
const MAX_BATCH_ENTRIES: usize = 8_192;

/// What became of a push, once durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushOutcome {
    /// Device logs that were not taken.
    pub problems: Vec<ProblemNotice>,
    /// Entries that took their place in a stream.
    pub appended: usize,
    /// Of those, refused.
    pub refused: usize,
}

pub(super) type Reply<T> = SyncSender<Result<T, WriteError>>;

pub(super) enum Job {
    Push {
        author: Author,
        key: PublicKey,
        logs: Vec<PushedLog>,
        recover: Vec<RecoverRun>,
        /// What became of the part that is done.
        done: PushOutcome,
        /// What is left of it is expected to cost.
        cost: Cost,
        reply: Reply<PushOutcome>,
    },
    Console {
        author: Author,
        edits: Vec<ConsoleEdit>,
        reply: Reply<Vec<EditOutcome>>,
    },
}

/// What the thread is given to do.
pub(super) enum Work {
    Write(Job),
    /// Makes a record that the directory says is erased unreadable.
    Erase(RecordId, Reply<()>),
}

impl Job {
    pub(super) fn author(&self) -> Author {
        match self {
            Self::Push { author, .. } | Self::Console { author, .. } => *author,
        }
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Push { cost, .. } => *cost,
            Self::Console { edits, .. } => Cost::of_entries(edits.len()),
        }
    }

    fn entries(&self) -> usize {
        match self {
            Self::Push { logs, recover, .. } => {
                logs.iter().map(PushedLog::len).sum::<usize>()
                    + recover.iter().map(|r| r.items.len()).sum::<usize>()
            }
            Self::Console { edits, .. } => edits.len(),
        }
    }
}

/// What the writer works with.
pub struct WriterParts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Keys of records.
    pub keys: Arc<RecordKeys>,
    /// The directory.
    pub directory: Arc<DirectoryService>,
    /// The views, and how they follow the log.
    pub(crate) follower: Follower,
    /// The same views, to tell what a push will cost.
    pub views: Views,
    /// Where followers listen.
    pub notify: Notify,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The server's signing key.
    pub server_key: SignKey,
    /// The incarnation under which the console writes.
    pub console: IncarnationId,
    /// How long one job is worked on while others wait.
    pub turn: Duration,
    /// The time that one device may take ahead of its share.
    pub most: Duration,
    /// Where the simulation stops the thread as a crash would; never set in a server.
    pub faults: Option<Faults>,
}

/// Asked at each step of a batch, by its name; true stops the writer there, as a crash would.
pub type Faults = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

impl fmt::Debug for WriterParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterParts").finish_non_exhaustive()
    }
}

/// The handle to the committing thread.
pub struct Writer {
    line: Arc<Line<Work>>,
    clock: Arc<dyn Clock>,
    log: Arc<dyn Log>,
    views: Views,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// Whoever waits for a thread that has ended is told.
struct Ends(Arc<Line<Work>>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(parts: WriterParts) -> std::io::Result<Self> {
        let line = Arc::new(Line::new(parts.turn, parts.most));
        let clock = Arc::clone(&parts.clock);
        let (log, views) = (Arc::clone(&parts.log), parts.views.clone());
        let ends = Ends(Arc::clone(&line));
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(parts, &ends.0))?;
        Ok(Self {
            line,
            clock,
            log,
            views,
            thread: Mutex::new(Some(thread)),
        })
    }

    fn write<T>(&self, make: impl FnOnce(Reply<T>) -> Job) -> Result<T, WriteError> {
        let (reply, answer) = sync_channel(1);
        let job = make(reply);
        self.line.join(job.author(), job.cost(), Work::Write(job))?;
        answer.recv().map_err(|_| WriteError::Stopped)?
    }

    /// Admits what a device pushed. Blocks until it is durable.
    ///
    /// # Errors
    /// [`WriteError`]; it is safe to send all of it again. After [`WriteError::TooMuch`] a part of
    /// it may be in the log, as after an answer that was lost.
    pub fn push(
        &self,
        author: Author,
        key: PublicKey,
        logs: Vec<PushedLog>,
        recover: Vec<RecoverRun>,
    ) -> Result<PushOutcome, WriteError> {
        self.line.may_have_more(author, self.clock.now())?;
        let recovered = recover.iter().map(|run| run.items.len()).sum();
        let cost = cost::of_push(&logs, recovered, self.log.as_ref(), &self.views);
        self.write(|reply| Job::Push {
            author,
            key,
            logs,
            recover,
            done: PushOutcome::default(),
            cost,
            reply,
        })
    }

    /// Makes edits at the console. Blocks until they are durable; a refused one is in its outcome.
    ///
    /// # Errors
    /// [`WriteError`]; then none of them happened.
    pub fn edit(
        &self,
        author: Author,
        edits: Vec<ConsoleEdit>,
    ) -> Result<Vec<EditOutcome>, WriteError> {
        self.write(|reply| Job::Console {
            author,
            edits,
            reply,
        })
    }

    /// Destroys the key of a record that the directory says is erased, and takes it out of the views.
    ///
    /// # Errors
    /// [`WriteError`]; asking again, or the next start, finishes it.
    pub fn erase(&self, record: RecordId) -> Result<(), WriteError> {
        let (reply, answer) = sync_channel(1);
        self.line.join_first(Work::Erase(record, reply))?;
        answer.recv().map_err(|_| WriteError::Stopped)?
    }

    /// How much work waits for the thread.
    #[doc(hidden)]
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Finishes what is waiting and stops.
    pub fn stop(&self) {
        self.line.close();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread was logged when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(mut parts: WriterParts, line: &Line<Work>) {
    let mut memory = Memory::default();
    let mut room = Room::default();
    let mut cleaning = idle::cleaning_of(&mut parts.follower);
    let mut erasures: Vec<(RecordId, Reply<()>)> = Vec::new();
    loop {
        // Erasures that came while the views caught up wait for no other work.
        let pause = if erasures.is_empty() {
            cleaning.wait(parts.follower.pause())
        } else {
            Duration::ZERO
        };
        let (mut batch, mut entries) = (Vec::new(), 0);
        room = room.after();
        let Ok(mut next) = line.next(pause, parts.clock.now(), &mut room) else {
            break;
        };
        while let Some(work) = next.take() {
            match work {
                Work::Write(job) => {
                    entries += job.entries();
                    batch.push(job);
                }
                Work::Erase(record, reply) => erasures.push((record, reply)),
            }
            if batch.len() < MAX_BATCH_JOBS && entries < MAX_BATCH_ENTRIES {
                next = line.try_next(parts.clock.now(), &mut room);
            }
        }
        let mut later = Vec::new();
        // Views that catch up for long keep nobody waiting: who wants to write is told.
        let mut meanwhile = || {
            while let Some(work) = line.try_next(Timestamp(0), &mut Room::default()) {
                match work {
                    Work::Write(job) => job.fail(WriteError::Behind(Trouble::Busy)),
                    Work::Erase(record, reply) => later.push((record, reply)),
                }
            }
        };
        let is_idle = batch.is_empty() && erasures.is_empty();
        if batch.is_empty() {
            tend(&mut parts, &mut memory, &mut meanwhile);
        } else {
            let Some(rest) = write(&mut parts, &mut memory, batch, line, &mut meanwhile) else {
                return;
            };
            for job in rest.into_iter().rev() {
                line.go_on(job.author(), job.cost(), Work::Write(job));
            }
        }
        for (record, reply) in erasures.drain(..) {
            // After what was decided before it was known to be erased.
            memory = Memory::default();
            let _ = reply.send(erase::erase(&parts.keys, &mut parts.follower, record));
            cleaning.again();
        }
        erasures = later;
        idle::clean(&mut cleaning, &mut parts.follower, is_idle);
    }
    idle::finish(&mut cleaning, &mut parts.follower);
}

/// What is done for the views while nothing else is to be done.
fn tend(parts: &mut WriterParts, memory: &mut Memory, meanwhile: &mut dyn FnMut()) {
    let directory = parts.directory.current();
    let source = Source {
        log: parts.log.as_ref(),
        keys: &parts.keys,
        directory: &directory,
    };
    let was_behind = parts.follower.following().behind().is_some();
    parts.follower.tend(source, &parts.notify, meanwhile);
    if was_behind {
        *memory = Memory::default();
    }
}
