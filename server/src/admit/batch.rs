//! A batch: what came together is decided, appended, projected and answered.
//!
//! What enters: the jobs of a batch. What leaves: an answer to each, once it is durable. A job whose
//! facts cannot be read is answered for itself, and the others are decided without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_sync_core::admission::{Facts, LogProblem, PushedLog, admit};
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::StreamId;
use gridfold_sync_core::limits::MAX_QUARANTINE_PER_DEVICE;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{ProblemNotice, RecoverRun};

use crate::admit::StoredItem;
use crate::admit::commit::{Outgoing, append};
use crate::admit::console::{EditOutcome, console};
use crate::admit::facts::{BatchFacts, Memory};
use crate::admit::follow::Source;
use crate::admit::index::FactIndex;
use crate::admit::line::Line;
use crate::admit::quarantine::{SetAside, quarantine, records_of};
use crate::admit::recover::recover;
use crate::admit::room::MAX_COSTLY;
use crate::admit::write_error::WriteError;
use crate::admit::writer::{Job, PushOutcome, Work, WriterParts};
use crate::auth::StoreError;
use crate::log::StreamName;
use crate::project::QUARANTINE_STREAM;
use crate::views::ViewsError;

/// How long a batch is decided on before it is written: whoever comes meanwhile waits for it.
const MAX_BATCH_TIME: Duration = Duration::from_millis(200);

/// What was decided on one job.
enum Outcome {
    Push(PushOutcome),
    Console(Vec<EditOutcome>),
    /// On a part of a push: so many of its logs are done, and of the next one what is not after
    /// this sequence.
    Part(PushOutcome, usize, u64),
    /// Nothing yet.
    Later,
}

/// What was decided on a batch.
#[derive(Default)]
struct Decided {
    outgoing: Vec<Outgoing>,
    set_aside: Vec<SetAside>,
    /// What was decided on each job, and how long it took.
    outcomes: Vec<(Outcome, Duration)>,
}

