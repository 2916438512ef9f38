//! Verifying: every segment read and folded again beside what is served. What can be mended is written back, runs
//! that differ are stored anew, and the list of damage becomes what was found.

use std::sync::Arc;

use super::{
    commit::{Writer, store_run},
    fold::{Folded, Ground, Scanned, fold},
    log::SegmentLog,
    open::{gone, opening},
    run::Run,
    shared::{Before, Layer, Shared, State, unreadable},
};
use crate::log::{
    error::LogError,
    types::{Head, StreamName, VerifyReport},
};

impl SegmentLog {
    pub(super) fn verify_all(
        &self,
        progress: &mut dyn FnMut(u64),
    ) -> Result<VerifyReport, LogError> {
        let shared = &self.shared;
        let mut report = VerifyReport::default();
        let mut seen = State::default();
        let mut segment = 1;
        loop {
            // The one that is written to stands still while it is looked at.
            let (found, is_last) = {
                let active = self.alone(|writer| Ok(writer.contents.segment))?;
                if segment < active {
                    (verify_closed(shared, segment, &mut seen)?, false)
                } else {
                    let mut taken = std::mem::take(&mut seen);
                    let (found, back) = self.alone(move |writer| {
                        // It may have been closed meanwhile; then it is looked at as one that is.
                        let found = if writer.contents.segment == segment {
                            Some(verify_active(writer, &mut taken)?)
                        } else {
                            None
                        };
                        Ok((found, taken))
                    })?;
                    seen = back;
                    match found {
                        Some(found) => (found, true),
                        None => (verify_closed(shared, segment, &mut seen)?, false),
                    }
                }
            };
            report.items += found.items;
            report.bytes += found.bytes;
            report.index_repaired += found.repaired;
            report.mended += found.mended;
            report.lost_bytes += found.lost_bytes;
            if found.items > 0 {
                progress(report.items);
            }
            if is_last {
                break;
            }
            segment += 1;
        }
        let mut state = shared.state.write();
        for (name, stream) in &seen.streams {
            report.streams += u64::from(stream.head.seq > 0);
            let served = state.head(name);
            // Appends go on meanwhile, so what is served may be ahead.
            if served.seq < stream.head.seq
                || (served.seq == stream.head.seq && served.prefix != stream.head.prefix)
            {
                report.digests_wrong.push(name.clone());
            }
        }
        for (name, stream) in &state.streams {
            let found = seen.head(name);
            if found == Head::default() && stream.head.seq > 0 && !seen.streams.contains_key(name) {
                report.digests_wrong.push(name.clone());
            }
        }
        report.damage = seen.damage.values().cloned().collect();
        state.damage = seen.damage;
        drop(state);
        shared.cache.lock().clear();
        Ok(report)
    }
}

/// What one segment came to.
#[derive(Debug, Default)]
struct Found {
    items: u64,
    bytes: u64,
    repaired: u64,
    mended: u64,
    lost_bytes: u64,
}

fn fold_again(
    shared: &Shared,
    segment: u32,
    scanned: &Scanned,
    seen: &State,
) -> Result<Folded, LogError> {
    let layers = Arc::clone(&shared.state.read().layers);
    let before = layers.partition_point(|(n, _)| *n < segment);
    fold(
        scanned,
        &Ground {
            segment,
            epoch: seen.epoch,
            before: &|stream: &StreamName| Some(seen.head(stream)),
            indexer: shared.indexer.as_deref(),
            under: &Before {
                shared,
                layers: layers.get(..before).unwrap_or_default(),
            },
        },
    )
}

fn mend(shared: &Shared, segment: u32, folded: &Folded) -> Found {
    if let Err(error) = shared.files.mend(segment, &folded.mends) {
        tracing::warn!(segment, %error, "what was mended could not be written back");
    }
    Found {
        items: folded.items,
        bytes: folded.bytes,
        repaired: 0,
        mended: folded.mends.len() as u64,
        lost_bytes: folded.lost_bytes,
    }
}

fn verify_closed(shared: &Shared, segment: u32, seen: &mut State) -> Result<Found, LogError> {
    let bytes = match shared.files.whole(segment) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let version = shared.indexer_version();
            if let Some((_, contents)) =
                Run::load(&shared.store, shared.log, version, segment).unwrap_or_default()
            {
                gone(seen, &contents);
            }
            return Ok(Found::default());
        }
        Err(e) => return Err(unreadable("a segment of the log")(e)),
    };
    if let Some(opening) = opening(shared, segment) {
        seen.expect(&opening.heads);
    }
    let scanned = Scanned::of(&bytes, shared.home(segment));
    let mut folded = fold_again(shared, segment, &scanned, seen)?;
    folded.contents.len = bytes.len() as u64;
    let mut found = mend(shared, segment, &folded);
    seen.take(&folded.contents);
    let layers = Arc::clone(&shared.state.read().layers);
    let layer = layers.iter().find(|(n, _)| *n == segment);
    let agrees = match layer {
        Some((_, Layer::Stored(run))) => run.agrees(&shared.store, &folded.map).unwrap_or_default(),
        Some((_, Layer::Memory(_))) | None => false,
    };
    // Pairs of damaged items are kept where the run still has them: they tell keys that the segment lost.
    if !agrees && folded.contents.damage.is_empty() {
        found.repaired += match layer {
            Some((_, Layer::Memory(_))) => 0,
            _ => 1,
        };
        let map = Arc::new(std::mem::take(&mut folded.map));
        shared.put_layer(segment, Layer::Memory(Arc::clone(&map)));
        store_run(shared, &folded.contents, &map);
    }
    Ok(found)
}

fn verify_active(writer: &mut Writer, seen: &mut State) -> Result<Found, LogError> {
    let shared = Arc::clone(&writer.shared);
    let segment = writer.contents.segment;
    let bytes = shared
        .files
        .read(segment, 0..writer.contents.len)
        .map_err(unreadable("the segment that is written to"))?;
    if let Some(opening) = opening(&shared, segment) {
        seen.expect(&opening.heads);
    }
    let scanned = Scanned::of(&bytes, shared.home(segment));
    let folded = fold_again(&shared, segment, &scanned, seen)?;
    let mut found = mend(&shared, segment, &folded);
    seen.take(&folded.contents);
    if folded.contents.damage.is_empty() {
        let mut state = shared.state.write();
        if state.active != folded.map {
            state.active = folded.map;
            found.repaired += 1;
        }
    }
    Ok(found)
}
