//! Moving a record to another grid.

use axum::extract::State;
use gridfold_sync_core::ids::{AreaCode, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::RecordBody;
use super::find::find;
use super::going_on::{LeftReference, go_on, left_references};
use super::made_at::{MadeAt, OnceName, SeenState, ShowsRecord, Tagged};
use super::result::VerdictBody;
use crate::acts::moved::Move;
use crate::admit::Base;
use crate::node::random_10;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::{Api, Body, Caller, Path};

/// Where a record is to go.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct MoveRequest {
    /// The grid.
    pub grid: String,
    /// The id of the record there, a UUIDv7, so that a repeated request moves it once; made by the server when left out.
    #[serde(default)]
    pub record_id: Option<String>,
    /// What its author saw: `heads` of the record as it was read. The same as the header `If-Match`. What others wrote since goes along.
    #[serde(default)]
    pub base: Option<String>,
}

/// What became of a move, durable on return.
#[derive(Serialize, ToSchema)]
pub struct MoveResult {
    /// The record in its new grid.
    pub record_id: String,
    /// What was decided on it; empty when it was moved before.
    pub verdicts: Vec<VerdictBody>,
    /// The record as it is now, with `moved_from`; absent when it is not shown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordBody>,
    /// How many records that referred to the old one refer to this one since.
    pub set_anew: usize,
    /// The records that still name the old one, as far as the caller may read them. What they name is shown as the new one.
    pub left: Vec<LeftReference>,
}

impl ShowsRecord for MoveResult {
    fn heads(&self) -> Option<&str> {
        self.record.as_ref()?.row.heads.as_deref()
    }
}

/// Moves a record to another grid: it is made there anew with all its fields and its status, and deleted here, in one commit with the records that refer to it. Whoever may delete it here and make one there may move it, if they may read all of it. The old record says `moved_to`, the new one `moved_from`; the history stays with the old one.
#[utoipa::path(post, path = "/v1/records/{record_id}/move", operation_id = "move_record", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), request_body = MoveRequest, responses(
    (status = 200, body = MoveResult),
    (status = 403, description = "forbidden: not here, not there, or not all of it may be read", body = ProblemBody),
    (status = 404, description = "not_found: no such record or grid in scope", body = ProblemBody),
    (status = 409, description = "conflict: it is deleted, was moved elsewhere, or values of it stand side by side; area_retired", body = ProblemBody),
    (status = 412, description = "unknown_base: what it was made at is no state of this record", body = ProblemBody),
    (status = 422, description = "the code of the refusal, such as not_writable for a field that the caller may not write there; nothing was done", body = ProblemBody),
))]
pub async fn go(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<MoveRequest>,
) -> Answer<Tagged<MoveResult>> {
    let grid = AreaCode::new(&given.grid)
        .ok()
        .filter(|g| caller.directory.is_grid(g) && caller.scope_of_grid(g).is_some());
    let named = given
        .record_id
        .as_deref()
        .map(RecordId::parse)
        .transpose()?;
    let base = made_at.base(given.base.as_deref())?;
    let once = made_at.once(&format!("move {id}"), &given);
    api.blocking(move |node| {
        let (stored, _) = find(node, &caller, &id)?;
        let record = stored.row.record;
        let was = node
            .directory
            .current()
            .moved_record(&record)
            .map(|was| was.to);
        let to = match named.or(was) {
            Some(to) => to,
            None => {
                let random = random_10().map_err(|e| Problem::internal(&e))?;
                RecordId::from_parts(caller.now, random)
            }
        };
        let wanted = Move {
            record,
            to,
            grid: grid.ok_or_else(Problem::not_found)?,
            merge: None,
            seen: if let Base::At(heads) = base {
                Some(heads)
            } else {
                None
            },
        };
        let (result, done) = go_on(node, caller, once, &wanted)?;
        Ok(Tagged(MoveResult {
            record_id: to.to_string(),
            verdicts: result.verdicts,
            record: result.record,
            set_anew: done.set_anew,
            left: left_references(done.left),
        }))
    })
    .await
}
