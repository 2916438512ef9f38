//! How a list is looked up: which index is walked, so that a page of a million records reads a page and not a million.
//!
//! What enters: a filter. What leaves: looks into indexes that together give its rows, each in its order, or how many it finds.
//! SQLite chooses among indexes without knowing how large an area is or how often a word occurs; this does.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::{AreaCode, SensitivityClass};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use crate::views::conditions::{self, Conditions, json_list};
use crate::views::general;
use crate::views::order;
use crate::views::place::{CELL_LEVEL, ranges};
use crate::views::{RecordFilter, SortKey, ViewsError};

/// Grids that are looked up one by one; of more an order is walked.
const MAX_SINGLE_GRIDS: usize = 200;
/// Branches that are put together.
const MAX_BRANCHES: usize = 256;
/// Grids whose records are all sorted, for orders without an index by grid.
const MAX_SORTED_GRIDS: usize = 8;
/// Records that are looked up and sorted when a word or a place names them; of more an order is walked.
const MAX_LOOKED_UP: usize = 5_000;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// As many.
    pub n: u64,
    /// Whether there are more.
    pub is_floor: bool,
}

impl Total {
    /// Whether there are more than so many.
    #[must_use]
    pub fn n_is_over(self, most: u64) -> bool {
        self.is_floor || self.n > most
    }
}

/// One look into one index.
pub(super) struct Branch {
    pub(super) index: &'static str,
    pub(super) conditions: Conditions,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Page,
    Count,
}

const BY_ID: &str = "NOT INDEXED";

/// The looks that give a filter's rows; none when there can be no row.
pub(super) fn branches(
    conn: &Connection,
    filter: &RecordFilter,
    purpose: For,
) -> Result<Option<Vec<Branch>>, ViewsError> {
    let grids = conditions::grids(filter);
    let grids = grids.as_deref();
    if grids.is_some_and(<[_]>::is_empty) {
        return Ok(None);
    }
    if filter.past_retention.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    let mut base = conditions::of(filter);
    if purpose == For::Page {
        // Those without a value follow by themselves.
        if let Some(column) = conditions::optional(filter, filter.sort.key) {
            base.add(format!("{column} IS NOT NULL"));
        }
        order::after(filter, &mut base)?;
    }
    if filter.linked && !filter.household.is_empty() {
        return linked(filter, base, grids).map(Some);
    }
    let with_rest = |mut c: Conditions, index| -> Result<Option<Vec<Branch>>, ViewsError> {
        conditions::rest(&mut c, filter, grids)?;
        Ok(Some(vec![Branch {
            index,
            conditions: c,
        }]))
    };
    if !filter.ids.is_empty() {
        let marks = vec!["?"; filter.ids.len()].join(",");
        base.add(format!("r.record IN ({marks})"));
        let ids = filter.ids.iter().map(|id| Sql::Blob(id.bytes().to_vec()));
        base.values.extend(ids);
        return with_rest(base, "");
    }
    if let Some(text) = &filter.text {
        let Some(expression) = conditions::text(filter, text) else {
            return Ok(None);
        };
        let few = hits(conn, &expression)? <= MAX_LOOKED_UP;
        let id = if few { "r.id" } else { "+r.id" };
        base.with(
            format!("{id} IN (SELECT rowid FROM search WHERE search MATCH ?)"),
            expression,
        );
        if few {
            return with_rest(base, BY_ID);
        }
    }
    if conditions::asks_for_steps(filter) {
        return with_rest(base, BY_ID);
    }
    if !filter.household.is_empty() {
        return with_rest(base, "INDEXED BY records_household");
    }
    if !filter.about.is_empty() {
        return with_rest(base, "INDEXED BY records_about");
    }
    if filter.has_conflict == Some(true) {
        return with_rest(base, "INDEXED BY records_conflicts");
    }
    if filter.late == Some(true) {
        return with_rest(base, "INDEXED BY records_late");
    }
    let is_work = filter.open || filter.overdue.is_some() || filter.unacknowledged;
    if is_work && !filter.include_deleted {
        return with_rest(base, "INDEXED BY records_open");
    }
    if let Some(index) = by_time(filter) {
        base.with(
            "r.form IN (SELECT value FROM json_each(?))",
            json_list(&filter.forms)?,
        );
        return with_rest(base, index);
    }
    if filter.doers.is_some() {
        return with_rest(base, "INDEXED BY records_doer");
    }
    let is_placed = filter.bbox.is_some() || filter.within.is_some();
    if is_placed
        && !filter.include_deleted
        && let Some(ids) = placed(conn, filter)?
    {
        base.with("r.id IN (SELECT value FROM json_each(?))", json_list(&ids)?);
        return with_rest(base, BY_ID);
    }
    if purpose == For::Count
        && filter.not_visited_since.is_some()
        && !filter.include_deleted
        && let Some(grids) = grids
    {
        base.with(
            "r.grid IN (SELECT value FROM json_each(?))",
            json_list(grids)?,
        );
        conditions::rest(&mut base, filter, None)?;
        return Ok(Some(vec![Branch {
            index: "INDEXED BY records_visited",
            conditions: base,
        }]));
    }
    in_order(filter, base, grids).map(Some)
}

