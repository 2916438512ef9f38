//! Types of what a person does: changes, undo, drafts.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, EntryRef, FieldKey, FormCode, RecordId};
use gridfold_sync_core::time::Timestamp;

pub use crate::draft_id::DraftId;

/// Most edits of one change.
pub const MAX_EDITS_PER_CHANGE: usize = 500;
/// Longest state an app may keep with a draft, in bytes.
pub const MAX_APP_STATE_BYTES: usize = 64 << 10;
/// Most drafts of one store.
pub const MAX_DRAFTS: usize = 1_000;

/// One part of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordEdit {
    /// Makes a record.
    Create {
        /// Its id, from [`crate::Client::new_record_id`], so that other parts of the change can
        /// name it; made here when left out.
        id: Option<RecordId>,
        /// Its grid.
        grid: AreaCode,
        /// Its form.
        form: FormCode,
        /// The version of its form; the newest when left out.
        form_version: Option<u32>,
        /// Its first edit.
        ops: Vec<Op>,
    },
    /// Edits a record as it stands, with what comes before in the same change.
    Edit {
        /// The record.
        record: RecordId,
        /// The version of its form; the newest when left out.
        form_version: Option<u32>,
        /// What to do.
        ops: Vec<Op>,
    },
}

/// How far something that was written here has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What signing out came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedOut {
    /// The server knows; otherwise its part of the session ends when it expires, and nobody can
    /// use it: its key was here.
    pub server_told: bool,
}

/// What was undone on one record.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoneEdit {
    /// The record.
    pub record: RecordId,
    /// Its form.
    pub form: FormCode,
    /// Its grid.
    pub grid: AreaCode,
    /// The change had made the record: it is gone.
    pub created: bool,
    /// What had been typed.
    pub ops: Vec<Op>,
}

/// What an undo took back: all of the newest change.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoneChange {
    /// One for each record.
    pub edits: Vec<UndoneEdit>,
}

/// A draft to save. Nothing of it is checked before it is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The draft it replaces; a new one when left out.
    pub id: Option<DraftId>,
    /// The form.
    pub form: FormCode,
    /// The version of the form it is typed with; left out, that of the draft it replaces, or the
    /// newest for a new one.
    pub form_version: Option<u32>,
    /// The grid.
    pub grid: AreaCode,
    /// The record it edits; a new one when left out.
    pub record: Option<RecordId>,
    /// The record is not there yet: it is made under that id.
    pub new_record: bool,
    /// What was typed so far.
    pub ops: Vec<Op>,
    /// Whatever the app needs to show its screen again, of at most [`MAX_APP_STATE_BYTES`].
    pub app_state: String,
}

/// Why something became a draft that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftReason {
    /// The stable code of the rule that did not allow it.
    pub code: String,
    /// The field, when one field is the reason.
    pub field: Option<String>,
}

/// An operation that does not fit the version of the form that its draft was mended to. It stays
/// with the draft; once the rest is committed it is what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// What was typed.
    pub op: Op,
    /// The version of the form it was typed with.
    pub form_version: u32,
    /// The stable code of why it does not fit.
    pub code: String,
}

/// Fields of a draft that were first typed into while their part of the record stood at the same entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Begun {
    /// The newest entries of the part; none when the part was not there.
    pub heads: Vec<EntryRef>,
    /// The fields.
    pub fields: Vec<FieldKey>,
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDraft {
    /// The draft.
    pub id: DraftId,
    /// The form.
    pub form: FormCode,
    /// The version of the form it is typed with; 0 while the form is not known here.
    pub form_version: u32,
    /// The grid.
    pub grid: AreaCode,
    /// The record it edits, or makes under this id.
    pub record: Option<RecordId>,
    /// Whether it makes its record.
    pub new_record: bool,
    /// What was typed so far.
    pub ops: Vec<Op>,
    /// What its fields stand at, those typed into first before the others: what is typed is about what was seen.
    pub begun_at: Vec<Begun>,
    /// What did not fit the version it was mended to.
    pub misfits: Vec<Misfit>,
    /// Why it was not written, when it became a draft by that.
    pub reason: Option<DraftReason>,
    /// What the app kept with it.
    pub app_state: String,
    /// When it was first saved, by the phone's clock.
    pub created: Timestamp,
    /// When it was last saved, likewise.
    pub updated: Timestamp,
}
