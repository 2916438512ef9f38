//! sled 0.34.7, made safe: its `flush` never calls fsync, so every commit here ends with an fsync of its file.
//! Values stay so small that no page leaves the file for `blobs/`, whose removal sled does not order with
//! writes; and a commit stays so small that sled, which reuses a freed segment only after two further segments
//! were written, never overwrites anything whose replacement is not fsynced yet.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::store::{Op, Store, StoreError, Visit, dir_bytes, disk_free_bytes, guarded, sync_dir};

/// A leaf holds up to 17 values and must stay under a quarter of a segment (128 KiB) to stay in the file.
const MAX_VALUE_BYTES: usize = 4 * 1024;
/// sled writes up to five times what it is given; a commit plus one item of 128 KiB must stay within
/// two segments of 512 KiB. With commits of 1.5 MB the power-cut suite finds logs that sled lost whole.
const MAX_COMMIT_BYTES: usize = 64 * 1024;
/// How long to wait for a server that is still closing the same files.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// sled behind the [`Store`] trait.
#[derive(Debug)]
pub(super) struct SledStore {
    dir: PathBuf,
    db: sled::Db,
    file: File,
    skip_fsync: bool,
}

impl SledStore {
    /// Opens or creates the database in `dir`; its files and names are durable on return.
    pub(super) fn open(dir: &Path, cache_bytes: u64, skip_fsync: bool) -> Result<Self, StoreError> {
        let io = |e| StoreError::new("sled's file could not be opened for fsync", e);
        // Opening overwrites segments it finds free; what replaced them must be durable before.
        let path = dir.join("db");
        if !skip_fsync && path.exists() {
            File::open(&path).and_then(|f| f.sync_all()).map_err(io)?;
        }
        remove_unfinished_snapshots(dir).map_err(io)?;
        let started = Instant::now();
        let db = loop {
            let config = sled::Config::new()
                .path(dir)
                .cache_capacity(cache_bytes)
                .mode(sled::Mode::HighThroughput)
                .flush_every_ms(None);
            match guarded(|| config.open().map_err(|e| StoreError::new("sled", e))) {
                Ok(db) => break db,
                Err(e) if e.0.contains("acquire lock") && started.elapsed() < LOCK_WAIT => {
                    std::thread::sleep(LOCK_RETRY);
                }
                Err(e) => return Err(e),
            }
        };
        let store = Self {
            dir: dir.to_owned(),
            db,
            file: File::open(&path).map_err(io)?,
            skip_fsync,
        };
        store.flush()?;
        if !skip_fsync {
            File::open(dir.join("conf"))
                .and_then(|f| f.sync_all())
                .map_err(io)?;
            sync_dir(&dir.join("blobs")).map_err(io)?;
            sync_dir(dir).map_err(io)?;
        }
        Ok(store)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db
            .flush()
            .map_err(|e| StoreError::new("sled could not write", e))?;
        if self.skip_fsync {
            return Ok(());
        }
        let io = |e| StoreError::new("fsync failed", e);
        self.file.sync_all().map_err(io)?;
        self.sync_blobs().map_err(io)
    }

    /// No value is large enough for a blob; should one appear all the same it is made durable too.
    fn sync_blobs(&self) -> std::io::Result<()> {
        let blobs = self.dir.join("blobs");
        let mut any = false;
        for blob in std::fs::read_dir(&blobs)? {
            File::open(blob?.path())?.sync_all()?;
            any = true;
        }
        if any { sync_dir(&blobs) } else { Ok(()) }
    }
}

/// sled takes a half-written snapshot, which a power cut left, for its newest and refuses to open.
/// Such a file was never renamed to its final name, so nothing relies on it.
fn remove_unfinished_snapshots(dir: &Path) -> std::io::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self
            .db
            .get(key)
            .map_err(|e| StoreError::new("sled could not read", e))?;
        Ok(value.map(|v| v.to_vec()))
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        for pair in self.db.range(from..to) {
            let (key, value) = pair.map_err(|e| StoreError::new("sled could not read", e))?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for op in ops {
            match op {
                Op::Put(key, value) => batch.insert(key, value),
                Op::Delete(key) => batch.remove(key),
            }
        }
        self.db
            .apply_batch(batch)
            .map_err(|e| StoreError::new("sled could not write", e))?;
        self.flush()
    }

    /// Without the fsync: several of these before one commit may make sled overwrite what is not replaced yet, so
    /// only what can be made again is written like this.
    fn commit_softly(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for op in ops {
            match op {
                Op::Put(key, value) => batch.insert(key, value),
                Op::Delete(key) => batch.remove(key),
            }
        }
        self.db
            .apply_batch(batch)
            .map_err(|e| StoreError::new("sled could not write", e))
    }

    fn max_value_bytes(&self) -> usize {
        MAX_VALUE_BYTES
    }

    fn max_commit_bytes(&self) -> usize {
        MAX_COMMIT_BYTES
    }

    fn used_bytes(&self) -> Result<u64, StoreError> {
        dir_bytes(&self.dir).map_err(|e| StoreError::new("sizes could not be read", e))
    }

    fn free_bytes(&self) -> Result<u64, StoreError> {
        disk_free_bytes(&self.dir)
    }
}
