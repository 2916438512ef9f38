//! Records on a map: as many points as can be told apart, each with how many records it stands for.
//!
//! What enters: a filter, a part of the world and how closely it is looked at. What leaves: clusters by tile. Of a place whose class the reader may not read nothing is told.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{AreaCode, RecordId};
use rusqlite::Connection;

use crate::views::place::{CELL_LEVEL, TILE_LEVEL, above, ranges};
use crate::views::{BBox, RecordFilter, Views, ViewsError, conditions, plan};

/// Tiles of a cluster on a side of a tile of the map: 64 pixels where that is 256.
const CLUSTERS_PER_TILE_LEVEL: u32 = 2;
/// Most clusters of one answer; more are put together.
const MAX_CLUSTERS: usize = 2_000;
/// Single records whose id is looked up.
const MAX_IDS: usize = 500;

/// Some records near each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The middle of their places: longitude in degrees.
    pub lon: f64,
    /// The same: latitude.
    pub lat: f64,
    /// How many.
    pub count: u64,
    /// The record, when it is one.
    pub record: Option<RecordId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: i64,
    lat: i64,
    lon: i64,
    /// The row of one of them, when it was read.
    row: Option<i64>,
}

type Tiles = BTreeMap<i64, Sums>;

fn add(tiles: &mut Tiles, tile: i64, more: Sums) {
    let sums = tiles.entry(tile).or_default();
    sums.n += more.n;
    sums.lat += more.lat;
    sums.lon += more.lon;
    sums.row = sums.row.or(more.row);
}

/// What a row of an index must be to be shown.
struct Wanted<'a> {
    grids: Option<BTreeSet<&'a str>>,
    filter: &'a RecordFilter,
}

impl<'a> Wanted<'a> {
    fn of(filter: &'a RecordFilter) -> Self {
        let grids =
            conditions::grids(filter).map(|all| all.into_iter().map(AreaCode::as_str).collect());
        Self { grids, filter }
    }
    fn has(&self, grid: &str, form: &str, class: u8) -> bool {
        self.grids.as_ref().is_none_or(|g| g.contains(grid))
            && (self.filter.forms.is_empty()
                || self.filter.forms.iter().any(|f| f.as_str() == form))
            && self.filter.scope.classes.iter().any(|c| *c as u8 == class)
    }
}

/// From the tiles that are counted as records change.
fn from_counted(
    conn: &Connection,
    filter: &RecordFilter,
    area: &BBox,
    level: u32,
) -> Result<Tiles, ViewsError> {
    let wanted = Wanted::of(filter);
    let mut tiles = Tiles::new();
    let mut statement = conn.prepare_cached(
        "SELECT tile, grid, form, class, n, lat, lon FROM places WHERE tile >= ?1 AND tile < ?2 AND n > 0",
    )?;
    for range in ranges(area, TILE_LEVEL) {
        let mut rows = statement.query(range)?;
        while let Some(row) = rows.next()? {
            let grid = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let form = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            if wanted.has(grid, form, row.get(3)?) {
                let tile: i64 = row.get(0)?;
                let sums = Sums {
                    n: row.get(4)?,
                    lat: row.get(5)?,
                    lon: row.get(6)?,
                    row: None,
                };
                add(&mut tiles, above(tile, TILE_LEVEL, level), sums);
            }
        }
    }
    Ok(tiles)
}

/// From the index of places, which holds all that is asked.
fn from_index(
    conn: &Connection,
    filter: &RecordFilter,
    area: &BBox,
    level: u32,
    tiles_of: &[(i64, i64)],
) -> Result<Tiles, ViewsError> {
    let wanted = Wanted::of(filter);
    let mut tiles = Tiles::new();
    let mut statement = conn.prepare_cached(
        "SELECT r.cell, r.grid, r.form, r.place_class, r.lat, r.lon, r.id FROM records r INDEXED BY records_place
         WHERE r.live = 1 AND r.deleted = 0 AND r.cell IS NOT NULL AND r.cell >= ?1 AND r.cell < ?2",
    )?;
    for range in tiles_of {
        let mut rows = statement.query(*range)?;
        while let Some(row) = rows.next()? {
            let grid = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let form = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let (lat, lon): (i32, i32) = (row.get(4)?, row.get(5)?);
            if wanted.has(grid, form, row.get(3)?) && area.has(lat, lon) {
                let cell: i64 = row.get(0)?;
                let sums = Sums {
                    n: 1,
                    lat: lat.into(),
                    lon: lon.into(),
                    row: Some(row.get(6)?),
                };
                add(&mut tiles, above(cell, CELL_LEVEL, level), sums);
            }
        }
    }
    Ok(tiles)
}

