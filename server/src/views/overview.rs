//! What an overview counts, each number from an index or from what is counted as records change.
//!
//! What enters: grids, now, and where days begin. What leaves: numbers by grid and by day. No field of a record is read, and no number tells of a class that the reader does not read.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{AreaCode, FormCode, SensitivityClass};
use gridfold_sync_core::schema::{FormMeaning, FormSet};
use gridfold_sync_core::time::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use crate::views::conditions::json_list;
use crate::views::work::{DONE, HOUSEHOLD, UNACKNOWLEDGED};
use crate::views::{Views, ViewsError};

/// What an overview is asked for.
#[derive(Debug, Clone)]
pub struct OverviewOf {
    /// The grids; none means all.
    pub grids: Option<BTreeSet<AreaCode>>,
    /// The classes that the reader reads in all of them: no number tells of others.
    pub classes: BTreeSet<SensitivityClass>,
    /// The forms whose records are what is counted.
    pub forms: CountedForms,
    /// Now, by the server's clock.
    pub now: Timestamp,
    /// Where each day of the trend begins, the last one today.
    pub days: Vec<Timestamp>,
    /// Where the week begins.
    pub week: Timestamp,
    /// Since when a household must have been visited.
    pub visited_since: Timestamp,
}

/// The forms whose records an overview counts as what.
#[derive(Debug, Clone, Default)]
pub struct CountedForms {
    /// As households.
    pub households: BTreeSet<FormCode>,
    /// As visits.
    pub visits: BTreeSet<FormCode>,
    /// As matters.
    pub matters: BTreeSet<FormCode>,
    /// As tasks.
    pub tasks: BTreeSet<FormCode>,
}

impl CountedForms {
    /// As the forms say.
    #[must_use]
    pub fn of(forms: &FormSet) -> Self {
        Self {
            households: forms.that_mean(FormMeaning::Household),
            visits: forms.that_mean(FormMeaning::Visit),
            matters: forms.that_mean(FormMeaning::Matter),
            tasks: forms.that_mean(FormMeaning::Task),
        }
    }
}

/// The numbers of one grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GridNumbers {
    /// Visits of this week.
    pub visits_week: u64,
    /// Matters that are not closed.
    pub matters_open: u64,
    /// Matters to be handled past their deadline.
    pub matters_overdue_captured: u64,
    /// The same, the deadline counted from when they arrived.
    pub matters_overdue_received: u64,
    /// Tasks that are not closed.
    pub tasks_open: u64,
    /// Tasks that nobody acknowledged.
    pub tasks_unacknowledged: u64,
    /// Tasks to be done past their deadline.
    pub tasks_overdue: u64,
    /// Households.
    pub households: u64,
    /// Households that were not visited for long.
    pub households_not_visited: u64,
}

/// The numbers of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayNumbers {
    /// Visits made.
    pub visits: u64,
    /// Matters reported.
    pub matters_opened: u64,
    /// Matters closed.
    pub matters_closed: u64,
}

/// The numbers of an overview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// By grid; a grid without anything may be missing.
    pub grids: BTreeMap<String, GridNumbers>,
    /// By day, as asked.
    pub days: Vec<DayNumbers>,
    /// Records in conflict.
    pub conflicts: u64,
}

/// A condition on grids, and its value.
fn of_grids(grids: Option<&BTreeSet<AreaCode>>) -> Result<(&'static str, Vec<Sql>), ViewsError> {
    match grids {
        None => Ok(("", Vec::new())),
        Some(grids) => {
            let list: Vec<&AreaCode> = grids.iter().collect();
            Ok((
                "AND grid IN (SELECT value FROM json_each(?))",
                vec![json_list(&list)?.into()],
            ))
        }
    }
}

/// A condition that the class of a column is read.
fn of_class(of: &OverviewOf, column: &str) -> String {
    if of.classes.len() == SensitivityClass::ALL.len() {
        return String::new();
    }
    let classes: Vec<String> = of.classes.iter().map(|c| (*c as u8).to_string()).collect();
    format!("AND {column} IN ({})", classes.join(","))
}

