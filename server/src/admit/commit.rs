//! Commit: decisions become items of the log.

use std::collections::BTreeMap;

use gridfold_sync_core::admission::Decision;
use gridfold_sync_core::entry::{item_hash, next_prefix};
use gridfold_sync_core::ids::{Hash, StreamId};

use crate::admit::write_error::WriteError;
use crate::items::{StoredItem, key_owner, seal_payload};
use crate::keys::RecordKeys;
use crate::log::{AppendBatch, Log, NewItem, StreamName};
use crate::views::{ProjectedEntry, ViewsError};

/// One decision on its way into the log: what was decided, and whether a receipt vouches for it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) stream: StreamId,
    pub(crate) decision: Decision,
    pub(crate) recovered: bool,
    /// False when only the entry's hash is known.
    pub(crate) has_header: bool,
}

/// What was appended, ready to be projected.
pub(crate) type Projection = Vec<ProjectedEntry>;

/// Makes keys and items durable, with a batch of another stream in the same commit; gives what projection needs.
pub(crate) fn append(
    log: &dyn Log,
    keys: &RecordKeys,
    outgoing: Vec<Outgoing>,
    along: Option<AppendBatch>,
) -> Result<Projection, WriteError> {
    if outgoing.is_empty() && along.is_none() {
        return Ok(Vec::new());
    }
    let owners: Vec<_> = outgoing
        .iter()
        .filter(|o| o.decision.entry.ops.is_some())
        .map(|o| key_owner(o.decision.record, o.decision.author.device))
        .collect();
    keys.get_or_create_many(&owners)?;
    let mut batches: BTreeMap<StreamId, Vec<NewItem>> = BTreeMap::new();
    for o in &outgoing {
        let d = &o.decision;
        let id = d.entry.id();
        let owner = key_owner(d.record, d.author.device);
        let item = StoredItem {
            id,
            author: d.author,
            received: d.received,
            verdict: d.verdict,
            entry_hash: d.hash,
            record: d.record,
            form: d.form.clone(),
            signature: d.signature,
            recovered: o.recovered,
            header: o.has_header.then(|| d.entry.header.clone()),
            sealed: seal_payload(keys, owner, &d.entry, &d.hash)?,
        };
        batches.entry(o.stream.clone()).or_default().push(NewItem {
            key: d.hash.0,
            item_hash: item_hash(&d.hash, &id, &d.author, d.received, d.verdict).0,
            bytes: item.encode(),
        });
    }
    let streams: Vec<StreamId> = batches.keys().cloned().collect();
    let batches = batches
        .into_iter()
        .map(|(stream, items)| {
            let stream = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
            Ok(AppendBatch {
                stream,
                expect: None,
                items,
            })
        })
        .chain(along.map(Ok))
        .collect::<Result<Vec<_>, WriteError>>()?;
    let mut places = BTreeMap::new();
    let mut results = log.append(batches)?.into_iter();
    for (stream, result) in streams.into_iter().zip(results.by_ref()) {
        let appended = result?;
        let before = appended.first_new_seq().unwrap_or(appended.head.seq + 1) - 1;
        let name = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
        let prefix = Hash(log.prefix_at(&name, before)?.unwrap_or_default());
        places.insert(stream, (appended.placed.into_iter(), prefix));
    }
    for result in results {
        result?;
    }
    let mut projection = Vec::with_capacity(outgoing.len());
    for o in outgoing {
        let Some((placed, prefix)) = places.get_mut(&o.stream) else {
            continue;
        };
        let Some(placed) = placed.next() else {
            continue;
        };
        if !placed.new {
            continue;
        }
        let d = o.decision;
        let id = d.entry.id();
        *prefix = next_prefix(
            prefix,
            &item_hash(&d.hash, &id, &d.author, d.received, d.verdict),
        );
        projection.push(ProjectedEntry {
            stream: o.stream,
            seq: placed.seq,
            prefix: *prefix,
            id,
            hash: d.hash,
            author: d.author,
            claimed: if o.has_header {
                d.entry.header.claimed
            } else {
                d.received
            },
            received: d.received,
            verdict: d.verdict,
            record: d.record,
            form: d.form,
            state: d.state,
        });
    }
    Ok(projection)
}
