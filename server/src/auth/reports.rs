//! What phones say of themselves: what still waits on them, how far their clock is off, the version of their library; and that they wiped themselves.
//!
//! What enters: the report of each sync. What leaves: the newest of each phone. What never happens here: a history of reports, or a write for one that says what the one before said; an idle sync costs none.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::params;
use uuid::Uuid;

use super::audit::{Actor, AuditScope, record};
use super::device_rows::{self, DeviceAccess};
use super::store::{AuthStore, id};
use crate::keys::StoreError;

/// A clock that moved by less than this, in milliseconds, is not news.
const SKEW_STEP_MS: u64 = 30_000;

/// What a phone last said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceReport {
    /// Entries that still waited on it after its last request.
    pub pending: u64,
    /// The server's clock less the phone's, in milliseconds.
    pub clock_skew_ms: i64,
    /// The version of its library.
    pub library: String,
}

/// The reports, and the receipts of wipes.
#[derive(Debug)]
pub struct Reports {
    store: Arc<AuthStore>,
    newest: Mutex<HashMap<Uuid, DeviceReport>>,
}

impl Reports {
    /// The reports in this store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: Arc<AuthStore>) -> Result<Self, StoreError> {
        let newest = store.read(|conn| {
            let mut statement = conn
                .prepare("SELECT device_id, pending, clock_skew_ms, library FROM device_reports")?;
            let mut rows = statement.query([])?;
            let mut newest = HashMap::new();
            while let Some(row) = rows.next()? {
                let report = DeviceReport {
                    pending: row.get::<_, i64>(1)?.unsigned_abs(),
                    clock_skew_ms: row.get(2)?,
                    library: row.get(3)?,
                };
                newest.insert(id(&row.get::<_, Vec<u8>>(0)?)?, report);
            }
            Ok::<_, StoreError>(newest)
        })?;
        Ok(Self {
            store,
            newest: Mutex::new(newest),
        })
    }

    /// Notes what a phone said; nothing is written when that is what it said before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn note(&self, device_id: Uuid, report: DeviceReport) -> Result<(), StoreError> {
        let same = |known: &DeviceReport| {
            known.pending == report.pending
                && known.library == report.library
                // A clock is a claim and may be any number.
                && known.clock_skew_ms.abs_diff(report.clock_skew_ms) < SKEW_STEP_MS
        };
        if self.newest.lock().get(&device_id).is_some_and(same) {
            return Ok(());
        }
        self.store.write(|tx| {
            tx.prepare_cached(
                "INSERT INTO device_reports (device_id, pending, clock_skew_ms, library) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET pending = ?2, clock_skew_ms = ?3, library = ?4",
            )?
            .execute(params![
                device_id.as_bytes(),
                i64::try_from(report.pending).unwrap_or(i64::MAX),
                report.clock_skew_ms,
                report.library
            ])?;
            Ok::<_, StoreError>(())
        })?;
        self.newest.lock().insert(device_id, report);
        Ok(())
    }

    /// What a phone last said; none before it did.
    #[must_use]
    pub fn of(&self, device_id: Uuid) -> Option<DeviceReport> {
        self.newest.lock().get(&device_id).cloned()
    }

    /// Notes that a phone says it wiped itself. Only the first time counts; false when the phone was not told to.
    ///
    /// # Errors
    /// When the store fails.
    pub fn wiped(&self, device_id: Uuid, now_ms: i64) -> Result<bool, StoreError> {
        self.store.write(|tx| {
            let Some(device) = device_rows::load(tx, device_id)? else {
                return Ok(false);
            };
            if device.state != DeviceAccess::Wiped {
                return Ok(false);
            }
            let new = tx.execute(
                "INSERT OR IGNORE INTO wipe_receipts (device_id, at_ms) VALUES (?1, ?2)",
                params![device_id.as_bytes(), now_ms],
            )?;
            if new > 0 {
                let who = Actor {
                    user: device.user_id,
                    device: device_id,
                };
                let scope = AuditScope::of("device", device_id);
                record(tx, now_ms, who, "device.wiped", scope)?;
            }
            Ok(true)
        })
    }

    /// When each phone first said that it had wiped itself.
    ///
    /// # Errors
    /// When the store fails.
    pub fn wipe_receipts(&self) -> Result<HashMap<Uuid, i64>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT device_id, at_ms FROM wipe_receipts")?;
            let mut rows = statement.query([])?;
            let mut receipts = HashMap::new();
            while let Some(row) = rows.next()? {
                receipts.insert(id(&row.get::<_, Vec<u8>>(0)?)?, row.get(1)?);
            }
            Ok(receipts)
        })
    }
}
