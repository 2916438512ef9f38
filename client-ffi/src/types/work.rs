//! Types of what a person does: changes, undo, drafts.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, FormCode, NameError, RecordId};
use gridfold_sync_core::time::Timestamp;

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

/// Names a draft. It never leaves the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(uuid::Uuid);

impl DraftId {
    pub(crate) fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
        Self(RecordId::from_parts(at, random).0)
    }
    /// The 16 bytes of the id.
    #[must_use]
    pub fn bytes(&self) -> [u8; 16] {
        *self.0.as_bytes()
    }
    /// The id with these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
    /// Reads the hyphenated form.
    ///
    /// # Errors
    /// [`NameError`] when the text is no UUID.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        RecordId::parse(text).map(|id| Self(id.0))
    }
}

impl std::fmt::Display for DraftId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A draft to save. Nothing of it is checked before it is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The draft it replaces; a new one when left out.
    pub id: Option<DraftId>,
    /// The form.
    pub form: FormCode,
    /// The grid.
    pub grid: AreaCode,
    /// The record it edits; a new one when left out.
    pub record: Option<RecordId>,
    /// What was typed so far.
    pub ops: Vec<Op>,
    /// Whatever the app needs to show its screen again, of at most [`MAX_APP_STATE_BYTES`].
    pub app_state: String,
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDraft {
    /// The draft.
    pub id: DraftId,
    /// The form.
    pub form: FormCode,
    /// The grid.
    pub grid: AreaCode,
    /// The record it edits, when it does not make one.
    pub record: Option<RecordId>,
    /// What was typed so far.
    pub ops: Vec<Op>,
    /// What the app kept with it.
    pub app_state: String,
    /// When it was first saved, by the phone's clock.
    pub created: Timestamp,
    /// When it was last saved, likewise.
    pub updated: Timestamp,
}
