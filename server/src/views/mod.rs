//! Views: rows derived from the log, in SQLite, for reading.
//!
//! What enters: batches of decided entries from projection, in one transaction each with
//! the cursor of every stream they move. What leaves: pages of records, one record with all its
//! parts, its history, refused edits. What never happens here: a write from a route.

mod attention;
mod clean;
mod conditions;
mod counted;
mod cursors;
mod erase;
mod error;
mod fact;
mod filter;
mod following;
mod general;
mod history;
mod imported;
mod keys;
mod list;
mod map;
mod measured;
mod order;
mod overview;
mod pages;
mod place;
mod plan;
mod planned;
mod pool;
mod projected;
mod provenance;
mod receipts;
mod record_columns;
mod record_row;
mod report;
mod set_aside;
mod sql;
mod steps;
mod text;
mod work;
mod write;
mod written;

pub use attention::LateRecord;
pub(crate) use clean::Cleaning;
pub use error::{ViewsBehind, ViewsError};
pub use filter::{
    Chosen, Fact, Overdue, Page, ReadScope, RecordFilter, RecordRow, Sort, SortKey, Span,
};
pub use following::Following;
pub use history::{HistoryRow, QuarantineRow, RefusedRow, Totals};
pub use imported::WrittenBy;
pub use list::StoredRecord;
pub use map::Cluster;
pub use measured::is_counted_by;
pub use overview::{CountedForms, DayNumbers, GridNumbers, Overview, OverviewOf};
pub use pages::VFS_NAME;
pub(crate) use pages::{damaged_pages, open_to_compare};
pub use place::{BBox, Polygon};
pub use plan::Total;
pub use planned::{OpenWork, PlannedRow, PlannedTask};
pub use projected::ProjectedEntry;
pub use provenance::Made;
pub use report::{Asked, By, Counted, Durations};
pub use set_aside::SetAside;
pub use steps::StepTaken;
pub use write::ViewsWriter;
pub use written::WrittenLog;

use std::path::Path;
use std::sync::Arc;

use crate::keys::RecordKeys;
use crate::log::Log;
use pool::Pool;

/// Name of the views' file in the data directory.
pub const VIEWS_DB_FILE_NAME: &str = "views.db";

/// The reading side of the views.
#[derive(Debug, Clone)]
pub struct Views {
    pool: Arc<Pool>,
    log: Arc<dyn Log>,
    keys: Arc<RecordKeys>,
}

impl Views {
    /// Opens the views of a data directory for reading.
    ///
    /// What cannot be opened at the moment is tried again at each read.
    pub fn open(
        path: &Path,
        log: Arc<dyn Log>,
        keys: Arc<RecordKeys>,
        following: Following,
    ) -> Self {
        Self {
            pool: Arc::new(Pool::new(path, following)),
            log,
            keys,
        }
    }
}

/// Removes the views' file and what SQLite keeps beside it.
pub(crate) fn remove_views(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
