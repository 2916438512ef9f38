//! The documents of records that are edited concurrently: made once, and gone on with.
//!
//! What enters: a row, and an entry or heads that are not its newest. What leaves: the row with the
//! entry, or as it was at the heads. What never happens here: a history derived again that a
//! document in memory holds already; a device could ask for that with every entry.

use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{EntryRef, RecordId, StreamId};
use gridfold_sync_core::merge::{MergeError, Merger, newest_of, state_at};
use gridfold_sync_core::view::PartState;

use crate::fold::document::Document;
use crate::fold::facts::{BatchFacts, PartKey};
use crate::views::ViewsError;

impl BatchFacts<'_> {
    /// The row of a record with an entry that was not made at its present heads.
    pub(super) fn derive(
        &mut self,
        key: &PartKey,
        part: PartState,
        entry: &Entry,
    ) -> Result<Result<PartState, MergeError>, ViewsError> {
        self.with_document(key, &part.clone(), |document| {
            document.add_onto(part, entry)
        })
    }

    /// The row of a record as it was at these heads.
    pub(super) fn row_at(
        &mut self,
        key: &PartKey,
        part: &PartState,
        heads: &[EntryRef],
    ) -> Result<Result<PartState, MergeError>, ViewsError> {
        // Of a line the rows need no document, and the entry may yet be refused.
        if part.forks == 0 && !self.memory.documents.contains(key) {
            let history = self.history(&key.0, &key.1)?;
            return Ok(state_at(&part.form, &history, heads));
        }
        self.with_document(key, part, |document| document.merger.row_at(heads))
    }

    /// Of these heads of a record, those that no other of them was made after.
    pub(super) fn newest_among(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Result<Vec<EntryRef>, MergeError>, ViewsError> {
        let key = (stream.clone(), *record);
        if let Some(document) = self.memory.documents.peek(&key)
            && let Ok(newest) = document.merger.newest_of(heads)
        {
            return Ok(Ok(newest));
        }
        Ok(newest_of(&self.history(stream, record)?, heads))
    }

    /// Runs on the document of all that a row counts.
    fn with_document<T>(
        &mut self,
        key: &PartKey,
        part: &PartState,
        run: impl FnOnce(&mut Document) -> Result<T, MergeError>,
    ) -> Result<Result<T, MergeError>, ViewsError> {
        let mut document = match self.memory.documents.pop(key) {
            Some(known) if known.is_whole(part) => known,
            _ => Document {
                merger: Merger::new(part.form.clone()),
                entries: 0,
                waiting: self.history(&key.0, &key.1)?,
            },
        };
        for known in std::mem::take(&mut document.waiting) {
            if let Err(error) = document.add(&known) {
                return Ok(Err(error));
            }
        }
        let done = run(&mut document);
        if done.is_ok() {
            self.memory.documents.put(key.clone(), document);
        }
        Ok(done)
    }
}
