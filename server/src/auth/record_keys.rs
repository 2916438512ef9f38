//! One key per record, so that erasing a record is destroying its key.
//!
//! Payloads are sealed before they reach the log, because log-structured files keep old bytes. The keys live in `keys.db`, wrapped by the master key with the record's id as associated data.
//! A destroyed key leaves a marker: the record never gets another one, whoever brings old entries of it.

use std::num::NonZeroUsize;
use std::path::Path;

use lru::LruCache;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::seal::{NONCE_BYTES, RecordKey, seal_with_nonce};
use super::secret::NoRandomness;
use super::server_key::MasterKey;
use super::sqlite::{StoreError, open_private};

/// The file in the data directory.
pub const KEYS_DB_FILE_NAME: &str = "keys.db";
/// Unwrapped keys kept in memory, unless told otherwise.
pub const DEFAULT_CACHED_KEYS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

const CHECK_AD: &[u8] = b"gridfold/wrap/keys-check/1";
const WRAPPED_BYTES: usize = super::seal::SEAL_OVERHEAD_BYTES + 32;
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record_keys (record_id BLOB PRIMARY KEY, wrapped BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS master_check (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
";

/// The keys of all records.
#[derive(Debug)]
pub struct RecordKeys {
    master: MasterKey,
    conn: Mutex<Connection>,
    cache: Mutex<LruCache<Uuid, RecordKey>>,
}

impl RecordKeys {
    /// Opens the file, making it the first time.
    ///
    /// # Errors
    /// When the file cannot be opened or was written under another master key.
    pub fn open(path: &Path, master: &MasterKey, cached: NonZeroUsize) -> Result<Self, StoreError> {
        let conn = open_private(path, SCHEMA)?;
        check_master(&conn, master)?;
        Ok(Self {
            master: master.clone(),
            conn: Mutex::new(conn),
            cache: Mutex::new(LruCache::new(cached)),
        })
    }

    /// The keys of these records, in their order, making those that are missing.
    /// New keys are on disk when this returns, so the caller may append what it seals with them.
    /// `None` stands for a record that was erased: nothing may be sealed for it any more.
    ///
    /// # Errors
    /// When the store fails; then no key was made.
    pub fn get_or_create_many(
        &self,
        records: &[Uuid],
    ) -> Result<Vec<Option<RecordKey>>, StoreError> {
        let mut found: Vec<Option<RecordKey>> = {
            let mut cache = self.cache.lock();
            records.iter().map(|r| cache.get(r).cloned()).collect()
        };
        if found.iter().all(Option::is_some) {
            return Ok(found);
        }
        let mut conn = self.conn.lock();
        let mut missing = Vec::new();
        for (record, slot) in records.iter().zip(&mut found) {
            if slot.is_none() {
                match self.read(&conn, record)? {
                    Stored::Key(key) => *slot = Some(key),
                    Stored::Erased => {}
                    Stored::Nothing => missing.push(*record),
                }
            }
        }
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            let made = self.create(&mut conn, &missing)?;
            for (record, slot) in records.iter().zip(&mut found) {
                if slot.is_none() {
                    let at = missing.binary_search(record).ok();
                    *slot = at.and_then(|at| made.get(at)).cloned();
                }
            }
        }
        // Still under the lock of the connection, so that no destruction falls between.
        let mut cache = self.cache.lock();
        for (record, key) in records.iter().zip(&found) {
            if let Some(key) = key {
                cache.put(*record, key.clone());
            }
        }
        Ok(found)
    }

    /// The key of a record; `None` when it has none or was erased.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, record: Uuid) -> Result<Option<RecordKey>, StoreError> {
        if let Some(key) = self.cache.lock().get(&record) {
            return Ok(Some(key.clone()));
        }
        let conn = self.conn.lock();
        match self.read(&conn, &record)? {
            Stored::Key(key) => {
                self.cache.lock().put(record, key.clone());
                Ok(Some(key))
            }
            Stored::Erased | Stored::Nothing => Ok(None),
        }
    }

    /// Destroys the key of a record for ever, whether or not it had one.
    /// When this returns no copy is left in memory of this store, in the file or in its write-ahead log.
    ///
    /// # Errors
    /// When the store fails; it is then to be called again.
    pub fn destroy(&self, record: Uuid) -> Result<(), StoreError> {
        let mut conn = self.conn.lock();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "UPDATE record_keys SET wrapped = zeroblob(length(wrapped)) WHERE record_id = ?1 AND wrapped IS NOT NULL",
            [record.as_bytes()],
        )?;
        tx.execute(
            "INSERT INTO record_keys (record_id, wrapped) VALUES (?1, NULL) ON CONFLICT DO UPDATE SET wrapped = NULL",
            [record.as_bytes()],
        )?;
        tx.commit()?;
        self.cache.lock().pop(&record);
        let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        if busy != 0 {
            return Err(StoreError::Damaged(
                "another process holds keys.db, so old bytes could not be removed",
            ));
        }
        Ok(())
    }

    fn read(&self, conn: &Connection, record: &Uuid) -> Result<Stored, StoreError> {
        let mut statement =
            conn.prepare_cached("SELECT wrapped FROM record_keys WHERE record_id = ?1")?;
        let mut rows = statement.query([record.as_bytes()])?;
        let Some(row) = rows.next()? else {
            return Ok(Stored::Nothing);
        };
        let wrapped = row.get_ref(0)?;
        let Some(wrapped) = wrapped.as_blob_or_null().map_err(rusqlite::Error::from)? else {
            return Ok(Stored::Erased);
        };
        let key = self
            .master
            .unwrap_key(record.as_bytes(), wrapped)
            .map_err(|_| StoreError::Damaged("a record key does not unwrap"))?;
        Ok(Stored::Key(RecordKey::new(key)))
    }

    fn create(
        &self,
        conn: &mut Connection,
        records: &[Uuid],
    ) -> Result<Vec<RecordKey>, StoreError> {
        let mut random = Zeroizing::new(vec![0u8; records.len() * (32 + NONCE_BYTES)]);
        getrandom::fill(&mut random).map_err(|_| NoRandomness)?;
        let mut keys = Vec::with_capacity(records.len());
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert =
                tx.prepare_cached("INSERT INTO record_keys (record_id, wrapped) VALUES (?1, ?2)")?;
            for (record, drawn) in records.iter().zip(random.chunks_exact(32 + NONCE_BYTES)) {
                let (Some(bytes), Some(nonce)) = (drawn.first_chunk(), drawn.last_chunk()) else {
                    return Err(NoRandomness.into());
                };
                let wrapped = seal_with_nonce(self.master.bytes(), nonce, record.as_bytes(), bytes)
                    .map_err(|_| NoRandomness)?;
                debug_assert_eq!(wrapped.len(), WRAPPED_BYTES);
                insert.execute(params![record.as_bytes(), wrapped])?;
                keys.push(RecordKey::new(*bytes));
            }
        }
        tx.commit()?;
        Ok(keys)
    }
}

enum Stored {
    Key(RecordKey),
    Erased,
    Nothing,
}

fn check_master(conn: &Connection, master: &MasterKey) -> Result<(), StoreError> {
    let wrapped: Option<Vec<u8>> = conn
        .query_row("SELECT wrapped FROM master_check WHERE id = 1", [], |r| {
            r.get(0)
        })
        .optional()?;
    match wrapped {
        Some(wrapped) => master
            .unwrap_key(CHECK_AD, &wrapped)
            .map(|_| ())
            .map_err(|_| StoreError::WrongMasterKey),
        None => {
            let wrapped = master.wrap(CHECK_AD, &[0; 32]).map_err(|_| NoRandomness)?;
            conn.execute(
                "INSERT INTO master_check (id, wrapped) VALUES (1, ?1)",
                [wrapped],
            )?;
            Ok(())
        }
    }
}
