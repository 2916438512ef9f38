//! The columns of a record's row: what they hold before a batch, and how those that changed are set.
//!
//! What enters: a record, and what its row is to hold. What leaves: what it held. What never happens here: reckoning what a row holds, which is `record_row`'s.

use gridfold_sync_core::ids::{FormCode, RecordId};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::views::general::{self, General};
use crate::views::{ProjectedEntry, ViewsError, place};

/// The columns that lists filter, sort and count by.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) live: bool,
    pub(super) deleted: bool,
    pub(super) grid: String,
    pub(super) form: String,
    pub(super) means: i64,
    pub(super) status: Option<String>,
    pub(super) conflicts: i64,
    pub(super) late: bool,
    pub(super) work: i64,
    pub(super) household: Option<[u8; 16]>,
    pub(super) household_class: u8,
    pub(super) place: Option<(i32, i32)>,
    pub(super) place_class: u8,
    pub(super) title: String,
    pub(super) title_class: u8,
    pub(super) title_key: String,
    pub(super) captured: i64,
    pub(super) changed: i64,
    pub(super) received: i64,
    pub(super) first_received: i64,
    pub(super) due: Option<i64>,
    pub(super) due_received: Option<i64>,
    pub(super) doer: Option<String>,
    pub(super) happened: Option<i64>,
    pub(super) closed: Option<i64>,
    pub(super) about: Option<[u8; 16]>,
    pub(super) about_class: u8,
    pub(super) suspended: Option<i64>,
    pub(super) paused: i64,
}

/// What the row of a record held before a batch.
#[derive(Debug, Default)]
pub(super) struct RowBefore {
    pub(super) id: i64,
    pub(super) words: i64,
    pub(super) columns: Columns,
    pub(super) general: General,
}

const BEFORE_COLUMNS: &str =
    "SELECT id, words, live, deleted, grid, form, status, conflicts, late, work, household, household_class,
 lat, lon, place_class, title, title_class, captured, changed, received, first_received, due, due_received,
 doer, happened, closed, about, about_class, means, title_key, suspended, paused";

fn before_where(condition: &str) -> String {
    format!(
        "{BEFORE_COLUMNS}, {} FROM records WHERE {condition}",
        general::COLUMNS
    )
}

fn row_before(row: &Row<'_>) -> rusqlite::Result<RowBefore> {
    let (lat, lon): (Option<i32>, Option<i32>) = (row.get(12)?, row.get(13)?);
    Ok(RowBefore {
        id: row.get(0)?,
        words: row.get(1)?,
        columns: Columns {
            live: row.get(2)?,
            deleted: row.get(3)?,
            grid: row.get(4)?,
            form: row.get(5)?,
            status: row.get(6)?,
            conflicts: row.get(7)?,
            late: row.get(8)?,
            work: row.get(9)?,
            household: row.get(10)?,
            household_class: row.get(11)?,
            place: lat.zip(lon),
            place_class: row.get(14)?,
            title: row.get(15)?,
            title_class: row.get(16)?,
            captured: row.get(17)?,
            changed: row.get(18)?,
            received: row.get(19)?,
            first_received: row.get(20)?,
            due: row.get(21)?,
            due_received: row.get(22)?,
            doer: row.get(23)?,
            happened: row.get(24)?,
            closed: row.get(25)?,
            about: row.get(26)?,
            about_class: row.get(27)?,
            means: row.get(28)?,
            title_key: row.get(29)?,
            suspended: row.get(30)?,
            paused: row.get(31)?,
        },
        general: General::read(row, 32)?,
    })
}

/// The row of a record that is there.
pub(super) fn find_row(
    tx: &Transaction<'_>,
    record: &RecordId,
) -> Result<Option<RowBefore>, ViewsError> {
    Ok(tx
        .prepare_cached(&before_where("record = ?1"))?
        .query_row([record.bytes()], row_before)
        .optional()?)
}

/// The row of a record, made without life when an entry names it for the first time.
pub(super) fn record_row(
    tx: &Transaction<'_>,
    id: Option<i64>,
    record: &RecordId,
    e: &ProjectedEntry,
) -> Result<RowBefore, ViewsError> {
    let found = match id {
        Some(id) => tx
            .prepare_cached(&before_where("id = ?1"))?
            .query_row([id], row_before),
        None => tx
            .prepare_cached(&before_where("record = ?1"))?
            .query_row([record.bytes()], row_before),
    };
    if let Some(found) = found.optional()? {
        return Ok(found);
    }
    tx.prepare_cached(
        "INSERT INTO records (record, grid, form, live, form_version, deleted, conflicts, title, title_class,
         household_class, place_class, missing, late, captured, changed, received, first_received, work, visited, words)
         VALUES (?1, ?2, ?3, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, ?4, ?4, ?5, ?5, 0, 0, 0)",
    )?
    .execute(params![
        record.bytes(),
        e.stream.grid.as_str(),
        e.form.as_ref().map_or("", FormCode::as_str),
        e.claimed.millis().min(e.received.millis()),
        e.received.millis()
    ])?;
    Ok(RowBefore {
        id: tx.last_insert_rowid(),
        ..RowBefore::default()
    })
}

