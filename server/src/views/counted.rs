//! What is counted as records change, so that an overview or a map of a city does not count a million rows.
//!
//! What enters: each row of a batch as it was and as it is. What is written, once a batch: how many records there are by grid and form, where they lie by coarse tile, and when the households that the batch tells of were last visited.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{RecordId, SensitivityClass};
use rusqlite::{Transaction, params};

use crate::views::ViewsError;
use crate::views::place::{CELL_LEVEL, TILE_LEVEL, above, cell};
use crate::views::record_columns::Columns;
use crate::views::work::{HOUSEHOLD, VISIT};

/// Tile, grid, form and class.
type Tile = (i64, String, String, u8);

/// What a batch adds and takes away.
#[derive(Debug, Default)]
pub(super) struct Counted {
    records: BTreeMap<(String, String), i64>,
    places: BTreeMap<Tile, (i64, i64, i64)>,
    households: BTreeSet<[u8; 16]>,
}

impl Counted {
    /// Takes note of a row that was `before` and is `after`.
    pub(super) fn moved(&mut self, record: RecordId, before: &Columns, after: &Columns) {
        let shown = |c: &Columns| c.live && !c.deleted;
        let same = shown(before) == shown(after)
            && before.grid == after.grid
            && before.form == after.form
            && before.place == after.place
            && before.place_class == after.place_class;
        if !same {
            for (columns, by) in [(before, -1), (after, 1)] {
                if shown(columns) {
                    self.add(columns, by);
                }
            }
        }
        let told = (
            before.household,
            before.happened,
            shown(before),
            before.means,
        ) != (after.household, after.happened, shown(after), after.means);
        if told && (before.means == VISIT || after.means == VISIT) {
            self.households.extend(before.household);
            self.households.extend(after.household);
        }
        // A household may come after its visits.
        if after.means == HOUSEHOLD && before.means != HOUSEHOLD {
            self.households.insert(record.bytes());
        }
    }

    fn add(&mut self, c: &Columns, by: i64) {
        let key = (c.grid.clone(), c.form.clone());
        *self.records.entry(key).or_default() += by;
        if let Some((lat, lon)) = c.place {
            let tile = above(cell(lat, lon), CELL_LEVEL, TILE_LEVEL);
            let key = (tile, c.grid.clone(), c.form.clone(), c.place_class);
            let sums = self.places.entry(key).or_default();
            sums.0 += by;
            sums.1 += by * i64::from(lat);
            sums.2 += by * i64::from(lon);
        }
    }

    /// Writes it, in the transaction that wrote the rows.
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<(), ViewsError> {
        for ((grid, form), n) in self.records.iter().filter(|(_, n)| **n != 0) {
            tx.prepare_cached(
                "INSERT INTO tally (grid, form, n) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + ?3",
            )?
            .execute(params![grid, form, n])?;
        }
        for ((tile, grid, form, class), (n, lat, lon)) in &self.places {
            if (*n, *lat, *lon) == (0, 0, 0) {
                continue;
            }
            tx.prepare_cached(
                "INSERT INTO places (tile, grid, form, class, n, lat, lon) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET n = n + ?5, lat = lat + ?6, lon = lon + ?7",
            )?
            .execute(params![tile, grid, form, class, n, lat, lon])?;
        }
        for household in &self.households {
            tx.prepare_cached(&format!(
                "UPDATE records SET visited = v.at, visited_class = v.class FROM (
                   SELECT COALESCE(MAX(happened), 0) AS at,
                   COALESCE(MAX(MAX(happened_class, household_class)), ?2) AS class FROM records
                   WHERE household = ?1 AND means = {VISIT} AND live = 1 AND deleted = 0
                 ) AS v WHERE record = ?1 AND means = {HOUSEHOLD} AND (visited <> v.at OR visited_class <> v.class)",
            ))?
            // That it never was is told to nobody who might not read a visit.
            .execute(params![household, SensitivityClass::Personal as u8])?;
        }
        Ok(())
    }
}
