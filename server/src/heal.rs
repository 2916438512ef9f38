//! Healing a log from another copy of it: a backup, or the data directory of a standby. Items enter that were
//! damaged here; they stay only when key and chain prove them. And going on without what nobody has, by a decision.
//! Both work on the log alone: a directory whose server does not start can be healed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridfold_sync_core::entry::item_hash;
use gridfold_sync_core::ids::StreamId;
use sha2::{Digest as _, Sha256};

use crate::admit::StoredItem;
use crate::auth::{
    AUTH_DB_FILE_NAME, AuthStore, DEFAULT_CACHED_KEYS, DirectoryCopy, KEYS_DB_FILE_NAME, LogNotes,
    MASTER_KEY_FILE_NAME, MasterKey, Noted, RecordKeys, StoreError,
};
use crate::backup::{BackupError, read_items};
use crate::config::Config;
use crate::directory::{DIRECTORY_STREAM, DirectoryService, LackingChange};
use crate::log::{
    AppendBatch, Damage, Head, Log, LogError, LogOptions, NewItem, StreamName, VerifyReport,
};
use crate::node::{LOG_DIR_NAME, NodeError, engine, lock, log_options, remove_views};
use crate::views::VIEWS_DB_FILE_NAME;
use crate::witness::{acknowledged, note_all};

const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;

/// Why nothing was healed.
#[derive(Debug, thiserror::Error)]
pub enum HealError {
    /// The data directory.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The notes on the log.
    #[error(transparent)]
    Notes(#[from] StoreError),
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// What healing came to.
#[derive(Debug, Default)]
pub struct Healed {
    /// What the walk before it found, with what was mended by the log itself.
    pub found: VerifyReport,
    /// Items missing at the ends of streams that the witness knows of.
    pub missing: u64,
    /// Items that were put back.
    pub healed: u64,
    /// Items that are still damaged.
    pub left: Vec<Damage>,
    /// Items that are still missing at the ends of streams.
    pub still_missing: u64,
}

impl Healed {
    /// True when nothing is damaged or missing any more.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.left.is_empty() && self.still_missing == 0
    }
}

/// A log opened by itself.
struct Alone {
    log: Arc<dyn Log>,
    notes: LogNotes,
    noted: Option<Noted>,
    copy: DirectoryCopy,
    _lock: File,
}

fn alone(dir: &Path, config: &Config) -> Result<Alone, HealError> {
    if !dir.join(MASTER_KEY_FILE_NAME).exists() {
        return Err(NodeError::NotInitialised(dir.to_owned()).into());
    }
    let lock = lock(dir)?;
    let store = AuthStore::open(&dir.join(AUTH_DB_FILE_NAME))?;
    let store = Arc::new(store);
    let copy = DirectoryCopy::new(Arc::clone(&store));
    let notes = LogNotes::new(store);
    let noted = notes.all()?;
    let options = LogOptions {
        may_create: false,
        acknowledged: acknowledged(noted.as_ref()),
        ..log_options(config)
    };
    let (log, _) = crate::log::open(&dir.join(LOG_DIR_NAME), engine(config), &options)?;
    Ok(Alone {
        log,
        notes,
        noted,
        copy,
        _lock: lock,
    })
}

type Wanted = BTreeMap<StreamName, BTreeMap<u64, Option<NewItem>>>;

/// Has the directory whole again where its copy can make it so, and says what it still lacks. Returns how many changes
/// were put back.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn mend_directory(
    log: &dyn Log,
    directory: &DirectoryService,
    copy: &DirectoryCopy,
) -> Result<u64, NodeError> {
    let mut mended = 0;
    if directory.is_in_doubt() {
        match put_back_changes(log, copy) {
            Ok(put_back) => mended = put_back,
            // It stays in doubt, which is said.
            Err(error) => {
                tracing::error!(%error, "the copy of the directory's changes is of no use")
            }
        }
    }
    if mended > 0 {
        directory.reload()?;
        tracing::warn!(
            changes = mended,
            "changes of the directory were damaged in the log and were put back from their copy; check the disk"
        );
    }
    for change in directory.lacking() {
        tracing::error!(
            %change,
            "nobody is let in until it is healed, or given up with `gridfold accept-loss`"
        );
    }
    Ok(mended)
}

