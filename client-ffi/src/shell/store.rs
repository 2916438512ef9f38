//! The store: one redb file of sealed values, the file with its wrapped key, and the file that
//! tells this installation from a copy.
//!
//! What enters and leaves: keys and plain values of named tables, in transactions. What never
//! happens here: a new empty store in the place of one that does not open, or a panic of the
//! engine that reaches the app.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};

use crate::error::ClientError;
use crate::platform::{Platform, random};
use crate::shell::keystore::{StoreKey, WRAP_FILE};
use crate::shell::seal::{KEY_FILE_BYTES, Sealer, check_kind};

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// A table of sealed values.
pub(crate) type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Names → small things.
pub(crate) const META: Table = TableDefinition::new("meta");
/// Stream number → stream name.
pub(crate) const STREAMS: Table = TableDefinition::new("streams");
/// Record → summary and parts.
pub(crate) const RECORDS: Table = TableDefinition::new("records");
/// Record, stream number, entry → the entry and what became of it.
pub(crate) const ENTRIES: Table = TableDefinition::new("entries");
/// Stream number, entry → record.
pub(crate) const REFS: Table = TableDefinition::new("refs");
/// Stream number, place → entry and prefix.
pub(crate) const ITEMS: Table = TableDefinition::new("items");
/// Order → stream number, entry, record.
pub(crate) const OUTBOX: Table = TableDefinition::new("outbox");
/// Stream number → place and prefix.
pub(crate) const CURSORS: Table = TableDefinition::new("cursors");
/// Stream number, place → number of the receipt that proves it.
pub(crate) const RECEIPTS: Table = TableDefinition::new("receipts");
/// Number → receipt, and how many streams' places still name it.
pub(crate) const RECEIPT_BODIES: Table = TableDefinition::new("receipt_bodies");
/// Stream number, entry → the refused edit.
pub(crate) const REFUSED: Table = TableDefinition::new("refused");
/// Draft → what was typed so far.
pub(crate) const DRAFTS: Table = TableDefinition::new("drafts");
/// Record, stream number → what supervisors have seen of this phone's user's entries.
pub(crate) const SEEN: Table = TableDefinition::new("seen");
/// What is carried for others, receipts to hand on, and what receipts said of own logs.
pub(crate) const CARRY: Table = TableDefinition::new("carry");
/// Record, stream number, device, entry → an entry that a colleague handed over.
pub(crate) const CARRIED: Table = TableDefinition::new("carried");

const ALL: [Table; 15] = [
    META,
    STREAMS,
    RECORDS,
    ENTRIES,
    REFS,
    ITEMS,
    OUTBOX,
    CURSORS,
    RECEIPTS,
    RECEIPT_BODIES,
    REFUSED,
    DRAFTS,
    SEEN,
    CARRY,
    CARRIED,
];

const STORE_FILE: &str = "store.redb";
const KEY_FILE: &str = "store.key";
const INSTANCE_FILE: &str = "instance";
const FORMAT_KEY: &[u8] = b"format";
const FORMAT: &[u8] = b"gridfold store 1";
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
    dir: PathBuf,
    failed: AtomicBool,
}

impl Store {
    /// Makes a new store. What a wipe or an interrupted creation left is removed first.
    pub(crate) fn create(
        dir: &Path,
        key: &StoreKey,
        platform: Arc<dyn Platform>,
        fill: impl FnOnce(&Self) -> Result<(), ClientError>,
    ) -> Result<Self, ClientError> {
        fs::create_dir_all(dir)?;
        match read_key_file(dir) {
            Ok(_) | Err(ClientError::DamagedStore { .. }) => return Err(ClientError::StoreExists),
            Err(ClientError::NoStore) => {}
            Err(other) => return Err(other),
        }
        for name in [STORE_FILE, KEY_FILE, WRAP_FILE, INSTANCE_FILE] {
            remove(&dir.join(name))?;
        }
        let mark: [u8; 32] = random(&*platform);
        write_durably(&dir.join(INSTANCE_FILE), &mark)?;
        let wrapping = key.create(dir, &*platform)?;
        let (sealer, key_file) = Sealer::create(&wrapping, key.kind(), platform)?;
        let path = dir.join(STORE_FILE);
        let db = guarded(|| Ok(builder().create(&path)?))?;
        let store = Self::of(db, sealer, dir);
        store.write(|tx| {
            for table in ALL {
                tx.inner.open_table(table)?;
            }
            tx.put(META, FORMAT_KEY, FORMAT)
        })?;
        fill(&store)?;
        // Last, so that a store without a key file was never in use.
        write_durably(&dir.join(KEY_FILE), &key_file)?;
        sync_dir(dir)?;
        Ok(store)
    }

