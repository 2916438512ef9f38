//! Rows that an earlier build folded by other rules are folded again, once.
//!
//! What enters: an open store. What leaves: the same, with rows as this build has them. What never
//! happens here: a change of entries; whatever fails leaves the row there is, for the next opening.

use gridfold_sync_core::ids::RecordId;

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::shell::Shell;
use crate::shell::rows::RecordRow;
use crate::shell::store::{META, RECORDS, Source};

const ROWS_KEY: &[u8] = b"rows";
/// 2: texts in sides, and what is written beside a deletion.
const ROWS: &[u8] = &[2];

impl Shell {
    /// Folds records again in which people wrote beside each other: only those follow from new rules.
    pub(crate) fn renew_rows(&self) -> Result<(), ClientError> {
        // Read by itself: a damaged row that nobody asked for must not stop what can be written.
        let forked = self.with_store(|store| {
            store.read(|rx| {
                if rx.get(META, ROWS_KEY)?.as_deref() == Some(ROWS) {
                    return Ok(None);
                }
                let mut forked = Vec::new();
                for (key, value) in rx.scan(RECORDS, &[])? {
                    let id = <[u8; 16]>::try_from(&key[..]);
                    if let (Ok(id), Ok(row)) = (id, RecordRow::decode(&value)) {
                        let parts = row.parts.into_iter().filter(|(_, part)| part.forks > 0);
                        forked.extend(parts.map(|part| (RecordId::from_bytes(id), part)));
                    }
                }
                Ok(Some(forked))
            })
        })?;
        let Some(forked) = forked else { return Ok(()) };
        self.commit(ChangeCause::Sync, |batch| {
            for (record, (stream, part)) in forked {
                batch.put_part(&record, stream, part)?;
                batch.refold(&record, stream)?;
            }
            batch.tx.put(META, ROWS_KEY, ROWS)
        })
    }
}
