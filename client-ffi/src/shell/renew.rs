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
/// 2: texts in sides, and what is written beside a deletion. 3: the words of the core's search.
/// 4: what work stands at. 5: names by first letters, and people among the words.
const ROWS: &[u8] = &[5];
/// Rows written anew in one commit.
const ROWS_AT_ONCE: usize = 500;

impl Shell {
    /// Writes all rows anew, and folds records again in which people wrote beside each other where
    /// an earlier build did by other rules: only those follow from new ones.
    pub(crate) fn renew_rows(&self) -> Result<(), ClientError> {
        // Read by itself: a damaged row that nobody asked for must not stop what can be written.
        let old = self.with_store(|store| {
            store.read(|rx| {
                let rows = rx.get(META, ROWS_KEY)?;
                if rows.as_deref() == Some(ROWS) {
                    return Ok(None);
                }
                let refolds = !matches!(rows.as_deref(), Some(&[2..=4]));
                let mut records = Vec::new();
                for (key, value) in rx.scan(RECORDS, &[])? {
                    let id = <[u8; 16]>::try_from(&key[..]);
                    if let (Ok(id), Ok(row)) = (id, RecordRow::decode(&value)) {
                        let mut forked = Vec::new();
                        if refolds {
                            let parts = row.parts.iter().filter(|(_, part)| part.forks > 0);
                            forked.extend(parts.map(|(stream, _)| *stream));
                        }
                        records.push((RecordId::from_bytes(id), forked));
                    }
                }
                Ok(Some(records))
            })
        })?;
        let Some(records) = old else { return Ok(()) };
        for some in records.chunks(ROWS_AT_ONCE) {
            self.commit(ChangeCause::Sync, |batch| {
                for (record, forked) in some {
                    batch.record(record)?;
                    batch.touch(record);
                    for stream in forked {
                        batch.refold(record, *stream)?;
                    }
                }
                Ok(())
            })?;
        }
        self.commit(ChangeCause::Sync, |batch| {
            batch.tx.put(META, ROWS_KEY, ROWS)
        })
    }
}
