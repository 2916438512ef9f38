//! A push: each of its device logs is decided on, and what it heals of the log is given back first.

use gridfold_sync_core::admission::{Facts, LogProblem, PushedLog, admit};
use gridfold_sync_core::entry::{Author, PublicKey};
use gridfold_sync_core::limits::MAX_QUARANTINE_PER_DEVICE;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{ProblemNotice, RecoverRun};

use crate::admit::commit::Outgoing;
use crate::admit::quarantine::{SetAside, records_of};
use crate::admit::recover::recover;
use crate::fold::BatchFacts;
use crate::items::{FactIndex, StoredItem};
use crate::keys::StoreError;
use crate::log::StreamName;
use crate::views::ViewsError;

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

/// A push, as it came.
pub(crate) struct Push<'a> {
    pub(crate) author: Author,
    pub(crate) key: &'a PublicKey,
    pub(crate) logs: &'a [PushedLog],
    pub(crate) runs: &'a [RecoverRun],
}

/// How far a push was decided on before it was others' turn.
pub(crate) enum Progress {
    All(PushOutcome),
    /// So many of its logs are done, and of the next one what is not after this sequence.
    Part(PushOutcome, usize, u64),
}

/// What was decided and is to be written.
#[derive(Default)]
pub(crate) struct ToWrite {
    pub(crate) outgoing: Vec<Outgoing>,
    pub(crate) set_aside: Vec<SetAside>,
}

/// Decides on a push. The server's key is what receipts are proved with.
pub(crate) fn push(
    facts: &mut BatchFacts<'_>,
    push: &Push<'_>,
    now: Timestamp,
    server: &PublicKey,
    out: &mut ToWrite,
) -> Result<Progress, ViewsError> {
    let Push {
        author,
        key,
        logs,
        runs,
    } = *push;
    let mut outcome = PushOutcome::default();
    facts.is_console = false;
    let mut healed = false;
    for run in runs {
        healed |= recover(facts, server, run, &mut out.outgoing)?;
    }
    if healed && !logs.is_empty() {
        // The views lack what was damaged until now: they catch up before the rest is decided on.
        return Ok(Progress::Part(outcome, 0, 0));
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
                out.outgoing
                    .extend(decisions.into_iter().map(|decision| Outgoing {
                        stream: log.stream.clone(),
                        has_header: whole.is_some_and(|seq| decision.entry.header.seq >= seq),
                        decision,
                        recovered: false,
                    }));
                let all = log.last_seq();
                if let Some(last) = last.filter(|last| Some(*last) != all) {
                    return Ok(Progress::Part(outcome, at, last));
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
                    out.set_aside.push(SetAside {
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
            return Ok(Progress::Part(outcome, at + 1, 0));
        }
    }
    Ok(Progress::All(outcome))
}

/// Whether what goes on from what the log holds can still be sealed.
///
/// # Errors
/// [`StoreError::KeyLost`] for a record whose key is damaged: another one would hide what the
/// first has sealed.
pub(crate) fn has_keys(facts: &BatchFacts<'_>, outgoing: &[Outgoing]) -> Result<(), ViewsError> {
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
            // What a restored server has under that name may be another record's.
            let sealed =
                |stored: StoredItem| stored.record == Some(record) && stored.sealed.is_some();
            if stored.is_some_and(sealed) {
                return Err(StoreError::KeyLost(record.0).into());
            }
        }
    }
    Ok(())
}
