//! The key file: how it comes back when it is damaged, and how a store is made unreadable.
//!
//! What never happens here: a wiped store that opens again, or one whose key is lost while a copy of
//! it lies beside it.

use crate::disk::Disk;
use crate::error::ClientError;
use crate::shell::files::{KEY_FILE, MENDED_FILE, SPARE_FILE, STORE_FILE, is_there, remove_all};
use crate::shell::seal::{KEY_FILE_BYTES, intact};
use crate::shell::spare;

/// What a wipe leaves in the place of the key until the file is gone: zeros can be damage, and a
/// key that was damaged comes back from its copy.
const GONE: &[u8; 8] = b"GFGONE\0\0";

/// The key file. One that is damaged or gone comes back from the copy that lies in the spare.
pub(crate) fn key_file(disk: &dyn Disk) -> Result<Vec<u8>, ClientError> {
    let own = disk.read(KEY_FILE, KEY_FILE_BYTES as u64 + 1)?;
    if let Some(bytes) = &own {
        if bytes.starts_with(GONE) {
            return Err(ClientError::NoStore);
        }
        if intact(bytes).is_ok() {
            return Ok(bytes.clone());
        }
    }
    let stored = own.is_some() || is_there(disk, STORE_FILE)? || is_there(disk, MENDED_FILE)?;
    if let Some(copy) = spare::head(disk)?.filter(|head| stored && intact(&head.key).is_ok()) {
        disk.write(KEY_FILE, &copy.key)?;
        disk.settle()?;
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
pub(crate) fn destroy(disk: &dyn Disk) -> Result<(), ClientError> {
    let mut gone = [0; KEY_FILE_BYTES];
    gone[..GONE.len()].copy_from_slice(GONE);
    disk.overwrite(KEY_FILE, &gone)?;
    let head = spare::head_bytes(disk);
    disk.overwrite(SPARE_FILE, &vec![0; head])?;
    let removed = remove_all(disk);
    disk.settle()?;
    removed
}
