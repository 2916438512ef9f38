//! Carry bundles, as an app sees them.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, CarryId, DeviceId, EntryRef, RecordId, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;

/// Whom a carry bundle is sealed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarryTo {
    /// The server: whoever carries it cannot read it.
    Server,
    /// The phones of a colleague, who reads it and takes it to the server.
    Colleague(UserId),
    /// The phones of all colleagues who read everything of this grid that waits.
    Grid(AreaCode),
}

/// A bundle to be handed over: as a file, or as frames of [`crate::carry_frames`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarryBundle {
    /// Its id, which the receipt names.
    pub id: CarryId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Entries in it.
    pub entries: u64,
    /// Entries that had no room: export again once the receipt for this one is here.
    pub left: u64,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarryImport {
    /// A bundle for the server. The next sync takes it there.
    Relay {
        /// The bundle.
        id: CarryId,
    },
    /// A colleague's entries. They are shown beside the records, and the next sync takes them to
    /// the server.
    Entries {
        /// The bundle.
        id: CarryId,
        /// Whose entries they are.
        author: UserId,
        /// The author's name, when known.
        author_name: Option<String>,
        /// How many of them this user may read.
        entries: u64,
    },
    /// The receipt for a bundle of this phone.
    Receipt {
        /// The bundle.
        id: CarryId,
        /// Entries known to be at the server by it that were not known to be before.
        entries: u64,
    },
    /// A receipt for somebody else, kept to be handed on.
    ReceiptForOther {
        /// The bundle.
        id: CarryId,
    },
}

/// A bundle held for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarryHeld {
    /// The bundle.
    pub id: CarryId,
    /// Its size.
    pub bytes: u64,
    /// Whose entries are in it; not known of a bundle sealed to the server.
    pub author: Option<UserId>,
    /// The author's name, when known.
    pub author_name: Option<String>,
    /// The stable code with which the server did not take it; it is not sent again.
    pub refused: Option<String>,
}

/// An entry that a colleague handed over, until it arrives through the server. It is no part of the
/// record: whether it becomes one is for the server to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct CarriedEdit {
    /// The bundle it came in.
    pub bundle: CarryId,
    /// The stream.
    pub stream: StreamId,
    /// The entry.
    pub entry: EntryRef,
    /// The record, when it can be told here.
    pub record: Option<RecordId>,
    /// The device that signed it.
    pub device: DeviceId,
    /// Whose device that is.
    pub user: UserId,
    /// The person's name, when known.
    pub user_name: Option<String>,
    /// The device's clock when it was made.
    pub claimed: Timestamp,
    /// Version of the form it was made with.
    pub form_version: u32,
    /// What it did.
    pub ops: Vec<Op>,
}

/// A receipt to be handed back to the phone whose entries were carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedReceipt {
    /// The bundle.
    pub id: CarryId,
    /// The device it is for.
    pub device: DeviceId,
    /// Whose device that is, when known.
    pub user: Option<UserId>,
    /// The person's name, when known.
    pub user_name: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
