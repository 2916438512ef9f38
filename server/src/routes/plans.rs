//! Plans: work that comes again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gridfold_sync_core::directory::ImportKind;
use gridfold_sync_core::ids::{AreaCode, PlanCode};
use gridfold_sync_core::plan::{Plan, PlanError};
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tables::{ImportQuery, TableImport, TableQuery, table_answer, take};
use super::{Api, Caller, Params, Path, RawBody, plan_shapes, shapes};
use crate::acts::plans::{PublishError, explain, publish_plan};
use crate::auth::AuditScope;
use crate::export::plan_table;
use crate::import::import_plans_by;
use crate::problem::{Answer, Code, Problem, ProblemBody};

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NotNext { .. } | PlanError::Published(..) => {
                Self::new(Code::Conflict).because_in(explain(&error))
            }
            other => Self::bad_request_in(explain(&other)),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Plan(error) => error.into(),
            PublishError::Directory(error) => error.into(),
            PublishError::Node(error) => Self::internal(&error),
        }
    }
}

/// A plan as it is told: without what ids are reckoned with.
fn told(plan: &Plan) -> Plan {
    Plan {
        seed: String::new(),
        ..plan.clone()
    }
}

/// Whether the caller may change a plan that holds there.
pub(super) fn may_change(caller: &Caller, area: Option<&AreaCode>) -> bool {
    let roles = caller.roles_in(area);
    let over = |role| matches!(role, Role::Admin | Role::Supervisor);
    match area {
        // What holds everywhere is for who is admin everywhere.
        None => roles.contains(&Role::Admin),
        Some(_) => roles.into_iter().any(over),
    }
}

/// Whether a plan holds somewhere in the areas of the caller.
fn sees(caller: &Caller, plan: &Plan) -> bool {
    plan.area.as_ref().is_none_or(|area| caller.sees_area(area))
}

pub(super) fn plan_of(caller: &Caller, code: &str) -> Answer<Arc<Plan>> {
    let code = PlanCode::new(code).map_err(|_| Problem::not_found())?;
    let found = caller.directory.plan(&code);
    let found = found.filter(|plan| sees(caller, plan));
    found.cloned().ok_or_else(Problem::not_found)
}

/// The plans there are.
#[derive(Serialize, ToSchema)]
pub struct PlanList {
    /// The newest version of each, by code.
    #[schema(value_type = Vec<plan_shapes::Plan>)]
    pub plans: Vec<Plan>,
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlanQuery {
    /// The version; the newest when left out.
    pub version: Option<u32>,
}

/// The plans that hold in the caller's areas, the newest version of each; retired ones too.
#[utoipa::path(get, path = "/v1/plans", operation_id = "list_plans", tag = "plans", responses((status = 200, body = PlanList)))]
pub async fn list(caller: Caller) -> Answer<Json<PlanList>> {
    let plans = caller.directory.plans().filter(|plan| sees(&caller, plan));
    let plans = plans.map(|plan| told(plan)).collect();
    Ok(Json(PlanList { plans }))
}

/// A plan.
#[utoipa::path(get, path = "/v1/plans/{code}", operation_id = "read_plan", tag = "plans", params(("code" = String, Path), PlanQuery), responses((status = 200, body = plan_shapes::Plan), (status = 404, body = ProblemBody)))]
pub async fn one(
    caller: Caller,
    Path(code): Path<String>,
    Params(query): Params<PlanQuery>,
) -> Answer<Json<Plan>> {
    let newest = plan_of(&caller, &code)?;
    let found = match query.version {
        None => Some(&newest),
        Some(version) => caller.directory.plan_version(&newest.code, version),
    };
    let found = found.filter(|plan| sees(&caller, plan));
    Ok(Json(told(found.ok_or_else(Problem::not_found)?)))
}

/// Publishes the next version of a plan, or the first of a new one; `retired` lays it down. Whoever supervises its area may, one without an area is for who is admin everywhere. What was made before stays as it is. The same again changes nothing.
#[utoipa::path(post, path = "/v1/plans", operation_id = "publish_plan", tag = "plans", request_body = plan_shapes::Plan, responses(
    (status = 200, description = "it was published before", body = plan_shapes::Plan),
    (status = 201, body = plan_shapes::Plan),
    (status = 400, description = "bad_request: the detail says what to do", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict with a published version, or not the next", body = ProblemBody),
))]
pub async fn publish(
    State(api): State<Api>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Answer<(StatusCode, Json<Plan>)> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let plan = Plan::from_json(text)?;
    let before = caller.directory.plan(&plan.code);
    let areas = [Some(plan.area.as_ref()), before.map(|b| b.area.as_ref())];
    if !areas
        .into_iter()
        .flatten()
        .all(|area| may_change(&caller, area))
    {
        return Err(Problem::new(Code::Forbidden));
    }
    api.blocking(move |node| {
        let scope = AuditScope::of("plan", &plan.code).and("version", plan.version);
        caller.audit(node, "plan.publish", scope)?;
        let (plan, news) = publish_plan(node, &plan, Some(caller.user()))?;
        let status = match news {
            true => StatusCode::CREATED,
            false => StatusCode::OK,
        };
        Ok((status, Json(told(&plan))))
    })
    .await
}

/// Publishes plans from a table, each as its next version: CSV or a workbook with `code,name_zh,every,begins,form` and, if wanted, `name_en,area,about,only,ends,within_days,title,priority,doer,accountable,done_by,done_if,stops,ahead,retired`. With a row that is wrong nothing is changed.
#[utoipa::path(post, path = "/v1/plans/import", operation_id = "import_plans", tag = "plans", params(ImportQuery), request_body(content = inline(shapes::Bytes), content_type = "application/octet-stream"), responses(
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
        (ImportKind::Plans, "plan.import"),
        (file, query),
        |by, node, file, dry_run| import_plans_by(by, node, file, dry_run, &mut |_| {}),
    )
    .await
}

/// The newest version of each plan that the caller sees as a table that the import takes again.
#[utoipa::path(get, path = "/v1/plans/export", operation_id = "export_plans", tag = "plans", params(TableQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
))]
pub async fn export(caller: Caller, Params(query): Params<TableQuery>) -> Answer<Response> {
    let plans = caller.directory.plans().filter(|plan| sees(&caller, plan));
    let plans: Vec<&Plan> = plans.map(AsRef::as_ref).collect();
    table_answer(&query, "plans", || plan_table(&plans, caller.locale))
}
