//! The map: clusters of records, and the boundaries of areas.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value as JsonValue, json};
use utoipa::{IntoParams, ToSchema};

use super::records::{RecordQuery, filter_of, read_bbox};
use super::{Api, Caller, Params, shapes};
use crate::problem::{Answer, Problem, ProblemBody};
use crate::views::BBox;

/// The closest look.
pub const MAX_ZOOM: u32 = 22;

/// What of the map. The other conditions are those of the list of records; order, cursor and fields do not matter.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MapQuery {
    /// How closely it is looked at, as web maps count: 0 is the world, 22 a room.
    pub zoom: u32,
    /// Whether `unplaced` is given.
    #[serde(default)]
    pub unplaced: bool,
}

/// Some records near each other.
#[derive(Serialize, ToSchema)]
pub struct ClusterBody {
    /// Longitude of their middle.
    pub lon: f64,
    /// Latitude of their middle.
    pub lat: f64,
    /// How many.
    pub count: u64,
    /// The record, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What lies in a part of the map.
#[derive(Serialize, ToSchema)]
pub struct MapBody {
    /// Clusters of about 64 pixels, at most 2,000.
    pub clusters: Vec<ClusterBody>,
    /// Records in all of them. Up to zoom 13 a cluster at the edge counts whole.
    pub total: u64,
    /// When it was asked for: records of the filter, in the whole world, without a place that the caller may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unplaced: Option<u64>,
}

/// Which boundaries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BoundaryQuery {
    /// Only those of this area and what lies in it.
    pub area: Option<String>,
    /// Only those of this level.
    pub level: Option<String>,
}

/// The records of a part of the map, put together by the server. Without `bbox` the whole world.
#[utoipa::path(get, path = "/v1/map", operation_id = "map_records", tag = "overview", params(MapQuery, RecordQuery), responses((status = 200, body = MapBody), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn map(
    State(api): State<Api>,
    caller: Caller,
    Params(look): Params<MapQuery>,
    Params(query): Params<RecordQuery>,
) -> Answer<Json<MapBody>> {
    if look.zoom > MAX_ZOOM {
        return Err(Problem::bad_request(format!(
            "zoom must be from 0 to {MAX_ZOOM}"
        )));
    }
    let area = query
        .bbox
        .as_deref()
        .map(read_bbox)
        .transpose()?
        .unwrap_or(BBox::WORLD);
    let filter = filter_of(
        &caller,
        &RecordQuery {
            bbox: None,
            sort: None,
            cursor: None,
            ..query
        },
    )?;
    api.blocking(move |node| {
        let found = node.views.clusters(&filter, &area, look.zoom)?;
        let unplaced = if look.unplaced {
            let placed = node.views.clusters(&filter, &BBox::WORLD, 0)?;
            let placed: u64 = placed.iter().map(|c| c.count).sum();
            let all = node.views.count(&filter, u64::from(u32::MAX))?.n;
            Some(all.saturating_sub(placed))
        } else {
            None
        };
        let clusters: Vec<ClusterBody> = found
            .into_iter()
            .map(|c| ClusterBody {
                lon: c.lon,
                lat: c.lat,
                count: c.count,
                id: c.record.map(|r| r.to_string()),
            })
            .collect();
        Ok(Json(MapBody {
            total: clusters.iter().map(|c| c.count).sum(),
            unplaced,
            clusters,
        }))
    })
    .await
}

/// The boundaries of areas in and around the caller's, as a GeoJSON feature collection. Areas without a boundary are left out.
#[utoipa::path(get, path = "/v1/areas/boundaries", operation_id = "list_boundaries", tag = "areas", params(BoundaryQuery), responses((status = 200, body = shapes::BoundaryCollection), (status = 404, body = ProblemBody)))]
pub async fn boundaries(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<BoundaryQuery>,
) -> Answer<Json<JsonValue>> {
    let around = query
        .area
        .as_deref()
        .map(|code| caller.read_area(code))
        .transpose()?;
    api.blocking(move |_| {
        let directory = &caller.directory;
        let mut features = Vec::new();
        for (code, geometry) in directory.boundaries() {
            let Some(area) = directory.area(code) else {
                continue;
            };
            let inside = around.as_ref().is_none_or(|a| directory.lies_in(code, a));
            let wanted = query.level.as_deref().is_none_or(|l| l == area.level);
            if !inside || !wanted || !caller.sees_area(code) {
                continue;
            }
            let geometry: JsonValue =
                serde_json::from_str(geometry).map_err(|e| Problem::internal(&e))?;
            features.push(json!({
                "type": "Feature",
                "id": code.as_str(),
                "geometry": geometry,
                "properties": { "code": code.as_str(), "name": area.name, "level": area.level },
            }));
        }
        Ok(Json(
            json!({ "type": "FeatureCollection", "features": features }),
        ))
    })
    .await
}
