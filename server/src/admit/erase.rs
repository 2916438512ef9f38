//! Erasure: the key of a record is destroyed, and what the views hold of it goes.
//!
//! What enters: a record that the directory names as erased, so that nothing of it is admitted any more. What stays: headers, hashes and verdicts, so that every chain still verifies; the sealed payloads, which nothing opens any more.

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::RecordId;

use crate::admit::follow::Follower;
use crate::admit::write_error::WriteError;
use crate::auth::RecordKeys;
use crate::views::{ViewsError, ViewsWriter};

pub(super) fn erase(
    keys: &RecordKeys,
    follower: &mut Follower,
    record: RecordId,
) -> Result<(), WriteError> {
    keys.destroy(record.0)?;
    follower.erase(record)
}

/// Finishes, whenever the views catch up with the log, erasures that a crash cut off, and those that keys from a backup or views made anew would undo: an entry without its payload still makes an empty row.
///
/// # Errors
/// When keys or views fail.
pub(super) fn finish(
    keys: &RecordKeys,
    views: &mut ViewsWriter,
    directory: &Directory,
) -> Result<(), ViewsError> {
    for (record, _) in directory.erasures() {
        if keys.get(record.0)?.is_some() {
            keys.destroy(record.0)?;
        }
        views.erase(*record)?;
    }
    Ok(())
}
