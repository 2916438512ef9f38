//! Restore: a data directory of a backup.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::envelope::{MAGIC_1, open_backup};
use super::tables::{Made, Rows, Schema};
use super::{BackedUp, BackupError, END, FILE, ITEM, LOST, ROWS, SCHEMA, io};
use crate::auth::{AUTH_DB_FILE_NAME, Password};
use crate::config::CONFIG_FILE_NAME;
use crate::data_dir::{self, BeginError, LOG_DIR_NAME, lock};
use crate::erasure_ledger::gather;
use crate::kept_backups::beside;
use crate::keys::{KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME};
use crate::log::{AppendBatch, Engine, Head, LogOptions, NewItem, StreamName};
use crate::node::NodeError;

/// Largest file or item a backup may name; more is damage.
const MAX_CHUNK_BYTES: u64 = 1 << 40;
/// Items appended at a time when a backup is restored.
const RESTORE_ITEMS: usize = 500;
/// Files a backup may hold.
const FILES: [&str; 4] = [
    KEYS_DB_FILE_NAME,
    AUTH_DB_FILE_NAME,
    MASTER_KEY_FILE_NAME,
    CONFIG_FILE_NAME,
];

/// What a whole backup holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Contents {
    /// What it holds of the log.
    pub log: BackedUp,
    /// The configuration file it was made with.
    pub config: Option<String>,
}

