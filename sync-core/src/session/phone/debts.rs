//! Debts to a restored server: what it lacks is given back before anything else is decided.
//!
//! What enters: resets, and answers to cursors. What leaves: runs with the receipt that proves
//! them; then this phone stands where both chains are the same, and what it wrote itself past that
//! place waits again. What never happens here: a chain that is taken apart, a page that is taken
//! or a stream that is erased while something of it is owed.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use super::held::{Fate, Held, HeldEntry, Holder, Step, Waiting, form_of_new};
use super::push::payload_size;
use super::state::Applied;
use crate::entry::Item;
use crate::ids::{RecordId, StreamId};
use crate::limits::{MAX_BODY_WIRE_BYTES, MAX_ITEMS_PER_PULL};
use crate::session::{Debt, Position, SessionError};
use crate::wire::{RecoverRun, StreamReset, SyncRequest, SyncResponse};

/// Payloads of one run, well under what a body may hold.
const MAX_RUN_BYTES: usize = MAX_BODY_WIRE_BYTES / 4;

/// Where the phone asks a stream on from: its end, or the place that a debt asks about.
pub(super) fn asks_at<H: Held>(held: &H, stream: H::Stream) -> Result<Position, H::Error> {
    match held.state().debts.get(&stream) {
        None => Ok(held.position(stream)),
        Some(debt) => Ok(chain_at(held, stream, debt.probe())?.ok_or(SessionError::TornChain)?),
    }
}

/// The phone's chain at a place; none past its end.
fn chain_at<H: Held>(held: &H, stream: H::Stream, seq: u64) -> Result<Option<Position>, H::Error> {
    let here = held.position(stream);
    Ok(match seq {
        0 => Some(Position::default()),
        seq if seq == here.seq => Some(here),
        seq if seq < here.seq => held.place(stream, seq)?.map(|(_, at)| at),
        _ => None,
    })
}

/// Takes in what a response says of where the server stands. Pages come after it.
pub(super) fn take_standing<H: Holder>(
    holder: &mut H,
    request: &SyncRequest,
    response: &SyncResponse,
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    let before = std::mem::replace(&mut holder.state_mut().epoch, response.epoch);
    if before != response.epoch {
        holder.take(Step::NewEpoch)?;
        if before == 0 {
            return Ok(());
        }
        // Another log than before: of each chain nothing is known until it is told.
        let begun = holder.begun().into_iter().filter(|(_, at)| at.seq > 0);
        let debts: BTreeMap<_, _> = begun.map(|(s, at)| (s, Debt::whole(at.seq))).gathered();
        holder.state_mut().debts = debts;
        for reset in &response.resets {
            let stream = holder.name(&reset.stream)?;
            take_reset(holder, stream, reset)?;
        }
        // It serves nothing before it is asked in its own epoch.
        out.more = true;
        out.moved = true;
        return Ok(());
    }
    if response.says_nothing(request) {
        // Nobody signs for nothing: it settles no question.
        return Ok(());
    }
    for cursor in &request.cursors {
        let Some(stream) = holder.known(&cursor.stream) else {
            continue;
        };
        let reset = response.resets.iter().find(|r| r.stream == cursor.stream);
        let here = holder.position(stream).seq;
        let debts = &mut holder.state_mut().debts;
        match debts.get_mut(&stream) {
            Some(debt) => {
                debt.answered(reset.is_none());
                out.moved = true;
            }
            None if reset.is_some() && here > 0 => {
                debts.insert(stream, Debt::whole(here));
                out.moved = true;
            }
            None => continue,
        }
        match reset {
            Some(reset) => take_reset(holder, stream, reset)?,
            None => pay(holder, stream, request)?,
        }
    }
    Ok(())
}

