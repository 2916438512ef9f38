//! Logs that the server does not take as they are: forked ones, and ones it takes not at all.
//!
//! What enters: what the server said was wrong, and pages with another copy's entries. What leaves:
//! the same edits under names the server takes, or kept as refused. What never happens here: losing
//! what was typed.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use super::debts;
use super::held::{Again, Fate, HeldEntry, Holder, LogRefusal, Step};
use super::state::LogKey;
use crate::entry::{Header, Item, RefusalCode, Target, Verdict};
use crate::ids::{DeviceId, EntryRef, IncarnationId, RecordId};
use crate::session::VerifiedPage;

/// What is known beside a log that is written again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside<'a> {
    /// The device that writes.
    pub device: DeviceId,
    /// Pages that are about to be taken.
    pub pages: &'a [VerifiedPage],
    /// Names of own entries whose words were erased, and which are another copy's on the server.
    pub gone: &'a BTreeSet<EntryRef>,
}

impl Beside<'_> {
    /// Nothing but the device.
    pub(super) fn only(device: DeviceId) -> Beside<'static> {
        static NONE: BTreeSet<EntryRef> = BTreeSet::new();
        Beside {
            device,
            pages: &[],
            gone: &NONE,
        }
    }
}

/// Another copy of this store wrote under names that this one has: its own get new ones before a page
/// is taken, and what a server refused that was restored since, and knows only theirs, is decided on
/// anew.
pub(super) fn make_way<H: Holder>(
    holder: &mut H,
    stream: H::Stream,
    page: &VerifiedPage,
    device: DeviceId,
) -> Result<(), H::Error> {
    let of_erased = Fate::Decided(Verdict::Refused(RefusalCode::Erased));
    let mut forks: BTreeMap<LogKey<H::Stream>, u64> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for (item, _) in &page.items {
        let id = item.id;
        let Some((record, held)) = holder.entry(stream, &id)? else {
            continue;
        };
        if held.hash == item.entry_hash {
            continue;
        }
        if held.is_erased() && holder.is_own(id.incarnation) {
            gone.insert(id);
        } else if holder.shows_refused(stream, &id) && held.fate != of_erased {
            debts::refused_waits_again(holder, record, stream, held)?;
        } else if held.fate != Fate::Pending {
            continue;
        }
        note_fork(&mut forks, stream, id);
    }
    for id in waiting_twice(holder, stream, page, device)? {
        note_fork(&mut forks, stream, id);
    }
    let beside = Beside {
        device,
        pages: std::slice::from_ref(page),
        gone: &gone,
    };
    for (key, from) in forks {
        reauthor(holder, key, from, beside)?;
    }
    Ok(())
}

fn note_fork<S: Ord>(forks: &mut BTreeMap<LogKey<S>, u64>, stream: S, id: EntryRef) {
    let first = forks.entry((stream, id.incarnation)).or_insert(id.seq);
    *first = (*first).min(id.seq);
}

