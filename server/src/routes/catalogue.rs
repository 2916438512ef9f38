//! The catalogue of matter kinds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gridfold_sync_core::directory::{Catalogue, CatalogueError, DueNow, DueWhy, ImportKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tables::{ImportQuery, TableImport, TableQuery, table_answer, take};
use super::{Api, Caller, Params, RawBody, read_time, shapes};
use crate::acts::catalogue::{PublishError, explain, is_news, publish_catalogue};
use crate::export::catalogue_table;
use crate::import::{CatalogueFormat, import_catalogue_by};
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CatalogueQuery {
    /// The version; the newest when left out.
    pub version: Option<u32>,
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::NotNext { .. } | CatalogueError::Published(_) => {
                Self::new(Code::Conflict).because_in(explain(&error))
            }
            other => Self::bad_request_in(explain(&other)),
        }
    }
}

/// The kinds of matters with department, deadline and evidence. Version 0 without kinds when none was published. It is advice: a matter's kind is text, and may be one that is not listed.
#[utoipa::path(get, path = "/v1/catalogue", operation_id = "read_catalogue", tag = "catalogue", params(CatalogueQuery), responses((status = 200, body = shapes::Catalogue), (status = 404, body = ProblemBody)))]
pub async fn one(caller: Caller, Params(query): Params<CatalogueQuery>) -> Answer<Json<Catalogue>> {
    let found = match query.version {
        Some(version) => caller.directory.catalogue_version(version),
        None => caller.directory.catalogue(),
    };
    match (found, query.version) {
        (Some(catalogue), _) => Ok(Json((**catalogue).clone())),
        (None, Some(_)) => Err(Problem::not_found()),
        (None, None) => Ok(Json(Catalogue {
            version: 0,
            urgencies: Vec::new(),
            kinds: Vec::new(),
            unknown: Default::default(),
        })),
    }
}

/// Publishes the next version, with all its kinds. One that is no longer wanted is marked as `retired`, since matters name it. The same again changes nothing.
#[utoipa::path(post, path = "/v1/catalogue", operation_id = "publish_catalogue", tag = "catalogue", request_body = shapes::Catalogue, responses(
    (status = 200, description = "it was published before", body = shapes::Catalogue),
    (status = 201, body = shapes::Catalogue),
    (status = 400, description = "bad_request: the detail names the kind and what to do", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict with a published version, or not the next", body = ProblemBody),
))]
pub async fn publish(
    State(api): State<Api>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Answer<(StatusCode, Json<Catalogue>)> {
    caller.require_operator()?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let catalogue = Catalogue::from_json(text)?;
    if !is_news(&caller.directory, &catalogue)? {
        return Ok((StatusCode::OK, Json(catalogue)));
    }
    api.blocking(move |node| {
        caller.audit(
            node,
            "catalogue.publish",
            crate::auth::AuditScope::of("version", catalogue.version),
        )?;
        let news = publish_catalogue(node, &catalogue).map_err(|e| match e {
            PublishError::Catalogue(error) => Problem::from(error),
            PublishError::Directory(error) => Problem::from(error),
        })?;
        let status = if news {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, Json(catalogue)))
    })
    .await
}

/// Publishes the next version from a table: kinds of the file are added or replace those of the same code, what it does not name stays. CSV or a workbook with `code,label_zh,label_en,department` and, if wanted, `parent,deadline,warn,deadline_hours,evidence,urgency,urgent,retired,receipt`, in Chinese or English. With a row that is wrong nothing is changed.
#[utoipa::path(post, path = "/v1/catalogue/import", operation_id = "import_catalogue", tag = "catalogue", params(ImportQuery), request_body(content = inline(shapes::Bytes), content_type = "application/octet-stream"), responses(
    (status = 200, body = TableImport),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
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
        (ImportKind::Catalogue, "catalogue.import"),
        (file, query),
        |by, node, file, dry_run| {
            import_catalogue_by(by, node, file, CatalogueFormat::Csv, dry_run, &mut |_| {})
        },
    )
    .await
}

/// The newest version as a table that the import takes again.
#[utoipa::path(get, path = "/v1/catalogue/export", operation_id = "export_catalogue", tag = "catalogue", params(TableQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
))]
pub async fn export(caller: Caller, Params(query): Params<TableQuery>) -> Answer<Response> {
    let newest = caller.directory.catalogue().cloned();
    table_answer(&query, "catalogue", || {
        catalogue_table(newest.as_deref(), caller.locale)
    })
}

/// Of which matter is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    /// Its kind, by code or name.
    pub kind: String,
    /// How urgent it is, by code or name; as the kind says when left out or not known.
    pub urgency: Option<String>,
    /// When it was reported.
    pub reported_at: String,
}

/// When a matter is due by the newest catalogue and calendar.
#[derive(Serialize, ToSchema)]
pub struct DeadlineBody {
    /// When it is due.
    pub due_at: String,
    /// When it is time to warn; absent without a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn_at: Option<String>,
    /// Whether it stands on a year whose holidays nobody has announced yet: counted by weekdays and the organisation's own days, it may become another.
    pub provisional: bool,
    /// The version of the catalogue.
    pub catalogue_version: u32,
    /// The version of the calendar; 0 when none was published.
    pub calendar_version: u32,
    /// Of a record whose due time is another: why. `calendar` (it is what another version of the calendar gave), `year` (it was counted before the holidays of a year were announced), `catalogue` (it is what another version of the catalogue gave), `by_hand` (no version gave it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
    /// The version of the calendar or catalogue, or the year, that `differs` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs_by: Option<u32>,
}

pub(crate) fn deadline_body(now: &DueNow) -> DeadlineBody {
    let why = now.why.map(|why| match why {
        DueWhy::Calendar(version) => ("calendar", Some(version)),
        DueWhy::Year(year) => ("year", u32::try_from(year).ok()),
        DueWhy::Catalogue(version) => ("catalogue", Some(version)),
        DueWhy::ByHand => ("by_hand", None),
    });
    DeadlineBody {
        due_at: now.due.at.to_rfc3339(),
        warn_at: now.due.warn_at.map(|at| at.to_rfc3339()),
        provisional: now.due.provisional,
        catalogue_version: now.catalogue,
        calendar_version: now.calendar,
        differs: why.map(|(why, _)| why.to_owned()),
        differs_by: why.and_then(|(_, by)| by),
    }
}

/// An answer to when a matter is due.
#[derive(Serialize, ToSchema)]
pub struct DueBody {
    /// When; absent of a kind that is not known or whose time is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlineBody>,
}

/// When a matter is due that was reported then, by the newest catalogue and calendar: the same rule by which phones propose it.
#[utoipa::path(get, path = "/v1/catalogue/due", operation_id = "reckon_due", tag = "catalogue", params(DueQuery), responses((status = 200, body = DueBody), (status = 400, body = ProblemBody)))]
pub async fn due(caller: Caller, Params(query): Params<DueQuery>) -> Answer<Json<DueBody>> {
    let reported = read_time(&query.reported_at, "reported_at")?;
    let urgency = query.urgency.as_deref();
    let now = caller
        .directory
        .due_now(&query.kind, urgency, reported, None);
    Ok(Json(DueBody {
        deadline: now.as_ref().map(deadline_body),
    }))
}
