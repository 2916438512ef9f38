//! Opening: segments in their order, each by its run when that is there and right, by its bytes otherwise; a torn
//! end cut off, damage named. Nothing acknowledged is removed; what is cut off is kept beside.

use std::{collections::BTreeMap, fs::File, num::NonZeroUsize, path::Path, sync::Arc};

use lru::LruCache;
use parking_lot::{Mutex, ReentrantMutex, RwLock};

use super::{
    block::compressor,
    commit::{SEGMENT_BYTES, Writer, store_run},
    files::Files,
    fold::{Ground, Opening, Scanned, fold},
    frame::{Head as FrameHead, Kind, Placing, encode, frame_at},
    marker::SEGMENTS,
    run::{Contents, Map, Run},
    shared::{Before, Layer, Shared, State},
};
use crate::log::{
    Engine, LogOptions,
    engines::open_store,
    error::LogError,
    store::{Guarded, sync_dir},
    types::{Head, OpenReport, StreamName},
};

const GONE: &str = "its segment is missing";
/// Room for one cached block, about.
const CACHED_BYTES: u64 = 16 * 1024;

pub(super) fn failed(dir: &Path) -> impl Fn(String) -> LogError + '_ {
    move |what| LogError::Open {
        dir: dir.display().to_string(),
        what,
    }
}

/// Makes the folder of segments anew with a first segment.
pub(super) fn create(dir: &Path, epoch: u64, skip_fsync: bool) -> std::io::Result<[u8; 8]> {
    let segments = dir.join(SEGMENTS);
    // What is there without a marker was never acknowledged.
    for number in Files::new(&segments, skip_fsync)
        .numbers()
        .unwrap_or_default()
    {
        std::fs::remove_file(Files::new(&segments, skip_fsync).path(number))?;
    }
    std::fs::create_dir_all(&segments)?;
    let log = getrandom::u64()
        .map_err(std::io::Error::other)?
        .to_be_bytes();
    let files = Files::new(&segments, skip_fsync);
    let placing = Placing {
        home: super::frame::Home { log, segment: 1 },
        number: 0,
        group: 0,
        nth: 0,
        more: false,
    };
    let opening = Opening {
        epoch,
        ..Opening::default()
    };
    files.create(
        1,
        &encode(&placing, Kind::Opening, Vec::new(), &opening.encode()),
    )?;
    if !skip_fsync {
        sync_dir(dir)?;
    }
    Ok(log)
}

/// Removes all files below a folder; the folders stay.
pub(super) fn clear(folder: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            clear(&path)?;
        } else {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The engine under the index; one that does not open is thrown away, for all of it can be made again.
fn open_index(dir: &Path, engine: Engine, options: &LogOptions) -> Result<Guarded, LogError> {
    let failed = failed(dir);
    let index = dir.join(format!("index-{engine}"));
    let open = || open_store(&index, engine, options, options.cache_bytes / 2);
    let store = match open() {
        Err(e) if index.exists() && !e.0.to_lowercase().contains("acquire lock") => {
            tracing::warn!(reason = %e, "the log's index did not open and is made again from the segments");
            clear(&index).map_err(|e| failed(e.to_string()))?;
            open()
        }
        other => other,
    };
    store.map(Guarded).map_err(|e| failed(e.0))
}

/// Reads everything in; what is found and done is in the report.
pub(super) fn load(
    dir: &Path,
    log: [u8; 8],
    engine: Engine,
    options: &LogOptions,
    report: &mut OpenReport,
) -> Result<Writer, LogError> {
    let failed = failed(dir);
    let io = |e: std::io::Error| failed(e.to_string());
    let files = Files::new(&dir.join(SEGMENTS), options.testing.skip_fsync)
        .failing(options.testing.faults.clone());
    let blocks = (options.cache_bytes / 2 / CACHED_BYTES).clamp(16, 1 << 20);
    let shared = Arc::new(Shared {
        log,
        files,
        store: open_index(dir, engine, options)?,
        min_free_bytes: options.min_free_bytes,
        indexer: options.indexer.clone(),
        state: RwLock::new(State::default()),
        stopped: RwLock::new(None),
        cache: Mutex::new(LruCache::new(
            usize::try_from(blocks)
                .ok()
                .and_then(NonZeroUsize::new)
                .unwrap_or(NonZeroUsize::MIN),
        )),
        mending: ReentrantMutex::new(()),
    });
    let numbers = shared.files.numbers().map_err(io)?;
    let mut last = numbers.last().copied().unwrap_or(0);
    let active = loop {
        if last == 0 {
            return Err(failed(
                "its segments are gone, though a log had been made here".into(),
            ));
        }
        if numbers.contains(&last) {
            let bytes = shared.files.whole(last).map_err(io)?;
            let scanned = Scanned::of(&bytes, shared.home(last));
            if scanned.next_frame > 0 {
                break scanned;
            }
            // Begun and never finished, or destroyed whole: what it held is missed elsewhere.
            report.unfinished = Some(shared.files.put_aside(last).map_err(io)?);
        }
        last -= 1;
    };
    for segment in 1..last {
        closed(&shared, segment, report).map_err(|e| failed(e.to_string()))?;
    }
    let writer = opened(shared, last, active, options, report)?;
    report.damage = writer
        .shared
        .state
        .read()
        .damage
        .values()
        .cloned()
        .collect();
    Ok(writer)
}

/// The first frame of a segment, when it can be read.
pub(super) fn opening(shared: &Shared, segment: u32) -> Option<Opening> {
    let mut bytes = shared.files.read(segment, 0..4096).ok()?;
    let len = FrameHead::parse(&bytes, shared.home(segment))
        .map_or(1 << 20, |(head, _)| head.total_len());
    if len > bytes.len() {
        bytes = shared.files.read(segment, 0..len as u64).ok()?;
    }
    let frame = frame_at(&bytes, shared.home(segment))?;
    (frame.head.kind == Kind::Opening && frame.lost.is_empty())
        .then(|| Opening::decode(&frame.body))?
}

/// Takes in a segment that is not written to any more.
fn closed(shared: &Shared, segment: u32, report: &mut OpenReport) -> Result<(), LogError> {
    let version = shared.indexer_version();
    // An engine that cannot read is no worse than one that has lost it.
    let run = Run::load(&shared.store, shared.log, version, segment).unwrap_or_default();
    let len = match shared.files.len(segment) {
        Ok(len) => len,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            report.segments_gone.push(segment);
            if let Some((run, contents)) = run {
                gone(&mut shared.state.write(), &contents);
                shared.put_layer(segment, Layer::Stored(Arc::new(run)));
            }
            return Ok(());
        }
        Err(e) => {
            return Err(LogError::Storage {
                what: e.to_string(),
            });
        }
    };
    if let Some(opening) = opening(shared, segment) {
        shared.state.write().expect(&opening.heads);
    }
    if let Some((run, contents)) = run
        && contents.len == len
        && contents.damage.is_empty()
    {
        shared.state.write().take(&contents);
        shared.put_layer(segment, Layer::Stored(Arc::new(run)));
        return Ok(());
    }
    let bytes = shared
        .files
        .whole(segment)
        .map_err(super::shared::unreadable("a segment of the log"))?;
    let scanned = Scanned::of(&bytes, shared.home(segment));
    let (mut contents, map) = folded(shared, segment, &scanned, report)?;
    contents.len = len;
    shared.state.write().take(&contents);
    let map = Arc::new(map);
    shared.put_layer(segment, Layer::Memory(Arc::clone(&map)));
    store_run(shared, &contents, &map);
    report.index_made_again |= !report.created;
    Ok(())
}

