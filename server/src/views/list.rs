//! Lists of records, and one record with all its parts.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::keys::RecordKeys;
use crate::views::plan::{self, Total};
use crate::views::{Page, ReadScope, RecordFilter, RecordRow, Sort, Views, ViewsError};
use crate::views::{conditions, keys, order, provenance};

/// Most rows of one page.
pub(super) const MAX_PAGE: usize = 1_000;
/// Rows read at a time when a whole list is walked.
const WALK_PAGE: usize = 500;

/// One record with all its parts.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// Its row.
    pub row: RecordRow,
    /// Its parts, least held first.
    pub parts: Vec<(SensitivityClass, PartState)>,
}

/// What the cursor begins with among records that lack a value for the order.
const LACKING: char = '~';

const COLUMNS: &str =
    "r.id, r.record, r.grid, r.form, r.form_version, r.status, r.deleted, r.conflicts, r.title,
 r.title_class, r.household, r.lat, r.lon, r.missing, r.late, r.captured, r.changed, r.received,
 r.household_class, r.place_class, r.due, r.due_received, r.doer, r.visited, r.closed, r.visited_class,
 r.captured_general, r.changed_general, r.received_general, r.late_general, r.conflicts_general,
 r.missing_general, r.main_class, r.first_received, r.first_received_general,
 r.suspended, r.paused";

/// The classes in which a clock wrote what cannot be right, as one text; see `Timestamp::is_implausible`.
fn wrong_clocks() -> String {
    format!(
        "(SELECT group_concat(DISTINCT substr(s.name, -1)) FROM entries e JOIN streams s ON s.id = e.stream
         WHERE e.record = r.id AND e.verdict < 2 AND {})",
        provenance::implausible("e.claimed", "e.received")
    )
}

/// What [`read_row`] reads.
fn select(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, {} FROM records r WHERE {condition}",
        wrong_clocks()
    )
}

fn read_row(row: &Row<'_>, scope: &ReadScope) -> Result<(i64, RecordRow), ViewsError> {
    let readable = |class: u8| -> Result<bool, ViewsError> {
        let class = SensitivityClass::from_u8(class).ok_or(ViewsError::Damaged)?;
        Ok(scope.classes.contains(&class))
    };
    let title = if readable(row.get(9)?)? {
        row.get(8)?
    } else {
        String::new()
    };
    let form: String = row.get(3)?;
    let record: [u8; 16] = row.get(1)?;
    let household: Option<[u8; 16]> = row.get(10)?;
    // A household names itself, which tells nothing.
    let tells = household == Some(record) || readable(row.get(18)?)?;
    let household = household.filter(|_| tells);
    let lat: Option<i32> = row.get(11)?;
    let lon: Option<i32> = row.get(12)?;
    let place_readable = readable(row.get(19)?)?;
    let visited: i64 = row.get(23)?;
    let visited_readable = readable(row.get(25)?)?;
    let main_readable = readable(row.get(32)?)?;
    let wrong: Option<String> = row.get(37)?;
    let is_theirs = |c: char| {
        c.to_digit(10)
            .and_then(|n| SensitivityClass::from_u8(n as u8))
            .is_some_and(|c| scope.classes.contains(&c))
    };
    let all = scope.reads_all();
    let knows_times = all || row.get::<_, i64>(28)? > 0;
    let time = |over_all: usize, general: usize| -> Result<Option<Timestamp>, ViewsError> {
        let at = Timestamp(row.get(if all { over_all } else { general })?);
        Ok(knows_times.then_some(at))
    };
    Ok((
        row.get(0)?,
        RecordRow {
            record: RecordId::from_bytes(record),
            grid: AreaCode::new(&row.get::<_, String>(2)?).map_err(|_| ViewsError::Damaged)?,
            form: FormCode::new(&form).map_err(|_| ViewsError::Damaged)?,
            form_version: row.get(4)?,
            status: row.get::<_, Option<String>>(5)?.filter(|_| main_readable),
            deleted: row.get(6)?,
            conflicts: row.get(if all { 7 } else { 30 })?,
            title,
            household: household.map(RecordId::from_bytes),
            location: lat.zip(lon).filter(|_| place_readable),
            missing: row.get(if all { 13 } else { 31 })?,
            due: row.get::<_, Option<i64>>(20)?.map(Timestamp),
            due_received: row.get::<_, Option<i64>>(21)?.map(Timestamp),
            suspended: row
                .get::<_, Option<i64>>(35)?
                .filter(|_| main_readable)
                .map(Timestamp),
            paused_ms: if main_readable { row.get(36)? } else { 0 },
            doer: row.get(22)?,
            closed: row
                .get::<_, Option<i64>>(24)?
                .filter(|_| main_readable)
                .map(Timestamp),
            visited: (visited > 0 && visited_readable).then_some(Timestamp(visited)),
            late: row.get(if all { 14 } else { 29 })?,
            clock_wrong: wrong.is_some_and(|classes| classes.chars().any(is_theirs)),
            captured: time(15, 26)?,
            changed: time(16, 27)?,
            received: time(17, 28)?,
            first_received: time(33, 34)?,
        },
    ))
}

