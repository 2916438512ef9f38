//! The records that one console wrote: those of an import, whose console writes nothing else.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{AreaCode, DeviceId, FormCode, RecordId};

use crate::views::{Views, ViewsError};

/// A record that a console wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The record.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// Its form.
    pub form: FormCode,
    /// Whether its first entry is of the console.
    pub is_made: bool,
    /// Whether all its entries are.
    pub is_alone: bool,
    /// Whether another record that is not deleted refers to it, so that it is of use.
    pub is_named: bool,
}

impl Views {
    /// Whether all entries of a record are of one console.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn is_alone(&self, record: &RecordId, device: DeviceId) -> Result<bool, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM records r JOIN entries e ON e.record = r.id
                 WHERE r.record = ?1 AND e.verdict < 2 AND e.device <> ?2)",
            )?;
            Ok(statement.query_row((record.bytes(), device.bytes()), |r| r.get(0))?)
        })
    }

    /// How many records there are in each grid, those marked as deleted left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn count_by_grid(&self) -> Result<BTreeMap<AreaCode, u64>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT grid, SUM(n) FROM tally GROUP BY grid")?;
            let mut rows = statement.query([])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let grid =
                    AreaCode::new(&row.get::<_, String>(0)?).map_err(|_| ViewsError::Damaged)?;
                out.insert(grid, row.get::<_, i64>(1)?.max(0).unsigned_abs());
            }
            Ok(out)
        })
    }

    /// The records with an entry of a console, those marked as deleted left out.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn written_by(&self, device: DeviceId) -> Result<Vec<WrittenBy>, ViewsError> {
        self.pool.with_one_look(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT r.record, r.grid, r.form,
                   (SELECT e.device = ?1 FROM entries e WHERE e.record = r.id AND e.verdict < 2
                    ORDER BY e.received, e.seq LIMIT 1),
                   NOT EXISTS (SELECT 1 FROM entries e WHERE e.record = r.id AND e.verdict < 2 AND e.device <> ?1),
                   EXISTS (SELECT 1 FROM records x WHERE x.household = r.record AND x.record <> r.record
                           AND x.live = 1 AND x.deleted = 0)
                   OR EXISTS (SELECT 1 FROM records x WHERE x.about = r.record AND x.live = 1 AND x.deleted = 0)
                 FROM (SELECT DISTINCT record FROM entries WHERE device = ?1 AND verdict < 2 AND record IS NOT NULL) m
                 JOIN records r ON r.id = m.record WHERE r.live = 1 AND r.deleted = 0 ORDER BY r.record",
            )?;
            let mut rows = statement.query([device.bytes()])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(WrittenBy {
                    record: RecordId::from_bytes(row.get(0)?),
                    grid: AreaCode::new(&row.get::<_, String>(1)?)
                        .map_err(|_| ViewsError::Damaged)?,
                    form: FormCode::new(&row.get::<_, String>(2)?)
                        .map_err(|_| ViewsError::Damaged)?,
                    is_made: row.get::<_, Option<bool>>(3)?.unwrap_or(false),
                    is_alone: row.get(4)?,
                    is_named: row.get(5)?,
                });
            }
            Ok(out)
        })
    }
}
