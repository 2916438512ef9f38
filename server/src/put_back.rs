//! Putting items back into a log that lacks them.
//!
//! What enters: the places that are damaged or missing, and items that somebody offers for them.
//! What leaves: how many the log took. What never happens here: an item that is believed before its
//! hash, its key and the chain prove it.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::StreamId;
use sha2::{Digest as _, Sha256};

use crate::auth::{DirectoryCopy, Noted};
use crate::directory::DIRECTORY_STREAM;
use crate::items::StoredItem;
use crate::keys::StoreError;
use crate::log::{AppendBatch, Head, Log, LogError, NewItem, StreamName, next_prefix};
use crate::witness::acknowledged;

/// Places that a log lacks, by stream, and what was offered for them.
pub(crate) type Wanted = BTreeMap<StreamName, BTreeMap<u64, Option<NewItem>>>;

/// Whether the bytes of an item are what its hash covers.
fn is_of_its_hash(stream: &StreamName, item: &NewItem) -> bool {
    if stream.as_bytes() == DIRECTORY_STREAM.as_bytes() {
        let hash: [u8; 32] = Sha256::digest(&item.bytes).into();
        return hash == item.item_hash;
    }
    if StreamId::parse(&String::from_utf8_lossy(stream.as_bytes())).is_none() {
        return true;
    }
    StoredItem::decode(&item.bytes).is_ok_and(|stored| {
        stored.entry_hash.0 == item.key && stored.item_hash().0 == item.item_hash
    })
}

/// Takes an item for a place that wants one.
pub(crate) fn offer(wanted: &mut Wanted, stream: &StreamName, seq: u64, item: NewItem) {
    if let Some(place) = wanted.get_mut(stream).and_then(|seqs| seqs.get_mut(&seq))
        && is_of_its_hash(stream, &item)
    {
        *place = Some(item);
    }
}

/// Takes what the copy of the directory has.
pub(crate) fn from_copy(copy: &DirectoryCopy, wanted: &mut Wanted) -> Result<(), StoreError> {
    let dir = wanted
        .iter()
        .find(|(stream, _)| stream.as_bytes() == DIRECTORY_STREAM.as_bytes());
    let Some((stream, seqs)) = dir else {
        return Ok(());
    };
    let (stream, seqs) = (stream.clone(), seqs.keys().copied().collect::<Vec<_>>());
    for seq in seqs {
        if let Some(item) = copy.get(seq)? {
            offer(wanted, &stream, seq, item);
        }
    }
    Ok(())
}

/// Puts back what was offered, each run of items that follow each other by itself.
pub(crate) fn give_back(
    log: &dyn Log,
    noted: Option<&Noted>,
    wanted: Wanted,
) -> Result<u64, LogError> {
    let knew = acknowledged(noted);
    let mut healed = 0;
    for (stream, seqs) in wanted {
        let head = log.head(&stream)?;
        let mut run: Vec<NewItem> = Vec::new();
        let mut first = 0;
        let mut behind = Vec::new();
        for (seq, item) in seqs {
            if seq > head.seq {
                behind.extend(item);
                continue;
            }
            match item {
                Some(item) if first + run.len() as u64 == seq && !run.is_empty() => run.push(item),
                item => {
                    healed += run_back(log, &stream, first, std::mem::take(&mut run))?;
                    first = seq;
                    run.extend(item);
                }
            }
        }
        healed += run_back(log, &stream, first, run)?;
        if let Some(knew) = knew.get(&stream) {
            healed += end_back(log, &stream, head, *knew, behind)?;
        }
    }
    Ok(healed)
}

fn run_back(
    log: &dyn Log,
    stream: &StreamName,
    first: u64,
    run: Vec<NewItem>,
) -> Result<u64, LogError> {
    if run.is_empty() {
        return Ok(0);
    }
    match log.heal(stream, first, run) {
        // What is not proven stays named.
        Err(LogError::NotProven { .. }) => Ok(0),
        other => other,
    }
}

/// Appends a lost end when it leads exactly to what the witness noted.
fn end_back(
    log: &dyn Log,
    stream: &StreamName,
    has: Head,
    knew: Head,
    items: Vec<NewItem>,
) -> Result<u64, LogError> {
    let count = items.len() as u64;
    if count == 0 || has.seq + count != knew.seq {
        return Ok(0);
    }
    let prefix = items.iter().fold(has.prefix, |prefix, item| {
        next_prefix(&prefix, &item.item_hash)
    });
    if prefix != knew.prefix {
        return Ok(0);
    }
    let batch = AppendBatch {
        stream: stream.clone(),
        expect: Some(has.seq),
        items,
    };
    let appended = log.append(vec![batch])?;
    Ok(if appended.iter().all(Result::is_ok) {
        count
    } else {
        0
    })
}
