//! Report templates and what they say: anybody with the right makes one, everybody who shares it runs it over what they may read.

mod builtin;
mod file;
mod keys;
mod measure;
mod period;
mod result;
pub mod runs;
mod schedule;
mod shape;
mod template;

pub use period::{MAX_PARTS, MAX_REPORT_DAYS, Period};
pub use result::MAX_REPORT_ROWS;
pub use runs::{RUN_DUE_EVERY, make_due};
pub use schedule::Schedule;
pub use shape::ReportResult;
pub use template::{MAX_GROUPS, REPORT_NAME_MAX_CHARS, ReportTemplate};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::result::{Wanted, run};
use super::overview::zone;
use super::records::user_name;
use super::tables::{TableQuery, table_answer};
use super::{Api, Body, Caller, Params, Path};
use crate::auth::AuditScope;
use crate::desk::{REPORT_MAX_BYTES, REPORTS_MAX, SavedReport};
use crate::keys::secret::new_id;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// Roles that make templates.
const MAKERS: [Role; 2] = [Role::Supervisor, Role::Admin];

/// A template, and whose it is.
#[derive(Serialize, ToSchema)]
pub struct ReportBody {
    /// Its id.
    pub report_id: String,
    /// Whether it is one that every server has; then nobody changes it.
    pub built_in: bool,
    /// Who made it, by name; absent of a built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// Whether the caller may change and remove it.
    pub may_change: bool,
    /// The codes of the forms whose records it counts. A record is captured once and counted in every report of its form.
    pub forms: Vec<String>,
    /// Why it cannot be run now, such as a field that a form no longer has; absent when it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What it counts.
    pub template: ReportTemplate,
    /// When it was last changed; absent of a built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
}

/// Templates.
#[derive(Serialize, ToSchema)]
pub struct ReportList {
    /// Those that every server has, then those that the caller's areas share, the oldest first.
    pub reports: Vec<ReportBody>,
}

/// For which time.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResultQuery {
    /// The first day, with `to`, in the place of the template's time.
    pub from: Option<String>,
    /// The last day.
    pub to: Option<String>,
    /// A relative time in the place of the template's, such as `last_month`.
    pub of: Option<String>,
    /// Only this area, inside that of the template.
    pub area: Option<String>,
    /// Where days begin: the name of a zone, or minutes ahead of UTC; the server's zone when left out.
    pub tz: Option<String>,
}

