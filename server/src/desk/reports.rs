//! Report templates, shared by area, and the numbers that were made of them by themselves. In `auth.db` because words of a search may be personal, and sealed there, names included.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::auth::{AuthStore, id};
use crate::keys::secret::{NoRandomness, labelled_hash};
use crate::keys::{MasterKey, RecordKey, StoreError, open, seal};

/// The largest template, in bytes of JSON.
pub const REPORT_MAX_BYTES: usize = 16 << 10;
/// Templates of one server.
pub const REPORTS_MAX: i64 = 500;
/// Results kept of one template; of more the oldest goes.
pub const REPORT_RUNS_MAX: i64 = 60;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedReport {
    /// Its id.
    pub id: Uuid,
    /// Who made it.
    pub owner: Uuid,
    /// The area whose people share it; none for everybody.
    pub area: Option<String>,
    /// The template, as JSON.
    pub json: String,
    /// When it was last changed.
    pub changed_ms: i64,
}

/// The templates of one store.
#[derive(Clone)]
pub struct SavedReports {
    store: Arc<AuthStore>,
    key: RecordKey,
}
crate::keys::secret::redacted!(SavedReports);

impl SavedReports {
    /// The templates in this store.
    pub(super) fn open(store: Arc<AuthStore>, master: &MasterKey) -> Self {
        let key = labelled_hash("gridfold/reports-key/1", &[master.bytes()]);
        Self {
            store,
            key: RecordKey::new(*Zeroizing::new(key)),
        }
    }

    fn sealed<T: Serialize>(&self, of: Uuid, what: &T) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(what).map_err(|_| StoreError::Damaged("a report"))?;
        let plain = Zeroizing::new(plain);
        Ok(seal(&self.key, of.as_bytes(), &plain).map_err(|_| NoRandomness)?)
    }

    fn opened<T: serde::de::DeserializeOwned>(
        &self,
        of: Uuid,
        sealed: &[u8],
    ) -> Result<T, StoreError> {
        let damaged = || StoreError::Damaged("a report does not open");
        let plain = open(&self.key, of.as_bytes(), sealed).map_err(|_| damaged())?;
        serde_json::from_slice(&plain).map_err(|_| damaged())
    }

    /// All templates, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Vec<SavedReport>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id, sealed FROM reports ORDER BY id")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let report = id(&row.get::<_, Vec<u8>>(0)?)?;
                out.push(self.opened(report, &row.get::<_, Vec<u8>>(1)?)?);
            }
            Ok(out)
        })
    }

    /// One template.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, report: Uuid) -> Result<Option<SavedReport>, StoreError> {
        self.store.read(|conn| {
            let found: Option<Vec<u8>> = conn
                .prepare_cached("SELECT sealed FROM reports WHERE id = ?1")?
                .query_row([report.as_bytes()], |r| r.get(0))
                .optional()?;
            found.map(|sealed| self.opened(report, &sealed)).transpose()
        })
    }

    /// Keeps a template, new or in the place of what it was. Returns whether there was room for it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put(&self, report: &SavedReport) -> Result<bool, StoreError> {
        let sealed = self.sealed(report.id, report)?;
        self.store.write(|tx| {
            let others: i64 = tx.query_row(
                "SELECT COUNT(*) FROM reports WHERE id <> ?1",
                [report.id.as_bytes()],
                |r| r.get(0),
            )?;
            if others >= REPORTS_MAX {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO reports (id, sealed) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET sealed = ?2",
                params![report.id.as_bytes(), sealed],
            )?;
            Ok(true)
        })
    }

    /// Removes a template with the results kept of it. Returns whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove(&self, report: Uuid) -> Result<bool, StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM report_runs WHERE report = ?1",
                [report.as_bytes()],
            )?;
            let n = tx.execute("DELETE FROM reports WHERE id = ?1", [report.as_bytes()])?;
            Ok(n > 0)
        })
    }

    /// Keeps the result of a run, as JSON. One of that time is there once.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_run(&self, report: Uuid, at_ms: i64, json: &str) -> Result<(), StoreError> {
        let sealed = self.sealed(report, &json)?;
        self.store.write(|tx| {
            tx.execute(
                "INSERT OR IGNORE INTO report_runs (report, at_ms, sealed)
                 SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM reports WHERE id = ?1)",
                params![report.as_bytes(), at_ms, sealed],
            )?;
            tx.execute(
                "DELETE FROM report_runs WHERE report = ?1 AND at_ms NOT IN
                 (SELECT at_ms FROM report_runs WHERE report = ?1 ORDER BY at_ms DESC LIMIT ?2)",
                params![report.as_bytes(), REPORT_RUNS_MAX],
            )?;
            Ok(())
        })
    }

    /// When results of a template were kept, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn runs(&self, report: Uuid) -> Result<Vec<i64>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT at_ms FROM report_runs WHERE report = ?1 ORDER BY at_ms DESC",
            )?;
            let rows = statement.query_map([report.as_bytes()], |r| r.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The result that was kept at a time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run(&self, report: Uuid, at_ms: i64) -> Result<Option<String>, StoreError> {
        self.store.read(|conn| {
            let found: Option<Vec<u8>> = conn
                .prepare_cached("SELECT sealed FROM report_runs WHERE report = ?1 AND at_ms = ?2")?
                .query_row(params![report.as_bytes(), at_ms], |r| r.get(0))
                .optional()?;
            found.map(|sealed| self.opened(report, &sealed)).transpose()
        })
    }
}
