//! What a supervisor does with a record: edits like any other, with the server as their device.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{ActionKey, AreaCode, FormCode, RecordId, StreamId};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::view::{Candidate, Cell};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as JsonValue};
use std::sync::Arc;
use utoipa::ToSchema;

use super::body::class_name;
use super::ops::{ops_of_fields, ops_of_json};
use super::{RecordBody, find, record_body};
use crate::admit::{ConsoleEdit, EditOutcome};
use crate::node::{Node, random_10};
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::{Api, Body, Caller, Path, read_time};
use crate::views::StoredRecord;

/// A new record.
#[derive(Deserialize, ToSchema)]
pub struct NewRecord {
    /// Its grid.
    pub grid: String,
    /// Its form.
    pub form: String,
    /// Its id, a UUIDv7, so that a repeated request makes one record; made by the server when left out.
    #[serde(default)]
    pub record_id: Option<String>,
    /// Its fields by key.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, JsonValue>,
    /// When it was captured; now when left out.
    #[serde(default)]
    pub captured_at: Option<String>,
}

/// A change of a record.
#[derive(Deserialize, ToSchema)]
pub struct Edit {
    /// Fields by key: null empties one, what is not named stays.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, JsonValue>,
    /// Single operations, as the history shows them; after the fields.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub operations: Vec<JsonValue>,
    /// When it was captured; now when left out.
    #[serde(default)]
    pub captured_at: Option<String>,
}

/// Which of the values of a conflict stands.
#[derive(Deserialize, ToSchema)]
pub struct Choose {
    /// The field, as in the conflict: `field`, `field/item/member` or `deleted`.
    pub field: String,
    /// The entry whose value stands, as in the conflict.
    pub by: String,
}

/// A step of the lifecycle.
#[derive(Deserialize, ToSchema)]
pub struct TransitionRequest {
    /// Which.
    #[schema(example = "accept")]
    pub action: String,
    /// What the doer says about it.
    #[serde(default)]
    pub note: String,
}

/// What was decided on one class of an edit.
#[derive(Serialize, ToSchema)]
pub struct VerdictBody {
    /// The class of the fields.
    pub class: String,
    /// The entry's name.
    pub entry: String,
    /// `admitted` or `late`.
    pub verdict: String,
}

/// What became of an edit, durable on return.
#[derive(Serialize, ToSchema)]
pub struct EditResult {
    /// What was decided; empty when nothing had to change.
    pub verdicts: Vec<VerdictBody>,
    /// The record as it is now; absent when it is not shown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordBody>,
}

/// Writes an edit and says what became of it.
///
/// # Errors
/// The first refusal; admission has then kept the edit with its reason.
pub(crate) fn write(node: &Node, caller: &Caller, edit: ConsoleEdit) -> Answer<EditResult> {
    write_and(node, caller, edit, |_, _| Ok(()))
}

/// The same for a refused edit made anew: should it be refused again, whoever tried is told why, and the edit that they tried still waits. That one more does not wait beside it.
pub(crate) fn write_again(node: &Node, caller: &Caller, edit: ConsoleEdit) -> Answer<EditResult> {
    write_and(node, caller, edit, |grid, outcomes| {
        put_away(node, caller, grid, outcomes)
    })
}

fn write_and(
    node: &Node,
    caller: &Caller,
    edit: ConsoleEdit,
    when_refused: impl FnOnce(&AreaCode, &[EditOutcome]) -> Answer<()>,
) -> Answer<EditResult> {
    let (record, grid) = (edit.record, edit.grid.clone());
    let mut verdicts = Vec::new();
    if !edit.ops.is_empty() {
        let outcomes = node.writer.edit(caller.author(), vec![edit])?;
        for outcome in &outcomes {
            if let Some(code) = outcome.refusal() {
                when_refused(&grid, &outcomes)?;
                return Err(code.into());
            }
            for (class, entry, verdict) in &outcome.verdicts {
                let late = matches!(verdict, Verdict::Admitted { late: true });
                verdicts.push(VerdictBody {
                    class: class_name(*class),
                    entry: entry.to_string(),
                    verdict: if late { "late" } else { "admitted" }.to_owned(),
                });
            }
        }
    }
    let record = find(node, caller, &record.to_string())
        .ok()
        .map(|(stored, _)| record_body(caller, &stored));
    Ok(EditResult { verdicts, record })
}

