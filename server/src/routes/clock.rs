//! The server's clock: what it says, and an administrator's word that it is right.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, Body, Caller, read_time};
use crate::clock::{CLOCK_BEHIND_MS, ClockReading};
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// What the clocks say.
#[derive(Serialize, ToSchema)]
pub struct ClockBody {
    /// The time the server goes by.
    #[schema(example = "2026-06-13T01:50:34.000Z")]
    pub now: String,
    /// What the machine's clock says.
    pub machine: String,
    /// `behind` or `ahead` when the machine's clock is not believed: until somebody confirms it, or it is set right, the server counts on from the last time it was sure of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// What is confirmed.
#[derive(Deserialize, ToSchema)]
pub struct ClockConfirmation {
    /// What the machine's clock said when the administrator looked; refused with 409 when it says something else by now.
    pub machine: String,
}

impl From<ClockReading> for ClockBody {
    fn from(reading: ClockReading) -> Self {
        Self {
            now: reading.now.to_rfc3339(),
            machine: reading.machine.to_rfc3339(),
            doubt: reading.doubt.map(|d| d.as_str().to_owned()),
        }
    }
}

/// What the clocks say. For an admin everywhere.
#[utoipa::path(get, path = "/v1/clock", operation_id = "read_clock", tag = "operation", responses((status = 200, body = ClockBody), (status = 403, body = ProblemBody)))]
pub async fn look(State(api): State<Api>, caller: Caller) -> Answer<Json<ClockBody>> {
    caller.require_operator()?;
    Ok(Json(api.node.clock_reading().into()))
}

/// Says that the machine's clock is right, so that the server goes by it. For an admin everywhere.
#[utoipa::path(post, path = "/v1/clock/confirm", operation_id = "confirm_clock", tag = "operation", request_body = ClockConfirmation, responses(
    (status = 200, body = ClockBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict: the clock says something else by now", body = ProblemBody),
))]
pub async fn confirm(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<ClockConfirmation>,
) -> Answer<Json<ClockBody>> {
    caller.require_operator()?;
    let seen = read_time(&given.machine, "machine")?;
    api.blocking(move |node| {
        let machine = node.clock_reading().machine;
        let off = machine.millis().saturating_sub(seen.millis());
        if off.saturating_abs() > CLOCK_BEHIND_MS {
            return Err(Problem::new(Code::Conflict).because_in(said!("clock_says_otherwise")));
        }
        Ok(Json(node.confirm_clock(caller.actor)?.into()))
    })
    .await
}
