//! How far a redrawing of grids that runs has come (`acts/redraw`): kept in memory for who looks on, and found again
//! after a restart from what is moved.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{AreaCode, RecordId, RedrawId};
use parking_lot::Mutex;

/// How far a line has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineProgress {
    /// Records that go, as far as that is known.
    pub(crate) all: u64,
    /// Those that are in the other grid.
    pub(crate) moved: u64,
    /// Those that stay.
    pub(crate) left: u64,
}

/// What is known of redrawings between two turns.
#[derive(Debug, Default)]
pub(crate) struct Redrawing {
    lines: Mutex<BTreeMap<RedrawId, LineProgress>>,
    /// How far the streams of grids were when it was last looked for what came late.
    looked: Mutex<BTreeMap<(RedrawId, AreaCode), u64>>,
    /// What came late and could not go along.
    stay: Mutex<BTreeSet<RecordId>>,
}

impl Redrawing {
    /// How far the line has come that a redrawing is at.
    pub(crate) fn of(&self, id: &RedrawId) -> Option<LineProgress> {
        self.lines.lock().get(id).copied()
    }

    pub(crate) fn note(&self, id: RedrawId, progress: LineProgress) {
        self.lines.lock().insert(id, progress);
    }

    pub(crate) fn forget(&self, id: &RedrawId) {
        self.lines.lock().remove(id);
    }

    /// Whether a grid has more than when it was looked at last.
    pub(crate) fn has_news(&self, id: RedrawId, grid: &AreaCode, reached: u64) -> bool {
        self.looked.lock().get(&(id, grid.clone())) != Some(&reached)
    }

    pub(crate) fn looked_at(&self, id: RedrawId, grid: &AreaCode, reached: u64) {
        self.looked.lock().insert((id, grid.clone()), reached);
    }

    /// Whether a record that came late stays, since it could not go along.
    pub(crate) fn stays(&self, record: &RecordId) -> bool {
        self.stay.lock().contains(record)
    }

    pub(crate) fn note_stay(&self, record: RecordId) {
        self.stay.lock().insert(record);
    }
}
