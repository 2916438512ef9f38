//! Lists of records, and one record with all its parts.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use crate::views::{Page, RecordFilter, RecordRow, Scope, Views, ViewsError, match_expression};

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

const COLUMNS: &str =
    "r.id, r.record, r.grid, r.form, r.form_version, r.status, r.deleted, r.conflicts, r.title,
 r.title_class, r.household, r.lat, r.lon, r.missing, r.late, r.captured, r.changed, r.received";

fn read_row(row: &Row<'_>, scope: &Scope) -> Result<(i64, RecordRow), ViewsError> {
    let class = SensitivityClass::from_u8(row.get(9)?).ok_or(ViewsError::Damaged)?;
    let title = if scope.classes.contains(&class) {
        row.get(8)?
    } else {
        String::new()
    };
    let household: Option<[u8; 16]> = row.get(10)?;
    let lat: Option<i32> = row.get(11)?;
    let lon: Option<i32> = row.get(12)?;
    Ok((
        row.get(0)?,
        RecordRow {
            record: RecordId::from_bytes(row.get(1)?),
            grid: AreaCode::new(&row.get::<_, String>(2)?).map_err(|_| ViewsError::Damaged)?,
            form: FormCode::new(&row.get::<_, String>(3)?).map_err(|_| ViewsError::Damaged)?,
            form_version: row.get(4)?,
            status: row.get(5)?,
            deleted: row.get(6)?,
            conflicts: row.get(7)?,
            title,
            household: household.map(RecordId::from_bytes),
            location: lat.zip(lon),
            missing: row.get(13)?,
            late: row.get(14)?,
            captured: Timestamp(row.get(15)?),
            changed: Timestamp(row.get(16)?),
            received: Timestamp(row.get(17)?),
        },
    ))
}

/// SQL conditions and their values.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Sql>,
}

impl Conditions {
    fn add(&mut self, sql: impl Into<String>) {
        self.sql.push(sql.into());
    }
    fn with(&mut self, sql: &str, value: impl Into<Sql>) {
        self.sql.push(sql.to_owned());
        self.values.push(value.into());
    }
    fn one_of(&mut self, column: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        let marks = vec!["?"; values.len()].join(",");
        self.add(format!("{column} IN ({marks})"));
        self.values.extend(values.into_iter().map(Sql::from));
    }
}

fn conditions(filter: &RecordFilter) -> Result<Option<Conditions>, ViewsError> {
    let mut c = Conditions::default();
    c.add("r.live = 1");
    if !filter.include_deleted {
        c.add("r.deleted = 0");
    }
    let grids: Option<Vec<&AreaCode>> = match (&filter.scope.grids, filter.grids.is_empty()) {
        (None, true) => None,
        (None, false) => Some(filter.grids.iter().collect()),
        (Some(scope), true) => Some(scope.iter().collect()),
        (Some(scope), false) => Some(filter.grids.iter().filter(|g| scope.contains(*g)).collect()),
    };
    if let Some(grids) = grids {
        if grids.is_empty() {
            return Ok(None);
        }
        // A JSON list, since a supervisor of a city has more grids than a statement has parameters.
        let list = serde_json::to_string(&grids).map_err(|_| ViewsError::Damaged)?;
        c.with("r.grid IN (SELECT value FROM json_each(?))", list);
    }
    if !filter.forms.is_empty() {
        c.one_of("r.form", filter.forms.iter().map(ToString::to_string));
    }
    if !filter.statuses.is_empty() {
        c.one_of("r.status", filter.statuses.iter().cloned());
    }
    if let Some(household) = filter.household {
        c.with("r.household = ?", household.bytes().to_vec());
    }
    if let Some(from) = filter.from {
        c.with("r.changed >= ?", from.millis());
    }
    if let Some(until) = filter.until {
        c.with("r.changed < ?", until.millis());
    }
    if let Some(from) = filter.received_from {
        c.with("r.received >= ?", from.millis());
    }
    match filter.has_conflict {
        Some(true) => c.add("r.conflicts > 0"),
        Some(false) => c.add("r.conflicts = 0"),
        None => {}
    }
    if let Some(late) = filter.late {
        c.with("r.late = ?", i64::from(late));
    }
    if let Some(text) = &filter.text {
        let columns: Vec<&str> = filter.scope.classes.iter().map(|c| column(*c)).collect();
        match match_expression(text, &columns) {
            Some(expression) => c.with(
                "r.id IN (SELECT rowid FROM search WHERE search MATCH ?)",
                expression,
            ),
            None => return Ok(None),
        }
    }
    if let Some(cursor) = &filter.cursor {
        let (value, id) = cursor.split_once('_').ok_or(ViewsError::BadCursor)?;
        let value: i64 = value.parse().map_err(|_| ViewsError::BadCursor)?;
        let id: i64 = id.parse().map_err(|_| ViewsError::BadCursor)?;
        let than = if filter.sort.is_ascending() { ">" } else { "<" };
        c.add(format!("(r.{}, r.id) {than} (?, ?)", filter.sort.column()));
        c.values.push(value.into());
        c.values.push(id.into());
    }
    Ok(Some(c))
}

