//! Conditions as SQL with their values, put together piece by piece. Every value is bound; only names of columns that stand in the code are written.

use gridfold_sync_core::ids::RecordId;
use rusqlite::types::Value as Sql;

use crate::views::{ReadScope, RecordFilter, ViewsError};

/// SQL conditions and their values.
#[derive(Debug, Default, Clone)]
pub(super) struct Conditions {
    pub(super) sql: Vec<String>,
    pub(super) values: Vec<Sql>,
}

impl Conditions {
    pub(super) fn add(&mut self, sql: impl Into<String>) {
        self.sql.push(sql.into());
    }
    pub(super) fn with(&mut self, sql: impl Into<String>, value: impl Into<Sql>) {
        self.sql.push(sql.into());
        self.values.push(value.into());
    }
    pub(super) fn one_of(&mut self, column: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        let marks = vec!["?"; values.len()].join(",");
        self.add(format!("{column} IN ({marks})"));
        self.values.extend(values.into_iter().map(Sql::from));
    }
    /// A column names one of these records.
    pub(super) fn is_of(&mut self, column: &str, records: &[RecordId]) {
        let marks = vec!["?"; records.len()].join(",");
        self.add(format!("{column} IN ({marks})"));
        self.values.extend(ids(records));
    }
    /// The classes the reader may read must hold the one of a column.
    pub(super) fn readable(&mut self, column: &str, filter: &RecordFilter) {
        self.readable_in(column, &filter.scope);
    }
    /// The same in a scope.
    pub(super) fn readable_in(&mut self, column: &str, scope: &ReadScope) {
        if !scope.reads_all() {
            let classes = scope.classes.iter().map(|c| (*c as u8).to_string());
            let classes: Vec<String> = classes.collect();
            self.add(format!("{column} IN ({})", classes.join(",")));
        }
    }
    pub(super) fn all(&self) -> String {
        self.sql.join(" AND ")
    }
}

pub(super) fn ids(records: &[RecordId]) -> impl Iterator<Item = Sql> {
    records.iter().map(|id| Sql::Blob(id.bytes().to_vec()))
}

/// A JSON list, since a supervisor of a city has more grids than a statement has parameters.
pub(super) fn json_list<T: serde::Serialize>(values: &[T]) -> Result<String, ViewsError> {
    serde_json::to_string(values).map_err(|_| ViewsError::Damaged)
}
