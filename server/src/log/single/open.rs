//! Opening: which engine the directory was made with, an interrupted creation put aside, heads loaded, the last
//! items of every stream checked, a torn tail cut off, damage set aside. Nothing acknowledged is ever removed.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
    sync::Arc,
};

use parking_lot::RwLock;

use super::{
    check::{Finding, head_op, index_op, raw_items, recorded_damage, set_aside_ops, walk},
    commit::Shared,
    engine::StoreLog,
    pairs::make_again,
};
use crate::log::{
    Engine, LogOptions,
    codec::{
        EPOCH_KEY, HEAD, HeadState, INDEX, ITEM, IndexEntry, after_prefix, decode_item, index_key,
        seal, seq_key, split_key, stream_key, unseal,
    },
    engines::open_store as open_in,
    error::LogError,
    store::{Guarded, Op, Store, StoreError, dir_bytes, sync_dir},
    types::{Damage, Head, OpenReport, StreamName},
};

/// Items at the end of each stream that opening checks; `verify` checks all.
const TAIL_CHECK_ITEMS: u64 = 64;
/// A creation cut short leaves no more than this; anything larger is somebody's log and is left alone.
const UNFINISHED_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Items of a torn tail read at a time.
const TORN_PAGE_ITEMS: usize = 256;
/// Names the engine; written last, so that a directory without it was never acknowledged anything.
const MARKER: &str = "LOG";
const MARKER_TITLE: &str = "gridfold log 1";

