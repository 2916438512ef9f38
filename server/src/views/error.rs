//! Why the views could not be read or written.

use crate::trouble::Trouble;

/// Reading or writing the views failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// SQLite failed.
    #[error(
        "the views could not be read or written: {0}. Nothing is lost: `gridfold verify --rebuild` makes them again from the log"
    )]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made.
    #[error(
        "the views' file could not be made: {0}. Check the data directory's owner and free space"
    )]
    Open(String),
    /// A stored row does not decode.
    #[error(
        "a row of the views is damaged. Nothing is lost: `gridfold verify --rebuild` makes the views again from the log"
    )]
    Damaged,
    /// The log failed.
    #[error(transparent)]
    Log(#[from] crate::log::LogError),
    /// The key store failed.
    #[error(transparent)]
    Keys(#[from] crate::keys::StoreError),
    /// A cursor that this list did not give.
    #[error("this is not a cursor of this list: ask for the first page")]
    BadCursor,
    /// What was to be projected does not follow what was projected before.
    #[error(
        "stream {stream} was projected up to {cursor}, and {seq} does not follow it. Nothing was written and nothing is lost: the views catch up with the log first"
    )]
    Gap {
        /// The stream.
        stream: String,
        /// How far it was projected.
        cursor: u64,
        /// The place that was to be projected.
        seq: u64,
    },
}

impl ViewsError {
    /// What kind of trouble the views' own file has; none when it is not the file's.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Sqlite(error) => Some(Trouble::of(error)),
            Self::Open(_) => Some(Trouble::Io),
            Self::Damaged => Some(Trouble::Damaged),
            Self::Gap { .. } | Self::Log(_) | Self::Keys(_) | Self::BadCursor => None,
        }
    }
}

/// The views are behind the log and cannot catch up now; nothing is decided on what they lack.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "the views are behind the log and cannot catch up now ({0}). Nothing was written and nothing is lost: try again shortly"
)]
pub struct ViewsBehind(pub Trouble);
