//! The log: one append-only sequence of items per stream, behind one trait.
//! Batches of opaque items enter; seqs, heads and the items come back, in a dense sequence per stream.
//! An append returns only when it survives a power cut; a damaged item is set aside by name and never served.
//! The log never looks inside an item, and no transaction spans two streams.

mod codec;
mod engines;
mod error;
mod indexer;
mod redb_store;
mod segment;
mod single;
mod sled_store;
mod store;
#[doc(hidden)]
pub mod testing;
mod types;

use std::{collections::BTreeMap, fmt, path::Path, str::FromStr, sync::Arc};

pub use self::{
    codec::chain as next_prefix,
    error::{AppendError, AppendResult, LogError},
    indexer::{IndexRead, Indexer, MAX_PAIR_KEY_BYTES, MAX_PAIR_VALUE_BYTES, Pair},
    types::{
        AppendBatch, Appended, Damage, Digest, Hash32, Head, Item, MAX_ITEM_BYTES,
        MAX_STREAM_NAME_BYTES, NewItem, OpenReport, Placed, Space, StreamName, StreamNameError,
        VerifyReport,
    },
};

/// Memory the engine may use for its cache, in bytes, unless set otherwise.
pub const DEFAULT_CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Appends are refused when fewer bytes are free on the disk, unless set otherwise.
pub const DEFAULT_MIN_FREE_BYTES: u64 = 256 * 1024 * 1024;

/// Which store is under the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Segments with an index in sled 0.34.7, the default.
    #[default]
    Sled,
    /// Segments with an index in redb 4.6.
    Redb,
    /// Nothing on disk, for tests.
    Memory,
}

impl Engine {
    /// Its name in settings and on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A setting that names no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log engine: use sled, redb or memory")]
pub struct UnknownEngine(pub String);

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        match name {
            "sled" => Ok(Self::Sled),
            "redb" => Ok(Self::Redb),
            "memory" => Ok(Self::Memory),
            other => Err(UnknownEngine(other.to_owned())),
        }
    }
}

/// How to open a log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Bytes of cache; [`DEFAULT_CACHE_BYTES`].
    pub cache_bytes: u64,
    /// Bytes kept free on the disk; [`DEFAULT_MIN_FREE_BYTES`].
    pub min_free_bytes: u64,
    /// Whether a log is made where none is; otherwise that is [`LogError::Gone`].
    pub may_create: bool,
    /// Ends of streams that others know to have been acknowledged: up to there a damaged end is damage, and only
    /// behind it a torn one.
    pub acknowledged: BTreeMap<StreamName, Head>,
    /// Who keeps an index of their own in the log's commits; none unless set.
    pub indexer: Option<Arc<dyn Indexer>>,
    /// For tests only.
    #[doc(hidden)]
    pub testing: testing::Testing,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            cache_bytes: DEFAULT_CACHE_BYTES,
            min_free_bytes: DEFAULT_MIN_FREE_BYTES,
            may_create: true,
            acknowledged: BTreeMap::new(),
            indexer: None,
            testing: testing::Testing::default(),
        }
    }
}

