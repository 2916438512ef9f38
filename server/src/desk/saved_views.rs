//! Saved views: what a person keeps of the dashboard's filters and columns. In `auth.db` because words of a search may be personal, and sealed there, names included.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::auth::{AuthStore, id};
use crate::keys::MasterKey;
use crate::keys::StoreError;
use crate::keys::secret::{NoRandomness, labelled_hash};
use crate::keys::{RecordKey, open, seal};

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

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    json: String,
}

/// The saved views of one store.
#[derive(Clone)]
pub struct SavedViews {
    store: Arc<AuthStore>,
    key: RecordKey,
}
crate::keys::secret::redacted!(SavedViews);

impl SavedViews {
    /// The views in this store. Those that an earlier version kept in clear are sealed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: Arc<AuthStore>, master: &MasterKey) -> Result<Self, StoreError> {
        let key = labelled_hash("gridfold/saved-views-key/1", &[master.bytes()]);
        let views = Self {
            store,
            key: RecordKey::new(*Zeroizing::new(key)),
        };
        views.seal_earlier()?;
        Ok(views)
    }

    fn seal_earlier(&self) -> Result<(), StoreError> {
        let found = self.store.write(|tx| {
            let mut found: Vec<(Vec<u8>, String, String, i64)> = Vec::new();
            {
                let mut statement =
                    tx.prepare("SELECT user_id, name, json, changed_ms FROM saved_views")?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    found.push((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
                }
            }
            for (user, name, json, changed_ms) in &found {
                self.insert(tx, id(user)?, name, json, *changed_ms)?;
            }
            tx.execute("DELETE FROM saved_views", [])?;
            Ok::<_, StoreError>(found.len())
        })?;
        if found > 0 {
            self.store.rewrite()?;
        }
        Ok(())
    }

    fn hash(&self, user: Uuid, name: &str) -> [u8; 32] {
        labelled_hash(
            "gridfold/saved-view-name/1",
            &[self.key.bytes(), user.as_bytes(), name.as_bytes()],
        )
    }

    fn insert(
        &self,
        conn: &Connection,
        user: Uuid,
        name: &str,
        json: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let kept = Kept {
            name: name.to_owned(),
            json: json.to_owned(),
        };
        let plain = Zeroizing::new(
            serde_json::to_vec(&kept).map_err(|_| StoreError::Damaged("a saved view"))?,
        );
        let sealed = seal(&self.key, user.as_bytes(), &plain).map_err(|_| NoRandomness)?;
        conn.execute(
            "INSERT INTO sealed_views (user_id, name_hash, sealed, changed_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET sealed = ?3, changed_ms = ?4",
            params![user.as_bytes(), self.hash(user, name), sealed, now_ms],
        )?;
        Ok(())
    }

    fn open_row(
        &self,
        user: Uuid,
        sealed: &[u8],
        changed_ms: i64,
    ) -> Result<SavedView, StoreError> {
        let damaged = || StoreError::Damaged("a saved view does not open");
        let plain = open(&self.key, user.as_bytes(), sealed).map_err(|_| damaged())?;
        let kept: Kept = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        Ok(SavedView {
            name: kept.name,
            json: kept.json,
            changed_ms,
        })
    }

    /// All views of a user, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, user: Uuid) -> Result<Vec<SavedView>, StoreError> {
        let mut out = self.store.read(|conn| {
            let mut statement = conn
                .prepare_cached("SELECT sealed, changed_ms FROM sealed_views WHERE user_id = ?1")?;
            let mut rows = statement.query([user.as_bytes()])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(self.open_row(user, &row.get::<_, Vec<u8>>(0)?, row.get(1)?)?);
            }
            Ok::<_, StoreError>(out)
        })?;
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    /// One view of a user.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, user: Uuid, name: &str) -> Result<Option<SavedView>, StoreError> {
        self.store.read(|conn| {
            let found: Option<(Vec<u8>, i64)> = conn
                .prepare_cached(
                    "SELECT sealed, changed_ms FROM sealed_views WHERE user_id = ?1 AND name_hash = ?2",
                )?
                .query_row(params![user.as_bytes(), self.hash(user, name)], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })
                .optional()?;
            found
                .map(|(sealed, changed_ms)| self.open_row(user, &sealed, changed_ms))
                .transpose()
        })
    }

    /// Keeps a view under a name. Returns whether there was room for it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put(&self, user: Uuid, name: &str, json: &str, now_ms: i64) -> Result<bool, StoreError> {
        self.store.write(|tx| {
            let others: i64 = tx.query_row(
                "SELECT COUNT(*) FROM sealed_views WHERE user_id = ?1 AND name_hash <> ?2",
                params![user.as_bytes(), self.hash(user, name)],
                |r| r.get(0),
            )?;
            if others >= SAVED_VIEWS_MAX {
                return Ok(false);
            }
            self.insert(tx, user, name, json, now_ms)?;
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
                "DELETE FROM sealed_views WHERE user_id = ?1 AND name_hash = ?2",
                params![user.as_bytes(), self.hash(user, name)],
            )?;
            Ok(n > 0)
        })
    }
}
