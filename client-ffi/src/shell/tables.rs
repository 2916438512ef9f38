//! The tables of the store, the names of the small things in one of them, and how values are read.

use redb::TableDefinition;

use crate::error::ClientError;

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

/// A table's number in the spare is its place here: new ones go to the end.
pub(crate) const ALL: [Table; 15] = [
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

/// The key that the device signs with.
pub(crate) const DEVICE_KEY: &[u8] = b"device_key";
/// Which life of the store this is.
pub(crate) const INSTANCE: &[u8] = b"instance";
/// Who the phone is to the server.
pub(crate) const ACCOUNT: &[u8] = b"account";
/// Where the sessions with the server stand.
pub(crate) const SESSION: &[u8] = b"session";
/// The order below which entries may have left the phone.
pub(crate) const HANDED_OUT: &[u8] = b"handed_out";
/// What the newest change took out of the store.
pub(crate) const CONSUMED: &[u8] = b"consumed";
/// Which commit of the store the spare goes with.
pub(crate) const GENERATION: &[u8] = b"spare";

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

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
