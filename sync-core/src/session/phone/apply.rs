//! Applying a response: everything it says in one transaction, or nothing of it.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use super::again;
use super::debts;
use super::held::{Fate, HeldEntry, Holder, LogRefusal, Peer, Said, Step};
use super::push::Push;
use super::state::{Applied, LogKey};
use crate::admission::LogProblem;
use crate::entry::{Entry, Item, Receipt, Target, Verdict};
use crate::ids::{Hash, RecordId, StreamId};
use crate::session::{Position, VerifiedPage, verify_pages};
use crate::time::Timestamp;
use crate::wire::{Directive, SyncRequest, SyncResponse};

/// What a round trip brought: what was asked, what of it was a push, what was answered.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a, S> {
    /// What was asked.
    pub request: &'a SyncRequest,
    /// What of it was a push.
    pub push: &'a Push<S>,
    /// What was answered.
    pub response: &'a SyncResponse,
}

/// Takes in all of a response, as steps of one transaction.
///
/// # Errors
/// When it is not what the server may say, or the store does not take it; nothing of it stays then.
pub fn apply<H: Holder>(
    holder: &mut H,
    peer: &Peer,
    answered: Answered<'_, H::Stream>,
    now: Timestamp,
) -> Result<Applied<H::Stream>, H::Error> {
    let Answered {
        request,
        push,
        response,
    } = answered;
    let mut out = Applied::default();
    if let Some(directory) = &response.directory {
        take_directory(holder, &directory.to_bytes())?;
        out.directory_changed = true;
        out.moved = true;
    }
    let (pages, receipt) = verify(holder, peer, request, response)?;
    let anew = request.epoch != 0 && request.epoch != response.epoch;
    debts::take_standing(holder, request, response, &mut out)?;
    let mut taken = Vec::with_capacity(pages.len());
    for page in pages {
        let stream = holder.name(&page.stream)?;
        // Of a stream that something is owed of, and the answer to a question about a debt.
        let follows = page.end.seq == holder.position(stream).seq + page.items.len() as u64;
        if follows && !holder.state().debts.contains_key(&stream) {
            taken.push(page);
        }
    }
    take_pages(holder, peer, &taken, &mut out)?;
    if let Some(receipt) = receipt {
        let ends = taken
            .iter()
            .map(|p| Ok((holder.name(&p.stream)?, p.end.seq)))
            .collect::<Result<Vec<_>, H::Error>>()?;
        if !ends.is_empty() {
            let (receipt, streams) = (&receipt, ends.as_slice());
            holder.take(Step::Receipt { receipt, streams })?;
        }
    }
    if !anew {
        // A restored server takes nothing before the phone knows where it stands.
        let device = peer.author.device;
        let beside = again::Beside::only(device);
        take_problems(holder, response, push, (&taken, beside), &mut out)?;
    }
    debts::take_lacks(holder, response, &mut out);
    debts::sweep(holder, request, response, &mut out)?;
    take_seen(holder, request, response, &mut out)?;
    take_erasures(holder, request, response, &mut out)?;
    take_directives(holder, response, &mut out)?;
    debts::forget_forms(holder);
    let state = holder.state_mut();
    let told = &request.erased;
    state
        .erased
        .retain(|s| !told.contains(s) || out.erased.contains(s));
    out.moved |= !told.is_empty();
    state.answered(now, response.now);
    if response.proof.is_some() {
        state.signed_by = Some(peer.server.0);
    }
    Ok(out)
}

/// Puts a directory in place of the one held.
///
/// # Errors
/// When it cannot be read, or the store does not take it.
pub fn take_directory<H: Holder>(holder: &mut H, bytes: &[u8]) -> Result<(), H::Error> {
    let before: BTreeSet<StreamId> = holder.follows().into_iter().gathered();
    holder.take(Step::Directory(bytes))?;
    debts::take_regained(holder, &before);
    Ok(())
}