/// Has refused edits wait for nobody.
fn put_away(node: &Node, caller: &Caller, grid: &AreaCode, outcomes: &[EditOutcome]) -> Answer<()> {
    let refused = outcomes
        .iter()
        .flat_map(|o| &o.verdicts)
        .filter(|(_, _, verdict)| matches!(verdict, Verdict::Refused(_)));
    let changes: Vec<DirectoryChange> = refused
        .map(|(class, entry, _)| DirectoryChange::RefusalSettled {
            stream: StreamId::new(grid.clone(), *class).name(),
            entry: entry.to_string(),
            how: "dismissed".to_owned(),
            by: caller.user(),
            at: caller.now,
        })
        .collect();
    if !changes.is_empty() {
        node.directory.change(changes)?;
    }
    Ok(())
}

fn form_of(caller: &Caller, code: &FormCode) -> Answer<Arc<Form>> {
    caller
        .directory
        .forms()
        .latest(code)
        .cloned()
        .ok_or_else(|| Problem::from(gridfold_sync_core::entry::RefusalCode::UnknownForm))
}

fn edit_of(caller: &Caller, stored: &StoredRecord, ops: Vec<Op>) -> ConsoleEdit {
    ConsoleEdit {
        record: stored.row.record,
        grid: stored.row.grid.clone(),
        form: stored.row.form.clone(),
        form_version: None,
        ops,
        claimed: caller.now,
    }
}

/// Makes a record. With an id of its own a repeated request changes nothing.
#[utoipa::path(post, path = "/v1/records", tag = "records", request_body = NewRecord, responses(
    (status = 201, body = EditResult),
    (status = 404, description = "not_found: no such grid in scope", body = ProblemBody),
    (status = 422, description = "the code of the refusal", body = ProblemBody),
))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<NewRecord>,
) -> Answer<(StatusCode, Json<EditResult>)> {
    let grid = AreaCode::new(&given.grid)
        .ok()
        .filter(|g| caller.directory.is_grid(g) && caller.scope_of_grid(g).is_some())
        .ok_or_else(Problem::not_found)?;
    let form = form_of(&caller, &FormCode::new(&given.form)?)?;
    let claimed = given
        .captured_at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "captured_at"))?;
    let record = match &given.record_id {
        Some(text) => RecordId::parse(text)?,
        None => RecordId::from_parts(caller.now, random_10().map_err(|e| Problem::internal(&e))?),
    };
    api.blocking(move |node| {
        let known = find(node, &caller, &record.to_string())
            .ok()
            .map(|(stored, _)| stored);
        let parts = known.as_ref().map_or(&[] as &[_], |k| k.parts.as_slice());
        let ops = ops_of_fields(&form, parts, &given.fields)?;
        if ops.is_empty() && known.is_none() {
            return Err(gridfold_sync_core::entry::RefusalCode::Empty.into());
        }
        let edit = ConsoleEdit {
            record,
            grid,
            form: form.code.clone(),
            form_version: None,
            ops,
            claimed,
        };
        Ok((StatusCode::CREATED, Json(write(node, &caller, edit)?)))
    })
    .await
}

/// Changes a record.
#[utoipa::path(patch, path = "/v1/records/{record_id}", tag = "records", params(("record_id" = String, Path)), request_body = Edit, responses(
    (status = 200, body = EditResult),
    (status = 404, body = ProblemBody),
    (status = 422, description = "the code of the refusal", body = ProblemBody),
))]
pub async fn edit(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<Edit>,
) -> Answer<Json<EditResult>> {
    let claimed = given
        .captured_at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "captured_at"))?;
    api.blocking(move |node| {
        let (stored, _) = find(node, &caller, &id)?;
        let form = form_of(&caller, &stored.row.form)?;
        let mut ops = ops_of_fields(&form, &stored.parts, &given.fields)?;
        ops.extend(ops_of_json(&form, &given.operations)?);
        let edit = ConsoleEdit {
            claimed,
            ..edit_of(&caller, &stored, ops)
        };
        Ok(Json(write(node, &caller, edit)?))
    })
    .await
}

