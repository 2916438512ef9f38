//! What lists and overviews ask of a record besides its fields: what is to be done, by whom, until when, and when what it tells of happened.
//!
//! What enters: a record over all its parts. What leaves: values of columns. Times are claims, so none lies after the record was received.

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{EntryRef, SensitivityClass};
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::schema::{Field, FieldMeaning, Form, FormMeaning};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;

/// What a row's form says that its records are: column `means`, and its index in `schema.sql`.
pub(super) const HOUSEHOLD: i64 = 1;
/// The same of a visit.
pub(super) const VISIT: i64 = 2;
/// The same of everything else, which no row asks for by itself.
const ANYTHING: i64 = 0;

/// Nothing to do.
pub(super) const NO_WORK: i64 = 0;
/// To be done, and a task that nobody has acknowledged.
pub(super) const UNACKNOWLEDGED: i64 = 1;
/// To be done.
pub(super) const TO_DO: i64 = 2;
/// Done and not closed.
pub(super) const DONE: i64 = 3;
/// To be done, and suspended before it was due: no time passes for it, so it is not overdue.
pub(super) const SUSPENDED: i64 = 4;

/// What the work of a record stands at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) state: i64,
    pub(super) due: Option<i64>,
    /// Since when it stands suspended.
    pub(super) suspended: Option<i64>,
    /// How long it stood suspended before, in milliseconds.
    pub(super) paused: i64,
    /// The id of a person, or the name of somebody without an account.
    pub(super) doer: Option<String>,
    pub(super) happened: Option<i64>,
    pub(super) closed: Closed,
}

/// When work was closed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Closed {
    /// It is not.
    #[default]
    No,
    /// At this time.
    At(i64),
    /// When this entry was made.
    By(EntryRef),
}

/// The number of what a record of a form is.
pub(super) fn means(form: &Form) -> i64 {
    match form.meaning() {
        Some(FormMeaning::Household) => HOUSEHOLD,
        Some(FormMeaning::Visit) => VISIT,
        Some(FormMeaning::Matter | FormMeaning::Task | FormMeaning::Meeting) | None => ANYTHING,
    }
}

/// The class of what a field is for, whether or not it is filled; the form's where none is.
pub(super) fn class_for(form: &Form, meaning: FieldMeaning) -> SensitivityClass {
    let field = form.field_for(meaning);
    field.map_or(form.class, |f| form.class_of(f))
}

/// The field that is for that, if it is in a class.
fn field_in(form: &Form, meaning: FieldMeaning, class: SensitivityClass) -> Option<&Field> {
    form.field_for(meaning)
        .filter(|f| form.class_of(f) == class)
}

fn time(view: &RecordView<'_>, field: &Field) -> Option<i64> {
    match view.value(field) {
        Some(Value::DateTime(at)) => Some(at.millis()),
        _ => None,
    }
}

/// `when` says when an entry was made, as its device says and never after it came.
pub(super) fn of(view: &RecordView<'_>, when: impl Fn(&EntryRef) -> Option<Timestamp>) -> Work {
    let form = view.form;
    let work = view.work(when);
    let in_time = |since: Timestamp| work.due.is_none_or(|due| since <= due);
    let happened = form.field_for(FieldMeaning::Happened);
    let happened = happened.and_then(|f| time(view, f));
    let (mut state, mut closed) = (NO_WORK, Closed::No);
    if let (Some(lifecycle), Some(main)) = (&form.lifecycle, view.main()) {
        let fold = lifecycle.fold(main);
        match lifecycle.stage(fold.status) {
            Stage::Closed => {
                // It is shown to whoever reads the lifecycle, so it comes of nothing held closer.
                let said = field_in(form, FieldMeaning::Closed, form.class);
                closed = match (said.and_then(|f| time(view, f)), fold.tips.first()) {
                    (Some(at), _) => Closed::At(at),
                    (None, Some(tip)) => Closed::By(tip.made.by),
                    (None, None) => Closed::No,
                };
            }
            Stage::Done => state = DONE,
            Stage::Open => {
                // Who takes a task on takes the first step.
                let waits = form.is(FormMeaning::Task) && *fold.status == lifecycle.initial;
                state = match work.suspended {
                    Some(since) if in_time(since) => SUSPENDED,
                    _ if waits => UNACKNOWLEDGED,
                    _ => TO_DO,
                };
            }
        }
    }
    Work {
        state,
        due: work.due.map(Timestamp::millis),
        suspended: work.suspended.map(Timestamp::millis),
        paused: work.paused_ms,
        doer: work.doer,
        happened,
        closed,
    }
}
