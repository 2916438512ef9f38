//! The fold: what each transition led to, and which are the newest.
//!
//! Asides are passed through: what was made after an aside was made after what that was made after.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::ids::{ActionKey, EntryRef};
use crate::lifecycle::{Lifecycle, StatusView, Tip};
use crate::schema::StepMeaning;
use crate::view::{PartState, TransitionMade, transition_tips};

/// The transitions of a row, each with its status. Places are those among the row's transitions,
/// which are sorted, so nothing depends on the order they came in.
pub(super) struct Folded<'a> {
    lifecycle: &'a Lifecycle,
    pub(super) made: &'a [TransitionMade],
    index: BTreeMap<(EntryRef, u32), usize>,
    /// Which of them only stand beside the status.
    asides: Vec<bool>,
    /// Of each: the newest that lead to a status of those that it was made after, sorted.
    before: Vec<Rc<[usize]>>,
    statuses: Vec<&'a ActionKey>,
    /// The newest that lead to a status, sorted.
    pub(super) tips: Rc<[usize]>,
}

impl<'a> Folded<'a> {
    pub(super) fn of(lifecycle: &'a Lifecycle, state: &'a PartState) -> Self {
        let made = state.transitions.as_slice();
        let index: BTreeMap<(EntryRef, u32), usize> = made
            .iter()
            .enumerate()
            .map(|(i, t)| ((t.by, t.index), i))
            .gathered();
        let beside: BTreeSet<&ActionKey> = lifecycle
            .asides
            .iter()
            .filter(|t| t.meaning() != Some(StepMeaning::Recall))
            .map(|t| &t.action)
            .gathered();
        let nothing: Rc<[usize]> = Rc::from([]);
        let mut folded = Self {
            lifecycle,
            made,
            asides: made.iter().map(|t| beside.contains(&t.action)).collect(),
            before: vec![Rc::clone(&nothing); made.len()],
            statuses: vec![&lifecycle.initial; made.len()],
            tips: nothing,
            index,
        };
        folded.run();
        folded
    }

    /// Each transition is taken once all of those were that it was made after; `after` has no cycles.
    fn run(&mut self) {
        let made = self.made;
        let mut later: Vec<Vec<usize>> = vec![Vec::new(); made.len()];
        let mut waiting: Vec<usize> = vec![0; made.len()];
        for (i, count) in waiting.iter_mut().enumerate() {
            for of in self.after(i) {
                later[of].push(i);
                *count += 1;
            }
        }
        let mut places = vec![0; made.len()];
        let mut taken = 0;
        let mut ready: Vec<usize> = (0..made.len()).filter(|&i| waiting[i] == 0).collect();
        while let Some(i) = ready.pop() {
            (places[i], taken) = (taken, taken + 1);
            let after: Vec<usize> = self.after(i).collect();
            self.before[i] = self.leading(&after, &places);
            self.statuses[i] = self.led_to(i);
            for &l in &later[i] {
                waiting[l] -= 1;
                if waiting[l] == 0 {
                    ready.push(l);
                }
            }
        }
        let newest = transition_tips(made);
        let newest: Vec<usize> = newest.iter().filter_map(|id| self.place(id)).collect();
        self.tips = self.leading(&newest, &places);
    }

    pub(super) fn place(&self, id: &(EntryRef, u32)) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// What a transition was made after, asides among it.
    pub(super) fn after(&self, of: usize) -> impl Iterator<Item = usize> {
        let after = self.made[of].after.iter();
        after.filter_map(|id| self.place(id))
    }

    /// Of some transitions, none of which was made after another: the newest at or before them that
    /// lead to a status.
    fn leading(&self, of: &[usize], places: &[usize]) -> Rc<[usize]> {
        if let [only] = of {
            return match self.asides[*only] {
                true => Rc::clone(&self.before[*only]),
                false => Rc::from([*only]),
            };
        }
        if !of.iter().any(|&i| self.asides[i]) {
            return Rc::from(of);
        }
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for &i in of {
            match self.asides[i] {
                true => found.extend(self.before[i].iter()),
                false => {
                    found.insert(i);
                }
            }
        }
        // Through an aside one may be found that another of them was made after.
        let first = found.iter().map(|&i| places[i]).min().unwrap_or(0);
        let back = |i: usize| self.before[i].iter().filter(|&&b| places[b] >= first);
        let mut ways: Vec<usize> = found.iter().flat_map(|&i| back(i)).copied().collect();
        let mut met: BTreeSet<usize> = BTreeSet::new();
        while let Some(i) = ways.pop() {
            if met.insert(i) {
                ways.extend(back(i));
            }
        }
        found.difference(&met).copied().collect()
    }

