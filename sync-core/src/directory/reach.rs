//! What somebody reads, as intervals of the grids in the order of the tree.
//!
//! What enters: grants that run. What leaves: the classes of a grid, or of all of them in turn. What
//! never happens here: a walk over all grids to answer for one, or over all grants for each grid.

use crate::gather::Gather as _;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::directory::Directory;
use crate::directory::tree::Tree;
use crate::ids::{AreaCode, SensitivityClass, StreamId, UserId};
use crate::schema::Role;
use crate::time::Timestamp;

const CLASSES: usize = SensitivityClass::ALL.len();

/// Places in the order of the tree with some grids, and the classes that are read in each of these.
#[derive(Debug)]
struct Span {
    places: Range<u64>,
    classes: BTreeSet<SensitivityClass>,
}

/// What somebody reads where.
#[derive(Debug)]
pub struct Reach<'a> {
    tree: &'a Tree,
    /// In order, none of them without a grid, no two with one in common.
    spans: Vec<Span>,
}

impl Reach<'_> {
    /// The classes that are read in a grid; none outside of the reach.
    #[must_use]
    pub fn classes_in(&self, grid: &AreaCode) -> Option<&BTreeSet<SensitivityClass>> {
        let at = self.tree.place(grid)?;
        let after = self.spans.partition_point(|span| span.places.start <= at);
        let span = self.spans.get(after.checked_sub(1)?)?;
        span.places.contains(&at).then_some(&span.classes)
    }

    /// Whether a stream is read.
    #[must_use]
    pub fn has(&self, stream: &StreamId) -> bool {
        let classes = self.classes_in(&stream.grid);
        classes.is_some_and(|classes| classes.contains(&stream.class))
    }

    /// The grids with their classes, in the order of the tree.
    pub fn grids(&self) -> impl Iterator<Item = (&AreaCode, &BTreeSet<SensitivityClass>)> {
        self.spans.iter().flat_map(|span| {
            let grids = self.tree.grids(span.places.clone());
            grids.map(move |grid| (grid, &span.classes))
        })
    }

    /// How many streams are read.
    #[must_use]
    pub fn count(&self) -> usize {
        let streams = |span: &Span| self.tree.count(&span.places) * span.classes.len();
        self.spans.iter().map(streams).sum()
    }

    /// The classes that are read in every grid of the reach.
    #[must_use]
    pub fn common(&self) -> BTreeSet<SensitivityClass> {
        let mut spans = self.spans.iter().map(|span| &span.classes);
        let first = spans.next().cloned().unwrap_or_default();
        spans.fold(first, |common, here| &common & here)
    }

    /// The streams, sorted.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamId> {
        let all = self.grids().flat_map(|(grid, classes)| {
            classes
                .iter()
                .map(|class| StreamId::new(grid.clone(), *class))
        });
        let mut streams: Vec<StreamId> = all.collect();
        streams.sort_unstable();
        streams
    }
}

impl Directory {
    /// What a user reads now: what a phone of theirs holds.
    #[must_use]
    pub fn reach(&self, user: UserId, now: Timestamp) -> Reach<'_> {
        self.reach_as(user, now, |_| true)
    }

    /// The same by their roles of some kinds alone.
    #[must_use]
    pub fn reach_as(
        &self,
        user: UserId,
        now: Timestamp,
        counts: impl Fn(Role) -> bool,
    ) -> Reach<'_> {
        let tree = self.tree();
        // Where a grant begins and ends in the order of the grids, and whether it begins.
        let mut turns: Vec<(u64, bool, Role)> = Vec::new();
        for grant in self.active_grants(user, now).filter(|g| counts(g.role)) {
            let interval = self.interval(grant.area.as_ref());
            if !interval.is_empty() {
                turns.push((interval.start, true, grant.role));
                turns.push((interval.end, false, grant.role));
            }
        }
        turns.sort_unstable_by_key(|turn| turn.0);
        let mut spans: Vec<Span> = Vec::new();
        let mut running = [0usize; CLASSES];
        let mut from = 0;
        for (at, begins, role) in turns {
            let classes: BTreeSet<SensitivityClass> = SensitivityClass::ALL
                .into_iter()
                .filter(|class| running[*class as usize] > 0)
                .gathered();
            if from < at && !classes.is_empty() && tree.has_grids(from..at) {
                match spans.last_mut() {
                    Some(last) if last.places.end == from && last.classes == classes => {
                        last.places.end = at;
                    }
                    _ => spans.push(Span {
                        places: from..at,
                        classes,
                    }),
                }
            }
            from = at;
            for class in role.readable() {
                let running = &mut running[*class as usize];
                *running = if begins {
                    *running + 1
                } else {
                    running.saturating_sub(1)
                };
            }
        }
        Reach { tree, spans }
    }

    /// The streams a phone of this user holds now, sorted.
    #[must_use]
    pub fn streams_of(&self, user: UserId, now: Timestamp) -> Vec<StreamId> {
        self.reach(user, now).streams()
    }
}
