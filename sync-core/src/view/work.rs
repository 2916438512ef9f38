//! The work of a record: whether something is to be done, by when, by whom, and about what.
//!
//! What enters: a record over all its parts. What leaves: what lists filter and order by, which is
//! the same for whoever may read the record at all, so it comes of general fields alone.

use crate::edit::Value;
use crate::ids::{RecordId, SensitivityClass, UserId};
use crate::lifecycle::Stage;
use crate::schema::FieldMeaning;
use crate::time::Timestamp;
use crate::view::RecordView;

/// What is due within this time is due soon.
pub const DUE_SOON_MS: i64 = 3 * 24 * 3_600_000;

/// Somebody whose work is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: &'a str,
}

/// What the work of a record stands at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// How far it is; none of a record without a lifecycle.
    pub stage: Option<Stage>,
    /// When it is due.
    pub due: Option<Timestamp>,
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
        self.is_to_do() && self.due.is_some_and(|due| due < now)
    }

    /// Whether it is yet to be done, its time has not come, and it comes soon.
    #[must_use]
    pub fn is_due_soon(&self, now: Timestamp) -> bool {
        let soon = now.plus_millis(DUE_SOON_MS);
        self.is_to_do() && self.due.is_some_and(|due| now <= due && due < soon)
    }

    /// Whether this person is to do it. It is the one place that says who a doer is.
    #[must_use]
    pub fn is_of(&self, person: Person<'_>) -> bool {
        let doer = self.doer.as_deref();
        // Somebody whom an older version of a form names has no id there.
        doer.is_some_and(|doer| doer == person.name || doer == person.id.to_string())
    }
}

/// A doer as [`Work::doer`] has it: with [`Work::is_of`] all that knows how people are named.
fn doer_of(value: &Value) -> Option<String> {
    match value {
        Value::Person { user, .. } => Some(user.to_string()),
        Value::Text(name) if !name.is_empty() => Some(name.clone()),
        _ => None,
    }
}

impl RecordView<'_> {
    /// What its work stands at.
    #[must_use]
    pub fn work(&self) -> Work {
        let general = |meaning| {
            let field = self.form.field_for(meaning)?;
            let is_general = self.form.class_of(field) == SensitivityClass::General;
            self.value(field).filter(|_| is_general)
        };
        let stage = match (&self.form.lifecycle, self.main()) {
            (Some(lifecycle), Some(main)) => Some(lifecycle.stage(lifecycle.fold(main).status)),
            _ => None,
        };
        Work {
            stage,
            due: match general(FieldMeaning::Due) {
                Some(Value::DateTime(at)) => Some(*at),
                _ => None,
            },
            doer: general(FieldMeaning::Doer).and_then(doer_of),
            about: self.about(),
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
