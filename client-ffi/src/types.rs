//! Plain owned types of the API: what bindings will carry across.

mod carry;
mod due;
mod lifecycle;
mod mended;
mod push;
mod resident;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::PublicKey;
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FieldKey, FormCode, RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Cell, Work};

use crate::cancel::CancelToken;
use crate::disk::Disk;
use crate::error::ClientError;
use crate::key_store::StoreKey;
use crate::platform::Platform;

pub use carry::*;
pub use due::*;
pub use lifecycle::*;
pub use mended::*;
pub use push::*;
pub use resident::*;
pub use work::*;

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// Where the store's files are: a [`crate::Folder`], or what an app brings.
    pub disk: Arc<dyn Disk>,
    /// What opens the store.
    pub key: StoreKey,
    /// Clock and randomness.
    pub platform: Arc<dyn Platform>,
}

impl std::fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOptions")
            .field("disk", &self.disk)
            .finish_non_exhaustive()
    }
}

/// Whose phone this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The server it was enrolled with; empty when the code was typed and not scanned.
    pub server_url: String,
    /// The key the server signs receipts with.
    pub server_key: PublicKey,
    /// The person's name.
    pub user_name: String,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictCandidate {
    /// The value, to choose it with.
    pub value: Value,
    /// The value as the API shows it.
    pub json: serde_json::Value,
    /// The entry that set it.
    pub entry: EntryRef,
    /// The device, when known.
    pub device: Option<DeviceId>,
    /// The person, when known.
    pub user: Option<UserId>,
    /// The person's name, when known.
    pub user_name: Option<String>,
    /// The device's clock when it was typed.
    pub claimed: Option<Timestamp>,
    /// The server's clock when it came.
    pub received: Option<Timestamp>,
}

/// A value that was set concurrently: all sides, the first is the one shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// `field` or `field/item/member`.
    pub path: String,
    /// All sides.
    pub candidates: Vec<ConflictCandidate>,
}

/// One of several transitions made concurrently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusTip {
    /// The transition.
    pub action: String,
    /// The status it led to.
    pub status: String,
    /// What the doer said.
    pub note: String,
    /// The entry that made it.
    pub entry: EntryRef,
}

/// The part of a record in one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartInfo {
    /// The class.
    pub class: SensitivityClass,
    /// Its heads.
    pub heads: Vec<EntryRef>,
    /// Entries folded in.
    pub entries: u32,
}

/// A record as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordDetail {
    /// The record.
    pub record: RecordId,
    /// Its form.
    pub form: FormCode,
    /// The form version it is shown with.
    pub form_version: u32,
    /// Its grid.
    pub grid: AreaCode,
    /// What names it in lists.
    pub title: String,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// All fields by key.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// The same with their types and all candidates.
    pub cells: BTreeMap<FieldKey, Cell>,
    /// The status shown, for forms that have one.
    pub status: Option<String>,
    /// The newest transitions when more than one were made concurrently.
    pub status_tips: Vec<StatusTip>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Values set concurrently.
    pub conflicts: Vec<Conflict>,
    /// Required fields without a value.
    pub missing: Vec<String>,
    /// Whether the server did not decide on edits of this phone yet.
    pub pending: bool,
    /// Whether carry receipts say that the server has all edits that are pending.
    pub at_server: bool,
    /// Refused edits of this phone on it.
    pub refused: u32,
    /// How far what this phone wrote to it has come; none when it wrote nothing.
    pub delivery: Option<Delivery>,
    /// The parts held here.
    pub parts: Vec<PartInfo>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryState {
    /// Not decided on yet.
    Pending,
    /// Not decided on yet as far as this phone knows, but a carry receipt says that the server has it.
    AtServer,
    /// A colleague handed it over; it did not arrive through the server yet and is no part of the
    /// record.
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
    },
}

/// One entry of a record's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The stream.
    pub stream: StreamId,
    /// The entry.
    pub entry: EntryRef,
    /// The device, when known.
    pub device: Option<DeviceId>,
    /// The person, when known.
    pub user: Option<UserId>,
    /// The person's name, when known.
    pub user_name: Option<String>,
    /// The device's clock when it was made.
    pub claimed: Timestamp,
    /// The server's clock when it came.
    pub received: Option<Timestamp>,
    /// Version of the form it was made with.
    pub form_version: u32,
    /// What became of it.
    pub state: EntryState,
    /// How far it has come, when this phone's user wrote it.
    pub delivery: Option<Delivery>,
    /// The entries it was made after.
    pub made_at: Vec<EntryRef>,
    /// What it did.
    pub ops: Vec<Op>,
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Last changed first.
    #[default]
    Updated,
    /// Captured last first.
    Captured,
    /// By title.
    Title,
    /// Due first first; what has no due time is left out.
    Due,
}