/// What is about a household, and what refers to that: a look for each, in which nothing is twice. They are few, so a text narrows them where they stand.
fn linked(
    filter: &RecordFilter,
    mut base: Conditions,
    grids: Option<&[&AreaCode]>,
) -> Result<Vec<Branch>, ViewsError> {
    if !filter.ids.is_empty() {
        let marks = vec!["?"; filter.ids.len()].join(",");
        base.add(format!("r.record IN ({marks})"));
        let ids = filter.ids.iter().map(|id| Sql::Blob(id.bytes().to_vec()));
        base.values.extend(ids);
    }
    if let Some(text) = &filter.text {
        let Some(expression) = conditions::text(filter, text) else {
            return Ok(Vec::new());
        };
        base.with(
            "+r.id IN (SELECT rowid FROM search WHERE search MATCH ?)",
            expression,
        );
    }
    conditions::rest(&mut base, filter, grids)?;
    let mut beyond = base.clone();
    conditions::household(&mut base, filter);
    conditions::linked(&mut beyond, filter)?;
    let branch = |index, conditions| Branch { index, conditions };
    Ok(vec![
        branch("INDEXED BY records_household", base),
        branch("INDEXED BY records_about", beyond),
    ])
}

/// The index of a time that a filter names from its beginning, for the forms that it names.
fn by_time(filter: &RecordFilter) -> Option<&'static str> {
    if filter.forms.is_empty() || filter.include_deleted {
        return None;
    }
    match (filter.happened, filter.closed) {
        ((Some(_), _), _) => Some("INDEXED BY records_happened"),
        (_, (Some(_), _)) => Some("INDEXED BY records_closed"),
        _ if filter.due_from.is_some() => Some("INDEXED BY records_due"),
        _ => None,
    }
}