/// Writes the pending entries of a forked log again, under a new incarnation, and with them
/// those of other logs that were made at them. What another copy of this store wrote again
/// before, and the server admitted, is that edit already: it does not count twice.
pub(super) fn reauthor<H: Holder>(
    holder: &mut H,
    (stream, incarnation): LogKey<H::Stream>,
    from: u64,
    beside: Beside<'_>,
) -> Result<(), H::Error> {
    let waiting: Vec<_> = holder.waiting().filter(|w| w.stream == stream).collect();
    let name = holder.stream(stream)?;
    // What a page brings under its own name is decided: writing it again would count it twice.
    let is_brought = |held: &HeldEntry| {
        let pages = beside.pages.iter().filter(|p| p.stream == name);
        let mut items = pages.flat_map(|p| &p.items);
        items.any(|(item, _)| item.id == held.id && item.entry_hash == held.hash)
    };
    let mut rows = Vec::with_capacity(waiting.len());
    for item in &waiting {
        let there = holder.entry(stream, &item.id)?;
        rows.extend(there.filter(|(_, held)| !is_brought(held)));
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
                e.header.deps().iter().any(|dep| {
                    let waits = rows.iter().any(|(_, other)| other.id == *dep);
                    moved(&moves, dep) && (waits || beside.gone.contains(dep))
                })
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
    let copies = of_copies(holder, stream, beside)?;
    holder.take(Step::Renew)?;
    let mut names: BTreeMap<EntryRef, EntryRef> = BTreeMap::new();
    let mut gone = beside.gone.clone();
    for (record, mut held) in rows {
        let id = held.id;
        if !moved(&moves, &id) {
            continue;
        }
        let deps = held.entry.iter().flat_map(|e| e.header.deps());
        if deps.into_iter().any(|dep| gone.contains(dep)) {
            // Where it was made at is another record now; its own was erased.
            gone.insert(id);
            held.fate = Fate::Decided(Verdict::Refused(RefusalCode::Erased));
            keep_refused(holder, record, stream, &held)?;
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
        let header = Header {
            target: target.clone(),
            ..entry.header
        };
        let there = copies.iter().find(|(_, copy)| is_same_edit(&header, copy));
        let name = match there {
            Some((name, _)) => *name,
            None => holder.write_again(Again {
                record,
                stream,
                target,
                header,
                ops: entry.ops.unwrap_or_default(),
            })?,
        };
        names.insert(id, name);
        if let Some(record) = record {
            holder.take(Step::Refold { record, stream })?;
        }
    }
    Ok(())
}

/// Whether two entries of one device are one edit under two names.
fn is_same_edit(one: &Header, other: &Header) -> bool {
    let said = |h: &Header| (h.claimed, h.form_version, h.payload);
    said(one) == said(other) && one.target == other.target
}

/// What the server admitted of this device, here already or in pages that are about to be taken.
fn of_copies<H: Holder>(
    holder: &H,
    stream: H::Stream,
    beside: Beside<'_>,
) -> Result<Vec<(EntryRef, Header)>, H::Error> {
    let mut out = Vec::new();
    for (_, held) in holder.entries(stream)? {
        // What waits again has what was said of it before.
        let is_there = held.fate != Fate::Pending && held.fate.counts();
        let ours = held.said.is_some_and(|s| s.author.device == beside.device);
        if let (true, true, Some(entry)) = (is_there, ours, held.entry) {
            out.push((held.id, entry.header));
        }
    }
    let name = holder.stream(stream)?;
    for page in beside.pages.iter().filter(|p| p.stream == name) {
        let items = page.items.iter().map(|(item, _)| item);
        for item in items.filter(|i| is_admitted_of(i, beside.device)) {
            out.extend(item.entry.iter().map(|e| (item.id, e.header.clone())));
        }
    }
    Ok(out)
}

fn is_admitted_of(item: &Item, device: DeviceId) -> bool {
    item.author.device == device && item.verdict.is_admitted()
}

/// Waiting entries of a stream that a page brings under another name, since another copy of this
/// store wrote them again too.
fn waiting_twice<H: Holder>(
    holder: &H,
    stream: H::Stream,
    page: &VerifiedPage,
    device: DeviceId,
) -> Result<Vec<EntryRef>, H::Error> {
    let items = page.items.iter().map(|(item, _)| item);
    let mut theirs = Vec::new();
    for item in items.filter(|i| is_admitted_of(i, device)) {
        if let (None, Some(entry)) = (holder.entry(stream, &item.id)?, &item.entry) {
            theirs.push(&entry.header);
        }
    }
    if theirs.is_empty() {
        return Ok(Vec::new());
    }
    let brought: BTreeSet<EntryRef> = page.items.iter().map(|(item, _)| item.id).gathered();
    let waiting: Vec<_> = holder.waiting().filter(|w| w.stream == stream).collect();
    let mut out = Vec::new();
    for item in waiting.iter().filter(|w| !brought.contains(&w.id)) {
        let Some((_, held)) = holder.entry(stream, &item.id)? else {
            continue;
        };
        let header = held.entry.map(|e| e.header);
        if header.is_some_and(|ours| theirs.iter().any(|copy| is_same_edit(&ours, copy))) {
            out.push(item.id);
        }
    }
    Ok(out)
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
        held.fate = Fate::LogRefused(why);
        keep_refused(holder, record, stream, &held)?;
        count += 1;
    }
    if holder.incarnation() == incarnation {
        holder.take(Step::Renew)?;
    }
    Ok(count)
}

/// Keeps an entry that waited as refused.
fn keep_refused<H: Holder>(
    holder: &mut H,
    record: Option<RecordId>,
    stream: H::Stream,
    entry: &HeldEntry,
) -> Result<(), H::Error> {
    let id = entry.id;
    holder.take(Step::Store {
        record,
        stream,
        entry,
    })?;
    holder.take(Step::Dequeue { stream, id })?;
    let Some(record) = record else {
        return Ok(());
    };
    holder.take(Step::KeepRefused {
        record,
        stream,
        entry,
    })?;
    holder.take(Step::Refold { record, stream })
}

/// Logs that cannot be sent whole any more go on under a new incarnation.
pub(super) fn rename_broken<H: Holder>(
    holder: &mut H,
    broken: &[(LogKey<H::Stream>, u64)],
    device: DeviceId,
) -> Result<(), H::Error> {
    let beside = Beside::only(device);
    for (key, from) in broken {
        reauthor(holder, *key, *from, beside)?;
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
