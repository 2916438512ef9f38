//! Healing: forked logs, logs the server does not take, streams to erase.
//!
//! What enters: what the server said was wrong. What leaves: the same edits under names the server
//! takes, or kept as refused. What never happens here: losing what was typed.

use std::collections::BTreeMap;

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::entry::{Receipt, Target};
use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId};
use gridfold_sync_core::limits::MAX_ITEMS_PER_PULL;

use crate::error::ClientError;
use crate::shell::batch::Batch;
use crate::shell::rows::{
    EntryRow, Fate, LogRefusal, RefusedRow, StreamNo, log_prefix, place_key, ref_of_key,
};
use crate::shell::store::{CURSORS, ITEMS, RECEIPT_BODIES, RECEIPTS, REFS, Source};

/// Newest receipts kept for each stream.
const KEPT_RECEIPTS: usize = 16;
/// Of older ones, the last of as many places is kept.
const RECEIPT_STRETCH: u64 = MAX_ITEMS_PER_PULL as u64 / 2;

impl Batch<'_> {
    /// Entries of a device log from a sequence on, with the records they are filed under.
    fn log_from(
        &self,
        stream: StreamNo,
        incarnation: IncarnationId,
        from: u64,
    ) -> Result<Vec<(RecordId, EntryRow)>, ClientError> {
        let mut out = Vec::new();
        for key in self.tx.keys(REFS, &log_prefix(stream, incarnation))? {
            let id = ref_of_key(&key)?;
            if id.seq >= from
                && let Some(found) = self.entry(stream, &id)?
            {
                out.push(found);
            }
        }
        Ok(out)
    }

    /// Writes the pending entries of a forked log again, under a new incarnation, and with them
    /// those of other logs that were made at them.
    pub(crate) fn reauthor(
        &mut self,
        stream: StreamNo,
        incarnation: IncarnationId,
        from: u64,
    ) -> Result<(), ClientError> {
        let waiting: Vec<_> = self
            .waiting()
            .into_iter()
            .filter(|item| item.stream == stream)
            .collect();
        let mut rows = Vec::with_capacity(waiting.len());
        for item in &waiting {
            if let Some((record, row)) = self.entry(stream, &item.id)? {
                rows.push((record, row));
            }
        }
        // A log moves from its first entry that must: what follows there chains on it.
        let mut moves: BTreeMap<IncarnationId, u64> = BTreeMap::from([(incarnation, from)]);
        let moved = |moves: &BTreeMap<IncarnationId, u64>, id: &EntryRef| {
            moves.get(&id.incarnation).is_some_and(|f| id.seq >= *f)
        };
        loop {
            let mut grew = false;
            for (_, row) in &rows {
                let made_at_moved = row.entry.as_ref().is_some_and(|e| {
                    e.header.deps().iter().any(|dep| {
                        moved(&moves, dep) && rows.iter().any(|(_, other)| other.id == *dep)
                    })
                });
                if made_at_moved && !moved(&moves, &row.id) {
                    moves.insert(row.id.incarnation, row.id.seq);
                    grew = true;
                }
            }
            if !grew {
                break;
            }
        }
        // Part of what is written again may have left the phone: none of it can be undone.
        self.change = None;
        self.renew_incarnation()?;
        let mut names: BTreeMap<EntryRef, EntryRef> = BTreeMap::new();
        for (record, row) in rows {
            if !moved(&moves, &row.id) {
                continue;
            }
            let Some(entry) = row.entry else { continue };
            self.dequeue(stream, &row.id)?;
            self.drop_entry(&record, stream, &row.id)?;
            let target = match entry.header.target {
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
            let again = self.next_entry(
                stream,
                target,
                entry.header.form_version,
                entry.header.claimed,
                entry.ops.unwrap_or_default(),
            );
            names.insert(row.id, again.id());
            self.author(&record, stream, again)?;
            self.refold(&record, stream)?;
        }
        Ok(())
    }

    /// Keeps the pending entries of a log that the server does not take as refused.
    pub(crate) fn refuse_log(
        &mut self,
        stream: StreamNo,
        incarnation: IncarnationId,
        why: LogRefusal,
    ) -> Result<u64, ClientError> {
        let mut count = 0;
        for (record, mut row) in self.log_from(stream, incarnation, 0)? {
            if row.fate != Fate::Pending {
                continue;
            }
            row.fate = Fate::LogRefused(why);
            self.put_entry(&record, stream, &row)?;
            self.dequeue(stream, &row.id)?;
            self.keep_refused(&record, stream, &row)?;
            self.refold(&record, stream)?;
            count += 1;
        }
        if self.core.instance.incarnation == incarnation {
            self.renew_incarnation()?;
        }
        Ok(count)
    }

    /// Puts a refused entry of this device where the person sees it.
    pub(crate) fn keep_refused(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        row: &EntryRow,
    ) -> Result<(), ClientError> {
        let (Some(entry), Some(code)) = (&row.entry, row.fate.code()) else {
            return Ok(());
        };
        if entry.ops.is_none() {
            // Its record was erased for good: there is nothing left to show.
            return Ok(());
        }
        let form = match (&entry.header.target, self.record(record)?) {
            (Target::New { form, .. }, _) => form.clone(),
            (Target::At(_), Some(known)) => known.row.form.clone(),
            // The record was erased; what was written to it meanwhile is kept all the same.
            (Target::At(_), None) => match self.form_of_entries(record)? {
                Some(form) => form,
                // Or went with what a restored server never got back.
                None => match self.core.session.forms_of_waiting.get(record) {
                    Some(form) => form.clone(),
                    None => return Ok(()),
                },
            },
        };
        let refused = RefusedRow {
            record: *record,
            form,
            form_version: entry.header.form_version,
            code: code.to_owned(),
            at: entry.header.claimed,
            ops: entry.ops.clone().unwrap_or_default(),
        };
        self.touch(record);
        self.put_refused(stream, row.id, refused)
    }

    /// Erases all of a stream but refused edits; they stay until the person settles them.
    pub(crate) fn erase_stream(&mut self, stream: StreamNo) -> Result<(), ClientError> {
        self.tx.drop_aside()?;
        for item in self.waiting() {
            if item.stream == stream {
                self.dequeue(stream, &item.id)?;
            }
        }
        let records: Vec<RecordId> = self
            .state
            .rows
            .iter()
            .filter(|(_, row)| row.streams.contains(&stream))
            .map(|(record, _)| *record)
            .collect();
        for record in records {
            self.drop_part(&record, stream)?;
            self.forget_seen(&record, stream)?;
        }
        for (key, record) in self.tx.scan(REFS, &stream.to_be_bytes())? {
            let record = RecordId::from_bytes(Reader::new(&record).array()?);
            self.drop_part(&record, stream)?;
            self.forget_seen(&record, stream)?;
            let id = ref_of_key(&key)?;
            self.drop_entry(&record, stream, &id)?;
        }
        self.tx.delete_all(ITEMS, &stream.to_be_bytes())?;
        self.forget_receipts(stream, 0)?;
        self.tx.delete(CURSORS, &stream.to_be_bytes())?;
        std::sync::Arc::make_mut(&mut self.core.cursors).remove(&stream);
        // Were the stream given back, a log that begins again would be a fork.
        if self.core.heads.contains_key(&stream) {
            self.renew_incarnation()?;
        }
        let name = self.core.stream(stream)?.clone();
        self.core.session.debts.remove(&stream);
        self.core.session.unread.remove(&stream);
        self.core.session.regained.remove(&stream);
        if !self.core.session.erased.contains(&name) {
            self.core.session.erased.push(name);
        }
        Ok(())
    }

    /// Keeps a receipt for the streams it proves.
    pub(crate) fn put_receipt(
        &mut self,
        receipt: &Receipt,
        streams: &[(StreamNo, u64)],
    ) -> Result<(), ClientError> {
        let number = match self.tx.last_key(RECEIPT_BODIES, &[])? {
            Some(key) => u64::from_be_bytes(Reader::new(&key).array()?) + 1,
            None => 0,
        };
        self.put_body_count(number, streams.len() as u64)?;
        self.tx
            .put(RECEIPT_BODIES, &body_key(number, 1), &receipt.encode())?;
        for (stream, seq) in streams {
            self.release_receipt(*stream, *seq)?;
            self.tx
                .put(RECEIPTS, &place_key(*stream, *seq), &number.to_be_bytes())?;
            self.prune_receipts(*stream)?;
        }
        Ok(())
    }

    fn put_body_count(&self, number: u64, count: u64) -> Result<(), ClientError> {
        self.tx
            .put(RECEIPT_BODIES, &body_key(number, 0), &count.to_be_bytes())
    }

    fn release_receipt(&self, stream: StreamNo, seq: u64) -> Result<(), ClientError> {
        let key = place_key(stream, seq);
        let Some(value) = self.tx.get(RECEIPTS, &key)? else {
            return Ok(());
        };
        self.tx.delete(RECEIPTS, &key)?;
        let number = u64::from_be_bytes(Reader::new(&value).array()?);
        let count = match self.tx.get(RECEIPT_BODIES, &body_key(number, 0))? {
            Some(count) => u64::from_be_bytes(Reader::new(&count).array()?),
            None => 0,
        };
        if count > 1 {
            self.put_body_count(number, count - 1)
        } else {
            self.tx.delete_all(RECEIPT_BODIES, &number.to_be_bytes())
        }
    }

    /// Keeps the newest, and of each stretch of the stream one: a run from one to the next never
    /// holds more than a message does.
    fn prune_receipts(&self, stream: StreamNo) -> Result<(), ClientError> {
        let keys = self.tx.keys(RECEIPTS, &stream.to_be_bytes())?;
        let surplus = keys.len().saturating_sub(KEPT_RECEIPTS);
        for pair in keys.windows(2).take(surplus) {
            let (seq, next) = (seq_of(&pair[0])?, seq_of(&pair[1])?);
            if seq / RECEIPT_STRETCH == next / RECEIPT_STRETCH {
                self.release_receipt(stream, seq)?;
            }
        }
        Ok(())
    }

    /// Lets go of receipts for places past this one.
    pub(crate) fn forget_receipts(&self, stream: StreamNo, past: u64) -> Result<(), ClientError> {
        for key in self.tx.keys(RECEIPTS, &stream.to_be_bytes())? {
            let seq = seq_of(&key)?;
            if seq > past {
                self.release_receipt(stream, seq)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn body_key(number: u64, part: u8) -> Vec<u8> {
    let mut key = number.to_be_bytes().to_vec();
    key.push(part);
    key
}

pub(crate) fn seq_of(key: &[u8]) -> Result<u64, ClientError> {
    let mut r = Reader::new(key);
    r.take(4)?;
    Ok(u64::from_be_bytes(r.array()?))
}