/// Which records to list. An empty query lists all that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only this form.
    pub form: Option<FormCode>,
    /// Only this grid.
    pub grid: Option<AreaCode>,
    /// Only about this household.
    pub household: Option<RecordId>,
    /// Only with this status.
    pub status: Option<String>,
    /// Only with all of these words in any field, in any width and case of letters, with or without accents.
    pub text: Option<String>,
    /// Only captured at or after.
    pub from: Option<Timestamp>,
    /// Only captured before.
    pub to: Option<Timestamp>,
    /// Only work of this phone's user, as the field that means `doer` says.
    pub mine: bool,
    /// Only work that is not closed.
    pub open: bool,
    /// Only work yet to be done that is past the time in the field that means `due`, by the
    /// server's clock as far as it is known.
    pub overdue: bool,
    /// Only work yet to be done that is due within three days.
    pub due_soon: bool,
    /// Only what is due before this time.
    pub due_before: Option<Timestamp>,
    /// Only with a field that refers to this record, besides the household: the tasks of a matter.
    pub about: Option<RecordId>,
    /// The order.
    pub sort: Sort,
    /// Most records of a page; 0 means 50.
    pub limit: u32,
    /// The page after this cursor, from [`Page::next`].
    pub after: Option<String>,
    /// Deleted records too.
    pub include_deleted: bool,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    /// The record.
    pub record: RecordId,
    /// Its form.
    pub form: FormCode,
    /// Its grid.
    pub grid: AreaCode,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// Its status.
    pub status: Option<String>,
    /// What names it.
    pub title: String,
    /// What its work stands at: how far, due when, whose, about what.
    pub work: Work,
    /// When it was captured, by the clock of the phone that did.
    pub captured: Timestamp,
    /// When it last changed, likewise.
    pub updated: Timestamp,
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
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedEdit {
    /// The stream.
    pub stream: StreamId,
    /// The entry, unique in the stream.
    pub entry: EntryRef,
    /// The record.
    pub record: RecordId,
    /// Its form.
    pub form: FormCode,
    /// The version of the form that it was typed with.
    pub form_version: u32,
    /// What was typed.
    pub ops: Vec<Op>,
    /// The stable code of the reason.
    pub code: String,
    /// The reason in Chinese.
    pub message_zh: String,
    /// The reason in English.
    pub message_en: String,
    /// When it was typed.
    pub at: Timestamp,
}

/// Whether the server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Nobody tried since the store was opened.
    #[default]
    Unknown,
    /// It answered.
    Reachable,
    /// It did not.
    Unreachable,
}

/// Where the phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Entries not at the server yet.
    pub pending: u64,
    /// Records with such entries, by form.
    pub pending_forms: Vec<(FormCode, u64)>,
    /// Edits the server refused that nobody settled.
    pub refused: u64,
    /// Whether the server answered the last attempt to sync since the store was opened.
    pub server: Reach,
    /// When that was, by the phone's clock.
    pub last_attempt: Option<Timestamp>,
    /// Why the last attempt did not end well, as [`crate::ClientError::code`].
    pub last_error: Option<String>,
    /// When the last sync ended well, by the phone's clock.
    pub last_sync: Option<Timestamp>,
    /// The server's clock minus the phone's, at the last sync.
    pub clock_skew_ms: i64,
    /// How far each stream was followed.
    pub cursors: Vec<(StreamId, u64)>,
    /// Bytes of the store on disk.
    pub storage_bytes: u64,
    /// Stored values were found damaged while reading: writing is refused from then on, and the next
    /// opening mends the store.
    pub damaged: bool,
    /// The store was damaged and has been mended; until [`crate::Client::mended_seen`].
    pub mended: Option<MendedStore>,
}

/// How far a sync got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
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

/// What a sync may cost and who watches it.
#[derive(Clone, Copy)]
pub struct SyncOptions<'a> {
    /// Bytes of bodies it should stay under, both ways; 0 for no limit.
    pub budget_bytes: u64,
    /// Most round trips.
    pub max_round_trips: u32,
    /// Called after each round trip.
    pub progress: Option<&'a dyn Fn(Progress)>,
    /// Stops it between two round trips.
    pub cancel: Option<&'a CancelToken>,
}

impl SyncOptions<'_> {
    pub(crate) fn check_cancelled(&self) -> Result<(), ClientError> {
        if self.cancel.is_some_and(CancelToken::is_cancelled) {
            return Err(ClientError::Cancelled);
        }
        Ok(())
    }
}

impl Default for SyncOptions<'_> {
    fn default() -> Self {
        Self {
            budget_bytes: 0,
            max_round_trips: 1_000,
            progress: None,
            cancel: None,
        }
    }
}

impl std::fmt::Debug for SyncOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncOptions")
            .field("budget_bytes", &self.budget_bytes)
            .field("max_round_trips", &self.max_round_trips)
            .finish_non_exhaustive()
    }
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Carry bundles of others delivered.
    pub carried: u64,
    /// Whether the directory changed.
    pub directory_changed: bool,
    /// Streams erased because the server said so.
    pub erased_streams: Vec<StreamId>,
    /// Everything was erased because the server said so.
    pub wiped: bool,
    /// The device goes on under a new incarnation.
    pub new_incarnation: bool,
    /// Whether something is left for another sync: the budget or the round trips ran out.
    pub more: bool,
}

/// How often to try again and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most tries.
    pub max_attempts: u32,
    /// The first wait, in milliseconds; doubles with each try.
    pub base_ms: u64,
    /// The longest wait, in milliseconds.
    pub max_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base_ms: 1_000,
            max_ms: 60_000,
        }
    }
}
