//! Records: lists, one record with its conflicts and history, and what a supervisor does with it.

mod beside;
pub mod body;
pub mod edit;
pub mod list;
mod made_at;
mod once;
mod ops;
mod provenance;
mod query;
mod words;

pub(crate) use beside::written_beside;
pub use body::{HistoryBody, HistoryEntry, RecordBody, RecordRowBody};
pub(crate) use body::{entry_body, field_values, record_body, row_body};
pub use edit::EditResult;
pub(crate) use edit::write_again;
pub use list::MAX_COUNT;
use made_at::Tagged;
pub use provenance::Provenance;
pub use query::{MAX_CORNERS, MAX_FIELDS, MAX_NOT_VISITED_DAYS, RecordQuery};
pub(crate) use query::{filter_of, grids_of, past_retention, read_bbox, read_fields};

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{RecordId, SensitivityClass};
use gridfold_sync_core::schema::Form;

use super::{Api, Caller, Path};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::seen::Look;
use crate::views::{RecordRow, Scope, StoredRecord};
pub(crate) use words::Teller;

/// A record of which the caller may read anything, with that: whoever changes one has read it.
pub(crate) fn find(node: &Node, caller: &Caller, id: &str) -> Answer<(StoredRecord, Scope)> {
    let (found, scope) = find_listed(node, caller, id)?;
    if found.parts.is_empty() {
        return Err(Problem::not_found());
    }
    Ok((found, scope))
}

/// A record that the caller's lists hold, with what they may read of it, which may be nothing: what a list shows can be opened.
fn find_listed(node: &Node, caller: &Caller, id: &str) -> Answer<(StoredRecord, Scope)> {
    let id = RecordId::parse(id).map_err(|_| Problem::not_found())?;
    let all = node
        .views
        .record(&id, &Scope::all())?
        .ok_or_else(|| not_there_yet(node, caller, &id))?;
    let scope = caller
        .scope_of_grid(&all.row.grid)
        .ok_or_else(Problem::not_found)?;
    let found = node
        .views
        .listed(&id, &scope)?
        .ok_or_else(Problem::not_found)?;
    Ok((found, scope))
}

/// One that was erased is told apart for those who may read its grid.
fn not_there(caller: &Caller, id: &RecordId) -> Problem {
    match caller.directory.erasure(id) {
        Some(erasure) if caller.scope_of_grid(&erasure.grid).is_some() => {
            Problem::new(Code::Erased)
        }
        _ => Problem::not_found(),
    }
}

/// One that was just made is not there yet when the views are behind.
fn not_there_yet(node: &Node, caller: &Caller, id: &RecordId) -> Problem {
    match node.following.behind() {
        Some(behind) if behind.entries > 0 => Problem::new(Code::ViewsBehind),
        _ => not_there(caller, id),
    }
}

/// The form that a record is read with.
fn form_of<'a>(caller: &'a Caller, row: &RecordRow) -> Option<&'a Form> {
    let forms = caller.directory.forms();
    forms
        .get(&row.form, row.form_version)
        .or_else(|| forms.latest(&row.form))
        .map(|form| &**form)
}

/// Notes that restricted fields were read, when there are any.
fn audit_reading(
    node: &Node,
    caller: &Caller,
    record: &StoredRecord,
    what: &'static str,
) -> Answer<()> {
    if record
        .parts
        .iter()
        .any(|(class, _)| *class == SensitivityClass::Restricted)
    {
        caller.audit(
            node,
            what,
            crate::auth::Scope::of("record", record.row.record),
        )?;
    }
    Ok(())
}

/// One record with its conflicts and the transitions the caller may make. Its `ETag`, and `heads`, name the state that is shown: a write that carries it as `If-Match` or `base` stands on what its author saw. Reading restricted fields is audited. That a supervisor or admin of its grid opened it, not who, is told to the phones of those who wrote it.
#[utoipa::path(get, path = "/v1/records/{record_id}", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = RecordBody), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Tagged<RecordBody>> {
    api.blocking(move |node| {
        let look = Look::before(node, &caller, &id)?;
        let (record, scope) = find_listed(node, &caller, &id)?;
        audit_reading(node, &caller, &record, "record.read-restricted")?;
        look.done(node, &caller, record.row.record, &scope);
        let beside = written_beside(node, &caller, &record, &scope)?;
        let mut teller = Teller::new(form_of(&caller, &record.row), caller.locale);
        Ok(Tagged(RecordBody {
            provenance: provenance::of(node, &caller, &record)?,
            written_beside: beside
                .iter()
                .map(|row| entry_body(&caller, &mut teller, row))
                .collect(),
            ..record_body(&caller, &record, &scope)
        }))
    })
    .await
}

/// Everything that ever happened to a record, refused edits included: who, what, when captured, when received, on which device.
#[utoipa::path(get, path = "/v1/records/{record_id}/history", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = HistoryBody), (status = 404, body = ProblemBody)))]
pub async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<HistoryBody>> {
    api.blocking(move |node| {
        let (record, scope) = find_listed(node, &caller, &id)?;
        audit_reading(node, &caller, &record, "record.read-restricted")?;
        let entries = node.views.history(&record.row.record, &scope)?;
        let mut teller = Teller::new(form_of(&caller, &record.row), caller.locale);
        Ok(Json(HistoryBody {
            record_id: record.row.record.to_string(),
            entries: entries
                .iter()
                .map(|row| entry_body(&caller, &mut teller, row))
                .collect(),
        }))
    })
    .await
}
