//! The files of a store, by name, and what is done to several of them.
//!
//! What enters: the disk they are on. What leaves: files in their places, or gone.

use crate::disk::Disk;
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
pub(crate) fn remove_all(disk: &dyn Disk) -> Result<(), ClientError> {
    let removed = ALL.iter().map(|name| disk.remove(name));
    Ok(removed.fold(Ok(()), Result::and)?)
}

/// Notes that values of the open store are damaged. It is found again anyhow where the engine's
/// own check sees it, so a mark that cannot be written stops nothing.
pub(crate) fn mark_damage(disk: &dyn Disk) {
    let _ = disk.write(MARK_FILE, &[]);
}

pub(crate) fn is_there(disk: &dyn Disk, name: &str) -> Result<bool, ClientError> {
    Ok(disk.len(name)?.is_some())
}

/// Puts a mended store in the place of the damaged one, also after a kill in the middle of it.
pub(crate) fn put_in_place(disk: &dyn Disk) -> Result<(), ClientError> {
    if !is_there(disk, MENDED_FILE)? {
        return Ok(());
    }
    if is_there(disk, STORE_FILE)? {
        disk.rename(STORE_FILE, ASIDE_FILE)?;
    }
    disk.remove(MARK_FILE)?;
    disk.rename(MENDED_FILE, STORE_FILE)?;
    Ok(disk.settle()?)
}
