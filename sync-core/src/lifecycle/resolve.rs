//! Whether work was done on the spot: it counts as resolved in the grid.

use crate::lifecycle::fold::Folded;
use crate::lifecycle::{Lifecycle, Stage};
use crate::schema::StepMeaning;
use crate::view::{PartState, TransitionMade};

impl Lifecycle {
    /// Whether a step of this action can resolve work on the spot.
    #[must_use]
    pub fn resolves(&self, action: &crate::ids::ActionKey) -> bool {
        let mut rows = self.transitions.iter().filter(|t| t.action == *action);
        rows.any(|t| t.meaning() == Some(StepMeaning::Resolve))
    }

    /// The step by which the work was resolved on the spot, along the line of steps that led to the
    /// status shown; none when it was not, or was found not to be done since.
    #[must_use]
    pub fn resolved<'a>(&self, state: &'a PartState) -> Option<&'a TransitionMade> {
        if !state.transitions.iter().any(|t| self.resolves(&t.action)) {
            return None;
        }
        let folded = Folded::of(self, state);
        let mut by = None;
        for (i, status) in folded.line() {
            let made = &state.transitions[i];
            if self.stage(status) == Stage::Open {
                by = None;
            } else if self.resolves(&made.action) {
                by = Some(made);
            }
        }
        by
    }
}