    fn led_to(&self, of: usize) -> &'a ActionKey {
        let from = self.shown(&self.before[of]);
        let action = &self.made[of].action;
        if self.asides[of] {
            from
        } else if self.is_recall(of) {
            self.before_step(&self.before[of]).unwrap_or(from)
        } else {
            let (to, goes_on) = self.lifecycle.target(from, action);
            match goes_on {
                true => self.before_suspension(&self.before[of]).unwrap_or(to),
                false => to,
            }
        }
    }

    /// Where the work stood before it was suspended, by the line of steps that were shown; none when
    /// it never stood anywhere else.
    pub(super) fn before_suspension(&self, newest: &[usize]) -> Option<&'a ActionKey> {
        let runs = |key: &ActionKey| self.lifecycle.status(key).is_some_and(|s| !s.suspended);
        let mut at = self.shown_of(newest)?;
        loop {
            let before = self.shown_of(&self.before[at]);
            let Some(before) = before else {
                let initial = &self.lifecycle.initial;
                return runs(initial).then_some(initial);
            };
            if runs(self.statuses[before]) {
                return Some(self.statuses[before]);
            }
            at = before;
        }
    }

    pub(super) fn is_recall(&self, of: usize) -> bool {
        self.lifecycle.is_recall(&self.made[of].action)
    }

    /// Where the work stood before the one step that is the newest; none when there is not one, or
    /// it is a recall itself.
    pub(super) fn before_step(&self, newest: &[usize]) -> Option<&'a ActionKey> {
        match newest {
            [only] if !self.is_recall(*only) => Some(self.shown(&self.before[*only])),
            _ => None,
        }
    }

    /// Of concurrent transitions the one whose status is shown: the highest in rank, the first of
    /// equals.
    fn shown_of(&self, of: &[usize]) -> Option<usize> {
        let rank = |i: usize| self.lifecycle.rank(self.statuses[i]);
        let higher = |a: usize, b: usize| if rank(b) > rank(a) { b } else { a };
        of.iter().copied().reduce(higher)
    }

    fn shown(&self, of: &[usize]) -> &'a ActionKey {
        self.shown_of(of)
            .map_or(&self.lifecycle.initial, |i| self.statuses[i])
    }

    /// The steps that led to the status shown, oldest first, each with its status: of concurrent
    /// ones the one that was shown.
    pub(super) fn line(&self) -> Vec<(usize, &'a ActionKey)> {
        let mut line = Vec::new();
        let mut at = self.shown_of(&self.tips);
        while let Some(i) = at {
            line.push((i, self.statuses[i]));
            at = self.shown_of(&self.before[i]);
        }
        line.reverse();
        line
    }

    pub(super) fn view(&self) -> StatusView<'a> {
        let mut tips: Vec<Tip<'a>> = self
            .tips
            .iter()
            .map(|&i| Tip {
                made: &self.made[i],
                status: self.statuses[i],
            })
            .collect();
        tips.sort_by_key(|tip| {
            let rank = self.lifecycle.rank(tip.status);
            (std::cmp::Reverse(rank), tip.made.by, tip.made.index)
        });
        StatusView {
            status: tips.first().map_or(&self.lifecycle.initial, |t| t.status),
            tips,
        }
    }
}

impl Lifecycle {
    /// Folds the transitions of a row.
    #[must_use]
    pub fn fold<'a>(&'a self, state: &'a PartState) -> StatusView<'a> {
        Folded::of(self, state).view()
    }

    pub(super) fn is_recall(&self, action: &ActionKey) -> bool {
        let mut rows = self.asides.iter().filter(|t| t.action == *action);
        rows.any(|t| t.meaning() == Some(StepMeaning::Recall))
    }

    /// Where an action leads from a status, and whether it goes on from a standstill there; a row of
    /// an older table that no longer allows it still leads where the action leads from anywhere, or
    /// stays.
    fn target<'a>(&'a self, from: &'a ActionKey, action: &ActionKey) -> (&'a ActionKey, bool) {
        let rows = || self.transitions.iter().filter(|t| t.action == *action);
        let here = rows().find(|t| t.from.contains(from));
        let goes_on = here.is_some_and(|t| t.meaning() == Some(StepMeaning::Resume));
        let row = here.or_else(|| rows().next());
        (row.and_then(|t| t.to.as_ref()).unwrap_or(from), goes_on)
    }
}