/// A reset names the newest place of the server's stream, which may lie on the phone's chain.
fn take_reset<H: Holder>(
    holder: &mut H,
    stream: H::Stream,
    reset: &StreamReset,
) -> Result<(), H::Error> {
    let here = holder.position(stream).seq;
    let at = chain_at(holder, stream, reset.seq)?;
    let same = at.is_some_and(|at| at.prefix == reset.prefix);
    let debts = &mut holder.state_mut().debts;
    let Some(debt) = debts.get(&stream).cloned() else {
        return Ok(());
    };
    if same && reset.seq == here {
        debts.remove(&stream);
    } else if same && (reset.seq > 0 || here <= MAX_ITEMS_PER_PULL as u64) {
        // The server lacks all that follows. One that tells nothing of a stream answers like
        // one that has nothing of it: a short chain is given back whole.
        if debt.given() == 0 {
            debts.insert(stream, Debt::after(reset.seq));
        }
    } else if !same && reset.seq <= here {
        debts.insert(stream, debt.parted_before(reset.seq));
    }
    Ok(())
}

/// Settles what is paid with this round trip.
fn pay<H: Holder>(
    holder: &mut H,
    stream: H::Stream,
    request: &SyncRequest,
) -> Result<(), H::Error> {
    let here = holder.position(stream).seq;
    let name = holder.stream(stream)?;
    let debts = &mut holder.state_mut().debts;
    let Some(debt) = debts.get_mut(&stream) else {
        return Ok(());
    };
    let Some(common) = debt.common() else {
        return Ok(());
    };
    if common == here {
        debts.remove(&stream);
        return Ok(());
    }
    let runs = request.recover.iter();
    let Some(run) = runs
        .filter(|r| r.stream == name)
        .find(|r| r.after == common)
    else {
        return Ok(());
    };
    let upto = run.after + run.items.len() as u64;
    if upto < here {
        debt.gave(upto);
        return Ok(());
    }
    settle(holder, stream, common)
}

/// Nothing more of a stream can be given back: the phone stands at the place that both hold.
/// Its own entries past it wait again, in the order they had; others' stay until the server's
/// log has been read to its end, which tells whether they are part of it.
fn settle<H: Holder>(holder: &mut H, stream: H::Stream, common: u64) -> Result<(), H::Error> {
    let to = chain_at(holder, stream, common)?.ok_or(SessionError::TornChain)?;
    let mut lost = Vec::new();
    for (record, held) in holder.entries(stream)? {
        let placed = held.said.map_or(0, |s| s.place);
        let own = holder.is_own(held.id.incarnation);
        if placed > common && own && held.can_be_sent() {
            lost.push((placed, record, held));
        }
    }
    wait_again(holder, stream, lost)?;
    holder.take(Step::Back { stream, to })?;
    let state = holder.state_mut();
    state.debts.remove(&stream);
    state.unread.insert(stream);
    Ok(())
}

/// Settles debts of which nothing more can be proved.
pub(super) fn settle_unproved<H: Holder>(
    holder: &mut H,
    dead: &[(H::Stream, u64)],
) -> Result<(), H::Error> {
    for (stream, common) in dead {
        let debt = holder.state().debts.get(stream);
        if debt.and_then(Debt::common) == Some(*common) {
            settle(holder, *stream, *common)?;
        }
    }
    Ok(())
}

/// Takes note of what the server's disk lost of streams that are held here.
pub(super) fn take_lacks<H: Held>(held: &H, response: &SyncResponse, out: &mut Applied<H::Stream>) {
    for lack in &response.lacks {
        let Some(stream) = held.known(&lack.stream) else {
            continue;
        };
        if lack.after < held.position(stream).seq {
            out.lacks.push((stream, lack.after));
        } else {
            out.held.insert(stream);
        }
    }
}

