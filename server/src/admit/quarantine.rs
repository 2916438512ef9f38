//! Device logs that could not be taken: kept, sealed under the device's key, and shown.

use gridfold_sync_core::admission::{LogProblem, PushedLog};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::Hash;
use gridfold_sync_core::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::admit::write_error::WriteError;
use crate::auth::{RecordKeys, seal};
use crate::log::{AppendBatch, Log, NewItem, StreamName};
use crate::project::{QUARANTINE_STREAM, Quarantined, decode_quarantine, quarantine_content};
use crate::views::{QuarantineNote, ViewsError};

/// A device log to be set aside, sealed later.
pub(super) struct SetAside {
    pub(super) author: Author,
    pub(super) log: PushedLog,
    pub(super) problem: LogProblem,
    pub(super) received: Timestamp,
}

/// What was kept, and where in the quarantine stream.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) after: u64,
    pub(super) notes: Vec<QuarantineNote>,
    pub(super) end: (u64, Hash),
}

/// Keeps device logs that were not taken.
pub(super) fn quarantine(
    log: &dyn Log,
    keys: &RecordKeys,
    set_aside: Vec<SetAside>,
) -> Result<Option<Kept>, WriteError> {
    if set_aside.is_empty() {
        return Ok(None);
    }
    let stream = StreamName::new(QUARANTINE_STREAM).map_err(|_| ViewsError::Damaged)?;
    let owners: Vec<_> = set_aside.iter().map(|s| s.author.device.0).collect();
    let device_keys = keys.get_or_create_many(&owners)?;
    let mut items = Vec::with_capacity(set_aside.len());
    for (aside, key) in set_aside.iter().zip(device_keys) {
        let content = quarantine_content(&aside.log);
        let content_hash: [u8; 32] = Sha256::digest(&content).into();
        // What is larger than an item of the log is kept by its hash alone; the phone has it.
        let kept = if content.len() > crate::log::MAX_ITEM_BYTES / 8 {
            &content_hash[..]
        } else {
            &content[..]
        };
        let sealed = key
            .and_then(|k| seal(&k, QUARANTINE_STREAM.as_bytes(), kept).ok())
            .unwrap_or_default();
        let note = Quarantined::new(
            aside.author,
            &aside.log,
            aside.problem.as_str(),
            aside.received,
            sealed,
        );
        let bytes = serde_json::to_vec(&note).map_err(|_| ViewsError::Damaged)?;
        let mut h = Sha256::new();
        h.update(aside.author.device.bytes());
        h.update(aside.log.stream.name().as_bytes());
        h.update(aside.log.incarnation.bytes());
        h.update(content_hash);
        items.push(NewItem {
            key: h.finalize().into(),
            item_hash: Sha256::digest(&bytes).into(),
            bytes,
        });
    }
    let mut notes = Vec::new();
    let mut end = (0, Hash::default());
    let all: Vec<Vec<u8>> = items.iter().map(|i| i.bytes.clone()).collect();
    for result in log.append(vec![AppendBatch {
        stream,
        expect: None,
        items,
    }])? {
        let appended = result?;
        end = (appended.head.seq, Hash(appended.head.prefix));
        for (placed, bytes) in appended.placed.iter().zip(&all) {
            if placed.new {
                notes.extend(decode_quarantine(placed.seq, bytes));
            }
        }
    }
    // What was there before is projected already.
    Ok(notes
        .first()
        .map(|n| n.seq - 1)
        .map(|after| Kept { after, notes, end }))
}
