//! Device logs that were set aside: notes of them enter with how far their stream was projected.
//! What such a log holds stays in the log.

use std::collections::HashMap;

use gridfold_sync_core::ids::{DeviceId, Hash};
use rusqlite::{TransactionBehavior, params};

use crate::items::QuarantineNote;
use crate::views::{Views, ViewsError, ViewsWriter};

/// The problem of a device log that was written twice under one name.
const FORKED: &str = "forked";

/// What of a device was set aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetAside {
    /// Entries.
    pub entries: u64,
    /// Those of them that came from a copy of its store.
    pub forked: u64,
}

impl Views {
    /// What was set aside, by device; nothing of a device that is missing.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn set_aside(&self) -> Result<HashMap<DeviceId, SetAside>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT device, SUM(entries), SUM(entries * (problem = ?1))
                 FROM quarantine GROUP BY device",
            )?;
            let mut rows = statement.query([FORKED])?;
            let mut found = HashMap::new();
            while let Some(row) = rows.next()? {
                let set_aside = SetAside {
                    entries: row.get::<_, i64>(1)?.unsigned_abs(),
                    forked: row.get::<_, i64>(2)?.unsigned_abs(),
                };
                found.insert(DeviceId::from_bytes(row.get(0)?), set_aside);
            }
            Ok(found)
        })
    }

    /// What of a device was set aside.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn set_aside_of(&self, device: DeviceId) -> Result<SetAside, ViewsError> {
        self.pool.with(|conn| {
            let sql = "SELECT COALESCE(SUM(entries), 0), COALESCE(SUM(entries * (problem = ?2)), 0)
                       FROM quarantine WHERE device = ?1";
            let read = |r: &rusqlite::Row<'_>| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?));
            let (entries, forked) = conn
                .prepare_cached(sql)?
                .query_row(params![device.bytes(), FORKED], read)?;
            Ok(SetAside {
                entries: entries.unsigned_abs(),
                forked: forked.unsigned_abs(),
            })
        })
    }
}

impl ViewsWriter {
    /// Device logs set aside for a device.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn quarantined(&self, device: DeviceId) -> Result<u64, ViewsError> {
        let n: i64 = self
            .conn
            .prepare_cached("SELECT COALESCE(SUM(entries), 0) FROM quarantine WHERE device = ?1")?
            .query_row([device.bytes()], |r| r.get(0))?;
        Ok(n as u64)
    }

    /// Notes device logs that were set aside after a place of their stream, and how far it was
    /// projected by that.
    ///
    /// # Errors
    /// [`ViewsError::Gap`] when that place is not the one up to which it was projected before;
    /// when SQLite fails.
    pub fn project_quarantine(
        &mut self,
        stream: &str,
        after: u64,
        notes: &[QuarantineNote],
        end: (u64, Hash),
    ) -> Result<(), ViewsError> {
        self.end_reads();
        let (cursor, _) = self.cursor(stream)?;
        if cursor != after {
            return Err(ViewsError::Gap {
                stream: stream.to_owned(),
                cursor,
                seq: after + 1,
            });
        }
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for note in notes {
            tx.prepare_cached(
                "INSERT OR IGNORE INTO quarantine
                 (seq, device, user, stream, incarnation, first_seq, entries, problem, received)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                note.seq as i64,
                note.author.device.bytes(),
                note.author.user.bytes(),
                note.stream,
                note.incarnation.bytes(),
                note.first_seq as i64,
                note.entries as i64,
                note.problem,
                note.received.millis()
            ])?;
        }
        tx.execute(
            "INSERT INTO streams (name, seq, prefix) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET seq = ?2, prefix = ?3",
            params![stream, end.0 as i64, end.1.0],
        )?;
        self.faulty.before_commit()?;
        tx.commit()?;
        Ok(())
    }
}