/// Once the server's log was read to its end: what stands nowhere in it is not part of it.
pub(super) fn sweep<H: Holder>(
    holder: &mut H,
    request: &SyncRequest,
    response: &SyncResponse,
    out: &mut Applied<H::Stream>,
) -> Result<(), H::Error> {
    for stream in holder.state().unread.clone() {
        let name = holder.stream(stream)?;
        let asked = request.cursors.iter().any(|c| c.stream == name);
        let reset = response.resets.iter().any(|r| r.stream == name);
        let page = response.pages.iter().find(|p| p.stream == name);
        let owed = holder.state().debts.contains_key(&stream);
        let held = out.held.contains(&stream);
        if owed || !asked || reset || held || page.is_some_and(|p| p.more) {
            continue;
        }
        holder.state_mut().unread.remove(&stream);
        let here = holder.position(stream).seq;
        let mut lost = Vec::new();
        for (record, held) in holder.entries(stream)? {
            let Some(said) = held.said else { continue };
            let stands = said.place <= here
                && holder
                    .place(stream, said.place)?
                    .is_some_and(|(id, _)| id == held.id);
            if stands {
                continue;
            }
            if holder.is_own(held.id.incarnation) {
                // Its chain was lost with a damaged store, and the server's log with it.
                if held.can_be_sent() {
                    lost.push((said.place, record, held));
                }
                continue;
            }
            let_go(holder, record, stream, &held)?;
        }
        out.moved |= !lost.is_empty();
        wait_again(holder, stream, lost)?;
    }
    for stream in holder.state().regained.clone() {
        let state = holder.state_mut();
        if state.debts.contains_key(&stream) || state.unread.contains(&stream) {
            continue;
        }
        state.regained.remove(&stream);
        if lacks_words(holder, stream)? {
            read_anew(holder, stream)?;
            out.more = true;
            out.moved = true;
        }
    }
    Ok(())
}

/// Has own entries that the server lacks sent again, in the order they had.
fn wait_again<H: Holder>(
    holder: &mut H,
    stream: H::Stream,
    mut lost: Vec<(u64, Option<RecordId>, HeldEntry)>,
) -> Result<(), H::Error> {
    if lost.is_empty() {
        return Ok(());
    }
    lost.sort_by_key(|(placed, ..)| *placed);
    // What was written since stands on it, so it goes after it.
    let waiting: Vec<_> = holder.waiting().filter(|w| w.stream == stream).collect();
    for Waiting { id, .. } in &waiting {
        holder.take(Step::Dequeue { stream, id: *id })?;
    }
    for (_, record, held) in lost {
        wait(holder, record, stream, held)?;
        if let Some(record) = record {
            holder.take(Step::Show(record))?;
        }
    }
    for item in waiting {
        holder.take(Step::Enqueue(item))?;
    }
    Ok(())
}

/// Has an own entry wait to be sent, after what waits already.
fn wait<H: Holder>(
    holder: &mut H,
    record: Option<RecordId>,
    stream: H::Stream,
    mut held: HeldEntry,
) -> Result<(), H::Error> {
    held.fate = Fate::Pending;
    let (id, entry) = (held.id, &held);
    holder.take(Step::Store {
        record,
        stream,
        entry,
    })?;
    holder.take(Step::Enqueue(Waiting { stream, id, record }))
}

/// Has an own entry that was refused wait again.
pub(super) fn refused_waits_again<H: Holder>(
    holder: &mut H,
    record: Option<RecordId>,
    stream: H::Stream,
    held: HeldEntry,
) -> Result<(), H::Error> {
    let id = held.id;
    holder.take(Step::DropRefused { stream, id })?;
    wait(holder, record, stream, held)
}

/// Drops an entry that is not part of the server's log. What this phone wrote to a record that
/// goes with it is still to be decided on, and is told by its form.
pub(super) fn let_go<H: Holder>(
    holder: &mut H,
    record: Option<RecordId>,
    stream: H::Stream,
    held: &HeldEntry,
) -> Result<(), H::Error> {
    let id = held.id;
    if let (Some(record), Some(form)) = (record, form_of_new(held.entry.as_ref())) {
        let forms = &mut holder.state_mut().forms_of_waiting;
        forms.insert(record, form.clone());
    }
    holder.take(Step::Drop { record, stream, id })?;
    match record {
        Some(record) => holder.take(Step::Refold { record, stream }),
        None => Ok(()),
    }
}

