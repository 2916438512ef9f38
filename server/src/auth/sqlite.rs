//! How the two files of secrets are opened: for their owner only, every commit on disk before it returns, deleted bytes overwritten.

use std::path::Path;

use rusqlite::Connection;

use super::secret::NoRandomness;

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
    /// The store was written under another master key.
    #[error(
        "master.key is not the key this store was written with; restore both from the same backup"
    )]
    WrongMasterKey,
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Opens a database that only its owner may read, creating it when absent.
pub(crate) fn open_private(path: &Path, schema: &str) -> Result<Connection, StoreError> {
    create_private(path).map_err(|source| StoreError::Open {
        file: file_name(path),
        source,
    })?;
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.pragma_update(None, "trusted_schema", "OFF")?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch(schema)?;
    Ok(conn)
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
