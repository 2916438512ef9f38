//! The writer: one thread that takes what came together as one batch.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use gridfold_sync_core::admission::{LogProblem, PushedLog, admit};
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::{IncarnationId, RecordId, StreamId};
use gridfold_sync_core::limits::MAX_QUARANTINE_PER_DEVICE;
use gridfold_sync_core::wire::{ProblemNotice, RecoverRun};
use parking_lot::Mutex;

use crate::admit::commit::{Outgoing, append};
use crate::admit::console::{ConsoleEdit, EditOutcome, make_log, split_by_class};
use crate::admit::erase;
use crate::admit::facts::{BatchFacts, Memory};
use crate::admit::quarantine::{SetAside, quarantine};
use crate::admit::recover::recover;
use crate::admit::write_error::WriteError;
use crate::auth::RecordKeys;
use crate::clock::Clock;
use crate::directory::DirectoryService;
use crate::log::Log;
use crate::notify::Notify;
use crate::project::QUARANTINE_STREAM;
use crate::views::{ViewsError, ViewsWriter};

/// Requests waiting for the writer; past that a request is answered "unavailable".
const QUEUE: usize = 1_024;
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

type Reply<T> = SyncSender<Result<T, WriteError>>;

enum Job {
    Push {
        author: Author,
        key: PublicKey,
        logs: Vec<PushedLog>,
        recover: Vec<RecoverRun>,
        reply: Reply<PushOutcome>,
    },
    Console {
        author: Author,
        edits: Vec<ConsoleEdit>,
        reply: Reply<Vec<EditOutcome>>,
    },
}

/// What the thread is given to do.
enum Work {
    Write(Job),
    /// Makes a record that the directory says is erased unreadable.
    Erase(RecordId, Reply<()>),
}

