//! Logs that the server does not take as they are: forked ones, and ones it takes not at all.
//!
//! What enters: what the server said was wrong. What leaves: the same edits under names the server
//! takes, or kept as refused. What never happens here: losing what was typed.

use std::collections::BTreeMap;

use super::held::{Again, Fate, Holder, LogRefusal, Step};
use super::state::LogKey;
use crate::entry::Target;
use crate::ids::{EntryRef, IncarnationId};

/// Writes the pending entries of a forked log again, under a new incarnation, and with them
/// those of other logs that were made at them.
pub(super) fn reauthor<H: Holder>(
    holder: &mut H,
    (stream, incarnation): LogKey<H::Stream>,
    from: u64,
) -> Result<(), H::Error> {
    let waiting: Vec<_> = holder.waiting().filter(|w| w.stream == stream).collect();
    let mut rows = Vec::with_capacity(waiting.len());
    for item in &waiting {
        rows.extend(holder.entry(stream, &item.id)?);
    }
    // A log moves from its first entry that must: what follows there chains on it.
    let mut moves: BTreeMap<IncarnationId, u64> = BTreeMap::from([(incarnation, from)]);
    let moved = |moves: &BTreeMap<IncarnationId, u64>, id: &EntryRef| {
        moves.get(&id.incarnation).is_some_and(|f| id.seq >= *f)
    };
    loop {
        let mut grew = false;
        for (_, held) in &rows {
            let made_at_moved = held.entry.as_ref().is_some_and(|e| {
                e.header
                    .deps()
                    .iter()
                    .any(|dep| moved(&moves, dep) && rows.iter().any(|(_, other)| other.id == *dep))
            });
            if made_at_moved && !moved(&moves, &held.id) {
                moves.insert(held.id.incarnation, held.id.seq);
                grew = true;
            }
        }
        if !grew {
            break;
        }
    }
    holder.take(Step::Renew)?;
    let mut names: BTreeMap<EntryRef, EntryRef> = BTreeMap::new();
    for (record, held) in rows {
        let id = held.id;
        if !moved(&moves, &id) {
            continue;
        }
        let Some(entry) = held.entry else { continue };
        holder.take(Step::Dequeue { stream, id })?;
        holder.take(Step::Drop { record, stream, id })?;
        let target = match entry.header.target.clone() {
            Target::At(deps) => {
                let mut deps: Vec<EntryRef> = deps
                    .into_iter()
                    .map(|dep| names.get(&dep).copied().unwrap_or(dep))
                    .collect();
                deps.sort_unstable();
                deps.dedup();
                Target::At(deps)
            }
            new => new,
        };
        let again = Again {
            record,
            stream,
            target,
            header: entry.header,
            ops: entry.ops.unwrap_or_default(),
        };
        names.insert(id, holder.write_again(again)?);
        if let Some(record) = record {
            holder.take(Step::Refold { record, stream })?;
        }
    }
    Ok(())
}

/// Keeps the pending entries of a log that the server does not take as refused.
pub(super) fn refuse_log<H: Holder>(
    holder: &mut H,
    key: LogKey<H::Stream>,
    why: LogRefusal,
) -> Result<u64, H::Error> {
    let (stream, incarnation) = key;
    let mut count = 0;
    for (record, mut held) in holder.log(key)? {
        if held.fate != Fate::Pending {
            continue;
        }
        let id = held.id;
        held.fate = Fate::LogRefused(why);
        let entry = &held;
        holder.take(Step::Store {
            record,
            stream,
            entry,
        })?;
        holder.take(Step::Dequeue { stream, id })?;
        if let Some(record) = record {
            holder.take(Step::KeepRefused {
                record,
                stream,
                entry,
            })?;
            holder.take(Step::Refold { record, stream })?;
        }
        count += 1;
    }
    if holder.incarnation() == incarnation {
        holder.take(Step::Renew)?;
    }
    Ok(count)
}

/// Logs that cannot be sent whole any more go on under a new incarnation.
pub(super) fn rename_broken<H: Holder>(
    holder: &mut H,
    broken: &[(LogKey<H::Stream>, u64)],
) -> Result<(), H::Error> {
    for (key, from) in broken {
        reauthor(holder, *key, *from)?;
        // An outbox line without its entry points at nothing.
        let stream = key.0;
        let waiting: Vec<_> = holder.waiting().filter(|w| w.stream == stream).collect();
        for item in waiting {
            if holder.entry(stream, &item.id)?.is_none() {
                holder.take(Step::Dequeue {
                    stream,
                    id: item.id,
                })?;
            }
        }
    }
    Ok(())
}
