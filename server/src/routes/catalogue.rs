//! The catalogue of matter kinds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::{Catalogue, CatalogueError};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Api, Caller, Params, RawBody, explain, shapes};
use crate::acts::catalogue::{PublishError, is_news, publish_catalogue};
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
                Self::new(Code::Conflict).because_in(explain::catalogue(&error))
            }
            other => Self::bad_request_in(explain::catalogue(&other)),
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
