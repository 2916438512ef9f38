//! What a node does about erasures besides making them: notes them in every ledger there is, and erases again what a restore brought the news of.

use std::path::Path;

use gridfold_sync_core::directory::{DirectoryChange, Erasure};
use gridfold_sync_core::entry::PublicKey;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::time::Timestamp;

use super::{Node, NodeError, io};
use crate::auth::{Actor, AuditEvent, AuditScope, Auth};
use crate::desk::Desk;
use crate::directory::DirectoryService;
use crate::erasure_ledger::{pending, settled};
use crate::kept_backups::{Kept, beside};
use crate::keys::RecordKeys;

impl Node {
    /// Notes what was erased in every ledger there is. One that cannot be written is named in the log and tried again at the next erasure and start: no erasure waits for it.
    pub(crate) fn note_erasures(&self) {
        let directory = self.directory.current();
        if directory.erasure_order().is_empty() {
            return;
        }
        let kept = Kept::read(&self.dir);
        let beside = kept.backups.iter().map(|b| beside(&b.file));
        let named = self.config.backup.erasures.clone();
        for path in beside.chain(named) {
            if let Err(error) = self.ledgers.bring(&path, &self.server_key, &directory) {
                tracing::warn!(
                    file = %path.display(), reason = %error,
                    "erasures could not be noted beside a backup: a restore of it would not know of them"
                );
            }
        }
    }

    /// Erases again what a restore brought the news of, before anything is read or served.
    pub(crate) fn erase_pending(
        dir: &Path,
        (auth, desk): (&Auth, &Desk),
        keys: &RecordKeys,
        directory: &DirectoryService,
        server: &PublicKey,
        now: Timestamp,
    ) -> Result<Vec<RecordId>, NodeError> {
        let mut pending = pending(dir, server, now).map_err(io(dir))?;
        let current = directory.current();
        pending.retain(|(record, _)| !current.is_erased(record));
        let records: Vec<RecordId> = pending.iter().map(|(record, _)| *record).collect();
        erase_again((auth, desk), directory, pending, now)?;
        for record in &records {
            keys.destroy(record.0)?;
        }
        settled(dir).map_err(io(dir))?;
        Ok(records)
    }
}

/// Has the directory say again that records were erased, and the audit that it did.
fn erase_again(
    (auth, desk): (&Auth, &Desk),
    directory: &DirectoryService,
    erasures: Vec<(RecordId, Option<Erasure>)>,
    now: Timestamp,
) -> Result<(), NodeError> {
    if erasures.is_empty() {
        return Ok(());
    }
    for (record, _) in &erasures {
        desk.put_away.forget_note("late", &record.to_string())?;
        auth.audit.record(&AuditEvent {
            at_ms: now.millis(),
            who: Actor::SERVER,
            what: "record.erase_again",
            scope: AuditScope::of("record", record),
        })?;
    }
    let changes = erasures
        .into_iter()
        .map(|(record, erasure)| DirectoryChange::RecordErased { record, erasure });
    directory.change(changes.collect())?;
    Ok(())
}
