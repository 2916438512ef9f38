//! Records, lists, history and where the phone stands, as they cross the boundary.

use std::collections::HashMap;

use gridfold_sync_core::lifecycle::Stage;

use crate::ffi::types::{FieldContent, FieldValue, Operation};
use crate::types as inner;

/// Whose phone this is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Identity {
    /// The person.
    pub user_id: String,
    /// The person's name.
    pub user_name: String,
    /// The device.
    pub device_id: String,
    /// The server it was enrolled with.
    pub server_url: String,
}

/// A node of the place tree.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Area {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The area it lies in.
    pub parent: Option<String>,
    /// `province`, `district`, `street`, `community`, `grid` or another word.
    pub level: String,
    /// Whether this user may write records here.
    pub mine: bool,
    /// Whether it or what it lies in is retired: its records go on, and no new one is made there.
    pub retired: bool,
    /// Its boundary, a GeoJSON Polygon or MultiPolygon in WGS 84; none where nobody drew one, or where a
    /// phone has too many areas to carry them.
    pub boundary: Option<String>,
}

/// Someone who works in one of this user's areas.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Colleague {
    /// The person.
    pub user_id: String,
    /// The person's name.
    pub name: String,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct ConflictSide {
    /// The value, to choose it with.
    pub value: FieldValue,
    /// Who set it, when known.
    pub user_name: Option<String>,
    /// On which device, when known.
    pub device_id: Option<String>,
    /// The device's clock when it was typed, in milliseconds since 1970 (UTC).
    pub captured_at_ms: Option<i64>,
    /// The server's clock when it came.
    pub received_at_ms: Option<i64>,
}

/// A value that was set concurrently.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Conflict {
    /// `field` or `field/item/member`; `deleted` where the record was deleted and written to beside
    /// that by somebody who did not know: it stays until a person chooses.
    pub path: String,
    /// All sides; the first is the one shown.
    pub sides: Vec<ConflictSide>,
}

/// One of several transitions made concurrently.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StatusTip {
    /// The transition.
    pub action: String,
    /// The status it led to.
    pub status: String,
    /// What the doer said.
    pub note: String,
}

/// How far something that was written here has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Delivery {
    /// It is only on this phone.
    OnThisPhone,
    /// The server has it.
    AtServer,
    /// A supervisor has seen it.
    SeenBySupervisor,
    /// The server refused it, and nobody settled that yet.
    Refused,
}

impl From<inner::Delivery> for Delivery {
    fn from(delivery: inner::Delivery) -> Self {
        match delivery {
            inner::Delivery::OnThisPhone => Self::OnThisPhone,
            inner::Delivery::AtServer => Self::AtServer,
            inner::Delivery::SeenBySupervisor => Self::SeenBySupervisor,
            inner::Delivery::Refused => Self::Refused,
        }
    }
}

/// A record as it is read.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RecordDetail {
    /// Its id.
    pub id: String,
    /// Its form.
    pub form: String,
    /// The form version it is shown with.
    pub form_version: u32,
    /// Its grid.
    pub grid: String,
    /// What names it in lists.
    pub title: String,
    /// The household it is about.
    pub household_id: Option<String>,
    /// All fields by key, those that the form no longer has included.
    pub fields: HashMap<String, FieldContent>,
    /// The status shown, for forms that have one.
    pub status: Option<String>,
    /// The newest transitions when more than one were made concurrently.
    pub status_tips: Vec<StatusTip>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Values set concurrently.
    pub conflicts: Vec<Conflict>,
    /// Required and visible fields without a value.
    pub missing: Vec<String>,
    /// Whether edits of this phone are not at the server yet.
    pub pending: bool,
    /// Refused edits of this phone on it.
    pub refused: u32,
    /// How far what this phone wrote to it has come; none when it wrote nothing.
    pub delivery: Option<Delivery>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum EntryState {
    /// On this phone, not decided on yet.
    Pending,
    /// The server has it, as a receipt that came back by carrying says; not decided on yet here.
    AtServer,
    /// A colleague handed it over in a carry bundle; no part of the record here until it arrives
    /// through the server.
    Carried,
    /// Part of the record.
    Admitted {
        /// It came after its author's grant had ended.
        late: bool,
    },
    /// Kept and shown, but no part of the record.
    Refused {
        /// The stable code.
        code: String,
        /// The reason for people.
        reason: String,
    },
}