/// Opens the log in `dir`, or creates it.
/// The report says what was found and repaired; it belongs in the server's log and on the operator's page.
pub fn open(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<(Arc<dyn Log>, OpenReport), LogError> {
    match engine {
        Engine::Memory => {
            let (log, report) = single::open(dir, engine, options)?;
            Ok((Arc::new(log), report))
        }
        Engine::Sled | Engine::Redb => {
            let (log, report) = segment::open(dir, engine, options)?;
            Ok((Arc::new(log), report))
        }
    }
}

/// The log. Safe to share; every call blocks, so call it off the async threads.
pub trait Log: Send + Sync + fmt::Debug {
    /// Random at creation; another epoch means that seqs behind a cursor may have changed their meaning.
    fn epoch(&self) -> u64;

    /// Changes the epoch, durably; to be done after a restore from a backup.
    fn set_epoch(&self, epoch: u64) -> Result<(), LogError>;

    /// Appends batches as one group commit; on `Ok` every batch answered `Ok` is durable, in order within
    /// its stream. Batches are independent: one may be refused and the next appended.
    /// On [`LogError::DiskFull`] nothing was written; after [`LogError::Stopped`] a batch may or may not be
    /// there, and appending it again is safe because a key is stored only once.
    fn append(&self, batches: Vec<AppendBatch>) -> Result<Vec<AppendResult>, LogError>;

    /// The durable end of a stream; zeros for one that has no items.
    fn head(&self, stream: &StreamName) -> Result<Head, LogError>;

    /// The prefix hash at a seq: zeros at 0, `None` behind the head, `Damaged` where the item is.
    fn prefix_at(&self, stream: &StreamName, seq: u64) -> Result<Option<Hash32>, LogError>;

    /// The prefix hash at a seq, though its item may be damaged, as far as anything whole tells it.
    fn prefix_told(&self, stream: &StreamName, seq: u64) -> Result<Option<Hash32>, LogError> {
        match self.prefix_at(stream, seq) {
            Err(LogError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    /// Appends the places of items that are lost, up to this end, so that what follows them keeps its own. They are
    /// damaged from the beginning, and healed like any other.
    fn append_lost(&self, stream: &StreamName, end: Head) -> Result<(), LogError> {
        Err(LogError::Storage {
            what: format!(
                "this engine keeps no places of lost items, such as {stream} up to {}",
                end.seq
            ),
        })
    }

    /// Items after a seq, in sequence: at most `max_items`, and no more than `max_bytes` of item bytes except
    /// that one item is always returned. Empty at the head. Stops before a damaged item, and fails with
    /// [`LogError::Damaged`] when the very next one is.
    fn read(
        &self,
        stream: &StreamName,
        after: u64,
        max_items: usize,
        max_bytes: usize,
    ) -> Result<Vec<Item>, LogError>;

    /// One item; `None` for seq 0 and behind the head.
    fn get(&self, stream: &StreamName, seq: u64) -> Result<Option<Item>, LogError>;

    /// The seq a key was stored at.
    fn find(&self, stream: &StreamName, key: &Hash32) -> Result<Option<u64>, LogError>;

    /// The value of a key of the [`Indexer`]; as durable as the items it came from.
    fn indexed(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError>;

    /// Pairs of the [`Indexer`] with `from` ≤ key < `to`, by key, or from the last key down when `reverse`; at
    /// most `max` of them.
    fn indexed_range(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Result<Vec<Pair>, LogError>;

    /// All streams with items, by name.
    fn streams(&self) -> Result<Vec<(StreamName, Head)>, LogError>;

    /// Count and xor of the keys of a stream, those of damaged items included.
    fn digest(&self, stream: &StreamName) -> Result<Digest, LogError>;

    /// Every item that is known not to be served, by stream and seq.
    fn damage(&self) -> Vec<Damage>;

    /// Puts back damaged items that follow each other, when key and chain prove them to be the lost ones; those
    /// among them that are not damaged must be equal, and are left. Returns how many were put back.
    /// What is proven is the key and what the item hash covers: that the bytes are those of the item hash is the
    /// caller's to check. [`LogError::NotProven`] when nothing could be put back, or one of them is another.
    fn heal(&self, stream: &StreamName, first: u64, items: Vec<NewItem>) -> Result<u64, LogError>;

    /// Why the log takes no more writes, once a write or an fsync failed.
    fn stopped(&self) -> Option<String>;

    /// Walks everything: checksums, density, chain, key index, digest. Sets damage aside, writes missing index
    /// entries again. Calls `progress` with the number of items walked so far. Appends go on meanwhile.
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<VerifyReport, LogError>;

    /// Room taken and left.
    fn space(&self) -> Result<Space, LogError>;
}