impl Views {
    /// The row of one class of a record, whoever may read it: for what the server decides itself.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub(crate) fn part(
        &self,
        record: &RecordId,
        class: SensitivityClass,
    ) -> Result<Option<PartState>, ViewsError> {
        self.pool.with(|conn| {
            let found: Option<Vec<u8>> = conn
                .prepare_cached(
                    "SELECT p.state FROM records r JOIN parts p ON p.record = r.id
                     WHERE r.record = ?1 AND p.class = ?2",
                )?
                .query_row((record.bytes(), class as u8), |r| r.get(0))
                .optional()?;
            found
                .map(|bytes| PartState::from_bytes(&bytes).map_err(|_| ViewsError::Damaged))
                .transpose()
        })
    }
}

pub(super) fn parts(
    conn: &Connection,
    id: i64,
    scope: &ReadScope,
) -> Result<Vec<(SensitivityClass, PartState)>, ViewsError> {
    let mut statement =
        conn.prepare_cached("SELECT class, state FROM parts WHERE record = ?1 ORDER BY class")?;
    let rows = statement.query_map([id], |r| Ok((r.get::<_, u8>(0)?, r.get::<_, Vec<u8>>(1)?)))?;
    let mut out = Vec::new();
    for row in rows {
        let (class, state) = row?;
        let class = SensitivityClass::from_u8(class).ok_or(ViewsError::Damaged)?;
        if scope.classes.contains(&class) {
            out.push((
                class,
                PartState::from_bytes(&state).map_err(|_| ViewsError::Damaged)?,
            ));
        }
    }
    Ok(out)
}

/// The rows of these ids, in their order.
pub(super) fn rows(
    conn: &Connection,
    ids: &[i64],
    scope: &ReadScope,
) -> Result<Vec<(i64, RecordRow)>, ViewsError> {
    let mut statement = conn.prepare_cached(&select("r.id = ?1"))?;
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        let mut found = statement.query([id])?;
        if let Some(row) = found.next()? {
            out.push(read_row(row, scope)?);
        }
    }
    Ok(out)
}

/// A page's row ids, and where the next page starts.
fn page_ids(
    conn: &Connection,
    asked: &RecordFilter,
    keys: &RecordKeys,
) -> Result<(Vec<i64>, Option<String>), ViewsError> {
    let filter = RecordFilter {
        cursor: order::take(asked, keys)?,
        ..asked.clone()
    };
    let (ids, next) = plain_page_ids(conn, &filter)?;
    let next = next.map(|next| order::give(next, &filter, keys));
    Ok((ids, next.transpose()?))
}

/// The same with cursors as they are inside.
fn plain_page_ids(
    conn: &Connection,
    filter: &RecordFilter,
) -> Result<(Vec<i64>, Option<String>), ViewsError> {
    let limit = filter.limit.clamp(1, MAX_PAGE);
    let lacking = filter
        .cursor
        .as_deref()
        .and_then(|c| c.strip_prefix(LACKING));
    let mut ids = Vec::new();
    if lacking.is_none() {
        let mut keys = keys::keys(conn, filter, limit + 1)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| more).map(|k| k.cursor(filter.sort));
        ids.extend(keys.into_iter().map(|k| k.id));
        if next.is_some() || conditions::optional(filter, filter.sort.key).is_none() {
            return Ok((ids, next));
        }
    }
    // What lacks a value stands at the end whichever way the order goes, the newest first.
    let rest = RecordFilter {
        lacks: Some(filter.sort.key),
        sort: Sort::default(),
        cursor: lacking.filter(|c| !c.is_empty()).map(str::to_owned),
        ..filter.clone()
    };
    let room = limit - ids.len();
    let mut keys = keys::keys(conn, &rest, room + 1)?;
    let more = keys.len() > room;
    keys.truncate(room);
    let next = more.then(|| {
        let after = keys.last().map(|k| k.cursor(rest.sort));
        format!("{LACKING}{}", after.unwrap_or_default())
    });
    ids.extend(keys.into_iter().map(|k| k.id));
    Ok((ids, next))
}

