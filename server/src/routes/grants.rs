//! Grants: the dated ledger of who may do what where.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::{DirectoryChange, Grant};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Body, Caller, Params, Path, page_rows, read_time};
use crate::auth::{Actor, AuditEvent, Scope};
use crate::node::{Node, random_10};
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// A grant.
#[derive(Serialize, ToSchema)]
pub struct GrantBody {
    /// The id.
    pub grant_id: String,
    /// Whose it is.
    pub user_id: String,
    /// `worker`, `supervisor`, `admin`, `auditor` or `service`.
    pub role: String,
    /// The area and everything in it; absent for everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// From when.
    pub from: String,
    /// Until when; absent while open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl From<&Grant> for GrantBody {
    fn from(grant: &Grant) -> Self {
        Self {
            grant_id: grant.id.to_string(),
            user_id: grant.user.to_string(),
            role: grant.role.as_str().to_owned(),
            area: grant.area.as_ref().map(ToString::to_string),
            from: grant.from.to_rfc3339(),
            until: grant.until.map(Timestamp::to_rfc3339),
        }
    }
}

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
#[utoipa::path(get, path = "/v1/grants", tag = "grants", params(GrantQuery), responses((status = 200, body = GrantPage), (status = 400, body = ProblemBody)))]
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
#[utoipa::path(post, path = "/v1/grants", tag = "grants", request_body = NewGrant, responses(
    (status = 201, body = GrantBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
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
    // Whom a supervisor adds has no grant yet, so nobody can know them but by their id.
    let user = UserId::parse(&given.user_id)
        .ok()
        .filter(|id| caller.directory.user(id).is_some())
        .ok_or_else(Problem::not_found)?;
    if !caller.may_grant(role, area.as_ref()) {
        return Err(Problem::new(Code::Forbidden));
    }
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
        return Err(Problem::bad_request_in(
            "结束时间要晚于开始时间",
            "until must be after from",
        ));
    }
    api.blocking(move |node| {
        let grant = add_grant(
            node,
            user,
            role,
            area,
            (from, until),
            caller.actor,
            caller.now,
        )?;
        Ok((StatusCode::CREATED, Json(GrantBody::from(&grant))))
    })
    .await
}

/// Adds a grant.
pub(crate) fn add_grant(
    node: &Node,
    user: UserId,
    role: Role,
    area: Option<AreaCode>,
    (from, until): (Timestamp, Option<Timestamp>),
    by: Actor,
    now: Timestamp,
) -> Answer<Grant> {
    let id = GrantId::from_parts(now, random_10().map_err(|e| Problem::internal(&e))?);
    let grant = Grant {
        id,
        user,
        role,
        area,
        from,
        until,
    };
    write_grant(node, grant.clone(), "grant.add", by, now)?;
    Ok(grant)
}

/// Ends a grant at a time.
pub(crate) fn end_grant(
    node: &Node,
    id: GrantId,
    at: Timestamp,
    by: Actor,
    now: Timestamp,
) -> Answer<Grant> {
    let was = node
        .directory
        .current()
        .grant(&id)
        .cloned()
        .ok_or_else(Problem::not_found)?;
    if was.until.is_some_and(|until| until <= at) {
        return Ok(was);
    }
    let grant = Grant {
        until: Some(at.max(was.from)),
        ..was
    };
    write_grant(node, grant.clone(), "grant.end", by, now)?;
    Ok(grant)
}

fn write_grant(
    node: &Node,
    grant: Grant,
    what: &'static str,
    who: Actor,
    now: Timestamp,
) -> Answer<()> {
    let scope = Scope::of("grant", grant.id).and("user", grant.user);
    node.auth.audit.record(&AuditEvent {
        at_ms: now.millis(),
        who,
        what,
        scope,
    })?;
    node.directory
        .change(vec![DirectoryChange::Grant { grant }])?;
    Ok(())
}

/// Ends a grant. What its holder captured before still arrives for a while, marked as late.
#[utoipa::path(post, path = "/v1/grants/{grant_id}/end", tag = "grants", params(("grant_id" = String, Path)), request_body = EndGrant, responses(
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
    if !caller.may_grant(grant.role, grant.area.as_ref()) {
        return Err(Problem::new(Code::Forbidden));
    }
    let at = given
        .at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "at"))?;
    api.blocking(move |node| {
        let ended = end_grant(node, grant.id, at, caller.actor, caller.now)?;
        Ok(Json(GrantBody::from(&ended)))
    })
    .await
}