/// A template with whose it is: one that somebody saved, or a built-in one.
enum Found {
    Builtin(&'static str, ReportTemplate),
    Saved(SavedReport, ReportTemplate),
}

impl Found {
    fn template(&self) -> &ReportTemplate {
        match self {
            Self::Builtin(_, template) | Self::Saved(_, template) => template,
        }
    }
}

fn area_of(report: &SavedReport) -> Option<AreaCode> {
    report.area.as_deref().and_then(|a| AreaCode::new(a).ok())
}

/// Whether the caller shares a template.
fn sees(caller: &Caller, report: &SavedReport) -> bool {
    let user = caller.user();
    if report.owner == user.0 {
        return true;
    }
    match (&report.area, area_of(report)) {
        (None, _) => !caller.directory.roles(user, caller.now).is_empty(),
        (_, Some(area)) => caller.sees_area(&area),
        // An area that no longer has a code nobody is in.
        (Some(_), None) => false,
    }
}

fn makes_in(caller: &Caller, area: Option<&AreaCode>) -> bool {
    let roles = caller.roles_in(area);
    roles.iter().any(|role| MAKERS.contains(role))
}

/// Who made it changes it while they may make one there; so does an admin of its area.
fn may_change(caller: &Caller, report: &SavedReport) -> bool {
    let area = area_of(report);
    if report.area.is_some() && area.is_none() {
        return report.owner == caller.user().0;
    }
    let roles = caller.roles_in(area.as_ref());
    let is_maker = roles.iter().any(|role| MAKERS.contains(role));
    roles.contains(&Role::Admin) || is_maker && report.owner == caller.user().0
}

fn read(report: &SavedReport) -> Answer<ReportTemplate> {
    serde_json::from_str(&report.json).map_err(|e| Problem::internal(&e))
}

fn find(node: &Node, caller: &Caller, id: &str) -> Answer<Found> {
    if let Some(builtin) = builtin::all(&caller.directory).find(|builtin| builtin.id == id) {
        return Ok(Found::Builtin(builtin.id, builtin.template(caller.locale)));
    }
    let id = Uuid::parse_str(id).map_err(|_| Problem::not_found())?;
    let report = node.desk.reports.get(id)?;
    let report = report.filter(|report| sees(caller, report));
    let report = report.ok_or_else(Problem::not_found)?;
    let template = read(&report)?;
    Ok(Found::Saved(report, template))
}

fn body(caller: &Caller, found: &Found) -> ReportBody {
    let template = found.template();
    let (forms, broken) = match template.check(&caller.directory) {
        Ok(checked) => {
            let codes = checked.forms.iter().map(|form| form.code.to_string());
            (codes.collect(), None)
        }
        Err(problem) => (
            Vec::new(),
            Some(problem.detail_in(caller.locale).unwrap_or_default()),
        ),
    };
    let saved = match found {
        Found::Builtin(..) => None,
        Found::Saved(report, _) => Some(report),
    };
    let owner = |report: &SavedReport| {
        let owner = gridfold_sync_core::ids::UserId(report.owner);
        user_name(caller, owner)
    };
    ReportBody {
        report_id: match found {
            Found::Builtin(id, _) => (*id).to_owned(),
            Found::Saved(report, _) => report.id.to_string(),
        },
        built_in: saved.is_none(),
        made_by: saved.map(owner),
        may_change: saved.is_some_and(|report| may_change(caller, report)),
        forms,
        broken,
        template: template.clone(),
        changed_at: saved.map(|report| Timestamp(report.changed_ms).to_rfc3339()),
    }
}

/// The templates that the caller may run: those that every server has, and those that their areas share.
#[utoipa::path(get, path = "/v1/reports", operation_id = "list_reports", tag = "reports", responses((status = 200, body = ReportList)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Answer<Json<ReportList>> {
    api.blocking(move |node| {
        let mut reports: Vec<ReportBody> = builtin::all(&caller.directory)
            .map(|builtin| {
                let template = builtin.template(caller.locale);
                body(&caller, &Found::Builtin(builtin.id, template))
            })
            .collect();
        for report in node.desk.reports.all()? {
            if sees(&caller, &report) {
                let template = read(&report)?;
                reports.push(body(&caller, &Found::Saved(report, template)));
            }
        }
        Ok(Json(ReportList { reports }))
    })
    .await
}

/// One template.
#[utoipa::path(get, path = "/v1/reports/{report_id}", operation_id = "read_report", tag = "reports", params(("report_id" = String, Path)), responses((status = 200, body = ReportBody), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
) -> Answer<Json<ReportBody>> {
    api.blocking(move |node| Ok(Json(body(&caller, &find(node, &caller, &report_id)?))))
        .await
}

/// Checks a template and keeps it, new or in the place of another.
fn keep(
    node: &Node,
    caller: &Caller,
    template: ReportTemplate,
    earlier: Option<SavedReport>,
) -> Answer<ReportBody> {
    let template = ReportTemplate {
        name: template.name.trim().to_owned(),
        ..template
    };
    let area = template.area.as_deref();
    let area = area.map(|code| caller.read_area(code)).transpose()?;
    if !makes_in(caller, area.as_ref()) {
        return Err(Problem::new(Code::Forbidden));
    }
    let checked = template.check(&caller.directory)?;
    // Who may not read a field does not make others read how often it is what.
    checked.may_read(&caller.common_classes())?;
    let json = serde_json::to_string(&template).map_err(|e| Problem::internal(&e))?;
    if json.len() > REPORT_MAX_BYTES {
        let most = REPORT_MAX_BYTES;
        return Err(Problem::new(Code::TooLarge).because_in(said!("view_too_large", most = most)));
    }
    let now_ms = caller.now.millis();
    let fresh = || new_id(now_ms).map_err(|e| Problem::internal(&e));
    let report = SavedReport {
        id: earlier
            .as_ref()
            .map_or_else(fresh, |report| Ok(report.id))?,
        owner: earlier.map_or(caller.user().0, |report| report.owner),
        area: area.map(|area| area.to_string()),
        json,
        changed_ms: now_ms,
    };
    if !node.desk.reports.put(&report)? {
        let most = REPORTS_MAX;
        return Err(Problem::new(Code::Conflict).because_in(said!("reports_too_many", most = most)));
    }
    Ok(body(caller, &Found::Saved(report, template)))
}

/// The template of an id that the caller may change.
fn changeable(node: &Node, caller: &Caller, id: &str) -> Answer<SavedReport> {
    match find(node, caller, id)? {
        Found::Saved(report, _) if may_change(caller, &report) => Ok(report),
        Found::Saved(..) | Found::Builtin(..) => Err(Problem::new(Code::Forbidden)),
    }
}

