//! Lifecycles: the status of a matter or task as the deterministic fold of its transitions.
//!
//! Transitions only ever add up. Each knows which it was made after, so the status is what the
//! newest ones lead to; when two were made without knowing of each other, both stay visible and
//! the one whose status ranks higher in the table is shown. The table is data, in the form.
//!
//! Beside the steps that lead to a status stand the *asides*: urging, supervising, asking for more
//! time. They are history, found in lists, and never say where the work stands.

mod allowed;
mod aside;
mod extend;
mod fold;
mod pause;
mod resolve;

pub use allowed::Actor;
pub use pause::Pause;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ids::{ActionKey, FieldKey};
use crate::schema::{Label, Role, Said, StepMeaning};
use crate::view::TransitionMade;

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
    /// Whether the time until it is due does not run while the work stands there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
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

/// One allowed transition, or aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Its key.
    pub action: ActionKey,
    /// Its name for people.
    pub label: Label,
    /// The statuses it may be made from.
    pub from: Vec<ActionKey>,
    /// The status it leads to; none of an aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ActionKey>,
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
    /// Whether it cannot be made without saying why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note_needed: bool,
    /// Steps of which whoever took them last may not take this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_than: Vec<ActionKey>,
    /// Fields of which whoever wrote what stands in them may not take this step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_than_writers_of: Vec<FieldKey>,
    /// Asides that no longer stand once it was made after them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<ActionKey>,
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
    /// The steps that lead to no status of their own. They are a list of their own for builds from
    /// before there were any, which read a form without them and keep what they do not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asides: Vec<Transition>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LifecycleFault {
    /// A status that it lacks, or an action that leads to two from one.
    Status(ActionKey),
    /// A step that is in the wrong list, or names steps that it cannot.
    Step(ActionKey),
}

/// One of the newest transitions of a record, asides left out.
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
    pub(crate) fn check(&self) -> Result<(), LifecycleFault> {
        let known = |key: &ActionKey| self.statuses.iter().any(|s| s.key == *key);
        let named = std::iter::once(&self.initial)
            .chain(self.steps().flat_map(|t| t.from.iter().chain(&t.to)));
        if let Some(key) = named.into_iter().find(|key| !known(key)) {
            return Err(LifecycleFault::Status(key.clone()));
        }
        // Where an action leads must not depend on who made it: the fold does not know.
        for (i, a) in self.transitions.iter().enumerate() {
            for b in &self.transitions[..i] {
                if a.action == b.action && a.to != b.to && a.from.iter().any(|s| b.from.contains(s))
                {
                    return Err(LifecycleFault::Status(a.action.clone()));
                }
            }
        }
        self.check_asides()
    }

    /// An action is an aside in all of its rows or in none, and so it is with a recall: the fold
    /// goes by the action alone.
    fn check_asides(&self) -> Result<(), LifecycleFault> {
        let fault = |t: &Transition| Err(LifecycleFault::Step(t.action.clone()));
        let is_aside = |key: &ActionKey| self.asides.iter().any(|t| t.action == *key);
        let is_recall = |t: &Transition| t.meaning() == Some(StepMeaning::Recall);
        for t in &self.transitions {
            if t.to.is_none() || is_aside(&t.action) || is_recall(t) {
                return fault(t);
            }
        }
        for t in &self.asides {
            let same = self.asides.iter().filter(|other| other.action == t.action);
            if t.to.is_some() || same.clone().any(|other| is_recall(other) != is_recall(t)) {
                return fault(t);
            }
        }
        let is_suspended = |key: &ActionKey| self.status(key).is_some_and(|s| s.suspended);
        for t in &self.transitions {
            // It goes on from a standstill, and to where there is none if it is not known from where.
            let goes_on =
                t.from.iter().all(is_suspended) && !t.to.as_ref().is_some_and(is_suspended);
            if t.meaning() == Some(StepMeaning::Resume) && !goes_on {
                return fault(t);
            }
        }
        for t in self.steps() {
            let is_beside = is_aside(&t.action);
            let leads = matches!(
                t.meaning(),
                Some(StepMeaning::Resume | StepMeaning::Resolve)
            );
            if is_beside && leads {
                return fault(t);
            }
            let takes_back = t.meaning() == Some(StepMeaning::TakeBack);
            let knows = |key: &ActionKey| self.steps().any(|other| other.action == *key);
            if !t.answers.iter().all(is_aside)
                || !t.other_than.iter().all(knows)
                || (takes_back && t.answers.is_empty())
            {
                return fault(t);
            }
        }
        Ok(())
    }

    /// All steps: those that lead to a status, then the asides.
    pub fn steps(&self) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().chain(&self.asides)
    }

    /// Whether an action leads to no status: steps of it stand beside the status, or take one back.
    #[must_use]
    pub fn is_aside(&self, action: &ActionKey) -> bool {
        self.asides.iter().any(|t| t.action == *action)
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
    /// ones that stand first. None when there are none. One person can take all of them.
    pub fn way_to_closed(
        &self,
        from: &ActionKey,
        allowed: impl Fn(&Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        let by_one = |way: &[&Transition], t: &Transition| {
            let mut taken = way.iter();
            !taken.any(|before| t.other_than.contains(&before.action))
        };
        self.way(
            from,
            |at| self.stage(at) == Stage::Closed,
            |way, t| allowed(t) && by_one(way, t),
        )
    }

    /// The same to one status.
    pub fn way_to(
        &self,
        from: &ActionKey,
        to: &ActionKey,
        allowed: impl Fn(&Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        self.way(from, |at| at == to, |_, t| allowed(t))
    }

    fn way(
        &self,
        from: &ActionKey,
        is_there: impl Fn(&ActionKey) -> bool,
        allowed: impl Fn(&[&Transition], &Transition) -> bool,
    ) -> Option<Vec<&Transition>> {
        let start = &self.status(from)?.key;
        let mut met = BTreeSet::from([start]);
        let mut ways = VecDeque::from([(start, Vec::new())]);
        while let Some((at, way)) = ways.pop_front() {
            if is_there(at) {
                return Some(way);
            }
            let leads = |t: &&Transition| t.from.contains(at) && allowed(&way, t);
            for step in self.transitions.iter().filter(leads) {
                if let Some(to) = step.to.as_ref().filter(|to| met.insert(to)) {
                    let mut longer = way.clone();
                    longer.push(step);
                    ways.push_back((to, longer));
                }
            }
        }
        None
    }

    fn rank(&self, key: &ActionKey) -> u32 {
        self.status(key).map_or(0, |s| s.rank)
    }
}
