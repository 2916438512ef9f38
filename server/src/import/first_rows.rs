//! The first rows of a table as they are read, for who decides whether it is imported.

use std::io::Read;

use gridfold_sync_core::directory::ImportKind;

use super::{Column, Delimited, TableError};
use super::{areas, calendar, catalogue, matter_row, plans};

/// Rows that are shown.
const MOST_ROWS: usize = 5;
/// Characters of a value that are shown; what is longer ends with an ellipsis.
const MOST_CHARS: usize = 100;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstColumn {
    /// What the file calls it.
    pub heading: String,
    /// What it is taken for; none of one that is passed over.
    pub column: Option<&'static str>,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRow {
    /// The line it starts on, from 1.
    pub line: u64,
    /// A value for each column of the file.
    pub values: Vec<String>,
}

/// How a file begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRows {
    /// Its columns, in its order.
    pub columns: Vec<FirstColumn>,
    /// The first rows that have as many values as there are columns.
    pub rows: Vec<FirstRow>,
}

fn columns_of(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Areas => &areas::COLUMNS,
        ImportKind::Catalogue => &catalogue::COLUMNS,
        ImportKind::Matters => &matter_row::COLUMNS,
        ImportKind::Calendar => &calendar::COLUMNS,
        ImportKind::Plans => &plans::COLUMNS,
    }
}

fn shown(value: String) -> String {
    match value.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

/// How a table begins that is imported as this.
///
/// # Errors
/// When the file cannot be read, or names a column twice.
pub fn first_rows(kind: ImportKind, file: impl Read) -> Result<FirstRows, TableError> {
    let known = columns_of(kind);
    let mut table = Delimited::open(file, known, 0)?;
    let headings = table.read_all_columns();
    let columns = headings
        .into_iter()
        .map(|(heading, taken_for)| FirstColumn {
            heading: shown(heading),
            column: taken_for.and_then(|at| known.get(at)).map(|known| known.0),
        });
    let columns = columns.collect();
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        if let Ok(values) = row.values {
            let values = values.into_iter().map(shown).collect();
            let line = row.line;
            rows.push(FirstRow { line, values });
        }
        if rows.len() == MOST_ROWS {
            break;
        }
    }
    Ok(FirstRows { columns, rows })
}
