//! What plans ask of records: which there are of a form, which happened in a time, how far tasks are; and open work by whose it is.
//!
//! What enters: a form, grids, a time. What leaves: rows with what their fields say, whoever may read it: for what the server decides itself. Who asks for the answer reads all of it.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use rusqlite::types::Value as Sql;

use crate::views::list::{parts, rows};
use crate::views::work::{TO_DO, UNACKNOWLEDGED};
use crate::views::{ReadScope, RecordRow, Views, ViewsError, conditions};

/// A record that a plan asks about.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// The record.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// What names it.
    pub title: String,
    /// Where it is.
    pub place: Option<(i32, i32)>,
    /// Its parts; none where they were not asked for.
    pub parts: Vec<(SensitivityClass, PartState)>,
}

/// How far a task is that a plan made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTask {
    /// Whether it is yet to be done; otherwise it is done, given up or deleted.
    pub open: bool,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// Whose it is.
    pub doer: Option<String>,
}

/// Open work of a grid by whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenWork {
    /// The grid.
    pub grid: AreaCode,
    /// Whose it is, by an id or a name; none where nobody is named.
    pub doer: Option<String>,
}

fn grid_of(text: &str) -> Result<AreaCode, ViewsError> {
    AreaCode::new(text).map_err(|_| ViewsError::Damaged)
}

impl Views {
    /// The records of a form in these grids that are not deleted; those that happened in a time where one is given. One more than `most` where there are more.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn planned(
        &self,
        form: &FormCode,
        grids: &[AreaCode],
        happened: Option<(Timestamp, Timestamp)>,
        with_parts: bool,
        most: usize,
    ) -> Result<Vec<PlannedRow>, ViewsError> {
        let index = match happened {
            Some(_) => "records_happened",
            None => "records_grid",
        };
        let within = match happened {
            Some(_) => "r.happened IS NOT NULL AND r.happened >= ?3 AND r.happened < ?4",
            None => "?3 <= ?4",
        };
        let (from, until) =
            happened.map_or((0, 0), |(from, until)| (from.millis(), until.millis()));
        let grids = conditions::json_list(grids)?;
        let sql = format!(
            "SELECT r.id, r.record, r.grid, r.title, r.lat, r.lon FROM records r INDEXED BY {index}
             WHERE r.live = 1 AND r.deleted = 0 AND r.form = ?1
             AND r.grid IN (SELECT value FROM json_each(?2)) AND {within} LIMIT ?5"
        );
        let all = ReadScope::all();
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
            let mut found = statement.query((form.as_str(), &grids, from, until, most))?;
            let mut out = Vec::new();
            while let Some(row) = found.next()? {
                let id: i64 = row.get(0)?;
                let (lat, lon): (Option<i32>, Option<i32>) = (row.get(4)?, row.get(5)?);
                out.push(PlannedRow {
                    record: RecordId::from_bytes(row.get(1)?),
                    grid: grid_of(&row.get::<_, String>(2)?)?,
                    title: row.get(3)?,
                    place: lat.zip(lon),
                    parts: match with_parts {
                        true => parts(conn, id, &all)?,
                        false => Vec::new(),
                    },
                });
            }
            Ok(out)
        })
    }

    /// How far tasks are, by their ids; one that is not there is left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn planned_tasks(
        &self,
        tasks: impl Iterator<Item = RecordId>,
    ) -> Result<BTreeMap<RecordId, PlannedTask>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT work, deleted, due, doer FROM records WHERE record = ?1 AND live = 1",
            )?;
            let mut out = BTreeMap::new();
            for task in tasks {
                let mut found = statement.query([task.bytes()])?;
                let Some(row) = found.next()? else { continue };
                let work: i64 = row.get(0)?;
                let deleted: bool = row.get(1)?;
                let open = !deleted && (work == UNACKNOWLEDGED || work == TO_DO);
                let due: Option<i64> = row.get(2)?;
                let doer = row.get(3)?;
                let due = due.map(Timestamp);
                out.insert(task, PlannedTask { open, due, doer });
            }
            Ok(out)
        })
    }

    /// Whose the work of these forms is that is yet to be done, by grid.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn open_work(
        &self,
        forms: &[FormCode],
        scope: &ReadScope,
    ) -> Result<BTreeMap<OpenWork, u64>, ViewsError> {
        let forms = conditions::json_list(forms)?;
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT r.grid, r.doer, COUNT(*) FROM records r INDEXED BY records_open
                 WHERE r.live = 1 AND r.deleted = 0 AND r.work > 0 AND r.work IN ({UNACKNOWLEDGED}, {TO_DO})
                 AND r.form IN (SELECT value FROM json_each(?1)) GROUP BY r.grid, r.doer"
            ))?;
            let mut found = statement.query([&forms])?;
            let mut out = BTreeMap::new();
            while let Some(row) = found.next()? {
                let grid = grid_of(&row.get::<_, String>(0)?)?;
                if scope.has(&grid) {
                    let doer = row.get(1)?;
                    let count: i64 = row.get(2)?;
                    out.insert(OpenWork { grid, doer }, count.unsigned_abs());
                }
            }
            Ok(out)
        })
    }

    /// The open work of some of those, what is due first first; after so many, at most so many.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn open_of<'a>(
        &self,
        forms: &[FormCode],
        whose: impl Iterator<Item = &'a OpenWork>,
        scope: &ReadScope,
        (skip, limit): (usize, usize),
    ) -> Result<Vec<RecordRow>, ViewsError> {
        let pairs: Vec<(&str, Option<&str>)> = whose
            .map(|of| (of.grid.as_str(), of.doer.as_deref()))
            .collect();
        let pairs = conditions::json_list(&pairs)?;
        let forms = conditions::json_list(forms)?;
        let number = |n: usize| Sql::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT r.id FROM json_each(?2) p JOIN records r INDEXED BY records_open
                 ON r.grid = json_extract(p.value, '$[0]') AND r.doer IS json_extract(p.value, '$[1]')
                 WHERE r.live = 1 AND r.deleted = 0 AND r.work > 0 AND r.work IN ({UNACKNOWLEDGED}, {TO_DO})
                 AND r.form IN (SELECT value FROM json_each(?1))
                 ORDER BY r.due IS NULL, r.due, r.id LIMIT ?4 OFFSET ?3"
            ))?;
            let values = [
                Sql::Text(forms.clone()),
                Sql::Text(pairs.clone()),
                number(skip),
                number(limit),
            ];
            let ids = statement
                .query_map(rusqlite::params_from_iter(values), |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            Ok(rows(conn, &ids, scope)?.into_iter().map(|(_, row)| row).collect())
        })
    }
}
