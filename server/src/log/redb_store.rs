//! redb 4.6 behind the [`Store`] trait: one table, one transaction a commit, fsynced by redb itself.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use redb::{
    Database, Durability, ReadableDatabase, StorageBackend, TableDefinition, TableError,
    backends::FileBackend,
};

use super::store::{Op, Store, StoreError, Visit, dir_bytes, disk_free_bytes, sync_dir};

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("log");
const FILE: &str = "log.redb";
/// Keeps one transaction's memory bounded.
const MAX_COMMIT_BYTES: usize = 8 * 1024 * 1024;

/// redb behind the [`Store`] trait.
#[derive(Debug)]
pub(super) struct RedbStore {
    dir: PathBuf,
    db: Database,
}

impl RedbStore {
    /// Opens or creates the database in `dir`; its file and name are durable on return.
    pub(super) fn open(dir: &Path, cache_bytes: u64, skip_fsync: bool) -> Result<Self, StoreError> {
        let io = |e| StoreError::new("redb's file could not be opened", e);
        std::fs::create_dir_all(dir).map_err(io)?;
        let path = dir.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let mut builder = Database::builder();
        builder.set_cache_size(usize::try_from(cache_bytes).unwrap_or(usize::MAX));
        let open = |e| StoreError::new("redb", e);
        let backend = FileBackend::new(file).map_err(open)?;
        let db = if skip_fsync {
            builder.create_with_backend(NoSync(backend)).map_err(open)?
        } else {
            builder.create_with_backend(backend).map_err(open)?
        };
        let store = Self {
            dir: dir.to_owned(),
            db,
        };
        store.commit(Vec::new())?;
        if !skip_fsync {
            File::open(&path).and_then(|f| f.sync_all()).map_err(io)?;
            sync_dir(dir).map_err(io)?;
        }
        Ok(store)
    }

    fn apply(&self, ops: Vec<Op>, durability: Durability) -> Result<(), StoreError> {
        let mut txn = self.db.begin_write().map_err(write)?;
        txn.set_durability(durability).map_err(write)?;
        {
            let mut table = txn.open_table(TABLE).map_err(write)?;
            for op in ops {
                match op {
                    Op::Put(key, value) => {
                        table
                            .insert(key.as_slice(), value.as_slice())
                            .map_err(write)?;
                    }
                    Op::Delete(key) => {
                        table.remove(key.as_slice()).map_err(write)?;
                    }
                }
            }
        }
        txn.commit().map_err(write)
    }
}

fn read(e: impl std::fmt::Display) -> StoreError {
    StoreError::new("redb could not read", e)
}

fn write(e: impl std::fmt::Display) -> StoreError {
    StoreError::new("redb could not write", e)
}

impl Store for RedbStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let table = match self.db.begin_read().map_err(read)?.open_table(TABLE) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(e) => return Err(read(e)),
        };
        Ok(table.get(key).map_err(read)?.map(|v| v.value().to_vec()))
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let table = match self.db.begin_read().map_err(read)?.open_table(TABLE) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(e) => return Err(read(e)),
        };
        for pair in table.range::<&[u8]>(from..to).map_err(read)? {
            let (key, value) = pair.map_err(read)?;
            if !visit(key.value(), value.value()) {
                break;
            }
        }
        Ok(())
    }

    fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        self.apply(ops, Durability::Immediate)
    }

    fn commit_softly(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        self.apply(ops, Durability::None)
    }
    fn max_value_bytes(&self) -> usize {
        usize::MAX
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

/// A file whose fsync does nothing, to show that the power-cut suite notices.
#[derive(Debug)]
struct NoSync(FileBackend);

impl StorageBackend for NoSync {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> std::io::Result<()> {
        self.0.close()
    }
}
