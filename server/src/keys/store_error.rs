//! Why a file of secrets could not be used.

use std::path::Path;

use super::secret::NoRandomness;
use crate::trouble::Trouble;

/// A file of secrets could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be made or opened.
    #[error("cannot open {file}: {source}")]
    Open {
        /// Its name, without directories.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("the store of secrets failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is stored does not make sense.
    #[error("the store of secrets is damaged: {0}")]
    Damaged(&'static str),
    /// The file as a whole cannot be read.
    #[error(
        "{file} is damaged: {what}. Nothing was changed and the log is not concerned. Keep the directory as it is, restore the newest backup into another one (`gridfold restore`) and start the server there: phones bring back what came after it"
    )]
    NotWhole {
        /// Its name, without directories.
        file: String,
        /// What SQLite found.
        what: String,
    },
    /// The file that must be beside the others is not there.
    #[error(
        "{file} is missing, though the log beside it has content. Nothing was changed and no empty one was made. Put it back, or restore the newest backup into an empty directory (`gridfold restore`): phones bring back what came after it"
    )]
    Missing {
        /// Its name, without directories.
        file: String,
    },
    /// The key of a record that has content is gone, and another one would hide it for good.
    #[error(
        "the key of record {0} is damaged, so nothing more can be sealed for it. Nothing was changed: restore keys.db from a backup"
    )]
    KeyLost(uuid::Uuid),
    /// The store was written under another master key.
    #[error(
        "keys.db or auth.db was not written with this master.key, or is damaged. Nothing was changed: put the right master.key back, or restore the newest backup into another directory"
    )]
    WrongMasterKey,
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl StoreError {
    /// What kind of trouble the store has.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Open { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Trouble::Full
            }
            Self::Open { .. } => Trouble::Io,
            Self::Sqlite(error) => Trouble::of(error),
            Self::Damaged(_) | Self::KeyLost(_) | Self::NotWhole { .. } | Self::Missing { .. } => {
                Trouble::Damaged
            }
            Self::WrongMasterKey | Self::Randomness(_) => Trouble::Other,
        }
    }
}

impl StoreError {
    /// The same with the name of the file that is damaged.
    pub(crate) fn of(self, path: &Path) -> Self {
        match self {
            Self::Sqlite(error) if Trouble::of(&error) == Trouble::Damaged => {
                not_whole(path, &error.to_string())
            }
            Self::Damaged(what) => not_whole(path, what),
            other => other,
        }
    }
}

pub(super) fn not_whole(path: &Path, what: &str) -> StoreError {
    StoreError::NotWhole {
        file: file_name(path),
        what: what.lines().next().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
