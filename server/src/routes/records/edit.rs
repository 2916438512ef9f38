//! What a supervisor does with a record: edits like any other, with the server as their device,
//! made at what the request says its author saw.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, AreaCode, FormCode, RecordId};
use gridfold_sync_core::resident::{ReceiptNumber, lacks_number};
use gridfold_sync_core::schema::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as JsonValue};
use utoipa::ToSchema;

use super::body::record_body;
use super::find::find;
use super::made_at::{MadeAt, OnceName, SeenState, Tagged};
use super::once::Once;
use super::ops::{ops_of_fields, ops_of_json, written};
use super::people::People;
use super::result::{EditResult, verdict_body};
use crate::acts::records::{chosen, dismiss};
use crate::acts::retired::takes_record;
use crate::admit::{Base, ConsoleEdit, EditOutcome, Parts, Wish};
use crate::node::{Node, random_10, random_16};
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::{Api, Body, Caller, Path, read_time, shapes};

/// A new record.
#[derive(Serialize, Deserialize, ToSchema)]
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
    #[schema(value_type = shapes::Fields, required = false)]
    pub fields: Map<String, JsonValue>,
    /// When it was captured; now when left out.
    #[serde(default)]
    pub captured_at: Option<String>,
}

/// A change of a record.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Edit {
    /// Fields by key: null empties one, what is not named stays.
    #[serde(default)]
    #[schema(value_type = shapes::Fields, required = false)]
    pub fields: Map<String, JsonValue>,
    /// Single operations, as the history shows them; after the fields.
    #[serde(default)]
    #[schema(value_type = Vec<shapes::Operation>)]
    pub operations: Vec<JsonValue>,
    /// What its author saw: `heads` of the record as it was read. The same as the header `If-Match`; the newest state when both are left out.
    #[serde(default)]
    pub base: Option<String>,
    /// When it was captured; now when left out.
    #[serde(default)]
    pub captured_at: Option<String>,
}

/// Which of the values of a conflict stands.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Choose {
    /// The field, as in the conflict: `field`, `field/item/member`, `deleted` or `status`.
    pub field: String,
    /// The entry whose value stands, as in the conflict.
    pub by: String,
    /// What its author saw: `heads` of the record as it was read. The same as the header `If-Match`; the newest state when both are left out.
    #[serde(default)]
    pub base: Option<String>,
}

/// A step of the lifecycle.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TransitionRequest {
    /// Which.
    #[schema(example = "accept")]
    pub action: String,
    /// What the doer says about it.
    #[serde(default)]
    pub note: String,
    /// What its author saw: `heads` of the record as it was read. The same as the header `If-Match`; the newest state when both are left out.
    #[serde(default)]
    pub base: Option<String>,
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
        Ok(dismiss(node, (caller.user(), caller.now), grid, outcomes)?)
    })
}

fn write_once(node: &Node, caller: &Caller, once: Once, edit: ConsoleEdit) -> Answer<EditResult> {
    once.run(node, caller, edit.record, || write(node, caller, edit))
}

fn write_and(
    node: &Node,
    caller: &Caller,
    edit: ConsoleEdit,
    when_refused: impl FnOnce(&AreaCode, &[EditOutcome]) -> Answer<()>,
) -> Answer<EditResult> {
    let (record, grid) = (edit.record, edit.grid.clone());
    let mut verdicts = Vec::new();
    let outcomes = node.writer.edit(caller.author(), vec![edit])?;
    for outcome in &outcomes {
        if let Some(problem) = &outcome.problem {
            return Err(problem.clone());
        }
        if let Some(code) = outcome.refusal() {
            when_refused(&grid, &outcomes)?;
            return Err(code.into());
        }
        for (class, entry, verdict) in &outcome.verdicts {
            verdicts.push(verdict_body(*class, entry, *verdict));
        }
    }
    let record = find(node, caller, &record.to_string())
        .ok()
        .map(|(stored, scope)| record_body(node, caller, &stored, &scope))
        .transpose()?;
    Ok(EditResult { verdicts, record })
}