impl Job {
    fn entries(&self) -> usize {
        match self {
            Self::Push { logs, recover, .. } => {
                logs.iter().map(|l| l.entries.len()).sum::<usize>()
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
    /// The views' writing side.
    pub views: ViewsWriter,
    /// Where followers listen.
    pub notify: Notify,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The server's signing key.
    pub server_key: SignKey,
    /// The incarnation under which the console writes.
    pub console: IncarnationId,
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
    queue: Mutex<Option<SyncSender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(parts: WriterParts) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(parts, &jobs))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    fn send<T>(&self, make: impl FnOnce(Reply<T>) -> Work) -> Result<T, WriteError> {
        let (reply, answer) = sync_channel(1);
        let queue = self.queue.lock().clone().ok_or(WriteError::Stopped)?;
        queue.try_send(make(reply)).map_err(|e| match e {
            std::sync::mpsc::TrySendError::Full(_) => WriteError::Busy,
            std::sync::mpsc::TrySendError::Disconnected(_) => WriteError::Stopped,
        })?;
        answer.recv().map_err(|_| WriteError::Stopped)?
    }

    /// Admits what a device pushed. Blocks until it is durable.
    ///
    /// # Errors
    /// [`WriteError`]; then nothing of the push counts, and it is safe to send it again.
    pub fn push(
        &self,
        author: Author,
        key: PublicKey,
        logs: Vec<PushedLog>,
        recover: Vec<RecoverRun>,
    ) -> Result<PushOutcome, WriteError> {
        self.send(|reply| {
            Work::Write(Job::Push {
                author,
                key,
                logs,
                recover,
                reply,
            })
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
        self.send(|reply| {
            Work::Write(Job::Console {
                author,
                edits,
                reply,
            })
        })
    }

    /// Destroys the key of a record that the directory says is erased, and takes it out of the views.
    ///
    /// # Errors
    /// [`WriteError`]; asking again, or the next start, finishes it.
    pub fn erase(&self, record: RecordId) -> Result<(), WriteError> {
        self.send(|reply| Work::Erase(record, reply))
    }

    /// Finishes what is waiting and stops.
    pub fn stop(&self) {
        self.queue.lock().take();
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

fn run(mut parts: WriterParts, jobs: &Receiver<Work>) {
    let mut memory = Memory::default();
    while let Ok(first) = jobs.recv() {
        let (mut batch, mut erasures, mut entries) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(work) = next.take() {
            match work {
                Work::Write(job) => {
                    entries += job.entries();
                    batch.push(job);
                }
                Work::Erase(record, reply) => erasures.push((record, reply)),
            }
            if batch.len() < MAX_BATCH_JOBS && entries < MAX_BATCH_ENTRIES {
                next = jobs.try_recv().ok();
            }
        }
        if !batch.is_empty() && write(&mut parts, &mut memory, batch).is_none() {
            return;
        }
        for (record, reply) in erasures {
            // After what was decided before it was known to be erased.
            memory = Memory::default();
            let _ = reply.send(erase::erase(&parts.keys, &mut parts.views, record));
        }
    }
}

type Answer = Box<dyn FnOnce(Result<(), Arc<WriteError>>)>;

/// Decides, appends, answers, projects, notifies.
///
/// None when the simulation stops it here.
fn write(parts: &mut WriterParts, memory: &mut Memory, batch: Vec<Job>) -> Option<()> {
    let faults = parts.faults.clone();
    let step = |name| match &faults {
        Some(stops) if stops(name) => None,
        _ => Some(()),
    };
    step("admit")?;
    let directory = parts.directory.current();
    let mut facts = BatchFacts::new(
        &mut parts.views,
        parts.log.as_ref(),
        &parts.keys,
        Arc::clone(&directory),
        parts.console,
        memory,
    );
    let now = parts.clock.now();
    let public = parts.server_key.public();
    let mut outgoing = Vec::new();
    let mut set_aside = Vec::new();
    let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
    let mut failed: Option<Arc<WriteError>> = None;
    for job in batch {
        let error = failed.clone();
        match job {
            Job::Push {
                author,
                key,
                logs,
                recover: runs,
                reply,
            } => {
                let outcome = match &error {
                    None => push(
                        &mut facts,
                        author,
                        &key,
                        now,
                        &public,
                        &logs,
                        &runs,
                        &mut outgoing,
                        &mut set_aside,
                    ),
                    Some(_) => Ok(PushOutcome::default()),
                };
                let outcome = outcome.unwrap_or_else(|e| {
                    failed = Some(Arc::new(e.into()));
                    PushOutcome::default()
                });
                answers.push(Box::new(move |durable| {
                    // A caller that went away asks again.
                    let _ = reply.send(durable.map(|()| outcome).map_err(WriteError::Batch));
                }));
            }
            Job::Console {
                author,
                edits,
                reply,
            } => {
                let outcome = match &error {
                    None => console(
                        &mut facts,
                        author,
                        &parts.server_key,
                        now,
                        &edits,
                        &mut outgoing,
                    ),
                    Some(_) => Ok(Vec::new()),
                };
                let outcome = outcome.unwrap_or_else(|e| {
                    failed = Some(Arc::new(e.into()));
                    Vec::new()
                });
                answers.push(Box::new(move |durable| {
                    let _ = reply.send(durable.map(|()| outcome).map_err(WriteError::Batch));
                }));
            }
        }
    }
    step("append")?;
    let appended = match failed {
        Some(error) => Err(error),
        // What is set aside goes first: if the append after it fails, the phone sends both again,
        // and a key is stored only once.
        None => quarantine(parts.log.as_ref(), &parts.keys, set_aside)
            .and_then(|notes| Ok((append(parts.log.as_ref(), &parts.keys, outgoing)?, notes)))
            .map_err(Arc::new),
    };
    match appended {
        Err(error) => {
            tracing::error!(error = %error, "a batch was not written");
            facts.forget();
            answers
                .into_iter()
                .for_each(|answer| answer(Err(Arc::clone(&error))));
        }
        Ok((projection, notes)) => {
            step("project")?;
            facts.keep();
            // The views follow before the answer, so that whoever asks next reads what it wrote; a
            // failure here loses nothing, the next start catches up.
            let mut outcome = parts.views.project(&projection, directory.forms());
            if let Some((notes, end)) = notes {
                outcome = outcome.and(parts.views.project_quarantine(
                    QUARANTINE_STREAM,
                    &notes,
                    end,
                ));
            }
            step("answer")?;
            answers.into_iter().for_each(|answer| answer(Ok(())));
            if let Err(error) = outcome {
                tracing::error!(error = %error, "the views are behind the log");
                *memory = Memory::default();
                let caught = crate::project::catch_up(
                    parts.log.as_ref(),
                    &parts.keys,
                    &mut parts.views,
                    &directory,
                    &mut |_| {},
                );
                if let Err(error) = caught {
                    tracing::error!(error = %error, "the views could not catch up");
                }
            }
            let moved: BTreeSet<&StreamId> = projection.iter().map(|p| &p.stream).collect();
            for stream in moved {
                let seq = projection
                    .iter()
                    .filter(|p| p.stream == *stream)
                    .map(|p| p.seq)
                    .max()
                    .unwrap_or(0);
                parts.notify.moved(stream.clone(), seq);
            }
        }
    }
    Some(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site; a struct of the same would only rename them"
)]
fn push(
    facts: &mut BatchFacts<'_>,
    author: Author,
    key: &PublicKey,
    now: gridfold_sync_core::time::Timestamp,
    server: &PublicKey,
    logs: &[PushedLog],
    runs: &[RecoverRun],
    outgoing: &mut Vec<Outgoing>,
    set_aside: &mut Vec<SetAside>,
) -> Result<PushOutcome, ViewsError> {
    let mut outcome = PushOutcome::default();
    facts.is_console = false;
    for run in runs {
        recover(facts, server, run, outgoing)?;
    }
    for log in logs {
        match admit(facts, author, key, now, log)? {
            Ok(decisions) => {
                outcome.appended += decisions.len();
                outcome.refused += decisions
                    .iter()
                    .filter(|d| !d.verdict.is_admitted())
                    .count();
                outgoing.extend(decisions.into_iter().map(|decision| Outgoing {
                    stream: log.stream.clone(),
                    decision,
                    recovered: false,
                    has_header: true,
                }));
            }
            Err(problem) => {
                let keep = matches!(
                    problem,
                    LogProblem::BadSignature | LogProblem::Forked | LogProblem::NotYourLog
                );
                if keep
                    && facts.views.quarantined(author.device)? < MAX_QUARANTINE_PER_DEVICE as u64
                {
                    set_aside.push(SetAside {
                        author,
                        log: log.clone(),
                        problem,
                        received: now,
                    });
                }
                outcome.problems.push(ProblemNotice {
                    stream: log.stream.clone(),
                    incarnation: log.incarnation,
                    problem,
                });
            }
        }
    }
    Ok(outcome)
}

fn console(
    facts: &mut BatchFacts<'_>,
    author: Author,
    key: &SignKey,
    now: gridfold_sync_core::time::Timestamp,
    edits: &[ConsoleEdit],
    outgoing: &mut Vec<Outgoing>,
) -> Result<Vec<EditOutcome>, ViewsError> {
    facts.is_console = true;
    let mut outcomes = Vec::with_capacity(edits.len());
    for edit in edits {
        let (version, by_class) = split_by_class(facts, edit)?;
        let mut verdicts = Vec::with_capacity(by_class.len());
        for (class, ops) in by_class {
            let log = make_log(facts, key, edit, class, version, ops)?;
            let decisions = admit(facts, author, &key.public(), now, &log)?.unwrap_or_default();
            for decision in decisions {
                verdicts.push((class, decision.entry.id(), decision.verdict));
                outgoing.push(Outgoing {
                    stream: log.stream.clone(),
                    decision,
                    recovered: false,
                    has_header: true,
                });
            }
        }
        outcomes.push(EditOutcome {
            record: edit.record,
            verdicts,
        });
    }
    Ok(outcomes)
}
