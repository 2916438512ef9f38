//! What a list of records is asked for, and what it gives.

use std::collections::BTreeSet;
use std::fmt;

use gridfold_sync_core::ids::{
    ActionKey, AreaCode, FieldKey, FormCode, RecordId, SensitivityClass, UserId,
};
use gridfold_sync_core::time::Timestamp;

use crate::views::{BBox, Polygon};

/// What the reader may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadScope {
    /// The grids; none means all.
    pub grids: Option<BTreeSet<AreaCode>>,
    /// The classes of fields.
    pub classes: BTreeSet<SensitivityClass>,
}

impl ReadScope {
    /// Everything: for the operator's own commands.
    #[must_use]
    pub fn all() -> Self {
        Self {
            grids: None,
            classes: SensitivityClass::ALL.into_iter().collect(),
        }
    }
    /// Whether every class is read, and with it all that is derived.
    #[must_use]
    pub fn reads_all(&self) -> bool {
        self.classes.len() == SensitivityClass::ALL.len()
    }
    /// Whether a grid is inside.
    #[must_use]
    pub fn has(&self, grid: &AreaCode) -> bool {
        self.grids.as_ref().is_none_or(|grids| grids.contains(grid))
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// The newest claimed time of an edit.
    #[default]
    Changed,
    /// The first claimed time.
    Captured,
    /// The newest time the server received an edit.
    Received,
    /// When it is due; what has no due time is left out.
    Due,
    /// What names it, in the natural order of the core.
    Title,
    /// Its status, then the newest claimed time; what has no status is left out.
    Status,
}

impl SortKey {
    /// Its name in a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Captured => "captured",
            Self::Received => "received",
            Self::Due => "due",
            Self::Title => "title",
            Self::Status => "status",
        }
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Whether the smallest comes first.
    pub ascending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            key: SortKey::Changed,
            ascending: false,
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minus = if self.ascending { "" } else { "-" };
        write!(f, "{minus}{}", self.key.name())
    }
}

impl Sort {
    /// Reads a key, with a minus for the largest first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ascending, name) = match text.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, text),
        };
        let key = [
            SortKey::Changed,
            SortKey::Captured,
            SortKey::Received,
            SortKey::Due,
            SortKey::Title,
            SortKey::Status,
        ]
        .into_iter()
        .find(|k| k.name() == name)?;
        Some(Self { key, ascending })
    }
}

/// By which clock something is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// Past the deadline as it was captured.
    Captured,
    /// Past the deadline counted from when the record arrived.
    Received,
}

/// What a record counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Its work is closed.
    Closed,
    /// Its doer has done their part, whether or not it is closed.
    Done,
    /// That was before it was due.
    OnTime,
    /// That was after it was due, or it is past that and still to be done.
    Late,
    /// One of both: whether it was in time is settled.
    Judged,
    /// Whoever reported it did it on the spot, and nobody else was handed it.
    InGrid,
    /// A first step was taken after it was reported.
    Answered,
    /// Whoever has its receipt said how satisfied they are.
    Evaluated,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Closed,
        Self::Done,
        Self::OnTime,
        Self::Late,
        Self::Judged,
        Self::InGrid,
        Self::Answered,
        Self::Evaluated,
    ];

    /// Its name in a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Done => "done",
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::Judged => "judged",
            Self::InGrid => "in_grid",
            Self::Answered => "answered",
            Self::Evaluated => "evaluated",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }
}

/// A time from one moment to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

/// What must have been chosen in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The field: one that reports group by.
    pub field: FieldKey,
    /// One of these; nothing, where there are none.
    pub values: Vec<String>,
}