/// A segment whose file is gone but whose run is not: all that it held can be named.
pub(super) fn gone(state: &mut State, contents: &Contents) {
    let held = Contents {
        len: 0,
        damage: Vec::new(),
        healed: Vec::new(),
        ..contents.clone()
    };
    state.take(&held);
    for (stream, (_, places)) in &contents.streams {
        for place in places {
            for seq in place.first..place.first + u64::from(place.count) {
                state.name(stream, seq, GONE);
            }
        }
    }
    for (stream, place) in &contents.healed {
        for seq in place.first..place.first + u64::from(place.count) {
            state.name(stream, seq, GONE);
        }
    }
}

/// Folds a segment on what is known before it, and mends its file.
fn folded(
    shared: &Shared,
    segment: u32,
    scanned: &Scanned,
    report: &mut OpenReport,
) -> Result<(Contents, Map), LogError> {
    let layers = Arc::clone(&shared.state.read().layers);
    let folded = {
        let state = shared.state.read();
        let heads: BTreeMap<StreamName, Head> = state
            .streams
            .iter()
            .map(|(name, stream)| (name.clone(), stream.head))
            .collect();
        let epoch = state.epoch;
        drop(state);
        fold(
            scanned,
            &Ground {
                segment,
                epoch,
                before: &|stream| Some(heads.get(stream).copied().unwrap_or_default()),
                indexer: shared.indexer.as_deref(),
                under: &Before {
                    shared,
                    layers: &layers,
                },
            },
        )?
    };
    if !folded.mends.is_empty() {
        report.mended += folded.mends.len() as u64;
        if let Err(error) = shared.files.mend(segment, &folded.mends) {
            tracing::warn!(segment, %error, "what was mended could not be written back");
        }
    }
    report.lost_bytes += folded.lost_bytes;
    Ok((folded.contents, folded.map))
}

/// Takes in the segment that is written to, and makes the writer of it.
fn opened(
    shared: Arc<Shared>,
    segment: u32,
    mut scanned: Scanned,
    options: &LogOptions,
    report: &mut OpenReport,
) -> Result<Writer, LogError> {
    let io = super::shared::unreadable("the segment that is written to");
    if let Some(opening) = opening(&shared, segment) {
        shared.state.write().expect(&opening.heads);
    }
    report.torn = scanned.cut_torn(&options.acknowledged);
    report.kept = shared.files.cut(segment, scanned.end as u64).map_err(&io)?;
    let (contents, map) = folded(&shared, segment, &scanned, report)?;
    {
        let mut state = shared.state.write();
        state.take(&contents);
        state.active = map;
    }
    let file: File = shared.files.for_writing(segment).map_err(&io)?;
    Ok(Writer {
        file,
        segment_bytes: options.testing.segment_bytes.unwrap_or(SEGMENT_BYTES),
        contents,
        next_frame: scanned.next_frame,
        group: scanned.group,
        zstd: compressor().map_err(&io)?,
        closing: None,
        shared,
    })
}
