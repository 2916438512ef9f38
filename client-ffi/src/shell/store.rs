//! The store: one redb file of sealed values, the file with its wrapped key, and the file that
//! tells this installation from a copy.
//!
//! What enters and leaves: keys and plain values of named tables, in transactions. What never
//! happens here: a new empty store in the place of one that does not open, or a panic of the
//! engine that reaches the app.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction,
};

use crate::disk::Disk;
use crate::error::ClientError;
use crate::key_store::StoreKey;
use crate::platform::{Platform, random};
use crate::shell::files::{
    ASIDE_FILE, INSTANCE_FILE, KEY_FILE, MARK_FILE, SPARE_FILE, STORE_FILE, is_there, put_in_place,
    remove_all,
};
use crate::shell::key_file::key_file;
use crate::shell::seal::{Sealer, check_kind};
use crate::shell::spare::{self, Noted, Spare};

pub(crate) use crate::shell::tables::*;

pub(crate) const FORMAT_KEY: &[u8] = b"format";
pub(crate) const FORMAT: &[u8] = b"gridfold store 1";
/// The engine's cache, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// Runs what may meet damaged pages: the engine answers some of them with a panic.
pub(crate) fn guarded<T>(f: impl FnOnce() -> Result<T, ClientError>) -> Result<T, ClientError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(ClientError::damaged("store")))
}

/// An open store.
#[derive(Debug)]
pub(crate) struct Store {
    /// None between a failed write and the engine's opening again.
    db: Option<Database>,
    sealer: Sealer,
    disk: Arc<dyn Disk>,
    failed: AtomicBool,
    /// None for a store that is being mended: until it is in place, the spare there is the truth.
    spare: Option<Mutex<Spare>>,
}

/// The sealer of the store that is there.
pub(crate) fn unlock(
    disk: &dyn Disk,
    key: &StoreKey,
    platform: Arc<dyn Platform>,
) -> Result<Sealer, ClientError> {
    let key_file = key_file(disk)?;
    check_kind(&key_file, key.kind())?;
    Sealer::unwrap(&key_file, &*key.open(disk)?, platform)
}

impl Store {
    /// Makes a new store. What a wipe or an interrupted creation left is removed first.
    pub(crate) fn create(
        disk: &Arc<dyn Disk>,
        key: &StoreKey,
        platform: Arc<dyn Platform>,
        fill: impl FnOnce(&Self) -> Result<(), ClientError>,
    ) -> Result<Self, ClientError> {
        disk.prepare()?;
        match key_file(&**disk) {
            Ok(_) | Err(ClientError::DamagedStore { .. }) => return Err(ClientError::StoreExists),
            Err(ClientError::NoStore) => {}
            Err(other) => return Err(other),
        }
        remove_all(&**disk)?;
        let mark: [u8; 32] = random(&*platform);
        disk.write(INSTANCE_FILE, &mark)?;
        let wrapping = key.create(&**disk, &*platform)?;
        let (sealer, key_file) = Sealer::create(&wrapping, key.kind(), platform)?;
        let db = engine(&**disk, STORE_FILE, true)?;
        let mut store = Self::of(db, sealer, disk);
        store.begin()?;
        fill(&store)?;
        // After the rest, so that a store without a key file was never in use.
        disk.write(KEY_FILE, &key_file)?;
        disk.settle()?;
        store.take_spare()?;
        Ok(store)
    }

    /// Makes an empty store in a file of its own, for what a damaged one still gives.
    pub(crate) fn create_beside(
        disk: &Arc<dyn Disk>,
        name: &str,
        sealer: Sealer,
    ) -> Result<Self, ClientError> {
        disk.remove(name)?;
        let db = engine(&**disk, name, true)?;
        let store = Self::of(db, sealer, disk);
        store.begin()?;
        Ok(store)
    }

    fn begin(&self) -> Result<(), ClientError> {
        self.write(|tx| {
            for table in ALL {
                tx.inner.open_table(table)?;
            }
            tx.put(META, FORMAT_KEY, FORMAT)
        })
    }

    /// Opens the store that is there.
    pub(crate) fn open(
        disk: &Arc<dyn Disk>,
        key: &StoreKey,
        platform: Arc<dyn Platform>,
    ) -> Result<Self, ClientError> {
        let sealer = unlock(&**disk, key, platform)?;
        put_in_place(&**disk)?;
        match disk.len(STORE_FILE)? {
            None => return Err(ClientError::damaged("store file is missing")),
            Some(0) => return Err(ClientError::damaged("store file is empty")),
            Some(_) => {}
        }
        let db = engine(&**disk, STORE_FILE, false)?;
        if is_there(&**disk, MARK_FILE)? {
            return Err(ClientError::damaged("found while running"));
        }
        let mut store = Self::of(db, sealer, disk);
        let format = store.read(|rx| rx.get(META, FORMAT_KEY))?;
        match format {
            Some(format) if format == FORMAT => {
                store.add_tables()?;
                store.take_spare()?;
                Ok(store)
            }
            Some(_) => Err(ClientError::UpdateRequired),
            None => Err(ClientError::damaged("store format")),
        }
    }