fn column(class: SensitivityClass) -> &'static str {
    match class {
        SensitivityClass::General => "general",
        SensitivityClass::Personal => "personal",
        SensitivityClass::Restricted => "restricted",
    }
}

fn list(conn: &Connection, filter: &RecordFilter) -> Result<Vec<(i64, RecordRow)>, ViewsError> {
    let Some(c) = conditions(filter)? else {
        return Ok(Vec::new());
    };
    let direction = if filter.sort.is_ascending() {
        "ASC"
    } else {
        "DESC"
    };
    let sort = filter.sort.column();
    let limit = filter.limit.clamp(1, MAX_PAGE) + 1;
    let sql = format!(
        "SELECT {COLUMNS} FROM records r WHERE {} ORDER BY r.{sort} {direction}, r.id {direction} LIMIT {limit}",
        c.sql.join(" AND ")
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(c.values))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(read_row(row, &filter.scope)?);
    }
    Ok(out)
}

fn parts(
    conn: &Connection,
    id: i64,
    scope: &Scope,
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

impl Views {
    /// A page of records.
    ///
    /// # Errors
    /// When the views cannot be read, or the cursor is not of this list.
    pub fn list(&self, filter: &RecordFilter) -> Result<Page<RecordRow>, ViewsError> {
        self.pool.with(|conn| Ok(page(list(conn, filter)?, filter)))
    }

    /// A page of records with the parts that the reader may read.
    ///
    /// # Errors
    /// As [`Views::list`].
    pub fn list_full(&self, filter: &RecordFilter) -> Result<Page<StoredRecord>, ViewsError> {
        self.pool.with(|conn| {
            let rows = list(conn, filter)?;
            let full = rows
                .into_iter()
                .map(|(id, row)| {
                    Ok((
                        id,
                        StoredRecord {
                            row,
                            parts: parts(conn, id, &filter.scope)?,
                        },
                    ))
                })
                .collect::<Result<Vec<_>, ViewsError>>()?;
            let limit = filter.limit.clamp(1, MAX_PAGE);
            let next = cursor(
                full.get(limit - 1)
                    .filter(|_| full.len() > limit)
                    .map(|(id, r)| (*id, &r.row)),
                filter,
            );
            Ok(Page {
                rows: full.into_iter().take(limit).map(|(_, r)| r).collect(),
                next,
            })
        })
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

    /// One record that the reader may see.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn record(
        &self,
        record: &RecordId,
        scope: &Scope,
    ) -> Result<Option<StoredRecord>, ViewsError> {
        self.pool.with(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM records r WHERE r.record = ?1 AND r.live = 1");
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query([record.bytes()])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let (id, row) = read_row(row, scope)?;
            if !scope.has(&row.grid) {
                return Ok(None);
            }
            let parts = parts(conn, id, scope)?;
            Ok((!parts.is_empty()).then_some(StoredRecord { row, parts }))
        })
    }

    /// How many records there are of each form, in scope, deleted ones left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn counts(&self, scope: &Scope) -> Result<BTreeMap<String, u64>, ViewsError> {
        self.pool.with(|conn| {
            let mut filter = RecordFilter::of(scope.clone());
            filter.cursor = None;
            let Some(c) = conditions(&filter)? else {
                return Ok(BTreeMap::new());
            };
            let sql = format!(
                "SELECT r.form, COUNT(*) FROM records r WHERE {} GROUP BY r.form",
                c.sql.join(" AND ")
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(c.values), |r| {
                Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)? as u64))
            })?;
            rows.map(|r| r.map_err(ViewsError::from)).collect()
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

fn page(rows: Vec<(i64, RecordRow)>, filter: &RecordFilter) -> Page<RecordRow> {
    let limit = filter.limit.clamp(1, MAX_PAGE);
    let next = cursor(
        rows.get(limit - 1)
            .filter(|_| rows.len() > limit)
            .map(|(id, r)| (*id, r)),
        filter,
    );
    Page {
        rows: rows.into_iter().take(limit).map(|(_, r)| r).collect(),
        next,
    }
}

fn cursor(last: Option<(i64, &RecordRow)>, filter: &RecordFilter) -> Option<String> {
    let (id, row) = last?;
    let value = match filter.sort.column() {
        "changed" => row.changed,
        "captured" => row.captured,
        _ => row.received,
    };
    Some(format!("{}_{id}", value.millis()))
}
