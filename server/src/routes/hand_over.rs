//! Handing over a person's open work.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::records::{RecordQuery, filter_of};
use super::users::read_user;
use super::{Api, Body, Caller, Path};
use crate::acts::hand_over::{HandOver, hand_over};
use crate::problem::{Answer, Problem, ProblemBody};
use crate::words::said;

/// Whose open work goes to whom.
#[derive(Deserialize, ToSchema)]
pub struct HandOverRequest {
    /// The id of who is to do it from now on.
    pub to: String,
    /// Only work of this area and everything in it; all that the caller sees when left out.
    #[serde(default)]
    pub area: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What stays where it was.
#[derive(Serialize, ToSchema)]
pub struct LeftWork {
    /// The record.
    pub record_id: String,
    /// Why: `forbidden` where the other does not work in its grid, else the code of the refusal.
    pub code: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct HandedOverBody {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Open work there was.
    pub open: usize,
    /// What went over, or would.
    pub handed: usize,
    /// What stays.
    pub left: Vec<LeftWork>,
}

/// Hands over the open work of a person: tasks, matters, whatever a form says that somebody does. At most 10,000 records at once; asking again goes on with what is left. Closed work stays theirs who did it.
#[utoipa::path(post, path = "/v1/users/{user_id}/hand-over", operation_id = "hand_over_work", tag = "users", params(("user_id" = String, Path)), request_body = HandOverRequest, responses(
    (status = 200, body = HandedOverBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn go(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<HandOverRequest>,
) -> Answer<Json<HandedOverBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let from = read_user(&caller, &id)?;
    let to = read_user(&caller, &given.to)?;
    let is_active = caller.directory.user(&to).is_some_and(|u| u.active);
    if from == to || !is_active {
        return Err(Problem::bad_request_in(said!("hand_over_to_whom")));
    }
    let query = RecordQuery {
        area: given.area,
        ..RecordQuery::default()
    };
    let filter = filter_of(&caller, &query)?;
    let dry_run = given.dry_run;
    api.blocking(move |node| {
        let wanted = HandOver { from, to, dry_run };
        let by = (caller.author(), caller.now);
        let done = hand_over(node, &caller.directory, wanted, filter, by)?;
        let left = done.left.into_iter().map(|(record, code)| LeftWork {
            record_id: record.to_string(),
            code: code.as_str().to_owned(),
        });
        Ok(Json(HandedOverBody {
            dry_run,
            open: done.open,
            handed: done.handed,
            left: left.collect(),
        }))
    })
    .await
}
