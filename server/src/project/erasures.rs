//! Erasures that are not finished: the key of an erased record that is still there, rows that the views still hold.

use gridfold_sync_core::directory::Directory;

use crate::keys::RecordKeys;
use crate::views::{ViewsError, ViewsWriter};

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
