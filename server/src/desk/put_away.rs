//! What somebody looked at and put away: late edits, phones, damaged uploads. In `auth.db` because it is not derived from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::params;

use crate::auth::AuthStore;
use crate::auth::record;
use crate::auth::{Actor, AuditScope};
use crate::keys::StoreError;

/// The longest note, in characters.
pub const PUT_AWAY_NOTE_MAX_CHARS: usize = 500;

/// The kind of a pair of households of which somebody said that they are two.
pub const DUPLICATE: &str = "duplicate";

/// What the audit says of a thing of a kind.
fn action(kind: &str) -> &'static str {
    match kind {
        DUPLICATE => "duplicate.decide",
        _ => "attention.settle",
    }
}

/// What was put away.
#[derive(Debug, Clone)]
pub struct PutAway {
    store: Arc<AuthStore>,
}

impl PutAway {
    /// What was put away in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Puts a thing of a kind away as of now. What happens to it later brings it back.
    ///
    /// # Errors
    /// When the store fails; it is then still there.
    pub fn put(
        &self,
        kind: &'static str,
        id: &str,
        note: &str,
        by: Actor,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "INSERT INTO put_away (kind, id, at_ms, by_user, note) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET at_ms = ?3, by_user = ?4, note = ?5",
                params![kind, id, now_ms, by.user.as_bytes(), note],
            )?;
            record(tx, now_ms, by, action(kind), AuditScope::of(kind, id))
        })
    }

    /// Has a thing wait again that was put away.
    ///
    /// # Errors
    /// When the store fails; it is then still put away.
    pub fn take_back(
        &self,
        kind: &'static str,
        id: &str,
        by: Actor,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM put_away WHERE kind = ?1 AND id = ?2",
                params![kind, id],
            )?;
            record(tx, now_ms, by, action(kind), AuditScope::of(kind, id))
        })
    }

    /// Forgets what was noted when a thing was put away; it stays put away.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_note(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "UPDATE put_away SET note = '' WHERE kind = ?1 AND id = ?2 AND note <> ''",
                params![kind, id],
            )?;
            Ok(())
        })
    }

    /// Everything of a kind that was put away, with when.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, kind: &str) -> Result<BTreeMap<String, i64>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id, at_ms FROM put_away WHERE kind = ?1")?;
            let mut rows = statement.query([kind])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                out.insert(row.get(0)?, row.get(1)?);
            }
            Ok(out)
        })
    }
}
