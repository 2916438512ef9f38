//! Records: lists, one record with its conflicts and history, and what a supervisor does with it.

mod author;
mod beside;
pub mod body;
mod conflicts;
pub mod edit;
mod find;
mod going_on;
pub mod list;
mod made_at;
pub mod merge;
pub mod move_to;
mod moved;
mod once;
mod ops;
mod people;
mod provenance;
mod query;
mod result;
mod steps;
mod titles;
mod values;

pub(crate) use author::user_name;
pub(crate) use beside::written_beside;
pub use body::{HistoryBody, HistoryEntry, RecordBody, RecordRowBody};
pub(crate) use body::{entry_body, field_values, record_body, row_body, shown_by_a_wrong_clock};
pub(crate) use edit::write_again;
pub(crate) use find::find;
use find::{find_listed, form_of};
pub use list::MAX_COUNT;
use list::name_steps;
use made_at::Tagged;
pub use moved::MovedBody;
pub(crate) use moved::goes_on_as;
pub use provenance::Provenance;
pub use query::{MAX_CORNERS, MAX_FIELDS, MAX_NOT_VISITED_DAYS, RecordQuery};
pub(crate) use query::{filter_of, grids_of, past_retention, read_bbox, read_fields, read_polygon};
pub use result::EditResult;
pub(crate) use titles::{ops_of, teller};
pub(crate) use values::{encoded, read_values, say_values};

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::SensitivityClass;

use super::{Api, Caller, Path};
use crate::node::Node;
use crate::problem::{Answer, ProblemBody};
use crate::routes::look::Look;
use crate::views::StoredRecord;

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
            crate::auth::AuditScope::of("record", record.row.record),
        )?;
    }
    Ok(())
}

/// One record with its conflicts and the transitions the caller may make. Its `ETag`, and `heads`, name the state that is shown: a write that carries it as `If-Match` or `base` stands on what its author saw. Reading restricted fields is audited. That a supervisor or admin of its grid opened it, not who, is told to the phones of those who wrote it.
#[utoipa::path(get, path = "/v1/records/{record_id}", operation_id = "read_record", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = RecordBody), (status = 404, body = ProblemBody)))]
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
        let form = form_of(&caller, &record.row);
        let mut teller = teller(node, &caller, form, ops_of(&beside))?;
        let mut body = record_body(node, &caller, &record, &scope)?;
        name_steps(node, &caller, &scope, [&mut body.row])?;
        Ok(Tagged(RecordBody {
            provenance: provenance::of(node, &caller, &record)?,
            written_beside: beside
                .iter()
                .map(|row| entry_body(&caller, &mut teller, row))
                .collect(),
            ..body
        }))
    })
    .await
}

/// Everything that ever happened to a record, refused edits included: who, what, when captured, when received, on which device.
#[utoipa::path(get, path = "/v1/records/{record_id}/history", operation_id = "read_history", tag = "records", params(("record_id" = String, Path)), responses((status = 200, body = HistoryBody), (status = 404, body = ProblemBody)))]
pub async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<HistoryBody>> {
    api.blocking(move |node| {
        let (record, scope) = find_listed(node, &caller, &id)?;
        audit_reading(node, &caller, &record, "record.read-restricted")?;
        let entries = node.views.history(&record.row.record, &scope)?;
        let form = form_of(&caller, &record.row);
        let mut teller = teller(node, &caller, form, ops_of(&entries))?;
        let told = entries.iter().map(|row| HistoryEntry {
            moved: moved::words(&caller, &record.row.record, row),
            ..entry_body(&caller, &mut teller, row)
        });
        Ok(Json(HistoryBody {
            record_id: record.row.record.to_string(),
            entries: told.collect(),
        }))
    })
    .await
}
