//! What is wrong with a file of SQLite's, in the few kinds that ask for different answers.
//!
//! What enters: errors of views, keys and accounts. What leaves: a kind, and with it what may be
//! said to whoever waits. What never happens here: a decision on what to do about it.
//!
//! The seam for tests is here too: [`StoreFaults`] makes any write of a store fail by name, right
//! before it would have become durable, so that everything above meets what a disk would do.

use std::fmt;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

/// What kind of trouble a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// Another process holds a lock on the file.
    Busy,
    /// There is no room on the disk.
    Full,
    /// The disk failed to read or write, or the file is not to be written.
    Io,
    /// What is stored is not what was written.
    Damaged,
    /// Anything else: a defect.
    Other,
}

impl Trouble {
    /// The kind of an error of SQLite's.
    #[must_use]
    pub fn of(error: &rusqlite::Error) -> Self {
        let (rusqlite::Error::SqliteFailure(error, _)
        | rusqlite::Error::SqlInputError { error, .. }) = error
        else {
            return match error {
                // A value of another type or length than was ever written.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged,
                _ => Self::Other,
            };
        };
        match error.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            // A page whose checksum does not match, or that lies past the end of the file.
            ErrorCode::SystemIoFailure
                if matches!(
                    error.extended_code,
                    ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_SHORT_READ
                ) =>
            {
                Self::Damaged
            }
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly => Self::Io,
            // Tables or columns that are gone are damage too: the statements are our own.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                Self::Damaged
            }
            _ => Self::Other,
        }
    }

    /// Its name in logs, metrics and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Io => "io",
            Self::Damaged => "damaged",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A store that may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Store {
    /// `views.db`.
    Views,
    /// `keys.db`.
    Keys,
    /// `auth.db`.
    Accounts,
    /// The segments of the log. Nobody else locks them: busy and damaged stand for an fsync that
    /// fails, after which nobody knows what the disk holds.
    Log,
}

/// Asked right before a write of a store becomes durable; a trouble makes the write fail with it,
/// and nothing of it is kept. Never set in a server.
pub type StoreFaults = Arc<dyn Fn(Store) -> Option<Trouble> + Send + Sync>;

/// The faults a store was opened with.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    store: Store,
    faults: Option<StoreFaults>,
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl FaultyStore {
    pub(crate) fn new(store: Store, faults: Option<StoreFaults>) -> Self {
        Self { store, faults }
    }

    /// To be asked before a commit.
    ///
    /// # Errors
    /// What a test wants the disk to say.
    pub(crate) fn before_commit(&self) -> Result<(), rusqlite::Error> {
        let Some(trouble) = self.faults.as_ref().and_then(|asked| asked(self.store)) else {
            return Ok(());
        };
        let code = match trouble {
            Trouble::Busy => ffi::SQLITE_BUSY,
            Trouble::Full => ffi::SQLITE_FULL,
            Trouble::Io => ffi::SQLITE_IOERR_WRITE,
            Trouble::Damaged => ffi::SQLITE_CORRUPT,
            Trouble::Other => ffi::SQLITE_INTERNAL,
        };
        Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(code),
            Some("simulated".to_owned()),
        ))
    }
}
