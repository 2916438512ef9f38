//! Records that go on as another one, since they were moved to another grid or merged into one that was there
//! already: where they went, and where they came from.
//!
//! What enters: that a record goes on as another one. What leaves: the record that
//! somebody means who names it as it was called before, and who may move one. What never happens
//! here: the moving; the old record is deleted and the new one written by entries like any other.

use std::collections::BTreeSet;
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
    /// Whether the other one was there already; else it was made by the move.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}

/// The records that were moved.
#[derive(Debug, Clone, Default)]
pub(super) struct MovedRecords {
    moved: Parts<RecordId, MovedRecord>,
    /// By what they are now, what they were.
    former: Parts<RecordId, Vec<RecordId>>,
    /// In the order in which they were moved.
    order: Arc<Vec<RecordId>>,
}

impl MovedRecords {
    /// Of two words on one record the first stands.
    pub(super) fn add(&mut self, record: RecordId, moved: MovedRecord) {
        let mut former = self.former.get(&moved.to).cloned().unwrap_or_default();
        let is_made = || former.iter().any(|of| self.is_made_of(of));
        if self.moved.contains_key(&record) || !moved.merged && is_made() {
            return;
        }
        former.push(record);
        self.former.insert(moved.to, former);
        self.moved.insert(record, moved);
        Arc::make_mut(&mut self.order).push(record);
    }

    /// Whether what a record went on as was made by its move.
    fn is_made_of(&self, record: &RecordId) -> bool {
        self.moved.get(record).is_some_and(|moved| !moved.merged)
    }

    fn former(&self, of: &RecordId) -> &[RecordId] {
        self.former.get(of).map_or(&[], Vec::as_slice)
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
        let all = &self.moved_records;
        let mut former = all.former(record).iter();
        let former = former.find(|of| all.is_made_of(of))?;
        Some((*former, self.moved_record(former)?))
    }

    /// What a record was at first, before all its moves: when it was made is told of this one. Merged records are others.
    #[must_use]
    pub fn first_record(&self, record: RecordId) -> RecordId {
        let mut first = record;
        for _ in 0..MAX_MOVES {
            match self.moved_from(&first) {
                Some((former, _)) => first = former,
                None => break,
            }
        }
        first
    }

    /// The records that were merged into one, in the order in which they were.
    pub fn merged_into(&self, record: &RecordId) -> impl Iterator<Item = (RecordId, &MovedRecord)> {
        let former = self.moved_records.former(record).iter();
        let former = former.filter_map(|of| Some((*of, self.moved_record(of)?)));
        former.filter(|(_, moved)| moved.merged)
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

    /// All ids under which a record, or one that was merged into it, was known before, the newest move first.
    #[must_use]
    pub fn former_records(&self, record: RecordId) -> Vec<RecordId> {
        let mut out = Vec::new();
        let mut known = BTreeSet::from([record]);
        let mut next = vec![record];
        while let Some(of) = next.pop() {
            for former in self.moved_records.former(&of) {
                if known.insert(*former) {
                    out.push(*former);
                    next.push(*former);
                }
            }
        }
        out
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
