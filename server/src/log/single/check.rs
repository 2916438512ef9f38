//! Walks the items of a stream and says what is wrong: checksum, density, chain, key index.
//! Reads only; opening and verifying decide what to do with the findings.

use crate::log::{
    codec::{
        DAMAGE, HEAD, HeadState, ITEM, IndexEntry, SET_ASIDE, after_prefix, chain, decode_item,
        encode_item, index_key, parts, seal, seq_key, split_key, split_seq, stream_key, unseal,
    },
    store::{Op, Store, StoreError},
    types::{Damage, Hash32, Item, StreamName},
};

/// Bytes read from the store in one go.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// One stored value of an item with its parts joined, not yet checked.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) seq: u64,
    pub(super) value: Vec<u8>,
}

/// Reads whole values with `from` ≤ seq ≤ `to`, about `max_bytes` and at most `max_items` of them.
/// A page shorter than asked for ends at `to` or at the end of the stream.
pub(super) fn raw_items(
    store: &dyn Store,
    stream: &StreamName,
    from: u64,
    to: u64,
    max_items: usize,
    max_bytes: usize,
) -> Result<Vec<Raw>, StoreError> {
    let start = seq_key(ITEM, stream, from);
    let end = after_prefix(&seq_key(ITEM, stream, to));
    let skip = start.len() - 8;
    let mut out: Vec<Raw> = Vec::new();
    let mut bytes = 0;
    store.scan(&start, &end, &mut |key, value| {
        let Some(seq) = key.get(skip..).and_then(split_seq) else {
            return true;
        };
        let full = out.len() >= max_items || (bytes >= max_bytes && !out.is_empty());
        match out.last_mut() {
            Some(last) if last.seq == seq => last.value.extend_from_slice(value),
            _ if full => return false,
            _ => out.push(Raw {
                seq,
                value: value.to_vec(),
            }),
        }
        bytes += value.len();
        true
    })?;
    Ok(out)
}

/// One stored item, checked by its checksum only.
pub(super) fn item_at(
    store: &dyn Store,
    stream: &StreamName,
    seq: u64,
) -> Result<Option<Item>, StoreError> {
    let raw = raw_items(store, stream, seq, seq, 1, usize::MAX)?;
    Ok(raw
        .first()
        .and_then(|raw| decode_item(stream, seq, &raw.value)))
}

/// What the key index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    Absent,
    At(IndexEntry),
    Damaged,
}

pub(super) fn indexed(
    store: &dyn Store,
    stream: &StreamName,
    key: &Hash32,
) -> Result<Indexed, StoreError> {
    let place = index_key(stream, key);
    Ok(match store.get(&place)? {
        None => Indexed::Absent,
        Some(value) => IndexEntry::decode(&place, &value).map_or(Indexed::Damaged, Indexed::At),
    })
}

/// Where a key is stored at or before `head`. An entry whose item turns out to be another one is a remnant and
/// counts as absent; one whose item is damaged is believed.
pub(super) fn find(
    store: &dyn Store,
    stream: &StreamName,
    key: &Hash32,
    head: u64,
) -> Result<Result<Option<u64>, IndexIsDamaged>, StoreError> {
    Ok(match indexed(store, stream, key)? {
        Indexed::Damaged => Err(IndexIsDamaged),
        Indexed::At(entry) if entry.seq <= head => {
            let other = item_at(store, stream, entry.seq)?.is_some_and(|item| item.key != *key);
            Ok((!other).then_some(entry.seq))
        }
        Indexed::At(_) | Indexed::Absent => Ok(None),
    })
}

/// The index entry of a key is there but cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexIsDamaged;

/// The changes that store an item with its index entry, in parts the engine takes.
pub(super) fn item_ops(store: &dyn Store, stream: &StreamName, item: &Item) -> Vec<Op> {
    let value = encode_item(stream, item);
    let mut ops: Vec<Op> = parts(ITEM, stream, item.seq, &value, store.max_value_bytes())
        .into_iter()
        .map(|(key, value)| Op::Put(key, value))
        .collect();
    ops.push(index_op(stream, item));
    ops
}

pub(super) fn index_op(stream: &StreamName, item: &Item) -> Op {
    let place = index_key(stream, &item.key);
    let value = IndexEntry::of(item).encode(&place);
    Op::Put(place, value)
}

pub(super) fn head_op(stream: &StreamName, head: &HeadState) -> Op {
    let place = stream_key(HEAD, stream);
    let value = head.encode(&place);
    Op::Put(place, value)
}