/// Walks a backup to its end.
///
/// # Errors
/// [`BackupError`] when it is not whole or not to be opened.
pub fn look(file: &Path, passphrase: Option<&Password>) -> Result<Contents, BackupError> {
    let mut contents = Contents::default();
    let mut at: BTreeMap<StreamName, u64> = BTreeMap::new();
    read(file, passphrase, |part| {
        match part {
            Part::Item { stream, .. } => {
                contents.log.items += 1;
                *at.entry(stream).or_default() += 1;
            }
            Part::Lost { stream, end } => {
                let before = at.insert(stream.clone(), end.seq).unwrap_or_default();
                contents.log.lose(&stream, before + 1, end.seq);
            }
            Part::File {
                name: CONFIG_FILE_NAME,
                bytes,
            } => contents.config = String::from_utf8(bytes).ok(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(contents)
}

/// Reads the items of a whole backup with their places, each stream's in its sequence.
///
/// # Errors
/// [`BackupError`] when the file cannot be read or is not a whole backup; it is checked before the first item.
pub fn read_items(
    file: &Path,
    passphrase: Option<&Password>,
    mut each: impl FnMut(StreamName, u64, NewItem),
) -> Result<(), BackupError> {
    look(file, passphrase)?;
    let mut at: BTreeMap<StreamName, u64> = BTreeMap::new();
    read(file, passphrase, |part| {
        match part {
            Part::Item { stream, item } => {
                let seq = at.entry(stream.clone()).or_default();
                *seq += 1;
                each(stream, *seq, item);
            }
            Part::Lost { stream, end } => {
                at.insert(stream, end.seq);
            }
            _ => {}
        }
        Ok(())
    })
}

/// Makes a data directory of a backup. The log gets a new epoch.
///
/// # Errors
/// [`BackupError`]; the whole file is checked before anything is written, and a directory that was
/// begun counts for nothing until it is whole: restoring into it again is safe.
pub fn restore(
    file: &Path,
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, BackupError> {
    restore_sealed(file, None, dir, engine, options, progress)
}

/// As [`restore`], of a backup that may be sealed.
///
/// # Errors
/// As [`restore`].
pub fn restore_sealed(
    file: &Path,
    passphrase: Option<&Password>,
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, BackupError> {
    look(file, passphrase)?;
    make(file, passphrase, &[], dir, engine, options, progress).map(|made| made.items)
}

/// What a restore made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Restored {
    /// Items of the log.
    pub(crate) items: u64,
    /// Ledgers of erasures that were found.
    pub(crate) ledgers: usize,
}

/// Makes a data directory of a backup that was looked at. What the ledger beside it and these others say was erased is erased again at the first start, before anything is served.
pub(crate) fn make(
    file: &Path,
    passphrase: Option<&Password>,
    ledgers: &[PathBuf],
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored, BackupError> {
    std::fs::create_dir_all(dir).map_err(io(dir))?;
    let _lock = lock(dir).map_err(NodeError::from)?;
    data_dir::begin(dir, "restore").map_err(|error| match error {
        BeginError::NotEmpty => BackupError::NotEmpty(dir.to_owned()),
        BeginError::Io(source) => io(dir)(source),
    })?;
    let items = unpack(file, passphrase, dir, engine, options, progress)?;
    let beside = beside(file);
    let all = std::iter::once(beside.as_path()).chain(ledgers.iter().map(PathBuf::as_path));
    let ledgers = gather(dir, all).map_err(io(&beside))?;
    data_dir::finish(dir).map_err(io(dir))?;
    Ok(Restored { items, ledgers })
}

fn unpack(
    file: &Path,
    passphrase: Option<&Password>,
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, BackupError> {
    let (log, _) = crate::log::open(&dir.join(LOG_DIR_NAME), engine, options)?;
    let mut items = 0;
    let mut waiting: Option<(StreamName, Vec<NewItem>)> = None;
    let mut stores: BTreeMap<&'static str, Made> = BTreeMap::new();
    let damaged = || BackupError::Damaged(file.to_owned());
    let flush = |waiting: &mut Option<(StreamName, Vec<NewItem>)>| -> Result<(), BackupError> {
        if let Some((stream, items)) = waiting.take() {
            for result in log.append(vec![AppendBatch {
                stream,
                expect: None,
                items,
            }])? {
                result?;
            }
        }
        Ok(())
    };
    read(file, passphrase, |part| {
        match part {
            Part::Item { stream, item } => {
                items += 1;
                let same = waiting
                    .as_ref()
                    .is_some_and(|(s, w)| *s == stream && w.len() < RESTORE_ITEMS);
                if !same {
                    flush(&mut waiting)?;
                    progress(items);
                }
                waiting
                    .get_or_insert_with(|| (stream, Vec::new()))
                    .1
                    .push(item);
            }
            Part::Lost { stream, end } => {
                flush(&mut waiting)?;
                log.append_lost(&stream, end)?;
            }
            Part::Schema { name, schema } => {
                let made = Made::begin(&dir.join(name), schema)?;
                if stores.insert(name, made).is_some() {
                    return Err(damaged());
                }
            }
            Part::Rows { name, rows } => {
                stores.get_mut(name).ok_or_else(damaged)?.add(&rows)?;
            }
            // What the operator put there stands.
            Part::File {
                name: CONFIG_FILE_NAME,
                ..
            } if dir.join(CONFIG_FILE_NAME).exists() => {}
            Part::File { name, bytes } => write(&dir.join(name), &bytes)?,
        }
        Ok(())
    })?;
    flush(&mut waiting)?;
    for (_, store) in stores {
        store.finish()?;
    }
    Ok(items)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    crate::keys::create_private(path).map_err(io(path))?;
    let mut out = File::options()
        .write(true)
        .truncate(true)
        .open(path)
        .map_err(io(path))?;
    out.write_all(bytes)
        .and_then(|()| out.sync_all())
        .map_err(io(path))
}

enum Part {
    Item { stream: StreamName, item: NewItem },
    Lost { stream: StreamName, end: Head },
    File { name: &'static str, bytes: Vec<u8> },
    Schema { name: &'static str, schema: Schema },
    Rows { name: &'static str, rows: Rows },
}

/// The parts on their way in.
struct Source {
    from: Box<dyn Read>,
    hash: Sha256,
}

impl Source {
    fn array<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut out = [0; N];
        self.from.read_exact(&mut out)?;
        self.hash.update(out);
        Ok(out)
    }
    fn chunk(&mut self) -> std::io::Result<Vec<u8>> {
        let n = u64::from_be_bytes(self.array()?);
        if n > MAX_CHUNK_BYTES {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut out = Vec::new();
        (&mut self.from).take(n).read_to_end(&mut out)?;
        if out.len() as u64 != n {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.hash.update(&out);
        Ok(out)
    }
    fn name(&mut self) -> std::io::Result<&'static str> {
        let name = self.chunk()?;
        FILES
            .into_iter()
            .find(|k| k.as_bytes() == name)
            .ok_or(std::io::ErrorKind::InvalidData.into())
    }
}

fn read(
    file: &Path,
    passphrase: Option<&Password>,
    mut each: impl FnMut(Part) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let damaged = || BackupError::Damaged(file.to_owned());
    let opened = File::open(file).map_err(io(file))?;
    let (magic, from) =
        open_backup(opened, passphrase).map_err(|e| BackupError::of_envelope(e, file))?;
    let mut source = Source {
        from,
        hash: Sha256::new(),
    };
    if magic == *MAGIC_1 {
        source.hash.update(magic);
    }
    loop {
        let [kind] = source.array().map_err(|_| damaged())?;
        let part = match kind {
            ITEM => {
                let name = source.chunk().map_err(|_| damaged())?;
                Part::Item {
                    stream: StreamName::new(name).map_err(|_| damaged())?,
                    item: NewItem {
                        key: source.array().map_err(|_| damaged())?,
                        item_hash: source.array().map_err(|_| damaged())?,
                        bytes: source.chunk().map_err(|_| damaged())?,
                    },
                }
            }
            LOST => {
                let name = source.chunk().map_err(|_| damaged())?;
                Part::Lost {
                    stream: StreamName::new(name).map_err(|_| damaged())?,
                    end: Head {
                        seq: u64::from_be_bytes(source.array().map_err(|_| damaged())?),
                        prefix: source.array().map_err(|_| damaged())?,
                    },
                }
            }
            FILE | SCHEMA | ROWS => {
                let name = source.name().map_err(|_| damaged())?;
                let bytes = source.chunk().map_err(|_| damaged())?;
                match kind {
                    SCHEMA => Part::Schema {
                        name,
                        schema: Schema::decode(&bytes).map_err(|_| damaged())?,
                    },
                    ROWS => Part::Rows {
                        name,
                        rows: Rows::decode(&bytes).map_err(|_| damaged())?,
                    },
                    _ => Part::File { name, bytes },
                }
            }
            END => break,
            _ => return Err(damaged()),
        };
        each(part)?;
    }
    let expected = source.hash.finalize();
    let mut found = [0u8; 32];
    source.from.read_exact(&mut found).map_err(|_| damaged())?;
    let ends = matches!(source.from.read(&mut [0]), Ok(0));
    if ends && found[..] == expected[..] {
        Ok(())
    } else {
        Err(damaged())
    }
}