/// Proves the pages, each from where the request asked it on.
fn verify<H: Holder>(
    holder: &H,
    peer: &Peer,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<(Vec<VerifiedPage>, Option<Receipt>), H::Error> {
    let mut asked: BTreeMap<&StreamId, Position> = BTreeMap::new();
    for cursor in &request.cursors {
        if let Some(stream) = holder.known(&cursor.stream) {
            asked.insert(&cursor.stream, debts::asks_at(holder, stream)?);
        }
    }
    Ok(verify_pages(
        response,
        &peer.server,
        |stream| asked.get(stream).copied().unwrap_or_default(),
        |stream, id| {
            let found = holder.entry(holder.known(stream)?, id);
            found.ok()??.1.entry
        },
    )?)
}

fn take_pages<H: Holder>(
    holder: &mut H,
    peer: &Peer,
    pages: &[VerifiedPage],
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    for page in pages {
        let stream = holder.name(&page.stream)?;
        again::make_way(holder, stream, page, peer.author.device)?;
        let mut seq = holder.position(stream).seq;
        for (item, prefix) in &page.items {
            seq += 1;
            take_item(holder, peer, stream, (item, seq, *prefix), out)?;
        }
        let at = page.end;
        holder.take(Step::Position { stream, at })?;
        out.pulled += page.items.len() as u64;
        out.more |= page.more;
        out.moved |= !page.items.is_empty();
    }
    Ok(())
}

fn take_item<H: Holder>(
    holder: &mut H,
    peer: &Peer,
    stream: H::Stream,
    (item, seq, prefix): (&Item, u64, Hash),
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    let id = item.id;
    let at = Position { seq, prefix };
    holder.take(Step::Place { stream, at, id })?;
    let said = Said {
        author: item.author,
        received: item.received,
        verdict: item.verdict,
        place: seq,
    };
    let ours = peer.author.device == item.author.device;
    let is_own = holder.is_own(id.incarnation);
    let Some((record, mut held)) = holder.entry(stream, &id)? else {
        return take_new(holder, stream, item, said, ours);
    };
    if held.hash != item.entry_hash && is_own {
        let theirs_counts = item.verdict.is_admitted() && !held.fate.counts();
        if theirs_counts || held.is_erased() {
            // Ours was refused and let go, or erased; theirs, of another copy of this store, has the name.
            debts::let_go(holder, record, stream, &held)?;
            return take_new(holder, stream, item, said, ours);
        }
        // Both stand: ours is kept, theirs counts at the server.
        return Ok(());
    }
    if record.is_none() && !is_own {
        // It came before its record was known, by its verdict only or after such ones.
        holder.take(Step::Drop { record, stream, id })?;
        return take_new(holder, stream, item, said, ours);
    }
    if held.hash != item.entry_hash {
        // What its author wrote there on the server's log of before is not part of it.
        debts::let_go(holder, record, stream, &held)?;
        return take_new(holder, stream, item, said, ours);
    }
    let filed = record;
    let record = match filed {
        Some(record) => Some(record),
        None => {
            // Own words that came back before their record was known; by now it may be.
            held.entry = held.entry.or_else(|| item.entry.clone());
            let found = record_of(holder, stream, held.entry.as_ref())?;
            if found.is_some() {
                holder.take(Step::Drop { record, stream, id })?;
            }
            found
        }
    };
    let is_refiled = filed != record;
    let before = held.fate;
    let fate = Fate::Decided(item.verdict);
    held.fate = fate;
    held.said = Some(said);
    let entry = &held;
    holder.take(Step::Store {
        record,
        stream,
        entry,
    })?;
    if is_own {
        holder.take(Step::Dequeue { stream, id })?;
    }
    if before == Fate::Pending {
        match item.verdict {
            Verdict::Admitted { .. } => out.admitted += 1,
            Verdict::Refused(_) => out.refused += 1,
        }
    }
    if !before.counts() && fate.counts() {
        holder.take(Step::DropRefused { stream, id })?;
    }
    let Some(record) = record else {
        return Ok(());
    };
    if before == Fate::Pending {
        // The row says that nothing waits any more.
        holder.take(Step::Show(record))?;
    }
    if (before.counts() || is_refiled) && !fate.counts() && ours {
        holder.take(Step::KeepRefused {
            record,
            stream,
            entry,
        })?;
    }
    let differs = before.counts() != fate.counts() || is_refiled;
    // Mended: what was here of the record was not all of it.
    if differs || (fate.counts() && !holder.has_part(&record, stream)?) {
        holder.take(Step::Refold { record, stream })?;
    }
    Ok(())
}

/// The record that an entry is of: the one it begins, or that of what it was made at, when it is known.
fn record_of<H: Holder>(
    holder: &H,
    stream: H::Stream,
    entry: Option<&Entry>,
) -> Result<Option<RecordId>, H::Error> {
    match entry.map(|e| &e.header.target) {
        Some(Target::New { record, .. }) => Ok(Some(*record)),
        Some(Target::At(deps)) => match deps.first() {
            Some(dep) => Ok(holder.entry(stream, dep)?.and_then(|(record, _)| record)),
            None => Ok(None),
        },
        None => Ok(None),
    }
}

/// Files an entry that is not here yet.
fn take_new<H: Holder>(
    holder: &mut H,
    stream: H::Stream,
    item: &Item,
    said: Said,
    ours: bool,
) -> Result<(), H::Error> {
    let fate = Fate::Decided(item.verdict);
    let record = record_of(holder, stream, item.entry.as_ref())?;
    let held = HeldEntry {
        id: item.id,
        hash: item.entry_hash,
        fate,
        link: None,
        said: Some(said),
        entry: item.entry.clone(),
    };
    let entry = &held;
    holder.take(Step::Store {
        record,
        stream,
        entry,
    })?;
    if let (Some(record), Some(words)) = (record, &item.entry) {
        if fate.counts() {
            holder.take(Step::FoldIn {
                record,
                stream,
                entry: words,
            })?;
            if holder.state().unread.contains(&stream) {
                // Entries that were made at this one may be here already.
                holder.take(Step::Refold { record, stream })?;
            }
        } else if ours {
            holder.take(Step::KeepRefused {
                record,
                stream,
                entry,
            })?;
        }
    }
    // Written by another copy of this store, or by this one before it was restored.
    if item.id.incarnation == holder.incarnation() {
        holder.take(Step::Renew)?;
    }
    Ok(())
}

fn take_problems<H: Holder>(
    holder: &mut H,
    response: &SyncResponse,
    push: &Push<H::Stream>,
    (pages, beside): (&[VerifiedPage], again::Beside<'_>),
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    let mut troubled: BTreeSet<LogKey<H::Stream>> = BTreeSet::new();
    for notice in &response.problems {
        let key = (holder.name(&notice.stream)?, notice.incarnation);
        troubled.insert(key);
        let why = match notice.problem {
            LogProblem::Gap { expected } => {
                out.gaps.push((key, expected));
                continue;
            }
            LogProblem::TooLarge => {
                out.too_large = true;
                continue;
            }
            LogProblem::Forked => {
                // What the server already has of it comes with the pages that follow.
                let all_here = !pages.iter().any(|p| p.stream == notice.stream && p.more);
                if all_here {
                    again::reauthor(holder, key, 0, beside)?;
                    out.moved = true;
                }
                continue;
            }
            LogProblem::BadSignature => LogRefusal::BadSignature,
            LogProblem::NotYourLog => LogRefusal::NotYourLog,
            LogProblem::UnknownStream => LogRefusal::UnknownStream,
        };
        out.refused += again::refuse_log(holder, key, why)?;
        out.moved = true;
    }
    let cleared = push.keys.iter().zip(&push.logs);
    out.moved |= cleared
        .into_iter()
        .any(|(key, log)| !log.erased.is_empty() && !troubled.contains(key));
    for (key, id) in push.ids() {
        if !troubled.contains(&key) {
            out.sent.push((key.0, id));
            out.moved = true;
        }
    }
    Ok(())
}

/// Takes in the marks of what supervisors have seen.
fn take_seen<H: Holder>(
    holder: &mut H,
    request: &SyncRequest,
    response: &SyncResponse,
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    if request.epoch != response.epoch {
        // Revisions of another epoch are not those of this one.
        holder.state_mut().seen = 0;
    }
    let Some(news) = &response.seen else {
        return Ok(());
    };
    for mark in &news.marks {
        // A stream that was never held here has nothing of this phone.
        if let Some(stream) = holder.known(&mark.stream) {
            holder.take(Step::Seen {
                record: mark.record,
                stream,
                upto: mark.upto,
                at: mark.at,
            })?;
        }
    }
    holder.state_mut().seen = news.revision;
    out.more |= news.more;
    out.moved |= news.more;
    Ok(())
}

/// Takes in what was erased since the last request. What this phone wrote and the server has not
/// decided on, or refused, stays until it did or the person settles it.
fn take_erasures<H: Holder>(
    holder: &mut H,
    request: &SyncRequest,
    response: &SyncResponse,
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    if request.epoch != response.epoch {
        // Revisions of another epoch are not those of this one.
        holder.state_mut().erasures = 0;
    }
    // What waited when its record was erased has been decided on by now, or waits on.
    let waited = std::mem::take(&mut holder.state_mut().erasing);
    let news = response.erasures.as_ref();
    for record in waited.iter().chain(news.iter().flat_map(|n| &n.records)) {
        if holder.erase_record(record)? {
            holder.state_mut().erasing.insert(*record);
        }
    }
    let Some(news) = news else {
        return Ok(());
    };
    let asked = request.report.as_ref().map(|report| report.erasures);
    let state = holder.state_mut();
    let answers = asked == Some(state.erasures) || request.epoch != response.epoch;
    if answers {
        state.erasures = news.revision;
    }
    out.more |= news.more || !answers;
    out.moved |= news.more || !answers;
    Ok(())
}

fn take_directives<H: Holder>(
    holder: &mut H,
    response: &SyncResponse,
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    for directive in &response.directives {
        let Directive::Erase(name) = directive else {
            continue;
        };
        let Some(stream) = holder.known(name) else {
            // Never held here: say so.
            tell_erased(holder, name);
            continue;
        };
        // The verdicts come before the order; whatever still waits is sent first, and what a
        // restored server lacks is given back.
        let left = holder.waiting().any(|w| w.stream == stream);
        let owed = holder.state().debts.contains_key(&stream);
        if !left && !owed {
            holder.take(Step::EraseStream(stream))?;
            let state = holder.state_mut();
            state.debts.remove(&stream);
            state.unread.remove(&stream);
            state.regained.remove(&stream);
            tell_erased(holder, name);
            out.erased.push(name.clone());
            out.moved = true;
        }
    }
    Ok(())
}

fn tell_erased<H: Holder>(holder: &mut H, name: &StreamId) {
    let erased = &mut holder.state_mut().erased;
    if !erased.contains(name) {
        erased.push(name.clone());
    }
}