/// An edit of a record as the caller sees it: of what they may not read, their wish knows nothing.
fn edit_of(
    node: &Node,
    caller: &Caller,
    id: &str,
    base: Base,
    wish: impl Fn(&Form, &Parts, &People) -> Answer<Vec<Op>> + Send + 'static,
) -> Answer<ConsoleEdit> {
    let (stored, scope) = find(node, caller, id)?;
    let people = People::of(caller, &stored.row.grid);
    let wish = Wish::reckoned(move |form, parts| {
        let shown: Vec<_> = parts
            .iter()
            .filter(|(class, _)| scope.classes.contains(class))
            .cloned()
            .collect();
        let ops = wish(form, &shown, &people)?;
        let main = parts.iter().find(|(class, _)| *class == form.class);
        Ok(form.with_what_steps_write(main.map(|(_, part)| part), ops))
    });
    Ok(ConsoleEdit {
        record: stored.row.record,
        grid: stored.row.grid,
        form: stored.row.form,
        base,
        wish,
        claimed: caller.now,
    })
}

/// Makes a record. With an id of its own a repeated request changes nothing and answers the same.
#[utoipa::path(post, path = "/v1/records", operation_id = "create_record", tag = "records", params(OnceName), request_body = NewRecord, responses(
    (status = 201, body = EditResult),
    (status = 404, description = "not_found: no such grid in scope", body = ProblemBody),
    (status = 409, description = "conflict: there is a record with this id already, made otherwise", body = ProblemBody),
    (status = 422, description = "the code of the refusal", body = ProblemBody),
))]
pub async fn add(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Body(given): Body<NewRecord>,
) -> Answer<(StatusCode, Tagged<EditResult>)> {
    let grid = AreaCode::new(&given.grid)
        .ok()
        .filter(|g| caller.directory.is_grid(g) && caller.scope_of_grid(g).is_some())
        .ok_or_else(Problem::not_found)?;
    let form = FormCode::new(&given.form)?;
    let claimed = given
        .captured_at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "captured_at"))?;
    let record = match &given.record_id {
        Some(text) => RecordId::parse(text)?,
        None => RecordId::from_parts(caller.now, random_10().map_err(|e| Problem::internal(&e))?),
    };
    let random = random_16().map_err(|e| Problem::internal(&e))?;
    let number = ReceiptNumber::from_random(random);
    let once = made_at.once("records", &given);
    let people = People::of(&caller, &grid);
    let (directory, of_grid) = (Arc::clone(&caller.directory), grid.clone());
    api.blocking(move |node| {
        let edit = ConsoleEdit {
            record,
            grid,
            form,
            base: Base::Nothing,
            wish: Wish::reckoned(move |form, parts| {
                if parts.is_empty() {
                    takes_record(&directory, &of_grid, &form.code)?;
                }
                let fields = people.in_fields(form, &given.fields)?;
                let mut ops = written(form, parts, ops_of_fields(form, parts, &fields)?);
                let catalogue = directory.catalogue().map(AsRef::as_ref);
                if let Some(field) = lacks_number(form, catalogue, &ops) {
                    ops.push(Op::Set {
                        field: field.clone(),
                        value: Value::Text(number.to_string()),
                    });
                }
                Ok(ops)
            }),
            claimed,
        };
        let result = once.run(node, &caller, record, || write(node, &caller, edit))?;
        Ok((StatusCode::CREATED, Tagged(result)))
    })
    .await
}

