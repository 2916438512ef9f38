//! One key per record, so that erasing a record is destroying its key.
//!
//! Payloads are sealed before they reach the log, because log-structured files keep old bytes. The keys live in `keys.db`, wrapped by the master key with the record's id as associated data.
//! A destroyed key leaves a marker: the record never gets another one, whoever brings old entries of it.

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lru::LruCache;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::private_db::open_private;
use super::seal::{NONCE_BYTES, RecordKey, SealError, open_bytes, seal_with_nonce};
use super::secret::NoRandomness;
use super::store_error::{StoreError, file_name};
use crate::trouble::{FaultyStore, Store, StoreFaults};

/// The file in the data directory.
pub const KEYS_DB_FILE_NAME: &str = "keys.db";
/// Unwrapped keys kept in memory, unless told otherwise.
pub const DEFAULT_CACHED_KEYS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

const CHECK_AD: &[u8] = b"gridfold/wrap/keys-check/1";
const WRAPPED_BYTES: usize = super::seal::SEAL_OVERHEAD_BYTES + 32;
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record_keys (record_id BLOB PRIMARY KEY, wrapped BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys_sum (
  id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS master_check (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
";

/// The keys of all records.
#[derive(Debug)]
pub struct RecordKeys {
    master: MasterKey,
    path: PathBuf,
    conn: Mutex<Connection>,
    cache: Mutex<LruCache<Uuid, RecordKey>>,
    faulty: FaultyStore,
    damage: Vec<String>,
}

impl RecordKeys {
    /// Opens the file, making it the first time.
    ///
    /// # Errors
    /// When the file cannot be opened or was written under another master key.
    pub fn open(path: &Path, master: &MasterKey, cached: NonZeroUsize) -> Result<Self, StoreError> {
        Self::open_with(path, master, cached, None)
    }

    /// The same with faults a test simulates.
    ///
    /// # Errors
    /// As [`RecordKeys::open`].
    pub(crate) fn open_with(
        path: &Path,
        master: &MasterKey,
        cached: NonZeroUsize,
        faults: Option<StoreFaults>,
    ) -> Result<Self, StoreError> {
        let conn = open_private(path, SCHEMA)?;
        let damage = check_master(&conn, master)
            .and_then(|()| compare(&conn, master))
            .map_err(|error| error.of(path))?;
        for found in &damage {
            tracing::error!("{KEYS_DB_FILE_NAME}: {found}");
        }
        Ok(Self {
            damage,
            master: master.clone(),
            path: path.to_owned(),
            conn: Mutex::new(conn),
            cache: Mutex::new(LruCache::new(cached)),
            faulty: FaultyStore::new(Store::Keys, faults),
        })
    }

    /// Seals what somebody outside keeps for this server without reading it.
    ///
    /// # Errors
    /// When no randomness is to be had.
    pub(crate) fn seal_outside(&self, ad: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sealed = self.master.wrap(ad, plain);
        sealed.map_err(|_| NoRandomness.into())
    }

    /// Opens what [`Self::seal_outside`] made with the same `ad`.
    ///
    /// # Errors
    /// When it did not.
    pub(crate) fn open_outside(
        &self,
        ad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open_bytes(self.master.bytes(), ad, sealed)
    }

    /// What opening found damaged, in words for the operator.
    #[must_use]
    pub fn damage(&self) -> &[String] {
        &self.damage
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

    /// Whether a key that was made is not there any more, or does not open, though nobody destroyed
    /// it: what it sealed is damaged and not erased. One that was never made looks the same.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_lost(&self, record: Uuid) -> Result<bool, StoreError> {
        if self.cache.lock().contains(&record) {
            return Ok(false);
        }
        match self.read(&self.conn.lock(), &record) {
            Ok(Stored::Key(_) | Stored::Erased) => Ok(false),
            Ok(Stored::Nothing) | Err(StoreError::Damaged(_)) => Ok(true),
            Err(error) => Err(error),
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
        let before: Option<Option<Vec<u8>>> = tx
            .query_row(
                "SELECT wrapped FROM record_keys WHERE record_id = ?1",
                [record.as_bytes()],
                |r| r.get(0),
            )
            .optional()?;
        let mut moved = Moved::default();
        if let Some(before) = &before {
            moved.take(&record, before.as_deref());
        }
        moved.add(&record, None);
        moved.write(&tx)?;
        let wrapped = before.flatten();
        tx.execute(
            "UPDATE record_keys SET wrapped = zeroblob(length(wrapped)) WHERE record_id = ?1 AND wrapped IS NOT NULL",
            [record.as_bytes()],
        )?;
        tx.execute(
            "INSERT INTO record_keys (record_id, wrapped) VALUES (?1, NULL) ON CONFLICT DO UPDATE SET wrapped = NULL",
            [record.as_bytes()],
        )?;
        self.faulty.before_commit()?;
        tx.commit()?;
        self.cache.lock().pop(&record);
        empty_wal(&conn)?;
        // SQLite overwrites what is deleted, but not what it once moved to another page.
        if let Some(wrapped) = wrapped
            && holds(&self.path, &wrapped).map_err(|source| StoreError::Open {
                file: file_name(&self.path),
                source,
            })?
        {
            conn.execute_batch("VACUUM")?;
            empty_wal(&conn)?;
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
            .map_err(|_| StoreError::Damaged(
                "a key in keys.db does not unwrap; restore keys.db and master.key from the same backup",
            ))?;
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
        let mut moved = Moved::default();
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
                moved.add(record, Some(&wrapped));
                insert.execute(params![record.as_bytes(), wrapped])?;
                keys.push(RecordKey::new(*bytes));
            }
        }
        moved.write(&tx)?;
        self.faulty.before_commit()?;
        tx.commit()?;
        Ok(keys)
    }
}

fn empty_wal(conn: &Connection) -> Result<(), StoreError> {
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        Err(StoreError::Damaged(
            "another process holds keys.db, so old bytes could not be removed",
        ))
    }
}

/// Whether a file holds these bytes anywhere.
fn holds(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    const READ_BYTES: usize = 1 << 20;
    let mut file = std::fs::File::open(path)?;
    let mut window = Zeroizing::new(Vec::with_capacity(READ_BYTES + bytes.len()));
    loop {
        let kept = window.len();
        let more = std::io::Read::by_ref(&mut file)
            .take(READ_BYTES as u64)
            .read_to_end(&mut window)?;
        if more == 0 {
            return Ok(false);
        }
        if window.windows(bytes.len()).any(|w| w == bytes) {
            return Ok(true);
        }
        let over = (kept + more).saturating_sub(bytes.len() - 1);
        window.drain(..over);
    }
}

enum Stored {
    Key(RecordKey),
    Erased,
    Nothing,
}

/// How a change of the keys moves their number and their sum, which is that of all rows whatever
/// their order.
#[derive(Debug, Default)]
struct Moved {
    n: i64,
    sum: u64,
}

impl Moved {
    fn of(record: &Uuid, wrapped: Option<&[u8]>) -> u64 {
        let mut hash = Sha256::new();
        hash.update(record.as_bytes());
        hash.update([u8::from(wrapped.is_some())]);
        hash.update(wrapped.unwrap_or_default());
        let hash = hash.finalize();
        u64::from_be_bytes(std::array::from_fn(|i| hash[i]))
    }

    fn add(&mut self, record: &Uuid, wrapped: Option<&[u8]>) {
        self.n += 1;
        self.sum = self.sum.wrapping_add(Self::of(record, wrapped));
    }

    fn take(&mut self, record: &Uuid, wrapped: Option<&[u8]>) {
        self.n -= 1;
        self.sum = self.sum.wrapping_sub(Self::of(record, wrapped));
    }

    /// What the file says of all its rows; none in a file from before there were sums.
    fn stored(conn: &Connection) -> Result<Option<Self>, StoreError> {
        let stored = conn
            .prepare_cached("SELECT n, sum FROM keys_sum WHERE id = 1")?
            .query_row([], |r| {
                Ok(Self {
                    n: r.get(0)?,
                    sum: u64::from_be_bytes(r.get(1)?),
                })
            })
            .optional()?;
        Ok(stored)
    }

    fn write(&self, conn: &Connection) -> Result<(), StoreError> {
        let before = Self::stored(conn)?.unwrap_or_default();
        let (n, sum) = (before.n + self.n, before.sum.wrapping_add(self.sum));
        conn.prepare_cached(
            "INSERT INTO keys_sum (id, n, sum) VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET n = ?1, sum = ?2",
        )?
        .execute(params![n, sum.to_be_bytes()])?;
        Ok(())
    }
}

/// Compares all keys with their sum. What does not match stays as it is: each key proves itself
/// when it is used.
fn compare(conn: &Connection, master: &MasterKey) -> Result<Vec<String>, StoreError> {
    let mut all = Moved::default();
    let mut statement = conn.prepare("SELECT record_id, wrapped FROM record_keys")?;
    let mut rows = statement.query([])?;
    let (mut unreadable, mut nameless) = (0u64, 0u64);
    let stored = Moved::stored(conn)?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let Ok(record) = Uuid::from_slice(id) else {
            nameless += 1;
            continue;
        };
        let wrapped = row
            .get_ref(1)?
            .as_blob_or_null()
            .map_err(rusqlite::Error::from)?;
        all.add(&record, wrapped);
    }
    let Some(stored) = stored else {
        all.write(conn)?;
        return Ok(Vec::new());
    };
    if stored.n == all.n && stored.sum == all.sum && nameless == 0 {
        return Ok(Vec::new());
    }
    drop(rows);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, wrapped) = (row.get_ref(0)?, row.get_ref(1)?);
        if let (Ok(id), Ok(Some(wrapped))) = (id.as_blob(), wrapped.as_blob_or_null())
            && master.unwrap_key(id, wrapped).is_err()
        {
            unreadable += 1;
        }
    }
    Ok(vec![format!(
        "the keys are not those that were written: {} of {} are there, {} of them do not open. What they seal cannot be read; everything else can. Restore the newest backup into another directory, and phones bring back what came after it",
        all.n, stored.n, unreadable
    )])
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
