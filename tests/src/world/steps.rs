//! The reference of statuses: where a record stands, worked out from who knew of which step when they took theirs.
//!
//! Only sets of steps and "was made after": a step counts beside another when neither knew of the other, a step beside
//! the status counts for nothing, and what is taken back leads to where the step before it was made.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::{ActionKey, EntryRef};
use gridfold_sync_core::lifecycle::{Lifecycle, Transition};
use gridfold_sync_core::schema::StepMeaning;

/// One step that was taken, with all those that whoever took it knew of.
pub(super) struct Step {
    pub(super) by: EntryRef,
    pub(super) index: u32,
    pub(super) action: ActionKey,
    pub(super) past: BTreeSet<usize>,
}

/// The steps of a record under a table, in an order in which each comes after those that it was taken after.
pub(super) struct Steps<'a> {
    table: &'a Lifecycle,
    steps: Vec<Step>,
    /// Where each led.
    led_to: Vec<&'a ActionKey>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(table: &'a Lifecycle, steps: Vec<Step>) -> Self {
        let mut all = Self {
            table,
            steps,
            led_to: Vec::new(),
        };
        for step in 0..all.steps.len() {
            all.led_to.push(all.status(step));
        }
        all
    }

    fn rows(&self, step: usize) -> impl Iterator<Item = &'a Transition> {
        let (table, action) = (self.table, self.steps[step].action.clone());
        let all = table.transitions.iter().chain(&table.asides);
        all.filter(move |row| row.action == action)
    }

    fn means(&self, step: usize, meaning: StepMeaning) -> bool {
        self.rows(step).any(|row| row.meaning() == Some(meaning))
    }

    /// Whether it says anything of where the record stands.
    fn leads(&self, step: usize) -> bool {
        let mut rows = self.rows(step).peekable();
        rows.peek().is_none()
            || rows.any(|row| row.to.is_some())
            || self.means(step, StepMeaning::Recall)
    }

    /// Of these the ones that lead somewhere and that no other of them was made after.
    fn newest(&self, of: &BTreeSet<usize>) -> Vec<usize> {
        let leading: Vec<usize> = of.iter().copied().filter(|&s| self.leads(s)).collect();
        let is_newest = |s: &usize| !leading.iter().any(|o| self.steps[*o].past.contains(s));
        leading.iter().copied().filter(is_newest).collect()
    }

    fn rank(&self, status: &ActionKey) -> u32 {
        let found = self.table.statuses.iter().find(|s| s.key == *status);
        found.map_or(0, |s| s.rank)
    }

    /// Of steps beside each other the one that is shown, with its status: the highest in rank, of equals the first by
    /// name.
    fn shown(&self, of: &BTreeSet<usize>) -> Option<(usize, &'a ActionKey)> {
        let newest = self.newest(of).into_iter();
        let mut sides: Vec<(usize, &'a ActionKey)> = newest.map(|s| (s, self.led_to[s])).collect();
        sides.sort_by_key(|(s, status)| {
            let step = &self.steps[*s];
            (std::cmp::Reverse(self.rank(status)), step.by, step.index)
        });
        sides.first().copied()
    }

    fn at(&self, of: &BTreeSet<usize>) -> &'a ActionKey {
        self.shown(of).map_or(&self.table.initial, |(_, at)| at)
    }

    fn is_suspended(&self, status: &ActionKey) -> bool {
        let mut all = self.table.statuses.iter();
        all.any(|s| s.key == *status && s.suspended)
    }

    /// Where a step led.
    fn status(&self, step: usize) -> &'a ActionKey {
        let past = &self.steps[step].past;
        let from = self.at(past);
        if self.means(step, StepMeaning::Recall) {
            return match self.newest(past).as_slice() {
                [only] if !self.means(*only, StepMeaning::Recall) => {
                    self.at(&self.steps[*only].past)
                }
                _ => from,
            };
        }
        let here = self.rows(step).find(|row| row.from.contains(from));
        if here.is_some_and(|row| row.meaning() == Some(StepMeaning::Resume)) {
            // Back along what was shown, to where time last passed.
            let mut at = self.shown(past);
            while let Some((suspended, _)) = at {
                let before = &self.steps[suspended].past;
                if !self.is_suspended(self.at(before)) {
                    return self.at(before);
                }
                at = self.shown(before);
            }
        }
        let row = here.or_else(|| self.rows(step).next());
        row.and_then(|row| row.to.as_ref()).unwrap_or(from)
    }

    /// Where the record stands, and the statuses that stand beside each other, sorted.
    pub(super) fn end(&self) -> (String, Vec<String>) {
        let all: BTreeSet<usize> = (0..self.steps.len()).collect();
        let newest = self.newest(&all).into_iter();
        let mut sides: Vec<String> = newest.map(|s| self.led_to[s].to_string()).collect();
        sides.sort();
        (self.at(&all).to_string(), sides)
    }
}
