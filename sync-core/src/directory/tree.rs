//! The grids in the order of a walk through the tree of areas: what lies in an area is an interval.
//!
//! What enters: areas and their children. What leaves: the grids of an area, without a walk. What
//! never happens here: a walk for each question; one is made after the tree was changed.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::directory::Directory;
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
    OutOf(&'a AreaCode, usize),
}

impl Tree {
    fn of(directory: &Directory) -> Self {
        let mut tree = Self::default();
        let mut met: BTreeSet<&AreaCode> = BTreeSet::new();
        let is_root = |code: &AreaCode| {
            let parent = directory.area(code).and_then(|a| a.parent.as_ref());
            parent.is_none_or(|parent| directory.area(parent).is_none())
        };
        let all = || directory.areas().map(|area| &area.code);
        // What a damaged import made a circle of is begun anywhere, after all that has a root.
        for root in all().filter(|code| is_root(code)).chain(all()) {
            let mut steps = vec![Step::Into(root)];
            while let Some(step) = steps.pop() {
                match step {
                    Step::Into(code) if met.insert(code) => {
                        steps.push(Step::OutOf(code, tree.grids.len()));
                        if directory.is_grid(code) {
                            tree.grids.push(code.clone());
                        }
                        steps.extend(directory.children(code).map(Step::Into));
                    }
                    Step::Into(_) => {}
                    Step::OutOf(code, from) => {
                        tree.of.insert(code.clone(), from..tree.grids.len());
                    }
                }
            }
        }
        tree
    }
}

impl Directory {
    fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| Tree::of(self))
    }

    /// The grids inside an area, itself included; all grids for none.
    #[must_use]
    pub fn grids_in(&self, area: Option<&AreaCode>) -> Vec<AreaCode> {
        let tree = self.tree();
        let interval = match area {
            Some(area) => tree.of.get(area).cloned().unwrap_or_default(),
            None => 0..tree.grids.len(),
        };
        let mut found = tree.grids.get(interval).unwrap_or_default().to_vec();
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
