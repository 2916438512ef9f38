//! What supervisors have seen, in `auth.db` because it is not derived from the log.
//!
//! What enters: which entries of whom a record held when a supervisor opened it. What leaves: marks for the one who wrote them, after a revision that only grows. Who opened the record is never kept here.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::auth::{AuthStore, id};
use crate::keys::StoreError;

/// Entries of one device log on one record, up to `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLog {
    /// Who wrote them.
    pub user: Uuid,
    /// The stream's name.
    pub stream: String,
    /// The device log.
    pub incarnation: Uuid,
    /// The newest of them.
    pub seq: u64,
}

/// A stored mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRow {
    /// Its revision.
    pub revision: u64,
    /// The record.
    pub record: Uuid,
    /// What was seen of it.
    pub log: SeenLog,
    /// When the newest entry was first seen, by the server's clock.
    pub at_ms: i64,
}

/// The marks.
#[derive(Debug)]
pub struct Seen {
    store: Arc<AuthStore>,
    /// The newest revision of each user, so that a phone that has all costs no look at the file.
    newest: RwLock<BTreeMap<Uuid, u64>>,
}

fn count(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::Damaged("a sequence is too large"))
}

/// Those that say more than what is stored.
fn news(conn: &Connection, record: Uuid, logs: &[SeenLog]) -> Result<Vec<SeenLog>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq FROM seen WHERE user_id = ?1 AND record = ?2 AND stream = ?3 AND incarnation = ?4",
    )?;
    let mut out = Vec::new();
    for log in logs {
        let key = params![
            log.user.as_bytes(),
            record.as_bytes(),
            log.stream,
            log.incarnation.as_bytes()
        ];
        let known: Option<i64> = statement.query_row(key, |r| r.get(0)).optional()?;
        if known.is_none_or(|known| known.unsigned_abs() < log.seq) {
            out.push(log.clone());
        }
    }
    Ok(out)
}

impl Seen {
    /// The marks in this store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: Arc<AuthStore>) -> Result<Self, StoreError> {
        let newest = store.read(|conn| {
            let mut statement =
                conn.prepare("SELECT user_id, max(revision) FROM seen GROUP BY user_id")?;
            let mut rows = statement.query([])?;
            let mut newest = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let user = id(&row.get::<_, Vec<u8>>(0)?)?;
                newest.insert(user, row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok::<_, StoreError>(newest)
        })?;
        Ok(Self {
            store,
            newest: RwLock::new(newest),
        })
    }

    /// Notes that a supervisor saw these entries of a record. Nothing is written when all of them had been seen before. Returns how many marks are new.
    ///
    /// # Errors
    /// When the store fails; nothing is then noted.
    pub fn note(&self, record: Uuid, logs: &[SeenLog], at_ms: i64) -> Result<usize, StoreError> {
        if self.store.read(|conn| news(conn, record, logs))?.is_empty() {
            return Ok(0);
        }
        let written = self.store.write(|tx| {
            let new = news(tx, record, logs)?;
            let mut revision: i64 =
                tx.query_row("SELECT revision FROM seen_revision", [], |r| r.get(0))?;
            let mut written = Vec::with_capacity(new.len());
            for log in new {
                revision += 1;
                tx.prepare_cached(
                    "INSERT INTO seen (user_id, record, stream, incarnation, seq, at_ms, revision)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT DO UPDATE SET seq = ?5, at_ms = ?6, revision = ?7",
                )?
                .execute(params![
                    log.user.as_bytes(),
                    record.as_bytes(),
                    log.stream,
                    log.incarnation.as_bytes(),
                    count(log.seq)?,
                    at_ms,
                    revision
                ])?;
                written.push((log.user, revision.unsigned_abs()));
            }
            tx.execute("UPDATE seen_revision SET revision = ?1", [revision])?;
            Ok::<_, StoreError>(written)
        })?;
        let n = written.len();
        // After the commit, and never backwards when two end in another order than they wrote.
        let mut newest = self.newest.write();
        for (user, revision) in written {
            let known = newest.entry(user).or_default();
            *known = (*known).max(revision);
        }
        Ok(n)
    }

    /// The revision of the newest mark for a user; 0 when there is none.
    #[must_use]
    pub fn newest(&self, user: Uuid) -> u64 {
        self.newest.read().get(&user).copied().unwrap_or_default()
    }

    /// Marks for a user after a revision, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn after(
        &self,
        user: Uuid,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<SeenRow>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT revision, record, stream, incarnation, seq, at_ms FROM seen
                 WHERE user_id = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3",
            )?;
            let after = i64::try_from(revision).unwrap_or(i64::MAX);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![user.as_bytes(), after, limit])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(SeenRow {
                    revision: row.get::<_, i64>(0)?.unsigned_abs(),
                    record: id(&row.get::<_, Vec<u8>>(1)?)?,
                    log: SeenLog {
                        user,
                        stream: row.get(2)?,
                        incarnation: id(&row.get::<_, Vec<u8>>(3)?)?,
                        seq: row.get::<_, i64>(4)?.unsigned_abs(),
                    },
                    at_ms: row.get(5)?,
                });
            }
            Ok(out)
        })
    }
}