/// The looks along an order.
fn in_order(
    filter: &RecordFilter,
    base: Conditions,
    grids: Option<&[&AreaCode]>,
) -> Result<Vec<Branch>, ViewsError> {
    let forms: Vec<String> = if filter.forms.is_empty() {
        filter.known_forms.iter().map(|f| f.0.to_string()).collect()
    } else {
        filter.forms.iter().map(ToString::to_string).collect()
    };
    let is_narrow = !filter.forms.is_empty();
    let one = |mut c: Conditions, index| -> Result<Vec<Branch>, ViewsError> {
        conditions::rest(&mut c, filter, grids)?;
        Ok(vec![Branch {
            index,
            conditions: c,
        }])
    };
    let single = grids.filter(|g| g.len() <= MAX_SINGLE_GRIDS);
    let few = grids.is_some_and(|g| g.len() <= MAX_SORTED_GRIDS);
    match filter.sort.key {
        SortKey::Changed if !general::reads_all(filter) && !few => {
            // Those of which such a reader knows no time stand together, by when they were added.
            let (mut known, mut unknown) = (base.clone(), base);
            known.add("r.received_general > 0");
            unknown.add("r.received_general = 0 AND r.changed_general = 0");
            let mut out = one(known, "INDEXED BY records_changed_general")?;
            out.extend(one(unknown, BY_ID)?);
            Ok(out)
        }
        SortKey::Changed if general::reads_all(filter) => {
            if let Some(grids) = single
                && !forms.is_empty()
                && grids.len() * forms.len() <= MAX_BRANCHES
            {
                let mut out = Vec::with_capacity(grids.len() * forms.len());
                for (grid, form) in grids.iter().flat_map(|g| forms.iter().map(move |f| (g, f))) {
                    let mut c = base.clone();
                    c.with("r.grid = ?", grid.as_str().to_owned());
                    c.with("r.form = ?", form.clone());
                    conditions::rest(&mut c, filter, None)?;
                    out.push(Branch {
                        index: "INDEXED BY records_grid",
                        conditions: c,
                    });
                }
                return Ok(out);
            }
            match by_form(filter, &base, grids, &forms)? {
                Some(out) if is_narrow => Ok(out),
                _ => one(base, "INDEXED BY records_changed"),
            }
        }
        SortKey::Status => each_form(filter, base, grids, &forms, "INDEXED BY records_form"),
        SortKey::Changed
        | SortKey::Captured
        | SortKey::Received
        | SortKey::Title
        | SortKey::Due
            if few =>
        {
            let grids: Vec<String> = grids
                .unwrap_or_default()
                .iter()
                .map(|g| g.to_string())
                .collect();
            let mut c = base;
            c.with(
                "r.grid IN (SELECT value FROM json_each(?))",
                json_list(&grids)?,
            );
            one(c, "INDEXED BY records_grid")
        }
        SortKey::Changed | SortKey::Captured | SortKey::Received if !general::reads_all(filter) => {
            one(base, "")
        }
        SortKey::Changed => one(base, "INDEXED BY records_changed"),
        SortKey::Captured => one(base, "INDEXED BY records_captured"),
        SortKey::Received => one(base, "INDEXED BY records_received"),
        SortKey::Due => one(base, "INDEXED BY records_due"),
        SortKey::Title if filter.scope.classes.len() < SensitivityClass::ALL.len() => one(base, ""),
        SortKey::Title => each_form(filter, base, grids, &forms, "INDEXED BY records_title"),
    }
}

/// One look for each form, for orders whose index begins with the form.
fn each_form(
    filter: &RecordFilter,
    base: Conditions,
    grids: Option<&[&AreaCode]>,
    forms: &[String],
    index: &'static str,
) -> Result<Vec<Branch>, ViewsError> {
    // Of a list that does not tell the forms there are, none may be left out.
    let all = if forms.is_empty() {
        vec![None]
    } else {
        forms.iter().map(Some).collect()
    };
    let mut out = Vec::with_capacity(all.len());
    for form in all {
        let mut c = base.clone();
        if let Some(form) = form {
            c.with("r.form = ?", form.clone());
        }
        conditions::rest(&mut c, filter, grids)?;
        out.push(Branch {
            index: if form.is_some() { index } else { "" },
            conditions: c,
        });
    }
    Ok(out)
}

/// One look for each form and status, each in the order of changes.
fn by_form(
    filter: &RecordFilter,
    base: &Conditions,
    grids: Option<&[&AreaCode]>,
    forms: &[String],
) -> Result<Option<Vec<Branch>>, ViewsError> {
    let mut out = Vec::new();
    for form in forms {
        let known = filter
            .known_forms
            .iter()
            .find(|(code, _)| code.as_str() == form);
        // Of a form whose statuses are not told none may be left out.
        let Some((_, known)) = known else {
            return Ok(None);
        };
        let mut statuses: BTreeSet<Option<&str>> = BTreeSet::new();
        if filter.statuses.is_empty() {
            statuses.extend(known.iter().map(|s| Some(s.as_str())));
            // Of a version without a lifecycle.
            statuses.insert(None);
        } else {
            statuses.extend(filter.statuses.iter().map(|s| Some(s.as_str())));
        }
        for status in statuses {
            let mut c = base.clone();
            c.with("r.form = ?", form.clone());
            match status {
                Some(status) => c.with("r.status = ?", status.to_owned()),
                None => c.add("r.status IS NULL"),
            }
            conditions::rest(&mut c, filter, grids)?;
            out.push(Branch {
                index: "INDEXED BY records_form",
                conditions: c,
            });
        }
    }
    Ok((out.len() <= MAX_BRANCHES).then_some(out))
}

