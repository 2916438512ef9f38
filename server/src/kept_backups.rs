//! Which backups were made of a data directory: a list in it.
//!
//! What enters: the name of a backup before its first byte, and again when it is whole. What leaves: nothing of one that was cut off, at the next start and before the next backup.
//! What never happens here: touching a file that no backup of this directory made.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data_dir::{KEPT_FILE_NAME, replace_file, sync_dir};

/// Most backups remembered; the oldest are forgotten first.
const MAX_KEPT: usize = 64;
/// What earlier versions copied secrets to while they made a backup.
const EARLIER_COPIES: [&str; 2] = ["keys.db.backup", "auth.db.backup"];

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) backups: Vec<KeptBackup>,
}

/// A backup, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptBackup {
    /// Its file.
    pub(crate) file: PathBuf,
    /// Whether it is whole.
    pub(crate) whole: bool,
}

/// Where a backup is written until it is whole.
pub(crate) fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// The ledger of erasures beside a backup.
pub(crate) fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".erased");
    name.into()
}

impl Kept {
    /// Reads the list. One that cannot be read is begun anew.
    pub(crate) fn read(dir: &Path) -> Self {
        let bytes = std::fs::read(dir.join(KEPT_FILE_NAME)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(crate) fn write(&self, dir: &Path) -> std::io::Result<()> {
        replace_file(&dir.join(KEPT_FILE_NAME), &serde_json::to_vec(self)?)
    }

    /// Takes note of a backup that is about to be written.
    pub(crate) fn begin(&mut self, file: &Path) {
        self.forget(file);
        // Of one that somebody took away nothing is left to be done.
        self.backups
            .retain(|b| !b.whole || b.file.exists() || !parent(&b.file).exists());
        let over = (self.backups.len() + 1).saturating_sub(MAX_KEPT);
        self.backups.drain(..over);
        self.backups.push(KeptBackup {
            file: file.to_owned(),
            whole: false,
        });
    }

    pub(crate) fn done(&mut self, file: &Path) {
        for backup in self.backups.iter_mut().filter(|b| b.file == file) {
            backup.whole = true;
        }
    }

    pub(crate) fn forget(&mut self, file: &Path) {
        self.backups.retain(|b| b.file != file);
    }

    /// Removes what backups left that were cut off. Says whether the list is another now.
    fn sweep(&mut self) -> bool {
        let mut changed = false;
        self.backups.retain_mut(|backup| {
            if backup.whole {
                return true;
            }
            let partial = partial(&backup.file);
            match std::fs::remove_file(&partial) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(
                        file = %partial.display(), reason = %error,
                        "what is left of a backup that was cut off holds keys and could not be removed"
                    );
                    return true;
                }
                // A stick that is not in: it is looked for again.
                Err(_) if !parent(&partial).exists() => return true,
                _ => {}
            }
            changed = true;
            let _ = sync_dir(parent(&partial));
            backup.whole = backup.file.exists();
            if !backup.whole {
                let _ = std::fs::remove_file(beside(&backup.file));
            }
            backup.whole
        });
        changed
    }
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Removes what backups of a data directory left that were cut off. The directory is locked, and no backup is under way.
pub(crate) fn sweep(dir: &Path) -> std::io::Result<()> {
    for name in EARLIER_COPIES {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            match std::fs::remove_file(dir.join(format!("{name}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    let mut kept = Kept::read(dir);
    if kept.sweep() {
        kept.write(dir)?;
    }
    Ok(())
}