/// From the records themselves, for conditions that no index of places knows.
fn from_records(
    conn: &Connection,
    filter: &RecordFilter,
    area: &BBox,
    level: u32,
) -> Result<Tiles, ViewsError> {
    let filter = RecordFilter {
        bbox: Some(filter.bbox.unwrap_or(*area)),
        cursor: None,
        ..filter.clone()
    };
    let mut tiles = Tiles::new();
    plan::for_each(conn, &filter, "r.id, r.cell, r.lat, r.lon", |row| {
        let (lat, lon): (i32, i32) = (row.get(2)?, row.get(3)?);
        if area.has(lat, lon) {
            let cell: i64 = row.get(1)?;
            let sums = Sums {
                n: 1,
                lat: lat.into(),
                lon: lon.into(),
                row: Some(row.get(0)?),
            };
            add(&mut tiles, above(cell, CELL_LEVEL, level), sums);
        }
        Ok(())
    })?;
    Ok(tiles)
}

impl Views {
    /// The records of a filter that lie in a part of the world, put together as a map at a zoom shows them.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn clusters(
        &self,
        filter: &RecordFilter,
        area: &BBox,
        zoom: u32,
    ) -> Result<Vec<Cluster>, ViewsError> {
        let mut level = (zoom + CLUSTERS_PER_TILE_LEVEL).min(CELL_LEVEL);
        self.pool.with_one_look(|conn| {
            let mut tiles = if !plan::is_counted(filter) {
                from_records(conn, filter, area, level)?
            } else if level <= TILE_LEVEL {
                from_counted(conn, filter, area, level)?
            } else {
                from_index(conn, filter, area, level, &ranges(area, CELL_LEVEL))?
            };
            while tiles.len() > MAX_CLUSTERS && level > 0 {
                let mut coarse = Tiles::new();
                for (tile, sums) in tiles {
                    add(&mut coarse, above(tile, level, level - 1), sums);
                }
                tiles = coarse;
                level -= 1;
            }
            clusters(conn, filter, level, tiles)
        })
    }
}

fn clusters(
    conn: &Connection,
    filter: &RecordFilter,
    level: u32,
    tiles: Tiles,
) -> Result<Vec<Cluster>, ViewsError> {
    let mut named = 0;
    let mut name = conn.prepare_cached("SELECT record FROM records WHERE id = ?1")?;
    let mut out = Vec::with_capacity(tiles.len());
    for (tile, sums) in tiles {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the middle of many places needs no last digit"
        )]
        let middle = |sum: i64| (sum as f64 / sums.n as f64).round() / 1e7;
        let mut record = None;
        if sums.n == 1 && named < MAX_IDS {
            named += 1;
            let row = match sums.row {
                Some(row) => Some(row),
                None => single(conn, filter, level, tile)?,
            };
            if let Some(row) = row {
                record = Some(RecordId::from_bytes(name.query_row([row], |r| r.get(0))?));
            }
        }
        out.push(Cluster {
            lon: middle(sums.lon),
            lat: middle(sums.lat),
            count: sums.n.unsigned_abs(),
            record,
        });
    }
    Ok(out)
}

/// The one record of a tile.
fn single(
    conn: &Connection,
    filter: &RecordFilter,
    level: u32,
    tile: i64,
) -> Result<Option<i64>, ViewsError> {
    let below = 2 * (CELL_LEVEL - level);
    let range = (tile << below, (tile + 1) << below);
    // Tiles at the edge of the part that is looked at count whole.
    let whole = BBox::WORLD;
    let found = from_index(conn, filter, &whole, level, &[range])?;
    Ok(found.values().find_map(|s| s.row))
}