/// One entry of a record's history.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct HistoryEntry {
    /// The entry.
    pub entry: String,
    /// Who made it, when known.
    pub user_name: Option<String>,
    /// On which device, when known.
    pub device_id: Option<String>,
    /// The device's clock when it was made, in milliseconds since 1970 (UTC).
    pub captured_at_ms: i64,
    /// The server's clock when it came.
    pub received_at_ms: Option<i64>,
    /// Version of the form it was made with.
    pub form_version: u32,
    /// What became of it.
    pub state: EntryState,
    /// How far it has come, when this user wrote it.
    pub delivery: Option<Delivery>,
    /// What it did, in words: one sentence for each operation, with the values that its author found.
    pub words: Vec<String>,
    /// What it did.
    pub operations: Vec<Operation>,
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Sort {
    /// Last changed first.
    Updated,
    /// Captured last first.
    Captured,
    /// By title.
    Title,
    /// Due first first; what has no due time is left out.
    Due,
}

/// How far the work of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WorkStage {
    /// It is to be done.
    Open,
    /// The doer has done their part, and somebody has yet to close it.
    Done,
    /// It is over.
    Closed,
}

impl From<Stage> for WorkStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Open => Self::Open,
            Stage::Done => Self::Done,
            Stage::Closed => Self::Closed,
        }
    }
}

/// Which records to list; with nothing set, all that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordQuery {
    /// Only this form.
    #[uniffi(default = None)]
    pub form: Option<String>,
    /// Only this grid.
    #[uniffi(default = None)]
    pub grid: Option<String>,
    /// Only about this household.
    #[uniffi(default = None)]
    pub household_id: Option<String>,
    /// Only with this status.
    #[uniffi(default = None)]
    pub status: Option<String>,
    /// Only with all of these words in any field, in any width and case of letters, with or without accents.
    #[uniffi(default = None)]
    pub text: Option<String>,
    /// Only captured at or after, in milliseconds since 1970 (UTC).
    #[uniffi(default = None)]
    pub from_ms: Option<i64>,
    /// Only captured before.
    #[uniffi(default = None)]
    pub to_ms: Option<i64>,
    /// Only work of this phone's user: what the field that means `doer` says.
    #[uniffi(default = false)]
    pub mine: bool,
    /// Only work that is not closed.
    #[uniffi(default = false)]
    pub open: bool,
    /// Only work yet to be done that is past the time in the field that means `due`.
    #[uniffi(default = false)]
    pub overdue: bool,
    /// Only work yet to be done that is due within three days.
    #[uniffi(default = false)]
    pub due_soon: bool,
    /// Only what is due before, in milliseconds since 1970 (UTC).
    #[uniffi(default = None)]
    pub due_before_ms: Option<i64>,
    /// Only with a field that refers to this record, besides the household: the tasks of a matter.
    #[uniffi(default = None)]
    pub about_id: Option<String>,
    /// The order; last changed first when left out.
    #[uniffi(default = None)]
    pub sort: Option<Sort>,
    /// Most records of a page, at most 1,000; 0 means 50.
    #[uniffi(default = 0)]
    pub limit: u32,
    /// The page after this cursor, from the page before.
    #[uniffi(default = None)]
    pub after: Option<String>,
    /// Deleted records too.
    #[uniffi(default = false)]
    pub include_deleted: bool,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordPage {
    /// What is on it.
    pub items: Vec<RecordSummary>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordSummary {
    /// Its id.
    pub id: String,
    /// Its form.
    pub form: String,
    /// Its grid.
    pub grid: String,
    /// The household it is about.
    pub household_id: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// What names it.
    pub title: String,
    /// How far its work is; none of a record without statuses.
    pub stage: Option<WorkStage>,
    /// When its work is due, in milliseconds since 1970 (UTC): later by what it stood suspended.
    pub due_at_ms: Option<i64>,
    /// Since when it stands suspended, likewise: until it goes on no time passes for it.
    pub suspended_at_ms: Option<i64>,
    /// How long it stood suspended before that, in milliseconds.
    pub suspended_ms: i64,
    /// Who is to do its work, as the field that means `doer` says.
    pub doer: Option<String>,
    /// The record it is about besides its household.
    pub about_id: Option<String>,
    /// When it was captured, by the clock of the phone that did, in milliseconds since 1970 (UTC).
    pub captured_at_ms: i64,
    /// When it last changed, likewise.
    pub updated_at_ms: i64,
    /// Values set concurrently and not settled.
    pub conflicts: u32,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Whether edits of this phone are not at the server yet.
    pub pending: bool,
    /// Refused edits of this phone on it.
    pub refused: u32,
    /// How far what this phone wrote to it has come; none when it wrote nothing.
    pub delivery: Option<Delivery>,
}

/// An edit that the server refused: kept here until the person settles it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RefusedEdit {
    /// Its id, for `retry_refused` and `discard_refused`.
    pub id: String,
    /// The record.
    pub record_id: String,
    /// Its form.
    pub form: String,
    /// The version of the form that it was typed with, for `form`.
    pub form_version: u32,
    /// What was typed.
    pub operations: Vec<Operation>,
    /// The stable code of the reason.
    pub code: String,
    /// The reason for people.
    pub reason: String,
    /// When it was typed, in milliseconds since 1970 (UTC).
    pub captured_at_ms: i64,
}

