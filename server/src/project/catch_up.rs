//! Catch up: what the log has and the views have not becomes rows, as when it was admitted.

use std::sync::Arc;

use gridfold_sync_core::admission::{Decision, Facts as _};
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{Hash, IncarnationId, StreamId};

use crate::fold::{BatchFacts, Memory};
use crate::items::{QUARANTINE_STREAM, StoredItem, decode_quarantine};
use crate::keys::RecordKeys;
use crate::log::{Head, Log, LogError, StreamName};
use crate::project::erasures;
use crate::views::{ProjectedEntry, ViewsError, ViewsWriter};

const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;

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
    erasures::finish(keys, views, directory)?;
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
