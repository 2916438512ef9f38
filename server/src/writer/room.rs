//! The room of a batch: how much of it costly work may hold.
//!
//! What enters: what work is expected to cost. What leaves: whether it goes in this batch or a later
//! one. What never happens here: costly work that waits for ever.

use std::time::Duration;

use crate::writer::cost::Cost;

/// What all costly work together may hold of one batch, by what its next steps are expected to cost.
pub(super) const MAX_COSTLY: Duration = Duration::from_millis(100);

/// The room that a batch has for costly work. After a batch that held some, the next one leaves it
/// out when it holds anything else, so that an answer waits for one such batch at most; a batch that
/// has room takes at least one, so that it goes on however much else comes.
#[derive(Debug)]
pub(super) struct Room {
    left: Duration,
    is_empty: bool,
    has_costly: bool,
    was_costly: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            left: MAX_COSTLY,
            is_empty: true,
            has_costly: false,
            was_costly: false,
        }
    }
}

impl Room {
    /// The room of the batch after this one.
    pub(super) fn after(&self) -> Self {
        Self {
            was_costly: self.has_costly,
            ..Self::default()
        }
    }

    /// Whether work may go in the batch.
    pub(super) fn has(&self, cost: Cost) -> bool {
        let is_left_out = self.was_costly && !self.is_empty && !self.has_costly;
        !cost.is_costly() || (!self.left.is_zero() && !is_left_out)
    }

    /// Takes what the next step of some work is expected to hold, at least its turn.
    pub(super) fn take(&mut self, cost: Cost, turn: Duration) {
        self.is_empty = false;
        if cost.is_costly() {
            self.has_costly = true;
            self.left = self.left.saturating_sub(cost.step.max(turn));
        }
    }
}
