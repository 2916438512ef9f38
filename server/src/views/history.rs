//! The history of a record, refused edits, late edits and what was set aside.

use gridfold_sync_core::entry::{Author, Entry, RefusalCode, Verdict};
use gridfold_sync_core::ids::{DeviceId, EntryRef, IncarnationId, RecordId, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::items::StoredItem;
use crate::log::StreamName;
use crate::views::list::MAX_PAGE;
use crate::views::{Page, ReadScope, Views, ViewsError};

/// One entry of a record's history.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// Its stream.
    pub stream: StreamId,
    /// Its place there.
    pub seq: u64,
    /// Its name.
    pub id: EntryRef,
    /// Who made it, on which device.
    pub author: Author,
    /// The device's clock.
    pub claimed: Timestamp,
    /// The server's clock.
    pub received: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// The edit; without operations once erased, none when only its hash is known.
    pub entry: Option<Entry>,
}

/// A refused edit.
#[derive(Debug, Clone)]
pub struct RefusedRow {
    /// The record, when it could be told.
    pub record: Option<RecordId>,
    /// Why.
    pub code: RefusalCode,
    /// The edit.
    pub edit: HistoryRow,
}

/// A device log that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its place in the quarantine stream.
    pub seq: u64,
    /// Who brought it.
    pub author: Author,
    /// The stream it was for, by name.
    pub stream: String,
    /// The device log.
    pub incarnation: IncarnationId,
    /// Its first sequence.
    pub first_seq: u64,
    /// How many entries.
    pub entries: u64,
    /// The problem's code.
    pub problem: String,
    /// When it came.
    pub received: Timestamp,
}

impl Views {
    fn item(&self, stream: &StreamId, seq: u64) -> Result<Option<StoredItem>, ViewsError> {
        let name = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
        match self.log.get(&name, seq)? {
            Some(item) => StoredItem::decode(&item.bytes)
                .map(Some)
                .map_err(|_| ViewsError::Damaged),
            None => Ok(None),
        }
    }

    fn history_row(
        &self,
        stream: StreamId,
        seq: u64,
    ) -> Result<Option<(HistoryRow, Option<RecordId>)>, ViewsError> {
        let Some(item) = self.item(&stream, seq)? else {
            return Ok(None);
        };
        let entry = item.entry(&self.keys)?;
        let row = HistoryRow {
            stream,
            seq,
            id: item.id,
            author: item.author,
            claimed: item.header.as_ref().map_or(item.received, |h| h.claimed),
            received: item.received,
            verdict: item.verdict,
            entry,
        };
        Ok(Some((row, item.record)))
    }

