//! Places as tiles: a number whose every prefix is a larger tile, so that what lies together stands together in an index.

/// Level of the tile that a record's row keeps: about 10 m.
pub(super) const CELL_LEVEL: u32 = 22;
/// Level of the tiles that are counted as records change: about 1 km.
pub(super) const TILE_LEVEL: u32 = 15;
/// Most ranges that a box is taken apart into.
const MAX_RANGES: usize = 64;
/// Latitudes beyond it are not on a square map.
const MAX_LAT: f64 = 85.051_128;

/// A part of the world, in degrees. One that crosses the date line has its west east of its east.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BBox {
    /// Western longitude.
    pub west: f64,
    /// Southern latitude.
    pub south: f64,
    /// Eastern longitude.
    pub east: f64,
    /// Northern latitude.
    pub north: f64,
}

impl BBox {
    /// Everything.
    pub const WORLD: Self = Self {
        west: -180.0,
        south: -90.0,
        east: 180.0,
        north: 90.0,
    };

    /// Whether a place in 1e-7 degree lies inside.
    #[must_use]
    pub fn has(&self, lat_e7: i32, lon_e7: i32) -> bool {
        let (lat, lon) = (f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7);
        (self.south..=self.north).contains(&lat)
            && if self.west <= self.east {
                (self.west..=self.east).contains(&lon)
            } else {
                lon >= self.west || lon <= self.east
            }
    }
}

/// A polygon without holes, its corners as (longitude, latitude) in degrees.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon(pub Vec<(f64, f64)>);

impl Polygon {
    /// The box around it.
    #[must_use]
    pub fn bbox(&self) -> BBox {
        let mut out = BBox {
            west: f64::MAX,
            south: f64::MAX,
            east: f64::MIN,
            north: f64::MIN,
        };
        for (lon, lat) in &self.0 {
            out.west = out.west.min(*lon);
            out.east = out.east.max(*lon);
            out.south = out.south.min(*lat);
            out.north = out.north.max(*lat);
        }
        out
    }

    /// Whether a place in 1e-7 degree lies inside: a line to the east crosses its edges an odd number of times.
    #[must_use]
    pub fn has(&self, lat_e7: i32, lon_e7: i32) -> bool {
        let (lat, lon) = (f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7);
        let mut inside = false;
        let edges = self.0.iter().zip(self.0.iter().cycle().skip(1));
        for ((ax, ay), (bx, by)) in edges {
            if (*ay > lat) != (*by > lat) && lon < (bx - ax) * (lat - ay) / (by - ay) + ax {
                inside = !inside;
            }
        }
        inside
    }
}

fn spread(n: u32) -> u64 {
    let mut x = u64::from(n);
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | x << 2) & 0x3333_3333_3333_3333;
    (x | x << 1) & 0x5555_5555_5555_5555
}

/// Column and row of a place at a level, in the squares of web maps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "both are held between 0 and the last square"
)]
fn square(lat: f64, lon: f64, level: u32) -> (u32, u32) {
    let size = f64::from(1u32 << level);
    let sin = lat.clamp(-MAX_LAT, MAX_LAT).to_radians().sin();
    let x = (lon / 360.0 + 0.5) * size;
    let y = (0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI)) * size;
    let hold = |v: f64| v.clamp(0.0, size - 1.0) as u32;
    (hold(x), hold(y))
}

fn number(x: u32, y: u32) -> i64 {
    // At most 44 bits.
    (spread(x) | spread(y) << 1).cast_signed()
}

/// The tile of a place in 1e-7 degree, at [`CELL_LEVEL`].
pub(super) fn cell(lat_e7: i32, lon_e7: i32) -> i64 {
    let (x, y) = square(f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7, CELL_LEVEL);
    number(x, y)
}

/// The larger tile at `level` that a tile of `from` lies in.
pub(super) fn above(tile: i64, from: u32, level: u32) -> i64 {
    tile >> (2 * from.saturating_sub(level))
}

/// The tiles of `level` that a box touches, as ranges from the first to before the last.
pub(super) fn ranges(area: &BBox, level: u32) -> Vec<(i64, i64)> {
    if area.west > area.east {
        let west = BBox {
            east: 180.0,
            ..*area
        };
        let east = BBox {
            west: -180.0,
            ..*area
        };
        return [ranges(&west, level), ranges(&east, level)].concat();
    }
    // The finest level at which the box touches few enough tiles.
    for coarse in (0..=level).rev() {
        let (left, top) = square(area.north, area.west, coarse);
        let (right, bottom) = square(area.south, area.east, coarse);
        let (wide, high) = (right - left + 1, bottom - top + 1);
        if u64::from(wide) * u64::from(high) > MAX_RANGES as u64 {
            continue;
        }
        let below = 2 * (level - coarse);
        let mut found: Vec<(i64, i64)> = (left..=right)
            .flat_map(|x| (top..=bottom).map(move |y| number(x, y)))
            .map(|tile| (tile << below, (tile + 1) << below))
            .collect();
        found.sort_unstable();
        found.dedup_by(|next, before| {
            let follows = before.1 == next.0;
            if follows {
                before.1 = next.1;
            }
            follows
        });
        return found;
    }
    vec![(0, 1 << (2 * level))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_the_tiles_of_every_box_around_it() {
        let places = [
            (391_000_000, 1_172_000_000),
            (-337_000_000, 1_511_000_000),
            (0, 0),
        ];
        for (lat, lon) in places {
            for size in [0.001, 0.1, 5.0, 60.0] {
                let (y, x) = (f64::from(lat) / 1e7, f64::from(lon) / 1e7);
                let around = BBox {
                    west: x - size,
                    south: y - size,
                    east: x + size,
                    north: y + size,
                };
                assert!(around.has(lat, lon));
                let fine = ranges(&around, CELL_LEVEL);
                assert!(fine.len() <= MAX_RANGES);
                let at = cell(lat, lon);
                assert!(
                    fine.iter().any(|(a, b)| (*a..*b).contains(&at)),
                    "{lat} {size}"
                );
                let tile = above(at, CELL_LEVEL, TILE_LEVEL);
                let coarse = ranges(&around, TILE_LEVEL);
                assert!(coarse.iter().any(|(a, b)| (*a..*b).contains(&tile)));
            }
        }
    }

    #[test]
    fn a_box_across_the_date_line_has_both_sides() {
        let fiji = BBox {
            west: 177.0,
            south: -20.0,
            east: -178.0,
            north: -15.0,
        };
        assert!(fiji.has(-170_000_000, 1_795_000_000) && fiji.has(-170_000_000, -1_790_000_000));
        assert!(!fiji.has(-170_000_000, 0));
        let at = cell(-170_000_000, -1_790_000_000);
        assert!(
            ranges(&fiji, CELL_LEVEL)
                .iter()
                .any(|(a, b)| (*a..*b).contains(&at))
        );
    }

    #[test]
    fn a_polygon_has_what_lies_between_its_edges() {
        let l_shape = Polygon(vec![
            (0.0, 0.0),
            (2.0, 0.0),
            (2.0, 1.0),
            (1.0, 1.0),
            (1.0, 2.0),
            (0.0, 2.0),
        ]);
        assert!(l_shape.has(5_000_000, 15_000_000) && l_shape.has(15_000_000, 5_000_000));
        assert!(!l_shape.has(15_000_000, 15_000_000) && !l_shape.has(-1, 5_000_000));
    }
}
