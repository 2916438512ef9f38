//! How the two files of secrets are opened: for their owner only, every commit on disk before it returns, deleted bytes overwritten.

use std::path::Path;

use rusqlite::Connection;

use super::row_sums;
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

/// Longest wait for a lock of another process, such as a backup's.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Refuses to go on without a file that a server with content has.
///
/// # Errors
/// [`StoreError::Missing`].
pub(crate) fn must_exist(path: &Path) -> Result<(), StoreError> {
    let there = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if there {
        return Ok(());
    }
    Err(StoreError::Missing {
        file: file_name(path),
    })
}

/// Opens a database that only its owner may read, creating it when absent.
pub(crate) fn open_private(path: &Path, schema: &str) -> Result<Connection, StoreError> {
    open_as_it_is(path, schema).map_err(|error| error.of(path))
}

fn open_as_it_is(path: &Path, schema: &str) -> Result<Connection, StoreError> {
    create_private(path).map_err(|source| StoreError::Open {
        file: file_name(path),
        source,
    })?;
    let conn = Connection::open(path)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.pragma_update(None, "trusted_schema", "OFF")?;
    conn.set_prepared_statement_cache_capacity(64);
    row_sums::add_function(&conn)?;
    is_whole(&conn, path)?;
    conn.execute_batch(schema)?;
    Ok(conn)
}

/// Looks at every page of the file: what SQLite cannot read must not be found out by the one whose
/// request needs it.
fn is_whole(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = conn
        .query_row("PRAGMA quick_check(1)", [], |r| r.get(0))
        .map_err(StoreError::from)?;
    if found == "ok" {
        Ok(())
    } else {
        Err(not_whole(path, &found))
    }
}

impl StoreError {
    /// The same with the name of the file that is damaged.
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Sqlite(error) if Trouble::of(&error) == Trouble::Damaged => {
                not_whole(path, &error.to_string())
            }
            Self::Damaged(what) => not_whole(path, what),
            other => other,
        }
    }
}

fn not_whole(path: &Path, what: &str) -> StoreError {
    StoreError::NotWhole {
        file: file_name(path),
        what: what.lines().next().unwrap_or_default().to_owned(),
    }
}

/// SQLite gives its side files the mode of the database, so the mode is set before SQLite sees it.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.sync_all()?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => std::fs::File::open(dir)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
