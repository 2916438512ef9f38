//! The grids in the order of a walk through the tree of areas: what lies in an area is an interval.
//!
//! What enters: areas and their children. What leaves: the grids of an area, without a walk. What
//! never happens here: a walk for each question; one is made after the tree was changed.

use std::collections::HashMap;
use std::ops::Range;

use crate::directory::{Area, Directory};
use crate::ids::{AreaCode, UserId};
use crate::schema::Role;
use crate::time::Timestamp;

/// The grids, and the interval of each area among them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    grids: Vec<AreaCode>,
    of: HashMap<AreaCode, Range<usize>>,
}

/// A step of the walk.
enum Step<'a> {
    Into(&'a AreaCode),
    OutOf(&'a AreaCode),
}

impl Tree {
    fn of(directory: &Directory) -> Self {
        let mut tree = Self {
            grids: Vec::new(),
            of: HashMap::with_capacity(directory.areas.len()),
        };
        let is_root = |area: &&Area| {
            let parent = area.parent.as_ref();
            parent.is_none_or(|parent| directory.area(parent).is_none())
        };
        // What a damaged import made a circle of is begun anywhere, after all that has a root.
        let roots = directory.areas().filter(is_root);
        for root in roots.chain(directory.areas()) {
            if tree.of.contains_key(&root.code) {
                continue;
            }
            let mut steps = vec![Step::Into(&root.code)];
            while let Some(step) = steps.pop() {
                match step {
                    Step::Into(code) => {
                        let from = tree.grids.len();
                        // Met once, also while what lies in it is not known yet.
                        if tree.of.contains_key(code) {
                            continue;
                        }
                        tree.of.insert(code.clone(), from..from);
                        if directory.is_grid(code) {
                            tree.grids.push(code.clone());
                        }
                        steps.push(Step::OutOf(code));
                        steps.extend(directory.children(code).map(Step::Into));
                    }
                    Step::OutOf(code) => {
                        let upto = tree.grids.len();
                        if let Some(interval) = tree.of.get_mut(code) {
                            interval.end = upto;
                        }
                    }
                }
            }
        }
        tree
    }

    pub(super) fn grids(&self) -> &[AreaCode] {
        &self.grids
    }

    /// Where a grid stands; none for what is no grid.
    pub(super) fn place(&self, grid: &AreaCode) -> Option<usize> {
        let at = self.of.get(grid)?.start;
        (self.grids.get(at)? == grid).then_some(at)
    }

    fn interval(&self, area: Option<&AreaCode>) -> Range<usize> {
        match area {
            Some(area) => self.of.get(area).cloned().unwrap_or_default(),
            None => 0..self.grids.len(),
        }
    }
}

/// How far up the tree is looked; a circle that a damaged import made ends there.
pub(super) const MAX_LEVELS: usize = 64;

impl Directory {
    /// An area and what it lies in, the nearest first.
    pub(super) fn upward<'a>(&'a self, area: &'a AreaCode) -> impl Iterator<Item = &'a AreaCode> {
        std::iter::successors(Some(area), |code| self.area(code)?.parent.as_ref()).take(MAX_LEVELS)
    }

    pub(super) fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| Tree::of(self))
    }

    /// All grids in the order of the tree: those of an area follow each other.
    #[must_use]
    pub fn grids_in_order(&self) -> &[AreaCode] {
        self.tree().grids()
    }

    /// Where a grid stands in [`Self::grids_in_order`]; none for what is no grid.
    #[must_use]
    pub fn place_of(&self, grid: &AreaCode) -> Option<usize> {
        self.tree().place(grid)
    }

    /// Where the grids of an area stand in [`Self::grids_in_order`]; of none, all.
    #[must_use]
    pub fn interval(&self, area: Option<&AreaCode>) -> Range<usize> {
        self.tree().interval(area)
    }

    /// The grids inside an area, itself included; all grids for none.
    #[must_use]
    pub fn grids_in(&self, area: Option<&AreaCode>) -> Vec<AreaCode> {
        let grids = self.grids_in_order().get(self.interval(area));
        let mut found = grids.unwrap_or_default().to_vec();
        found.sort_unstable();
        found
    }

    /// The roles that a user holds now in every grid there is.
    #[must_use]
    pub fn roles_everywhere(&self, user: UserId, now: Timestamp) -> Vec<Role> {
        let all = self.tree().grids.len();
        let holds_all = |area: &AreaCode| {
            let interval = self.tree().of.get(area);
            all > 0 && interval.is_some_and(|interval| interval.len() == all)
        };
        self.active_grants(user, now)
            .filter(|grant| grant.area.as_ref().is_none_or(holds_all))
            .map(|grant| grant.role)
            .collect()
    }
}