/// Forgets forms of records to which nothing waits any more.
pub(super) fn forget_forms<H: Holder>(holder: &mut H) {
    let mut forms = std::mem::take(&mut holder.state_mut().forms_of_waiting);
    if !forms.is_empty() {
        let waiting: BTreeSet<_> = holder.waiting().filter_map(|w| w.record).gathered();
        forms.retain(|record, _| waiting.contains(record));
    }
    holder.state_mut().forms_of_waiting = forms;
}

/// Notes streams that may be read again: a phone that was leaving one went on in it by
/// verdicts, without the words of others, and reads it anew.
pub(super) fn take_regained<H: Holder>(holder: &mut H, before: &BTreeSet<StreamId>) {
    for name in holder.follows() {
        if !before.contains(&name)
            && let Some(stream) = holder.known(&name)
            && holder.position(stream).seq > 0
        {
            let state = holder.state_mut();
            state.regained.insert(stream);
            // What was erased in it meanwhile was told to others only.
            state.erasures = 0;
        }
    }
}

/// Whether an entry that counts is known by its verdict only.
fn lacks_words<H: Holder>(holder: &H, stream: H::Stream) -> Result<bool, H::Error> {
    let entries = holder.entries(stream)?;
    Ok(entries
        .iter()
        .any(|(_, held)| held.entry.is_none() && held.fate.counts()))
}

/// Reads a stream again from its beginning; what is here stays here meanwhile.
fn read_anew<H: Holder>(holder: &mut H, stream: H::Stream) -> Result<(), H::Error> {
    let to = Position::default();
    for (record, held) in holder.entries(stream)? {
        if record.is_none() && !holder.is_own(held.id.incarnation) {
            let id = held.id;
            holder.take(Step::Drop { record, stream, id })?;
        }
    }
    holder.take(Step::Back { stream, to })?;
    holder.state_mut().unread.insert(stream);
    Ok(())
}

/// The run that gives a restored server back what follows the place that both hold, as far as one
/// receipt proves it and past what was given before; none when nothing proves more.
pub(super) fn recover_run<H: Held>(
    held: &H,
    stream: H::Stream,
    after: u64,
    given: u64,
) -> Result<Option<RecoverRun>, H::Error> {
    let here = held.position(stream).seq;
    let mut proved = held.proved(stream)?;
    proved.reverse();
    // One run from the place that both hold up to the newest receipt: once others have written
    // there, a second run would no longer follow what the server has.
    let mut fallback = None;
    for upto in proved {
        if upto <= after.max(given) {
            break;
        }
        if upto > here || upto - after > MAX_ITEMS_PER_PULL as u64 {
            continue;
        }
        let Some(receipt) = held.receipt(stream, upto)? else {
            continue;
        };
        let Some(items) = items_between(held, stream, after, upto)? else {
            continue;
        };
        let entries = items.iter().filter_map(|i| i.entry.as_ref());
        let bytes: usize = entries.map(payload_size).sum();
        let run = RecoverRun {
            receipt,
            stream: held.stream(stream)?,
            after,
            items,
        };
        if bytes <= MAX_RUN_BYTES {
            return Ok(Some(run));
        }
        fallback = Some(run);
    }
    Ok(fallback)
}

/// The items of a stream between two places, when all of them are here.
fn items_between<H: Held>(
    held: &H,
    stream: H::Stream,
    after: u64,
    upto: u64,
) -> Result<Option<Vec<Item>>, H::Error> {
    let mut items = Vec::new();
    for seq in after + 1..=upto {
        let Some((id, _)) = held.place(stream, seq)? else {
            return Ok(None);
        };
        let found = held.entry(stream, &id)?;
        let Some(item) = found.and_then(|(_, held)| held.item()) else {
            return Ok(None);
        };
        items.push(item);
    }
    Ok(Some(items))
}
