//! Imports: what files made and changed, and taking one back.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{Directory, Import};
use gridfold_sync_core::ids::{ImportId, UserId};
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Body, Caller, Params, Path, page_rows};
use crate::acts::undo_import::{Undone, undo_import};
use crate::problem::{Answer, Problem, ProblemBody};

/// Things that stay which an answer names one by one; what is past it is only counted.
const MAX_NAMED: usize = 1_000;

/// Somebody, by id and name.
#[derive(Serialize, ToSchema)]
pub struct ImportedBy {
    /// Who.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
}

/// An import.
#[derive(Serialize, ToSchema)]
pub struct ImportBody {
    /// Its id.
    pub import_id: String,
    /// What the file held: `areas`, `catalogue`, `calendar`, `plans` or `matters`.
    pub kind: String,
    /// How it was written: `csv`, `xlsx` or `json`. What it was called is not kept.
    pub format: String,
    /// When.
    pub at: String,
    /// By whom; absent when the operator imported by a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<ImportedBy>,
    /// Whether it ended. Of one that was cut off there are no counts; it can be taken back all the same.
    pub ended: bool,
    /// Rows read.
    pub rows: u64,
    /// What it made.
    pub added: u64,
    /// What was there and differs since.
    pub changed: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Areas that it made for the rows.
    pub areas_added: u64,
    /// When it was last taken back; absent when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<String>,
    /// By whom; absent when the operator did by a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<ImportedBy>,
}

/// Imports, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ImportPage {
    /// The imports.
    pub imports: Vec<ImportBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportsQuery {
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// How to take an import back.
#[derive(Deserialize, ToSchema)]
pub struct UndoRequest {
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// Something that an import made or changed and that stays.
#[derive(Serialize, ToSchema)]
pub struct LeftBody {
    /// `record`, `area`, `kind`, `plan` or `calendar`.
    pub thing: String,
    /// Its id or code.
    pub id: String,
    /// Why: `changed` (somebody changed it since), `in_use` (a record refers to it; people, records or areas are in it), `was_there` (a record that the import changed: its history has what it was), `does_not_fit` (it cannot be put back beside what there is now).
    pub why: String,
}

/// What became of taking an import back.
#[derive(Serialize, ToSchema)]
pub struct UndoneBody {
    /// The import.
    pub import_id: String,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Records that were deleted; they can be restored.
    pub records: u64,
    /// Areas that were retired, or are as they were before.
    pub areas: u64,
    /// Kinds of matters that were retired, or are as they were before.
    pub kinds: u64,
    /// Plans that were laid down, or are as they were before, as new versions.
    pub plans: u64,
    /// Whether the working calendar is as it was before, as a new version.
    pub calendar: bool,
    /// How much stays.
    pub left_count: u64,
    /// The first 1,000 of it.
    pub left: Vec<LeftBody>,
}

fn person(directory: &Directory, user: UserId) -> ImportedBy {
    ImportedBy {
        user_id: user.to_string(),
        user_name: directory
            .user(&user)
            .map_or_else(String::new, |u| u.name.clone()),
    }
}

fn import_body(directory: &Directory, import: &Import) -> ImportBody {
    let counts = import.counts.unwrap_or_default();
    let person = |user: Option<UserId>| user.map(|user| person(directory, user));
    ImportBody {
        import_id: import.id.to_string(),
        kind: import.kind.as_str().to_owned(),
        format: import.format.clone(),
        at: import.at.to_rfc3339(),
        by: person(import.by),
        ended: import.counts.is_some(),
        rows: counts.rows,
        added: counts.added,
        changed: counts.changed,
        refused: counts.refused,
        areas_added: counts.areas_added,
        undone_at: import.undone.map(|(_, at)| Timestamp::to_rfc3339(at)),
        undone_by: import.undone.and_then(|(by, _)| person(by)),
    }
}

/// The imports there were, the newest first; for an admin everywhere.
#[utoipa::path(get, path = "/v1/imports", operation_id = "list_imports", tag = "imports", params(ImportsQuery), responses((status = 200, body = ImportPage), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub async fn list(caller: Caller, Params(query): Params<ImportsQuery>) -> Answer<Json<ImportPage>> {
    caller.require_operator()?;
    let limit = page_rows(query.limit)?;
    let cursor = query.cursor.as_deref().map(|text| {
        ImportId::parse(text).map_err(|_| Problem::bad_request("this is not a cursor of this list"))
    });
    let before = cursor.transpose()?;
    let mut all: Vec<&Import> = caller
        .directory
        .imports()
        .filter(|import| before.is_none_or(|before| import.id < before))
        .collect();
    all.reverse();
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all
        .last()
        .filter(|_| more)
        .map(|import| import.id.to_string());
    let imports = all
        .into_iter()
        .map(|import| import_body(&caller.directory, import));
    Ok(Json(ImportPage {
        imports: imports.collect(),
        next,
    }))
}

/// Takes an import back: records that it made are deleted, areas and kinds that it made are retired, those that it changed are as they were before. What somebody has changed or put to use since stays and is named, and so do records that were there before. Again it changes nothing more. For an admin everywhere.
#[utoipa::path(post, path = "/v1/imports/{import_id}/undo", operation_id = "undo_import", tag = "imports", params(("import_id" = String, Path)), request_body = UndoRequest, responses(
    (status = 200, body = UndoneBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "conflict: the kinds cannot be put back beside those there are now", body = ProblemBody),
))]
pub async fn undo(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<UndoRequest>,
) -> Answer<Json<UndoneBody>> {
    caller.require_operator()?;
    let id = ImportId::parse(&id).map_err(|_| Problem::not_found())?;
    api.blocking(move |node| {
        let directory = node.directory.current();
        let import = directory.import(&id).ok_or_else(Problem::not_found)?;
        let by = (caller.author(), Some(caller.user()), caller.now);
        let undone = undo_import(node, import, by, given.dry_run)?;
        Ok(Json(undone_body(id, given.dry_run, undone)))
    })
    .await
}

fn undone_body(id: ImportId, dry_run: bool, undone: Undone) -> UndoneBody {
    let left = undone.left.iter().take(MAX_NAMED).map(|left| LeftBody {
        thing: left.thing.to_owned(),
        id: left.id.clone(),
        why: left.why.as_str().to_owned(),
    });
    UndoneBody {
        import_id: id.to_string(),
        dry_run,
        records: undone.records,
        areas: undone.areas,
        kinds: undone.kinds,
        plans: undone.plans,
        calendar: undone.calendar,
        left_count: undone.left.len() as u64,
        left: left.collect(),
    }
}
