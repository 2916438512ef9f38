//! Saved views: what a person keeps of the dashboard's filters and columns. In `auth.db` because words of a search may be personal.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::sqlite::StoreError;
use super::store::AuthStore;

/// The largest view, in bytes of JSON.
pub const SAVED_VIEW_MAX_BYTES: usize = 16 << 10;
/// The longest name, in characters.
pub const SAVED_VIEW_NAME_MAX_CHARS: usize = 60;
/// Views that one person may keep.
pub const SAVED_VIEWS_MAX: i64 = 50;

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its name.
    pub name: String,
    /// What the page keeps, as JSON.
    pub json: String,
    /// When it was last saved.
    pub changed_ms: i64,
}

/// The saved views of one store.
#[derive(Debug, Clone)]
pub struct SavedViews {
    store: Arc<AuthStore>,
}

impl SavedViews {
    /// The views in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// All views of a user, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, user: Uuid) -> Result<Vec<SavedView>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name, json, changed_ms FROM saved_views WHERE user_id = ?1 ORDER BY name",
            )?;
            let mut rows = statement.query([user.as_bytes()])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(SavedView {
                    name: row.get(0)?,
                    json: row.get(1)?,
                    changed_ms: row.get(2)?,
                });
            }
            Ok(out)
        })
    }

    /// One view of a user.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, user: Uuid, name: &str) -> Result<Option<SavedView>, StoreError> {
        self.store.read(|conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT name, json, changed_ms FROM saved_views WHERE user_id = ?1 AND name = ?2",
                )?
                .query_row(params![user.as_bytes(), name], |r| {
                    Ok(SavedView {
                        name: r.get(0)?,
                        json: r.get(1)?,
                        changed_ms: r.get(2)?,
                    })
                })
                .optional()?)
        })
    }

    /// Keeps a view under a name. Returns whether there was room for it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put(&self, user: Uuid, name: &str, json: &str, now_ms: i64) -> Result<bool, StoreError> {
        self.store.write(|tx| {
            let others: i64 = tx.query_row(
                "SELECT COUNT(*) FROM saved_views WHERE user_id = ?1 AND name <> ?2",
                params![user.as_bytes(), name],
                |r| r.get(0),
            )?;
            if others >= SAVED_VIEWS_MAX {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO saved_views (user_id, name, json, changed_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET json = ?3, changed_ms = ?4",
                params![user.as_bytes(), name, json, now_ms],
            )?;
            Ok(true)
        })
    }

    /// Removes a view. Returns whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove(&self, user: Uuid, name: &str) -> Result<bool, StoreError> {
        self.store.write(|tx| {
            let n = tx.execute(
                "DELETE FROM saved_views WHERE user_id = ?1 AND name = ?2",
                params![user.as_bytes(), name],
            )?;
            Ok(n > 0)
        })
    }
}
