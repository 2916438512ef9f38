//! For the conformance and power-cut suites only: a log without fsync, a memory store that outlives its log,
//! and a way to damage what is stored.

use std::{fmt, path::Path, sync::Arc};

use crate::trouble::StoreFaults;

pub use super::store::{MemoryStore, Op, Store, StoreError, Visit};

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);
use super::{Engine, Log, LogError, LogOptions, OpenReport, StreamName, codec, engines, single};

/// Options no setting reaches.
#[derive(Debug, Clone, Default)]
pub struct Testing {
    /// Never fsync: what is acknowledged may be lost by a power cut.
    pub skip_fsync: bool,
    /// The memory engine's contents, kept by the test over a reopening.
    pub memory: Option<Arc<MemoryStore>>,
    /// A segment is closed once it has this many bytes.
    pub segment_bytes: Option<u64>,
    /// Writes of segments that fail.
    pub faults: Option<LogFaults>,
}

/// Asked before each write of a segment.
#[derive(Clone)]
pub struct LogFaults(pub StoreFaults);

impl fmt::Debug for LogFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFaults").finish_non_exhaustive()
    }
}

/// The bare store of a closed log.
pub fn store(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<Arc<dyn Store>, StoreError> {
    engines::open_store(
        &dir.join(engine.name()),
        engine,
        options,
        options.cache_bytes,
    )
}

/// A log that is all in one store, as it was before there were segments.
pub fn open_single(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<(Arc<dyn Log>, OpenReport), LogError> {
    let (log, report) = single::open(dir, engine, options)?;
    Ok((Arc::new(log), report))
}

/// Everything stored under one kind of key (`i` items, `k` index, `h` head) of a stream.
pub fn stored(store: &dyn Store, kind: u8, stream: &StreamName) -> Result<Vec<Pair>, StoreError> {
    let from = codec::stream_key(kind, stream);
    let mut found = Vec::new();
    store.scan(&from, &codec::after_prefix(&from), &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        true
    })?;
    Ok(found)
}

/// Key of the first part of an item.
#[must_use]
pub fn item_key(stream: &StreamName, seq: u64) -> Vec<u8> {
    let mut key = codec::seq_key(codec::ITEM, stream, seq);
    key.extend_from_slice(&[0, 0]);
    key
}
