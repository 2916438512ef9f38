//! Device logs that could not be taken: kept, sealed by record, and shown.
//!
//! What never happens here: a word about a record that its erasure leaves behind.

use std::collections::BTreeMap;

use gridfold_sync_core::admission::{Facts as _, LogProblem, PushedLog};
use gridfold_sync_core::entry::{Author, Target};
use gridfold_sync_core::ids::{EntryRef, Hash, RecordId};
use gridfold_sync_core::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::admit::write_error::WriteError;
use crate::fold::BatchFacts;
use crate::items::{
    QUARANTINE_STREAM, QuarantineNote, Quarantined, QuarantinedPart, decode_quarantine,
    put_quarantined,
};
use crate::keys::{RecordKeys, seal};
use crate::log::{AppendBatch, Log, MAX_ITEM_BYTES, NewItem, StreamName};
use crate::views::ViewsError;

/// Records of one log whose entries are kept apart; of a log on more only the hash is kept.
const MAX_OWNERS: usize = 64;

/// A device log to be set aside, sealed later.
pub(crate) struct SetAside {
    pub(crate) author: Author,
    pub(crate) log: PushedLog,
    pub(crate) problem: LogProblem,
    pub(crate) received: Timestamp,
    /// The record of each entry, where it can be told.
    pub(crate) records: Vec<Option<RecordId>>,
}

/// The record that each entry of a log is on, where it can be told.
pub(crate) fn records_of(
    facts: &mut BatchFacts<'_>,
    log: &PushedLog,
) -> Result<Vec<Option<RecordId>>, ViewsError> {
    let mut here: BTreeMap<EntryRef, RecordId> = BTreeMap::new();
    let mut out = Vec::with_capacity(log.entries.len());
    for entry in &log.entries {
        let record = match &entry.header.target {
            Target::New { record, .. } => Some(*record),
            Target::At(deps) => {
                let mut found = None;
                for dep in deps {
                    found = match here.get(dep) {
                        Some(record) => Some(*record),
                        None => facts.entry(&log.stream, dep)?.and_then(|f| f.record),
                    };
                    if found.is_some() {
                        break;
                    }
                }
                found
            }
        };
        if let Some(record) = record {
            here.insert(entry.id(), record);
        }
        out.push(record);
    }
    Ok(out)
}

/// Seals what is kept of a log under the keys of its records. What is on an erased one is not kept.
fn seal_parts(keys: &RecordKeys, aside: &SetAside) -> Result<Vec<QuarantinedPart>, WriteError> {
    let device = aside.author.device.0;
    let mut by_owner: BTreeMap<Uuid, Vec<u8>> = BTreeMap::new();
    for (entry, record) in aside.log.entries.iter().zip(&aside.records) {
        let owner = record.map_or(device, |record| record.0);
        put_quarantined(by_owner.entry(owner).or_default(), entry);
    }
    let bytes: usize = by_owner.values().map(Vec::len).sum();
    if bytes > MAX_ITEM_BYTES / 8 || by_owner.len() > MAX_OWNERS {
        // What is larger than an item of the log is kept by its hash alone; the phone has it.
        let hash = by_owner
            .values()
            .fold(Sha256::new(), |h, c| h.chain_update(c));
        by_owner = BTreeMap::from([(device, hash.finalize().to_vec())]);
    }
    let owners: Vec<Uuid> = by_owner.keys().copied().collect();
    let owned = keys.get_or_create_many(&owners)?;
    Ok(by_owner
        .into_iter()
        .zip(owned)
        .filter_map(|((owner, content), key)| {
            let sealed = seal(&key?, QUARANTINE_STREAM.as_bytes(), &content).ok()?;
            Some(QuarantinedPart { owner, sealed })
        })
        .collect())
}

/// What was kept, and where in the quarantine stream.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) after: u64,
    pub(crate) notes: Vec<QuarantineNote>,
    pub(crate) end: (u64, Hash),
}

/// Keeps device logs that were not taken.
pub(crate) fn quarantine(
    log: &dyn Log,
    keys: &RecordKeys,
    set_aside: Vec<SetAside>,
) -> Result<Option<Kept>, WriteError> {
    if set_aside.is_empty() {
        return Ok(None);
    }
    let stream = StreamName::new(QUARANTINE_STREAM).map_err(|_| ViewsError::Damaged)?;
    let mut items = Vec::with_capacity(set_aside.len());
    for aside in &set_aside {
        let mut content = Vec::new();
        for entry in &aside.log.entries {
            put_quarantined(&mut content, entry);
        }
        let content_hash: [u8; 32] = Sha256::digest(&content).into();
        let parts = seal_parts(keys, aside)?;
        let note = Quarantined::new(
            aside.author,
            &aside.log,
            aside.problem.as_str(),
            aside.received,
            parts,
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