    fn of(db: Database, sealer: Sealer, disk: &Arc<dyn Disk>) -> Self {
        Self {
            db: Some(db),
            sealer,
            disk: Arc::clone(disk),
            failed: AtomicBool::new(false),
            spare: None,
        }
    }

    /// Takes the spare beside the store into use; one that is not what the store says is written
    /// anew. Where it is ahead, the store lacks what was acknowledged.
    fn take_spare(&mut self) -> Result<(), ClientError> {
        let known = spare::read(&*self.disk, &self.sealer)?;
        let (generation, rows) = self.read(|rx| Ok((generation(rx)?, spare::precious(rx)?)))?;
        if known.generation > generation {
            return Err(ClientError::damaged("store file is older than its spare"));
        }
        let same = known.whole && known.generation == generation && known.rows == rows;
        let spare = if same {
            Spare::go_on(&*self.disk, &known)
        } else {
            Spare::write_anew(&*self.disk, &self.sealer, &rows, generation)
        };
        // Without room for it the store is used all the same, and each commit tries again.
        let spare = spare.unwrap_or_else(|_| Spare::behind(&rows, generation));
        self.spare = Some(Mutex::new(spare));
        Ok(())
    }

    /// Makes the tables that an older build did not know.
    fn add_tables(&self) -> Result<(), ClientError> {
        let known = self.read(|rx| Ok(rx.inner.list_tables()?.count()))?;
        if known >= ALL.len() {
            return Ok(());
        }
        self.write(|tx| {
            for table in ALL {
                tx.inner.open_table(table)?;
            }
            Ok(())
        })
    }

    fn db(&self) -> Result<&Database, ClientError> {
        // Only a reopening that failed leaves none, and the next call tries it again.
        self.db.as_ref().ok_or(ClientError::StorageFull)
    }

    /// Whether the disk failed a write: the engine then answers nothing until it is opened again.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Opens the engine again after a failed write.
    pub(crate) fn reopen(&mut self) -> Result<(), ClientError> {
        self.db = None;
        self.db = Some(engine(&*self.disk, STORE_FILE, false)?);
        // The commit that failed may have reached the disk, and the spare knows nothing of it.
        self.take_spare()?;
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// Reads in one snapshot.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&Rx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        guarded(|| {
            let rx = Rx {
                inner: self.db()?.begin_read()?,
                sealer: &self.sealer,
            };
            f(&rx)
        })
    }

    /// Writes in one transaction, durable when this returns without an error.
    pub(crate) fn write<T>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let none = Spare::default();
        let mut kept = self.spare.as_ref().map(Mutex::lock);
        let result = guarded(|| {
            let mut inner = self.db()?.begin_write()?;
            inner
                .set_durability(Durability::Immediate)
                .map_err(|_| ClientError::internal("store/durability"))?;
            let tx = Tx {
                inner,
                sealer: &self.sealer,
                disk: &*self.disk,
                noted: Noted::on(kept.as_deref().unwrap_or(&none)),
            };
            let out = f(&tx)?;
            let generation = kept.as_ref().map_or(0, |spare| spare.generation) + 1;
            if kept.is_some() && tx.noted.any() {
                tx.put(META, GENERATION, &generation.to_be_bytes())?;
            }
            let Tx { inner, noted, .. } = tx;
            inner.commit()?;
            Ok((out, noted.into_changes()))
        });
        let result = result.map(|(out, changes)| {
            if let Some(spare) = kept.as_mut().filter(|_| !changes.is_empty()) {
                spare.append(&self.sealer, &changes);
                if spare.is_due(&changes)
                    && let Ok(anew) = self.spare_anew(spare.generation)
                {
                    **spare = anew;
                }
            }
            out
        });
        let failed = match &result {
            Err(ClientError::StorageFull) => true,
            Err(ClientError::Internal { reference }) => {
                reference.starts_with("io/") || reference.starts_with("store/")
            }
            _ => false,
        };
        if failed {
            self.failed.store(true, Ordering::Release);
        }
        result
    }

    fn spare_anew(&self, generation: u64) -> Result<Spare, ClientError> {
        self.read(|rx| {
            let rows = spare::precious(rx)?;
            Spare::write_anew(&*self.disk, &self.sealer, &rows, generation)
        })
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        let of = |name| self.disk.len(name).ok().flatten().unwrap_or_default();
        of(STORE_FILE) + of(SPARE_FILE)
    }

    /// What tells this installation's files from a copy of them.
    pub(crate) fn binding(&self) -> Result<Vec<u8>, ClientError> {
        if !is_there(&*self.disk, INSTANCE_FILE)? {
            self.disk.write(INSTANCE_FILE, &[0; 32])?;
        }
        Ok(self.disk.identity(INSTANCE_FILE)?)
    }
}