/// How many records a search finds, counted no further than it matters.
fn hits(conn: &Connection, expression: &str) -> Result<usize, ViewsError> {
    let n: i64 = conn
        .prepare_cached(
            "SELECT COUNT(*) FROM (SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2)",
        )?
        .query_row((expression, MAX_LOOKED_UP as i64 + 1), |r| r.get(0))?;
    Ok(usize::try_from(n).unwrap_or(usize::MAX))
}

/// The ids of what lies in the place of a filter; none when these are too many to be looked up.
fn placed(conn: &Connection, filter: &RecordFilter) -> Result<Option<Vec<i64>>, ViewsError> {
    let around = match (&filter.bbox, &filter.within) {
        (Some(area), _) => *area,
        (None, Some(polygon)) => polygon.bbox(),
        (None, None) => return Ok(None),
    };
    let mut statement = conn.prepare_cached(
        "SELECT r.id, r.lat, r.lon FROM records r INDEXED BY records_place
         WHERE r.live = 1 AND r.deleted = 0 AND r.cell IS NOT NULL AND r.cell >= ?1 AND r.cell < ?2",
    )?;
    let mut ids = Vec::new();
    for range in ranges(&around, CELL_LEVEL) {
        let mut rows = statement.query(range)?;
        while let Some(row) = rows.next()? {
            if around.has(row.get(1)?, row.get(2)?) {
                ids.push(row.get(0)?);
                if ids.len() > MAX_LOOKED_UP {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(ids))
}

/// Reads columns of every row that a filter finds, in no order.
pub(super) fn for_each(
    conn: &Connection,
    filter: &RecordFilter,
    columns: &str,
    mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<(), ViewsError>,
) -> Result<(), ViewsError> {
    for branch in branches(conn, filter, For::Count)?.unwrap_or_default() {
        let sql = format!(
            "SELECT {columns} FROM records r {} WHERE {}",
            branch.index,
            branch.conditions.all(),
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(branch.conditions.values))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
    }
    Ok(())
}

/// Whether a filter names nothing but grids and forms, which are counted as records change.
pub(super) fn is_counted(filter: &RecordFilter) -> bool {
    let plain = RecordFilter {
        grids: filter.grids.clone(),
        forms: filter.forms.clone(),
        known_forms: filter.known_forms.clone(),
        ..RecordFilter::of(filter.scope.clone())
    };
    conditions::of(filter).sql == conditions::of(&plain).sql
        && !filter.linked
        && filter.text.is_none()
        && filter.statuses.is_empty()
        && filter.ids.is_empty()
}

/// How many rows a filter finds.
pub(super) fn count(
    conn: &Connection,
    filter: &RecordFilter,
    most: u64,
) -> Result<Total, ViewsError> {
    if is_counted(filter) {
        return Ok(Total {
            n: counted(conn, filter)?,
            is_floor: false,
        });
    }
    let mut n = 0u64;
    for branch in branches(conn, filter, For::Count)?.unwrap_or_default() {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM records r {} WHERE {} LIMIT ?)",
            branch.index,
            branch.conditions.all(),
        );
        let left = most + 1 - n;
        let mut values = branch.conditions.values;
        values.push(Sql::Integer(left.cast_signed()));
        let found: i64 = conn
            .prepare_cached(&sql)?
            .query_row(params_from_iter(values), |r| r.get(0))?;
        n += found.unsigned_abs();
        if n > most {
            return Ok(Total {
                n: most,
                is_floor: true,
            });
        }
    }
    Ok(Total { n, is_floor: false })
}

fn counted(conn: &Connection, filter: &RecordFilter) -> Result<u64, ViewsError> {
    let grids: Option<BTreeSet<&str>> =
        conditions::grids(filter).map(|all| all.into_iter().map(AreaCode::as_str).collect());
    let mut statement = conn.prepare_cached("SELECT grid, form, n FROM tally")?;
    let mut rows = statement.query([])?;
    let mut n = 0i64;
    while let Some(row) = rows.next()? {
        let grid = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let form = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let wanted = grids.as_ref().is_none_or(|all| all.contains(grid))
            && (filter.forms.is_empty() || filter.forms.iter().any(|f| f.as_str() == form));
        if wanted {
            n += row.get::<_, i64>(2)?;
        }
    }
    Ok(n.max(0).unsigned_abs())
}
