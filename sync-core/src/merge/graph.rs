//! The order and ancestry of one record's entries.

use crate::gather::Gather as _;
use std::collections::BTreeMap;

use crate::entry::Entry;
use crate::ids::EntryRef;
use crate::merge::MergeError;

/// Entries of one record in an order in which each comes after those it was made at.
#[derive(Debug)]
pub(super) struct Graph {
    index: BTreeMap<EntryRef, usize>,
    deps: Vec<Vec<usize>>,
    order: Vec<usize>,
}

impl Graph {
    pub(super) fn new(entries: &[Entry]) -> Result<Self, MergeError> {
        let index: BTreeMap<EntryRef, usize> = entries
            .iter()
            .enumerate()
            .map(|(i, e)| (e.id(), i))
            .gathered();
        let mut deps = Vec::with_capacity(entries.len());
        for entry in entries {
            let of: Option<Vec<usize>> = entry
                .header
                .deps()
                .iter()
                .map(|d| index.get(d).copied())
                .collect();
            deps.push(of.ok_or(MergeError::MissingHeads)?);
        }
        // A device log is a line: what one device wrote goes in in the order it wrote it, also when
        // a broken device made an entry without an earlier one of its own. When even that has no
        // order, what the entries were made at decides alone.
        let mut lines: Vec<usize> = (0..entries.len()).collect();
        lines.sort_by_key(|&i| entries[i].id());
        let line: Vec<(usize, usize)> = lines
            .windows(2)
            .filter(|w| entries[w[0]].incarnation == entries[w[1]].incarnation)
            .filter(|w| entries[w[0]].id() != entries[w[1]].id())
            .map(|w| (w[0], w[1]))
            .collect();
        let order = sort(&deps, &line)
            .or_else(|| sort(&deps, &[]))
            .ok_or(MergeError::MissingHeads)?;
        Ok(Self { index, deps, order })
    }

    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Of these heads, those that no other of them was made after.
    pub(super) fn newest(&self, heads: &[EntryRef]) -> Option<Vec<EntryRef>> {
        let mut stack: Vec<usize> = Vec::new();
        for head in heads {
            stack.extend(&self.deps[*self.index.get(head)?]);
        }
        let mut older = vec![false; self.deps.len()];
        while let Some(i) = stack.pop() {
            if !older[i] {
                older[i] = true;
                stack.extend(&self.deps[i]);
            }
        }
        let is_newest = |head: &&EntryRef| self.index.get(head).is_some_and(|&i| !older[i]);
        Some(heads.iter().filter(is_newest).copied().collect())
    }

    /// The entries at or before these heads, in order.
    pub(super) fn closure(&self, heads: &[EntryRef]) -> Option<Vec<usize>> {
        let mut inside = vec![false; self.deps.len()];
        let mut stack: Vec<usize> = heads
            .iter()
            .map(|h| self.index.get(h).copied())
            .collect::<Option<_>>()?;
        while let Some(i) = stack.pop() {
            if !inside[i] {
                inside[i] = true;
                stack.extend(&self.deps[i]);
            }
        }
        Some(self.order.iter().copied().filter(|&i| inside[i]).collect())
    }
}

/// Depth first, so that one branch is derived to its end before the next begins.
fn sort(deps: &[Vec<usize>], line: &[(usize, usize)]) -> Option<Vec<usize>> {
    let mut waiting: Vec<usize> = deps.iter().map(Vec::len).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); deps.len()];
    for (i, of) in deps.iter().enumerate() {
        for &d in of {
            children[d].push(i);
        }
    }
    for &(earlier, later) in line {
        children[earlier].push(later);
        waiting[later] += 1;
    }
    let mut ready: Vec<usize> = (0..deps.len()).rev().filter(|&i| waiting[i] == 0).collect();
    let mut order = Vec::with_capacity(deps.len());
    while let Some(i) = ready.pop() {
        order.push(i);
        for &c in children[i].iter().rev() {
            waiting[c] -= 1;
            if waiting[c] == 0 {
                ready.push(c);
            }
        }
    }
    (order.len() == deps.len()).then_some(order)
}
