//! The keys of a list's rows.
//!
//! What enters: a filter. What leaves: keys in its order, put together from the looks of the plan, which are each in that order already.

use rusqlite::{Connection, params_from_iter};

use crate::views::general;
use crate::views::order::{Key, order};
use crate::views::plan::{self, For};
use crate::views::{RecordFilter, ViewsError};

/// The keys of a filter's first rows, in its order.
pub(super) fn keys(
    conn: &Connection,
    filter: &RecordFilter,
    limit: usize,
) -> Result<Vec<Key>, ViewsError> {
    let Some(branches) = plan::branches(conn, filter, For::Page)? else {
        return Ok(Vec::new());
    };
    let direction = if filter.sort.ascending { "ASC" } else { "DESC" };
    let columns = order(filter);
    let by: Vec<String> = columns.iter().map(|c| format!("{c} {direction}")).collect();
    let by = by.join(", ");
    let mut out: Vec<Key> = Vec::new();
    let several = branches.len() > 1;
    for branch in branches {
        let sql = format!(
            "SELECT r.id, {}, {} FROM records r {} WHERE {} ORDER BY {by} LIMIT {limit}",
            columns[0],
            general::column(filter, "changed"),
            branch.index,
            branch.conditions.all(),
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(branch.conditions.values))?;
        while let Some(row) = rows.next()? {
            out.push(Key {
                id: row.get(0)?,
                value: row.get(1)?,
                changed: row.get(2)?,
            });
        }
    }
    if several {
        out.sort_by(|a, b| a.cmp(b, filter.sort));
        out.truncate(limit);
    }
    Ok(out)
}
