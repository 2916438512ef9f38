//! Recover: items that this server signed for before it was restored from a backup, brought back
//! by a phone. The receipt proves the whole run, other devices' entries included.

use gridfold_sync_core::admission::{Decision, Facts};
use gridfold_sync_core::entry::{Entry, Header, PublicKey, Target, next_link, next_prefix};
use gridfold_sync_core::ids::{EntryRef, FormCode, Hash, RecordId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::RecoverRun;

use crate::admit::commit::Outgoing;
use crate::admit::facts::BatchFacts;
use crate::log::StreamName;
use crate::views::ViewsError;

/// An entry of which only the name is known.
pub(super) fn hollow(id: EntryRef) -> Entry {
    let target = Target::At(Vec::new());
    Entry {
        incarnation: id.incarnation,
        header: Header {
            seq: id.seq,
            target,
            form_version: 0,
            claimed: Timestamp(0),
            payload: Hash::default(),
        },
        ops: None,
    }
}

/// Takes a run in. A run that proves nothing is passed over: the phone loses nothing by it.
pub(super) fn recover(
    facts: &mut BatchFacts<'_>,
    server: &PublicKey,
    run: &RecoverRun,
    out: &mut Vec<Outgoing>,
) -> Result<bool, ViewsError> {
    if !run.receipt.verify(server) {
        return Ok(false);
    }
    let Some(proved) = run.receipt.streams.iter().find(|s| s.stream == run.stream) else {
        return Ok(false);
    };
    let name = StreamName::new(run.stream.name()).map_err(|_| ViewsError::Damaged)?;
    let Some(start) = facts.log.prefix_at(&name, run.after)? else {
        return Ok(false);
    };
    let mut prefix = Hash(start);
    for item in &run.items {
        if !item.is_consistent(&run.stream) {
            return Ok(false);
        }
        prefix = next_prefix(&prefix, &item.hash());
    }
    let end = run.after.saturating_add(run.items.len() as u64);
    if end != proved.seq || prefix != proved.prefix {
        return Ok(false);
    }
    for item in &run.items {
        let head = facts.log_head(&run.stream, item.id.incarnation)?;
        if item.id.seq <= head.seq {
            continue;
        }
        if item.id.seq != head.seq + 1 {
            // Its author's log has a hole here; the author's own phone will fill it.
            continue;
        }
        let told = tell(facts, run, item.entry.as_ref())?;
        if item.verdict.is_admitted() && !fits(facts, run, item.entry.as_ref(), told.as_ref())? {
            // What it was made at is not here, or is another record by now.
            continue;
        }
        let state = match (&item.entry, &told) {
            (Some(entry), Some((record, form))) if item.verdict.is_admitted() => {
                Some(facts.fold(&run.stream, record, form, entry)?)
            }
            _ => None,
        };
        if item.verdict.is_admitted() && state.is_none() {
            continue;
        }
        let decision = Decision {
            entry: item.entry.clone().unwrap_or_else(|| hollow(item.id)),
            hash: item.entry_hash,
            link: next_link(&head.link, &item.entry_hash),
            author: item.author,
            received: item.received,
            verdict: item.verdict,
            record: told.as_ref().map(|(record, _)| *record),
            form: told.map(|(_, form)| form),
            state,
            signature: None,
        };
        facts.decided(&run.stream, &decision)?;
        out.push(Outgoing {
            stream: run.stream.clone(),
            decision,
            recovered: true,
            has_header: item.entry.is_some(),
        });
    }
    Ok(true)
}

/// Whether an entry that was admitted before still stands on what this log holds.
fn fits(
    facts: &mut BatchFacts<'_>,
    run: &RecoverRun,
    entry: Option<&Entry>,
    told: Option<&(RecordId, FormCode)>,
) -> Result<bool, ViewsError> {
    use gridfold_sync_core::admission::RecordFact;
    let (Some(entry), Some((record, form))) = (entry, told) else {
        return Ok(false);
    };
    for dep in entry.header.deps() {
        let known = facts.entry(&run.stream, dep)?;
        if !known.is_some_and(|f| f.admitted && f.record == Some(*record)) {
            return Ok(false);
        }
    }
    Ok(match facts.record(record)? {
        RecordFact::Unknown => true,
        RecordFact::Known { grid, form: known } => grid == run.stream.grid && known == *form,
        RecordFact::Erased => false,
    })
}

/// The record and form of an entry.
fn tell(
    facts: &mut BatchFacts<'_>,
    run: &RecoverRun,
    entry: Option<&Entry>,
) -> Result<Option<(RecordId, FormCode)>, ViewsError> {
    use gridfold_sync_core::admission::RecordFact;
    match entry.map(|e| &e.header.target) {
        Some(Target::New { record, form }) => Ok(Some((*record, form.clone()))),
        Some(Target::At(deps)) => {
            for dep in deps {
                if let Some(record) = facts.entry(&run.stream, dep)?.and_then(|f| f.record)
                    && let RecordFact::Known { form, .. } = facts.record(&record)?
                {
                    return Ok(Some((record, form)));
                }
            }
            Ok(None)
        }
        None => Ok(None),
    }
}