/// Makes a template, shared with the people of its area. Supervisors and admins of that area do.
#[utoipa::path(post, path = "/v1/reports", operation_id = "add_report", tag = "reports", request_body = ReportTemplate, responses(
    (status = 201, body = ReportBody),
    (status = 400, description = "bad_request: the detail says what in it cannot be", body = ProblemBody),
    (status = 403, description = "forbidden: the role, or a field that the caller may not read", body = ProblemBody),
    (status = 409, description = "conflict: there are 500 already", body = ProblemBody),
))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body(template): Body<ReportTemplate>,
) -> Answer<(StatusCode, Json<ReportBody>)> {
    caller.require(&MAKERS)?;
    api.blocking(move |node| {
        let made = keep(node, &caller, template, None)?;
        Ok((StatusCode::CREATED, Json(made)))
    })
    .await
}

/// Replaces a template: who made it, and admins of its area.
#[utoipa::path(put, path = "/v1/reports/{report_id}", operation_id = "put_report", tag = "reports", params(("report_id" = String, Path)), request_body = ReportTemplate, responses(
    (status = 200, body = ReportBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn put(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
    Body(template): Body<ReportTemplate>,
) -> Answer<Json<ReportBody>> {
    api.blocking(move |node| {
        let earlier = changeable(node, &caller, &report_id)?;
        Ok(Json(keep(node, &caller, template, Some(earlier))?))
    })
    .await
}

/// Removes a template with the results that were kept of it.
#[utoipa::path(delete, path = "/v1/reports/{report_id}", operation_id = "remove_report", tag = "reports", params(("report_id" = String, Path)), responses((status = 204, description = "Removed"), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
) -> Answer<StatusCode> {
    api.blocking(move |node| {
        let report = changeable(node, &caller, &report_id)?;
        node.desk.reports.remove(report.id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// A template with the time and the area that somebody asks for.
fn asked(
    caller: &Caller,
    mut template: ReportTemplate,
    query: &ResultQuery,
) -> Answer<ReportTemplate> {
    if query.of.is_some() || query.from.is_some() || query.to.is_some() {
        template.period = Period {
            of: query.of.clone(),
            from: query.from.clone(),
            to: query.to.clone(),
        };
    }
    if let Some(code) = &query.area {
        let area = caller.read_area(code)?;
        let own = template.records.get("area");
        let own = own.and_then(|code| AreaCode::new(code).ok());
        if own.is_some_and(|own| !caller.directory.lies_in(&area, &own)) {
            return Err(Problem::bad_request_in(said!("report_outside")));
        }
        template.records.insert("area".to_owned(), area.to_string());
    }
    Ok(template)
}

fn result_of(node: &Node, caller: &Caller, id: &str, query: &ResultQuery) -> Answer<ReportResult> {
    let found = find(node, caller, id)?;
    let template = asked(caller, found.template().clone(), query)?;
    let wanted = Wanted {
        zone: zone(node, query.tz.as_deref())?,
        name: template.name.clone(),
    };
    run(node, caller, &template, wanted)
}

/// What a report says of what the caller may read. Each number carries the query with which the list of records gives exactly its rows.
#[utoipa::path(get, path = "/v1/reports/{report_id}/result", operation_id = "run_report", tag = "reports", params(("report_id" = String, Path), ResultQuery), responses(
    (status = 200, body = ReportResult),
    (status = 400, description = "bad_request: the time, or a template that no longer fits the forms", body = ProblemBody),
    (status = 403, description = "forbidden: it groups by a field that the caller may not read", body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn result(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
    Params(query): Params<ResultQuery>,
) -> Answer<Json<ReportResult>> {
    api.blocking(move |node| Ok(Json(result_of(node, &caller, &report_id, &query)?)))
        .await
}

/// The same as a file: CSV or a workbook with numbers, in the language of the request.
#[utoipa::path(get, path = "/v1/reports/{report_id}/export", operation_id = "export_report", tag = "reports", params(("report_id" = String, Path), TableQuery, ResultQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn export(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
    Params(how): Params<TableQuery>,
    Params(query): Params<ResultQuery>,
) -> Answer<Response> {
    api.blocking(move |node| {
        let result = result_of(node, &caller, &report_id, &query)?;
        caller.audit(node, "report.export", AuditScope::of("report", &report_id))?;
        table_answer(&how, "report", || file::table(&result, caller.locale))
    })
    .await
}
