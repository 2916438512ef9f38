//! The document of a record that is edited concurrently: made once, and gone on with.

use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::merge::{MergeError, Merger};
use gridfold_sync_core::view::PartState;

/// The document of a record that is edited concurrently.
#[derive(Debug)]
pub(crate) struct Document {
    pub(super) merger: Merger,
    /// Entries in it.
    pub(super) entries: u32,
    /// Entries of the record that are not in it yet, in order.
    pub(super) waiting: Vec<Entry>,
}

impl Document {
    /// Whether it and what waits are all that a row counts.
    pub(super) fn is_whole(&self, part: &PartState) -> bool {
        self.entries as usize + self.waiting.len() == part.entries as usize
    }

    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), MergeError> {
        if !self.merger.contains(&entry.id()) {
            self.merger.add(entry)?;
            self.entries += 1;
        }
        Ok(())
    }

    /// Adds an entry to all that a row counts; gives the row with it.
    pub(super) fn add_onto(
        &mut self,
        part: PartState,
        entry: &Entry,
    ) -> Result<PartState, MergeError> {
        if self.merger.contains(&entry.id()) {
            return self.merger.read();
        }
        self.entries += 1;
        self.merger.add_onto(part, entry)
    }
}
