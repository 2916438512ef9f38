//! The values that go in and out of the log: names, items, heads, reports.
//! Plain data; nothing here touches a disk.

use std::fmt;

/// Longest stream name, in bytes.
pub const MAX_STREAM_NAME_BYTES: usize = 80;
/// Largest `bytes` of one item: two payloads of 64 KiB, so that an entry with its header always fits.
pub const MAX_ITEM_BYTES: usize = 128 * 1024;

/// A SHA-256 (or any 32 bytes the caller uses as one).
pub type Hash32 = [u8; 32];

/// Name of a stream, such as `dir` or `g/120101001001/1`: 1 to [`MAX_STREAM_NAME_BYTES`] opaque bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(Box<[u8]>);

impl StreamName {
    /// Takes 1 to 64 bytes; refuses an empty or a longer name.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, StreamNameError> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > MAX_STREAM_NAME_BYTES {
            return Err(StreamNameError { bytes: name.len() });
        }
        Ok(Self(name.into()))
    }

    /// The bytes given to [`StreamName::new`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamName({self})")
    }
}

/// A stream name of a length the log does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream name has 1 to {MAX_STREAM_NAME_BYTES} bytes, not {bytes}")]
pub struct StreamNameError {
    /// Length of the name that was refused.
    pub bytes: usize,
}

/// One item to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Idempotency key, the hash of the entry: a key is stored once per stream, for ever.
    pub key: Hash32,
    /// What the prefix chain runs over.
    pub item_hash: Hash32,
    /// The item itself, at most [`MAX_ITEM_BYTES`]; the log never looks inside.
    pub bytes: Vec<u8>,
}

/// One item as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Place in the stream: 1, 2, 3, … without holes.
    pub seq: u64,
    /// The idempotency key it was appended with.
    pub key: Hash32,
    /// The hash it was chained with.
    pub item_hash: Hash32,
    /// `SHA-256("gridfold prefix v1" ‖ prefix of seq - 1 ‖ item_hash)`; of seq 0: zeros.
    pub prefix: Hash32,
    /// The bytes it was appended with.
    pub bytes: Vec<u8>,
}

/// The end of a stream. An unknown stream has seq 0 and a prefix of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Seq of the last durable item, 0 when there is none.
    pub seq: u64,
    /// Prefix hash of that item.
    pub prefix: Hash32,
}

/// What to append to one stream.
#[derive(Debug, Clone)]
pub struct AppendBatch {
    /// Where to.
    pub stream: StreamName,
    /// Compare-and-append: refuse with [`super::AppendError::Conflict`] unless the head's seq equals this.
    /// A batch whose items are all stored already is answered with their seqs whatever is expected,
    /// so that a retry after a lost reply succeeds.
    pub expect: Option<u64>,
    /// In this order; an empty batch only compares and answers the head.
    pub items: Vec<NewItem>,
}

/// Where one item of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its seq.
    pub seq: u64,
    /// False when the key had been stored before this batch.
    pub new: bool,
}

/// The durable result of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// One per item of the batch, in its order.
    pub placed: Vec<Placed>,
    /// The head right after the batch.
    pub head: Head,
}

impl Appended {
    /// Seq of the first item that was new, if any was.
    #[must_use]
    pub fn first_new_seq(&self) -> Option<u64> {
        self.placed.iter().find(|p| p.new).map(|p| p.seq)
    }
}

/// Count and xor of all keys of a stream: equal digests mean equal sets of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    /// Items ever appended, those set aside included.
    pub count: u64,
    /// Xor of their keys.
    pub xor: Hash32,
}

/// One item that is not served because it is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its stream.
    pub stream: StreamName,
    /// Its seq.
    pub seq: u64,
    /// What was found, in words for the operator.
    pub reason: String,
}

impl Damage {
    /// The name it is set aside under, for reports and runbooks.
    #[must_use]
    pub fn name(&self) -> String {
        format!("set-aside/{}/{}", self.stream, self.seq)
    }
}

/// What opening found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// True when the log did not exist before.
    pub created: bool,
    /// Items behind a stream's head, never acknowledged, that were cut off: (stream, first seq cut).
    pub torn: Vec<(StreamName, u64)>,
    /// Items set aside by this opening.
    pub damage: Vec<Damage>,
    /// Heads that had to be derived from the items again.
    pub heads_rebuilt: Vec<StreamName>,
    /// Entries of the key index that were written again.
    pub index_repaired: u64,
    /// True when the pairs of the indexer were made again from the items.
    pub index_made_again: bool,
    /// Remains of an interrupted creation, moved to this name in the log's directory.
    pub unfinished: Option<String>,
    /// What was cut off at the end, kept under this name in the folder of the segments.
    pub kept: Option<String>,
    /// Places in the segments' files that had changed on the disk and were mended from their parity.
    pub mended: u64,
    /// Bytes of segments in which nothing could be made out.
    pub lost_bytes: u64,
    /// Segments whose files are missing.
    pub segments_gone: Vec<u32>,
    /// The store of a log from before, which was taken over and is left there as a backup.
    pub taken_over: Option<String>,
    /// True when acknowledged items may be lost behind a head, so that the epoch was changed.
    pub epoch_changed: bool,
}

/// What a full walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Streams walked.
    pub streams: u64,
    /// Good items seen.
    pub items: u64,
    /// Bytes of those items.
    pub bytes: u64,
    /// Everything set aside in these streams, found now or before.
    pub damage: Vec<Damage>,
    /// Entries of the key index that were written again.
    pub index_repaired: u64,
    /// Places in the segments' files that had changed on the disk and were mended from their parity.
    pub mended: u64,
    /// Bytes of segments in which nothing could be made out.
    pub lost_bytes: u64,
    /// Streams whose stored digest or end did not match their items.
    pub digests_wrong: Vec<StreamName>,
}

impl VerifyReport {
    /// True when nothing is damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.digests_wrong.is_empty() && self.lost_bytes == 0
    }
}

/// Room on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes the log's files take.
    pub used_bytes: u64,
    /// Bytes free on its disk.
    pub free_bytes: u64,
    /// Appends are refused below this many free bytes.
    pub min_free_bytes: u64,
}
