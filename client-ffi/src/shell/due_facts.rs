//! What was read of records for the plans, kept as long as neither they nor the directory change.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::plan::Ground;
use gridfold_sync_core::time::Timestamp;

/// What the fields of a record tell plans: by the place of each plan among those held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) place: Option<Ground>,
    /// The plans that it is about.
    pub(crate) about: BTreeSet<usize>,
    /// When what it tells of happened, and for which plans that counts, each with the record it is about.
    pub(crate) happened: Option<Timestamp>,
    pub(crate) counts: Vec<(usize, RecordId)>,
}

/// What was read of records.
#[derive(Debug, Default)]
pub(crate) struct DueFacts {
    pub(crate) of: BTreeMap<RecordId, Told>,
    /// The digest of the directory that it was read by.
    directory: Option<[u8; 8]>,
    /// Counts what was taken in, so that nothing is kept that was read before it.
    pub(crate) turn: u64,
}

impl DueFacts {
    /// Lets go of what a commit changed.
    pub(crate) fn take_in<'a>(
        &mut self,
        directory: Option<[u8; 8]>,
        changed: impl Iterator<Item = &'a RecordId>,
    ) {
        self.turn += 1;
        if self.directory != directory {
            self.of.clear();
            self.directory = directory;
        }
        for record in changed {
            self.of.remove(record);
        }
    }
}
