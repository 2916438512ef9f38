//! What the session of the core asks of this store, and its steps as rows of one transaction.
//!
//! What enters: questions and steps. What leaves: what stands in the store and in memory, changed
//! by every step before. What never happens here: a decision; those are the session's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::entry::Receipt;
use gridfold_sync_core::ids::{EntryRef, FormCode, IncarnationId, RecordId, StreamId};
use gridfold_sync_core::session::phone::{
    Again, Filed, Held, Holder, LogKey, Peer, Step, SyncState, Waiting,
};
use gridfold_sync_core::session::{Position, SessionError};

use crate::error::ClientError;
use crate::shell::batch::{Batch, place};
use crate::shell::carry::forget_marks;
use crate::shell::receipts::{self, seq_of};
use crate::shell::rows::{NO_RECORD, OutboxItem, StreamNo, log_prefix, ref_of_key};
use crate::shell::state::{self, Account, Bearings, HeldDirectory, State, entry_row};
use crate::shell::store::{ITEMS, REFS, Source, Tx};

impl From<SessionError> for ClientError {
    fn from(error: SessionError) -> Self {
        Self::internal(match error {
            SessionError::TornChain => return Self::damaged("items"),
            SessionError::NotNext => "response/not_next",
            SessionError::NotOurs => "response/not_ours",
            SessionError::Inconsistent => "response/inconsistent",
            SessionError::BadReceipt => "response/bad_receipt",
            SessionError::TooLarge => "response/too_large",
        })
    }
}

impl Account {
    pub(crate) fn peer(&self) -> Peer {
        Peer {
            author: self.author(),
            server: self.server_key(),
        }
    }
}

/// What is held: rows of the store, what memory holds of it, and what waits.
pub(crate) struct Reading<'a, R> {
    source: &'a R,
    bearings: &'a Bearings,
    state: &'a State,
    /// What of the outbox a transaction takes out, and puts in.
    changed: Option<(&'a BTreeSet<u64>, &'a BTreeMap<u64, OutboxItem>)>,
}

impl<'a, R: Source> Reading<'a, R> {
    /// Outside of a transaction.
    pub(crate) fn of(source: &'a R, state: &'a State) -> Self {
        Self {
            source,
            bearings: &state.bearings,
            state,
            changed: None,
        }
    }
}

/// The record an entry is filed under, when it is known.
fn known_record(record: RecordId) -> Option<RecordId> {
    (record.bytes() != NO_RECORD).then_some(record)
}

/// What it is filed under otherwise.
fn filed_under(record: Option<RecordId>) -> RecordId {
    record.unwrap_or_else(|| RecordId::from_bytes(NO_RECORD))
}

impl<R: Source> Held for Reading<'_, R> {
    type Error = ClientError;
    type Stream = StreamNo;

    fn known(&self, stream: &StreamId) -> Option<StreamNo> {
        self.bearings.numbers.get(stream).copied()
    }
    fn stream(&self, stream: StreamNo) -> Result<StreamId, ClientError> {
        self.bearings.stream(stream).cloned()
    }
    fn begun(&self) -> Vec<(StreamNo, Position)> {
        let cursors = self.bearings.cursors.iter();
        cursors.map(|(stream, at)| (*stream, *at)).collect()
    }
    fn position(&self, stream: StreamNo) -> Position {
        self.bearings.position(stream)
    }
    fn place(
        &self,
        stream: StreamNo,
        seq: u64,
    ) -> Result<Option<(EntryRef, Position)>, ClientError> {
        place(self.source, stream, seq)
    }
    fn entry(&self, stream: StreamNo, id: &EntryRef) -> Result<Option<Filed>, ClientError> {
        let found = entry_row(self.source, stream, id)?;
        Ok(found.map(|(record, held)| (known_record(record), held)))
    }
    fn is_own(&self, incarnation: IncarnationId) -> bool {
        self.bearings.is_own(incarnation)
    }
    fn incarnation(&self) -> IncarnationId {
        self.bearings.instance.incarnation
    }
    fn waiting(&self) -> impl Iterator<Item = Waiting<StreamNo>> {
        let (gone, new) = self.changed.unzip();
        let stays = move |(order, _): &(&u64, &OutboxItem)| gone.is_none_or(|g| !g.contains(order));
        let before = self.state.outbox.iter().filter(stays);
        let all = before.chain(new.into_iter().flatten());
        all.map(|(_, item)| Waiting {
            stream: item.stream,
            id: item.id,
            record: known_record(item.record),
        })
    }
    fn proved(&self, stream: StreamNo) -> Result<Vec<u64>, ClientError> {
        receipts::proved(self.source, stream)
    }
    fn receipt(&self, stream: StreamNo, seq: u64) -> Result<Option<Receipt>, ClientError> {
        receipts::receipt(self.source, stream, seq)
    }
    fn directory_digest(&self) -> [u8; 8] {
        self.bearings
            .held
            .as_ref()
            .map_or([0; 8], |held| held.digest)
    }
    fn follows(&self) -> Vec<StreamId> {
        let held = self.bearings.held.as_ref();
        held.map_or_else(Vec::new, |held| held.streams().into_iter().collect())
    }
    fn state(&self) -> &SyncState<StreamNo> {
        &self.bearings.sync
    }
}

