//! A job of the writer: who wants what, what it is expected to cost, and where the answer goes.

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::entry::{Author, PublicKey};
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::RecoverRun;

use crate::admit::{self, ConsoleEdit, EditOutcome, PushOutcome, WriteError};
use crate::writer::cost::Cost;
use crate::writer::line::Line;

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
        /// What the directory says of it in the same commit: then it is all of the edits or none.
        along: Option<DirectoryChange>,
        reply: Reply<Vec<EditOutcome>>,
    },
}

/// What the thread is given to do.
pub(super) enum Work {
    Write(Job),
    /// Makes a record that the directory says is erased unreadable.
    Erase(RecordId, Reply<()>),
}

/// What was decided on one job.
pub(super) enum Outcome {
    Push(PushOutcome),
    Console(Vec<EditOutcome>),
    /// On a part of a push: so many of its logs are done, and of the next one what is not after
    /// this sequence.
    Part(PushOutcome, usize, u64),
    /// Nothing yet.
    Later,
}

impl From<admit::Progress> for Outcome {
    fn from(progress: admit::Progress) -> Self {
        match progress {
            admit::Progress::All(outcome) => Self::Push(outcome),
            admit::Progress::Part(outcome, upto, after) => Self::Part(outcome, upto, after),
        }
    }
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

    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Push { logs, recover, .. } => {
                logs.iter().map(PushedLog::len).sum::<usize>()
                    + recover.iter().map(|r| r.items.len()).sum::<usize>()
            }
            Self::Console { edits, .. } => edits.len(),
        }
    }

    fn answer(self, outcome: Result<Outcome, WriteError>) {
        // A caller that went away asks again.
        match self {
            Self::Push { reply, .. } => {
                let _ = reply.send(outcome.map(|outcome| match outcome {
                    Outcome::Push(outcome) => outcome,
                    _ => PushOutcome::default(),
                }));
            }
            Self::Console { reply, .. } => {
                let _ = reply.send(outcome.map(|outcome| match outcome {
                    Outcome::Console(outcome) => outcome,
                    _ => Vec::new(),
                }));
            }
        }
    }

    pub(super) fn fail(self, error: WriteError) {
        self.answer(Err(error));
    }

    /// Answers once all of it is decided on; gives back what is left to decide.
    pub(super) fn settle(
        mut self,
        outcome: Outcome,
        took: Duration,
        line: &Line<Work>,
        now: Timestamp,
    ) -> Option<Self> {
        let (upto, after) = match outcome {
            Outcome::Later => return Some(self),
            Outcome::Part(of, upto, after) => {
                self.add(of);
                (upto, after)
            }
            Outcome::Push(of) => {
                let all = self.add(of);
                self.answer(Ok(Outcome::Push(all)));
                return None;
            }
            of @ Outcome::Console(_) => {
                self.answer(Ok(of));
                return None;
            }
        };
        if let Self::Push {
            logs,
            recover,
            cost,
            ..
        } = &mut self
        {
            *cost = cost.left(took);
            recover.clear();
            logs.drain(..upto);
            if let Some(next) = logs.first_mut() {
                next.erased.retain(|place| place.seq > after);
                next.entries.retain(|e| e.header.seq > after);
            }
        }
        // What is written stays; its phone hears of it when it pulls, and sends the rest again.
        match line.may_go_on(self.author(), now) {
            Ok(()) => Some(self),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Adds what became of a part to what became of those before it.
    fn add(&mut self, of: PushOutcome) -> PushOutcome {
        let Self::Push { done, .. } = self else {
            return of;
        };
        done.problems.extend(of.problems);
        done.appended += of.appended;
        done.refused += of.refused;
        done.clone()
    }
}