/// Where the phone stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    /// Entries not at the server yet.
    pub pending: u64,
    /// Edits the server refused that nobody settled.
    pub refused: u64,
    /// Whether the server answered the last attempt; none before the first since opening.
    pub server_reachable: Option<bool>,
    /// The stable code of why the last attempt did not end well.
    pub last_error: Option<String>,
    /// When the last sync ended well, by the phone's clock.
    pub last_sync_ms: Option<i64>,
    /// The server's clock minus the phone's, at the last sync, in milliseconds.
    pub clock_skew_ms: i64,
    /// Bytes of the store on disk.
    pub storage_bytes: u64,
    /// Stored values were found damaged while reading: writing is refused from then on, and the next
    /// opening mends the store.
    pub damaged: bool,
    /// The store was damaged and has been mended; until `mended_seen`.
    pub mended: Option<MendedStore>,
}

/// The store was damaged and has been mended: what was not sent is all there, and what is not here
/// of the rest comes with the next sync.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MendedStore {
    /// When, by the phone's clock, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// Records that it still gave.
    pub records: u64,
    /// Whether every page with records was still there.
    pub complete: bool,
    /// What happened, what is safe and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
}

/// How far a sync got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncProgress {
    /// Round trips done.
    pub round_trips: u32,
    /// Entries sent so far.
    pub pushed: u64,
    /// Entries not at the server yet.
    pub pending: u64,
    /// Items received so far.
    pub pulled: u64,
    /// Bytes of bodies so far, both ways.
    pub bytes: u64,
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Round trips.
    pub round_trips: u32,
    /// Bytes of request bodies.
    pub bytes_up: u64,
    /// Bytes of response bodies.
    pub bytes_down: u64,
    /// Entries sent.
    pub pushed: u64,
    /// Own entries that the server admitted.
    pub admitted: u64,
    /// Own entries that the server refused.
    pub refused: u64,
    /// Items received.
    pub pulled: u64,
    /// Whether the directory changed.
    pub directory_changed: bool,
    /// Streams erased because a grant ended.
    pub erased_streams: Vec<String>,
    /// Everything was erased because the server said so.
    pub wiped: bool,
    /// Whether something is left for another sync: the budget ran out.
    pub more: bool,
}