/// Puts back what the log lost of the directory, from the copy in `auth.db`. Returns how many changes that were.
fn put_back_changes(log: &dyn Log, copy: &DirectoryCopy) -> Result<u64, HealError> {
    let mut wanted = Wanted::new();
    for damage in log.damage() {
        if damage.stream.as_bytes() == DIRECTORY_STREAM.as_bytes() {
            let seqs = wanted.entry(damage.stream).or_default();
            seqs.insert(damage.seq, None);
        }
    }
    from_copy(copy, &mut wanted)?;
    give_back(log, None, wanted)
}

/// Heals the log of a data directory from copies: files of backups, and data directories.
///
/// # Errors
/// [`HealError`] when a copy or the log cannot be read at all.
pub fn heal(
    dir: &Path,
    config: &Config,
    copies: &[PathBuf],
    progress: &mut dyn FnMut(u64),
) -> Result<Healed, HealError> {
    let here = alone(dir, config)?;
    let log = here.log.as_ref();
    let mut report = Healed {
        found: log.verify(progress)?,
        ..Healed::default()
    };
    report.missing = missing(log, here.noted.as_ref())?;
    let mut own = wanted(log, here.noted.as_ref())?;
    from_copy(&here.copy, &mut own)?;
    report.healed += give_back(log, here.noted.as_ref(), own)?;
    for copy in copies {
        let mut wanted = wanted(log, here.noted.as_ref())?;
        if wanted.is_empty() {
            break;
        }
        if copy.is_dir() {
            from_directory(copy, config, &mut wanted)?;
        } else {
            from_backup(copy, &mut wanted)?;
        }
        report.healed += give_back(log, here.noted.as_ref(), wanted)?;
    }
    if report.healed > 0 {
        // What was projected without them is made again by the next start.
        forget_views(dir)?;
    }
    report.left = log.verify(progress)?.damage;
    report.still_missing = missing(log, here.noted.as_ref())?;
    report.missing = report.missing.max(report.still_missing);
    Ok(report)
}

/// What was given up.
#[derive(Debug, Default)]
pub struct Lost {
    /// What streams lack at their ends, as far as the witness knows.
    pub ends: Vec<(String, u64)>,
    /// Changes of the directory that cannot be read.
    pub changes: Vec<LackingChange>,
}

/// Goes on with what is there: a new epoch, under which phones bring back what they hold.
///
/// # Errors
/// [`HealError`]; then nothing was decided, and it can be tried again.
pub fn accept_loss(dir: &Path, config: &Config) -> Result<Lost, HealError> {
    let here = alone(dir, config)?;
    let mut lost = Lost::default();
    for (stream, knew) in acknowledged(here.noted.as_ref()) {
        let has = here.log.head(&stream)?.seq;
        if has < knew.seq {
            lost.ends.push((stream.to_string(), knew.seq - has));
        }
    }
    let master = MasterKey::open(&dir.join(MASTER_KEY_FILE_NAME)).map_err(NodeError::from)?;
    let keys = RecordKeys::open(&dir.join(KEYS_DB_FILE_NAME), &master, DEFAULT_CACHED_KEYS)?;
    let given_up = here.copy.lost()?;
    let directory = DirectoryService::open(Arc::clone(&here.log), Arc::new(keys), given_up)
        .map_err(NodeError::from)?;
    lost.changes = directory.lacking();
    let seqs: Vec<u64> = lost.changes.iter().map(|change| change.seq).collect();
    here.copy.lose(&seqs)?;
    here.copy.end_at(directory.current().revision)?;
    let epoch = getrandom::u64().map_err(|_| NodeError::Randomness)?;
    here.log.set_epoch(epoch)?;
    note_all(here.log.as_ref(), &here.notes)?;
    if !lost.changes.is_empty() {
        // What is derived is derived from what is there.
        forget_views(dir)?;
    }
    Ok(lost)
}

fn forget_views(dir: &Path) -> Result<(), NodeError> {
    let path = dir.join(VIEWS_DB_FILE_NAME);
    remove_views(&path).map_err(|source| NodeError::Io { path, source })
}

