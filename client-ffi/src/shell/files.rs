//! The files of a store, by name, and what is done to whole files.
//!
//! What enters: the store's directory. What leaves: files written durably, or gone. What never
//! happens here: a wiped store that opens again, or one whose key is lost while a copy of it lies
//! beside it.

use std::fs;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::ClientError;
use crate::shell::keystore::WRAP_FILE;
use crate::shell::seal::{KEY_FILE_BYTES, intact};
use crate::shell::spare;

pub(crate) const STORE_FILE: &str = "store.redb";
pub(crate) const KEY_FILE: &str = "store.key";
pub(crate) const INSTANCE_FILE: &str = "instance";
/// What cannot be had from the server, a second time.
pub(crate) const SPARE_FILE: &str = "store.spare";
/// The same until it is whole.
pub(crate) const SPARE_NEW_FILE: &str = "store.spare.new";
/// A store that is being built from what a damaged one still gives.
pub(crate) const MENDING_FILE: &str = "store.mending";
/// The same when it is whole and only has to be put in place.
pub(crate) const MENDED_FILE: &str = "store.mended";
/// The damaged file, set aside.
pub(crate) const ASIDE_FILE: &str = "store.damaged";
/// Is there when damage was met while running: the next opening mends.
pub(crate) const MARK_FILE: &str = "store.found-damaged";

const ALL: [&str; 10] = [
    KEY_FILE,
    SPARE_FILE,
    SPARE_NEW_FILE,
    WRAP_FILE,
    STORE_FILE,
    MENDING_FILE,
    MENDED_FILE,
    ASIDE_FILE,
    MARK_FILE,
    INSTANCE_FILE,
];

/// What a wipe leaves in the place of the key until the file is gone: zeros can be damage, and a
/// key that was damaged comes back from its copy.
const GONE: &[u8; 8] = b"GFGONE\0\0";

/// Removes every file of a store. All are tried, whichever fails.
pub(crate) fn remove_all(dir: &Path) -> Result<(), ClientError> {
    ALL.iter()
        .map(|name| remove(&dir.join(name)))
        .fold(Ok(()), Result::and)
}

pub(crate) fn remove(path: &Path) -> Result<(), ClientError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

pub(crate) fn sync_dir(dir: &Path) -> Result<(), ClientError> {
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// A file's content up to a length; none when there is no file.
pub(crate) fn read_up_to(path: &Path, most: u64) -> Result<Option<Vec<u8>>, ClientError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The key file. One that is damaged or gone comes back from the copy that lies in the spare.
pub(crate) fn key_file(dir: &Path) -> Result<Vec<u8>, ClientError> {
    let path = dir.join(KEY_FILE);
    let own = read_up_to(&path, KEY_FILE_BYTES as u64 + 1)?;
    if let Some(bytes) = &own {
        if bytes.starts_with(GONE) {
            return Err(ClientError::NoStore);
        }
        if intact(bytes).is_ok() {
            return Ok(bytes.clone());
        }
    }
    let stored = own.is_some() || dir.join(STORE_FILE).exists() || dir.join(MENDED_FILE).exists();
    if let Some(copy) = spare::head(dir)?.filter(|head| stored && intact(&head.key).is_ok()) {
        write_durably(&path, &copy.key)?;
        sync_dir(dir)?;
        return Ok(copy.key);
    }
    match own {
        // Wiped by a build that left zeros.
        Some(bytes) if bytes.len() == KEY_FILE_BYTES && bytes.iter().all(|b| *b == 0) => {
            Err(ClientError::NoStore)
        }
        Some(_) => Err(ClientError::damaged("key file")),
        None => Err(ClientError::NoStore),
    }
}

/// Makes a store unreadable for good: first the key, then its copy, then the files.
pub(crate) fn destroy(dir: &Path) -> Result<(), ClientError> {
    let mut gone = [0; KEY_FILE_BYTES];
    gone[..GONE.len()].copy_from_slice(GONE);
    overwrite(&dir.join(KEY_FILE), &gone)?;
    let head = spare::head_bytes(dir);
    overwrite(&dir.join(SPARE_FILE), &vec![0; head])?;
    let removed = remove_all(dir);
    sync_dir(dir)?;
    removed
}

fn overwrite(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    if let Ok(mut file) = fs::OpenOptions::new().write(true).open(path) {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Notes that values of the open store are damaged. It is found again anyhow where the engine's
/// own check sees it, so a mark that cannot be written stops nothing.
pub(crate) fn mark_damage(dir: &Path) {
    let _ = write_durably(&dir.join(MARK_FILE), &[]);
}

/// The file's number and, where the system keeps it, the time it was made.
pub(crate) fn identity_of(meta: &fs::Metadata) -> [u8; 24] {
    let mut out = [0; 24];
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        out[..8].copy_from_slice(&meta.ino().to_be_bytes());
    }
    let born = meta
        .created()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    out[8..].copy_from_slice(&born.to_be_bytes());
    out
}
