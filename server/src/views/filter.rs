//! What a list of records is asked for, and what it gives.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::time::Timestamp;

/// What the reader may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The grids; none means all.
    pub grids: Option<BTreeSet<AreaCode>>,
    /// The classes of fields.
    pub classes: BTreeSet<SensitivityClass>,
}

impl Scope {
    /// Everything: for the operator's own commands.
    #[must_use]
    pub fn all() -> Self {
        Self {
            grids: None,
            classes: SensitivityClass::ALL.into_iter().collect(),
        }
    }
    /// Whether a grid is inside.
    #[must_use]
    pub fn has(&self, grid: &AreaCode) -> bool {
        self.grids.as_ref().is_none_or(|grids| grids.contains(grid))
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the newest claimed time of an edit, newest first.
    #[default]
    ChangedDesc,
    /// By the newest claimed time of an edit, oldest first.
    ChangedAsc,
    /// By the first claimed time, newest first.
    CapturedDesc,
    /// By the first claimed time, oldest first.
    CapturedAsc,
    /// By the newest time the server received an edit, newest first.
    ReceivedDesc,
    /// By the newest time the server received an edit, oldest first.
    ReceivedAsc,
}

impl Sort {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::ChangedDesc | Self::ChangedAsc => "changed",
            Self::CapturedDesc | Self::CapturedAsc => "captured",
            Self::ReceivedDesc | Self::ReceivedAsc => "received",
        }
    }
    pub(super) fn is_ascending(self) -> bool {
        matches!(
            self,
            Self::ChangedAsc | Self::CapturedAsc | Self::ReceivedAsc
        )
    }
    /// Reads `changed`, `-changed`, `captured`, `-captured`, `received`, `-received`; a minus means newest first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "-changed" => Self::ChangedDesc,
            "changed" => Self::ChangedAsc,
            "-captured" => Self::CapturedDesc,
            "captured" => Self::CapturedAsc,
            "-received" => Self::ReceivedDesc,
            "received" => Self::ReceivedAsc,
            _ => return None,
        })
    }
}

/// What a list of records is asked for. All conditions hold together.
#[derive(Debug, Clone)]
pub struct RecordFilter {
    /// What the reader may see.
    pub scope: Scope,
    /// Only these forms; empty for all.
    pub forms: Vec<FormCode>,
    /// Only these grids; empty for all in scope.
    pub grids: Vec<AreaCode>,
    /// Only records about this household.
    pub household: Option<RecordId>,
    /// Only these statuses; empty for all.
    pub statuses: Vec<String>,
    /// Words that must be in a text the reader may read.
    pub text: Option<String>,
    /// Only records changed at or after this claimed time.
    pub from: Option<Timestamp>,
    /// Only records changed before this claimed time.
    pub until: Option<Timestamp>,
    /// Only records received at or after this time of the server.
    pub received_from: Option<Timestamp>,
    /// Only records with, or without, conflicts.
    pub has_conflict: Option<bool>,
    /// Only records with late edits of reassigned workers.
    pub late: Option<bool>,
    /// Whether records marked as deleted are listed too.
    pub include_deleted: bool,
    /// The order.
    pub sort: Sort,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Most rows, at least 1.
    pub limit: usize,
}

impl RecordFilter {
    /// All that a reader may see, 50 a page.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            forms: Vec::new(),
            grids: Vec::new(),
            household: None,
            statuses: Vec::new(),
            text: None,
            from: None,
            until: None,
            received_from: None,
            has_conflict: None,
            late: None,
            include_deleted: false,
            sort: Sort::default(),
            cursor: None,
            limit: 50,
        }
    }
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// The record.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// Its form.
    pub form: FormCode,
    /// Highest form version an edit was made with.
    pub form_version: u32,
    /// Its status, for forms that have one.
    pub status: Option<String>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Fields with more than one concurrent value.
    pub conflicts: u32,
    /// What names it; empty when the reader may not read that.
    pub title: String,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// Latitude and longitude in 1e-7 degree.
    pub location: Option<(i32, i32)>,
    /// Required fields without a value.
    pub missing: u32,
    /// Whether it has a late edit of a reassigned worker.
    pub late: bool,
    /// First claimed time.
    pub captured: Timestamp,
    /// Newest claimed time.
    pub changed: Timestamp,
    /// Newest time the server received an edit.
    pub received: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; none after the last.
    pub next: Option<String>,
}
