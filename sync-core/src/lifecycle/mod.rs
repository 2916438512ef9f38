//! Lifecycles: the status of a matter or task as the deterministic fold of its transitions.
//!
//! Transitions only ever add up. Each knows which it was made after, so the status is what the
//! newest ones lead to; when two were made without knowing of each other, both stay visible and
//! the one whose status ranks higher in the table is shown. The table is data, in the form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entry::RefusalCode;
use crate::ids::{ActionKey, EntryRef, FieldKey};
use crate::schema::{Label, Role};
use crate::view::{PartState, TransitionMade};

/// One status of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its key.
    pub key: ActionKey,
    /// Its name for people.
    pub label: Label,
    /// Of concurrent transitions the one whose status has the higher rank is shown.
    pub rank: u32,
    /// Whether the work is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
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
    /// Who may make it.
    pub roles: Vec<Role>,
    /// Fields that must have a value before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<FieldKey>,
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
        match named.into_iter().find(|key| !known(key)) {
            Some(key) => Err(key.to_string()),
            None => Ok(()),
        }
    }

    /// The status with this key.
    #[must_use]
    pub fn status(&self, key: &ActionKey) -> Option<&Status> {
        self.statuses.iter().find(|s| s.key == *key)
    }

    /// Folds the transitions of a row.
    #[must_use]
    pub fn fold<'a>(&'a self, state: &'a PartState) -> StatusView<'a> {
        // Each transition's status follows from the shown status of those it was made after, so
        // it is looked at once the last of them is reached. `after` has no cycles.
        let all = &state.transitions;
        let place: BTreeMap<(EntryRef, u32), usize> = all
            .iter()
            .enumerate()
            .map(|(i, t)| ((t.by, t.index), i))
            .collect();
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
        for (i, t) in all.iter().enumerate() {
            for id in &t.after {
                if let Some(&j) = place.get(id) {
                    next[j].push(i);
                }
            }
        }
        let mut waiting: Vec<usize> = all.iter().map(|t| t.after.len()).collect();
        let mut ready: Vec<usize> = (0..all.len()).filter(|&i| waiting[i] == 0).collect();
        let mut status: Vec<Option<&ActionKey>> = vec![None; all.len()];
        let mut reached: Vec<(&TransitionMade, &ActionKey)> = Vec::with_capacity(all.len());
        while let Some(i) = ready.pop() {
            let t = &all[i];
            let from = t
                .after
                .iter()
                .filter_map(|id| status[*place.get(id)?])
                .max_by_key(|s| self.rank(s))
                .unwrap_or(&self.initial);
            let to = self.target(from, &t.action);
            status[i] = Some(to);
            reached.push((t, to));
            for &j in &next[i] {
                waiting[j] -= 1;
                if waiting[j] == 0 {
                    ready.push(j);
                }
            }
        }
        let tips = crate::view::transition_tips(&state.transitions);
        let mut tips: Vec<Tip<'a>> = reached
            .into_iter()
            .filter(|(t, _)| tips.binary_search(&(t.by, t.index)).is_ok())
            .map(|(made, status)| Tip { made, status })
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
        let has = |field: &FieldKey| match state.fields.get(field) {
            Some(crate::view::Cell::Text { text, .. }) => !text.is_empty(),
            Some(_) => true,
            None => false,
        };
        if row.needs.iter().all(has) {
            Ok(())
        } else {
            Err(RefusalCode::TransitionNotAllowed)
        }
    }
}
