//! The newest time that this server went by, and what has to follow when its clock turns out to have been ahead.
//!
//! It stands here because it must outlive the process and lie outside the log, whose times it judges.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{Actor, AuditEvent, AuditScope, append};
use super::store::{AUTH_DB_FILE_NAME, AuthStore};
use crate::keys::StoreError;

/// What is noted of the clock in one store.
#[derive(Debug, Clone)]
pub struct ClockNotes {
    store: Arc<AuthStore>,
}

/// The newest time noted in a data directory, before anything of it is opened with a time.
///
/// A directory of a build that noted none has its newest audited act. None when there is nothing to go by.
///
/// # Errors
/// When the store fails.
pub fn newest_time(data_dir: &Path) -> Result<Option<i64>, StoreError> {
    let path = data_dir.join(AUTH_DB_FILE_NAME);
    if !path.exists() {
        return Ok(None);
    }
    let store = AuthStore::open(&path)?;
    store.read(|conn| {
        let noted = conn
            .query_row("SELECT newest_ms FROM clock WHERE id = 1", [], |r| r.get(0))
            .optional()?;
        if noted.is_some() {
            return Ok(noted);
        }
        let acted = "SELECT at_ms FROM audit ORDER BY seq DESC LIMIT 1";
        Ok(conn.query_row(acted, [], |r| r.get(0)).optional()?)
    })
}

impl ClockNotes {
    /// The notes in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Notes the time the server goes by.
    ///
    /// # Errors
    /// When the store fails.
    pub fn note(&self, now_ms: i64) -> Result<(), StoreError> {
        self.store.write(|tx| note(tx, now_ms))
    }

    /// Notes that somebody said the machine's clock is right, and what follows: when that takes time back, nothing begun under the later times lasts longer for it.
    ///
    /// # Errors
    /// When the store fails; nothing has then changed.
    pub fn confirmed(&self, by: Actor, before_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        self.store.write(|tx| {
            for sql in [
                "UPDATE refresh_families SET created_ms = min(created_ms, ?1), used_ms = min(used_ms, ?1) WHERE created_ms > ?1 OR used_ms > ?1",
                "UPDATE cookie_sessions SET created_ms = min(created_ms, ?1), used_ms = min(used_ms, ?1) WHERE created_ms > ?1 OR used_ms > ?1",
                "UPDATE enrolments SET created_ms = ?1 WHERE created_ms > ?1",
                "UPDATE devices SET last_seen_ms = min(last_seen_ms, ?1) WHERE last_seen_ms > ?1",
                "UPDATE failures SET last_ms = ?1, until_ms = 0 WHERE last_ms > ?1",
            ] {
                tx.execute(sql, [now_ms])?;
            }
            note(tx, now_ms)?;
            append(
                tx,
                &AuditEvent {
                    at_ms: now_ms,
                    who: by,
                    what: "clock.confirm",
                    scope: AuditScope::of("before_ms", before_ms).and("now_ms", now_ms),
                },
            )
        })
    }
}

fn note(tx: &Connection, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO clock (id, newest_ms) VALUES (1, ?1)")?
        .execute(params![now_ms])?;
    Ok(())
}
