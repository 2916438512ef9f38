//! How far the log goes, noted beside it: what enters are the ends of its streams, what leaves is what was noted.
//! Nothing of an item is here. Whether the log is as it should be is told in `crate::witness`.

use std::sync::Arc;

use rusqlite::params;

use super::store::{AuthStore, fixed};
use crate::keys::StoreError;

/// The end of one stream: its name, seq and prefix hash.
pub type NotedEnd = (Vec<u8>, u64, [u8; 32]);

/// What was noted: the epoch, and the end of each stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noted {
    /// The log's epoch.
    pub epoch: u64,
    /// The ends of streams, by name.
    pub ends: Vec<NotedEnd>,
}

/// The notes on the log.
#[derive(Debug, Clone)]
pub struct LogNotes {
    store: Arc<AuthStore>,
}

impl LogNotes {
    /// The notes in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Everything noted; none before the first note.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Option<Noted>, StoreError> {
        self.store.read(|conn| {
            let epoch = conn
                .prepare_cached("SELECT epoch FROM log_witness_epoch")?
                .query_map([], |row| row.get::<_, Vec<u8>>(0))?
                .next()
                .transpose()?;
            let Some(epoch) = epoch else { return Ok(None) };
            let mut noted = Noted {
                epoch: u64::from_be_bytes(fixed(&epoch)?),
                ends: Vec::new(),
            };
            let mut statement =
                conn.prepare_cached("SELECT stream, seq, prefix FROM log_witness ORDER BY stream")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let prefix: Vec<u8> = row.get(2)?;
                let seq = row.get::<_, i64>(1)?.unsigned_abs();
                noted.ends.push((row.get(0)?, seq, fixed(&prefix)?));
            }
            Ok(Some(noted))
        })
    }

    /// Notes an epoch and the ends of streams that moved. With `anew` nothing else stays noted.
    ///
    /// # Errors
    /// When the store fails; what was noted before stands.
    pub fn note(&self, noted: &Noted, anew: bool) -> Result<(), StoreError> {
        self.store.write(|tx| {
            if anew {
                tx.execute("DELETE FROM log_witness", [])?;
            }
            tx.execute(
                "INSERT INTO log_witness_epoch (id, epoch) VALUES (1, ?1) ON CONFLICT DO UPDATE SET epoch = ?1",
                params![noted.epoch.to_be_bytes()],
            )?;
            let mut put = tx.prepare_cached(
                "INSERT INTO log_witness (stream, seq, prefix) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET seq = ?2, prefix = ?3",
            )?;
            for (stream, seq, prefix) in &noted.ends {
                // A stream of 2^63 items is not reached.
                put.execute(params![stream, i64::try_from(*seq).unwrap_or(i64::MAX), prefix])?;
            }
            Ok::<_, StoreError>(())
        })
    }
}
