//! Saved views: what a person keeps of the dashboard's filters and columns. Each sees only their own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value as JsonValue;
use utoipa::ToSchema;

use super::{Api, Body, Caller, Path, shapes};
use crate::desk::{SAVED_VIEW_MAX_BYTES, SAVED_VIEW_NAME_MAX_CHARS, SAVED_VIEWS_MAX, SavedView};
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// A saved view.
#[derive(Serialize, ToSchema)]
pub struct SavedViewBody {
    /// Its name.
    pub name: String,
    /// What the page keeps.
    #[schema(value_type = shapes::SavedJson)]
    pub view: JsonValue,
    /// When it was last saved.
    pub changed_at: String,
}

/// All saved views of the caller, by name.
#[derive(Serialize, ToSchema)]
pub struct SavedViewList {
    /// The views.
    pub views: Vec<SavedViewBody>,
}

fn body(view: SavedView) -> Answer<SavedViewBody> {
    Ok(SavedViewBody {
        name: view.name,
        view: serde_json::from_str(&view.json).map_err(|e| Problem::internal(&e))?,
        changed_at: Timestamp(view.changed_ms).to_rfc3339(),
    })
}

fn read_name(name: &str) -> Answer<&str> {
    let name = name.trim();
    let fits = (1..=SAVED_VIEW_NAME_MAX_CHARS).contains(&name.chars().count())
        && !name.chars().any(char::is_control);
    fits.then_some(name).ok_or_else(|| {
        Problem::bad_request_in(said!("view_name", most = SAVED_VIEW_NAME_MAX_CHARS))
    })
}

/// The caller's saved views.
#[utoipa::path(get, path = "/v1/saved-views", operation_id = "list_saved_views", tag = "overview", responses((status = 200, body = SavedViewList)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Answer<Json<SavedViewList>> {
    api.blocking(move |node| {
        let views = node.desk.saved_views.of(caller.actor.user)?;
        Ok(Json(SavedViewList {
            views: views.into_iter().map(body).collect::<Answer<_>>()?,
        }))
    })
    .await
}

/// One of the caller's saved views.
#[utoipa::path(get, path = "/v1/saved-views/{name}", operation_id = "read_saved_view", tag = "overview", params(("name" = String, Path)), responses((status = 200, body = SavedViewBody), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Json<SavedViewBody>> {
    api.blocking(move |node| {
        let found = node.desk.saved_views.get(caller.actor.user, name.trim())?;
        Ok(Json(body(found.ok_or_else(Problem::not_found)?)?))
    })
    .await
}

/// Keeps a view under a name, at most 16 KiB of JSON and 50 views.
#[utoipa::path(put, path = "/v1/saved-views/{name}", operation_id = "put_saved_view", tag = "overview", params(("name" = String, Path)), request_body = shapes::SavedJson, responses(
    (status = 200, body = SavedViewBody),
    (status = 400, body = ProblemBody),
    (status = 409, description = "conflict: there are 50 already", body = ProblemBody),
    (status = 413, description = "too_large", body = ProblemBody),
))]
pub async fn put(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Body(view): Body<JsonValue>,
) -> Answer<Json<SavedViewBody>> {
    let name = read_name(&name)?.to_owned();
    let json = view.to_string();
    if json.len() > SAVED_VIEW_MAX_BYTES {
        return Err(Problem::new(Code::TooLarge)
            .because_in(said!("view_too_large", most = SAVED_VIEW_MAX_BYTES)));
    }
    api.blocking(move |node| {
        let now_ms = caller.now.millis();
        let user = caller.actor.user;
        if !node.desk.saved_views.put(user, &name, &json, now_ms)? {
            return Err(Problem::new(Code::Conflict)
                .because_in(said!("views_too_many", most = SAVED_VIEWS_MAX)));
        }
        Ok(Json(SavedViewBody {
            name,
            view,
            changed_at: caller.now.to_rfc3339(),
        }))
    })
    .await
}

/// Removes a view.
#[utoipa::path(delete, path = "/v1/saved-views/{name}", operation_id = "remove_saved_view", tag = "overview", params(("name" = String, Path)), responses((status = 204, description = "Removed"), (status = 404, body = ProblemBody)))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    api.blocking(move |node| {
        if node
            .desk
            .saved_views
            .remove(caller.actor.user, name.trim())?
        {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Problem::not_found())
        }
    })
    .await
}
