//! Which steps may be made at a row, and by whom.
//!
//! What enters: a row, and who acts. What leaves: the steps of the table that are possible, or the
//! code of why one is not. Phones ask before they offer and store a step, the server before it
//! admits one.

use std::collections::BTreeSet;
use std::fmt;

use crate::edit::Value;
use crate::entry::RefusalCode;
use crate::ids::{ActionKey, EntryRef, FieldKey, UserId};
use crate::lifecycle::fold::Folded;
use crate::lifecycle::{Lifecycle, Transition};
use crate::schema::{Role, StepMeaning};
use crate::view::{Cell, PartState};

/// Who takes a step, and who made what is there already.
#[derive(Clone, Copy)]
pub struct Actor<'a> {
    /// What they may be in the record's grid.
    pub roles: &'a [Role],
    /// Who they are; none where only roles are asked about: then nothing was made by them.
    pub user: Option<UserId>,
    /// Who made an entry, where that is known.
    pub made: &'a dyn Fn(&EntryRef) -> Option<UserId>,
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("roles", &self.roles)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

fn nobody(_: &EntryRef) -> Option<UserId> {
    None
}

impl<'a> From<&'a [Role]> for Actor<'a> {
    fn from(roles: &'a [Role]) -> Self {
        Self {
            roles,
            user: None,
            made: &nobody,
        }
    }
}

impl<'a, const N: usize> From<&'a [Role; N]> for Actor<'a> {
    fn from(roles: &'a [Role; N]) -> Self {
        roles.as_slice().into()
    }
}

impl<'a> From<&'a Vec<Role>> for Actor<'a> {
    fn from(roles: &'a Vec<Role>) -> Self {
        roles.as_slice().into()
    }
}

impl Actor<'_> {
    fn made_it(&self, entry: &EntryRef) -> bool {
        self.user.is_some() && (self.made)(entry) == self.user
    }

    fn has_one_of(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

impl Lifecycle {
    /// The steps that somebody may make from the row's status now.
    pub fn next<'a, 'b>(
        &'a self,
        state: &PartState,
        actor: impl Into<Actor<'b>>,
    ) -> Vec<&'a Transition> {
        let actor = actor.into();
        let folded = Folded::of(self, state);
        let status = folded.view().status;
        self.steps()
            .filter(|t| t.from.contains(status) && actor.has_one_of(&t.roles))
            .filter(|t| folded.lets(t, &actor))
            .collect()
    }

    /// Whether a transition is allowed at a row.
    ///
    /// # Errors
    /// [`RefusalCode::TransitionNotAllowed`] when the table has no such row or not for this person,
    /// [`RefusalCode::NotWritable`] when it has, for other roles.
    pub fn check_transition<'b>(
        &self,
        state: &PartState,
        action: &ActionKey,
        actor: impl Into<Actor<'b>>,
    ) -> Result<(), RefusalCode> {
        self.allowed(state, action, &actor.into()).map(|_| ())
    }

    /// The row of the table by which a transition is allowed.
    pub(crate) fn allowed(
        &self,
        state: &PartState,
        action: &ActionKey,
        actor: &Actor<'_>,
    ) -> Result<&Transition, RefusalCode> {
        let folded = Folded::of(self, state);
        let status = folded.view().status;
        let mut code = RefusalCode::TransitionNotAllowed;
        for row in self.steps() {
            if row.action != *action || !row.from.contains(status) {
                continue;
            }
            if !actor.has_one_of(&row.roles) {
                code = RefusalCode::NotWritable;
                continue;
            }
            return if folded.lets(row, actor) && row.lacking(state).next().is_none() {
                Ok(row)
            } else {
                Err(RefusalCode::TransitionNotAllowed)
            };
        }
        Err(code)
    }

    /// The status that a step leads to from where the row stands; none of an aside.
    #[must_use]
    pub fn leads_to<'a>(
        &'a self,
        state: &'a PartState,
        step: &'a Transition,
    ) -> Option<&'a ActionKey> {
        if step.meaning() != Some(StepMeaning::Recall) {
            return step.to.as_ref();
        }
        let folded = Folded::of(self, state);
        folded.before_step(&folded.tips)
    }
}

impl Folded<'_> {
    /// Whether a step may be taken by this person, by what was done before.
    fn lets(&self, step: &Transition, actor: &Actor<'_>) -> bool {
        if step.meaning() == Some(StepMeaning::Recall) && !self.may_be_recalled(actor) {
            return false;
        }
        let mut barred = step.other_than.iter().flat_map(|action| self.last(action));
        !barred.any(|by| actor.made_it(&by))
    }

    /// Whether the newest step is this person's, and nobody acted on it.
    fn may_be_recalled(&self, actor: &Actor<'_>) -> bool {
        self.before_step(&self.tips).is_some()
            && self
                .tips
                .iter()
                .all(|&tip| actor.made_it(&self.made[tip].by))
    }

    /// Who took a step last, by their entries: more than one when they did not know of each other.
    fn last(&self, action: &ActionKey) -> Vec<EntryRef> {
        let mut found = Vec::new();
        let mut met: BTreeSet<usize> = BTreeSet::new();
        let newest = crate::view::transition_tips(self.made);
        let mut ways: Vec<usize> = newest.iter().filter_map(|id| self.place(id)).collect();
        while let Some(i) = ways.pop() {
            if !met.insert(i) {
                continue;
            }
            if self.made[i].action == *action {
                found.push(self.made[i].by);
            } else {
                ways.extend(self.after(i));
            }
        }
        found
    }
}

impl Transition {
    /// Whether it can be made without a word, by whoever made the ones before, and writes nothing
    /// else: what is asked of steps that are made in one go.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let extends = self.meaning() == Some(StepMeaning::Extend);
        self.to.is_some() && !self.note_needed && self.other_than.is_empty() && !extends
    }

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