/// Runs a statement whose rows are a grid and numbers.
fn by_grid(
    conn: &Connection,
    sql: &str,
    values: Vec<Sql>,
    out: &mut BTreeMap<String, GridNumbers>,
    mut take: impl FnMut(&mut GridNumbers, &[u64]),
) -> Result<(), ViewsError> {
    let mut statement = conn.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    let mut numbers = Vec::with_capacity(columns);
    while let Some(row) = rows.next()? {
        numbers.clear();
        for i in 1..columns {
            let n: Option<i64> = row.get(i)?;
            numbers.push(n.unwrap_or(0).unsigned_abs());
        }
        take(out.entry(row.get(0)?).or_default(), &numbers);
    }
    Ok(())
}

impl Views {
    /// The numbers of an overview.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn overview(&self, of: &OverviewOf) -> Result<Overview, ViewsError> {
        if of.classes.is_empty() {
            // Who reads nothing has nothing counted.
            return Ok(Overview {
                days: vec![DayNumbers::default(); of.days.len()],
                ..Overview::default()
            });
        }
        self.pool.with_one_look(|conn| {
            let mut out = Overview::default();
            open(conn, of, &mut out.grids)?;
            households(conn, of, &mut out.grids)?;
            visits_of_week(conn, of, &mut out.grids)?;
            out.days = days(conn, of)?;
            let (grids, values) = of_grids(of.grids.as_ref())?;
            let reads_all = of.classes.len() == SensitivityClass::ALL.len();
            let conflicts = if reads_all {
                ""
            } else {
                "AND conflicts_general > 0"
            };
            let n: i64 = conn
                .prepare_cached(&format!(
                    "SELECT COUNT(*) FROM records INDEXED BY records_conflicts
                     WHERE live = 1 AND conflicts > 0 AND deleted = 0 {conflicts} {grids}"
                ))?
                .query_row(params_from_iter(values), |r| r.get(0))?;
            out.conflicts = n.unsigned_abs();
            Ok(out)
        })
    }
}

fn open(
    conn: &Connection,
    of: &OverviewOf,
    out: &mut BTreeMap<String, GridNumbers>,
) -> Result<(), ViewsError> {
    let (grids, values) = of_grids(of.grids.as_ref())?;
    let main = of_class(of, "main_class");
    let sql = format!(
        "SELECT grid, COUNT(*), SUM(work < {DONE} AND due < ?), SUM(work < {DONE} AND due_received < ?),
         SUM(work = {UNACKNOWLEDGED}) FROM records INDEXED BY records_open
         WHERE live = 1 AND deleted = 0 AND work > 0 AND form = ? {main} {grids} GROUP BY grid"
    );
    let mut each = |form: &FormCode, take: fn(&mut GridNumbers, [u64; 4])| {
        let now = Sql::Integer(of.now.millis());
        let first = vec![now.clone(), now, Sql::from(form.to_string())];
        by_grid(
            conn,
            &sql,
            [first, values.clone()].concat(),
            out,
            |grid, n| {
                if let [open, captured, received, unacknowledged] = n {
                    take(grid, [*open, *captured, *received, *unacknowledged]);
                }
            },
        )
    };
    for form in &of.forms.matters {
        each(form, |grid, [open, captured, received, _]| {
            grid.matters_open += open;
            grid.matters_overdue_captured += captured;
            grid.matters_overdue_received += received;
        })?;
    }
    for form in &of.forms.tasks {
        each(form, |grid, [open, captured, _, unacknowledged]| {
            grid.tasks_open += open;
            grid.tasks_overdue += captured;
            grid.tasks_unacknowledged += unacknowledged;
        })?;
    }
    Ok(())
}

