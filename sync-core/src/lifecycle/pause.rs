//! The time in which work stood suspended.
//!
//! It goes by the line of steps that led to the status shown: what stood beside that and was not
//! shown stopped no clock, on whichever replica.

use crate::ids::EntryRef;
use crate::lifecycle::Lifecycle;
use crate::lifecycle::fold::Folded;
use crate::view::PartState;

/// A time in which work stood suspended, by the entries that began and ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// What suspended it.
    pub from: EntryRef,
    /// What went on with it; none while it stands suspended.
    pub until: Option<EntryRef>,
}

impl Lifecycle {
    /// The times in which the work stood suspended, oldest first.
    #[must_use]
    pub fn pauses(&self, state: &PartState) -> Vec<Pause> {
        let mut pauses: Vec<Pause> = Vec::new();
        if state.transitions.is_empty() || !self.statuses.iter().any(|s| s.suspended) {
            return pauses;
        }
        let folded = Folded::of(self, state);
        let mut since = None;
        for (i, status) in folded.line() {
            let by = folded.made[i].by;
            let suspends = self.status(status).is_some_and(|s| s.suspended);
            since = match (since, suspends) {
                (None, true) => Some(by),
                (Some(from), false) => {
                    let until = Some(by);
                    pauses.push(Pause { from, until });
                    None
                }
                (as_before, _) => as_before,
            };
        }
        pauses.extend(since.map(|from| Pause { from, until: None }));
        pauses
    }
}
