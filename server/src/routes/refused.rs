//! Refused edits: what was not taken, why, and what becomes of it.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{RefusalCode, Target, Verdict};
use gridfold_sync_core::ids::{EntryRef, FormCode, RecordId, StreamId};
use gridfold_sync_core::notice::{self, Kept};
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::{EditResult, HistoryEntry, entry_body, ops_of, teller, write_again};
use super::{Api, Body, Caller, Params, page_rows};
use crate::admit::{Base, ConsoleEdit, Heads, Wish};
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::{Said, said};

/// A refused edit.
#[derive(Serialize, ToSchema)]
pub struct RefusedBody {
    /// The record, when it could be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// `dismissed` or `adopted`; absent while nobody has looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<String>,
    /// The edit.
    #[serde(flatten)]
    pub edit: HistoryEntry,
}

/// A page of refused edits, newest first.
#[derive(Serialize, ToSchema)]
pub struct RefusedPage {
    /// The edits.
    pub refused: Vec<RefusedBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which refused edits.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefusedQuery {
    /// Also those that somebody has settled.
    #[serde(default)]
    pub settled: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// What becomes of a refused edit.
#[derive(Deserialize, ToSchema)]
pub struct Settle {
    /// The entry's stream.
    #[schema(example = "120101001001/0")]
    pub stream: String,
    /// The entry's name.
    pub entry: String,
    /// `dismiss` it, or `adopt` it: make the same edit anew, at what its author saw (a step: at the record as it is now) and in the caller's name.
    pub how: String,
}

/// The refused edits of the caller's areas.
#[utoipa::path(get, path = "/v1/refused", operation_id = "list_refused", tag = "refused", params(RefusedQuery), responses((status = 200, body = RefusedPage), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<RefusedQuery>,
) -> Answer<Json<RefusedPage>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let limit = page_rows(query.limit)?;
    api.blocking(move |node| {
        let scope = caller.scope(&[]);
        let page = node.views.refused(&scope, query.cursor.as_deref(), limit)?;
        let rows = page.rows.iter();
        let refused = rows
            .filter(|row| {
                // Where they only work themselves, others' refused edits are not theirs to settle.
                let roles = caller.roles_in(Some(&row.edit.stream.grid));
                roles
                    .iter()
                    .any(|r| matches!(r, Role::Admin | Role::Supervisor))
            })
            .filter_map(|row| {
                let settled = caller
                    .directory
                    .settled(&row.edit.stream.name(), &row.edit.id.to_string());
                let form = row
                    .edit
                    .entry
                    .as_ref()
                    .and_then(|e| match &e.header.target {
                        Target::New { form, .. } => Some(form.clone()),
                        Target::At(_) => form_of_record(node, row.record),
                    });
                let form = form.and_then(|f| caller.directory.forms().latest(&f).cloned());
                (query.settled || settled.is_none()).then(|| {
                    let mut teller = teller(node, &caller, form.as_deref(), ops_of([&row.edit]))?;
                    let mut edit = entry_body(&caller, &mut teller, &row.edit);
                    // Whoever settles them is told what they may do, also of their own.
                    let kept = if settled.is_none() {
                        Kept::Waiting
                    } else {
                        Kept::OfOthers
                    };
                    let reason = notice::text_of(row.code.as_str(), caller.locale, kept);
                    edit.refusal_text = Some(reason.to_owned());
                    Ok(RefusedBody {
                        record_id: row.record.map(|r| r.to_string()),
                        settled: settled.map(|(how, _, _)| how.clone()),
                        edit,
                    })
                })
            })
            .collect::<Answer<Vec<_>>>()?;
        Ok(Json(RefusedPage {
            refused,
            next: page.next,
        }))
    })
    .await
}

/// The form of the record that a refused edit is of.
fn form_of_record(node: &crate::node::Node, record: Option<RecordId>) -> Option<FormCode> {
    let all = crate::views::ReadScope::all();
    let found = node.views.record(&record?, &all).ok()??;
    Some(found.row.form)
}

