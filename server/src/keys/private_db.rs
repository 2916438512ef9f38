//! How the two files of secrets are opened: for their owner only, every commit on disk before it returns, deleted bytes overwritten.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::row_sums;
use super::store_error::{StoreError, file_name, not_whole};

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
    create_private(path).map_err(|source| unreadable(path, source))?;
    header_is_whole(path)?;
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
    mend_schema(&conn, path, schema)?;
    Ok(conn)
}

/// Looks at what SQLite believes of a header without a doubt: with another encoding no text is what it was, and with
/// another version the file is read and never written.
fn header_is_whole(path: &Path) -> Result<(), StoreError> {
    const UTF_8: [u8; 4] = [0, 0, 0, 1];
    let mut header = [0; 100];
    let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
    match file.read_exact(&mut header) {
        // A new file.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
        other => other.map_err(|source| unreadable(path, source))?,
    }
    let versions = [header[18], header[19]];
    let is_known = versions == [1, 1] || versions == [2, 2];
    // One without tables yet has no encoding.
    let encoding = &header[56..60];
    if is_known && (encoding == UTF_8 || encoding == [0; 4]) {
        return Ok(());
    }
    Err(not_whole(path, "its header is not what was written"))
}

fn unreadable(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Open {
        file: file_name(path),
        source,
    }
}

/// Indexes and triggers that are not what the schema says are made anew from it; a table of which that is so is refused.
/// SQLite reads their texts from the file and believes what it can read.
fn mend_schema(conn: &Connection, path: &Path, schema: &str) -> Result<(), StoreError> {
    let model = Connection::open_in_memory()?;
    row_sums::add_function(&model)?;
    model.execute_batch(schema)?;
    let mut parts =
        model.prepare("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")?;
    let parts = parts.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for part in parts {
        let (kind, name, text): (String, String, String) = part?;
        if kind == "table" {
            if columns(conn, &name)? != columns(&model, &name)? {
                return Err(not_whole(
                    path,
                    &format!("the table {name} does not have the columns that it should"),
                ));
            }
            continue;
        }
        let found: Option<String> = conn
            .query_row(
                "SELECT sql FROM sqlite_master WHERE type = ?1 AND name = ?2",
                [&kind, &name],
                |r| r.get(0),
            )
            .optional()?;
        if found.as_ref() != Some(&text) {
            conn.execute_batch(&format!("DROP {kind} IF EXISTS {name}; {text};"))?;
            let file = file_name(path);
            tracing::warn!("{file}: the {kind} {name} was not what it should be and was made anew");
        }
    }
    Ok(())
}

/// The columns of a table, each with its type, whether it must have a value, and its place in the key.
fn columns(conn: &Connection, table: &str) -> Result<Vec<(String, String, bool, i64)>, StoreError> {
    let mut columns = conn
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY name")?;
    let columns = columns.query_map([table], |r| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
    })?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// Looks at every page of the file, and at every row from each of its indexes: what SQLite cannot read must not be found
/// out by the one whose request needs it. An index that is not what its rows say is made again from them.
fn is_whole(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    // What it cannot compare it fails at.
    if check(conn, "PRAGMA integrity_check(1)").is_ok_and(|found| found == "ok") {
        return Ok(());
    }
    let rows = check(conn, "PRAGMA quick_check(1)")?;
    if rows != "ok" {
        return Err(not_whole(path, &rows));
    }
    let mut indexes =
        conn.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")?;
    let indexes = indexes.query_map([], |r| r.get(0))?;
    let indexes: Vec<String> = indexes.collect::<Result<_, _>>()?;
    for index in indexes {
        // One of rows that are not what was written may fail; they are looked at by their sums.
        if let Err(error) = conn.execute_batch(&format!("REINDEX {index}")) {
            tracing::warn!("{}: the index {index} stays: {error}", file_name(path));
        }
    }
    let file = file_name(path);
    tracing::warn!("{file}: rows and indexes did not agree; the indexes were made again");
    Ok(())
}

fn check(conn: &Connection, how: &str) -> Result<String, StoreError> {
    Ok(conn.query_row(how, [], |r| r.get(0))?)
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
        Some(dir) if !dir.as_os_str().is_empty() => File::open(dir)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
