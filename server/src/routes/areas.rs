//! Areas: the place tree.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, ImportKind, moved_by};
use gridfold_sync_core::ids::{AreaCode, FieldKey};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::search::is_called;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as JsonValue;
use utoipa::{IntoParams, ToSchema};

use super::tables::{ImportQuery, TableImport, take};
use super::{Api, Body, Caller, Params, Path, RawBody, page_rows, shapes};

use crate::acts::areas::check_area;
use crate::acts::boundary::read_boundary;
use crate::acts::retired::area_retired;
use crate::acts::users::read_name;
use crate::import::import_areas_by;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// An area.
#[derive(Serialize, ToSchema)]
pub struct AreaBody {
    /// The code.
    pub code: String,
    /// The area it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The name.
    pub name: String,
    /// `province`, `district`, `street`, `community`, `grid` or another word; only a `grid` holds records.
    pub level: String,
    /// How many areas lie directly in it.
    pub children: usize,
    /// Since when it is retired itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<String>,
    /// Whether it or what it lies in is retired: no new record, grant or area is put into it.
    pub retired: bool,
    /// Whether it has a boundary; `/v1/areas/boundaries` gives it.
    pub has_boundary: bool,
}

/// A page of areas.
#[derive(Serialize, ToSchema)]
pub struct AreaPage {
    /// The areas, by code.
    pub areas: Vec<AreaBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which areas.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AreaQuery {
    /// Only those directly in this area.
    pub parent: Option<String>,
    /// Only those of this level.
    pub level: Option<String>,
    /// Part of the name or beginning of the code.
    pub name: Option<String>,
    /// `false` leaves out those that are retired or lie in one that is; `true` gives only those.
    pub retired: Option<bool>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// What an area is to be.
#[derive(Deserialize, ToSchema)]
pub struct AreaChange {
    /// The area it lies in.
    #[serde(default)]
    pub parent: Option<String>,
    /// The name.
    pub name: String,
    /// The level.
    pub level: String,
    /// Whether it is retired; left out it stays as it is. Records of a retired area stay and are worked on, and what phones bring that did not know of it is taken; no new record, grant or area is put into it or into what lies in it.
    #[serde(default)]
    pub retired: Option<bool>,
    /// A GeoJSON Polygon or MultiPolygon in WGS 84, at most 64 KiB; `null` takes the boundary away, left out it stays as it is. Rings are turned as RFC 7946 has them, heights are left out, a `crs` of anything else is refused.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<shapes::Boundary>)]
    pub boundary: Option<Option<JsonValue>>,
}

/// Tells what was left out from what is null.
fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<JsonValue>>, D::Error> {
    Option::<JsonValue>::deserialize(deserializer).map(Some)
}

fn body(directory: &Directory, area: &Area) -> AreaBody {
    AreaBody {
        code: area.code.to_string(),
        parent: area.parent.as_ref().map(ToString::to_string),
        name: area.name.clone(),
        level: area.level.clone(),
        children: directory.children(&area.code).count(),
        retired_at: directory
            .area_retired(&area.code)
            .map(Timestamp::to_rfc3339),
        retired: directory.retired_around(&area.code).is_some(),
        has_boundary: directory.boundary(&area.code).is_some(),
    }
}

/// The areas in and around the caller's.
#[utoipa::path(get, path = "/v1/areas", operation_id = "list_areas", tag = "areas", params(AreaQuery), responses((status = 200, body = AreaPage), (status = 400, body = ProblemBody)))]
pub async fn list(caller: Caller, Params(query): Params<AreaQuery>) -> Answer<Json<AreaPage>> {
    let limit = page_rows(query.limit)?;
    let directory = &caller.directory;
    let part = query.name.as_deref().unwrap_or_default();
    let mut areas: Vec<AreaBody> = directory
        .areas()
        .filter(|a| {
            query
                .cursor
                .as_deref()
                .is_none_or(|after| a.code.as_str() > after)
        })
        .filter(|a| {
            query
                .parent
                .as_deref()
                .is_none_or(|p| a.parent.as_ref().is_some_and(|code| code.as_str() == p))
        })
        .filter(|a| {
            query
                .retired
                .is_none_or(|wanted| directory.retired_around(&a.code).is_some() == wanted)
        })
        .filter(|a| query.level.as_deref().is_none_or(|level| a.level == level))
        .filter(|a| is_called(&a.name, part) || a.code.as_str().starts_with(part))
        .filter(|a| caller.sees_area(&a.code))
        .take(limit + 1)
        .map(|a| body(directory, a))
        .collect();
    let more = areas.len() > limit;
    areas.truncate(limit);
    let next = areas.last().filter(|_| more).map(|a| a.code.clone());
    Ok(Json(AreaPage { areas, next }))
}

/// One area.
#[utoipa::path(get, path = "/v1/areas/{code}", operation_id = "read_area", tag = "areas", params(("code" = String, Path)), responses((status = 200, body = AreaBody), (status = 404, body = ProblemBody)))]
pub async fn one(caller: Caller, Path(code): Path<String>) -> Answer<Json<AreaBody>> {
    let area = AreaCode::new(&code)
        .ok()
        .filter(|code| caller.sees_area(code))
        .and_then(|code| caller.directory.area(&code).cloned())
        .ok_or_else(Problem::not_found)?;
    Ok(Json(body(&caller.directory, &area)))
}

/// Adds or changes an area.
#[utoipa::path(put, path = "/v1/areas/{code}", operation_id = "put_area", tag = "areas", params(("code" = String, Path)), request_body = AreaChange, responses(
    (status = 200, body = AreaBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict: it would not be a tree any more", body = ProblemBody),
))]
pub async fn put(
    State(api): State<Api>,
    caller: Caller,
    Path(code): Path<String>,
    Body(given): Body<AreaChange>,
) -> Answer<Json<AreaBody>> {
    let code = AreaCode::new(&code)?;
    let parent = given.parent.as_deref().map(AreaCode::new).transpose()?;
    let area = Area {
        code: code.clone(),
        parent: parent.clone(),
        name: read_name(&given.name)?,
        level: FieldKey::new(&given.level)
            .map_err(|_| Problem::bad_request("level must be a short word"))?
            .to_string(),
    };
    let boundary = match &given.boundary {
        None => None,
        Some(None) => Some(None),
        Some(Some(geometry)) => Some(Some(read_boundary(geometry)?)),
    };
    // One that exists needs the right where it is and where it goes.
    let known = caller.directory.area(&code).is_some();
    let is_admin = |at: Option<&AreaCode>| caller.roles_in(at).contains(&Role::Admin);
    if !is_admin(parent.as_ref()) || (known && !is_admin(Some(&code))) {
        return Err(Problem::new(Code::Forbidden));
    }
    check_area(&caller.directory, &area, &BTreeMap::new())
        .map_err(|misfit| Problem::new(Code::Conflict).because_in(misfit.said()))?;
    api.blocking(move |node| {
        let scope = crate::auth::AuditScope::of("area", &area.code);
        caller.audit(node, "area.put", scope.clone())?;
        let directory = node.directory.current();
        let areas = vec![area.clone()];
        let mut changes = moved_by(&areas, |code| directory.area(code), caller.now);
        changes.push(DirectoryChange::Areas { areas });
        if let Some(retired) = given.retired {
            let change = area_retired(&directory, &area.code, retired, caller.now);
            if change.is_some() {
                let what = if retired {
                    "area.retire"
                } else {
                    "area.restore"
                };
                caller.audit(node, what, scope)?;
            }
            changes.extend(change);
        }
        if let Some(geometry) = boundary {
            changes.push(DirectoryChange::Boundary {
                area: area.code.clone(),
                geometry,
            });
        }
        node.directory.change(changes)?;
        Ok(Json(body(&node.directory.current(), &area)))
    })
    .await
}

/// Takes areas from a file `code,parent,name,level`, in any order; for an admin everywhere. CSV in UTF-8, UTF-16 or GB18030, or a workbook (.xlsx), with English or Chinese headings and levels; the encoding is judged on the whole file before any of it is read. Rows that do not fit are named and the rest is taken.
#[utoipa::path(post, path = "/v1/areas/import", operation_id = "import_areas", tag = "areas", params(ImportQuery), request_body(content = inline(shapes::Bytes), content_type = "application/octet-stream"), responses(
    (status = 200, body = TableImport),
    (status = 400, description = "bad_request: the file is no table with these columns", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 413, description = "too_large", body = ProblemBody),
))]
pub async fn import(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ImportQuery>,
    RawBody(file): RawBody,
) -> Answer<Json<TableImport>> {
    take(
        &api,
        caller,
        (ImportKind::Areas, "areas.import"),
        (file, query),
        |by, node, file, dry_run| import_areas_by(by, node, file, dry_run, &mut |_| {}),
    )
    .await
}