impl<'a> Batch<'a> {
    fn reading(&self) -> Reading<'_, Tx<'a>> {
        Reading {
            source: self.tx,
            bearings: &self.bearings,
            state: self.state,
            changed: Some(self.outbox_changes()),
        }
    }
}

/// As it is outside of a transaction, with what this one changed so far.
impl Held for Batch<'_> {
    type Error = ClientError;
    type Stream = StreamNo;

    fn known(&self, stream: &StreamId) -> Option<StreamNo> {
        self.bearings.numbers.get(stream).copied()
    }
    fn stream(&self, stream: StreamNo) -> Result<StreamId, ClientError> {
        self.bearings.stream(stream).cloned()
    }
    fn begun(&self) -> Vec<(StreamNo, Position)> {
        self.reading().begun()
    }
    fn position(&self, stream: StreamNo) -> Position {
        self.bearings.position(stream)
    }
    fn place(
        &self,
        stream: StreamNo,
        seq: u64,
    ) -> Result<Option<(EntryRef, Position)>, ClientError> {
        place(self.tx, stream, seq)
    }
    fn entry(&self, stream: StreamNo, id: &EntryRef) -> Result<Option<Filed>, ClientError> {
        Held::entry(&self.reading(), stream, id)
    }
    fn is_own(&self, incarnation: IncarnationId) -> bool {
        self.bearings.is_own(incarnation)
    }
    fn incarnation(&self) -> IncarnationId {
        self.bearings.instance.incarnation
    }
    fn waiting(&self) -> impl Iterator<Item = Waiting<StreamNo>> {
        let waiting: Vec<_> = self.reading().waiting().collect();
        waiting.into_iter()
    }
    fn proved(&self, stream: StreamNo) -> Result<Vec<u64>, ClientError> {
        receipts::proved(self.tx, stream)
    }
    fn receipt(&self, stream: StreamNo, seq: u64) -> Result<Option<Receipt>, ClientError> {
        receipts::receipt(self.tx, stream, seq)
    }
    fn directory_digest(&self) -> [u8; 8] {
        self.reading().directory_digest()
    }
    fn follows(&self) -> Vec<StreamId> {
        self.reading().follows()
    }
    fn state(&self) -> &SyncState<StreamNo> {
        &self.bearings.sync
    }
}

