//! Orders: the columns that a list goes by, and where a page starts.

use std::cmp::Ordering;

use gridfold_sync_core::ids::SensitivityClass;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension};

use crate::views::conditions::Conditions;
use crate::views::general;
use crate::views::{RecordFilter, Sort, SortKey, ViewsError};

/// A row's place in an order.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: i64,
    pub(super) value: Sql,
    pub(super) changed: i64,
}

impl Key {
    pub(super) fn cmp(&self, other: &Self, sort: Sort) -> Ordering {
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
pub(super) fn order(filter: &RecordFilter) -> Vec<String> {
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
