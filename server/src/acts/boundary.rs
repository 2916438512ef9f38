//! Boundaries of areas: what is kept of the GeoJSON that somebody gives, after RFC 7946.
//!
//! Outer rings go counterclockwise and holes clockwise, whichever way they came; a place is a longitude
//! and a latitude in WGS 84, heights are left out; coordinates of another reference system are refused,
//! since nothing here converts them.

use serde_json::{Value as Json, json};

use crate::problem::{Answer, Code, Problem};
use crate::words::said;

/// The largest boundary, in bytes of GeoJSON.
pub(crate) const BOUNDARY_MAX_BYTES: usize = 64 << 10;
/// A ring is a triangle at least, closed by its first corner.
const MIN_RING_CORNERS: usize = 4;

/// Longitude and latitude.
type Corner = (f64, f64);
type Ring = Vec<Corner>;

/// The text of a boundary that is kept.
pub(crate) fn read_boundary(geometry: &Json) -> Answer<String> {
    check_reference(geometry)?;
    let coordinates = &geometry["coordinates"];
    let polygons: Option<Vec<Vec<Ring>>> = match geometry["type"].as_str() {
        Some("Polygon") => read_polygon(coordinates).map(|p| vec![p]),
        Some("MultiPolygon") => coordinates
            .as_array()
            .filter(|polygons| !polygons.is_empty())
            .and_then(|polygons| polygons.iter().map(read_polygon).collect()),
        _ => {
            return Err(Problem::bad_request_in(said!("boundary_type")));
        }
    };
    let polygons = polygons.ok_or_else(|| Problem::bad_request_in(said!("boundary_rings")))?;
    let mut written = polygons.into_iter().map(write_polygon);
    let coordinates = match geometry["type"].as_str() {
        Some("Polygon") => written.next().unwrap_or_default(),
        _ => written.collect(),
    };
    // Only what was checked is kept.
    let text = json!({ "type": geometry["type"], "coordinates": coordinates }).to_string();
    if text.len() > BOUNDARY_MAX_BYTES {
        return Err(Problem::new(Code::TooLarge)
            .because_in(said!("boundary_too_large", most = BOUNDARY_MAX_BYTES)));
    }
    Ok(text)
}

/// Refuses coordinates that say that they are not longitude and latitude of WGS 84. RFC 7946 knows no
/// `crs` any more, but the GeoJSON before it did, and programs still write it. Those of CGCS2000, in
/// which offices in China keep their maps, are taken as they are: the two lie within a metre.
fn check_reference(geometry: &Json) -> Answer<()> {
    let Some(crs) = geometry.get("crs").filter(|crs| !crs.is_null()) else {
        return Ok(());
    };
    let name = crs["properties"]["name"].as_str().unwrap_or_default();
    let upper = name.to_ascii_uppercase();
    let code = upper.rsplit([':', '/']).next().unwrap_or_default();
    let known = match code {
        "CRS84" => upper.contains("OGC") || upper == "CRS84",
        "4326" | "4490" => upper.contains("EPSG"),
        _ => false,
    };
    if known {
        return Ok(());
    }
    // What somebody else wrote is told back no longer than a name is.
    let told: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    Err(Problem::bad_request_in(said!(
        "boundary_reference",
        crs = told
    )))
}

fn read_polygon(polygon: &Json) -> Option<Vec<Ring>> {
    let rings = polygon.as_array().filter(|rings| !rings.is_empty())?;
    rings.iter().map(read_ring).collect()
}

fn read_ring(ring: &Json) -> Option<Ring> {
    let corners: Ring = ring
        .as_array()?
        .iter()
        .map(read_corner)
        .collect::<Option<_>>()?;
    let closed = corners.len() >= MIN_RING_CORNERS && corners.first() == corners.last();
    closed.then_some(corners)
}

fn read_corner(corner: &Json) -> Option<Corner> {
    let within = |value: &Json, most: f64| value.as_f64().filter(|v| v.abs() <= most);
    match corner.as_array()?.as_slice() {
        [lon, lat, ..] => Some((within(lon, 180.0)?, within(lat, 90.0)?)),
        _ => None,
    }
}

/// Twice the area inside a ring; below zero where it goes clockwise.
fn turn(ring: &Ring) -> f64 {
    // From its first corner, so that no digits are lost to how far it lies from the middle of the map.
    let (x0, y0) = ring.first().copied().unwrap_or_default();
    let pairs = ring.iter().zip(ring.iter().skip(1));
    pairs
        .map(|((x1, y1), (x2, y2))| (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        .sum()
}

fn write_polygon(rings: Vec<Ring>) -> Json {
    let rings = rings.into_iter().enumerate().map(|(i, mut ring)| {
        let turn = turn(&ring);
        let is_outer = i == 0;
        if (is_outer && turn < 0.0) || (!is_outer && turn > 0.0) {
            ring.reverse();
        }
        ring.into_iter()
            .map(|(lon, lat)| json!([lon, lat]))
            .collect::<Json>()
    });
    rings.collect()
}
