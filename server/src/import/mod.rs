//! Import: areas, matter kinds, days of the working calendar and matters from files of others.
//!
//! What enters is a file as it came; what leaves is edits and directory changes like any other, and a report that names every line that was not taken and why.
//! What encoding a file is in is judged on all of it; then it is read row by row, one bad row never keeps the next from being looked at, and the same file twice adds nothing.

mod act;
mod areas;
mod calendar;
mod catalogue;
mod decode;
mod duration;
mod first_rows;
mod matter_row;
mod matters;
mod place;
mod plans;
mod reason;
mod table;
mod table_error;

pub use crate::acts::areas::Misfit;
pub use areas::{import_areas, import_areas_by};
pub use calendar::import_calendar_by;
pub use catalogue::{CatalogueFormat, import_catalogue, import_catalogue_by};
pub use first_rows::{FirstColumn, FirstRow, FirstRows, first_rows};
pub use matter_row::{MatterRow, RowClock, SOURCE, matter_id, read_matter_row};
pub use matters::{MatterOptions, import_matters};
pub use place::{Place, place_of};
pub use plans::import_plans_by;
pub use reason::RowReason;
pub use table::{Column, Delimited, RawRow};
pub use table_error::TableError;

use gridfold_sync_core::directory::Area;
use serde::Serialize;

/// Lines a report names one by one; what is past it is only counted.
pub const MAX_NOTED_LINES: usize = 1_000;

/// One line and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The line it starts on, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: RowReason,
}

/// An area that an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedArea {
    /// Its line.
    pub line: u64,
    /// What it was.
    pub was: Area,
    /// What it is to be.
    pub is: Area,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing was changed, only looked at.
    pub dry_run: bool,
    /// Rows read, the header not counted.
    pub rows: u64,
    /// New ones.
    pub added: u64,
    /// Ones that were there and differ.
    pub changed: u64,
    /// Ones that were there as they are.
    pub unchanged: u64,
    /// Rows that repeat an earlier row of the file.
    pub duplicates: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Rows that were taken but need a look.
    pub warned: u64,
    /// Areas made for the rows.
    pub areas_added: u64,
    /// The id by which it can be taken back; none when it changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// The areas that change, the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangedArea>,
    /// The rows not taken, with the reason.
    pub refusals: Vec<Note>,
    /// The rows that need a look, with the reason.
    pub warnings: Vec<Note>,
}

impl Report {
    /// Notes a row that was not taken.
    pub fn refuse(&mut self, line: u64, reason: impl Into<RowReason>) {
        self.refused += 1;
        if self.refusals.len() < MAX_NOTED_LINES {
            self.refusals.push(Note {
                line,
                reason: reason.into(),
            });
        }
    }
    /// Notes a row that needs a look.
    pub fn warn(&mut self, line: u64, reason: impl Into<RowReason>) {
        self.warned += 1;
        if self.warnings.len() < MAX_NOTED_LINES {
            self.warnings.push(Note {
                line,
                reason: reason.into(),
            });
        }
    }
}

/// Why an import stopped. What was imported before stays; the same file can be imported again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file as a whole cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The time zone is not known.
    #[error("there is no time zone {0}; use a name such as America/New_York")]
    TimeZone(String),
    /// Not the JSON of a catalogue.
    #[error("the file is not a catalogue in JSON: {0}")]
    Json(String),
    /// What the file and the catalogue before come to together does not fit.
    #[error("nothing was changed: {0}")]
    Catalogue(gridfold_sync_core::directory::CatalogueError),
    /// What the file and the calendar before come to together does not fit.
    #[error("nothing was changed: {0}")]
    Calendar(gridfold_sync_core::calendar::CalendarError),
    /// The node failed.
    #[error("stopped after line {line}: {reason}")]
    Node {
        /// The last line that is safe.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// Is told how many bytes of the file have been read.
pub type Progress<'a> = &'a mut dyn FnMut(u64);