impl Job {
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
    fn settle(
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

fn fail_all(batch: Vec<Job>, error: &Arc<WriteError>) {
    for job in batch {
        job.fail(WriteError::Batch(Arc::clone(error)));
    }
}

/// Decides, appends, projects, answers, notifies; gives back the jobs that are not done when others'
/// turn is. `meanwhile` is called now and then while the views catch up.
///
/// None when the simulation stops it here.
pub(super) fn write(
    parts: &mut WriterParts,
    memory: &mut Memory,
    mut batch: Vec<Job>,
    line: &Line<Work>,
    meanwhile: &mut dyn FnMut(),
) -> Option<Vec<Job>> {
    let faults = parts.faults.clone();
    let step = |name| match &faults {
        Some(stops) if stops(name) => None,
        _ => Some(()),
    };
    step("admit")?;
    let directory = parts.directory.current();
    let source = Source {
        log: parts.log.as_ref(),
        keys: &parts.keys,
        directory: &directory,
    };
    let was_behind = parts.follower.following().behind().is_some();
    let now = parts.clock.now();
    let (facts, decided) = loop {
        let level = parts.follower.level(source, &parts.notify, meanwhile);
        let views = match level {
            Ok(views) => views,
            Err(error) => {
                *memory = Memory::default();
                fail_all(batch, &Arc::new(error));
                return Some(Vec::new());
            }
        };
        if was_behind {
            *memory = Memory::default();
        }
        let mut facts = BatchFacts::new(
            views,
            parts.log.as_ref(),
            &parts.keys,
            Arc::clone(&directory),
            parts.console,
            memory,
        );
        let (at, error) = match decide(&mut facts, &parts.server_key, now, &batch, parts.turn, line)
        {
            Ok(decided) => break (facts, decided),
            Err(failed) => failed,
        };
        facts.forget();
        tracing::error!(%error, "a request could not be decided");
        if let Some(trouble) = error.trouble() {
            parts.follower.failed(trouble);
            fail_all(batch, &Arc::new(WriteError::Behind(trouble)));
            return Some(Vec::new());
        }
        batch.remove(at).fail(error.into());
        if batch.is_empty() {
            return Some(Vec::new());
        }
    };
    step("append")?;
    let Decided {
        outgoing,
        set_aside,
        outcomes,
    } = decided;
    // What is set aside goes first: if the append after it fails, the phone sends both again, and
    // a key is stored only once.
    let appended = quarantine(parts.log.as_ref(), &parts.keys, set_aside)
        .and_then(|notes| Ok((append(parts.log.as_ref(), &parts.keys, outgoing)?, notes)));
    let (projection, notes) = match appended {
        Ok(appended) => appended,
        Err(error) => {
            tracing::error!(%error, "a batch was not written");
            facts.forget();
            fail_all(batch, &Arc::new(error));
            return Some(Vec::new());
        }
    };
    step("project")?;
    facts.keep();
    // The views follow before the answer, so that whoever asks next reads what it wrote.
    let projected = parts.follower.project(&projection, |views| {
        views.project(&projection, directory.forms())?;
        match &notes {
            Some(kept) => {
                views.project_quarantine(QUARANTINE_STREAM, kept.after, &kept.notes, kept.end)
            }
            None => Ok(()),
        }
    });
    if projected.is_err() {
        *memory = Memory::default();
    }
    step("answer")?;
    memory.recent.answered(Instant::now());
    let mut rest = Vec::new();
    for (job, (outcome, took)) in batch.into_iter().zip(outcomes) {
        line.took(job.author(), took, now);
        rest.extend(job.settle(outcome, took, line, now));
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
    Some(rest)
}

/// Decides on the jobs, each for its turn, or says which one could not be decided and why.
fn decide(
    facts: &mut BatchFacts<'_>,
    key: &SignKey,
    now: Timestamp,
    batch: &[Job],
    turn: Duration,
    line: &Line<Work>,
) -> Result<Decided, (usize, ViewsError)> {
    let mut decided = Decided::default();
    let server = key.public();
    let mut done = 0;
    let began = Instant::now();
    let mut costly = Duration::ZERO;
    for (at, job) in batch.iter().enumerate() {
        let from = Instant::now();
        let is_costly = job.cost().is_costly();
        let is_enough = from - began > MAX_BATCH_TIME || (is_costly && costly > MAX_COSTLY);
        if at > 0 && is_enough {
            decided.outcomes.push((Outcome::Later, Duration::ZERO));
            continue;
        }
        // With nobody else there, a turn is as long as a batch: somebody may come meanwhile.
        let is_alone = batch.len() == 1 && line.is_empty() && !turn.is_zero();
        facts.until = Some(from + if is_alone { MAX_BATCH_TIME } else { turn });
        let Decided {
            outgoing,
            set_aside,
            outcomes,
        } = &mut decided;
        let outcome = match job {
            Job::Push {
                author,
                key,
                logs,
                recover: runs,
                ..
            } => push(
                facts, *author, key, now, &server, logs, runs, outgoing, set_aside,
            ),
            Job::Console { author, edits, .. } => {
                console(facts, *author, key, now, edits, outgoing).map(Outcome::Console)
            }
        };
        let took = from.elapsed();
        costly += if is_costly { took } else { Duration::ZERO };
        outcomes.push((outcome.map_err(|error| (at, error))?, took));
        has_keys(facts, &outgoing[done..]).map_err(|error| (at, error))?;
        done = outgoing.len();
    }
    Ok(decided)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site; a struct of the same would only rename them"
)]
fn push(
    facts: &mut BatchFacts<'_>,
    author: Author,
    key: &PublicKey,
    now: Timestamp,
    server: &PublicKey,
    logs: &[PushedLog],
    runs: &[RecoverRun],
    outgoing: &mut Vec<Outgoing>,
    set_aside: &mut Vec<SetAside>,
) -> Result<Outcome, ViewsError> {
    let mut outcome = PushOutcome::default();
    facts.is_console = false;
    let mut healed = false;
    for run in runs {
        healed |= recover(facts, server, run, outgoing)?;
    }
    if healed && !logs.is_empty() {
        // The views lack what was damaged until now: they catch up before the rest is decided on.
        return Ok(Outcome::Part(outcome, 0, 0));
    }
    for (at, log) in logs.iter().enumerate() {
        match admit(facts, author, key, now, log)? {
            Ok(decisions) => {
                let last = decisions.last().map(|d| d.entry.header.seq);
                outcome.appended += decisions.len();
                outcome.refused += decisions
                    .iter()
                    .filter(|d| !d.verdict.is_admitted())
                    .count();
                let whole = log.entries.first().map(|e| e.header.seq);
                outgoing.extend(decisions.into_iter().map(|decision| Outgoing {
                    stream: log.stream.clone(),
                    has_header: whole.is_some_and(|seq| decision.entry.header.seq >= seq),
                    decision,
                    recovered: false,
                }));
                let all = log.last_seq();
                if let Some(last) = last.filter(|last| Some(*last) != all) {
                    return Ok(Outcome::Part(outcome, at, last));
                }
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
                        records: records_of(facts, log)?,
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
        if at + 1 < logs.len() && !facts.goes_on() {
            return Ok(Outcome::Part(outcome, at + 1, 0));
        }
    }
    Ok(Outcome::Push(outcome))
}

/// Whether what goes on from what the log holds can still be sealed.
///
/// # Errors
/// [`StoreError::KeyLost`] for a record whose key is damaged: another one would hide what the
/// first has sealed.
fn has_keys(facts: &BatchFacts<'_>, outgoing: &[Outgoing]) -> Result<(), ViewsError> {
    for o in outgoing {
        let Some(record) = o.decision.record else {
            continue;
        };
        let deps = o.decision.entry.header.deps();
        if o.decision.entry.ops.is_none() || deps.is_empty() || !facts.keys.is_lost(record.0)? {
            continue;
        }
        // One that was never made, for what is new, looks the same.
        for dep in deps {
            let Some(known) = FactIndex(facts.log).entry(&o.stream, dep)? else {
                continue;
            };
            let name = StreamName::new(o.stream.name()).map_err(|_| ViewsError::Damaged)?;
            let item = facts.log.get(&name, known.place)?;
            let stored = item.and_then(|item| StoredItem::decode(&item.bytes).ok());
            if stored.is_some_and(|stored| stored.sealed.is_some()) {
                return Err(StoreError::KeyLost(record.0).into());
            }
        }
    }
    Ok(())
}
