//! Merging a record into another one that is the same thing twice.

use std::collections::BTreeSet;

use axum::extract::State;
use gridfold_sync_core::ids::FieldKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::RecordBody;
use super::find::find;
use super::going_on::{LeftReference, go_on, left_references};
use super::made_at::{MadeAt, OnceName, SeenState, ShowsRecord, Tagged};
use super::result::VerdictBody;
use crate::acts::moved::Move;
use crate::admit::Base;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::{Api, Body, Caller, Path};

/// What a record is to be merged into.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct MergeRequest {
    /// The record that stays, of the same form.
    pub into: String,
    /// Keys of fields in which the values of the record that goes are to stand. In all others the one that stays keeps its own, and gets only what it lacks; what was chosen or counted in either holds together.
    #[serde(default)]
    pub take: Vec<String>,
    /// What its author saw: `heads` of the record that goes. The same as the header `If-Match`. What others wrote since goes along.
    #[serde(default)]
    pub base: Option<String>,
}

/// What became of a merge, durable on return.
#[derive(Serialize, ToSchema)]
pub struct MergeResult {
    /// The record that stays.
    pub record_id: String,
    /// What was decided on it; empty when it lacked nothing, or was merged before.
    pub verdicts: Vec<VerdictBody>,
    /// The record that stays as it is now, with `merged_from`; absent when it is not shown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordBody>,
    /// How many records that referred to the one that went refer to the one that stays since.
    pub set_anew: usize,
    /// The records that still name the one that went, as far as the caller may read them. What they name is shown as the one that stays.
    pub left: Vec<LeftReference>,
    /// Keys of fields in which the one that went had something else or more; it is in its history.
    pub not_taken: Vec<String>,
}

impl ShowsRecord for MergeResult {
    fn heads(&self) -> Option<&str> {
        self.record.as_ref()?.row.heads.as_deref()
    }
}

fn fields(take: &[String]) -> Answer<BTreeSet<FieldKey>> {
    let keys = take.iter().map(|key| FieldKey::new(key));
    keys.collect::<Result<_, _>>()
        .map_err(|_| Problem::bad_request("take must hold keys of fields"))
}

/// Merges a record into another of the same form, when both are the same thing: the one that stays gets what it lacks, what referred to the other refers to it, and the other is deleted, in one commit. Whoever may delete the one and write to the other may merge them, if they may read all of both. It says `moved_to`, the one that stays `merged_from`; each history stays with its record.
#[utoipa::path(post, path = "/v1/records/{record_id}/merge", operation_id = "merge_record", tag = "records", params(("record_id" = String, Path), SeenState, OnceName), request_body = MergeRequest, responses(
    (status = 200, body = MergeResult),
    (status = 403, description = "forbidden: not here, not there, or not all of both may be read", body = ProblemBody),
    (status = 404, description = "not_found: one of the records is not in scope", body = ProblemBody),
    (status = 409, description = "conflict: one of them is deleted, they are of two forms, it went elsewhere before, or values of it stand side by side", body = ProblemBody),
    (status = 412, description = "unknown_base: what it was made at is no state of this record", body = ProblemBody),
    (status = 422, description = "the code of the refusal, such as not_writable for a field of `take` that the caller may not write; nothing was done", body = ProblemBody),
))]
pub async fn go(
    State(api): State<Api>,
    made_at: MadeAt,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<MergeRequest>,
) -> Answer<Tagged<MergeResult>> {
    let take = fields(&given.take)?;
    let base = made_at.base(given.base.as_deref())?;
    let once = made_at.once(&format!("merge {id}"), &given);
    api.blocking(move |node| {
        let (stored, _) = find(node, &caller, &id)?;
        let (other, _) = find(node, &caller, &given.into)?;
        let to = other.row.record;
        let wanted = Move {
            record: stored.row.record,
            to,
            grid: other.row.grid,
            merge: Some(take),
            seen: if let Base::At(heads) = base {
                Some(heads)
            } else {
                None
            },
        };
        let (result, done) = go_on(node, caller, once, &wanted)?;
        Ok(Tagged(MergeResult {
            record_id: to.to_string(),
            verdicts: result.verdicts,
            record: result.record,
            set_anew: done.set_anew,
            left: left_references(done.left),
            not_taken: done.not_taken.iter().map(ToString::to_string).collect(),
        }))
    })
    .await
}
