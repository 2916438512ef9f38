//! Healing a log from another copy of it: a backup, or the data directory of a standby. Items enter that were
//! damaged here; they stay only when key and chain prove them. And going on without what nobody has, by a decision.
//! Both work on the log alone: a directory whose server does not start can be healed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::{AUTH_DB_FILE_NAME, AuthStore, DirectoryCopy, LogNotes, Noted, Password};
use crate::backup::{BackupError, read_items};
use crate::config::Config;
use crate::data_dir::{LOG_DIR_NAME, engine, lock, log_options};
use crate::directory::{DirectoryService, LackingChange};
use crate::keys::{
    DEFAULT_CACHED_KEYS, KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME, MasterKey, RecordKeys, StoreError,
};
use crate::log::{Damage, Head, Log, LogError, LogOptions, NewItem, StreamName, VerifyReport};
use crate::node::NodeError;
use crate::put_back::{Wanted, from_copy, give_back, offer};
use crate::views::{VIEWS_DB_FILE_NAME, remove_views};
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
    let lock = lock(dir).map_err(NodeError::from)?;
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
    heal_sealed(dir, config, copies, None, progress)
}

/// As [`heal`], from backups of which some may be sealed with a passphrase.
///
/// # Errors
/// As [`heal`].
pub fn heal_sealed(
    dir: &Path,
    config: &Config,
    copies: &[PathBuf],
    passphrase: Option<&Password>,
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
            from_backup(copy, passphrase, &mut wanted)?;
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

fn from_backup(
    file: &Path,
    passphrase: Option<&Password>,
    wanted: &mut Wanted,
) -> Result<(), HealError> {
    read_items(file, passphrase, |stream, seq, item| {
        offer(wanted, &stream, seq, item);
    })?;
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
