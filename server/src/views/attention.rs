//! What waits for somebody: late edits and refused edits, counted and listed by what the reader may settle.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{AreaCode, RecordId, SensitivityClass, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;

use crate::views::{Views, ViewsError, conditions};

/// A record with late edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRecord {
    /// The record.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// When the newest late edit came.
    pub received: Timestamp,
    /// Who made it.
    pub user: UserId,
    /// How many there are.
    pub edits: u64,
}

impl Views {
    /// All records with late edits in these classes, the newest first. There are few: late edits end with the weeks in which they may come.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn late_records(
        &self,
        classes: &BTreeSet<SensitivityClass>,
    ) -> Result<Vec<LateRecord>, ViewsError> {
        let classes: Vec<String> = classes.iter().map(|c| (*c as u8).to_string()).collect();
        self.pool.with(|conn| {
            // One bare column of the row with the maximum comes along with it; a stream's name ends in its class.
            let mut statement = conn.prepare_cached(
                "SELECT r.record, r.grid, MAX(e.received), e.user, COUNT(*)
                 FROM entries e INDEXED BY entries_late JOIN records r ON r.id = e.record
                 JOIN streams s ON s.id = e.stream
                 WHERE e.verdict = 1 AND r.live = 1 AND r.deleted = 0
                 AND substr(s.name, -1) IN (SELECT value FROM json_each(?1))
                 GROUP BY e.record ORDER BY 3 DESC, e.record DESC",
            )?;
            let mut rows = statement.query([conditions::json_list(&classes)?])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(LateRecord {
                    record: RecordId::from_bytes(row.get(0)?),
                    grid: AreaCode::new(&row.get::<_, String>(1)?)
                        .map_err(|_| ViewsError::Damaged)?,
                    received: Timestamp(row.get(2)?),
                    user: UserId::from_bytes(row.get(3)?),
                    edits: row.get::<_, i64>(4)?.unsigned_abs(),
                });
            }
            Ok(out)
        })
    }

    /// Of records that were moved away, with when, those to which somebody wrote since in other classes than the one of the mark of deletion, which says nothing of these.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn late_after_moves<'a>(
        &self,
        moved: impl Iterator<Item = (RecordId, &'a AreaCode, Timestamp)>,
        classes: &BTreeSet<SensitivityClass>,
    ) -> Result<Vec<LateRecord>, ViewsError> {
        let classes: Vec<String> = classes.iter().map(|c| (*c as u8).to_string()).collect();
        let classes = conditions::json_list(&classes)?;
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT MAX(e.received), e.user, COUNT(*) FROM records r JOIN entries e ON e.record = r.id
                 JOIN streams s ON s.id = e.stream
                 WHERE r.record = ?1 AND r.live = 1 AND r.deleted = 1 AND r.received > ?2
                 AND e.received > ?2 AND e.verdict < 2
                 AND substr(s.name, -1) <> CAST(r.main_class AS TEXT)
                 AND substr(s.name, -1) IN (SELECT value FROM json_each(?3))",
            )?;
            let mut out = Vec::new();
            for (record, grid, at) in moved {
                let mut rows = statement.query((record.bytes(), at.millis(), &classes))?;
                let Some(row) = rows.next()? else { continue };
                let Some(received) = row.get::<_, Option<i64>>(0)? else {
                    continue;
                };
                out.push(LateRecord {
                    record,
                    grid: grid.clone(),
                    received: Timestamp(received),
                    user: UserId::from_bytes(row.get(1)?),
                    edits: row.get::<_, i64>(2)?.unsigned_abs(),
                });
            }
            Ok(out)
        })
    }

    /// How many edits were refused in each stream.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn refused_by_stream(&self) -> Result<BTreeMap<StreamId, u64>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.name, COUNT(*) FROM entries e INDEXED BY entries_refused
                 JOIN streams s ON s.id = e.stream WHERE e.verdict >= 2 GROUP BY e.stream",
            )?;
            let mut rows = statement.query([])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let stream = StreamId::parse(&row.get::<_, String>(0)?);
                let stream = stream.ok_or(ViewsError::Damaged)?;
                out.insert(stream, row.get::<_, i64>(1)?.unsigned_abs());
            }
            Ok(out)
        })
    }
}
