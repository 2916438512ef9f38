//! Debts to a restored server: what it lacks is given back before anything else is decided.
//!
//! What enters: resets, and answers to cursors. What leaves: runs with the receipt that proves
//! them; then this phone stands where both chains are the same, and what it wrote itself past that
//! place waits again. What never happens here: a chain that is taken apart, a page that is taken
//! or a stream that is erased while something of it is owed.

use std::collections::BTreeSet;

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::entry::{Item, Receipt, Target};
use gridfold_sync_core::ids::{RecordId, StreamId};
use gridfold_sync_core::limits::{MAX_BODY_WIRE_BYTES, MAX_ITEMS_PER_PULL};
use gridfold_sync_core::session::{Debt, Position};
use gridfold_sync_core::wire::{RecoverRun, StreamReset, SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::shell::applied::Applied;
use crate::shell::batch::{Batch, place};
use crate::shell::carry::forget_marks;
use crate::shell::heal::{body_key, seq_of};
use crate::shell::outbox::payload_size;
use crate::shell::rows::{EntryRow, Fate, NO_RECORD, StreamNo, ref_of_key};
use crate::shell::state::{Core, entry_row, put_session};
use crate::shell::store::{ITEMS, RECEIPT_BODIES, RECEIPTS, REFS, Source};

/// Payloads of one run, well under what a body may hold.
const MAX_RUN_BYTES: usize = MAX_BODY_WIRE_BYTES / 4;

/// Where the phone asks a stream on from: its end, or the place that a debt asks about.
pub(crate) fn asks_at(
    source: &impl Source,
    core: &Core,
    stream: StreamNo,
) -> Result<Position, ClientError> {
    match core.session.debts.get(&stream) {
        None => Ok(core.position(stream)),
        Some(debt) => chain_at(source, core, stream, debt.probe())
            .and_then(|at| at.ok_or_else(|| ClientError::damaged("items"))),
    }
}

/// Whether an entry was admitted and is here with its words: what was erased cannot be sent again.
fn can_be_sent(row: &EntryRow) -> bool {
    let admitted = matches!(row.fate, Fate::Decided(v) if v.is_admitted());
    admitted && row.entry.as_ref().is_some_and(|e| e.ops.is_some())
}

/// The phone's chain at a place; none past its end.
fn chain_at(
    source: &impl Source,
    core: &Core,
    stream: StreamNo,
    seq: u64,
) -> Result<Option<Position>, ClientError> {
    let here = core.position(stream);
    Ok(match seq {
        0 => Some(Position::default()),
        seq if seq == here.seq => Some(here),
        seq if seq < here.seq => place(source, stream, seq)?.map(|(_, at)| at),
        _ => None,
    })
}

impl Batch<'_> {
    /// Takes in what a response says of where the server stands. Pages come after it.
    pub(crate) fn take_standing(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        let before = std::mem::replace(&mut self.core.session.epoch, response.epoch);
        if before != response.epoch {
            forget_marks(self.tx)?;
            if before == 0 {
                return Ok(());
            }
            // Another log than before: of each chain nothing is known until it is told.
            let cursors = std::sync::Arc::clone(&self.core.cursors);
            let held = cursors.iter().filter(|(_, at)| at.seq > 0);
            self.core.session.debts = held.map(|(s, at)| (*s, Debt::whole(at.seq))).collect();
            for reset in &response.resets {
                let stream = self.number(&reset.stream)?;
                self.take_reset(stream, reset)?;
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
            let Some(stream) = self.core.numbers.get(&cursor.stream).copied() else {
                continue;
            };
            let reset = response.resets.iter().find(|r| r.stream == cursor.stream);
            let here = self.core.position(stream).seq;
            match self.core.session.debts.get_mut(&stream) {
                Some(debt) => {
                    debt.answered(reset.is_none());
                    out.moved = true;
                }
                None if reset.is_some() && here > 0 => {
                    self.core.session.debts.insert(stream, Debt::whole(here));
                    out.moved = true;
                }
                None => continue,
            }
            match reset {
                Some(reset) => self.take_reset(stream, reset)?,
                None => self.pay(stream, request)?,
            }
        }
        Ok(())
    }

    /// A reset names the newest place of the server's stream, which may lie on the phone's chain.
    fn take_reset(&mut self, stream: StreamNo, reset: &StreamReset) -> Result<(), ClientError> {
        let here = self.core.position(stream).seq;
        let at = chain_at(self.tx, &self.core, stream, reset.seq)?;
        let same = at.is_some_and(|at| at.prefix == reset.prefix);
        let debts = &mut self.core.session.debts;
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
    fn pay(&mut self, stream: StreamNo, request: &SyncRequest) -> Result<(), ClientError> {
        let here = self.core.position(stream).seq;
        let name = self.core.stream(stream)?.clone();
        let Some(debt) = self.core.session.debts.get_mut(&stream) else {
            return Ok(());
        };
        let Some(common) = debt.common() else {
            return Ok(());
        };
        if common == here {
            self.core.session.debts.remove(&stream);
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
        self.settle(stream, common)
    }

    /// Nothing more of a stream can be given back: the phone stands at the place that both hold.
    /// Its own entries past it wait again, in the order they had; others' stay until the server's
    /// log has been read to its end, which tells whether they are part of it.
    pub(crate) fn settle(&mut self, stream: StreamNo, common: u64) -> Result<(), ClientError> {
        let to = chain_at(self.tx, &self.core, stream, common)?
            .ok_or_else(|| ClientError::damaged("items"))?;
        let mut lost = Vec::new();
        for (record, row) in self.entries_of(stream)? {
            let placed = row.said.map_or(0, |s| s.place);
            let own = self.core.is_own(row.id.incarnation);
            if placed > common && own && can_be_sent(&row) {
                lost.push((placed, record, row));
            }
        }
        self.wait_again(stream, lost)?;
        for key in self.tx.keys(ITEMS, &stream.to_be_bytes())? {
            if seq_of(&key)? > common {
                self.tx.delete(ITEMS, &key)?;
            }
        }
        self.forget_receipts(stream, common)?;
        self.set_position(stream, to)?;
        self.core.session.debts.remove(&stream);
        self.core.session.unread.insert(stream);
        Ok(())
    }

    /// Takes note of what the server's disk lost of streams that are held here.
    pub(crate) fn take_lacks(&self, response: &SyncResponse, out: &mut Applied) {
        for lack in &response.lacks {
            let Some(stream) = self.core.numbers.get(&lack.stream).copied() else {
                continue;
            };
            if lack.after < self.core.position(stream).seq {
                out.lacks.push((stream, lack.after));
            } else {
                out.held.insert(stream);
            }
        }
    }

    /// Once the server's log was read to its end: what stands nowhere in it is not part of it.
    pub(crate) fn sweep(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        for stream in self.core.session.unread.clone() {
            let name = self.core.stream(stream)?.clone();
            let asked = request.cursors.iter().any(|c| c.stream == name);
            let reset = response.resets.iter().any(|r| r.stream == name);
            let page = response.pages.iter().find(|p| p.stream == name);
            let owed = self.core.session.debts.contains_key(&stream);
            let held = out.held.contains(&stream);
            if owed || !asked || reset || held || page.is_some_and(|p| p.more) {
                continue;
            }
            self.core.session.unread.remove(&stream);
            let here = self.core.position(stream).seq;
            let mut lost = Vec::new();
            for (record, row) in self.entries_of(stream)? {
                let Some(said) = row.said else { continue };
                let stands = said.place <= here
                    && place(self.tx, stream, said.place)?.is_some_and(|(id, _)| id == row.id);
                if stands {
                    continue;
                }
                if self.core.is_own(row.id.incarnation) {
                    // Its chain was lost with a damaged store, and the server's log with it.
                    if can_be_sent(&row) {
                        lost.push((said.place, record, row));
                    }
                    continue;
                }
                self.let_go(&record, stream, &row)?;
            }
            out.moved |= !lost.is_empty();
            self.wait_again(stream, lost)?;
        }
        for stream in self.core.session.regained.clone() {
            let session = &self.core.session;
            if session.debts.contains_key(&stream) || session.unread.contains(&stream) {
                continue;
            }
            self.core.session.regained.remove(&stream);
            if self.lacks_words(stream)? {
                self.read_anew(stream)?;
                out.more = true;
                out.moved = true;
            }
        }
        Ok(())
    }

    /// Has own entries that the server lacks sent again, in the order they had.
    fn wait_again(
        &mut self,
        stream: StreamNo,
        mut lost: Vec<(u64, RecordId, EntryRow)>,
    ) -> Result<(), ClientError> {
        if lost.is_empty() {
            return Ok(());
        }
        lost.sort_by_key(|(placed, ..)| *placed);
        // What was written since stands on it, so it goes after it.
        let waiting = self.waiting().into_iter().filter(|w| w.stream == stream);
        let waiting: Vec<_> = waiting.collect();
        self.change = None;
        for item in &waiting {
            self.dequeue(stream, &item.id)?;
        }
        for (_, record, mut row) in lost {
            row.fate = Fate::Pending;
            self.put_entry(&record, stream, &row)?;
            self.enqueue(stream, row.id, record)?;
            self.record(&record)?;
            self.touch(&record);
        }
        for item in waiting {
            self.enqueue(stream, item.id, item.record)?;
        }
        Ok(())
    }

    /// Drops an entry that is not part of the server's log. What this phone wrote to a record that
    /// goes with it is still to be decided on, and is told by its form.
    pub(crate) fn let_go(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        row: &EntryRow,
    ) -> Result<(), ClientError> {
        if let Some(Target::New { form, .. }) = row.entry.as_ref().map(|e| &e.header.target)
            && record.bytes() != NO_RECORD
        {
            let forms = &mut self.core.session.forms_of_waiting;
            forms.insert(*record, form.clone());
        }
        self.drop_entry(record, stream, &row.id)?;
        self.refold(record, stream)
    }

    /// Forgets forms of records to which nothing waits any more.
    pub(crate) fn forget_forms(&mut self) {
        let mut forms = std::mem::take(&mut self.core.session.forms_of_waiting);
        if !forms.is_empty() {
            let waiting: BTreeSet<_> = self.waiting().into_iter().map(|w| w.record).collect();
            forms.retain(|record, _| waiting.contains(record));
        }
        self.core.session.forms_of_waiting = forms;
    }

    /// Notes streams that may be read again: a phone that was leaving one went on in it by
    /// verdicts, without the words of others, and reads it anew.
    pub(crate) fn take_regained(&mut self, before: &BTreeSet<StreamId>) -> Result<(), ClientError> {
        let now = self.core.held.as_ref().map(|h| h.streams());
        for name in now.unwrap_or_default().difference(before) {
            if let Some(stream) = self.core.numbers.get(name).copied()
                && self.core.position(stream).seq > 0
            {
                self.core.session.regained.insert(stream);
                // What was erased in it meanwhile was told to others only.
                self.core.session.erasures = 0;
            }
        }
        Ok(())
    }

    /// Whether an entry that counts is known by its verdict only.
    fn lacks_words(&self, stream: StreamNo) -> Result<bool, ClientError> {
        let entries = self.entries_of(stream)?;
        Ok(entries
            .iter()
            .any(|(_, row)| row.entry.is_none() && row.fate.counts()))
    }

    /// Reads a stream again from its beginning; what is here stays here meanwhile.
    fn read_anew(&mut self, stream: StreamNo) -> Result<(), ClientError> {
        for key in self.tx.keys(ITEMS, &stream.to_be_bytes())? {
            self.tx.delete(ITEMS, &key)?;
        }
        for (record, row) in self.entries_of(stream)? {
            if record.bytes() == NO_RECORD && !self.core.is_own(row.id.incarnation) {
                self.drop_entry(&record, stream, &row.id)?;
            }
        }
        self.forget_receipts(stream, 0)?;
        self.set_position(stream, Position::default())?;
        self.core.session.unread.insert(stream);
        Ok(())
    }

    /// All entries of a stream, with the records they are filed under.
    fn entries_of(&self, stream: StreamNo) -> Result<Vec<(RecordId, EntryRow)>, ClientError> {
        let mut out = Vec::new();
        for key in self.tx.keys(REFS, &stream.to_be_bytes())? {
            out.extend(self.entry(stream, &ref_of_key(&key)?)?);
        }
        Ok(out)
    }

    /// Settles debts of which nothing more can be proved.
    pub(crate) fn settle_unproved(&mut self, dead: &[(StreamNo, u64)]) -> Result<(), ClientError> {
        for (stream, common) in dead {
            let debt = self.core.session.debts.get(stream);
            if debt.and_then(Debt::common) == Some(*common) {
                self.settle(*stream, *common)?;
            }
        }
        put_session(self.tx, &self.core.session)
    }
}

/// The run that gives a restored server back what follows the place that both hold, as far as one
/// receipt proves it and past what was given before; none when nothing proves more.
pub(crate) fn recover_run(
    source: &impl Source,
    core: &Core,
    stream: StreamNo,
    after: u64,
    given: u64,
) -> Result<Option<RecoverRun>, ClientError> {
    let here = core.position(stream).seq;
    let mut keys = source.keys(RECEIPTS, &stream.to_be_bytes())?;
    keys.reverse();
    // One run from the place that both hold up to the newest receipt: once others have written
    // there, a second run would no longer follow what the server has.
    let mut fallback = None;
    for key in keys {
        let upto = seq_of(&key)?;
        if upto <= after.max(given) {
            break;
        }
        if upto > here || upto - after > MAX_ITEMS_PER_PULL as u64 {
            continue;
        }
        let Some(number) = source.get(RECEIPTS, &key)? else {
            continue;
        };
        let number = u64::from_be_bytes(Reader::new(&number).array()?);
        let Some(body) = source.get(RECEIPT_BODIES, &body_key(number, 1))? else {
            continue;
        };
        let Some(items) = items_between(source, stream, after, upto)? else {
            continue;
        };
        let entries = items.iter().filter_map(|i| i.entry.as_ref());
        let bytes: usize = entries.map(payload_size).sum();
        let run = RecoverRun {
            receipt: Receipt::decode(&mut Reader::new(&body))?,
            stream: core.stream(stream)?.clone(),
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
fn items_between(
    source: &impl Source,
    stream: StreamNo,
    after: u64,
    upto: u64,
) -> Result<Option<Vec<Item>>, ClientError> {
    let mut items = Vec::new();
    for seq in after + 1..=upto {
        let Some((id, _)) = place(source, stream, seq)? else {
            return Ok(None);
        };
        let row = entry_row(source, stream, &id)?;
        let Some(item) = row.and_then(|(_, row)| row.item()) else {
            return Ok(None);
        };
        items.push(item);
    }
    Ok(Some(items))
}
