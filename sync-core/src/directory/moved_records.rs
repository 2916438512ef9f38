//! Records that live in another grid now: where they went, and where they came from.
//!
//! What enters: that a record goes on as another one, in another grid. What leaves: the record that
//! somebody means who names it as it was called before, and who may move one. What never happens
//! here: the moving; the old record is deleted and the new one made by entries like any other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::directory::parts::Parts;
use crate::ids::{AreaCode, RecordId, UserId};
use crate::time::Timestamp;

/// Moves of one record that are followed; a record is moved by hand, and never that often.
const MAX_MOVES: usize = 256;

/// Where a record went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRecord {
    /// The record that it goes on as.
    pub to: RecordId,
    /// The grid it was in.
    pub from_grid: AreaCode,
    /// The grid it is in now.
    pub grid: AreaCode,
    /// Who moved it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// The records that were moved.
#[derive(Debug, Clone, Default)]
pub(super) struct MovedRecords {
    moved: Parts<RecordId, MovedRecord>,
    /// By what they are now, what they were.
    former: Parts<RecordId, RecordId>,
    /// In the order in which they were moved.
    order: Arc<Vec<RecordId>>,
}

impl MovedRecords {
    /// Of two words on one record the first stands.
    pub(super) fn add(&mut self, record: RecordId, moved: MovedRecord) {
        if self.moved.contains_key(&record) || self.former.contains_key(&moved.to) {
            return;
        }
        self.former.insert(moved.to, record);
        self.moved.insert(record, moved);
        Arc::make_mut(&mut self.order).push(record);
    }
}

impl Directory {
    /// Where a record went; none when it was not moved.
    #[must_use]
    pub fn moved_record(&self, record: &RecordId) -> Option<&MovedRecord> {
        self.moved_records.moved.get(record)
    }

    /// What a record was before it was moved to where it is, and how that was; none when it was made there.
    #[must_use]
    pub fn moved_from(&self, record: &RecordId) -> Option<(RecordId, &MovedRecord)> {
        let former = self.moved_records.former.get(record)?;
        Some((*former, self.moved_record(former)?))
    }

    /// The record that is meant by the id of one that was moved: the one it goes on as. Any other is
    /// meant itself.
    #[must_use]
    pub fn present_record(&self, record: RecordId) -> RecordId {
        let mut present = record;
        for _ in 0..MAX_MOVES {
            match self.moved_record(&present) {
                Some(moved) => present = moved.to,
                None => break,
            }
        }
        present
    }

    /// All ids under which a record was known before this one, the newest first.
    pub fn former_records(&self, record: RecordId) -> impl Iterator<Item = RecordId> {
        let former = move |of: &RecordId| self.moved_records.former.get(of).copied();
        std::iter::successors(former(&record), former).take(MAX_MOVES)
    }

    /// All ids under which a record is or was known, the present one first.
    #[must_use]
    pub fn ids_of_record(&self, record: RecordId) -> Vec<RecordId> {
        let present = self.present_record(record);
        let mut ids = vec![present];
        ids.extend(self.former_records(present));
        ids
    }

    /// The records that were moved, the one that was moved last first.
    pub fn moved_records(&self) -> impl Iterator<Item = (RecordId, &MovedRecord)> {
        let newest = self.moved_records.order.iter().rev();
        newest.filter_map(|record| Some((*record, self.moved_record(record)?)))
    }

    /// Whether a user may move a record from a grid to another: whoever may delete it here and make one there.
    #[must_use]
    pub fn may_move_record(
        &self,
        user: UserId,
        from: &AreaCode,
        to: &AreaCode,
        now: Timestamp,
    ) -> bool {
        let writes = |grid| {
            let roles = self.roles_in(user, Some(grid), now);
            roles.iter().any(|role| role.may_write())
        };
        writes(from) && writes(to)
    }
}
