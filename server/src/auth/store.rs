//! `auth.db`: the durable state of authentication, kept apart from the replicated directory because it holds secrets.
//!
//! One connection, one writer. Whatever a module changes goes through [`AuthStore::write`] together with its audit row.

use std::path::Path;

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;

use crate::keys::row_sums;
use crate::keys::{StoreError, open_private};
use crate::trouble::{FaultyStore, Store, StoreFaults};

/// The file in the data directory.
pub const AUTH_DB_FILE_NAME: &str = "auth.db";

const SCHEMA: &str = include_str!("schema.sql");

/// The open file.
#[derive(Debug)]
pub struct AuthStore {
    conn: Mutex<Connection>,
    faulty: FaultyStore,
    damage: Vec<String>,
}

impl AuthStore {
    /// Opens the file, making it the first time.
    ///
    /// # Errors
    /// When the file cannot be opened or is not a store.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, None)
    }

    /// The same with faults a test simulates.
    ///
    /// # Errors
    /// As [`AuthStore::open`].
    pub(crate) fn open_with(path: &Path, faults: Option<StoreFaults>) -> Result<Self, StoreError> {
        let conn = open_private(path, SCHEMA)?;
        let damage = row_sums::keep(&conn).map_err(|error| error.of(path))?;
        if !damage.is_empty() {
            // Rows that every file has are made again.
            conn.execute_batch(SCHEMA)?;
        }
        for found in &damage {
            tracing::error!("{AUTH_DB_FILE_NAME}: {found}");
        }
        Ok(Self {
            conn: Mutex::new(conn),
            damage,
            faulty: FaultyStore::new(Store::Accounts, faults),
        })
    }

    /// What opening found damaged, in words for the operator.
    #[must_use]
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Runs `change` in one transaction, which is on disk when this returns `Ok` and undone when it returns `Err`.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conn = self.conn.lock();
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let done = change(&tx)?;
        self.faulty.before_commit().map_err(StoreError::from)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// Writes the file anew, so that nothing of what was removed is left in it.
    pub(crate) fn rewrite(&self) -> Result<(), StoreError> {
        let conn = self.conn.lock();
        conn.execute_batch("VACUUM")?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    pub(crate) fn read<T, E>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        look(&self.conn.lock())
    }
}

/// Reads an id from a column.
pub(crate) fn id(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Damaged("an id is not 16 bytes"))
}

/// Reads a fixed number of bytes from a column.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    <[u8; N]>::try_from(bytes).map_err(|_| StoreError::Damaged("a value has the wrong length"))
}
