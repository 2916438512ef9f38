//! The changes of the directory a second time, as the log holds them: what ends a right is not lost with one place of the disk.
//!
//! What enters: items of the directory's stream, sealed as they are. What leaves: the same, for a log that lost some, which takes only what key and chain prove.
//! Also here: which changes are lost for good, by the operator's word.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::store::{AuthStore, fixed};
use crate::keys::StoreError;
use crate::log::{Item, NewItem};

/// See the module.
#[derive(Debug, Clone)]
pub struct DirectoryCopy {
    store: Arc<AuthStore>,
}

fn place(seq: u64) -> i64 {
    // A stream of 2^63 items is not reached.
    i64::try_from(seq).unwrap_or(i64::MAX)
}

impl DirectoryCopy {
    /// The copy in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    fn seqs(&self, sql: &str) -> Result<BTreeSet<u64>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let seqs = statement.query_map([], |row| row.get::<_, i64>(0))?;
            seqs.map(|seq| Ok(seq?.unsigned_abs())).collect()
        })
    }

    /// The places that it has.
    ///
    /// # Errors
    /// When the store fails.
    pub fn places(&self) -> Result<BTreeSet<u64>, StoreError> {
        self.seqs("SELECT seq FROM directory_copy")
    }

    /// Takes items in.
    ///
    /// # Errors
    /// When the store fails; none of them is in it then.
    pub fn put(&self, items: &[Item]) -> Result<(), StoreError> {
        self.store.write(|tx| {
            let mut put = tx.prepare_cached(
                "INSERT OR REPLACE INTO directory_copy (seq, item_key, item_hash, bytes) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for item in items {
                put.execute(params![place(item.seq), item.key, item.item_hash, item.bytes])?;
            }
            Ok(())
        })
    }

    /// The item of a place.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, seq: u64) -> Result<Option<NewItem>, StoreError> {
        self.store.read(|conn| {
            let found = conn
                .prepare_cached(
                    "SELECT item_key, item_hash, bytes FROM directory_copy WHERE seq = ?1",
                )?
                .query_row([place(seq)], |row| {
                    let (key, hash): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
                    Ok((key, hash, row.get(2)?))
                })
                .optional()?;
            let Some((key, hash, bytes)) = found else {
                return Ok(None);
            };
            Ok(Some(NewItem {
                key: fixed(&key)?,
                item_hash: fixed(&hash)?,
                bytes,
            }))
        })
    }

    /// Forgets what lies past the end of the stream.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_at(&self, seq: u64) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute("DELETE FROM directory_copy WHERE seq > ?1", [place(seq)])?;
            Ok(())
        })
    }

    /// The changes that are lost for good.
    ///
    /// # Errors
    /// When the store fails.
    pub fn lost(&self) -> Result<BTreeSet<u64>, StoreError> {
        self.seqs("SELECT seq FROM directory_lost")
    }

    /// Takes changes as lost for good.
    ///
    /// # Errors
    /// When the store fails.
    pub fn lose(&self, seqs: &[u64]) -> Result<(), StoreError> {
        self.store.write(|tx| {
            for seq in seqs {
                tx.execute(
                    "INSERT OR IGNORE INTO directory_lost (seq) VALUES (?1)",
                    [place(*seq)],
                )?;
            }
            Ok(())
        })
    }
}
