//! Erasure of records: for ever, and the list of what was erased.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{Directory, DirectoryChange, Erasure};
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::find;
use super::{Api, Body, Caller, Params, Path, page_rows};
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// The longest reason, in characters.
pub const ERASURE_REASON_MAX_CHARS: usize = 500;

/// Why a record is to be erased.
#[derive(Deserialize, ToSchema)]
pub struct EraseRequest {
    /// Why, 1 to 500 characters. It is kept: name nobody in it.
    pub reason: String,
}

/// An erased record.
#[derive(Serialize, ToSchema)]
pub struct ErasureBody {
    /// The record.
    pub record_id: String,
    /// The grid it was of.
    pub grid: String,
    /// Who erased it.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
    /// When it was erased again, on a server restored from a backup made before; absent when it never came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_at: Option<String>,
}

/// Erased records, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ErasureList {
    /// The records.
    pub erasures: Vec<ErasureBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ErasureQuery {
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

fn body(caller: &Caller, record: &RecordId, erasure: &Erasure) -> ErasureBody {
    ErasureBody {
        record_id: record.to_string(),
        grid: erasure.grid.to_string(),
        user_id: erasure.by.to_string(),
        user_name: caller
            .directory
            .user(&erasure.by)
            .map_or_else(String::new, |u| u.name.clone()),
        at: erasure.at.to_rfc3339(),
        reason: erasure.reason.clone(),
        again_at: erasure.again.map(|at| at.to_rfc3339()),
    }
}

/// The records that one was before it was moved, each erased with it.
fn former(directory: &Directory, record: RecordId, with: &Erasure) -> Vec<(RecordId, Erasure)> {
    let former = directory.former_records(record).into_iter();
    former
        .filter(|record| !directory.is_erased(record))
        .filter_map(|record| {
            let grid = directory.moved_record(&record)?.from_grid.clone();
            let erasure = Erasure {
                grid,
                ..with.clone()
            };
            Some((record, erasure))
        })
        .collect()
}

/// Erases a record for ever: its key is destroyed, so that no copy of the log can be read, and lists forget it. Edits of it that come later are refused. What it was before it was moved here from another grid, and what was merged into it, goes with it. Nobody can undo this.
#[utoipa::path(post, path = "/v1/records/{record_id}/erase", operation_id = "erase_record", tag = "records", params(("record_id" = String, Path)), request_body = EraseRequest, responses(
    (status = 200, body = ErasureBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn erase(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<EraseRequest>,
) -> Answer<Json<ErasureBody>> {
    let reason = given.reason.trim().to_owned();
    if !(1..=ERASURE_REASON_MAX_CHARS).contains(&reason.chars().count()) {
        return Err(Problem::bad_request_in(said!(
            "erasure_reason",
            most = ERASURE_REASON_MAX_CHARS
        )));
    }
    api.blocking(move |node| {
        let (record, _) = find(node, &caller, &id)?;
        let roles = caller.roles_in(Some(&record.row.grid));
        if !roles.contains(&Role::Supervisor) && !roles.contains(&Role::Admin) {
            return Err(Problem::new(Code::Forbidden));
        }
        let record_id = record.row.record;
        let erasure = Erasure {
            grid: record.row.grid.clone(),
            by: caller.user(),
            at: caller.now,
            reason,
            again: None,
        };
        let mut all = vec![(record_id, erasure.clone())];
        // What it was before a move says the same as it does.
        all.extend(former(&node.directory.current(), record_id, &erasure));
        for (record, _) in &all {
            let scope = crate::auth::AuditScope::of("record", record);
            caller.audit(node, "record.erase", scope)?;
        }
        // First that nothing of it may come back, durably; a crash from here on is finished at the next start.
        let changes = all
            .iter()
            .map(|(record, erasure)| DirectoryChange::RecordErased {
                record: *record,
                erasure: Some(erasure.clone()),
            });
        node.directory.change(changes.collect())?;
        for (record, _) in &all {
            node.writer.erase(*record)?;
            // What somebody noted when they put its late edits away may speak of it.
            node.desk
                .put_away
                .forget_note("late", &record.to_string())?;
        }
        node.note_erasures();
        Ok(Json(body(&caller, &record_id, &erasure)))
    })
    .await
}

/// What was erased in the areas that the caller oversees.
#[utoipa::path(get, path = "/v1/erasures", operation_id = "list_erasures", tag = "records", params(ErasureQuery), responses((status = 200, body = ErasureList), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ErasureQuery>,
) -> Answer<Json<ErasureList>> {
    caller.require(&[Role::Admin, Role::Supervisor, Role::Auditor])?;
    let limit = page_rows(query.limit)?;
    let after = query
        .cursor
        .as_deref()
        .map(|text| {
            RecordId::parse(text)
                .map_err(|_| Problem::bad_request("this is not a cursor of this list"))
        })
        .transpose()?;
    api.blocking(move |_| {
        let may = |erasure: &Erasure| {
            caller
                .roles_in(Some(&erasure.grid))
                .iter()
                .any(|r| matches!(r, Role::Admin | Role::Supervisor | Role::Auditor))
        };
        let mut found: Vec<(&RecordId, &Erasure)> = caller
            .directory
            .erasures()
            .filter_map(|(record, erasure)| Some((record, erasure?)))
            .filter(|(_, erasure)| may(erasure))
            .collect();
        found.sort_by_key(|(record, erasure)| (std::cmp::Reverse(erasure.at), **record));
        // A record is erased once, so it names its place.
        if let Some(after) = after {
            let at = found.iter().position(|(record, _)| **record == after);
            let at = at.ok_or_else(|| Problem::bad_request("this is not a cursor of this list"))?;
            found.drain(..=at);
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(r, _)| r.to_string());
        Ok(Json(ErasureList {
            next,
            erasures: found
                .into_iter()
                .map(|(record, erasure)| body(&caller, record, erasure))
                .collect(),
        }))
    })
    .await
}