/// Settles a refused edit. An adopted one may be refused again, for its new reason; it is then not settled.
#[utoipa::path(post, path = "/v1/refused/settle", operation_id = "settle_refused", tag = "refused", request_body = Settle, responses(
    (status = 200, body = EditResult),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "conflict: it is settled already", body = ProblemBody),
    (status = 422, description = "the code of the refusal", body = ProblemBody),
))]
pub async fn settle(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<Settle>,
) -> Answer<Json<EditResult>> {
    let adopt = match given.how.as_str() {
        "adopt" => true,
        "dismiss" => false,
        _ => return Err(Problem::bad_request("how must be dismiss or adopt")),
    };
    let stream = StreamId::parse(&given.stream).ok_or_else(Problem::not_found)?;
    let entry = EntryRef::parse(&given.entry).ok_or_else(Problem::not_found)?;
    let scope = caller
        .scope_of_grid(&stream.grid)
        .ok_or_else(Problem::not_found)?;
    if !scope.classes.contains(&stream.class) {
        return Err(Problem::not_found());
    }
    let roles = caller.roles_in(Some(&stream.grid));
    if !roles
        .iter()
        .any(|r| matches!(r, Role::Admin | Role::Supervisor))
    {
        return Err(Problem::new(Code::Forbidden));
    }
    api.blocking(move |node| {
        let (row, record) = node
            .views
            .entry(&stream, &entry)?
            .ok_or_else(Problem::not_found)?;
        let Verdict::Refused(refused) = row.verdict else {
            return Err(Problem::not_found());
        };
        if node
            .directory
            .current()
            .settled(&stream.name(), &entry.to_string())
            .is_some()
        {
            return Err(Problem::new(Code::Conflict));
        }
        let result = if adopt {
            let edit = adopted(node, &caller, &stream, &row, (record, refused))?;
            write_again(node, &caller, edit).map_err(|problem| problem.kept_as(Kept::Still))?
        } else {
            EditResult {
                verdicts: Vec::new(),
                record: None,
            }
        };
        node.directory
            .change(vec![DirectoryChange::RefusalSettled {
                stream: stream.name(),
                entry: entry.to_string(),
                how: if adopt { "adopted" } else { "dismissed" }.to_owned(),
                by: caller.user(),
                at: caller.now,
            }])?;
        Ok(Json(result))
    })
    .await
}

/// The refused edit made anew, under the version of the form that it was typed with where the newest has no place for it: at what its author saw, where that became part of the record; a step at the record as it is.
fn adopted(
    node: &crate::node::Node,
    caller: &Caller,
    stream: &StreamId,
    row: &crate::views::HistoryRow,
    (record, refused): (Option<RecordId>, RefusalCode),
) -> Answer<ConsoleEdit> {
    let conflict = |said: Said| Problem::new(Code::Conflict).because_in(said);
    let gone = || conflict(said!("refused_gone"));
    let entry = row.entry.as_ref().ok_or_else(gone)?;
    let ops = entry.ops.clone().ok_or_else(gone)?;
    let (record, form) = match (&entry.header.target, record) {
        (Target::New { record, form }, _) => (*record, form.clone()),
        (Target::At(_), Some(record)) => {
            let (stored, _) = super::records::find(node, caller, &record.to_string())?;
            (record, stored.row.form)
        }
        (Target::At(_), None) => {
            return Err(conflict(said!("refused_of_no_record")));
        }
    };
    let has_splice = ops.iter().any(|op| matches!(op, Op::Splice { .. }));
    // A step is one from the status of now: where it was tried it stays what was not allowed.
    let has_step = ops.iter().any(|op| matches!(op, Op::Transition { .. }));
    let base = if (has_splice || !has_step) && is_there(node, stream, record, entry.header.deps())?
    {
        Base::At(Heads::in_class(stream.class, entry.header.deps()))
    } else if has_splice {
        // What it stood on was refused too: where in the present text its words belong, nobody can tell.
        return Err(conflict(said!("refused_inside_a_text")));
    } else {
        Base::Newest(None)
    };
    Ok(ConsoleEdit {
        record,
        grid: stream.grid.clone(),
        form,
        base,
        wish: Wish::again(ops, entry.header.form_version, refused),
        claimed: row.claimed,
    })
}

/// Whether all of these are part of the record.
fn is_there(
    node: &crate::node::Node,
    stream: &StreamId,
    record: RecordId,
    heads: &[EntryRef],
) -> Answer<bool> {
    for head in heads {
        let known = node.views.entry(stream, head)?;
        if !known.is_some_and(|(row, of)| row.verdict.is_admitted() && of == Some(record)) {
            return Ok(false);
        }
    }
    Ok(true)
}
