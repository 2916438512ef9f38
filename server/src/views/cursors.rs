//! How far each stream has been projected, and the places that were passed over.
//!
//! A cursor tells how many places of a stream the views have seen. Each has a row, or stands among
//! the gaps: places whose item the log could not give. That the two add up is what shows, at a
//! start, that nothing was passed over in silence.

use gridfold_sync_core::ids::{Hash, StreamId};
use rusqlite::{OptionalExtension, TransactionBehavior, params};

use crate::views::write::cursor_of;
use crate::views::{ViewsError, ViewsWriter};

impl ViewsWriter {
    /// The log epoch the views were made from.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn epoch(&self) -> Result<Option<u64>, ViewsError> {
        let found: Option<String> = self
            .conn
            .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |r| {
                r.get(0)
            })
            .optional()?;
        Ok(found.and_then(|text| text.parse().ok()))
    }

    /// Notes the log epoch.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn set_epoch(&self, epoch: u64) -> Result<(), ViewsError> {
        if self.epoch()? == Some(epoch) {
            return Ok(());
        }
        self.faulty.before_commit()?;
        self.conn.execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', ?1) ON CONFLICT DO UPDATE SET value = ?1",
            [epoch.to_string()],
        )?;
        Ok(())
    }

    /// How far a stream, by name, has been projected: its place and prefix.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn cursor(&self, stream: &str) -> Result<(u64, Hash), ViewsError> {
        let found = self
            .conn
            .prepare_cached("SELECT seq, prefix FROM streams WHERE name = ?1")?
            .query_row([stream], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, [u8; 32]>(1)?))
            })
            .optional()?;
        Ok(found.map_or((0, Hash::default()), |(seq, prefix)| {
            (seq as u64, Hash(prefix))
        }))
    }

    /// The names of all streams that have been projected.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn streams(&self) -> Result<Vec<String>, ViewsError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT name FROM streams ORDER BY name")?;
        let names = statement.query_map([], |r| r.get(0))?;
        names.map(|n| n.map_err(ViewsError::from)).collect()
    }

    /// Passes over a place whose item the log cannot give, by name. Its prefix is not known, so a
    /// stream that ends in such a place is made again once it is healed.
    ///
    /// # Errors
    /// [`ViewsError::Gap`] when it does not follow; when SQLite fails.
    pub fn pass_gap(&mut self, stream: &StreamId, seq: u64) -> Result<(), ViewsError> {
        self.end_reads();
        self.forget_ids();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "INSERT OR IGNORE INTO streams (name, seq, prefix) VALUES (?1, 0, zeroblob(32))",
            [stream.name()],
        )?;
        let id: i64 = tx.query_row(
            "SELECT id FROM streams WHERE name = ?1",
            [stream.name()],
            |r| r.get(0),
        )?;
        let cursor = cursor_of(&tx, id)?;
        if seq != cursor + 1 {
            return Err(ViewsError::Gap {
                stream: stream.name(),
                cursor,
                seq,
            });
        }
        tx.execute(
            "INSERT INTO gaps (stream, seq) VALUES (?1, ?2)",
            params![id, seq as i64],
        )?;
        tx.execute(
            "UPDATE streams SET seq = ?2, prefix = zeroblob(32) WHERE id = ?1",
            params![id, seq as i64],
        )?;
        self.faulty.before_commit()?;
        tx.commit()?;
        Ok(())
    }

    /// The places that were passed over, by the name of their stream.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn gaps(&self) -> Result<Vec<(String, u64)>, ViewsError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT s.name, g.seq FROM gaps g JOIN streams s ON s.id = g.stream ORDER BY s.name, g.seq",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get::<_, i64>(1)? as u64)))?;
        rows.map(|r| r.map_err(ViewsError::from)).collect()
    }

    /// Streams whose rows and gaps do not add up to their cursor: what was acknowledged is hidden.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn holes(&self) -> Result<Vec<String>, ViewsError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT s.name FROM streams s
             LEFT JOIN (SELECT stream, COUNT(*) AS n FROM entries GROUP BY stream) e ON e.stream = s.id
             LEFT JOIN (SELECT stream, COUNT(*) AS n FROM gaps GROUP BY stream) g ON g.stream = s.id
             WHERE s.name <> ?1 AND COALESCE(e.n, 0) + COALESCE(g.n, 0) <> s.seq",
        )?;
        let rows = statement.query_map([crate::items::QUARANTINE_STREAM], |r| r.get(0))?;
        rows.map(|r| r.map_err(ViewsError::from)).collect()
    }
}
