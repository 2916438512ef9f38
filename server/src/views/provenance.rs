//! Where the values of a record come from: who made the entry that set each, on which device, when by both clocks.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, EntryRef, RecordId, StreamId, UserId};
use gridfold_sync_core::time::{CLOCKS_DIFFER_MS, EARLIEST_MS, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::views::{ReadScope, RecordRow, Views, ViewsError};

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

/// `Timestamp::is_implausible` of two columns.
pub(super) fn implausible(claimed: &str, received: &str) -> String {
    format!("({claimed} > {received} + {CLOCKS_DIFFER_MS} OR {claimed} < {EARLIEST_MS})")
}

impl Views {
    /// A record that was moved was first written when what it was at first was: gives its row those times.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn keep_first_times(
        &self,
        directory: &Directory,
        scope: &ReadScope,
        row: &mut RecordRow,
    ) -> Result<(), ViewsError> {
        let first = directory.first_record(row.record);
        if first == row.record {
            return Ok(());
        }
        let (captured, received) = if scope.reads_all() {
            ("captured", "first_received")
        } else {
            ("captured_general", "first_received_general")
        };
        let found: Option<(i64, i64)> = self.pool.with(|conn| {
            let sql = format!(
                "SELECT {captured}, {received} FROM records WHERE record = ?1 AND live = 1"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            Ok(statement
                .query_row([first.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?)
        })?;
        // Of one of whose general fields nothing was written no time is told; one that was erased has none.
        if let Some((captured, received)) = found.filter(|(_, received)| *received > 0) {
            row.captured = row.captured.map(|_| Timestamp(captured));
            row.first_received = row.first_received.map(|_| Timestamp(received));
        }
        Ok(())
    }

    /// Who made these records: the author of the first admitted entry of each, of those that the reader may read.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn makers(
        &self,
        records: &[RecordId],
        scope: &ReadScope,
    ) -> Result<BTreeMap<RecordId, UserId>, ViewsError> {
        let classes: Vec<String> = scope
            .classes
            .iter()
            .map(|c| format!("'{}'", *c as u8))
            .collect();
        // The name of a stream ends in the number of its class.
        let sql = format!(
            "SELECT e.user FROM records r JOIN entries e ON e.record = r.id JOIN streams s ON s.id = e.stream
             WHERE r.record = ?1 AND e.verdict < 2 AND substr(s.name, -1) IN ({})
             ORDER BY e.received, e.stream, e.seq LIMIT 1",
            classes.join(",")
        );
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let mut out = BTreeMap::new();
            for record in records {
                let maker = statement
                    .query_row([record.bytes()], |r| r.get(0))
                    .optional()?;
                if let Some(user) = maker {
                    out.insert(*record, UserId::from_bytes(user));
                }
            }
            Ok(out)
        })
    }

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
