//! Reports that the server makes by itself: at their times, with the rights of who made them, keeping the numbers alone.
//!
//! What enters: the clock. What leaves: results with their numbers as they were then. What never happens here: a field of a record that is kept, so what is erased later is in none of them; a number shown to somebody who could not have counted it.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{AreaCode, SensitivityClass, UserId};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::result::{Wanted, run};
use super::shape::ReportResult;
use super::{Found, find, read};
use crate::auth::Actor;
use crate::desk::SavedReport;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::records::{filter_of, grids_of};
use crate::routes::{Api, Caller, Path, read_time};

/// How often it is looked whether a report is due.
pub const RUN_DUE_EVERY: Duration = Duration::from_secs(60);

/// A kept result.
#[derive(Serialize, ToSchema)]
pub struct RunBody {
    /// When it was made.
    pub at: String,
}

/// Kept results.
#[derive(Serialize, ToSchema)]
pub struct RunList {
    /// The newest first, at most 60.
    pub runs: Vec<RunBody>,
}

/// What is kept: the numbers, and what somebody must read to be shown them.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The areas that were counted; none is everywhere.
    areas: Vec<Option<String>>,
    classes: Vec<u8>,
    result: ReportResult,
}

impl Kept {
    /// Whether the caller could have counted the same.
    fn is_for(&self, caller: &Caller) -> bool {
        let needed: Option<BTreeSet<SensitivityClass>> = self
            .classes
            .iter()
            .map(|n| SensitivityClass::from_u8(*n))
            .collect();
        let Some(needed) = needed else { return false };
        let reads = |area: Option<&AreaCode>| {
            let roles = caller.roles_in(area);
            let classes: BTreeSet<_> = roles.iter().flat_map(|role| role.readable()).collect();
            !roles.is_empty() && needed.iter().all(|class| classes.contains(class))
        };
        self.areas.iter().all(|area| match area {
            None => reads(None),
            Some(code) => AreaCode::new(code).is_ok_and(|area| reads(Some(&area))),
        })
    }
}

fn saved(node: &Node, caller: &Caller, id: &str) -> Answer<Option<SavedReport>> {
    Ok(match find(node, caller, id)? {
        Found::Builtin(..) => None,
        Found::Saved(report, _) => Some(report),
    })
}

fn open(node: &Node, report: Uuid, at_ms: i64) -> Answer<Option<Kept>> {
    let json = node.desk.reports.run(report, at_ms)?;
    let kept = json.map(|json| serde_json::from_str(&json));
    kept.transpose().map_err(|e| Problem::internal(&e))
}

/// The results that the server kept of a report, of those whose numbers the caller may read.
#[utoipa::path(get, path = "/v1/reports/{report_id}/runs", operation_id = "list_report_runs", tag = "reports", params(("report_id" = String, Path)), responses((status = 200, body = RunList), (status = 404, body = ProblemBody)))]
pub async fn kept_list(
    State(api): State<Api>,
    caller: Caller,
    Path(report_id): Path<String>,
) -> Answer<Json<RunList>> {
    api.blocking(move |node| {
        let mut runs = Vec::new();
        if let Some(report) = saved(node, &caller, &report_id)? {
            for at_ms in node.desk.reports.runs(report.id)? {
                let kept = open(node, report.id, at_ms)?;
                if kept.is_some_and(|kept| kept.is_for(&caller)) {
                    let at = Timestamp(at_ms).to_rfc3339();
                    runs.push(RunBody { at });
                }
            }
        }
        Ok(Json(RunList { runs }))
    })
    .await
}

/// A result that the server kept, with the numbers as they were.
#[utoipa::path(get, path = "/v1/reports/{report_id}/runs/{at}", operation_id = "read_report_run", tag = "reports", params(("report_id" = String, Path), ("at" = String, Path)), responses((status = 200, body = ReportResult), (status = 404, body = ProblemBody)))]
pub async fn kept(
    State(api): State<Api>,
    caller: Caller,
    Path((report_id, at)): Path<(String, String)>,
) -> Answer<Json<ReportResult>> {
    api.blocking(move |node| {
        let report = saved(node, &caller, &report_id)?.ok_or_else(Problem::not_found)?;
        let at = read_time(&at, "at").map_err(|_| Problem::not_found())?;
        let kept = open(node, report.id, at.millis())?;
        let kept = kept.filter(|kept| kept.is_for(&caller));
        Ok(Json(kept.ok_or_else(Problem::not_found)?.result))
    })
    .await
}

/// Who made a report, as somebody who asks now.
fn maker(node: &Node, report: &SavedReport, now: Timestamp) -> Caller {
    Caller {
        actor: Actor {
            user: report.owner,
            device: Uuid::nil(),
        },
        directory: node.directory.current(),
        now,
        locale: Locale::default(),
        session: None,
    }
}

fn make(node: &Node, report: &SavedReport, now: Timestamp) -> Answer<()> {
    let template = read(report)?;
    let Some(schedule) = &template.schedule else {
        return Ok(());
    };
    let zone = node.config.dashboard.time_zone.zone();
    let Some(due_ms) = schedule.last_due(now.millis(), &zone) else {
        return Ok(());
    };
    let newest = node.desk.reports.runs(report.id)?.first().copied();
    // One that was due before it was made or changed is not made up for.
    if due_ms < report.changed_ms || newest.is_some_and(|newest| newest >= due_ms) {
        return Ok(());
    }
    let caller = maker(node, report, now);
    let user: UserId = caller.user();
    let granted: Vec<Option<AreaCode>> = caller
        .directory
        .active_grants(user, now)
        .map(|grant| grant.area.clone())
        .collect();
    if granted.is_empty() {
        tracing::info!(report = %report.id, "a report was not made: who made it reads nothing any more");
        return Ok(());
    }
    let filter = filter_of(&caller, &super::template::read_words(&template.records)?)?;
    let only = template.records.get("area");
    let areas = match only {
        Some(code) if grids_of(&caller, Some(code)).is_ok() => vec![Some(code.clone())],
        _ => granted
            .into_iter()
            .map(|area| area.map(|area| area.to_string()))
            .collect(),
    };
    let wanted = Wanted {
        zone,
        name: template.name.clone(),
    };
    let kept = Kept {
        areas,
        classes: filter.scope.classes.iter().map(|c| *c as u8).collect(),
        result: run(node, &caller, &template, wanted)?,
    };
    let json = serde_json::to_string(&kept).map_err(|e| Problem::internal(&e))?;
    node.desk.reports.keep_run(report.id, due_ms, &json)?;
    Ok(())
}

/// Makes every report that is due. One that cannot be made keeps no other from it.
pub fn make_due(node: &Node, now: Timestamp) {
    let all = match node.desk.reports.all() {
        Ok(all) => all,
        Err(error) => {
            tracing::warn!(reason = %error, "reports were not made");
            return;
        }
    };
    for report in all {
        if let Err(problem) = make(node, &report, now) {
            tracing::warn!(report = %report.id, code = problem.code.as_str(), "a report was not made");
        }
    }
}
