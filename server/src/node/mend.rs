//! A directory that lacks changes is mended from its copy as a node opens.

use super::NodeError;
use crate::auth::DirectoryCopy;
use crate::directory::{DIRECTORY_STREAM, DirectoryService};
use crate::log::Log;
use crate::put_back::{Wanted, from_copy, give_back};

/// Has the directory whole again where its copy can make it so, and says what it still lacks. Returns how many changes
/// were put back.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn mend_directory(
    log: &dyn Log,
    directory: &DirectoryService,
    copy: &DirectoryCopy,
) -> Result<u64, NodeError> {
    let mut mended = 0;
    if directory.is_in_doubt() {
        match put_back_changes(log, copy) {
            Ok(put_back) => mended = put_back,
            // It stays in doubt, which is said.
            Err(error) => {
                tracing::error!(%error, "the copy of the directory's changes is of no use")
            }
        }
    }
    if mended > 0 {
        directory.reload()?;
        tracing::warn!(
            changes = mended,
            "changes of the directory were damaged in the log and were put back from their copy; check the disk"
        );
    }
    for change in directory.lacking() {
        tracing::error!(
            %change,
            "nobody is let in until it is healed, or given up with `gridfold accept-loss`"
        );
    }
    Ok(mended)
}

/// Puts back what the log lost of the directory, from the copy in `auth.db`. Returns how many changes that were.
fn put_back_changes(log: &dyn Log, copy: &DirectoryCopy) -> Result<u64, NodeError> {
    let mut wanted = Wanted::new();
    for damage in log.damage() {
        if damage.stream.as_bytes() == DIRECTORY_STREAM.as_bytes() {
            let seqs = wanted.entry(damage.stream).or_default();
            seqs.insert(damage.seq, None);
        }
    }
    from_copy(copy, &mut wanted)?;
    Ok(give_back(log, None, wanted)?)
}
