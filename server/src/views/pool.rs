//! Connections to the views' file.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::views::Polygon;

/// Connections kept open for reading; more are opened and closed when all are in use.
const KEPT_CONNECTIONS: usize = 8;

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
    Keys(#[from] crate::auth::StoreError),
    /// A cursor that this list did not give.
    #[error("this is not a cursor of this list: ask for the first page")]
    BadCursor,
}

#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
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
const SCHEMA_VERSION: i64 = 5;

/// Opens the file for writing, making it the first time.
pub(super) fn open_writer(path: &Path) -> Result<Connection, ViewsError> {
    crate::auth::create_private(path).map_err(|e| ViewsError::Open(e.to_string()))?;
    let conn = Connection::open(path)?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if tables > 0 && version != SCHEMA_VERSION {
        return Err(ViewsError::Damaged);
    }
    conn.execute_batch(include_str!("schema.sql"))?;
    conn.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    conn.execute(
        "INSERT INTO search (search, rank) VALUES ('automerge', ?1)",
        [SEARCH_SEGMENTS],
    )?;
    conn.execute(
        "INSERT INTO search (search, rank) VALUES ('deletemerge', ?1)",
        [SEARCH_DEAD_PERCENT],
    )?;
    prepare(&conn)?;
    Ok(conn)
}

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
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.pragma_update(None, "cache_size", -32_768)?;
    conn.pragma_update(None, "mmap_size", 268_435_456)?;
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
    pub(super) fn open(path: &Path) -> Result<Self, ViewsError> {
        let pool = Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
        };
        pool.with(|_| Ok(()))?;
        Ok(pool)
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
        let idle = self.idle.lock().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let conn = Connection::open_with_flags(&self.path, flags)?;
                prepare(&conn)?;
                conn
            }
        };
        let result = run(&conn);
        let mut idle = self.idle.lock();
        if idle.len() < KEPT_CONNECTIONS {
            idle.push(conn);
        }
        result
    }
}
