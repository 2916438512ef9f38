//! Orders: the columns that a list goes by, where a page starts, and the keys of its rows.
//!
//! What enters: a filter. What leaves: keys in its order, put together from the looks of the plan, which are each in that order already.

use std::cmp::Ordering;

use gridfold_sync_core::ids::SensitivityClass;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::views::conditions::Conditions;
use crate::views::general;
use crate::views::plan::{self, For};
use crate::views::{RecordFilter, Sort, SortKey, ViewsError};

/// A row's place in an order.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: i64,
    value: Sql,
    changed: i64,
}

impl Key {
    fn cmp(&self, other: &Self, sort: Sort) -> Ordering {
        let by_value = match (&self.value, &other.value) {
            (Sql::Integer(a), Sql::Integer(b)) => a.cmp(b),
            (Sql::Text(a), Sql::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        let by_changed = match sort.key {
            SortKey::Status => self.changed.cmp(&other.changed),
            _ => Ordering::Equal,
        };
        let all = by_value.then(by_changed).then(self.id.cmp(&other.id));
        if sort.ascending { all } else { all.reverse() }
    }

    /// Where the page after this row starts. Titles stay out of it: it stands in an address.
    pub(super) fn cursor(&self, sort: Sort) -> String {
        match (sort.key, &self.value) {
            (SortKey::Title, _) => self.id.to_string(),
            (SortKey::Status, Sql::Text(status)) => {
                format!("{status}_{}_{}", self.changed, self.id)
            }
            (_, Sql::Integer(value)) => format!("{value}_{}", self.id),
            _ => self.id.to_string(),
        }
    }
}

/// The columns that an order goes by.
fn order(filter: &RecordFilter) -> Vec<String> {
    let value = match filter.sort.key {
        SortKey::Title if filter.scope.classes.len() < SensitivityClass::ALL.len() => {
            // The order of what may not be read would tell of it.
            let classes: Vec<String> = filter
                .scope
                .classes
                .iter()
                .map(|c| (*c as u8).to_string())
                .collect();
            let classes = classes.join(",");
            format!("CASE WHEN r.title_class IN ({classes}) THEN r.title ELSE '' END")
        }
        SortKey::Status => general::status(filter),
        SortKey::Changed | SortKey::Captured | SortKey::Received => {
            general::column(filter, filter.sort.key.name())
        }
        key @ (SortKey::Due | SortKey::Title) => format!("r.{}", key.name()),
    };
    match filter.sort.key {
        SortKey::Status => vec![value, general::column(filter, "changed"), "r.id".to_owned()],
        _ => vec![value, "r.id".to_owned()],
    }
}

pub(super) fn after(
    conn: &Connection,
    filter: &RecordFilter,
    c: &mut Conditions,
) -> Result<(), ViewsError> {
    let Some(cursor) = &filter.cursor else {
        return Ok(());
    };
    let number = |text: &str| text.parse::<i64>().map_err(|_| ViewsError::BadCursor);
    let columns = order(filter);
    let mut parts = cursor.rsplitn(columns.len(), '_');
    let id = number(parts.next().unwrap_or_default())?;
    let mut values: Vec<Sql> = match filter.sort.key {
        SortKey::Title => {
            let sql = format!("SELECT {} FROM records r WHERE r.id = ?1", columns[0]);
            let title: Option<String> = conn
                .prepare_cached(&sql)?
                .query_row([id], |r| r.get(0))
                .optional()?;
            vec![title.ok_or(ViewsError::BadCursor)?.into()]
        }
        SortKey::Status => {
            let changed = number(parts.next().unwrap_or_default())?;
            let status = parts.next().ok_or(ViewsError::BadCursor)?.to_owned();
            vec![status.into(), changed.into()]
        }
        SortKey::Changed | SortKey::Captured | SortKey::Received | SortKey::Due => {
            vec![number(parts.next().unwrap_or_default())?.into()]
        }
    };
    values.push(id.into());
    let than = if filter.sort.ascending { ">" } else { "<" };
    let marks = vec!["?"; values.len()].join(", ");
    c.add(format!("({}) {than} ({marks})", columns.join(", ")));
    c.values.extend(values);
    Ok(())
}

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