impl Views {
    /// A page of records.
    ///
    /// # Errors
    /// When the views cannot be read, or the cursor is not of this list.
    pub fn list(&self, filter: &RecordFilter) -> Result<Page<RecordRow>, ViewsError> {
        self.pool.with_one_look(|conn| {
            let (ids, next) = page_ids(conn, filter, &self.keys)?;
            let rows = rows(conn, &ids, &filter.scope)?;
            Ok(Page {
                rows: rows.into_iter().map(|(_, row)| row).collect(),
                next,
            })
        })
    }

    /// A page of records with the parts that the reader may read.
    ///
    /// # Errors
    /// As [`Views::list`].
    pub fn list_full(&self, filter: &RecordFilter) -> Result<Page<StoredRecord>, ViewsError> {
        self.pool.with_one_look(|conn| {
            let (ids, next) = page_ids(conn, filter, &self.keys)?;
            let rows = rows(conn, &ids, &filter.scope)?
                .into_iter()
                .map(|(id, row)| {
                    let parts = parts(conn, id, &filter.scope)?;
                    Ok(StoredRecord { row, parts })
                })
                .collect::<Result<Vec<_>, ViewsError>>()?;
            Ok(Page { rows, next })
        })
    }

    /// How many records a filter finds, counted no further than `most`; the order and the cursor do not matter.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn count(&self, filter: &RecordFilter, most: u64) -> Result<Total, ViewsError> {
        self.pool
            .with_one_look(|conn| plan::count(conn, filter, most))
    }

    /// Walks all records of a filter in its order, a page at a time, until `each` says no.
    ///
    /// # Errors
    /// As [`Views::list`].
    pub fn for_each_record(
        &self,
        filter: &RecordFilter,
        mut each: impl FnMut(StoredRecord) -> bool,
    ) -> Result<(), ViewsError> {
        let mut filter = RecordFilter {
            limit: WALK_PAGE,
            ..filter.clone()
        };
        loop {
            let page = self.list_full(&filter)?;
            for record in page.rows {
                if !each(record) {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => filter.cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// One record of which the reader may read anything.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn record(
        &self,
        record: &RecordId,
        scope: &ReadScope,
    ) -> Result<Option<StoredRecord>, ViewsError> {
        let found = self.listed(record, scope)?;
        Ok(found.filter(|found| !found.parts.is_empty()))
    }

    /// One record as lists show it: also one of which the reader may know no more than that it is there.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn listed(
        &self,
        record: &RecordId,
        scope: &ReadScope,
    ) -> Result<Option<StoredRecord>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(&select("r.record = ?1 AND r.live = 1"))?;
            let mut rows = statement.query([record.bytes()])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let (id, row) = read_row(row, scope)?;
            if !scope.has(&row.grid) {
                return Ok(None);
            }
            let parts = parts(conn, id, scope)?;
            Ok(Some(StoredRecord { row, parts }))
        })
    }

    /// How many records there are of each form, in scope, deleted ones left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn counts(&self, scope: &ReadScope) -> Result<BTreeMap<String, u64>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached("SELECT grid, form, n FROM tally")?;
            let mut rows = statement.query([])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let grid =
                    AreaCode::new(&row.get::<_, String>(0)?).map_err(|_| ViewsError::Damaged)?;
                let n: i64 = row.get(2)?;
                if scope.has(&grid) && n > 0 {
                    *out.entry(row.get(1)?).or_default() += n.unsigned_abs();
                }
            }
            Ok(out)
        })
    }

    /// How far a stream, by name, has been projected.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn projected(&self, stream: &str) -> Result<u64, ViewsError> {
        self.pool.with(|conn| {
            let seq: Option<i64> = conn
                .prepare_cached("SELECT seq FROM streams WHERE name = ?1")?
                .query_row([stream], |r| r.get(0))
                .optional()?;
            Ok(seq.unwrap_or(0) as u64)
        })
    }
}
