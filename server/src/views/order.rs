//! Orders: the columns that a list goes by, and where a page starts.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gridfold_sync_core::ids::SensitivityClass;
use rusqlite::types::Value as Sql;

use crate::keys::RecordKeys;
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

    /// Where the page after this row starts: all of its place, so that a row that moves meanwhile
    /// takes no others with it.
    pub(super) fn cursor(&self, sort: Sort) -> String {
        match (sort.key, &self.value) {
            (SortKey::Status, Sql::Text(status)) => {
                format!("{status}_{}_{}", self.changed, self.id)
            }
            (_, Sql::Text(value)) => format!("{value}_{}", self.id),
            (_, Sql::Integer(value)) => format!("{value}_{}", self.id),
            _ => self.id.to_string(),
        }
    }
}

/// A cursor stands in addresses, which are logged: what names a record is sealed in it.
fn is_sealed(filter: &RecordFilter) -> bool {
    filter.sort.key == SortKey::Title
}

/// Who reads other classes has another order, and no use for this one's cursors.
fn sealed_for(filter: &RecordFilter) -> Vec<u8> {
    let classes = filter.scope.classes.iter().map(|class| *class as u8);
    b"gridfold/list-cursor/1 "
        .iter()
        .copied()
        .chain(classes)
        .collect()
}

/// A cursor as it is given out.
pub(super) fn give(
    cursor: String,
    filter: &RecordFilter,
    keys: &RecordKeys,
) -> Result<String, ViewsError> {
    if !is_sealed(filter) {
        return Ok(cursor);
    }
    let sealed = keys.seal_outside(&sealed_for(filter), cursor.as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// The cursor of a filter as [`Key::cursor`] made it.
pub(super) fn take(filter: &RecordFilter, keys: &RecordKeys) -> Result<Option<String>, ViewsError> {
    let Some(cursor) = filter.cursor.as_deref().filter(|_| is_sealed(filter)) else {
        return Ok(filter.cursor.clone());
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| ViewsError::BadCursor)?;
    let plain = keys
        .open_outside(&sealed_for(filter), &bytes)
        .map_err(|_| ViewsError::BadCursor)?;
    let text = std::str::from_utf8(&plain).map_err(|_| ViewsError::BadCursor)?;
    Ok(Some(text.to_owned()))
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
            format!("CASE WHEN r.title_class IN ({classes}) THEN r.title_key ELSE '' END")
        }
        SortKey::Status => general::status(filter),
        SortKey::Changed | SortKey::Captured | SortKey::Received => {
            general::column(filter, filter.sort.key.name())
        }
        SortKey::Title => "r.title_key".to_owned(),
        SortKey::Due => "r.due".to_owned(),
    };
    match filter.sort.key {
        SortKey::Status => vec![value, general::column(filter, "changed"), "r.id".to_owned()],
        _ => vec![value, "r.id".to_owned()],
    }
}

/// Begins after the cursor of a filter.
pub(super) fn after(filter: &RecordFilter, c: &mut Conditions) -> Result<(), ViewsError> {
    let Some(cursor) = &filter.cursor else {
        return Ok(());
    };
    let number = |text: &str| text.parse::<i64>().map_err(|_| ViewsError::BadCursor);
    let columns = order(filter);
    let mut parts = cursor.rsplitn(columns.len(), '_');
    let id = number(parts.next().unwrap_or_default())?;
    let mut values: Vec<Sql> = match filter.sort.key {
        SortKey::Title => {
            let key = parts.next().ok_or(ViewsError::BadCursor)?;
            vec![key.to_owned().into()]
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
