//! What waits for a supervisor: conflicts, refused edits, late edits, phones and uploads that were set aside. A queue that empties.
//!
//! Conflicts and refused edits leave it when they are settled where they are; the rest is put away here.

mod item;
mod queue;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::ids::{AreaCode, RecordId, UserId};
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::records::grids_of;
use super::{Api, Body, Caller, Params, page_rows, phones::phones_of};
use crate::auth::DeviceAccount;
use crate::desk::PUT_AWAY_NOTE_MAX_CHARS;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
pub use item::{AttentionCounts, AttentionItem};
use queue::{KINDS, Queue, bad_cursor, is_overseer};

/// A page of what waits.
#[derive(Serialize, ToSchema)]
pub struct AttentionPage {
    /// How much waits, of all kinds.
    pub counts: AttentionCounts,
    /// The things, the newest of each kind first.
    pub items: Vec<AttentionItem>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttentionQuery {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this area.
    pub area: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// What to put away.
#[derive(Deserialize, ToSchema)]
pub struct PutAwayBody {
    /// `late`, `phone` or `upload`.
    pub kind: String,
    /// The item's `id`.
    pub id: String,
    /// Why, at most 500 characters.
    #[serde(default)]
    pub note: String,
}

/// How much waits for the caller in these grids, none means all, and of the phones they may know of.
pub(super) fn counts(
    node: &Node,
    caller: &Caller,
    grids: Option<&BTreeSet<AreaCode>>,
    phones: &[Arc<DeviceAccount>],
) -> Answer<AttentionCounts> {
    let queue = Queue {
        node,
        caller,
        grids,
    };
    Ok(AttentionCounts {
        conflict: node.views.count(&queue.conflicts(), u64::from(u32::MAX))?.n,
        refused: queue.refused_count()?,
        late: queue.late()?.len() as u64,
        phone: queue.phones_among(phones)?.len() as u64,
        upload: queue.uploads()?.len() as u64,
    })
}

/// What waits for the caller in the areas they oversee.
#[utoipa::path(get, path = "/v1/attention", operation_id = "list_attention", tag = "overview", params(AttentionQuery), responses((status = 200, body = AttentionPage), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<AttentionQuery>,
) -> Answer<Json<AttentionPage>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let limit = page_rows(query.limit)?;
    let kinds: Vec<&str> = match query.kind.as_deref() {
        None => KINDS.to_vec(),
        Some(kind) => vec![
            *KINDS
                .iter()
                .find(|k| **k == kind)
                .ok_or_else(|| Problem::bad_request(format!("kind must be one of {KINDS:?}")))?,
        ],
    };
    let (mut at, mut inner) = (0, None);
    if let Some(cursor) = &query.cursor {
        let (kind, rest) = cursor.split_once(':').ok_or_else(bad_cursor)?;
        at = kinds
            .iter()
            .position(|k| *k == kind)
            .ok_or_else(bad_cursor)?;
        inner = Some(rest.to_owned()).filter(|r| !r.is_empty());
    }
    let asked = grids_of(&caller, query.area.as_deref())?;
    api.blocking(move |node| {
        let grids = overseen(&caller, asked);
        let queue = Queue {
            node,
            caller: &caller,
            grids: grids.as_ref(),
        };
        let (mut items, mut next) = (Vec::new(), None);
        while let Some(kind) = kinds.get(at) {
            let room = limit - items.len();
            if room == 0 {
                next = Some(format!("{kind}:{}", inner.unwrap_or_default()));
                break;
            }
            let (more, after) = queue.page(kind, inner.as_deref(), room)?;
            items.extend(more);
            inner = after;
            if inner.is_none() {
                at += 1;
            }
        }
        let phones = phones_of(node, &caller, None)?;
        let counts = counts(node, &caller, grids.as_ref(), &phones)?;
        Ok(Json(AttentionPage {
            counts,
            items,
            next,
        }))
    })
    .await
}

/// The grids that the caller oversees of those asked for; none means all.
pub(super) fn overseen(
    caller: &Caller,
    asked: Option<Vec<AreaCode>>,
) -> Option<BTreeSet<AreaCode>> {
    caller.visible(asked).grids.map(|mut grids| {
        let directory = &caller.directory;
        let reach = directory.reach_as(caller.user(), caller.now, is_overseer);
        grids.retain(|grid| reach.classes_in(grid).is_some());
        grids
    })
}

/// Puts away late edits of a record, a phone or an upload that somebody has looked at. What happens to it later brings it back.
#[utoipa::path(post, path = "/v1/attention/settle", operation_id = "put_away", tag = "overview", request_body = PutAwayBody, responses(
    (status = 204, description = "Put away"),
    (status = 400, description = "bad_request: a conflict is settled by choosing, a refused edit at /v1/refused/settle", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn settle(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<PutAwayBody>,
) -> Answer<StatusCode> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let kind = match given.kind.as_str() {
        "late" => "late",
        "phone" => "phone",
        "upload" => "upload",
        _ => {
            return Err(Problem::bad_request(
                "kind must be late, phone or upload: a conflict is settled by choosing, a refused edit at /v1/refused/settle",
            ));
        }
    };
    if given.note.chars().count() > PUT_AWAY_NOTE_MAX_CHARS {
        return Err(Problem::bad_request(format!(
            "a note has at most {PUT_AWAY_NOTE_MAX_CHARS} characters"
        )));
    }
    api.blocking(move |node| {
        let grids = overseen(&caller, None);
        let queue = Queue {
            node,
            caller: &caller,
            grids: grids.as_ref(),
        };
        let waits = match kind {
            "late" => {
                let record = RecordId::parse(&given.id).map_err(|_| Problem::not_found())?;
                queue.late()?.iter().any(|l| l.record == record)
            }
            "phone" => {
                let device: Uuid = given
                    .id
                    .split(':')
                    .next()
                    .and_then(|d| d.parse().ok())
                    .ok_or_else(Problem::not_found)?;
                let phones = queue.phones()?;
                let found = phones.iter().find(|(_, id)| *id == given.id);
                if let Some((device, _)) = found
                    && !caller.may_manage(UserId(device.user_id))
                {
                    return Err(Problem::new(Code::Forbidden));
                }
                found.is_some_and(|(d, _)| d.device_id == device)
            }
            _ => queue
                .uploads()?
                .iter()
                .any(|q| q.seq.to_string() == given.id),
        };
        if !waits {
            return Err(Problem::not_found());
        }
        let now_ms = caller.now.millis();
        node.desk
            .put_away
            .put(kind, &given.id, given.note.trim(), caller.actor, now_ms)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
