//! What lists and overviews ask of a record besides its fields: what is to be done, by whom, until when, and when what it tells of happened.
//!
//! What enters: a record over all its parts. What leaves: values of columns. Times are claims, so none lies after the record was received.

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{EntryRef, SensitivityClass};
use gridfold_sync_core::schema::{Field, Form};
use gridfold_sync_core::view::RecordView;

/// Fields that say when work is due.
const DUE_FIELDS: [&str; 1] = ["due_at"];
/// Fields that say who is to do it.
const DOER_FIELDS: [&str; 2] = ["assignee", "doer"];
/// Fields that say when what a record tells of happened.
const HAPPENED_FIELDS: [&str; 3] = ["visited_at", "reported_at", "held_at"];
/// Fields that say when work was closed.
const CLOSED_FIELDS: [&str; 1] = ["closed_at"];
/// Statuses in which the doer has done their part and somebody has yet to close it.
const DONE_STATUSES: [&str; 3] = ["handled", "replied", "done"];

/// Nothing to do.
pub(super) const NO_WORK: i64 = 0;
/// To be done.
pub(super) const TO_DO: i64 = 1;
/// Done and not closed.
pub(super) const DONE: i64 = 2;

/// What the work of a record stands at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) state: i64,
    pub(super) due: Option<i64>,
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

/// The class of when what a record tells of happened: that of the field that says so, whether or not it is filled.
pub(super) fn happened_class(form: &Form) -> SensitivityClass {
    fields(form, &HAPPENED_FIELDS)
        .map(|f| form.class_of(f))
        .max()
        .unwrap_or(form.class)
}

fn fields<'a>(form: &'a Form, keys: &'a [&str]) -> impl Iterator<Item = &'a Field> {
    keys.iter().filter_map(|key| form.field(key))
}

fn time(view: &RecordView<'_>, field: &Field) -> Option<i64> {
    let found = view
        .parts
        .iter()
        .find_map(|(_, p)| p.value(field.key.as_str()));
    match found {
        Some(Value::DateTime(at)) => Some(at.millis()),
        _ => None,
    }
}

pub(super) fn of(view: &RecordView<'_>) -> Work {
    let form = view.form;
    // What a list filters and sorts by must tell nobody what they may not read.
    let general = |f: &&Field| form.class_of(f) == SensitivityClass::General;
    let due = fields(form, &DUE_FIELDS)
        .filter(general)
        .find_map(|f| time(view, f));
    let doer = fields(form, &DOER_FIELDS).filter(general).find_map(|f| {
        let value = view.parts.iter().find_map(|(_, p)| p.value(f.key.as_str()));
        match value {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    });
    let happened = fields(form, &HAPPENED_FIELDS).find_map(|f| time(view, f));
    let (mut state, mut closed) = (NO_WORK, Closed::No);
    if let (Some(lifecycle), Some(main)) = (&form.lifecycle, view.main()) {
        let fold = lifecycle.fold(main);
        let is_closed = lifecycle.status(fold.status).is_some_and(|s| s.closed);
        if is_closed {
            // It is shown to whoever reads the lifecycle, so it comes of nothing held closer.
            let said = fields(form, &CLOSED_FIELDS)
                .filter(|f| form.class_of(f) == form.class)
                .find_map(|f| time(view, f));
            closed = match (said, fold.tips.first()) {
                (Some(at), _) => Closed::At(at),
                (None, Some(tip)) => Closed::By(tip.made.by),
                (None, None) => Closed::No,
            };
        } else if DONE_STATUSES.contains(&fold.status.as_str()) {
            state = DONE;
        } else {
            state = TO_DO;
        }
    }
    Work {
        state,
        due,
        doer,
        happened,
        closed,
    }
}