    /// Opens the store that is there.
    pub(crate) fn open(
        dir: &Path,
        key: &StoreKey,
        platform: Arc<dyn Platform>,
    ) -> Result<Self, ClientError> {
        let key_file = read_key_file(dir)?;
        check_kind(&key_file, key.kind())?;
        let sealer = Sealer::unwrap(&key_file, &*key.open(dir)?, platform)?;
        let path = dir.join(STORE_FILE);
        match fs::metadata(&path) {
            Ok(meta) if meta.len() > 0 => {}
            Ok(_) => return Err(ClientError::damaged("store file is empty")),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(ClientError::damaged("store file is missing"));
            }
            Err(e) => return Err(e.into()),
        }
        let db = guarded(|| Ok(builder().open(&path)?))?;
        let store = Self::of(db, sealer, dir);
        let format = store.read(|rx| rx.get(META, FORMAT_KEY))?;
        match format {
            Some(format) if format == FORMAT => {
                store.add_tables()?;
                Ok(store)
            }
            Some(_) => Err(ClientError::UpdateRequired),
            None => Err(ClientError::damaged("store format")),
        }
    }

    fn of(db: Database, sealer: Sealer, dir: &Path) -> Self {
        Self {
            db: Some(db),
            sealer,
            dir: dir.to_owned(),
            failed: AtomicBool::new(false),
        }
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
        let path = self.dir.join(STORE_FILE);
        self.db = Some(guarded(|| Ok(builder().open(&path)?))?);
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
        let result = guarded(|| {
            let mut inner = self.db()?.begin_write()?;
            inner
                .set_durability(Durability::Immediate)
                .map_err(|_| ClientError::internal("store/durability"))?;
            let tx = Tx {
                inner,
                sealer: &self.sealer,
            };
            let out = f(&tx)?;
            tx.inner.commit()?;
            Ok(out)
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

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        fs::metadata(self.dir.join(STORE_FILE)).map_or(0, |m| m.len())
    }

    /// What tells this installation's files from a copy of them.
    pub(crate) fn binding(&self) -> Result<Vec<u8>, ClientError> {
        let path = self.dir.join(INSTANCE_FILE);
        match fs::metadata(&path) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                write_durably(&path, &[0; 32])?;
            }
            Err(e) => return Err(e.into()),
        }
        let mut out = Vec::new();
        for path in [&self.dir, &path] {
            out.extend_from_slice(&identity_of(&fs::metadata(path)?));
        }
        Ok(out)
    }

    /// Makes the store unreadable for good: the key first, then the files.
    pub(crate) fn destroy(dir: &Path) -> Result<(), ClientError> {
        let key = dir.join(KEY_FILE);
        if let Ok(mut file) = fs::OpenOptions::new().write(true).open(&key) {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&[0; KEY_FILE_BYTES])?;
            file.sync_all()?;
        }
        let mut result = Ok(());
        for name in [KEY_FILE, WRAP_FILE, STORE_FILE, INSTANCE_FILE] {
            if let Err(e) = remove(&dir.join(name)) {
                result = Err(e);
            }
        }
        sync_dir(dir)?;
        result
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    // A file altered since it was last written is found here and not as wrong answers later.
    builder.set_check_integrity_on_open(true);
    builder
}

fn read_key_file(dir: &Path) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    match fs::File::open(dir.join(KEY_FILE)) {
        Ok(file) => {
            file.take(KEY_FILE_BYTES as u64 + 1)
                .read_to_end(&mut bytes)?;
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(ClientError::NoStore),
        Err(e) => return Err(e.into()),
    }
    if bytes.len() == KEY_FILE_BYTES && bytes.iter().all(|b| *b == 0) {
        return Err(ClientError::NoStore);
    }
    if bytes.len() == KEY_FILE_BYTES {
        Ok(bytes)
    } else {
        Err(ClientError::damaged("key file"))
    }
}

fn remove(path: &Path) -> Result<(), ClientError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

fn sync_dir(dir: &Path) -> Result<(), ClientError> {
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// The file's number and, where the system keeps it, the time it was made.
fn identity_of(meta: &fs::Metadata) -> [u8; 24] {
    let mut out = [0; 24];
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        out[..8].copy_from_slice(&meta.ino().to_be_bytes());
    }
    let born = meta
        .created()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    out[8..].copy_from_slice(&born.to_be_bytes());
    out
}

/// Something values can be read from: a snapshot, or a transaction with its own writes.
pub(crate) trait Source {
    /// The value under a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ClientError>;
    /// All keys that start with a prefix, in order, with their values.
    fn scan(&self, table: Table, prefix: &[u8]) -> Result<Vec<Pair>, ClientError>;
    /// All keys that start with a prefix, in order.
    fn keys(&self, table: Table, prefix: &[u8]) -> Result<Vec<Vec<u8>>, ClientError>;
    /// The last key that starts with a prefix.
    fn last_key(&self, table: Table, prefix: &[u8]) -> Result<Option<Vec<u8>>, ClientError>;
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
        Ok(())
    }
    pub(crate) fn delete(&self, table: Table, key: &[u8]) -> Result<(), ClientError> {
        self.inner.open_table(table)?.remove(key)?;
        Ok(())
    }
    /// Deletes all keys that start with a prefix.
    pub(crate) fn delete_all(&self, table: Table, prefix: &[u8]) -> Result<(), ClientError> {
        let keys = self.keys(table, prefix)?;
        let mut table = self.inner.open_table(table)?;
        for key in keys {
            table.remove(key.as_slice())?;
        }
        Ok(())
    }
}
