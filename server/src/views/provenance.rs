//! Where the values of a record come from: who made the entry that set each, on which device, when by both clocks.

use std::collections::BTreeMap;

use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, EntryRef, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::views::{Views, ViewsError};

/// Who made an entry, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Who, on which device.
    pub by: Author,
    /// By the clock of the device.
    pub captured: Timestamp,
    /// By the clock of the server.
    pub received: Timestamp,
}

impl Views {
    /// Who made these entries of a stream. One that is not known is left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn made(
        &self,
        stream: &StreamId,
        entries: impl Iterator<Item = EntryRef>,
    ) -> Result<BTreeMap<EntryRef, Made>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT device, user, claimed, received FROM entries
                 WHERE stream = (SELECT id FROM streams WHERE name = ?1)
                 AND incarnation = (SELECT id FROM incarnations WHERE incarnation = ?2) AND log_seq = ?3",
            )?;
            let name = stream.name();
            let mut out = BTreeMap::new();
            for entry in entries {
                if out.contains_key(&entry) {
                    continue;
                }
                let found = statement
                    .query_row(
                        params![name, entry.incarnation.bytes(), entry.seq as i64],
                        |r| {
                            Ok(Made {
                                by: Author {
                                    device: DeviceId::from_bytes(r.get(0)?),
                                    user: UserId::from_bytes(r.get(1)?),
                                },
                                captured: Timestamp(r.get(2)?),
                                received: Timestamp(r.get(3)?),
                            })
                        },
                    )
                    .optional()?;
                if let Some(made) = found {
                    out.insert(entry, made);
                }
            }
            Ok(out)
        })
    }
}