async fn simple(api: Api, caller: Caller, id: String, op: Op) -> Answer<Json<EditResult>> {
    api.blocking(move |node| {
        let (stored, _) = find(node, &caller, &id)?;
        let edit = edit_of(&caller, &stored, vec![op]);
        Ok(Json(write(node, &caller, edit)?))
    })
    .await
}

/// Marks a record as deleted. It can be restored.
#[utoipa::path(delete, path = "/v1/records/{record_id}", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = EditResult), (status = 404, body = ProblemBody)))]
pub async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<EditResult>> {
    simple(api, caller, id, Op::Delete).await
}

/// Takes the mark of deletion away.
#[utoipa::path(post, path = "/v1/records/{record_id}/restore", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = EditResult), (status = 404, body = ProblemBody)))]
pub async fn restore(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<EditResult>> {
    simple(api, caller, id, Op::Restore).await
}

/// Moves a record along its form's lifecycle.
#[utoipa::path(post, path = "/v1/records/{record_id}/transitions", tag = "records", params(("record_id" = String, Path)), request_body = TransitionRequest, responses(
    (status = 200, body = EditResult),
    (status = 404, body = ProblemBody),
    (status = 422, description = "transition_not_allowed and other refusals", body = ProblemBody),
))]
pub async fn transition(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<TransitionRequest>,
) -> Answer<Json<EditResult>> {
    let op = Op::Transition {
        action: ActionKey::new(&given.action)?,
        note: given.note,
    };
    simple(api, caller, id, op).await
}

/// Chooses which of the concurrent values of a field stands. The others stay in the history.
#[utoipa::path(post, path = "/v1/records/{record_id}/choose", tag = "records", params(("record_id" = String, Path)), request_body = Choose, responses(
    (status = 200, body = EditResult),
    (status = 404, description = "not_found: no such record, or the conflict is settled already", body = ProblemBody),
))]
pub async fn choose(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<Choose>,
) -> Answer<Json<EditResult>> {
    api.blocking(move |node| {
        let (stored, _) = find(node, &caller, &id)?;
        let op = chosen(&stored, &given).ok_or_else(Problem::not_found)?;
        let edit = edit_of(&caller, &stored, vec![op]);
        Ok(Json(write(node, &caller, edit)?))
    })
    .await
}

fn chosen(stored: &StoredRecord, given: &Choose) -> Option<Op> {
    let pick = |candidates: &[Candidate]| {
        candidates
            .iter()
            .find(|c| c.by.to_string() == given.by)
            .filter(|_| candidates.len() > 1)
            .map(|c| c.value.clone())
    };
    let mut path = given.field.split('/');
    let (field, item, member) = (path.next()?, path.next(), path.next());
    for (_, part) in &stored.parts {
        if field == "deleted" && item.is_none() && !part.fields.contains_key(field) {
            if let Some(value) = pick(&part.deleted) {
                return Some(if value == Value::Boolean(true) {
                    Op::Delete
                } else {
                    Op::Restore
                });
            }
            continue;
        }
        let Some((key, cell)) = part.fields.get_key_value(field) else {
            continue;
        };
        let field = key.clone();
        return match (cell, item, member) {
            (Cell::Register(candidates), None, None) => Some(Op::Set {
                field,
                value: pick(candidates)?,
            }),
            (Cell::Group(items), Some(item), Some(member)) => {
                let (item, held) = items.get_key_value(item)?;
                let (member, candidates) = held.members.get_key_value(member)?;
                Some(Op::ItemSet {
                    field,
                    item: item.clone(),
                    member: member.clone(),
                    value: pick(candidates)?,
                })
            }
            _ => None,
        };
    }
    None
}
