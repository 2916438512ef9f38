//! Undo: the newest change is taken out of the device logs as if it had never been made.
//!
//! What enters: the outbox and the mark below which entries may have left the phone. What leaves:
//! logs that end before the change. What never happens here: a log with another entry under a
//! sequence that anyone else may have seen. So the mark is durable before entries are sent, and
//! from then on they stay, whether or not they arrived.

use gridfold_sync_core::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::codec::put_bytes;
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{EntryRef, RecordId};
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::consumed::{Kept, consumed};
use crate::shell::rows::OutboxItem;
use crate::shell::rows::{RefusedRow, StreamNo, ref_key};
use crate::shell::store::{CONSUMED, DRAFTS, HANDED_OUT, META};
use crate::types::{UndoneChange, UndoneEdit};

/// What of the outbox a push takes along, by order.
pub(crate) type Leaving = BTreeMap<u64, OutboxItem>;

impl Batch<'_> {
    /// From here on this batch writes one change of the phone's user.
    pub(crate) fn begin_change(&mut self) -> Result<(), ClientError> {
        self.change = Some(self.bearings.next_order);
        // Numbers of changes come again once they are gone: what an older one took out must not
        // come back with a newer.
        if self.bearings.consumed.take().is_some() {
            self.tx.delete(META, CONSUMED)?;
        }
        Ok(())
    }

    /// Entries of the outbox below this order leave the phone once this batch is durable.
    pub(crate) fn hand_out_below(&mut self, order: u64) -> Result<(), ClientError> {
        if order > self.bearings.handed_out {
            self.tx.put(META, HANDED_OUT, &order.to_be_bytes())?;
            self.bearings.handed_out = order;
        }
        Ok(())
    }

    /// Keeps what the change takes out of the store, for its undoing.
    pub(crate) fn keep_consumed(&mut self, place: Kept, value: Vec<u8>) -> Result<(), ClientError> {
        let Some(change) = self.change else {
            return Ok(());
        };
        let mut out = change.to_be_bytes().to_vec();
        match place {
            Kept::Refused(stream, id) => {
                out.push(0);
                out.extend_from_slice(&ref_key(stream, &id));
            }
            Kept::Draft(id) => {
                out.push(1);
                out.extend_from_slice(&id.bytes());
            }
        }
        put_bytes(&mut out, &value);
        self.tx.put(META, CONSUMED, &out)?;
        self.bearings.consumed = Some(change);
        Ok(())
    }

    fn give_back(&mut self, change: u64) -> Result<(), ClientError> {
        if self.bearings.consumed != Some(change) {
            return Ok(());
        }
        if let Some(consumed) = consumed(self.tx)? {
            match consumed.place {
                Kept::Refused(stream, id) => {
                    let row = RefusedRow::decode(&consumed.value)?;
                    let record = row.record;
                    self.put_refused(stream, id, row)?;
                    self.record(&record)?;
                    self.touch(&record);
                }
                Kept::Draft(id) => self.tx.put(DRAFTS, &id.bytes(), &consumed.value)?,
            }
        }
        self.bearings.consumed = None;
        self.tx.delete(META, CONSUMED)
    }

    fn undo_last(&mut self) -> Result<UndoneChange, ClientError> {
        let newest = self.state.outbox.values().next_back();
        let newest = newest.ok_or_else(|| ClientError::rejected("nothing_to_undo"))?;
        // A change is named by the order of its first entry: none of it lies below.
        let change = newest
            .change
            .filter(|change| *change >= self.bearings.handed_out)
            .ok_or_else(|| ClientError::rejected("already_sent"))?;
        let items: Vec<OutboxItem> = self
            .state
            .outbox
            .range(change..)
            .map(|(_, item)| *item)
            .collect();
        let mut undone: Vec<(RecordId, Entry)> = Vec::with_capacity(items.len());
        for item in items.iter().rev() {
            let (record, row) = self
                .entry(item.stream, &item.id)?
                .ok_or_else(|| ClientError::damaged("entries"))?;
            undone.extend(row.entry.map(|entry| (record, entry)));
            self.dequeue(item.stream, &item.id)?;
            self.drop_entry(&record, item.stream, &item.id)?;
            self.step_back(item.stream, &item.id)?;
        }
        undone.reverse();
        let records: BTreeSet<RecordId> = items.iter().map(|i| i.record).gathered();
        let mut edits: Vec<UndoneEdit> = Vec::new();
        for (record, entry) in undone {
            let Some(row) = self.record(&record)?.as_ref().map(|r| r.row.clone()) else {
                continue;
            };
            let ops = entry.ops.unwrap_or_default();
            match edits.iter_mut().find(|e| e.record == record) {
                Some(edit) => edit.ops.extend(ops),
                None => edits.push(UndoneEdit {
                    record,
                    form: row.form,
                    grid: row.grid,
                    created: false,
                    ops,
                }),
            }
        }
        for record in records {
            self.fold_anew(&record)?;
            let gone = self.record(&record)?.is_none();
            for edit in edits.iter_mut().filter(|e| e.record == record) {
                edit.created = gone;
            }
        }
        self.give_back(change)?;
        Ok(UndoneChange { edits })
    }

    /// The head of a log of this incarnation goes back before an entry.
    fn step_back(&mut self, stream: StreamNo, id: &EntryRef) -> Result<(), ClientError> {
        if id.incarnation != self.bearings.instance.incarnation {
            return Ok(());
        }
        if id.seq <= 1 {
            Arc::make_mut(&mut self.bearings.heads).remove(&stream);
            return Ok(());
        }
        let before = EntryRef {
            seq: id.seq - 1,
            ..*id
        };
        let link = self.entry(stream, &before)?.and_then(|(_, row)| row.link);
        match link {
            Some(link) => {
                Arc::make_mut(&mut self.bearings.heads).insert(stream, (before.seq, link));
                Ok(())
            }
            // Where the log stood is not known: it ends here.
            None => self.renew_incarnation(),
        }
    }

    /// Folds all parts of a record from their entries, with the times of its list row.
    fn fold_anew(&mut self, record: &RecordId) -> Result<(), ClientError> {
        let Some(row) = self.record(record)? else {
            return Ok(());
        };
        row.row.captured = Timestamp(i64::MAX);
        row.row.updated = Timestamp(i64::MIN);
        let streams: Vec<StreamNo> = row.parts.keys().copied().collect();
        for stream in streams {
            self.run_refold(record, stream)?;
        }
        self.touch(record);
        Ok(())
    }
}

impl Shell {
    pub(crate) fn undo_last(&self) -> Result<UndoneChange, ClientError> {
        self.commit(ChangeCause::Local, |batch| batch.undo_last())
    }

    /// Whether entries of a push never left the phone, as far as is known, and may still be undone.
    pub(crate) fn is_first_to_take(&self, leaving: &Leaving) -> bool {
        let last = leaving.last_key_value();
        last.is_some_and(|(last, _)| *last >= self.state.read().bearings.handed_out)
    }

    /// Makes it durable that the entries of a push leave the phone; to be called before any byte
    /// of them does. Costs nothing when all of them left before. False when one of them was undone
    /// since the push was built: then it must be built again.
    pub(crate) fn mark_handed_out(&self, leaving: &Leaving) -> Result<bool, ClientError> {
        let Some((last, _)) = leaving.last_key_value() else {
            return Ok(true);
        };
        if !self.is_first_to_take(leaving) {
            return Ok(true);
        }
        self.commit(ChangeCause::Sync, |batch| {
            let unchanged = leaving
                .iter()
                .all(|(order, item)| batch.state.outbox.get(order) == Some(item));
            if unchanged {
                batch.hand_out_below(last + 1)?;
            }
            Ok(unchanged)
        })
    }
}
