//! A batch: one write transaction over the store with the changes of memory it will bring.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::codec::{Reader, put_u64};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Entry, Target, next_link};
use gridfold_sync_core::ids::{EntryRef, RecordId, StreamId};
use gridfold_sync_core::merge::{fold_available, follows};
use gridfold_sync_core::session::Position;
use gridfold_sync_core::session::phone::{Fate, HeldEntry};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;

use crate::error::ClientError;
use crate::platform::Platform;
use crate::shell::rows::OutboxItem;
use crate::shell::rows::{
    RecordRow, RefusedRow, StreamNo, encode_entry, entry_key, place_key, ref_key,
};
use crate::shell::state::{Bearings, Delta, State, entry_row, new_incarnation, put_instance};
use crate::shell::store::{
    CURSORS, ENTRIES, ITEMS, OUTBOX, RECORDS, REFS, REFUSED, STREAMS, Source, Tx,
};
use crate::shell::summary::summarise;

#[derive(Debug)]
struct Loaded {
    row: Option<RecordRow>,
    dirty: bool,
}

/// One transaction in progress.
pub(crate) struct Batch<'a> {
    pub(crate) tx: &'a Tx<'a>,
    pub(crate) state: &'a State,
    pub(crate) platform: &'a dyn Platform,
    pub(crate) bearings: Bearings,
    records: BTreeMap<RecordId, Loaded>,
    refolds: BTreeSet<(RecordId, StreamNo)>,
    outbox_add: BTreeMap<u64, OutboxItem>,
    outbox_remove: BTreeSet<u64>,
    /// The change of this phone's user that is being written.
    pub(crate) change: Option<u64>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(tx: &'a Tx<'a>, state: &'a State, platform: &'a dyn Platform) -> Self {
        Self {
            tx,
            state,
            platform,
            bearings: state.bearings.clone(),
            records: BTreeMap::new(),
            refolds: BTreeSet::new(),
            outbox_add: BTreeMap::new(),
            outbox_remove: BTreeSet::new(),
            change: None,
        }
    }

    /// The number of a stream, given out when it is new.
    pub(crate) fn number(&mut self, stream: &StreamId) -> Result<StreamNo, ClientError> {
        if let Some(number) = self.bearings.numbers.get(stream) {
            return Ok(*number);
        }
        let number = self.bearings.streams.len() as StreamNo;
        self.tx
            .put(STREAMS, &number.to_be_bytes(), stream.name().as_bytes())?;
        Arc::make_mut(&mut self.bearings.streams).push(stream.clone());
        Arc::make_mut(&mut self.bearings.numbers).insert(stream.clone(), number);
        Ok(number)
    }

    pub(crate) fn set_position(
        &mut self,
        stream: StreamNo,
        position: Position,
    ) -> Result<(), ClientError> {
        let mut value = Vec::with_capacity(40);
        put_u64(&mut value, position.seq);
        value.extend_from_slice(&position.prefix.0);
        self.tx.put(CURSORS, &stream.to_be_bytes(), &value)?;
        Arc::make_mut(&mut self.bearings.cursors).insert(stream, position);
        Ok(())
    }

    pub(crate) fn record(
        &mut self,
        record: &RecordId,
    ) -> Result<&mut Option<RecordRow>, ClientError> {
        if !self.records.contains_key(record) {
            let row = match self.tx.get(RECORDS, &record.bytes())? {
                Some(bytes) => Some(RecordRow::decode(&bytes)?),
                None if self.state.rows.contains_key(record) => {
                    return Err(ClientError::damaged("records"));
                }
                None => None,
            };
            self.records.insert(*record, Loaded { row, dirty: false });
        }
        match self.records.get_mut(record) {
            Some(loaded) => Ok(&mut loaded.row),
            None => Err(ClientError::internal("batch/record")),
        }
    }

    pub(crate) fn touch(&mut self, record: &RecordId) {
        if let Some(loaded) = self.records.get_mut(record) {
            loaded.dirty = true;
        }
    }

    /// Whether a part of the record in this stream is shown.
    pub(crate) fn has_part(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<bool, ClientError> {
        let row = self.record(record)?;
        Ok(row
            .as_ref()
            .is_some_and(|row| row.parts.contains_key(&stream)))
    }

    pub(crate) fn entry(
        &self,
        stream: StreamNo,
        id: &EntryRef,
    ) -> Result<Option<(RecordId, HeldEntry)>, ClientError> {
        entry_row(self.tx, stream, id)
    }

    pub(crate) fn put_entry(
        &self,
        record: &RecordId,
        stream: StreamNo,
        row: &HeldEntry,
    ) -> Result<(), ClientError> {
        self.tx.put(
            ENTRIES,
            &entry_key(record, stream, &row.id),
            &encode_entry(row),
        )
    }

    pub(crate) fn file_entry(
        &self,
        record: &RecordId,
        stream: StreamNo,
        row: &HeldEntry,
    ) -> Result<(), ClientError> {
        self.tx
            .put(REFS, &ref_key(stream, &row.id), &record.bytes())?;
        self.put_entry(record, stream, row)
    }

    pub(crate) fn drop_entry(
        &self,
        record: &RecordId,
        stream: StreamNo,
        id: &EntryRef,
    ) -> Result<(), ClientError> {
        self.tx.delete(REFS, &ref_key(stream, id))?;
        self.tx.delete(ENTRIES, &entry_key(record, stream, id))
    }

    pub(crate) fn put_place(
        &self,
        stream: StreamNo,
        position: Position,
        id: &EntryRef,
    ) -> Result<(), ClientError> {
        let mut value = id.to_bytes().to_vec();
        value.extend_from_slice(&position.prefix.0);
        self.tx.put(ITEMS, &place_key(stream, position.seq), &value)
    }

    pub(crate) fn enqueue(
        &mut self,
        stream: StreamNo,
        id: EntryRef,
        record: RecordId,
    ) -> Result<(), ClientError> {
        let waiting = self.order(stream, &id).is_some();
        if waiting {
            return Ok(());
        }
        let item = OutboxItem {
            stream,
            id,
            record,
            change: self.change,
        };
        let order = self.bearings.next_order;
        self.bearings.next_order += 1;
        self.tx.put(OUTBOX, &order.to_be_bytes(), &item.encode())?;
        self.outbox_add.insert(order, item);
        Ok(())
    }

    fn order(&self, stream: StreamNo, id: &EntryRef) -> Option<u64> {
        self.state
            .order_of
            .get(&(stream, *id))
            .copied()
            .filter(|order| !self.outbox_remove.contains(order))
            .or_else(|| {
                self.outbox_add
                    .iter()
                    .find(|(_, item)| item.stream == stream && item.id == *id)
                    .map(|(order, _)| *order)
            })
    }

    pub(crate) fn dequeue(&mut self, stream: StreamNo, id: &EntryRef) -> Result<(), ClientError> {
        if let Some(order) = self.order(stream, id) {
            self.tx.delete(OUTBOX, &order.to_be_bytes())?;
            if self.outbox_add.remove(&order).is_none() {
                self.outbox_remove.insert(order);
            }
        }
        Ok(())
    }

    /// What this batch takes out of the outbox, and what it puts in.
    pub(crate) fn outbox_changes(&self) -> (&BTreeSet<u64>, &BTreeMap<u64, OutboxItem>) {
        (&self.outbox_remove, &self.outbox_add)
    }

    /// What waits, in order.
    pub(crate) fn outbox(&self) -> impl Iterator<Item = &OutboxItem> {
        let left = self.state.outbox.iter();
        left.filter(|(order, _)| !self.outbox_remove.contains(order))
            .chain(&self.outbox_add)
            .map(|(_, item)| item)
    }

    /// Goes on under a new incarnation.
    pub(crate) fn renew_incarnation(&mut self) -> Result<(), ClientError> {
        let instance = Arc::make_mut(&mut self.bearings.instance);
        instance.incarnation = new_incarnation(self.platform);
        instance.own.insert(instance.incarnation);
        put_instance(self.tx, &self.bearings.instance)?;
        self.bearings.heads = Arc::default();
        Ok(())
    }

    /// The next entry of this device's log of a stream. Nothing is stored yet.
    pub(crate) fn next_entry(
        &self,
        stream: StreamNo,
        target: Target,
        form_version: u32,
        claimed: Timestamp,
        ops: Vec<Op>,
    ) -> Entry {
        let seq = self.bearings.heads.get(&stream).map_or(0, |(seq, _)| *seq) + 1;
        Entry::new(
            self.bearings.instance.incarnation,
            seq,
            target,
            form_version,
            claimed,
            ops,
        )
    }

    /// Stores an entry of [`Batch::next_entry`] and puts it into the outbox.
    pub(crate) fn author(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        entry: Entry,
    ) -> Result<(), ClientError> {
        let hash = entry.hash(self.bearings.stream(stream)?);
        let before = self
            .bearings
            .heads
            .get(&stream)
            .map_or_else(Default::default, |(_, link)| *link);
        let link = next_link(&before, &hash);
        Arc::make_mut(&mut self.bearings.heads).insert(stream, (entry.header.seq, link));
        let row = HeldEntry {
            id: entry.id(),
            hash,
            fate: Fate::Pending,
            link: Some(link),
            said: None,
            entry: Some(entry),
        };
        self.file_entry(record, stream, &row)?;
        self.enqueue(stream, row.id, *record)
    }

    /// Notes when a record was captured and changed, by the clock of who did.
    pub(crate) fn note_time(&mut self, record: &RecordId, claimed: Timestamp) {
        if let Some(Some(row)) = self.records.get_mut(record).map(|l| l.row.as_mut()) {
            row.row.captured = row.row.captured.min(claimed);
            row.row.updated = row.row.updated.max(claimed);
        }
    }

    /// Puts a part's new row in place.
    pub(crate) fn put_part(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        part: PartState,
    ) -> Result<(), ClientError> {
        let grid = self.bearings.stream(stream)?.grid.clone();
        let form = part.form.clone();
        self.record(record)?
            .get_or_insert_with(|| RecordRow::new(form, grid))
            .parts
            .insert(stream, part);
        self.touch(record);
        Ok(())
    }

    /// Folds a stored entry that counts into its record.
    pub(crate) fn fold_in(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        entry: &Entry,
    ) -> Result<(), ClientError> {
        let part = self
            .record(record)?
            .as_ref()
            .map(|r| (r.row.form.clone(), r.parts.get(&stream).cloned()));
        let form = match (&part, &entry.header.target) {
            (Some((form, _)), _) | (None, Target::New { form, .. }) => form.clone(),
            (None, Target::At(_)) => return self.refold(record, stream),
        };
        let mut part = part
            .and_then(|(_, part)| part)
            .unwrap_or_else(|| PartState::new(form));
        if self.refolds.contains(&(*record, stream)) || !follows(&part, entry) {
            // Put a part there, so that the record has its grid and form until the fold at the end.
            self.put_part(record, stream, part)?;
            self.refolds.insert((*record, stream));
        } else {
            part.apply(entry);
            self.put_part(record, stream, part)?;
        }
        self.note_time(record, entry.header.claimed);
        Ok(())
    }

    /// Has a part folded anew from its entries when the batch ends.
    pub(crate) fn refold(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(), ClientError> {
        self.refolds.insert((*record, stream));
        Ok(())
    }

    pub(crate) fn run_refold(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(), ClientError> {
        let (entries, form) = self.counting(record, stream)?;
        let known = self.record(record)?.as_ref().map(|r| r.row.form.clone());
        let part = match known.or(form) {
            Some(form) => match fold_available(&form, &entries) {
                Ok((part, _)) => Some(part).filter(|p| p.entries > 0),
                // A defect of the merge engine must not lose the row there is.
                Err(_) => return Ok(()),
            },
            None => None,
        };
        match part {
            Some(part) => {
                self.put_part(record, stream, part)?;
                for entry in &entries {
                    self.note_time(record, entry.header.claimed);
                }
                Ok(())
            }
            None => self.drop_part(record, stream),
        }
    }

    /// Takes a part away; a record without parts goes with it.
    pub(crate) fn drop_part(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(), ClientError> {
        let slot = self.record(record)?;
        if let Some(row) = slot {
            row.parts.remove(&stream);
            if row.parts.is_empty() {
                *slot = None;
            }
            self.touch(record);
        }
        Ok(())
    }

    pub(crate) fn put_refused(
        &mut self,
        stream: StreamNo,
        id: EntryRef,
        row: RefusedRow,
    ) -> Result<(), ClientError> {
        self.tx.put(REFUSED, &ref_key(stream, &id), &row.encode())?;
        Arc::make_mut(&mut self.bearings.refused).insert((stream, id), row);
        Ok(())
    }

    pub(crate) fn drop_refused(
        &mut self,
        stream: StreamNo,
        id: EntryRef,
    ) -> Result<(), ClientError> {
        if self.bearings.refused.contains_key(&(stream, id)) {
            self.tx.delete(REFUSED, &ref_key(stream, &id))?;
            Arc::make_mut(&mut self.bearings.refused).remove(&(stream, id));
        }
        Ok(())
    }

    /// Ends the batch: folds, summaries, rows. The caller commits.
    pub(crate) fn finish(mut self) -> Result<(Delta, Vec<RecordId>), ClientError> {
        for (record, stream) in std::mem::take(&mut self.refolds) {
            self.run_refold(&record, stream)?;
        }
        let mut rows = BTreeMap::new();
        for (record, loaded) in std::mem::take(&mut self.records) {
            if !loaded.dirty {
                continue;
            }
            let row = match loaded.row {
                Some(mut row) => {
                    summarise(self.tx, &self.bearings, &record, &mut row)?;
                    self.note_delivery(&record, &mut row)?;
                    self.tx.put(RECORDS, &record.bytes(), &row.encode())?;
                    Some(row.row)
                }
                None => {
                    self.tx.delete(RECORDS, &record.bytes())?;
                    None
                }
            };
            rows.insert(record, row);
        }
        let touched: Vec<RecordId> = rows.keys().copied().collect();
        Ok((
            Delta {
                bearings: self.bearings,
                rows,
                outbox_add: self.outbox_add,
                outbox_remove: self.outbox_remove,
            },
            touched,
        ))
    }
}

/// The entry that stands at a place of a stream and the prefix after it.
pub(crate) fn place(
    source: &impl Source,
    stream: StreamNo,
    seq: u64,
) -> Result<Option<(EntryRef, Position)>, ClientError> {
    let Some(value) = source.get(ITEMS, &place_key(stream, seq))? else {
        return Ok(None);
    };
    let mut r = Reader::new(&value);
    let id = crate::shell::rows::read_ref(&mut r)?;
    let prefix = gridfold_sync_core::ids::Hash(r.array()?);
    Ok(Some((id, Position { seq, prefix })))
}
