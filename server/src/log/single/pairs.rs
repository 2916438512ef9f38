//! The indexer's pairs in the one store: written beside the items, made again from them.

use std::collections::HashMap;

use super::check::raw_items;
use crate::log::{
    codec::{INDEXED, INDEXER_KEY, after_prefix, decode_item, seal, unseal},
    error::LogError,
    indexer::{IndexRead, Indexer, Pair, checked},
    store::{Op, Store, StoreError},
    types::StreamName,
};

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