    /// All entries of a record in classes the reader may read, in the order the server received them.
    ///
    /// # Errors
    /// When views or log cannot be read.
    pub fn history(
        &self,
        record: &RecordId,
        scope: &ReadScope,
    ) -> Result<Vec<HistoryRow>, ViewsError> {
        let places: Vec<(String, i64)> = self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.name, e.seq FROM entries e JOIN streams s ON s.id = e.stream
                 JOIN records r ON r.id = e.record WHERE r.record = ?1 ORDER BY e.received, e.stream, e.seq",
            )?;
            let rows = statement.query_map([record.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.map(|r| r.map_err(ViewsError::from)).collect()
        })?;
        let mut out = Vec::with_capacity(places.len());
        for (name, seq) in places {
            let stream = StreamId::parse(&name).ok_or(ViewsError::Damaged)?;
            if scope.classes.contains(&stream.class) && scope.has(&stream.grid) {
                out.extend(self.history_row(stream, seq as u64)?.map(|(row, _)| row));
            }
        }
        Ok(out)
    }

    /// One entry by its name.
    ///
    /// # Errors
    /// When views or log cannot be read.
    pub fn entry(
        &self,
        stream: &StreamId,
        id: &EntryRef,
    ) -> Result<Option<(HistoryRow, Option<RecordId>)>, ViewsError> {
        let seq: Option<i64> = self.pool.with(|conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT e.seq FROM entries e JOIN streams s ON s.id = e.stream
                     JOIN incarnations i ON i.id = e.incarnation
                     WHERE s.name = ?1 AND i.incarnation = ?2 AND e.log_seq = ?3",
                )?
                .query_row(
                    params![stream.name(), id.incarnation.bytes(), id.seq as i64],
                    |r| r.get(0),
                )
                .optional()?)
        })?;
        match seq {
            Some(seq) => self.history_row(stream.clone(), seq as u64),
            None => Ok(None),
        }
    }

    /// A page of refused edits in scope, newest first.
    ///
    /// # Errors
    /// When views or log cannot be read, or the cursor is not of this list.
    pub fn refused(
        &self,
        scope: &ReadScope,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<RefusedRow>, ViewsError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let (received, stream, seq) = match cursor {
            None => (i64::MAX, i64::MAX, i64::MAX),
            Some(text) => {
                let numbers: Vec<i64> = text.split('_').filter_map(|n| n.parse().ok()).collect();
                match numbers.as_slice() {
                    [a, b, c] => (*a, *b, *c),
                    _ => return Err(ViewsError::BadCursor),
                }
            }
        };
        let classes: Vec<u8> = scope.classes.iter().map(|c| *c as u8).collect();
        let places: Vec<(i64, i64, i64, String)> = self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT e.received, e.stream, e.seq, s.name FROM entries e JOIN streams s ON s.id = e.stream
                 WHERE e.verdict >= 2 AND (e.received, e.stream, e.seq) < (?1, ?2, ?3)
                 ORDER BY e.received DESC, e.stream DESC, e.seq DESC",
            )?;
            let mut rows = statement.query(params![received, stream, seq])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get(3)?;
                let Some(id) = StreamId::parse(&name) else { continue };
                if scope.has(&id.grid) && classes.contains(&(id.class as u8)) {
                    out.push((row.get(0)?, row.get(1)?, row.get(2)?, name));
                    if out.len() > limit {
                        break;
                    }
                }
            }
            Ok(out)
        })?;
        let next = (places.len() > limit).then(|| {
            let (received, stream, seq, _) = &places[limit - 1];
            format!("{received}_{stream}_{seq}")
        });
        let mut rows = Vec::new();
        for (_, _, seq, name) in places.into_iter().take(limit) {
            let stream = StreamId::parse(&name).ok_or(ViewsError::Damaged)?;
            if let Some((edit, record)) = self.history_row(stream, seq as u64)?
                && let Verdict::Refused(code) = edit.verdict
            {
                rows.push(RefusedRow { record, code, edit });
            }
        }
        Ok(Page { rows, next })
    }

    /// What was set aside, newest first.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn quarantine(&self, limit: usize) -> Result<Vec<QuarantineRow>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, device, user, stream, incarnation, first_seq, entries, problem, received
                 FROM quarantine ORDER BY seq DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([limit.clamp(1, MAX_PAGE) as i64], |r| {
                Ok(QuarantineRow {
                    seq: r.get::<_, i64>(0)? as u64,
                    author: Author { device: DeviceId::from_bytes(r.get(1)?), user: UserId::from_bytes(r.get(2)?) },
                    stream: r.get(3)?,
                    incarnation: IncarnationId::from_bytes(r.get(4)?),
                    first_seq: r.get::<_, i64>(5)? as u64,
                    entries: r.get::<_, i64>(6)? as u64,
                    problem: r.get(7)?,
                    received: Timestamp(r.get(8)?),
                })
            })?;
            rows.map(|r| r.map_err(ViewsError::from)).collect()
        })
    }

    /// Counts for the operator: entries, refused, late, in conflict, set aside.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn totals(&self) -> Result<Totals, ViewsError> {
        self.pool.with(|conn| {
            let count = |sql: &str| {
                conn.query_row(sql, [], |r| r.get::<_, i64>(0))
                    .map(|n| n as u64)
            };
            Ok(Totals {
                entries: count("SELECT COUNT(*) FROM entries")?,
                refused: count("SELECT COUNT(*) FROM entries WHERE verdict >= 2")?,
                late: count("SELECT COUNT(*) FROM entries WHERE verdict = 1")?,
                records: count("SELECT COUNT(*) FROM records WHERE live = 1")?,
                in_conflict: count(
                    "SELECT COUNT(*) FROM records WHERE live = 1 AND conflicts > 0",
                )?,
                quarantined: count("SELECT COALESCE(SUM(entries), 0) FROM quarantine")?,
            })
        })
    }
}

/// Counts for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Entries of all streams.
    pub entries: u64,
    /// Entries that were refused.
    pub refused: u64,
    /// Entries that were admitted late.
    pub late: u64,
    /// Records.
    pub records: u64,
    /// Records with a conflict.
    pub in_conflict: u64,
    /// Entries that were set aside.
    pub quarantined: u64,
}
