//! What an engine must do: an ordered map of bytes with one atomic, durable commit.
//! Items, chains and checks are built on top of it once, for every engine; the memory engine is here too.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, Once},
};

use parking_lot::RwLock;

/// One change of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Key and value to store.
    Put(Vec<u8>, Vec<u8>),
    /// Key to remove; one that is absent is no error.
    Delete(Vec<u8>),
}

impl Op {
    /// Bytes of key and value.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Put(k, v) => k.len() + v.len(),
            Self::Delete(k) => k.len(),
        }
    }
}

/// An engine's failure, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

impl StoreError {
    pub(super) fn new(what: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

/// Called for each key and value of a scan, in order; false ends it.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> bool;

/// An ordered map of bytes on some medium.
pub trait Store: Send + Sync + Debug {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Visits keys from `from` (included) to `to` (excluded).
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError>;
    /// Applies all or none; on return it survives a power cut.
    fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError>;
    /// Applies all or none, for what can be made again: a power cut may take it away, and more with it.
    fn commit_softly(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        self.commit(ops)
    }
    /// Largest value this engine should be given, in bytes.
    fn max_value_bytes(&self) -> usize;
    /// Largest commit this engine should be given, in bytes; one item may go over it.
    fn max_commit_bytes(&self) -> usize;
    /// Bytes of its files.
    fn used_bytes(&self) -> Result<u64, StoreError>;
    /// Bytes free where it lives.
    fn free_bytes(&self) -> Result<u64, StoreError>;
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// An engine's panic is caught and becomes an error with its words; printed as a crash it would only mislead.
fn quiet_when_guarded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                before(info);
            }
        }));
    });
}

/// Turns an engine's panic into an error, so that damage never takes the process down unnamed.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    quiet_when_guarded();
    let outer = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(outer);
    match done {
        Ok(result) => result,
        Err(payload) => {
            let text = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Err(StoreError::new("the engine gave up", text))
        }
    }
}

/// Any store with its panics caught.
#[derive(Debug)]
pub(super) struct Guarded(pub(super) Arc<dyn Store>);

impl Store for Guarded {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| self.0.get(key))
    }
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        guarded(|| self.0.scan(from, to, visit))
    }
    fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        guarded(|| self.0.commit(ops))
    }
    fn commit_softly(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        guarded(|| self.0.commit_softly(ops))
    }
    fn max_value_bytes(&self) -> usize {
        self.0.max_value_bytes()
    }
    fn max_commit_bytes(&self) -> usize {
        self.0.max_commit_bytes()
    }
    fn used_bytes(&self) -> Result<u64, StoreError> {
        guarded(|| self.0.used_bytes())
    }
    fn free_bytes(&self) -> Result<u64, StoreError> {
        guarded(|| self.0.free_bytes())
    }
}

/// The engine for tests: lives as long as its last handle.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().get(key).cloned())
    }
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        if from < to {
            for (key, value) in self.0.read().range(from.to_vec()..to.to_vec()) {
                if !visit(key, value) {
                    break;
                }
            }
        }
        Ok(())
    }
    fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        let mut map = self.0.write();
        for op in ops {
            match op {
                Op::Put(key, value) => map.insert(key, value),
                Op::Delete(key) => map.remove(&key),
            };
        }
        Ok(())
    }
    fn max_value_bytes(&self) -> usize {
        usize::MAX
    }
    fn max_commit_bytes(&self) -> usize {
        usize::MAX
    }
    fn used_bytes(&self) -> Result<u64, StoreError> {
        Ok(self
            .0
            .read()
            .iter()
            .map(|(k, v)| (k.len() + v.len()) as u64)
            .sum())
    }
    fn free_bytes(&self) -> Result<u64, StoreError> {
        Ok(u64::MAX - 1)
    }
}

/// Bytes of all files under a directory.
pub(super) fn dir_bytes(dir: &std::path::Path) -> std::io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        total += if meta.is_dir() {
            dir_bytes(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(total)
}

/// Bytes an unprivileged process may still write on the disk of `path`.
pub(super) fn disk_free_bytes(path: &std::path::Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(path)
        .map_err(|e| StoreError::new("free space could not be read", e))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &std::path::Path) -> std::io::Result<()> {
    std::fs::File::open(dir)?.sync_all()
}
