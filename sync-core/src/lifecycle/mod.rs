//! Lifecycles: the status of a matter or task as the deterministic fold of its transitions.
//!
//! Transitions only ever add up. Each knows which it was made after, so the status is what the
//! newest ones lead to; when two were made without knowing of each other, both stay visible and
//! the one whose status ranks higher in the table is shown. The table is data, in the form.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::edit::Value;
use crate::entry::RefusalCode;
use crate::ids::{ActionKey, EntryRef, FieldKey};
use crate::schema::{Label, Role, Said, StepMeaning};
use crate::view::{Cell, PartState, TransitionMade};

/// How far the work of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It is to be done.
    Open,
    /// The doer has done their part, and somebody has yet to close it.
    Done,
    /// It is over.
    Closed,
}

/// One status of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its key.
    pub key: ActionKey,
    /// Its name for people.
    pub label: Label,
    /// Of concurrent transitions the one whose status has the higher rank is shown.
    pub rank: u32,
    /// Whether the doer has done their part, and somebody has yet to close it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// Whether the work is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl Status {
    /// How far the work is; closed, where an unchecked form says both.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match (self.closed, self.done) {
            (true, _) => Stage::Closed,
            (false, true) => Stage::Done,
            (false, false) => Stage::Open,
        }
    }
}

/// One allowed transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Its key.
    pub action: ActionKey,
    /// Its name for people.
    pub label: Label,
    /// The statuses it may be made from.
    pub from: Vec<ActionKey>,
    /// The status it leads to.
    pub to: ActionKey,
    /// What it does besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Said<StepMeaning>>,
    /// Who may make it.
    pub roles: Vec<Role>,
    /// Fields that must have a value before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<FieldKey>,
    /// Whether the doer is asked to say why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// The table of a form's statuses and transitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The status of a record without transitions.
    pub initial: ActionKey,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// All transitions; one action may stand in several rows.
    pub transitions: Vec<Transition>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// One of the newest transitions of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip<'a> {
    /// The transition.
    pub made: &'a TransitionMade,
    /// The status it led to.
    pub status: &'a ActionKey,
}

/// The status of a record and what made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView<'a> {
    /// The status shown.
    pub status: &'a ActionKey,
    /// The newest transitions, the shown one first; more than one were made concurrently.
    pub tips: Vec<Tip<'a>>,
}

impl Lifecycle {
    pub(crate) fn check(&self) -> Result<(), String> {
        let known = |key: &ActionKey| self.statuses.iter().any(|s| s.key == *key);
        let named = std::iter::once(&self.initial).chain(
            self.transitions
                .iter()
                .flat_map(|t| t.from.iter().chain(std::iter::once(&t.to))),
        );
        if let Some(key) = named.into_iter().find(|key| !known(key)) {
            return Err(key.to_string());
        }
        // Where an action leads must not depend on who made it: the fold does not know.
        for (i, a) in self.transitions.iter().enumerate() {
            for b in &self.transitions[..i] {
                if a.action == b.action && a.to != b.to && a.from.iter().any(|s| b.from.contains(s))
                {
                    return Err(a.action.to_string());
                }
            }
        }
        Ok(())
    }

    /// The status with this key.
    #[must_use]
    pub fn status(&self, key: &ActionKey) -> Option<&Status> {
        self.statuses.iter().find(|s| s.key == *key)
    }

    /// How far the work is at a status; open at one that the table lacks.
    #[must_use]
    pub fn stage(&self, key: &ActionKey) -> Stage {
        self.status(key).map_or(Stage::Open, Status::stage)
    }