impl Holder for Batch<'_> {
    fn name(&mut self, stream: &StreamId) -> Result<StreamNo, ClientError> {
        self.number(stream)
    }
    fn state_mut(&mut self) -> &mut SyncState<StreamNo> {
        &mut self.bearings.sync
    }
    fn entries(&self, stream: StreamNo) -> Result<Vec<Filed>, ClientError> {
        self.filed(stream, &stream.to_be_bytes())
    }
    fn log(&self, (stream, incarnation): LogKey<StreamNo>) -> Result<Vec<Filed>, ClientError> {
        self.filed(stream, &log_prefix(stream, incarnation))
    }
    fn has_part(&mut self, record: &RecordId, stream: StreamNo) -> Result<bool, ClientError> {
        Batch::has_part(self, record, stream)
    }
    fn take(&mut self, step: Step<'_, StreamNo>) -> Result<(), ClientError> {
        match step {
            Step::Directory(bytes) => self.put_directory(bytes),
            Step::Place { stream, at, id } => self.put_place(stream, at, &id),
            Step::Position { stream, at } => self.set_position(stream, at),
            Step::Back { stream, to } => self.go_back(stream, to),
            Step::Receipt { receipt, streams } => self.put_receipt(receipt, streams),
            Step::Store {
                record,
                stream,
                entry,
            } => self.file_entry(&filed_under(record), stream, entry),
            Step::Drop { record, stream, id } => self.drop_entry(&filed_under(record), stream, &id),
            Step::Enqueue(Waiting { stream, id, record }) => {
                // It waits again, or under another name: it is part of no change any more.
                self.change = None;
                self.enqueue(stream, id, filed_under(record))
            }
            Step::Dequeue { stream, id } => self.dequeue(stream, &id),
            Step::FoldIn {
                record,
                stream,
                entry,
            } => self.fold_in(&record, stream, entry),
            Step::Refold { record, stream } => self.refold(&record, stream),
            Step::Show(record) => {
                self.record(&record)?;
                self.touch(&record);
                Ok(())
            }
            Step::KeepRefused {
                record,
                stream,
                entry,
            } => self.keep_refused(&record, stream, entry),
            Step::DropRefused { stream, id } => self.drop_refused(stream, id),
            Step::Renew => {
                // Part of what is written again may have left the phone: none of it can be undone.
                self.change = None;
                self.renew_incarnation()
            }
            Step::EraseStream(stream) => self.erase_stream(stream),
            Step::Seen {
                record,
                stream,
                upto,
                at,
            } => self.note_seen(&record, stream, upto, at).map(drop),
            Step::NewEpoch => forget_marks(self.tx),
        }
    }
    fn shows_refused(&self, stream: StreamNo, id: &EntryRef) -> bool {
        self.bearings.refused.contains_key(&(stream, *id))
    }
    fn write_again(&mut self, again: Again<StreamNo>) -> Result<EntryRef, ClientError> {
        let Again {
            record,
            stream,
            target,
            header,
            ops,
        } = again;
        let entry = self.next_entry(stream, target, header.form_version, header.claimed, ops);
        let id = entry.id();
        self.author(&filed_under(record), stream, entry)?;
        Ok(id)
    }
    fn erase_record(&mut self, record: &RecordId) -> Result<bool, ClientError> {
        Batch::erase_record(self, record)
    }
}

impl Batch<'_> {
    /// Entries whose names begin so, with the records they are filed under.
    fn filed(&self, stream: StreamNo, prefix: &[u8]) -> Result<Vec<Filed>, ClientError> {
        let mut out = Vec::new();
        for key in self.tx.keys(REFS, prefix)? {
            out.extend(Held::entry(self, stream, &ref_of_key(&key)?)?);
        }
        Ok(out)
    }

    /// Forgets places and receipts past where the chain of a stream ends now.
    fn go_back(&mut self, stream: StreamNo, to: Position) -> Result<(), ClientError> {
        for key in self.tx.keys(ITEMS, &stream.to_be_bytes())? {
            if seq_of(&key)? > to.seq {
                self.tx.delete(ITEMS, &key)?;
            }
        }
        self.forget_receipts(stream, to.seq)?;
        self.set_position(stream, to)
    }

    /// Puts a directory in place of the one held; records of forms that changed are shown anew.
    fn put_directory(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let held =
            HeldDirectory::of(bytes).map_err(|_| ClientError::internal("response/directory"))?;
        let mut changed: BTreeSet<FormCode> = BTreeSet::new();
        for code in held.scope.forms.iter().map(|f| &f.code) {
            let before = self.bearings.held.as_ref().and_then(|h| h.form(code));
            if before != held.form(code) {
                changed.insert(code.clone());
            }
        }
        let rows = self.state.rows.iter();
        let stale = rows.filter(|(_, row)| changed.contains(&row.form));
        for record in stale.map(|(record, _)| *record).collect::<Vec<_>>() {
            self.record(&record)?;
            self.touch(&record);
        }
        state::put_directory(self.tx, bytes)?;
        self.bearings.held = Some(Arc::new(held));
        Ok(())
    }
}
