//! Taking over a log from before, all of which is in one store: its items are written as segments beside it, and
//! only when all of them are durable does the marker say so. The store is left as it is, as a backup. Cut short at
//! any point, the next start begins anew; nothing is appended before it is done.

use std::path::Path;

use super::{
    commit::{Group, Span, Writer},
    fold::{MISSING, index_item},
    frame::Kind,
    open::{clear, create, failed, load},
    run::Map,
    shared::Now,
};
use crate::log::{
    Engine, Log as _, LogOptions,
    codec::chain,
    error::LogError,
    single::{self, StoreLog},
    types::{Damage, Head, Item, OpenReport, StreamName},
};

/// Items and bytes of one page that is taken over.
const PAGE_ITEMS: usize = 4096;
const PAGE_BYTES: usize = 2 << 20;

/// Writes the segments of a log from before; its id, once all is durable.
pub(super) fn take_over(
    dir: &Path,
    before: Engine,
    engine: Engine,
    options: &LogOptions,
    report: &mut OpenReport,
) -> Result<[u8; 8], LogError> {
    let failed = failed(dir);
    let io = |e: std::io::Error| failed(e.to_string());
    let plain = LogOptions {
        indexer: None,
        ..options.clone()
    };
    let (old, old_report) = single::open(dir, before, &plain)?;
    report.created = old_report.created;
    report.epoch_changed = old_report.epoch_changed;
    report.torn.clone_from(&old_report.torn);
    for engine in [Engine::Sled, Engine::Redb] {
        clear(&dir.join(format!("index-{engine}"))).map_err(io)?;
    }
    let log = create(dir, old.epoch(), options.testing.skip_fsync).map_err(io)?;
    let mut writer = load(dir, log, engine, options, &mut OpenReport::default())?;
    for (stream, head) in old.streams()? {
        stream_over(&old, &mut writer, &stream, head)?;
    }
    writer.wait_for_closing();
    for (stream, head) in old.streams()? {
        let taken = writer.shared.state.read().head(&stream);
        if taken != head {
            return Err(failed(format!(
                "stream {stream} of the log from before ends at {} and only {} could be taken over",
                head.seq, taken.seq
            )));
        }
    }
    report.taken_over =
        (!old_report.created).then(|| dir.join(before.name()).display().to_string());
    Ok(log)
}

fn stream_over(
    old: &StoreLog,
    writer: &mut Writer,
    stream: &StreamName,
    head: Head,
) -> Result<(), LogError> {
    let mut end = Head::default();
    while end.seq < head.seq {
        match old.read(stream, end.seq, PAGE_ITEMS, PAGE_BYTES) {
            Ok(items) => end = page_over(writer, stream, end, items)?,
            // What is damaged keeps its place: the next block begins behind it, so it is named.
            Err(LogError::Damaged { .. }) => {
                let seq = end.seq + 1;
                let told = if seq == head.seq {
                    Some(head.prefix)
                } else {
                    old.prefix_of_damaged(stream, seq)?
                };
                // When nothing tells it, the item behind cannot be chained and goes with this one.
                let prefix = told.unwrap_or_default();
                end = Head { seq, prefix };
                skip_to(writer, stream, end);
            }
            Err(e) => return Err(e),
        }
    }
    if writer
        .contents
        .streams
        .get(stream)
        .is_none_or(|(h, _)| *h != head)
    {
        // A damaged end has no block behind it that would tell of it; the next segment's first frame does.
        writer.contents.streams.entry(stream.clone()).or_default().0 = head;
        writer.close_segment()?;
    }
    Ok(())
}

/// Leaves one place empty, by name.
fn skip_to(writer: &mut Writer, stream: &StreamName, end: Head) {
    writer.contents.damage.push(Damage {
        stream: stream.clone(),
        seq: end.seq,
        reason: MISSING.to_owned(),
    });
    let mut state = writer.shared.state.write();
    state.streams.entry(stream.clone()).or_default().head = end;
}

fn page_over(
    writer: &mut Writer,
    stream: &StreamName,
    mut end: Head,
    items: Vec<Item>,
) -> Result<Head, LogError> {
    let Some(first) = items.first() else {
        return Ok(end);
    };
    if chain(&end.prefix, &first.item_hash) != first.prefix {
        // The one before is damaged and its prefix is lost with it: this item cannot be chained, and goes with it.
        end = Head {
            seq: first.seq,
            prefix: first.prefix,
        };
        skip_to(writer, stream, end);
        let rest: Vec<Item> = items.into_iter().skip(1).collect();
        return if rest.is_empty() {
            Ok(end)
        } else {
            page_over(writer, stream, end, rest)
        };
    }
    let mut pairs = Map::new();
    let shared = std::sync::Arc::clone(&writer.shared);
    for item in &items {
        let indexer = shared.indexer.as_deref();
        index_item(&mut pairs, indexer, &Now(&shared), stream, item)?;
    }
    if let Some(last) = items.last() {
        end = Head {
            seq: last.seq,
            prefix: last.prefix,
        };
    }
    let before = writer.shared.state.read().head(stream).prefix;
    let group: Group = vec![(stream.clone(), Span { before, items })];
    writer.write(Kind::Items, &group, pairs)?;
    Ok(end)
}
