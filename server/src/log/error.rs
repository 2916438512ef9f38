//! The log's errors, written for the operator: what happened, what is safe, what to do.

use super::types::{Appended, Head, StreamName};

/// A failure of the log itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The next item is missing or wrong and is not served.
    #[error(
        "log stream {stream}: item {seq} is damaged and not served. Every other item is safe. \
         Phones that have it give it back when they sync; otherwise run `gridfold heal` with a backup or another data \
         directory that has it."
    )]
    Damaged {
        /// The stream.
        stream: StreamName,
        /// The damaged seq.
        seq: u64,
    },
    /// The disk is nearly full; nothing of this append was written.
    #[error(
        "the log's disk has {free_bytes} bytes free, fewer than the {min_free_bytes} kept free. \
         Nothing was written and everything acknowledged is safe. Free some space or grow the disk; \
         phones keep their edits and retry."
    )]
    DiskFull {
        /// Bytes free on the disk.
        free_bytes: u64,
        /// Bytes that must stay free.
        min_free_bytes: u64,
    },
    /// A read or a check failed in the engine or on the disk.
    #[error(
        "the log could not be read: {what}. What was acknowledged is not changed by this. \
         Check the disk; if it repeats, restart, run the verify command or restore a backup."
    )]
    Storage {
        /// The engine's words.
        what: String,
    },
    /// A write failed, so the log takes no more writes until it is opened again.
    #[error(
        "the log stopped taking writes: {what}. What was acknowledged is safe, what was not may or may \
         not be there and will be sent again by the phones. Check the disk, then restart the server."
    )]
    Stopped {
        /// The first failure.
        what: String,
    },
    /// The log could not be opened.
    #[error(
        "the log in {dir} could not be opened: {what}. Its files were left as they are. \
         Check the disk and that no other server uses them; otherwise restore a backup to an empty directory."
    )]
    Open {
        /// The directory.
        dir: String,
        /// What went wrong.
        what: String,
    },
    /// A log had been made here, and nothing of it is left.
    #[error(
        "the log in {dir} is gone, though this server has accounts and keys. Nothing was changed and no empty log \
         was made in its place. Put the folder back, or restore a backup to an empty directory."
    )]
    Gone {
        /// The directory.
        dir: String,
    },
    /// The directory holds the log of another engine.
    #[error(
        "the log in {dir} was made by the engine `{found}`, the setting says `{wanted}`. Nothing was touched. \
         Set the engine back, or export the log and import it into an empty directory."
    )]
    EngineMismatch {
        /// The directory.
        dir: String,
        /// The engine it was made with.
        found: String,
        /// The engine asked for.
        wanted: String,
    },
    /// The item offered to heal with is not proved to be the lost one.
    #[error(
        "log stream {stream}: the item offered for {seq} is not proved to be the lost one by key and chain. \
         Nothing was changed. Heal earlier damaged items first, or offer another copy."
    )]
    NotProven {
        /// The stream.
        stream: StreamName,
        /// The damaged seq.
        seq: u64,
    },
}

/// Why one batch was not appended. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The head is not where the caller expected it: read, decide anew, retry.
    #[error("the head is at {}, not at the expected {expected}", head.seq)]
    Conflict {
        /// What the batch expected.
        expected: u64,
        /// Where the head is.
        head: Head,
    },
    /// An item is larger than the log takes.
    #[error(
        "an item of {bytes} bytes is over the limit of {max}; nothing of its batch was written"
    )]
    TooLarge {
        /// Size of the item.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The key index is damaged where this batch looks, so a duplicate could not be excluded.
    #[error(
        "log stream {stream}: the key index is damaged, nothing was written and all items are safe. \
         Run the verify command, which writes the index again."
    )]
    IndexDamaged {
        /// The stream.
        stream: StreamName,
    },
}

/// What one batch of an append came to.
pub type AppendResult = Result<Appended, AppendError>;