/// Changes a record. What others wrote since its author read it stays beside it: texts merge, choices are kept, of other values both are shown until somebody chooses.
#[utoipa::path(patch, path = "/v1/records/{record_id}", operation_id = "edit_record", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), request_body = Edit, responses(
    (status = 200, body = EditResult),
    (status = 404, body = ProblemBody),
    (status = 412, description = "unknown_base: what it was made at is no state of this record", body = ProblemBody),
    (status = 422, description = "the code of the refusal", body = ProblemBody),
))]
pub async fn edit(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<Edit>,
) -> Answer<Tagged<EditResult>> {
    let claimed = given
        .captured_at
        .as_deref()
        .map_or(Ok(caller.now), |t| read_time(t, "captured_at"))?;
    let base = made_at.base(given.base.as_deref())?;
    let once = made_at.once(&format!("edit {id}"), &given);
    api.blocking(move |node| {
        let edit = edit_of(node, &caller, &id, base, move |form, parts, people| {
            let fields = people.in_fields(form, &given.fields)?;
            let mut ops = ops_of_fields(form, parts, &fields)?;
            ops.extend(ops_of_json(
                form,
                &people.in_operations(form, &given.operations)?,
            )?);
            Ok(written(form, parts, ops))
        })?;
        let edit = ConsoleEdit { claimed, ..edit };
        Ok(Tagged(write_once(node, &caller, once, edit)?))
    })
    .await
}

async fn simple(
    api: Api,
    caller: Caller,
    id: String,
    (base, once): (Base, Once),
    op: Op,
) -> Answer<Tagged<EditResult>> {
    api.blocking(move |node| {
        let edit = edit_of(node, &caller, &id, base, move |_, _, _| {
            Ok(vec![op.clone()])
        })?;
        Ok(Tagged(write_once(node, &caller, once, edit)?))
    })
    .await
}

/// Marks a record as deleted. It can be restored.
#[utoipa::path(delete, path = "/v1/records/{record_id}", operation_id = "delete_record", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), responses((status = 200, body = EditResult), (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
pub async fn delete(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Tagged<EditResult>> {
    let asked = (
        made_at.base(None)?,
        made_at.once(&format!("delete {id}"), &()),
    );
    simple(api, caller, id, asked, Op::Delete).await
}

/// Takes the mark of deletion away.
#[utoipa::path(post, path = "/v1/records/{record_id}/restore", operation_id = "restore_record", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), responses((status = 200, body = EditResult), (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
pub async fn restore(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Tagged<EditResult>> {
    let asked = (
        made_at.base(None)?,
        made_at.once(&format!("restore {id}"), &()),
    );
    simple(api, caller, id, asked, Op::Restore).await
}

/// Moves a record along its form's lifecycle.
#[utoipa::path(post, path = "/v1/records/{record_id}/transitions", operation_id = "make_transition", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), request_body = TransitionRequest, responses(
    (status = 200, body = EditResult),
    (status = 404, body = ProblemBody),
    (status = 412, description = "unknown_base: what it was made at is no state of this record", body = ProblemBody),
    (status = 422, description = "transition_not_allowed and other refusals", body = ProblemBody),
))]
pub async fn transition(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<TransitionRequest>,
) -> Answer<Tagged<EditResult>> {
    let base = made_at.base(given.base.as_deref())?;
    let once = made_at.once(&format!("step {id}"), &given);
    let op = Op::Transition {
        action: ActionKey::new(&given.action)?,
        note: given.note,
    };
    simple(api, caller, id, (base, once), op).await
}

/// Chooses which of the concurrent values of a field stands. The others stay in the history.
#[utoipa::path(post, path = "/v1/records/{record_id}/choose", operation_id = "choose_value", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), request_body = Choose, responses(
    (status = 200, body = EditResult),
    (status = 412, description = "unknown_base: what it was made at is no state of this record", body = ProblemBody),
    (status = 404, description = "not_found: no such record, or the conflict is settled already", body = ProblemBody),
))]
pub async fn choose(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<Choose>,
) -> Answer<Tagged<EditResult>> {
    let base = made_at.base(given.base.as_deref())?;
    let once = made_at.once(&format!("choose {id}"), &given);
    api.blocking(move |node| {
        let edit = edit_of(node, &caller, &id, base, move |_, parts, _| {
            let op = chosen(parts, &given.field, &given.by).ok_or_else(Problem::not_found)?;
            Ok(vec![op])
        })?;
        Ok(Tagged(write_once(node, &caller, once, edit)?))
    })
    .await
}
