//! The seam for an index that others keep over the log, written in the log's own commit.
//! Items enter in the order they are committed; pairs of key and value leave, in a space of keys of their own.
//! Nothing here decides what is in a pair, and no pair is ever the truth: all can be made again from the items.

use std::fmt;

use super::{
    error::LogError,
    types::{Item, StreamName},
};

/// Longest key of a pair, in bytes.
pub const MAX_PAIR_KEY_BYTES: usize = 256;
/// Longest value of a pair, in bytes.
pub const MAX_PAIR_VALUE_BYTES: usize = 2 * 1024;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The index as it stands: with all pairs of earlier items of the same group commit.
pub trait IndexRead {
    /// The value of a key.
    ///
    /// # Errors
    /// When the index cannot be read; hand it on, the append is then refused whole.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError>;
}

/// Derives pairs from items. Given to [`super::open`] in [`super::LogOptions::indexer`].
///
/// What the log promises:
/// * it is called once for each new item, in the order of its stream, on the log's committing thread, before the
///   item can be read; the pairs become durable and visible with the item, all or none;
/// * a pair put again replaces the value; pairs are never removed one by one;
/// * the whole index is made again from the items when it is lost, damaged, made by another
///   [`Indexer::version`], or when a torn tail was cut; damaged items are left out then, and each is given in when
///   it is healed, so also after later items of its stream.
///
/// What it asks for:
/// * pure: nothing but the item and what `read` gives, no clock and no randomness;
/// * it reads only keys that items of the same stream wrote: the order between streams is another one when the
///   index is made again;
/// * an item that comes late (healed) must not replace what a later one wrote: compare seqs that stand in the value;
/// * bytes it cannot read give no pairs; only a failing `read` is an error.
pub trait Indexer: Send + Sync + fmt::Debug {
    /// Number of the pairs' layout; another one than the stored makes the index again at the start.
    fn version(&self) -> u32;

    /// The pairs of one item: keys of at most [`MAX_PAIR_KEY_BYTES`], values of at most [`MAX_PAIR_VALUE_BYTES`].
    ///
    /// # Errors
    /// Only those of `read`.
    fn pairs(
        &self,
        stream: &StreamName,
        item: &Item,
        read: &dyn IndexRead,
    ) -> Result<Vec<Pair>, LogError>;
}

/// Pairs within the sizes a log takes.
pub(super) fn checked(pairs: Vec<Pair>) -> Result<Vec<Pair>, LogError> {
    for (key, value) in &pairs {
        if key.is_empty() || key.len() > MAX_PAIR_KEY_BYTES || value.len() > MAX_PAIR_VALUE_BYTES {
            return Err(LogError::Storage {
                what: format!(
                    "an index pair of {} and {} bytes is over the limits; this is a defect of the server",
                    key.len(),
                    value.len()
                ),
            });
        }
    }
    Ok(pairs)
}
