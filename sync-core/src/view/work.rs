//! The work of a record: whether something is to be done, by when, by whom, and about what.
//!
//! What enters: a record over all its parts. What leaves: what lists filter and order by, which is
//! the same for whoever may read the record at all, so it comes of general fields alone.

use crate::edit::Value;
use crate::ids::{EntryRef, RecordId, SensitivityClass};
use crate::lifecycle::{Pause, Stage, Transition};
use crate::schema::{FieldMeaning, StepMeaning};
use crate::time::Timestamp;
use crate::view::{Cell, RecordView};

/// What is due within this time is due soon.
pub const DUE_SOON_MS: i64 = 3 * 24 * 3_600_000;

/// What the work of a record stands at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// How far it is; none of a record without a lifecycle.
    pub stage: Option<Stage>,
    /// When it is due: what its field says, and later by what it stood suspended since that was written.
    pub due: Option<Timestamp>,
    /// Since when it stands suspended, if it does: until it goes on no time passes for it.
    pub suspended: Option<Timestamp>,
    /// How long it stood suspended before, in milliseconds.
    pub paused_ms: i64,
    /// Who is to do it: the id of a person, or the name of somebody without an account.
    pub doer: Option<String>,
    /// The record it is about besides its household.
    pub about: Option<RecordId>,
}

impl Work {
    /// Whether it is not closed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Some(Stage::Open | Stage::Done))
    }

    /// Whether it is yet to be done.
    #[must_use]
    pub fn is_to_do(&self) -> bool {
        self.stage == Some(Stage::Open)
    }

    /// Whether it is yet to be done and past its time.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        // What was late when it was suspended stays late.
        let now = self.suspended.map_or(now, |since| since.min(now));
        self.is_to_do() && self.due.is_some_and(|due| due < now)
    }

    /// Whether it is yet to be done, its time has not come, and it comes soon.
    #[must_use]
    pub fn is_due_soon(&self, now: Timestamp) -> bool {
        let soon = now.plus_millis(DUE_SOON_MS);
        let runs = self.is_to_do() && self.suspended.is_none();
        runs && self.due.is_some_and(|due| now <= due && due < soon)
    }

    /// Whether one of these is to do it: what records say of somebody, by
    /// [`Directory::meant_by`](crate::directory::Directory::meant_by).
    #[must_use]
    pub fn is_of(&self, meant: &[String]) -> bool {
        let doer = self.doer.as_ref();
        doer.is_some_and(|doer| meant.contains(doer))
    }
}

impl RecordView<'_> {
    /// What its work stands at. `when` says when an entry was made, by the clock that lists go by.
    #[must_use]
    pub fn work(&self, when: impl Fn(&EntryRef) -> Option<Timestamp>) -> Work {
        let stage = match (&self.form.lifecycle, self.main()) {
            (Some(lifecycle), Some(main)) => Some(lifecycle.stage(lifecycle.fold(main).status)),
            _ => None,
        };
        let mut work = Work {
            stage,
            due: self.due(),
            doer: self.doer(),
            about: self.about(),
            ..Work::default()
        };
        self.add_pauses(&mut work, when);
        work
    }

    /// Adds the time in which the work stood suspended. Of a time before the due time was written
    /// whoever wrote it knew.
    fn add_pauses(&self, work: &mut Work, when: impl Fn(&EntryRef) -> Option<Timestamp>) {
        let (Some(lifecycle), Some(main)) = (&self.form.lifecycle, self.main()) else {
            return;
        };
        let pauses = lifecycle.pauses(main);
        if pauses.is_empty() {
            return;
        }
        let written = self.due_written().and_then(|by| when(&by));
        let mut later = 0_i64;
        for Pause { from, until } in pauses {
            let Some(from) = when(&from) else { continue };
            let Some(until) = until else {
                work.suspended = Some(from);
                continue;
            };
            let Some(until) = when(&until) else { continue };
            // Clocks of two phones may disagree on which came first.
            let stood = |from: Timestamp| until.millis().saturating_sub(from.millis()).max(0);
            work.paused_ms = work.paused_ms.saturating_add(stood(from));
            let counted = written.map_or(from, |written| written.max(from));
            later = later.saturating_add(stood(counted));
        }
        work.due = work.due.map(|due| due.plus_millis(later));
    }

    /// The entry that wrote when it is due.
    fn due_written(&self) -> Option<EntryRef> {
        let field = self.form.field_for(FieldMeaning::Due)?;
        self.parts.iter().find_map(|(_, part)| {
            let Cell::Register(candidates) = part.fields.get(&field.key)? else {
                return None;
            };
            candidates.first().map(|c| c.by)
        })
    }

    /// The value of a field that is for that, if it is a general one: what a list filters and orders
    /// by tells nobody what they may not read.
    fn general(&self, meaning: FieldMeaning) -> Option<&Value> {
        let field = self.form.field_for(meaning)?;
        let is_general = self.form.class_of(field) == SensitivityClass::General;
        self.value(field).filter(|_| is_general)
    }

    /// When its work is due, as its field says.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.general(FieldMeaning::Due) {
            Some(Value::DateTime(at)) => Some(*at),
            _ => None,
        }
    }

    /// Whose turn it is: who is to do its work, or who handed it out while that was given back. The id of a person, or the
    /// name of somebody without an account.
    #[must_use]
    pub fn doer(&self) -> Option<String> {
        let meaning = match self.is_given_back() {
            true => FieldMeaning::Issuer,
            false => FieldMeaning::Doer,
        };
        match self.general(meaning) {
            Some(Value::Person { user, .. }) => Some(user.to_string()),
            Some(Value::Text(name)) if !name.is_empty() => Some(name.clone()),
            _ => None,
        }
    }

    /// Whether its doer gave the work back, and nobody has taken a step since.
    #[must_use]
    pub fn is_given_back(&self) -> bool {
        let (Some(lifecycle), Some(main)) = (&self.form.lifecycle, self.main()) else {
            return false;
        };
        let declines = |t: &&Transition| t.meaning() == Some(StepMeaning::Decline);
        let steps = lifecycle.transitions.iter().filter(declines);
        let mut to = steps.filter_map(|t| t.to.as_ref());
        // Most forms have no such step, and fold nothing here.
        let Some(first) = to.next() else {
            return false;
        };
        let status = lifecycle.fold(main).status;
        first == status || to.any(|to| to == status)
    }

    /// The kind of a matter as it is written, how urgent it says that it is, and when it was reported, where it says:
    /// what the catalogue is asked about it. None of what is no matter, or has no kind that all may read.
    #[must_use]
    pub fn asked_of_catalogue(&self) -> Option<(&str, Option<&str>, Option<Timestamp>)> {
        let Some(Value::Text(kind)) = self.general(FieldMeaning::Kind) else {
            return None;
        };
        let urgency = match self.general(FieldMeaning::Priority) {
            Some(Value::Choice(urgency)) => Some(urgency.as_str()),
            _ => None,
        };
        Some((kind, urgency, self.happened()))
    }

    /// When what it tells of was, as its field says.
    #[must_use]
    pub fn happened(&self) -> Option<Timestamp> {
        match self.general(FieldMeaning::Happened) {
            Some(Value::DateTime(at)) => Some(*at),
            _ => None,
        }
    }

    /// What it refers to besides its household: the first such field with a value.
    fn about(&self) -> Option<RecordId> {
        let mut fields = self.form.about_fields();
        fields.find_map(|field| match self.value(field) {
            Some(Value::Reference(id)) => Some(*id),
            _ => None,
        })
    }
}