fn households(
    conn: &Connection,
    of: &OverviewOf,
    out: &mut BTreeMap<String, GridNumbers>,
) -> Result<(), ViewsError> {
    let (grids, values) = of_grids(of.grids.as_ref())?;
    let sql = format!("SELECT grid, n FROM tally WHERE form = ? {grids}");
    for form in &of.forms.households {
        let form = vec![Sql::from(form.to_string())];
        by_grid(
            conn,
            &sql,
            [form, values.clone()].concat(),
            out,
            |grid, n| {
                grid.households += n.first().copied().unwrap_or_default();
            },
        )?;
    }
    let class = of_class(of, "visited_class");
    let sql = format!(
        "SELECT grid, COUNT(*) FROM records INDEXED BY records_visited
         WHERE live = 1 AND deleted = 0 AND means = {HOUSEHOLD} {class} {grids} AND visited < ? GROUP BY grid"
    );
    let since = vec![Sql::Integer(of.visited_since.millis())];
    by_grid(conn, &sql, [values, since].concat(), out, |grid, n| {
        grid.households_not_visited = n.first().copied().unwrap_or_default();
    })
}

fn visits_of_week(
    conn: &Connection,
    of: &OverviewOf,
    out: &mut BTreeMap<String, GridNumbers>,
) -> Result<(), ViewsError> {
    let (grids, values) = of_grids(of.grids.as_ref())?;
    let grids = grids.replace("grid IN", "+grid IN");
    let class = of_class(of, "happened_class");
    let sql = format!(
        "SELECT grid, COUNT(*) FROM records INDEXED BY records_happened
         WHERE live = 1 AND deleted = 0 AND happened IS NOT NULL AND form = ? AND happened >= ? {class} {grids}
         GROUP BY grid"
    );
    for form in &of.forms.visits {
        let first = vec![Sql::from(form.to_string()), Sql::Integer(of.week.millis())];
        by_grid(
            conn,
            &sql,
            [first, values.clone()].concat(),
            out,
            |grid, n| {
                grid.visits_week += n.first().copied().unwrap_or_default();
            },
        )?;
    }
    Ok(())
}

/// Counts the records of forms whose time lies in a range.
struct Counter<'a> {
    statement: rusqlite::CachedStatement<'a>,
    forms: &'a BTreeSet<FormCode>,
    grids: &'a [Sql],
}

impl Counter<'_> {
    fn count(&mut self, from: i64, until: i64) -> Result<u64, ViewsError> {
        let mut all = 0;
        for form in self.forms {
            let first = [form.to_string().into(), from.into(), until.into()];
            let values = first.iter().chain(self.grids);
            let n: i64 = self
                .statement
                .query_row(params_from_iter(values), |r| r.get(0))?;
            all += n.unsigned_abs();
        }
        Ok(all)
    }
}

fn days(conn: &Connection, of: &OverviewOf) -> Result<Vec<DayNumbers>, ViewsError> {
    let (grids, values) = of_grids(of.grids.as_ref())?;
    let grids = grids.replace("grid IN", "+grid IN");
    let counter = |column: &str, class: &str, forms| {
        let class = of_class(of, class);
        let statement = conn.prepare_cached(&format!(
            "SELECT COUNT(*) FROM records INDEXED BY records_{column}
             WHERE live = 1 AND deleted = 0 AND {column} IS NOT NULL
             AND form = ? AND {column} >= ? AND {column} < ? {class} {grids}"
        ))?;
        Ok::<_, ViewsError>(Counter {
            statement,
            forms,
            grids: &values,
        })
    };
    let mut visits = counter("happened", "happened_class", &of.forms.visits)?;
    let mut opened = counter("happened", "happened_class", &of.forms.matters)?;
    let mut closed = counter("closed", "main_class", &of.forms.matters)?;
    let ends = of.days.iter().skip(1).map(|d| d.millis());
    // Nothing happens after it was received, so today ends where time does.
    let ends = ends.chain(std::iter::once(i64::MAX));
    let mut out = Vec::with_capacity(of.days.len());
    for (from, until) in of.days.iter().map(|d| d.millis()).zip(ends) {
        out.push(DayNumbers {
            visits: visits.count(from, until)?,
            matters_opened: opened.count(from, until)?,
            matters_closed: closed.count(from, until)?,
        });
    }
    Ok(out)
}
