//! The data directory: what its files are called, whose it is, and whether it is whole.
//!
//! What enters: a directory that is empty, or holds what a making that was cut off left. What
//! leaves: the same with a mark in it, which is taken away as the last step, so that `init` and
//! `restore` leave either nothing or a whole one, wherever they are killed. What never happens here:
//! opening a marked directory for anything else, or removing a file that Gridfold did not make.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::AUTH_DB_FILE_NAME;
use crate::config::{CONFIG_FILE_NAME, Config};
use crate::items::FactIndexer;
use crate::keys::{KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME};
use crate::log::{Engine, LogOptions};
use crate::views::VIEWS_DB_FILE_NAME;

/// Name of the log's folder in the data directory.
pub(crate) const LOG_DIR_NAME: &str = "log";
/// What incarnation the console writes under.
pub(crate) const CONSOLE_FILE_NAME: &str = "console.json";
/// Held by the process that uses the directory.
pub(crate) const LOCK_FILE_NAME: &str = "lock";
/// The list of backups that were made of the directory.
pub(crate) const KEPT_FILE_NAME: &str = "backups.json";
/// Lines of a ledger of erasures that a restore brought and the next start applies.
pub(crate) const PENDING_FILE_NAME: &str = "erasures.pending";
/// Where a command asks the running server.
pub(crate) const DOOR_FILE_NAME: &str = "control.json";
/// Stands in a data directory while it is made, and holds the name of the command that makes it.
pub(crate) const UNFINISHED_FILE_NAME: &str = "unfinished";

/// What a making that was cut off may have left.
const MADE: [&str; 9] = [
    LOG_DIR_NAME,
    KEYS_DB_FILE_NAME,
    AUTH_DB_FILE_NAME,
    VIEWS_DB_FILE_NAME,
    MASTER_KEY_FILE_NAME,
    CONSOLE_FILE_NAME,
    KEPT_FILE_NAME,
    PENDING_FILE_NAME,
    DOOR_FILE_NAME,
];
/// What is put behind a name while it is written, or by SQLite.
const SIDE_FILES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".new"];

/// Why a directory cannot be made.
#[derive(Debug)]
pub(crate) enum BeginError {
    /// Something else is in it.
    NotEmpty,
    /// The file system failed.
    Io(std::io::Error),
}

impl From<std::io::Error> for BeginError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why a directory is not this process's.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process has it.
    Locked(PathBuf),
    /// The file system failed.
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Takes a directory for this process, for as long as the file is open.
pub(crate) fn lock(dir: &Path) -> Result<File, LockError> {
    let path = dir.join(LOCK_FILE_NAME);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| LockError::Io {
            path: path.clone(),
            source,
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
    }
}

/// The command that was cut off while it made this directory; none for one that is whole.
pub(crate) fn cut_off(dir: &Path) -> Option<String> {
    match std::fs::read_to_string(dir.join(UNFINISHED_FILE_NAME)) {
        Ok(command) if command.is_empty() => Some("init".to_owned()),
        Ok(command) => Some(command),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some("init".to_owned()),
    }
}

/// Removes what a making that was cut off left, and marks the directory. Its lock is held.
pub(crate) fn begin(dir: &Path, command: &str) -> Result<(), BeginError> {
    let mark = dir.join(UNFINISHED_FILE_NAME);
    if mark.exists() {
        for name in MADE {
            for suffix in SIDE_FILES {
                remove(&dir.join(format!("{name}{suffix}")))?;
            }
        }
        remove(&dir.join("master.key.new"))?;
    }
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != CONFIG_FILE_NAME && name != LOCK_FILE_NAME && name != UNFINISHED_FILE_NAME {
            return Err(BeginError::NotEmpty);
        }
    }
    let mut file = File::create(&mark)?;
    file.write_all(command.as_bytes())?;
    file.sync_all()?;
    Ok(sync_dir(dir)?)
}

/// Takes the mark away: from here on the directory is whole. Everything in it is durable before.
pub(crate) fn finish(dir: &Path) -> std::io::Result<()> {
    sync_dir(dir)?;
    remove(&dir.join(UNFINISHED_FILE_NAME))?;
    sync_dir(dir)
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what was renamed, made or removed in a directory last.
pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)?.sync_all()
}

/// Writes a small file so that a crash leaves the old one or the new one, and the new one is durable.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_dir(path.parent().unwrap_or(Path::new("")))
}

/// The engine of the log that is configured.
pub(crate) fn engine(config: &Config) -> Engine {
    match config.log.engine {
        crate::config::Engine::Sled => Engine::Sled,
        crate::config::Engine::Redb => Engine::Redb,
    }
}

/// The log as it is configured.
pub(crate) fn log_options(config: &Config) -> LogOptions {
    LogOptions {
        cache_bytes: config.log.cache_mib << 20,
        min_free_bytes: config.log.min_free_mib << 20,
        indexer: Some(Arc::new(FactIndexer)),
        ..LogOptions::default()
    }
}