/// The commit of a store that its spare goes with.
fn generation(rx: &Rx<'_>) -> Result<u64, ClientError> {
    let bytes = rx.get(META, GENERATION)?;
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map_or(0, u64::from_be_bytes))
}

fn engine(disk: &dyn Disk, name: &str, is_new: bool) -> Result<Database, ClientError> {
    guarded(|| Ok(disk.engine(name, is_new, &builder())?))
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    // A file altered since it was last written is found here and not as wrong answers later.
    builder.set_check_integrity_on_open(true);
    builder
}

/// The first key after all that start with the prefix; empty when there is none.
fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    end
}

type TableRange<'a> = redb::Range<'a, &'static [u8], &'static [u8]>;

fn range<'a>(
    table: &'a impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
) -> Result<TableRange<'a>, ClientError> {
    let end = prefix_end(prefix);
    Ok(if end.is_empty() {
        table.range::<&[u8]>(prefix..)?
    } else {
        table.range::<&[u8]>(prefix..end.as_slice())?
    })
}

macro_rules! source {
    ($name:ident) => {
        impl Source for $name<'_> {
            fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
                let name = redb::TableHandle::name(&table).to_owned();
                let table = self.inner.open_table(table)?;
                match table.get(key)? {
                    Some(sealed) => self.sealer.open(&name, key, sealed.value()).map(Some),
                    None => Ok(None),
                }
            }
            fn scan(&self, table: Table, prefix: &[u8]) -> Result<Vec<Pair>, ClientError> {
                let name = redb::TableHandle::name(&table).to_owned();
                let table = self.inner.open_table(table)?;
                let mut out = Vec::new();
                for pair in range(&table, prefix)? {
                    let (key, sealed) = pair?;
                    let value = self.sealer.open(&name, key.value(), sealed.value())?;
                    out.push((key.value().to_vec(), value));
                }
                Ok(out)
            }
            fn keys(&self, table: Table, prefix: &[u8]) -> Result<Vec<Vec<u8>>, ClientError> {
                let table = self.inner.open_table(table)?;
                let mut out = Vec::new();
                for pair in range(&table, prefix)? {
                    out.push(pair?.0.value().to_vec());
                }
                Ok(out)
            }
            fn last_key(
                &self,
                table: Table,
                prefix: &[u8],
            ) -> Result<Option<Vec<u8>>, ClientError> {
                let table = self.inner.open_table(table)?;
                Ok(match range(&table, prefix)?.next_back() {
                    Some(pair) => Some(pair?.0.value().to_vec()),
                    None => None,
                })
            }
        }
    };
}

/// A snapshot.
pub(crate) struct Rx<'a> {
    inner: ReadTransaction,
    sealer: &'a Sealer,
}

/// A write transaction.
pub(crate) struct Tx<'a> {
    inner: WriteTransaction,
    sealer: &'a Sealer,
    disk: &'a dyn Disk,
    noted: Noted<'a>,
}

source!(Rx);
source!(Tx);

impl Tx<'_> {
    pub(crate) fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), ClientError> {
        let sealed = self
            .sealer
            .seal(redb::TableHandle::name(&table), key, value)?;
        self.inner
            .open_table(table)?
            .insert(key, sealed.as_slice())?;
        self.noted.put(table, key, value);
        Ok(())
    }
    pub(crate) fn delete(&self, table: Table, key: &[u8]) -> Result<(), ClientError> {
        self.inner.open_table(table)?.remove(key)?;
        self.noted.delete(table, key);
        Ok(())
    }
    /// Deletes everything but the mark of the format.
    pub(crate) fn empty(&self) -> Result<(), ClientError> {
        for table in ALL {
            self.delete_all(table, &[])?;
        }
        self.put(META, FORMAT_KEY, FORMAT)
    }
    /// Deletes all keys that start with a prefix.
    pub(crate) fn delete_all(&self, table: Table, prefix: &[u8]) -> Result<(), ClientError> {
        let keys = self.keys(table, prefix)?;
        let mut open = self.inner.open_table(table)?;
        for key in keys {
            open.remove(key.as_slice())?;
            self.noted.delete(table, &key);
        }
        Ok(())
    }
    /// Lets go of a damaged file that was set aside: what is erased must not stay there.
    pub(crate) fn drop_aside(&self) -> Result<(), ClientError> {
        Ok(self.disk.remove(ASIDE_FILE)?)
    }
}
