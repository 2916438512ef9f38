//! The places of areas in the order of a walk through their tree: what lies in an area is an interval.
//!
//! What enters: areas and their children. What leaves: the grids of an area, without a walk. What
//! never happens here: a walk for each question, or for one more area; one is made once, and after
//! what has other areas in it was moved.

use std::collections::HashMap;
use std::ops::Range;

use crate::directory::parts::Parts;
use crate::directory::{Area, Directory};
use crate::ids::{AreaCode, UserId};
use crate::schema::Role;
use crate::time::Timestamp;

/// Places left free in each area by a walk, for areas that come later.
const ROOM: u64 = 1 << 32;
/// Of an area's room, the share that one more area in it takes.
const SHARE: u64 = 1 << 12;

/// The places of an area: its own is the first, then those of what lies in it.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    from: u64,
    until: u64,
    /// The first place that nothing is put at yet.
    free: u64,
    /// How many places the next area in it takes.
    step: u64,
}

impl Block {
    /// The block of one more area in this one; none when there is no room left.
    fn take(&mut self) -> Option<Self> {
        let (from, until) = (self.free, self.free.checked_add(self.step)?);
        if self.step == 0 || until > self.until {
            return None;
        }
        self.free = until;
        Some(Self {
            from,
            until,
            free: from + 1,
            step: self.step / SHARE,
        })
    }
}

/// The places of areas, and the grids by place.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    blocks: Parts<AreaCode, Block>,
    grids: Parts<u64, AreaCode>,
    /// Around all areas.
    all: Block,
}

/// A step of the walk.
enum Step<'a> {
    Into(&'a AreaCode),
    OutOf(usize),
}

impl Tree {
    fn of(directory: &Directory) -> Self {
        let numbers: HashMap<&AreaCode, usize> = directory.areas.keys().zip(0..).collect();
        let mut blocks: Vec<Option<Block>> = vec![None; numbers.len()];
        let mut grids = Vec::new();
        let mut next = 0u64;
        let is_root = |area: &&Area| {
            let parent = area.parent.as_ref();
            parent.is_none_or(|parent| directory.area(parent).is_none())
        };
        // What a damaged import made a circle of is begun anywhere, after all that has a root.
        let roots = directory.areas().filter(is_root);
        for root in roots.chain(directory.areas()) {
            let mut steps = vec![Step::Into(&root.code)];
            while let Some(step) = steps.pop() {
                match step {
                    Step::Into(code) => {
                        let Some(&number) = numbers.get(code) else {
                            continue;
                        };
                        // Met once, also while what lies in it is not known yet.
                        if blocks[number].is_some() {
                            continue;
                        }
                        blocks[number] = Some(Block {
                            from: next,
                            step: ROOM / SHARE,
                            ..Block::default()
                        });
                        if directory.is_grid(code) {
                            grids.push((next, code.clone()));
                        }
                        next += 1;
                        steps.push(Step::OutOf(number));
                        steps.extend(directory.children(code).map(Step::Into));
                    }
                    Step::OutOf(number) => {
                        if let Some(block) = &mut blocks[number] {
                            block.free = next;
                            next = next.saturating_add(ROOM);
                            block.until = next;
                        }
                    }
                }
            }
        }
        let areas = directory.areas.keys().cloned();
        Self {
            blocks: Parts::of_sorted(
                areas
                    .zip(blocks)
                    .map(|(code, block)| (code, block.unwrap_or_default())),
            ),
            grids: Parts::of_sorted(grids),
            all: Block {
                from: 0,
                until: u64::MAX,
                free: next,
                step: ROOM,
            },
        }
    }

    /// Puts in an area that nothing lies in. Tells whether there was room for it.
    pub(super) fn add(&mut self, area: &Area, is_grid: bool) -> bool {
        let parent = area.parent.as_ref();
        let parent = parent.filter(|parent| self.blocks.contains_key(*parent));
        let around = match parent {
            Some(parent) => self.blocks.entry(parent.clone(), Block::default),
            None => &mut self.all,
        };
        let Some(block) = around.take() else {
            return false;
        };
        self.blocks.insert(area.code.clone(), block);
        if is_grid {
            self.grids.insert(block.from, area.code.clone());
        }
        true
    }

