//! Rules that are to be reckoned again, the earliest in order first.

use std::collections::{BTreeMap, BTreeSet};

/// Rules that are to be reckoned again.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<usize, Where>,
}

/// Where a rule is to be reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Where {
    /// Wherever there is what it is of.
    Everywhere,
    /// In these, and what lies in them.
    In(BTreeSet<usize>),
}

impl Queue {
    /// All rules, everywhere.
    pub(super) fn all(&mut self, count: usize) {
        self.waiting = (0..count).map(|cell| (cell, Where::Everywhere)).collect();
    }

    /// One rule; without `within` everywhere.
    pub(super) fn add(&mut self, cell: usize, within: Option<usize>) {
        let there = self.waiting.entry(cell);
        match within {
            None => {
                *there.or_insert(Where::Everywhere) = Where::Everywhere;
            }
            Some(item) => {
                if let Where::In(items) = there.or_insert_with(|| Where::In(BTreeSet::new())) {
                    items.insert(item);
                }
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<(usize, Where)> {
        self.waiting.pop_first()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