/// Opens the log in `dir`, or creates it.
/// The report says what was found and repaired; it belongs in the server's log and on the operator's page.
pub(in crate::log) fn open(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<(StoreLog, OpenReport), LogError> {
    let failed = |what: String| LogError::Open {
        dir: dir.display().to_string(),
        what,
    };
    let mut report = OpenReport::default();
    let store = if engine == Engine::Memory {
        open_store(dir, engine, options).map_err(|e| failed(e.0))?
    } else {
        open_on_disk(dir, engine, options, &mut report)?
    };
    let store = Guarded(store);
    let may_be_empty = engine == Engine::Memory || report.created;
    let (epoch, heads, damage) =
        load(&store, may_be_empty, &mut report).map_err(|e| failed(e.0))?;
    if let Some(indexer) = &options.indexer {
        let streams: Vec<_> = heads.iter().map(|(s, h)| (s.clone(), h.head.seq)).collect();
        let doubted = !report.torn.is_empty() || !report.heads_rebuilt.is_empty();
        report.index_made_again = make_again(&store, &**indexer, &streams, doubted)
            .map_err(|e| failed(e.0))?
            && !report.created;
    }
    let shared = Shared {
        store,
        indexer: options.indexer.clone(),
        min_free_bytes: options.min_free_bytes,
        heads: RwLock::new(heads),
        damage: RwLock::new(
            damage
                .into_iter()
                .map(|d| ((d.stream.clone(), d.seq), d))
                .collect(),
        ),
        stopped: RwLock::new(None),
    };
    let log = StoreLog::start(shared, epoch).map_err(|e| failed(format!("no thread: {e}")))?;
    Ok((log, report))
}

fn open_store(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<Arc<dyn Store>, StoreError> {
    open_in(
        &dir.join(engine.name()),
        engine,
        options,
        options.cache_bytes,
    )
}

fn open_on_disk(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    report: &mut OpenReport,
) -> Result<Arc<dyn Store>, LogError> {
    let name = dir.display().to_string();
    let failed = |what: String| LogError::Open {
        dir: name.clone(),
        what,
    };
    let io = |e: std::io::Error| failed(e.to_string());
    std::fs::create_dir_all(dir).map_err(io)?;
    match std::fs::read_to_string(dir.join(MARKER)) {
        Ok(marker) if marker == marker_text(engine) => {
            return open_store(dir, engine, options).map_err(|e| failed(e.0));
        }
        Ok(marker) => {
            let found = marker
                .trim_end()
                .rsplit(' ')
                .next()
                .unwrap_or_default()
                .to_owned();
            return Err(LogError::EngineMismatch {
                dir: name,
                found,
                wanted: engine.to_string(),
            });
        }
        Err(e) if e.kind() == ErrorKind::NotFound => report.created = true,
        Err(e) => return Err(io(e)),
    }
    for other in [Engine::Sled, Engine::Redb] {
        if other != engine && dir.join(other.name()).exists() {
            return Err(LogError::EngineMismatch {
                dir: name,
                found: other.to_string(),
                wanted: engine.to_string(),
            });
        }
    }
    let sub = dir.join(engine.name());
    let existed = sub.exists();
    let store = match open_store(dir, engine, options) {
        Err(_) if existed && dir_bytes(&sub).map_err(io)? <= UNFINISHED_MAX_BYTES => {
            report.unfinished = Some(put_unfinished_aside(dir, &sub).map_err(io)?);
            open_store(dir, engine, options).map_err(|e| failed(e.0))?
        }
        other => other.map_err(|e| failed(e.0))?,
    };
    // The epoch is the store's first record; it must be durable before the marker says the log exists.
    if store.get(EPOCH_KEY).map_err(|e| failed(e.0))?.is_none() {
        set_epoch(&*store).map_err(|e| failed(e.0))?;
    } else {
        report.created = false;
    }
    write_marker(dir, engine, options.testing.skip_fsync).map_err(io)?;
    Ok(store)
}

fn marker_text(engine: Engine) -> String {
    format!("{MARKER_TITLE} {engine}\n")
}

fn write_marker(dir: &Path, engine: Engine, skip_fsync: bool) -> std::io::Result<()> {
    let new = dir.join("LOG.new");
    let mut file = File::create(&new)?;
    file.write_all(marker_text(engine).as_bytes())?;
    if !skip_fsync {
        file.sync_all()?;
    }
    std::fs::rename(&new, dir.join(MARKER))?;
    if !skip_fsync {
        sync_dir(dir)?;
        if let Some(parent) = dir.canonicalize()?.parent() {
            sync_dir(parent)?;
        }
    }
    Ok(())
}

fn put_unfinished_aside(dir: &Path, sub: &Path) -> std::io::Result<String> {
    for n in 0_u32.. {
        let name = format!("unfinished-{n}");
        if !dir.join(&name).exists() {
            std::fs::rename(sub, dir.join(&name))?;
            return Ok(name);
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn set_epoch(store: &dyn Store) -> Result<u64, StoreError> {
    let epoch = getrandom::u64().map_err(|e| StoreError::new("no randomness", e))?;
    store.commit(vec![Op::Put(
        EPOCH_KEY.to_vec(),
        seal(EPOCH_KEY, &epoch.to_le_bytes()),
    )])?;
    Ok(epoch)
}

type Heads = BTreeMap<StreamName, HeadState>;

fn load(
    store: &dyn Store,
    may_be_empty: bool,
    report: &mut OpenReport,
) -> Result<(u64, Heads, Vec<Damage>), StoreError> {
    let mut epoch = match store.get(EPOCH_KEY)? {
        None if is_empty(store)? => {
            // A log that once existed and now is empty lost everything; it must not start anew in silence.
            if !may_be_empty {
                return Err(StoreError(
                    "the engine found nothing in it, though a log had been made here".into(),
                ));
            }
            report.created = true;
            Some(set_epoch(store)?)
        }
        None => None,
        Some(value) => unseal(EPOCH_KEY, &value)
            .and_then(|body| body.try_into().ok())
            .map(u64::from_le_bytes),
    };
    let mut damage = recorded_damage(store)?;
    let mut heads = Heads::new();
    let mut lost = Vec::new();
    store.scan(&[HEAD], &[HEAD + 1], &mut |key, value| {
        if let Some((stream, _)) = split_key(key) {
            match HeadState::decode(key, value) {
                Some(state) => drop(heads.insert(stream, state)),
                None => lost.push(stream),
            }
        }
        true
    })?;
    for stream in streams_with_items(store)? {
        if !heads.contains_key(&stream) && !lost.contains(&stream) {
            lost.push(stream);
        }
    }
    for stream in lost {
        let (state, cut) = rebuild_head(store, &stream)?;
        store.commit(vec![head_op(&stream, &state)])?;
        report.epoch_changed |= cut;
        report.heads_rebuilt.push(stream.clone());
        heads.insert(stream, state);
    }
    for (stream, state) in &heads {
        cut_torn_tail(store, stream, state.head, report)?;
        check_tail(store, stream, state, &mut damage, report)?;
    }
    if report.epoch_changed {
        epoch = None;
    }
    let epoch = match epoch {
        Some(epoch) => epoch,
        None => {
            report.epoch_changed = true;
            set_epoch(store)?
        }
    };
    Ok((epoch, heads, damage))
}

fn is_empty(store: &dyn Store) -> Result<bool, StoreError> {
    let mut empty = true;
    store.scan(&[0], &[u8::MAX], &mut |_, _| {
        empty = false;
        false
    })?;
    Ok(empty)
}

/// Jumps from stream to stream, one seek each.
fn streams_with_items(store: &dyn Store) -> Result<Vec<StreamName>, StoreError> {
    let mut found = Vec::new();
    let mut from = vec![ITEM];
    loop {
        let mut stream = None;
        store.scan(&from, &[ITEM + 1], &mut |key, _| {
            stream = split_key(key).map(|(stream, _)| stream);
            false
        })?;
        let Some(stream) = stream else {
            return Ok(found);
        };
        from = after_prefix(&stream_key(ITEM, &stream));
        found.push(stream);
    }
}

/// Derives a lost head from the items: the last good one. True when items behind it have to be cut, which may
/// have been acknowledged. The keys come from the index, so that damaged items count in the digest.
fn rebuild_head(store: &dyn Store, stream: &StreamName) -> Result<(HeadState, bool), StoreError> {
    let mut head = Head::default();
    let mut last = 0;
    loop {
        let page = raw_items(
            store,
            stream,
            last + 1,
            u64::MAX,
            TORN_PAGE_ITEMS,
            usize::MAX,
        )?;
        if page.is_empty() {
            break;
        }
        for raw in page {
            last = raw.seq;
            if let Some(item) = decode_item(stream, raw.seq, &raw.value) {
                head = Head {
                    seq: item.seq,
                    prefix: item.prefix,
                };
            }
        }
    }
    let mut state = HeadState { head, xor: [0; 32] };
    let from = stream_key(INDEX, stream);
    store.scan(&from, &after_prefix(&from), &mut |key, value| {
        if IndexEntry::decode(key, value).is_some_and(|entry| entry.seq <= head.seq) {
            for (sum, byte) in state.xor.iter_mut().zip(key.iter().skip(from.len())) {
                *sum ^= byte;
            }
        }
        true
    })?;
    Ok((state, last > head.seq))
}

/// A head is committed with its items, so whatever lies behind it was never acknowledged.
fn cut_torn_tail(
    store: &dyn Store,
    stream: &StreamName,
    head: Head,
    report: &mut OpenReport,
) -> Result<(), StoreError> {
    let mut first = true;
    loop {
        let page = raw_items(
            store,
            stream,
            head.seq + 1,
            u64::MAX,
            TORN_PAGE_ITEMS,
            usize::MAX,
        )?;
        if page.is_empty() {
            return Ok(());
        }
        for raw in page {
            if std::mem::take(&mut first) {
                report.torn.push((stream.clone(), raw.seq));
            }
            let mut ops = Vec::new();
            if let Some(item) = decode_item(stream, raw.seq, &raw.value) {
                let place = index_key(stream, &item.key);
                let entry = store
                    .get(&place)?
                    .and_then(|value| IndexEntry::decode(&place, &value));
                if entry.is_some_and(|entry| entry.seq == raw.seq) {
                    ops.push(Op::Delete(place));
                }
            }
            let from = seq_key(ITEM, stream, raw.seq);
            store.scan(&from, &after_prefix(&from), &mut |key, _| {
                ops.push(Op::Delete(key.to_vec()));
                true
            })?;
            store.commit(ops)?;
        }
    }
}

fn check_tail(
    store: &dyn Store,
    stream: &StreamName,
    state: &HeadState,
    damage: &mut Vec<Damage>,
    report: &mut OpenReport,
) -> Result<(), StoreError> {
    let from = state.head.seq.saturating_sub(TAIL_CHECK_ITEMS - 1).max(1);
    walk(store, stream, from, state, &mut |finding| {
        match finding {
            Finding::Good(_) => {}
            Finding::Unindexed(item) => {
                store.commit(vec![index_op(stream, item)])?;
                report.index_repaired += 1;
            }
            Finding::Bad { seq, reason } => {
                if damage.iter().any(|d| d.seq == seq && d.stream == *stream) {
                    return Ok(());
                }
                let found = Damage {
                    stream: stream.clone(),
                    seq,
                    reason: reason.to_owned(),
                };
                store.commit(set_aside_ops(store, &found)?)?;
                report.damage.push(found.clone());
                damage.push(found);
            }
        }
        Ok(())
    })
}
