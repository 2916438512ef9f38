//! Connections to the views' file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::trouble::Trouble;
use crate::views::pages::{PAGE_BYTES, leave_room, open_checked};
use crate::views::{Following, Polygon, ViewsError};

/// Connections kept open for reading; more are opened and closed when all are in use.
const KEPT_CONNECTIONS: usize = 8;

#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Idle>,
    following: Following,
}

/// Connections nobody uses at the moment, all to the file of one making.
#[derive(Debug)]
struct Idle {
    making: u64,
    connections: Vec<Connection>,
}

/// Pages of the write-ahead log (64 MiB) after which they go to the file: a page that many batches
/// changed goes once.
const WAL_PAGES: i64 = 16_384;

/// Pieces of the full-text index that gather on a level before they are merged into one: each merge
/// costs writing, each piece costs a search a look.
const SEARCH_SEGMENTS: i64 = 8;

/// Share of replaced rows in a piece of the full-text index at which it is merged.
const SEARCH_DEAD_PERCENT: i64 = 40;

/// Version of the tables; a file of another is made again from the log.
const SCHEMA_VERSION: i64 = 14;

/// Longest wait of the writer for another process's lock: past it the views are behind and are
/// caught up with later, so that nobody waits for who holds it.
pub(super) const WRITER_BUSY: Duration = Duration::from_millis(500);

/// Longest wait of a reader for another process's lock.
const READER_BUSY: Duration = Duration::from_secs(5);

/// Opens the file for writing, making it the first time.
pub(super) fn open_writer(path: &Path) -> Result<Connection, ViewsError> {
    crate::keys::create_private(path).map_err(|e| ViewsError::Open(e.to_string()))?;
    let conn = open_checked(path, OpenFlags::default())?;
    conn.busy_timeout(WRITER_BUSY)?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if tables > 0 && version != SCHEMA_VERSION {
        return Err(ViewsError::Damaged);
    }
    if tables == 0 {
        conn.pragma_update(None, "page_size", PAGE_BYTES as i64)?;
        leave_room(&conn)?;
    }
    conn.execute_batch(PRAGMAS)?;
    if tables == 0 {
        // All or nothing: a file that was cut off in its making is made again.
        conn.execute_batch(concat!(
            "BEGIN IMMEDIATE;",
            include_str!("schema.sql"),
            "COMMIT;"
        ))?;
        conn.execute(
            "INSERT INTO search (search, rank) VALUES ('automerge', ?1)",
            [SEARCH_SEGMENTS],
        )?;
        conn.execute(
            "INSERT INTO search (search, rank) VALUES ('deletemerge', ?1)",
            [SEARCH_DEAD_PERCENT],
        )?;
        // Last, so that a file without it is not whole.
        conn.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    // What a row no longer says is overwritten at once: it may be erased later.
    conn.pragma_update(None, "secure_delete", "ON")?;
    prepare(&conn)?;
    conn.busy_timeout(WRITER_BUSY)?;
    Ok(conn)
}

/// How the file is written, set by whoever opens it for writing.
const PRAGMAS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;";

fn prepare(conn: &Connection) -> Result<(), ViewsError> {
    conn.create_scalar_function(
        "inside",
        3,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
        |call| {
            let corners = call.get_or_create_aux(2, |value| {
                value.as_blob().map(corners).map_err(rusqlite::Error::from)
            })?;
            Ok(corners.has(call.get(0)?, call.get(1)?))
        },
    )?;
    conn.set_prepared_statement_cache_capacity(64);
    // A plan that looked at a value is made anew whenever the statement comes from the cache, and one that could
    // have used a partial index looks; ours are the same for all values.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(READER_BUSY)?;
    conn.pragma_update(None, "cache_size", -32_768)?;
    Ok(())
}

/// The corners of a polygon as a statement's value: pairs of longitude and latitude.
fn corners(bytes: &[u8]) -> Polygon {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    Polygon(
        pairs
            .iter()
            .map(|[x, y]| (f64::from_le_bytes(*x), f64::from_le_bytes(*y)))
            .collect(),
    )
}

impl Pool {
    pub(super) fn new(path: &Path, following: Following) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::new(Idle {
                making: following.making(),
                connections: Vec::new(),
            }),
            following,
        }
    }

    /// The same, all reads of it at one state of the views.
    pub(super) fn with_one_look<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, ViewsError>,
    ) -> Result<T, ViewsError> {
        self.with(|conn| {
            let look = conn.unchecked_transaction()?;
            run(&look)
        })
    }

    /// Runs a reader on a connection of its own.
    pub(super) fn with<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, ViewsError>,
    ) -> Result<T, ViewsError> {
        self.following.wait_a_moment();
        let (making, conn) = self.connection()?;
        let result = run(&conn);
        match &result {
            // The writer makes them again; who asked asks once more.
            Err(error) if error.trouble() == Some(Trouble::Damaged) => {
                tracing::error!(%error, "a reader found the views damaged");
                self.following.found_damaged();
            }
            _ => {
                let mut idle = self.idle.lock();
                if idle.making == making && idle.connections.len() < KEPT_CONNECTIONS {
                    idle.connections.push(conn);
                }
            }
        }
        result
    }

    /// A connection to the file that is there now, with its making.
    fn connection(&self) -> Result<(u64, Connection), ViewsError> {
        // While this is held no file is put in the place of another.
        let making = self.following.hold_making();
        let idle = {
            let mut idle = self.idle.lock();
            if idle.making != *making {
                idle.making = *making;
                idle.connections.clear();
            }
            idle.connections.pop()
        };
        if let Some(conn) = idle {
            return Ok((*making, conn));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = open_checked(&self.path, flags)?;
        prepare(&conn)?;
        // What SQLite keeps beside the file is opened at the first read of it.
        conn.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok((*making, conn))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_from_the_cache_keeps_its_plan() {
        let dir = tempfile::tempdir().unwrap();
        let conn = open_writer(&dir.path().join("views.db")).unwrap();
        let sql = "UPDATE records SET visited = v.at FROM (SELECT COALESCE(MAX(happened), 0) AS at FROM records
                   WHERE household = ?1 AND means = 2 AND live = 1 AND deleted = 0) AS v
                   WHERE record = ?1 AND means = 1";
        for n in 0..3_u8 {
            conn.prepare_cached(sql)
                .unwrap()
                .execute([[n; 16]])
                .unwrap();
        }
        let statement = conn.prepare_cached(sql).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 3);
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
