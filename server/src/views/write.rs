//! The writing side: one transaction takes a batch of decided entries and the cursors they move.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::path::Path;

use gridfold_sync_core::ids::{
    AreaCode, DeviceId, FormCode, Hash, IncarnationId, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::schema::FormSet;
use gridfold_sync_core::view::PartState;
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::trouble::{FaultyStore, Store, StoreFaults};
use crate::views::counted::Counted;
use crate::views::pool::open_writer;
use crate::views::record_columns::{RowBefore, record_row};
use crate::views::record_row::Changed;
use crate::views::{ProjectedEntry, ViewsError};

/// Row ids of records kept in memory: one never changes while its file lives.
const KEPT_RECORD_IDS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// The one writer of the views.
#[derive(Debug)]
pub struct ViewsWriter {
    pub(super) conn: Connection,
    streams: HashMap<StreamId, i64>,
    incarnations: HashMap<IncarnationId, (i64, DeviceId)>,
    records: LruCache<RecordId, i64>,
    pub(super) faulty: FaultyStore,
}

impl ViewsWriter {
    /// Opens the file, making it the first time.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn open(path: &Path) -> Result<Self, ViewsError> {
        Self::open_with(path, None)
    }

    /// The same with faults a test simulates.
    ///
    /// # Errors
    /// As [`ViewsWriter::open`].
    pub(crate) fn open_with(path: &Path, faults: Option<StoreFaults>) -> Result<Self, ViewsError> {
        Ok(Self {
            conn: open_writer(path)?,
            streams: HashMap::new(),
            incarnations: HashMap::new(),
            records: LruCache::new(KEPT_RECORD_IDS),
            faulty: FaultyStore::new(Store::Views, faults),
        })
    }

    /// Brings all of it into the one file and closes it.
    ///
    /// # Errors
    /// When SQLite fails.
    pub(crate) fn close(mut self) -> Result<(), ViewsError> {
        self.end_reads();
        self.conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.conn.close().map_err(|(_, error)| error.into())
    }

    /// Keeps one look at the file over the reads of a batch: SQLite then locks it once and not at
    /// every read.
    ///
    /// # Errors
    /// When SQLite fails.
    pub(crate) fn begin_reads(&mut self) -> Result<(), ViewsError> {
        if self.conn.is_autocommit() {
            self.conn.prepare_cached("BEGIN")?.execute([])?;
        }
        Ok(())
    }

    /// Ends what [`Self::begin_reads`] began.
    pub(crate) fn end_reads(&mut self) {
        if !self.conn.is_autocommit() {
            let ended = self
                .conn
                .prepare_cached("COMMIT")
                .and_then(|mut s| s.execute([]));
            if let Err(error) = ended {
                tracing::error!(%error, "a read of the views did not end");
            }
        }
    }

    pub(super) fn stream_id(&mut self, stream: &StreamId) -> Result<Option<i64>, ViewsError> {
        if let Some(id) = self.streams.get(stream) {
            return Ok(Some(*id));
        }
        let found = self
            .conn
            .prepare_cached("SELECT id FROM streams WHERE name = ?1")?
            .query_row([stream.name()], |r| r.get(0))
            .optional()?;
        if let Some(id) = found {
            self.streams.insert(stream.clone(), id);
        }
        Ok(found)
    }

    fn incarnation(
        &mut self,
        incarnation: IncarnationId,
    ) -> Result<Option<(i64, DeviceId)>, ViewsError> {
        if let Some(found) = self.incarnations.get(&incarnation) {
            return Ok(Some(*found));
        }
        let found = self
            .conn
            .prepare_cached("SELECT id, device FROM incarnations WHERE incarnation = ?1")?
            .query_row([incarnation.bytes()], |r| {
                Ok((r.get(0)?, DeviceId::from_bytes(r.get(1)?)))
            })
            .optional()?;
        if let Some(found) = found {
            self.incarnations.insert(incarnation, found);
        }
        Ok(found)
    }

    fn record_id(&mut self, record: &RecordId) -> Result<Option<i64>, ViewsError> {
        if let Some(id) = self.records.get(record) {
            return Ok(Some(*id));
        }
        let found = self
            .conn
            .prepare_cached("SELECT id FROM records WHERE record = ?1")?
            .query_row([record.bytes()], |r| r.get(0))
            .optional()?;
        if let Some(id) = found {
            self.records.put(*record, id);
        }
        Ok(found)
    }

    /// Grid and form of a record that has at least one admitted entry.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn record(
        &mut self,
        record: &RecordId,
    ) -> Result<Option<(AreaCode, FormCode)>, ViewsError> {
        let Some(id) = self.record_id(record)? else {
            return Ok(None);
        };
        let found: Option<(String, String)> = self
            .conn
            .prepare_cached("SELECT grid, form FROM records WHERE id = ?1 AND live = 1")?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        found
            .map(|(grid, form)| {
                let grid = AreaCode::new(&grid).map_err(|_| ViewsError::Damaged)?;
                Ok((grid, FormCode::new(&form).map_err(|_| ViewsError::Damaged)?))
            })
            .transpose()
    }

    /// The row of a record in a class.
    ///
    /// # Errors
    /// When SQLite fails or the row does not decode.
    pub fn part(
        &mut self,
        record: &RecordId,
        class: SensitivityClass,
    ) -> Result<Option<PartState>, ViewsError> {
        let Some(id) = self.record_id(record)? else {
            return Ok(None);
        };
        let found: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT state FROM parts WHERE record = ?1 AND class = ?2")?
            .query_row(params![id, class as u8], |r| r.get(0))
            .optional()?;
        found
            .map(|bytes| PartState::from_bytes(&bytes).map_err(|_| ViewsError::Damaged))
            .transpose()
    }

    /// Places, in their stream, of the admitted entries of a record.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn places(&mut self, stream: &StreamId, record: &RecordId) -> Result<Vec<u64>, ViewsError> {
        let (Some(stream), Some(record)) = (self.stream_id(stream)?, self.record_id(record)?)
        else {
            return Ok(Vec::new());
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT seq FROM entries WHERE record = ?1 AND stream = ?2 AND verdict < 2 ORDER BY seq",
        )?;
        let places = statement.query_map(params![record, stream], |r| r.get::<_, i64>(0))?;
        places.map(|p| Ok(p? as u64)).collect()
    }

    /// Writes a batch. Entries that were projected before change nothing.
    ///
    /// # Errors
    /// [`ViewsError::Gap`] when the batch does not follow what was projected before, and when
    /// SQLite fails; then nothing of the batch is written.
    pub fn project(&mut self, batch: &[ProjectedEntry], forms: &FormSet) -> Result<(), ViewsError> {
        self.end_reads();
        let done = self.write_batch(batch, forms);
        if done.is_err() {
            self.forget_ids();
        }
        done
    }

    /// Row ids that a transaction gave are gone with it when it is undone.
    pub(super) fn forget_ids(&mut self) {
        self.streams.clear();
        self.incarnations.clear();
        self.records.clear();
    }

    #[expect(clippy::too_many_lines, reason = "one transaction, row after row")]
    fn write_batch(&mut self, batch: &[ProjectedEntry], forms: &FormSet) -> Result<(), ViewsError> {
        for entry in batch {
            self.stream_id(&entry.stream)?;
            self.incarnation(entry.id.incarnation)?;
        }
        let Self {
            conn,
            streams,
            incarnations,
            records,
            faulty,
        } = self;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut cursors: BTreeMap<i64, (u64, Hash, i64)> = BTreeMap::new();
        let mut changed: BTreeMap<RecordId, Changed<'_>> = BTreeMap::new();
        let mut rows: HashMap<RecordId, RowBefore> = HashMap::new();
        for e in batch {
            let stream = match streams.get(&e.stream) {
                Some(id) => *id,
                None => {
                    tx.prepare_cached(
                        "INSERT INTO streams (name, seq, prefix) VALUES (?1, 0, zeroblob(32))",
                    )?
                    .execute([e.stream.name()])?;
                    let id = tx.last_insert_rowid();
                    streams.insert(e.stream.clone(), id);
                    id
                }
            };
            let cursor = match cursors.get(&stream) {
                Some((seq, ..)) => *seq,
                None => cursor_of(&tx, stream)?,
            };
            if e.seq <= cursor {
                continue;
            }
            if e.seq != cursor + 1 {
                return Err(ViewsError::Gap {
                    stream: e.stream.name(),
                    cursor,
                    seq: e.seq,
                });
            }
            let incarnation = match incarnations.get(&e.id.incarnation) {
                Some((id, _)) => *id,
                None => {
                    tx.prepare_cached(
                        "INSERT INTO incarnations (incarnation, device) VALUES (?1, ?2)",
                    )?
                    .execute(params![e.id.incarnation.bytes(), e.author.device.bytes()])?;
                    let id = tx.last_insert_rowid();
                    incarnations.insert(e.id.incarnation, (id, e.author.device));
                    id
                }
            };
            let record = match e.record {
                None => None,
                Some(record) => Some(match rows.get(&record) {
                    Some(row) => row.id,
                    None => {
                        let row = record_row(&tx, records.get(&record).copied(), &record, e)?;
                        let id = row.id;
                        rows.insert(record, row);
                        id
                    }
                }),
            };
            tx.prepare_cached(
                "INSERT INTO entries
                 (stream, seq, incarnation, log_seq, record, device, user, claimed, received, verdict, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                    stream,
                    e.seq as i64,
                    incarnation,
                    e.id.seq as i64,
                    record,
                    e.author.device.bytes(),
                    e.author.user.bytes(),
                    e.claimed.millis(),
                    e.received.millis(),
                    e.verdict.to_u8(),
                    e.hash.0
                ])?;
            cursors.insert(stream, (e.seq, e.prefix, e.received.millis()));
            if let (Some(record), Some(state), Some(form)) = (e.record, &e.state, &e.form) {
                let c = changed
                    .entry(record)
                    .or_insert_with(|| Changed::new(e, form));
                c.add(e, state);
            }
        }
        for (stream, (seq, prefix, received)) in cursors {
            tx.prepare_cached(
                "UPDATE streams SET seq = ?2, prefix = ?3, received = ?4 WHERE id = ?1",
            )?
            .execute(params![stream, seq as i64, prefix.0, received])?;
        }
        let mut counted = Counted::default();
        for (record, change) in &changed {
            if let Some(row) = rows.get(record) {
                change.write(&tx, *record, row, forms, &mut counted)?;
            }
        }
        counted.write(&tx)?;
        faulty.before_commit()?;
        tx.commit()?;
        for (record, row) in rows {
            records.put(record, row.id);
        }
        Ok(())
    }
}

/// How far a stream has been projected, by its row.
pub(super) fn cursor_of(conn: &Connection, stream: i64) -> Result<u64, ViewsError> {
    let seq: i64 = conn
        .prepare_cached("SELECT seq FROM streams WHERE id = ?1")?
        .query_row([stream], |r| r.get(0))?;
    Ok(seq as u64)
}