    /// The fewest steps from a status to one that closes the work, of those allowed; of as many the
    /// ones that stand first. None when there are none.
    pub fn way_to_closed(
        &self,
        from: &ActionKey,
        allowed: impl Fn(&Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        self.way(from, |at| self.stage(at) == Stage::Closed, allowed)
    }

    /// The same to one status.
    pub fn way_to(
        &self,
        from: &ActionKey,
        to: &ActionKey,
        allowed: impl Fn(&Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        self.way(from, |at| at == to, allowed)
    }

    fn way(
        &self,
        from: &ActionKey,
        is_there: impl Fn(&ActionKey) -> bool,
        allowed: impl Fn(&Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        let start = &self.status(from)?.key;
        let mut met = BTreeSet::from([start]);
        let mut ways = VecDeque::from([(start, Vec::new())]);
        while let Some((at, way)) = ways.pop_front() {
            if is_there(at) {
                return Some(way);
            }
            let leads = |t: &&Transition| t.from.contains(at) && allowed(t);
            for step in self.transitions.iter().filter(leads) {
                if met.insert(&step.to) {
                    let mut longer = way.clone();
                    longer.push(step);
                    ways.push_back((&step.to, longer));
                }
            }
        }
        None
    }

    /// Folds the transitions of a row.
    #[must_use]
    pub fn fold<'a>(&'a self, state: &'a PartState) -> StatusView<'a> {
        // Each transition's status follows from the shown status of those it was made after, so
        // each is taken once all of those were; `after` has no cycles.
        let made = &state.transitions;
        let index: BTreeMap<(EntryRef, u32), usize> = made
            .iter()
            .enumerate()
            .map(|(i, t)| ((t.by, t.index), i))
            .collect();
        let mut later: Vec<Vec<usize>> = vec![Vec::new(); made.len()];
        let mut waiting: Vec<usize> = made.iter().map(|t| t.after.len()).collect();
        for (i, t) in made.iter().enumerate() {
            for of in t.after.iter().filter_map(|id| index.get(id)) {
                later[*of].push(i);
            }
        }
        let mut statuses: Vec<Option<&ActionKey>> = vec![None; made.len()];
        let mut ready: Vec<usize> = (0..made.len()).filter(|&i| waiting[i] == 0).collect();
        while let Some(i) = ready.pop() {
            let of = made[i].after.iter().filter_map(|id| index.get(id));
            let from = self.shown(of.filter_map(|&d| statuses[d]));
            statuses[i] = Some(self.target(from, &made[i].action));
            for &l in &later[i] {
                waiting[l] -= 1;
                if waiting[l] == 0 {
                    ready.push(l);
                }
            }
        }
        let tips = crate::view::transition_tips(&state.transitions);
        let mut tips: Vec<Tip<'a>> = made
            .iter()
            .zip(statuses)
            .filter(|(t, _)| tips.binary_search(&(t.by, t.index)).is_ok())
            .filter_map(|(made, status)| status.map(|status| Tip { made, status }))
            .collect();
        tips.sort_by_key(|tip| {
            (
                std::cmp::Reverse(self.rank(tip.status)),
                tip.made.by,
                tip.made.index,
            )
        });
        StatusView {
            status: tips.first().map_or(&self.initial, |t| t.status),
            tips,
        }
    }

    /// Of the statuses of concurrent transitions, in the order of the transitions, the one shown:
    /// the highest in rank, the first of equals, as among the tips.
    fn shown<'a>(&'a self, statuses: impl Iterator<Item = &'a ActionKey>) -> &'a ActionKey {
        let first = |a: &'a ActionKey, b: &'a ActionKey| {
            if self.rank(b) > self.rank(a) { b } else { a }
        };
        statuses.reduce(first).unwrap_or(&self.initial)
    }

    fn rank(&self, key: &ActionKey) -> u32 {
        self.status(key).map_or(0, |s| s.rank)
    }

    /// Where an action leads from a status; a row of an older table that no longer allows it
    /// still leads where the action leads from anywhere, or stays.
    fn target<'a>(&'a self, from: &'a ActionKey, action: &ActionKey) -> &'a ActionKey {
        let rows = || self.transitions.iter().filter(|t| t.action == *action);
        rows()
            .find(|t| t.from.contains(from))
            .or_else(|| rows().next())
            .map_or(from, |t| &t.to)
    }

    /// The transitions that these roles may make from the row's status now.
    pub fn next<'a>(&'a self, state: &PartState, roles: &[Role]) -> Vec<&'a Transition> {
        let status = self.fold(state).status.clone();
        self.transitions
            .iter()
            .filter(|t| t.from.contains(&status) && roles.iter().any(|r| t.roles.contains(r)))
            .collect()
    }

    /// Whether a transition is allowed at a row.
    ///
    /// # Errors
    /// [`RefusalCode::TransitionNotAllowed`] when the table has no such row,
    /// [`RefusalCode::NotWritable`] when it has, for other roles.
    pub fn check_transition(
        &self,
        state: &PartState,
        action: &ActionKey,
        roles: &[Role],
    ) -> Result<(), RefusalCode> {
        let status = self.fold(state).status.clone();
        let rows: Vec<&Transition> = self
            .transitions
            .iter()
            .filter(|t| t.action == *action && t.from.contains(&status))
            .collect();
        if rows.is_empty() {
            return Err(RefusalCode::TransitionNotAllowed);
        }
        let row = rows
            .into_iter()
            .find(|t| roles.iter().any(|r| t.roles.contains(r)))
            .ok_or(RefusalCode::NotWritable)?;
        if row.lacking(state).next().is_none() {
            Ok(())
        } else {
            Err(RefusalCode::TransitionNotAllowed)
        }
    }
}

impl Transition {
    /// The fields that must have a value before it and have none.
    pub fn lacking<'a>(&'a self, state: &'a PartState) -> impl Iterator<Item = &'a FieldKey> {
        self.needs.iter().filter(|field| !has_value(state, field))
    }
}

fn has_value(state: &PartState, field: &FieldKey) -> bool {
    match state.fields.get(field) {
        Some(cell @ Cell::Text { .. }) => !cell.shown_text().is_empty(),
        Some(Cell::Choices(chosen)) => !chosen.is_empty(),
        Some(Cell::Group(items)) => items.values().any(|i| i.present),
        Some(Cell::Register(_)) => {
            !matches!(state.value(field.as_str()), Some(Value::Text(t)) if t.is_empty())
        }
        Some(Cell::Counter { .. }) => true,
        None => false,
    }
}
