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

    /// Whether they wrote what stands in one of these fields, or one of the values beside each other.
    fn wrote_any(&self, state: &PartState, fields: &[FieldKey]) -> bool {
        fields.iter().any(|field| match state.fields.get(field) {
            Some(Cell::Register(held) | Cell::Text { sides: held, .. }) if !held.is_empty() => {
                held.iter().any(|c| self.made_it(&c.by))
            }
            Some(Cell::Text { by, .. } | Cell::Counter { by, .. }) => {
                by.iter().any(|by| self.made_it(by))
            }
            Some(Cell::Choices(chosen)) => chosen.values().any(|by| self.made_it(by)),
            Some(Cell::Group(items)) => {
                let mut held = items
                    .values()
                    .flat_map(|item| item.members.values().flatten());
                held.any(|c| self.made_it(&c.by))
            }
            Some(Cell::Register(_)) | None => false,
        })
    }

    fn has_one_of(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

impl Lifecycle {
    /// The steps that somebody may make from the row's status now, as they are offered: an aside that
    /// answers others only where one of these stands, of their own where it takes back, and what they can
    /// take back not a second time.
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
            .filter(|t| folded.lets(t, &actor) && !actor.wrote_any(state, &t.other_than_writers_of))
            .filter(|t| self.is_of_use(state, t, &actor))
            .collect()
    }

    fn is_of_use(&self, state: &PartState, step: &Transition, actor: &Actor<'_>) -> bool {
        if step.to.is_some() || actor.user.is_none() {
            return true;
        }
        let takes_back = |t: &&Transition| t.meaning() == Some(StepMeaning::TakeBack);
        let stands = |asides: &[ActionKey], own: bool| {
            let mut standing = self.standing(state, actor.made).into_iter();
            standing.any(|t| asides.contains(&t.action) && (!own || actor.made_it(&t.by)))
        };
        if !step.answers.is_empty() {
            return stands(&step.answers, takes_back(&step));
        }
        let mut back = self.asides.iter().filter(takes_back);
        let can_be_taken_back = back.any(|t| t.answers.contains(&step.action));
        !(can_be_taken_back && stands(std::slice::from_ref(&step.action), true))
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
            let lets = folded.lets(row, actor)
                && !actor.wrote_any(state, &row.other_than_writers_of)
                && row.lacking(state).next().is_none();
            return if lets {
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
        match step.meaning() {
            Some(StepMeaning::Recall) => {
                let folded = Folded::of(self, state);
                folded.before_step(&folded.tips)
            }
            Some(StepMeaning::Resume) => {
                let folded = Folded::of(self, state);
                folded.before_suspension(&folded.tips).or(step.to.as_ref())
            }
            _ => step.to.as_ref(),
        }
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
    /// Whether it can be made without a word, by whoever wrote the record, and says nothing more than
    /// where it leads: what is asked of steps that are made in one go.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        // Where one that resumes leads is not said by the table alone.
        let more = matches!(
            self.meaning(),
            Some(StepMeaning::Extend | StepMeaning::Resume | StepMeaning::Resolve)
        );
        let by_anybody = self.other_than_writers_of.is_empty();
        self.to.is_some() && !self.note_needed && by_anybody && !more
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