    /// Takes out an area that nothing lies in. Its places are not given out again.
    pub(super) fn remove(&mut self, area: &AreaCode) {
        if let Some(block) = self.blocks.remove(area) {
            self.grids.remove(&block.from);
        }
    }

    /// The grids at some places, in their order.
    pub(super) fn grids(&self, places: Range<u64>) -> impl Iterator<Item = &AreaCode> {
        self.grids
            .from(places.start)
            .take_while(move |(at, _)| **at < places.end)
            .map(|(_, grid)| grid)
    }

    pub(super) fn has_grids(&self, places: Range<u64>) -> bool {
        self.grids(places).next().is_some()
    }

    pub(super) fn count(&self, places: &Range<u64>) -> usize {
        let upto = self.grids.before(&places.end);
        upto.saturating_sub(self.grids.before(&places.start))
    }

    /// Where a grid stands; none for what is no grid.
    pub(super) fn place(&self, grid: &AreaCode) -> Option<u64> {
        let at = self.blocks.get(grid)?.from;
        self.grids.contains_key(&at).then_some(at)
    }

    pub(super) fn interval(&self, area: Option<&AreaCode>) -> Range<u64> {
        match area {
            Some(area) => self.blocks.get(area).map_or(0..0, |b| b.from..b.until),
            None => 0..u64::MAX,
        }
    }
}

/// How far up the tree is looked; a circle that a damaged import made ends there.
pub(super) const MAX_LEVELS: usize = 64;

impl Directory {
    /// An area and what it lies in, the nearest first.
    pub fn upward<'a>(&'a self, area: &'a AreaCode) -> impl Iterator<Item = &'a AreaCode> {
        std::iter::successors(Some(area), |code| self.area(code)?.parent.as_ref()).take(MAX_LEVELS)
    }

    pub(super) fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| Tree::of(self))
    }

    /// Where a grid stands in the order of the tree, in which the grids of an area follow each
    /// other; none for what is no grid. It holds for this directory alone.
    #[must_use]
    pub fn place_of(&self, grid: &AreaCode) -> Option<u64> {
        self.tree().place(grid)
    }

    /// From where up to where the grids of an area stand; of none, all.
    #[must_use]
    pub fn interval(&self, area: Option<&AreaCode>) -> Range<u64> {
        self.tree().interval(area)
    }

    /// How many grids stand from one place up to another.
    #[must_use]
    pub fn count_grids(&self, places: &Range<u64>) -> usize {
        self.tree().count(places)
    }

    /// The grids that stand from one place up to another, in the order of the tree.
    pub fn grids_at(&self, places: Range<u64>) -> impl Iterator<Item = &AreaCode> {
        self.tree().grids(places)
    }

    /// The grids inside an area, itself included; all grids for none.
    #[must_use]
    pub fn grids_in(&self, area: Option<&AreaCode>) -> Vec<AreaCode> {
        let mut found: Vec<AreaCode> = self.grids_at(self.interval(area)).cloned().collect();
        found.sort_unstable();
        found
    }

    /// The roles that a user holds now in every grid there is.
    #[must_use]
    pub fn roles_everywhere(&self, user: UserId, now: Timestamp) -> Vec<Role> {
        let tree = self.tree();
        let holds_all = |area: &AreaCode| {
            let here = tree.interval(Some(area));
            tree.has_grids(here.clone())
                && !tree.has_grids(0..here.start)
                && !tree.has_grids(here.end..u64::MAX)
        };
        self.active_grants(user, now)
            .filter(|grant| grant.area.as_ref().is_none_or(holds_all))
            .map(|grant| grant.role)
            .collect()
    }
}
