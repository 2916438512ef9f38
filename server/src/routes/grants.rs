//! Grants: the dated ledger of who may do what where.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::Grant;
use gridfold_sync_core::ids::{AreaCode, GrantId};
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::users::read_user;
use super::{Api, Body, Caller, Params, Path, page_rows, read_time};
use crate::acts::grants::{GrantBody, end_grant, new_grant};
use crate::acts::people::{AccessChoice, AccessOutcome};
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// A page of grants.
#[derive(Serialize, ToSchema)]
pub struct GrantPage {
    /// The grants.
    pub grants: Vec<GrantBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which grants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    /// Only this user's.
    pub user_id: Option<String>,
    /// Only those of this area itself.
    pub area: Option<String>,
    /// Only those in force now.
    #[serde(default)]
    pub active: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// A new grant.
#[derive(Deserialize, ToSchema)]
pub struct NewGrant {
    /// Whose.
    pub user_id: String,
    /// `worker`, `supervisor`, `admin`, `auditor` or `service`.
    pub role: String,
    /// The area; everywhere when left out.
    #[serde(default)]
    pub area: Option<String>,
    /// From when; now when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when; open when left out.
    #[serde(default)]
    pub until: Option<String>,
    /// What becomes of password, codes, phones and sessions that somebody gave the user who may not give this grant: `end`, which is so when left out, `keep` on the caller's word, or `ask`, which grants nothing yet and answers `access_ends`.
    #[serde(default)]
    pub access: Option<String>,
}

/// When a grant ends.
#[derive(Deserialize, Default, ToSchema)]
pub struct EndGrant {
    /// When; now when left out.
    #[serde(default)]
    pub at: Option<String>,
}

fn sees(caller: &Caller, grant: &Grant) -> bool {
    grant.user == caller.user()
        || match &grant.area {
            Some(area) => !caller.roles_in(Some(area)).is_empty(),
            None => !caller.roles_in(None).is_empty(),
        }
}

/// The grants the caller may know of, oldest first.
#[utoipa::path(get, path = "/v1/grants", operation_id = "list_grants", tag = "grants", params(GrantQuery), responses((status = 200, body = GrantPage), (status = 400, body = ProblemBody)))]
pub async fn list(caller: Caller, Params(query): Params<GrantQuery>) -> Answer<Json<GrantPage>> {
    let limit = page_rows(query.limit)?;
    let after = match &query.cursor {
        Some(text) => Some(
            GrantId::parse(text)
                .map_err(|_| Problem::bad_request("cursor is not one of this list"))?,
        ),
        None => None,
    };
    let in_force =
        |g: &Grant| g.from <= caller.now && g.until.is_none_or(|until| caller.now < until);
    let mut grants: Vec<GrantBody> = caller
        .directory
        .grants()
        .filter(|g| after.is_none_or(|after| g.id > after))
        .filter(|g| {
            query
                .user_id
                .as_ref()
                .is_none_or(|u| g.user.to_string() == *u)
        })
        .filter(|g| {
            query
                .area
                .as_ref()
                .is_none_or(|a| g.area.as_ref().is_some_and(|area| area.as_str() == a))
        })
        .filter(|g| (!query.active || in_force(g)) && sees(&caller, g))
        .take(limit + 1)
        .map(GrantBody::from)
        .collect();
    let more = grants.len() > limit;
    grants.truncate(limit);
    let next = grants.last().filter(|_| more).map(|g| g.grant_id.clone());
    Ok(Json(GrantPage { grants, next }))
}

/// Grants a role.
#[utoipa::path(post, path = "/v1/grants", operation_id = "add_grant", tag = "grants", request_body = NewGrant, responses(
    (status = 201, body = GrantBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "access_ends, only when asked", body = ProblemBody),
))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<NewGrant>,
) -> Answer<(StatusCode, Json<GrantBody>)> {
    let role = Role::parse(&given.role).ok_or_else(|| {
        Problem::bad_request("role must be worker, supervisor, admin, auditor or service")
    })?;
    let area = match &given.area {
        Some(code) => Some(
            AreaCode::new(code)
                .ok()
                .filter(|a| caller.directory.area(a).is_some() && caller.sees_area(a))
                .ok_or_else(Problem::not_found)?,
        ),
        None => None,
    };
    let user = read_user(&caller, &given.user_id)?;
    let choice = match given.access.as_deref() {
        None | Some("end") => AccessChoice::End,
        Some("keep") => AccessChoice::Keep,
        Some("ask") => AccessChoice::Ask,
        Some(_) => return Err(Problem::bad_request("access must be end, keep or ask")),
    };
    let from = given
        .from
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "from"))?;
    let until = given
        .until
        .as_deref()
        .map(|t| read_time(t, "until"))
        .transpose()?;
    if until.is_some_and(|until| until <= from) {
        return Err(Problem::bad_request_in(said!("grant_ends_before")));
    }
    api.blocking(move |node| {
        let grant = new_grant(user, role, area, (from, until), caller.now)?;
        let body = GrantBody::from(&grant);
        let access = match node.grant(grant, choice, caller.actor, caller.now)? {
            AccessOutcome::Untouched => None,
            AccessOutcome::Ended => Some("ended".to_owned()),
            AccessOutcome::Kept => Some("kept".to_owned()),
        };
        Ok((StatusCode::CREATED, Json(GrantBody { access, ..body })))
    })
    .await
}

/// Ends a grant. What its holder captured before still arrives for a while, marked as late.
#[utoipa::path(post, path = "/v1/grants/{grant_id}/end", operation_id = "end_grant", tag = "grants", params(("grant_id" = String, Path)), request_body = EndGrant, responses(
    (status = 200, body = GrantBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn end(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<EndGrant>,
) -> Answer<Json<GrantBody>> {
    let grant = GrantId::parse(&id)
        .ok()
        .and_then(|id| caller.directory.grant(&id).cloned())
        .filter(|g| sees(&caller, g))
        .ok_or_else(Problem::not_found)?;
    let at = given
        .at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "at"))?;
    api.blocking(move |node| {
        // Of one's own area a grant can always be taken back, whatever else its holder is.
        let may_end = |by| {
            let directory = node.directory.current();
            directory.may_grant(by, grant.role, grant.area.as_ref(), caller.now)
        };
        if !may_end(caller.user()) {
            return Err(Problem::new(Code::Forbidden));
        }
        let ended = end_grant(node, grant.id, at, caller.actor, caller.now)?;
        Ok(Json(GrantBody::from(&ended)))
    })
    .await
}