fn ends(log: &dyn Log, noted: Option<&Noted>) -> Result<Vec<(StreamName, Head, Head)>, LogError> {
    let mut short = Vec::new();
    for (stream, knew) in acknowledged(noted) {
        let has = log.head(&stream)?;
        if has.seq < knew.seq {
            short.push((stream, has, knew));
        }
    }
    Ok(short)
}

fn missing(log: &dyn Log, noted: Option<&Noted>) -> Result<u64, LogError> {
    let short = ends(log, noted)?;
    Ok(short.iter().map(|(_, has, knew)| knew.seq - has.seq).sum())
}

fn wanted(log: &dyn Log, noted: Option<&Noted>) -> Result<Wanted, LogError> {
    let mut wanted = Wanted::new();
    for damage in log.damage() {
        let stream = wanted.entry(damage.stream).or_default();
        stream.insert(damage.seq, None);
    }
    for (stream, has, knew) in ends(log, noted)? {
        let seqs = wanted.entry(stream).or_default();
        seqs.extend((has.seq + 1..=knew.seq).map(|seq| (seq, None)));
    }
    Ok(wanted)
}

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
        let hash = item_hash(
            &stored.entry_hash,
            &stored.id,
            &stored.author,
            stored.received,
            stored.verdict,
        );
        stored.entry_hash.0 == item.key && hash.0 == item.item_hash
    })
}

fn offer(wanted: &mut Wanted, stream: &StreamName, seq: u64, item: NewItem) {
    if let Some(place) = wanted.get_mut(stream).and_then(|seqs| seqs.get_mut(&seq))
        && is_of_its_hash(stream, &item)
    {
        *place = Some(item);
    }
}

fn from_copy(copy: &DirectoryCopy, wanted: &mut Wanted) -> Result<(), HealError> {
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

fn from_backup(file: &Path, wanted: &mut Wanted) -> Result<(), HealError> {
    read_items(file, |stream, seq, item| offer(wanted, &stream, seq, item))?;
    Ok(())
}

fn from_directory(dir: &Path, config: &Config, wanted: &mut Wanted) -> Result<(), HealError> {
    let there = alone(dir, config)?;
    let streams: Vec<(StreamName, Vec<u64>)> = wanted
        .iter()
        .map(|(stream, seqs)| (stream.clone(), seqs.keys().copied().collect()))
        .collect();
    for (stream, seqs) in streams {
        let mut seqs = seqs.into_iter().peekable();
        while let Some(seq) = seqs.peek().copied() {
            let page = match there.log.read(&stream, seq - 1, READ_ITEMS, READ_BYTES) {
                Ok(page) => page,
                Err(LogError::Damaged { .. }) => Vec::new(),
                Err(e) => return Err(e.into()),
            };
            let end = page.last().map_or(seq, |item| item.seq);
            for item in page {
                let new = NewItem {
                    key: item.key,
                    item_hash: item.item_hash,
                    bytes: item.bytes,
                };
                offer(wanted, &stream, item.seq, new);
            }
            while seqs.next_if(|seq| *seq <= end).is_some() {}
        }
    }
    Ok(())
}

/// Puts back what was offered, each run of items that follow each other by itself.
fn give_back(log: &dyn Log, noted: Option<&Noted>, wanted: Wanted) -> Result<u64, HealError> {
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
) -> Result<u64, HealError> {
    if run.is_empty() {
        return Ok(0);
    }
    match log.heal(stream, first, run) {
        // What is not proven stays named.
        Err(LogError::NotProven { .. }) => Ok(0),
        other => Ok(other?),
    }
}

/// Appends a lost end when it leads exactly to what the witness noted.
fn end_back(
    log: &dyn Log,
    stream: &StreamName,
    has: Head,
    knew: Head,
    items: Vec<NewItem>,
) -> Result<u64, HealError> {
    let count = items.len() as u64;
    if count == 0 || has.seq + count != knew.seq {
        return Ok(0);
    }
    let prefix = items.iter().fold(has.prefix, |prefix, item| {
        crate::log::next_prefix(&prefix, &item.item_hash)
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
