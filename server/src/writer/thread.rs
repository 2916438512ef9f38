//! The committing thread, and the handle to it.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::entry::{Author, PublicKey};
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::RecoverRun;
use parking_lot::Mutex;

use crate::admit::{ConsoleEdit, EditOutcome, PushOutcome, WriteError};
use crate::clock::Clock;
use crate::fold::Memory;
use crate::log::Log;
use crate::project::Source;
use crate::trouble::Trouble;
use crate::views::{Views, ViewsBehind};
use crate::writer::batch::write;
use crate::writer::cost;
use crate::writer::idle;
use crate::writer::job::{Job, Reply, Work};
use crate::writer::line::Line;
use crate::writer::parts::WriterParts;
use crate::writer::room::Room;

/// Most requests of one group commit.
const MAX_BATCH_JOBS: usize = 128;
/// Most entries of one group commit.
const MAX_BATCH_ENTRIES: usize = 8_192;

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
            along: None,
            reply,
        })
    }

    /// Makes edits at the console, all of them or none, and has the directory say so in the same commit.
    /// Blocks until they are durable; where one is not admitted nothing was written, and the outcomes say why.
    ///
    /// # Errors
    /// [`WriteError`]; then none of them happened.
    pub fn edit_together(
        &self,
        author: Author,
        edits: Vec<ConsoleEdit>,
        along: DirectoryChange,
    ) -> Result<Vec<EditOutcome>, WriteError> {
        self.write(|reply| Job::Console {
            author,
            edits,
            along: Some(along),
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
                    Work::Write(job) => job.fail(WriteError::Behind(ViewsBehind(Trouble::Busy))),
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
            let _ = reply.send(parts.erase(record));
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
