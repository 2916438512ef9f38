//! The seam for an index that others keep over the log, written in the log's own commit.
//! Items enter in the order they are committed; pairs of key and value leave, in a space of keys of their own.
//! Nothing here decides what is in a pair, and no pair is ever the truth: all can be made again from the items.

use std::{collections::HashMap, fmt};

use super::{
    check::raw_items,
    codec::{INDEXED, INDEXER_KEY, after_prefix, decode_item, seal, unseal},
    error::LogError,
    store::{Op, Store, StoreError},
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

/// Bytes of items indexed in one commit while an index is made again.
const REBUILD_BYTES: usize = 32 * 1024;

/// Pairs not written yet over those of the store.
pub(super) struct Overlay<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) pending: &'a HashMap<Vec<u8>, Vec<u8>>,
}

impl IndexRead for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
        match self.pending.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None => stored_pair(self.store, key),
        }
    }
}

fn place(key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(1 + key.len());
    place.push(INDEXED);
    place.extend_from_slice(key);
    place
}

fn damaged() -> LogError {
    LogError::Storage {
        what: "a pair of the log's index is damaged; the next start makes the index again".into(),
    }
}

pub(super) fn stored_pair(store: &dyn Store, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
    let place = place(key);
    match store.get(&place)? {
        None => Ok(None),
        Some(value) => Ok(Some(unseal(&place, &value).ok_or_else(damaged)?.to_vec())),
    }
}

/// Pairs with `from` ≤ key < `to` in order, the last ones first when `reverse`, at most `max`.
pub(super) fn stored_range(
    store: &dyn Store,
    from: &[u8],
    to: &[u8],
    reverse: bool,
    max: usize,
) -> Result<Vec<Pair>, LogError> {
    let mut found = std::collections::VecDeque::new();
    let mut bad = false;
    store.scan(&place(from), &place(to), &mut |key, value| {
        if found.len() >= max && !reverse {
            return false;
        }
        let Some(body) = unseal(key, value) else {
            bad = true;
            return false;
        };
        found.push_back((key.get(1..).unwrap_or_default().to_vec(), body.to_vec()));
        if found.len() > max {
            found.pop_front();
        }
        true
    })?;
    if bad {
        return Err(damaged());
    }
    let found: Vec<Pair> = found.into();
    Ok(if reverse {
        found.into_iter().rev().collect()
    } else {
        found
    })
}

/// The changes that write pairs.
pub(super) fn pair_ops(pairs: &[Pair]) -> Vec<Op> {
    pairs
        .iter()
        .map(|(key, value)| {
            let place = place(key);
            let value = seal(&place, value);
            Op::Put(place, value)
        })
        .collect()
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

/// Writes the index again unless the stored one is of this indexer's version and every item is in it.
/// True when it was written.
pub(super) fn make_again(
    store: &dyn Store,
    indexer: &dyn Indexer,
    streams: &[(StreamName, u64)],
    doubted: bool,
) -> Result<bool, StoreError> {
    let version = seal(INDEXER_KEY, &indexer.version().to_le_bytes());
    if !doubted
        && store
            .get(INDEXER_KEY)?
            .is_some_and(|stored| stored == version)
    {
        return Ok(false);
    }
    store.commit(vec![Op::Delete(INDEXER_KEY.to_vec())])?;
    let from = [INDEXED];
    loop {
        let mut ops = Vec::new();
        let mut bytes = 0;
        store.scan(&from, &after_prefix(&from), &mut |key, _| {
            bytes += key.len();
            ops.push(Op::Delete(key.to_vec()));
            bytes < REBUILD_BYTES
        })?;
        if ops.is_empty() {
            break;
        }
        store.commit(ops)?;
    }
    for (stream, head) in streams {
        let mut next = 1;
        while next <= *head {
            let page = raw_items(store, stream, next, *head, usize::MAX, REBUILD_BYTES)?;
            let Some(last) = page.last() else { break };
            next = last.seq + 1;
            let mut pending = HashMap::new();
            for raw in &page {
                let Some(item) = decode_item(stream, raw.seq, &raw.value) else {
                    continue;
                };
                let read = Overlay {
                    store,
                    pending: &pending,
                };
                let pairs = indexer
                    .pairs(stream, &item, &read)
                    .and_then(checked)
                    .map_err(|e| StoreError::new("an item could not be indexed", e))?;
                pending.extend(pairs);
            }
            let pairs: Vec<Pair> = pending.into_iter().collect();
            store.commit(pair_ops(&pairs))?;
        }
    }
    store.commit(vec![Op::Put(INDEXER_KEY.to_vec(), version)])?;
    Ok(true)
}
