//! A batch: what came together is decided, appended, projected and answered.
//!
//! What enters: the jobs of a batch. What leaves: an answer to each, once it is durable. A job whose
//! facts cannot be read is answered for itself, and the others are decided without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_sync_core::directory::{Directory, DirectoryChange};
use gridfold_sync_core::entry::SignKey;
use gridfold_sync_core::ids::StreamId;
use gridfold_sync_core::time::Timestamp;

use crate::admit::{
    self, Outgoing, Projection, Push, ToWrite, WriteError, append, console, has_keys, quarantine,
    together,
};
use crate::directory::DirectoryService;
use crate::fold::{BatchFacts, Memory};
use crate::items::QUARANTINE_STREAM;
use crate::keys::RecordKeys;
use crate::log::Log;
use crate::project::Source;
use crate::push::News;
use crate::views::{ViewsBehind, ViewsError};
use crate::writer::job::{Job, Outcome, Work};
use crate::writer::line::Line;
use crate::writer::parts::WriterParts;
use crate::writer::room::MAX_COSTLY;

/// How long a batch is decided on before it is written: whoever comes meanwhile waits for it.
const MAX_BATCH_TIME: Duration = Duration::from_millis(200);

/// What was decided on a batch.
#[derive(Default)]
struct Decided {
    to_write: ToWrite,
    /// What the directory says in the same commit.
    along: Vec<DirectoryChange>,
    /// What was decided on each job, and how long it took.
    outcomes: Vec<(Outcome, Duration)>,
}

/// Makes decisions durable, and with them what the directory says of them.
fn append_all(
    (log, keys, directory): (&dyn Log, &RecordKeys, &DirectoryService),
    outgoing: Vec<Outgoing>,
    along: Vec<DirectoryChange>,
) -> Result<Projection, WriteError> {
    if along.is_empty() {
        return append(log, keys, outgoing, None);
    }
    directory.change_along(along, |batch| append(log, keys, outgoing, Some(batch)))
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
#[expect(
    clippy::too_many_lines,
    reason = "the steps of a batch, in their order"
)]
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
                fail_all(batch, &Arc::new(error.into()));
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
            fail_all(batch, &Arc::new(WriteError::Behind(ViewsBehind(trouble))));
            return Some(Vec::new());
        }
        batch.remove(at).fail(error.into());
        if batch.is_empty() {
            return Some(Vec::new());
        }
    };
    step("append")?;
    let Decided {
        to_write,
        along,
        outcomes,
    } = decided;
    let ToWrite {
        outgoing,
        set_aside,
    } = to_write;
    let news = match &parts.herald {
        Some(_) => news_of(&outgoing, &directory),
        None => Vec::new(),
    };
    // What is set aside goes first: if the append after it fails, the phone sends both again, and
    // a key is stored only once.
    let stores = (
        parts.log.as_ref(),
        parts.keys.as_ref(),
        parts.directory.as_ref(),
    );
    let appended = quarantine(parts.log.as_ref(), &parts.keys, set_aside)
        .and_then(|notes| Ok((append_all(stores, outgoing, along)?, notes)));
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
    if let Some(herald) = &parts.herald {
        for news in news {
            herald.tell(news);
        }
    }
    Some(rest)
}

/// What was decided that may concern somebody else's phone. What comes back after a restore is not new.
fn news_of(outgoing: &[Outgoing], directory: &Directory) -> Vec<News> {
    let new = outgoing.iter().filter(|out| !out.recovered);
    new.filter_map(|out| {
        let form = directory.forms().latest(out.decision.form.as_ref()?)?;
        News::of(&out.stream, &out.decision, form)
    })
    .collect()
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
            to_write,
            along,
            outcomes,
        } = &mut decided;
        let outcome = match job {
            Job::Push {
                author,
                key,
                logs,
                recover: runs,
                ..
            } => {
                let push = Push {
                    author: *author,
                    key,
                    logs,
                    runs,
                };
                admit::push(facts, &push, now, &server, to_write).map(Outcome::from)
            }
            Job::Console {
                author,
                edits,
                along: None,
                ..
            } => console(facts, *author, key, now, edits, &mut to_write.outgoing)
                .map(Outcome::Console),
            Job::Console {
                author,
                edits,
                along: Some(change),
                ..
            } => together(facts, *author, key, now, edits, &mut to_write.outgoing).map(|all| {
                if all.iter().all(|outcome| outcome.failure().is_none()) {
                    along.push(change.clone());
                }
                Outcome::Console(all)
            }),
        };
        let took = from.elapsed();
        costly += if is_costly { took } else { Duration::ZERO };
        outcomes.push((outcome.map_err(|error| (at, error))?, took));
        has_keys(facts, &to_write.outgoing[done..]).map_err(|error| (at, error))?;
        done = to_write.outgoing.len();
    }
    Ok(decided)
}
