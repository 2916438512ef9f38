//! Which asides stand: those that nothing answered since.

use std::collections::BTreeSet;

use crate::ids::{EntryRef, UserId};
use crate::lifecycle::fold::Folded;
use crate::lifecycle::{Lifecycle, Transition};
use crate::schema::StepMeaning;
use crate::view::{PartState, TransitionMade};

impl Lifecycle {
    /// The asides made on a record that no step answered which was made after them; what did not
    /// know of one does not answer it. `made` says who made an entry. One that only takes others back
    /// says nothing that could stand.
    #[must_use]
    pub fn standing<'a>(
        &self,
        state: &'a PartState,
        made: impl Fn(&EntryRef) -> Option<UserId>,
    ) -> Vec<&'a TransitionMade> {
        let says = |row: &Transition| {
            !matches!(
                row.meaning(),
                Some(StepMeaning::Recall | StepMeaning::TakeBack)
            )
        };
        let is_kept = |t: &&TransitionMade| {
            let mut rows = self.asides.iter();
            rows.any(|row| row.action == t.action && says(row))
        };
        if self.asides.is_empty() || !state.transitions.iter().any(|t| is_kept(&t)) {
            return Vec::new();
        }
        let folded = Folded::of(self, state);
        let mut answered: BTreeSet<usize> = BTreeSet::new();
        for (i, t) in folded.made.iter().enumerate() {
            let rows: Vec<&Transition> = self
                .steps()
                .filter(|row| row.action == t.action && !row.answers.is_empty())
                .collect();
            if rows.is_empty() {
                continue;
            }
            let answers = |of: usize| {
                let mut rows = rows.iter();
                rows.any(|row| {
                    let own = row.meaning() == Some(StepMeaning::TakeBack);
                    row.answers.contains(&folded.made[of].action)
                        && (!own || made(&folded.made[of].by) == made(&t.by))
                })
            };
            let mut met: BTreeSet<usize> = BTreeSet::new();
            let mut ways: Vec<usize> = folded.after(i).collect();
            while let Some(of) = ways.pop() {
                if met.insert(of) {
                    ways.extend(folded.after(of));
                }
            }
            answered.extend(met.into_iter().filter(|&of| answers(of)));
        }
        let all = state.transitions.iter().enumerate();
        all.filter(|(i, t)| is_kept(t) && !answered.contains(i))
            .map(|(_, t)| t)
            .collect()
    }
}
