//! The files of a store, by name, and what is done to whole files.
//!
//! What enters: the store's directory. What leaves: files written durably, or gone.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::error::ClientError;

pub(crate) const STORE_FILE: &str = "store.redb";
pub(crate) const KEY_FILE: &str = "store.key";
/// The wrapping key as the key store sealed it.
pub(crate) const WRAP_FILE: &str = "store.wrap";
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

/// Puts a mended store in the place of the damaged one, also after a kill in the middle of it.
pub(crate) fn put_in_place(dir: &Path) -> Result<(), ClientError> {
    let (mended, store) = (dir.join(MENDED_FILE), dir.join(STORE_FILE));
    if !mended.exists() {
        return Ok(());
    }
    if store.exists() {
        fs::rename(&store, dir.join(ASIDE_FILE))?;
    }
    remove(&dir.join(MARK_FILE))?;
    fs::rename(&mended, &store)?;
    sync_dir(dir)
}