/// The changes that move whatever is stored at a seq out of the way, under its name and with its reason.
pub(super) fn set_aside_ops(store: &dyn Store, damage: &Damage) -> Result<Vec<Op>, StoreError> {
    let from = seq_key(ITEM, &damage.stream, damage.seq);
    let mut ops = Vec::new();
    store.scan(&from, &after_prefix(&from), &mut |key, value| {
        let mut aside = key.to_vec();
        if let Some(kind) = aside.first_mut() {
            *kind = SET_ASIDE;
        }
        ops.push(Op::Put(aside, value.to_vec()));
        ops.push(Op::Delete(key.to_vec()));
        true
    })?;
    let place = seq_key(DAMAGE, &damage.stream, damage.seq);
    let reason = seal(&place, damage.reason.as_bytes());
    ops.push(Op::Put(place, reason));
    Ok(ops)
}

/// The changes that forget a set-aside item.
pub(super) fn clear_ops(
    store: &dyn Store,
    stream: &StreamName,
    seq: u64,
) -> Result<Vec<Op>, StoreError> {
    let mut ops = vec![Op::Delete(seq_key(DAMAGE, stream, seq))];
    for kind in [ITEM, SET_ASIDE] {
        let from = seq_key(kind, stream, seq);
        store.scan(&from, &after_prefix(&from), &mut |key, _| {
            ops.push(Op::Delete(key.to_vec()));
            true
        })?;
    }
    Ok(ops)
}

/// Damage recorded by earlier walks.
pub(super) fn recorded_damage(store: &dyn Store) -> Result<Vec<Damage>, StoreError> {
    let mut found = Vec::new();
    store.scan(&[DAMAGE], &[DAMAGE + 1], &mut |key, value| {
        if let Some((stream, rest)) = split_key(key)
            && let Some(seq) = split_seq(rest)
        {
            let reason = unseal(key, value).map_or(
                "the record of it is damaged too".into(),
                String::from_utf8_lossy,
            );
            found.push(Damage {
                stream,
                seq,
                reason: reason.into_owned(),
            });
        }
        true
    })?;
    Ok(found)
}

/// One finding of a walk.
#[derive(Debug)]
pub(super) enum Finding<'a> {
    /// A good item.
    Good(&'a Item),
    /// A good item whose index entry is missing or wrong.
    Unindexed(&'a Item),
    /// Nothing stored, or not what was appended.
    Bad { seq: u64, reason: &'static str },
}

pub(super) const MISSING: &str = "the item is missing";
pub(super) const CHECKSUM: &str = "the checksum does not match";
pub(super) const CHAIN: &str = "the prefix hash does not continue the chain";
pub(super) const NOT_HEAD: &str = "the prefix hash does not match the head";

/// Walks `from..=head.seq`, reporting every seq once and in order.
pub(super) fn walk(
    store: &dyn Store,
    stream: &StreamName,
    from: u64,
    head: &HeadState,
    found: &mut dyn FnMut(Finding<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut prev = match from {
        1 => Some([0; 32]),
        _ => item_at(store, stream, from - 1)?.map(|item| item.prefix),
    };
    let mut next = from;
    while next <= head.head.seq {
        let page = raw_items(store, stream, next, head.head.seq, usize::MAX, PAGE_BYTES)?;
        if page.is_empty() {
            break;
        }
        for raw in page {
            while next < raw.seq {
                found(Finding::Bad {
                    seq: next,
                    reason: MISSING,
                })?;
                prev = None;
                next += 1;
            }
            next = raw.seq + 1;
            let item = decode_item(stream, raw.seq, &raw.value);
            let broken =
                |item: &Item| prev.is_some_and(|prev| chain(&prev, &item.item_hash) != item.prefix);
            let reason = match &item {
                None => Some(CHECKSUM),
                Some(item) if broken(item) => Some(CHAIN),
                Some(item) if item.seq == head.head.seq && item.prefix != head.head.prefix => {
                    Some(NOT_HEAD)
                }
                Some(_) => None,
            };
            if let Some(reason) = reason {
                found(Finding::Bad {
                    seq: raw.seq,
                    reason,
                })?;
                prev = None;
            } else if let Some(item) = item {
                let right =
                    indexed(store, stream, &item.key)? == Indexed::At(IndexEntry::of(&item));
                found(if right {
                    Finding::Good(&item)
                } else {
                    Finding::Unindexed(&item)
                })?;
                prev = Some(item.prefix);
            }
        }
    }
    for seq in next..=head.head.seq {
        found(Finding::Bad {
            seq,
            reason: MISSING,
        })?;
    }
    Ok(())
}
