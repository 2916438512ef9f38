//! Retention: how long records of each form are kept, and how many are past it. Nothing is erased by itself: a person looks and erases.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{DirectoryChange, RetentionRule};
use gridfold_sync_core::ids::FormCode;
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::records::past_retention;
use super::{Api, Body, Caller, Path};
use crate::auth::AuditScope;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::records::MAX_COUNT;
use crate::views::RecordFilter;
use crate::words::said;

/// The shortest time that records are kept for, in days.
pub const RETENTION_MIN_DAYS: u32 = 30;
/// The longest, in days.
pub const RETENTION_MAX_DAYS: u32 = 36_500;

/// How long records of a form are kept.
#[derive(Serialize, ToSchema)]
pub struct RetentionBody {
    /// The form.
    pub form: String,
    /// Days after the last change of a record on which nothing is to be done; absent when they stay until somebody erases them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// How many records of the caller's areas are past it, counted to 10,000 at most.
    pub due: u64,
    /// Whether there are more than `due`.
    pub due_is_floor: bool,
    /// Who set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
}

/// The rules, one for each form there is.
#[derive(Serialize, ToSchema)]
pub struct RetentionList {
    /// The rules.
    pub rules: Vec<RetentionBody>,
}

/// A new rule.
#[derive(Deserialize, ToSchema)]
pub struct RetentionChange {
    /// Days, 30 to 36,500; null keeps records until somebody erases them.
    pub days: Option<u32>,
}

fn body(node: &Node, caller: &Caller, form: &FormCode) -> Answer<RetentionBody> {
    let rule = caller
        .directory
        .retention()
        .find_map(|(code, rule)| (code == form).then_some(rule));
    let due = match rule {
        None => None,
        Some(_) => {
            let mut filter = RecordFilter::of(caller.scope(&[]));
            filter.forms = vec![form.clone()];
            filter.past_retention = Some(past_retention(caller));
            Some(node.views.count(&filter, MAX_COUNT)?)
        }
    };
    Ok(RetentionBody {
        form: form.to_string(),
        days: rule.map(|r| r.days),
        due: due.map_or(0, |t| t.n),
        due_is_floor: due.is_some_and(|t| t.is_floor),
        user_name: rule.and_then(|r| Some(caller.directory.user(&r.by)?.name.clone())),
        changed_at: rule.map(|r| r.at.to_rfc3339()),
    })
}

/// How long records are kept, and how many are past it. `GET /v1/records?past_retention=true` lists them.
#[utoipa::path(get, path = "/v1/retention", operation_id = "list_retention", tag = "records", responses((status = 200, body = RetentionList), (status = 403, body = ProblemBody)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Answer<Json<RetentionList>> {
    caller.require(&[Role::Admin, Role::Supervisor, Role::Auditor])?;
    api.blocking(move |node| {
        let mut forms: Vec<FormCode> = caller
            .directory
            .forms()
            .iter()
            .map(|f| f.code.clone())
            .collect();
        forms.sort();
        forms.dedup();
        let rules = forms
            .iter()
            .map(|form| body(node, &caller, form))
            .collect::<Answer<_>>()?;
        Ok(Json(RetentionList { rules }))
    })
    .await
}

/// Sets how long records of a form are kept. For an admin everywhere.
#[utoipa::path(put, path = "/v1/retention/{form}", operation_id = "put_retention", tag = "records", params(("form" = String, Path)), request_body = RetentionChange, responses(
    (status = 200, body = RetentionBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn put(
    State(api): State<Api>,
    mut caller: Caller,
    Path(form): Path<String>,
    Body(given): Body<RetentionChange>,
) -> Answer<Json<RetentionBody>> {
    caller.require_operator()?;
    let form = FormCode::new(&form)
        .ok()
        .filter(|code| caller.directory.forms().latest(code).is_some())
        .ok_or_else(Problem::not_found)?;
    if given
        .days
        .is_some_and(|days| !(RETENTION_MIN_DAYS..=RETENTION_MAX_DAYS).contains(&days))
    {
        return Err(Problem::bad_request_in(said!(
            "retention_days",
            least = RETENTION_MIN_DAYS,
            most = RETENTION_MAX_DAYS
        )));
    }
    api.blocking(move |node| {
        let scope = AuditScope::of("form", &form).and("days", given.days.unwrap_or_default());
        caller.audit(node, "retention.set", scope)?;
        node.directory.change(vec![DirectoryChange::Retention {
            form: form.clone(),
            rule: given.days.map(|days| RetentionRule {
                days,
                by: caller.user(),
                at: caller.now,
            }),
        }])?;
        caller.directory = node.directory.current();
        Ok(Json(body(node, &caller, &form)?))
    })
    .await
}
