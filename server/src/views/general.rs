//! What a record tells by its general fields alone: the columns that readers of no others list, filter, sort and count by.
//!
//! What enters: the entries of a batch and the record over all its parts. What leaves: times, counts and classes beside those over everything. What never happens here: a value of the one kind in a column of the other; what is derived has the class of what it came from.

use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::FieldMeaning;
use gridfold_sync_core::view::RecordView;
use rusqlite::{Row, Transaction, params};

use crate::views::{RecordFilter, ViewsError, work};

/// The columns. Times are 0 where there is no general entry; `received` is so only then.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct General {
    pub(super) captured: i64,
    pub(super) changed: i64,
    pub(super) received: i64,
    pub(super) first_received: i64,
    late: bool,
    conflicts: i64,
    missing: i64,
    /// Of the form: of status, work and when it was closed.
    main_class: u8,
    /// Of when what it tells of happened.
    happened_class: u8,
}

pub(super) const COLUMNS: &str =
    "captured_general, changed_general, received_general, first_received_general,
 late_general, conflicts_general, missing_general, main_class, happened_class";

impl General {
    /// Reads [`COLUMNS`] that stand from a place on.
    pub(super) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            captured: row.get(at)?,
            changed: row.get(at + 1)?,
            received: row.get(at + 2)?,
            first_received: row.get(at + 3)?,
            late: row.get(at + 4)?,
            conflicts: row.get(at + 5)?,
            missing: row.get(at + 6)?,
            main_class: row.get(at + 7)?,
            happened_class: row.get(at + 8)?,
        })
    }

    fn is_none(&self) -> bool {
        self.received == 0
    }

    /// Takes in an entry of general fields.
    pub(super) fn add(&mut self, claimed: i64, received: i64, late: bool) {
        let more = Self {
            captured: claimed,
            changed: claimed,
            received,
            first_received: received,
            late,
            ..Self::default()
        };
        *self = self.and(&more);
    }

    /// The times of both.
    fn and(&self, other: &Self) -> Self {
        if self.is_none() {
            return *other;
        }
        if other.is_none() {
            return *self;
        }
        Self {
            captured: self.captured.min(other.captured),
            changed: self.changed.max(other.changed),
            received: self.received.max(other.received),
            first_received: self.first_received.min(other.first_received),
            late: self.late || other.late,
            ..*self
        }
    }

    /// The columns of a record that a batch with these times changed.
    pub(super) fn of(&self, before: &Self, view: &RecordView<'_>) -> Self {
        let form = view.form;
        let general = RecordView {
            record: view.record,
            form,
            parts: view
                .parts
                .iter()
                .filter(|(class, _)| *class == SensitivityClass::General)
                .copied()
                .collect(),
        };
        let has_any = !general.parts.is_empty();
        Self {
            conflicts: general.conflict_count() as i64,
            missing: if has_any {
                general.missing_in(&[SensitivityClass::General]).len() as i64
            } else {
                0
            },
            main_class: form.class as u8,
            happened_class: work::class_for(form, FieldMeaning::Happened) as u8,
            ..self.and(before)
        }
    }

    /// Writes what changed.
    pub(super) fn write(
        &self,
        tx: &Transaction<'_>,
        id: i64,
        before: &Self,
    ) -> Result<(), ViewsError> {
        if self == before {
            return Ok(());
        }
        tx.prepare_cached(
            "UPDATE records SET captured_general = ?2, changed_general = ?3, received_general = ?4,
             first_received_general = ?5, late_general = ?6, conflicts_general = ?7, missing_general = ?8,
             main_class = ?9, happened_class = ?10 WHERE id = ?1",
        )?
        .execute(params![
            id,
            self.captured,
            self.changed,
            self.received,
            self.first_received,
            self.late,
            self.conflicts,
            self.missing,
            self.main_class,
            self.happened_class
        ])?;
        Ok(())
    }
}

/// Whether a reader reads every class, so that every column is theirs.
pub(super) fn reads_all(filter: &RecordFilter) -> bool {
    filter.scope.reads_all()
}

/// The column of a time or count as this reader may know it.
pub(super) fn column(filter: &RecordFilter, name: &str) -> String {
    if reads_all(filter) {
        format!("r.{name}")
    } else {
        format!("r.{name}_general")
    }
}

/// The status as this reader may know it.
pub(super) fn status(filter: &RecordFilter) -> String {
    if reads_all(filter) {
        return "r.status".to_owned();
    }
    let classes: Vec<String> = filter
        .scope
        .classes
        .iter()
        .map(|c| (*c as u8).to_string())
        .collect();
    format!(
        "CASE WHEN r.main_class IN ({}) THEN r.status END",
        classes.join(",")
    )
}