/// What a list of records is asked for. All conditions hold together.
#[derive(Debug, Clone)]
pub struct RecordFilter {
    /// What the reader may see.
    pub scope: ReadScope,
    /// Only these forms; empty for all.
    pub forms: Vec<FormCode>,
    /// Only these grids; empty for all in scope.
    pub grids: Vec<AreaCode>,
    /// Only records about this household, under any of the ids it has or had; empty for all.
    pub household: Vec<RecordId>,
    /// Besides these what refers to a record about the household, such as the tasks of its matters.
    pub linked: bool,
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
    /// Only records to which somebody else than this person wrote, and since `received_from` where that is asked for.
    pub by_others_than: Option<UserId>,
    /// Only records with, or without, conflicts.
    pub has_conflict: Option<bool>,
    /// Only records with late edits of reassigned workers.
    pub late: Option<bool>,
    /// Only these records; empty for all.
    pub ids: Vec<RecordId>,
    /// Only work that is not closed.
    pub open: bool,
    /// Only records of what happened at or after, and before, these times.
    pub happened: (Option<Timestamp>, Option<Timestamp>),
    /// Only work that was closed at or after, and before, these times.
    pub closed: (Option<Timestamp>, Option<Timestamp>),
    /// Only records due at or after this time.
    pub due_from: Option<Timestamp>,
    /// Only records due before this time.
    pub due_before: Option<Timestamp>,
    /// Only records in which that was chosen.
    pub chosen: Vec<Chosen>,
    /// Only records that a report counts as that, at this time.
    pub counts_as: Option<(Fact, Timestamp)>,
    /// Only households that were visited in that time.
    pub visited: Option<Span>,
    /// Only records that one of these is to handle: ids of people, and names of those without an account.
    pub doers: Option<Vec<String>>,
    /// Only work to be done that is past its deadline at this time.
    pub overdue: Option<(Overdue, Timestamp)>,
    /// Only tasks that nobody has acknowledged.
    pub unacknowledged: bool,
    /// Only records on which one of these steps beside the status stands; empty for all.
    pub steps: Vec<ActionKey>,
    /// Only records on which one of these people took a step beside the status that stands: of `steps`, where these are asked for.
    pub steps_by: Option<Vec<UserId>>,
    /// Only households that were not visited since.
    pub not_visited_since: Option<Timestamp>,
    /// Only records in this part of the world.
    pub bbox: Option<BBox>,
    /// Only records inside this polygon.
    pub within: Option<Polygon>,
    /// Whether records marked as deleted are listed too.
    pub include_deleted: bool,
    /// The forms there are, with their statuses: what an order by form and status is put together from.
    pub known_forms: Vec<(FormCode, Vec<String>)>,
    /// Only records past the retention of their form: unchanged since then, and nothing to be done on them.
    pub past_retention: Option<Vec<(FormCode, Timestamp)>>,
    /// Only records with a field that refers to this one, under any of its ids, besides their household; empty for all.
    pub about: Vec<RecordId>,
    /// Only records without a value for this key; a list shows them after those that have one.
    pub lacks: Option<SortKey>,
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
    pub fn of(scope: ReadScope) -> Self {
        Self {
            scope,
            forms: Vec::new(),
            grids: Vec::new(),
            household: Vec::new(),
            linked: false,
            statuses: Vec::new(),
            text: None,
            from: None,
            until: None,
            received_from: None,
            by_others_than: None,
            has_conflict: None,
            late: None,
            ids: Vec::new(),
            open: false,
            happened: (None, None),
            closed: (None, None),
            due_from: None,
            due_before: None,
            chosen: Vec::new(),
            counts_as: None,
            visited: None,
            doers: None,
            overdue: None,
            unacknowledged: false,
            steps: Vec::new(),
            steps_by: None,
            not_visited_since: None,
            bbox: None,
            within: None,
            include_deleted: false,
            known_forms: Vec::new(),
            past_retention: None,
            about: Vec::new(),
            lacks: None,
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
    /// When its work was closed.
    pub closed: Option<Timestamp>,
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
    /// When it is due, later by what it stood suspended.
    pub due: Option<Timestamp>,
    /// Since when it stands suspended.
    pub suspended: Option<Timestamp>,
    /// How long it stood suspended before, in milliseconds.
    pub paused_ms: i64,
    /// The same, later by what the record took to arrive.
    pub due_received: Option<Timestamp>,
    /// Who is to handle it: the id of a person, or the name of somebody without an account.
    pub doer: Option<String>,
    /// Of a household: when it was last visited.
    pub visited: Option<Timestamp>,
    /// Whether it has a late edit of a reassigned worker.
    pub late: bool,
    /// Whether a clock that wrote to it cannot have been right, as far as the reader may read what it wrote.
    pub clock_wrong: bool,
    /// First claimed time, of what the reader may read; none when that is nothing.
    pub captured: Option<Timestamp>,
    /// Newest claimed time, likewise.
    pub changed: Option<Timestamp>,
    /// Newest time the server received an edit, likewise.
    pub received: Option<Timestamp>,
    /// When the server received the first edit, likewise.
    pub first_received: Option<Timestamp>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; none after the last.
    pub next: Option<String>,
}
