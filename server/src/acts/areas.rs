//! Areas: what fits the tree, and what is kept of a boundary.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::{Area, Directory, GRID_LEVEL};
use gridfold_sync_core::ids::AreaCode;
use serde_json::Value as JsonValue;

use crate::problem::{Answer, Code, Problem};

/// The largest boundary, in bytes of GeoJSON.
pub(crate) const BOUNDARY_MAX_BYTES: usize = 64 << 10;
/// A ring is a triangle at least, closed by its first corner.
const MIN_RING_CORNERS: usize = 4;
/// Areas deeper than this are taken for a circle.
const MAX_DEPTH: usize = 60;

/// The text of a boundary that is kept.
pub(crate) fn read_boundary(geometry: &JsonValue) -> Answer<String> {
    let wrong = |why: &str| Problem::bad_request(format!("boundary {why}"));
    let coordinates = &geometry["coordinates"];
    let polygons: Vec<&JsonValue> = match geometry["type"].as_str() {
        Some("Polygon") => vec![coordinates],
        Some("MultiPolygon") => coordinates.as_array().into_iter().flatten().collect(),
        _ => return Err(wrong("must be a GeoJSON Polygon or MultiPolygon")),
    };
    let is_corner = |corner: &JsonValue| {
        matches!(
            corner.as_array().map(Vec::as_slice),
            Some([lon, lat, ..])
                if lon.as_f64().is_some_and(|v| v.abs() <= 180.0)
                    && lat.as_f64().is_some_and(|v| v.abs() <= 90.0)
        )
    };
    let is_ring = |ring: &JsonValue| {
        ring.as_array().is_some_and(|corners| {
            corners.len() >= MIN_RING_CORNERS
                && corners.first() == corners.last()
                && corners.iter().all(is_corner)
        })
    };
    let fits = !polygons.is_empty()
        && polygons.iter().all(|polygon| {
            polygon
                .as_array()
                .is_some_and(|rings| !rings.is_empty() && rings.iter().all(is_ring))
        });
    if !fits {
        return Err(wrong(
            "must have rings of longitude and latitude whose first corner is their last",
        ));
    }
    // Only what was checked is kept.
    let text =
        serde_json::json!({ "type": geometry["type"], "coordinates": coordinates }).to_string();
    if text.len() > BOUNDARY_MAX_BYTES {
        return Err(Problem::new(Code::TooLarge).because(format!(
            "a boundary takes at most {BOUNDARY_MAX_BYTES} bytes"
        )));
    }
    Ok(text)
}

/// Whether an area fits the tree, with others that come along with it.
pub(crate) fn check_area(
    directory: &Directory,
    area: &Area,
    coming: &BTreeMap<AreaCode, Area>,
) -> Result<(), String> {
    let find = |code: &AreaCode| coming.get(code).or_else(|| directory.area(code));
    let mut above = area.parent.as_ref();
    for depth in 0.. {
        let Some(code) = above else { break };
        if *code == area.code || depth > MAX_DEPTH {
            return Err(format!("{} would lie in itself", area.code));
        }
        let Some(parent) = find(code) else {
            return Err(format!("its parent {code} is not known"));
        };
        if parent.level == GRID_LEVEL {
            return Err(format!(
                "its parent {code} is a grid, and nothing lies in a grid"
            ));
        }
        above = parent.parent.as_ref();
    }
    let Some(was) = directory.area(&area.code) else {
        return Ok(());
    };
    if was.level == GRID_LEVEL && area.level != GRID_LEVEL {
        return Err("a grid stays a grid: its records live there".to_owned());
    }
    if area.level == GRID_LEVEL && directory.children(&area.code).next().is_some() {
        return Err("areas lie in it, so it cannot be a grid".to_owned());
    }
    Ok(())
}