/// Sets what changed, in groups that mostly change together: SQLite writes each index anew of which a column is set, to an equal value too.
pub(super) fn write_columns(
    tx: &Transaction<'_>,
    id: i64,
    before: &Columns,
    c: &Columns,
) -> Result<(), ViewsError> {
    let cell = c.place.map(|(lat, lon)| place::cell(lat, lon));
    let place = (c.place.map(|p| p.0), c.place.map(|p| p.1));
    if !before.live {
        tx.prepare_cached(
            "UPDATE records SET live = 1, deleted = ?2, grid = ?3, form = ?4, status = ?5, conflicts = ?6, late = ?7,
             work = ?8, household = ?9, household_class = ?10, lat = ?11, lon = ?12, place_class = ?13, title = ?14,
             title_class = ?15, captured = ?16, changed = ?17, received = ?18, first_received = ?19, due = ?20,
             due_received = ?21, doer = ?22, happened = ?23, closed = ?24, cell = ?25, about = ?26, about_class = ?27,
             means = ?28, title_key = ?29, suspended = ?30, paused = ?31 WHERE id = ?1",
        )?
        .execute(params![
            id, c.deleted, c.grid, c.form, c.status, c.conflicts, c.late, c.work, c.household,
            c.household_class, place.0, place.1, c.place_class, c.title, c.title_class, c.captured,
            c.changed, c.received, c.first_received, c.due, c.due_received, c.doer, c.happened,
            c.closed, cell, c.about, c.about_class, c.means, c.title_key, c.suspended, c.paused
        ])?;
        return Ok(());
    }
    if (c.deleted, &c.grid, &c.form, c.means)
        != (before.deleted, &before.grid, &before.form, before.means)
    {
        tx.prepare_cached(
            "UPDATE records SET deleted = ?2, grid = ?3, form = ?4, means = ?5 WHERE id = ?1",
        )?
        .execute(params![id, c.deleted, c.grid, c.form, c.means])?;
    }
    if (&c.status, c.work, c.closed) != (&before.status, before.work, before.closed) {
        tx.prepare_cached("UPDATE records SET status = ?2, work = ?3, closed = ?4 WHERE id = ?1")?
            .execute(params![id, c.status, c.work, c.closed])?;
    }
    if (c.conflicts, c.late) != (before.conflicts, before.late) {
        tx.prepare_cached("UPDATE records SET conflicts = ?2, late = ?3 WHERE id = ?1")?
            .execute(params![id, c.conflicts, c.late])?;
    }
    if (c.household, c.household_class, c.happened)
        != (before.household, before.household_class, before.happened)
    {
        tx.prepare_cached(
            "UPDATE records SET household = ?2, household_class = ?3, happened = ?4 WHERE id = ?1",
        )?
        .execute(params![id, c.household, c.household_class, c.happened])?;
    }
    if (c.place, c.place_class) != (before.place, before.place_class) {
        tx.prepare_cached(
            "UPDATE records SET lat = ?2, lon = ?3, place_class = ?4, cell = ?5 WHERE id = ?1",
        )?
        .execute(params![id, place.0, place.1, c.place_class, cell])?;
    }
    if (&c.title, c.title_class) != (&before.title, before.title_class) {
        tx.prepare_cached("UPDATE records SET title = ?2, title_class = ?3 WHERE id = ?1")?
            .execute(params![id, c.title, c.title_class])?;
    }
    if c.title_key != before.title_key {
        tx.prepare_cached("UPDATE records SET title_key = ?2 WHERE id = ?1")?
            .execute(params![id, c.title_key])?;
    }
    if (c.captured, c.first_received) != (before.captured, before.first_received) {
        tx.prepare_cached("UPDATE records SET captured = ?2, first_received = ?3 WHERE id = ?1")?
            .execute(params![id, c.captured, c.first_received])?;
    }
    if (c.due, c.due_received) != (before.due, before.due_received) {
        tx.prepare_cached("UPDATE records SET due = ?2, due_received = ?3 WHERE id = ?1")?
            .execute(params![id, c.due, c.due_received])?;
    }
    if (c.suspended, c.paused) != (before.suspended, before.paused) {
        tx.prepare_cached("UPDATE records SET suspended = ?2, paused = ?3 WHERE id = ?1")?
            .execute(params![id, c.suspended, c.paused])?;
    }
    if (c.about, c.about_class) != (before.about, before.about_class) {
        tx.prepare_cached("UPDATE records SET about = ?2, about_class = ?3 WHERE id = ?1")?
            .execute(params![id, c.about, c.about_class])?;
    }
    if c.doer != before.doer {
        tx.prepare_cached("UPDATE records SET doer = ?2 WHERE id = ?1")?
            .execute(params![id, c.doer])?;
    }
    if c.changed != before.changed {
        tx.prepare_cached("UPDATE records SET changed = ?2 WHERE id = ?1")?
            .execute(params![id, c.changed])?;
    }
    if c.received != before.received {
        tx.prepare_cached("UPDATE records SET received = ?2 WHERE id = ?1")?
            .execute(params![id, c.received])?;
    }
    Ok(())
}
