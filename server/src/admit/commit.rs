//! Commit: decisions become items of the log, then rows of the views.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::admission::Decision;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::{Entry, item_hash, next_prefix};
use gridfold_sync_core::ids::{Hash, IncarnationId, StreamId};

use crate::admit::facts::{BatchFacts, Memory};
use crate::admit::stored::{StoredItem, key_owner, seal_payload};
use crate::admit::write_error::WriteError;
use crate::auth::RecordKeys;
use crate::log::{AppendBatch, Head, Log, LogError, NewItem, StreamName};
use crate::project::{QUARANTINE_STREAM, decode_quarantine};
use crate::views::{ProjectedEntry, ViewsError, ViewsWriter};

const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;

/// One decision on its way into the log: what was decided, and whether a receipt vouches for it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) stream: StreamId,
    pub(super) decision: Decision,
    pub(super) recovered: bool,
    /// False when only the entry's hash is known.
    pub(super) has_header: bool,
}

/// What was appended, ready to be projected.
pub(super) type Projection = Vec<ProjectedEntry>;

/// Makes keys and items durable; gives what projection needs.
pub(super) fn append(
    log: &dyn Log,
    keys: &RecordKeys,
    outgoing: Vec<Outgoing>,
) -> Result<Projection, WriteError> {
    if outgoing.is_empty() {
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
        .collect::<Result<Vec<_>, WriteError>>()?;
    let mut places = BTreeMap::new();
    for (stream, result) in streams.into_iter().zip(log.append(batches)?) {
        let appended = result?;
        let before = appended.first_new_seq().unwrap_or(appended.head.seq + 1) - 1;
        let name = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
        let prefix = Hash(log.prefix_at(&name, before)?.unwrap_or_default());
        places.insert(stream, (appended.placed.into_iter(), prefix));
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

/// Projects what the log has and the views have not: after a start, and when views are made again.
///
/// # Errors
/// When log, keys or views fail; what was projected before stays.
pub(crate) fn catch_up(
    log: &dyn Log,
    keys: &RecordKeys,
    views: &mut ViewsWriter,
    directory: &Arc<Directory>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ViewsError> {
    let mut memory = Memory::default();
    let mut done = 0;
    let nobody = IncarnationId::from_bytes([0; 16]);
    for (name, head) in log.streams()? {
        let text = String::from_utf8_lossy(name.as_bytes()).into_owned();
        let (mut after, _) = views.cursor(&text)?;
        if text == QUARANTINE_STREAM {
            catch_up_quarantine(log, views, &name, &text, after, head)?;
            continue;
        }
        let Some(stream) = StreamId::parse(&text) else {
            continue;
        };
        while after < head.seq {
            let items = match log.read(&name, after, READ_ITEMS, READ_BYTES) {
                Ok(items) => items,
                // Damage costs what it hit: it is passed over by name, and filled in once healed.
                Err(LogError::Damaged { seq, .. }) if seq == after + 1 => {
                    tracing::error!(stream = %name, seq, "a damaged item is not in the views");
                    views.pass_gap(&stream, seq)?;
                    after = seq;
                    continue;
                }
                Err(e) => return Err(e.into()),
            };
            if items.is_empty() {
                break;
            }
            let mut facts =
                BatchFacts::new(views, log, keys, Arc::clone(directory), nobody, &mut memory);
            let mut batch = Vec::with_capacity(items.len());
            let mut unread = None;
            for item in items {
                let Ok(stored) = StoredItem::decode(&item.bytes) else {
                    unread = Some(item.seq);
                    break;
                };
                after = item.seq;
                let projected =
                    project_one(&mut facts, &stream, item.seq, Hash(item.prefix), stored)?;
                batch.push(projected);
            }
            facts.keep();
            done += batch.len() as u64;
            views.project(&batch, directory.forms())?;
            if let Some(seq) = unread {
                tracing::error!(stream = %name, seq, "an item that does not decode is not in the views");
                views.pass_gap(&stream, seq)?;
                after = seq;
            }
            progress(done);
        }
    }
    super::erase::finish(keys, views, directory)?;
    Ok(done)
}

fn catch_up_quarantine(
    log: &dyn Log,
    views: &mut ViewsWriter,
    name: &StreamName,
    text: &str,
    mut after: u64,
    head: Head,
) -> Result<(), ViewsError> {
    while after < head.seq {
        let (notes, end) = match log.read(name, after, READ_ITEMS, READ_BYTES) {
            Ok(items) => {
                let Some(last) = items.last() else { break };
                let end = (last.seq, Hash(last.prefix));
                let notes = items
                    .iter()
                    .filter_map(|i| decode_quarantine(i.seq, &i.bytes))
                    .collect();
                (notes, end)
            }
            // What was set aside and is damaged is named by the log.
            Err(LogError::Damaged { seq, .. }) if seq == after + 1 => {
                (Vec::new(), (seq, Hash::default()))
            }
            Err(e) => return Err(e.into()),
        };
        views.project_quarantine(text, after, &notes, end)?;
        after = end.0;
    }
    Ok(())
}

/// Computes anew what an item of the log did.
fn project_one(
    facts: &mut BatchFacts<'_>,
    stream: &StreamId,
    seq: u64,
    prefix: Hash,
    stored: StoredItem,
) -> Result<ProjectedEntry, ViewsError> {
    use gridfold_sync_core::admission::Facts;
    let entry = stored.entry(facts.keys)?;
    let state = match (&entry, stored.record, &stored.form) {
        (Some(entry), Some(record), Some(form)) if stored.verdict.is_admitted() => {
            Some(facts.fold(stream, &record, form, entry)?)
        }
        _ => None,
    };
    let claimed = stored
        .header
        .as_ref()
        .map_or(stored.received, |h| h.claimed);
    facts.decided(
        stream,
        &Decision {
            entry: entry.unwrap_or_else(|| Entry::hollow(stored.id)),
            hash: stored.entry_hash,
            // Heads of device logs are the log's own; projecting needs none.
            link: Hash::default(),
            author: stored.author,
            received: stored.received,
            verdict: stored.verdict,
            record: stored.record,
            form: stored.form.clone(),
            state: state.clone(),
            signature: stored.signature,
        },
    )?;
    Ok(ProjectedEntry {
        stream: stream.clone(),
        seq,
        prefix,
        id: stored.id,
        hash: stored.entry_hash,
        author: stored.author,
        claimed,
        received: stored.received,
        verdict: stored.verdict,
        record: stored.record,
        form: stored.form,
        state,
    })
}
