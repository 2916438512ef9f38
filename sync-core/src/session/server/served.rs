//! What a server knows that an answer is made of.
//!
//! What enters: a question about log, keys or directory. What leaves: the fact as of the moment of the
//! answer. What never happens here: a decision; what is made of the facts is the answer's.

use crate::directory::{Directory, ScopeDocument};
use crate::entry::{Author, Item, SignKey};
use crate::ids::{DeviceId, Hash, RecordId, StreamId, UserId};
use crate::time::Timestamp;
use crate::wire::SeenNews;

/// How far a stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Its newest place; 0 when it holds nothing.
    pub seq: u64,
    /// The prefix there.
    pub prefix: Hash,
}

/// What a log says of the prefix at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixAt {
    /// It is this.
    Is(Hash),
    /// The log does not go so far.
    Past,
    /// The item there is damaged.
    Damaged,
}

/// An item of a log, opened for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The item. The content of a refused entry goes to its author's device only.
    pub item: Item,
    /// The prefix after it.
    pub prefix: Hash,
    /// What it weighs.
    pub bytes: usize,
}

/// An item that was opened; none when its content is here and does not open though nobody erased it:
/// its key is lost.
pub type Opened<E> = Result<Option<Found>, E>;

/// What a server knows that an answer is made of.
pub trait Served {
    /// Why a fact could not be read; the answer is then not given.
    type Error;

    /// The log's epoch.
    fn epoch(&self) -> u64;
    /// When the answer is given, by the server's clock.
    fn now(&self) -> Timestamp;
    /// The directory.
    fn directory(&self) -> &Directory;
    /// What receipts are signed with.
    fn key(&self) -> &SignKey;

    /// How far a stream goes.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn head(&self, stream: &StreamId) -> Result<Head, Self::Error>;

    /// The prefix at a place.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn prefix_at(&self, stream: &StreamId, seq: u64) -> Result<PrefixAt, Self::Error>;

    /// What follows a place, up to about so many items and bytes, opened for a device one by one;
    /// none when the next item is damaged.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn read(
        &self,
        stream: &StreamId,
        after: u64,
        limits: (usize, usize),
        device: DeviceId,
    ) -> Result<Option<impl Iterator<Item = Opened<Self::Error>>>, Self::Error>;

    /// The streams that hold anything, in any order.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn streams(&self) -> Result<impl Iterator<Item = StreamId>, Self::Error>;

    /// Every damaged item, by stream and place.
    fn damage(&self) -> impl Iterator<Item = (StreamId, u64)>;

    /// Whether a record's key is there, so that its contents can still be read.
    ///
    /// # Errors
    /// When the keys cannot be read.
    fn has_key(&self, record: RecordId) -> Result<bool, Self::Error>;

    /// The directory of a user's phone, when the digest it holds is of another one.
    fn directory_news(&self, user: UserId, held: [u8; 8]) -> Option<ScopeDocument>;

    /// The marks that a phone lacks of what supervisors have seen; none when it has all. `known` is
    /// the revision it names, none when it stands in another epoch, whose revisions are not ours.
    ///
    /// # Errors
    /// When the marks cannot be read.
    fn seen_news(
        &self,
        author: Author,
        known: Option<u64>,
    ) -> Result<Option<SeenNews>, Self::Error>;
}
