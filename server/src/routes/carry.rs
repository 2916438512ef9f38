//! Carry: bundles that others bring for the device that made them.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::limits::{MAX_BODY_DECODED_BYTES, MAX_CARRY_BYTES};

use super::{Api, Caller, RawBody, shapes};
use crate::middleware::MAX_SYNCS_PER_DEVICE;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// The content type of a bundle and of its receipt.
pub const CARRY_CONTENT_TYPE: &str = "application/vnd.gridfold.carry";

/// Takes a carry bundle sealed to this server, whoever brings it, and answers with the receipt for its author's phone. The same bundle again is answered the same way; `docs/PROTOCOL.md` has the bytes.
#[utoipa::path(post, path = "/v1/carry", tag = "sync",
    request_body(content_type = "application/vnd.gridfold.carry", content = inline(shapes::Bytes)),
    responses(
        (status = 200, content_type = "application/vnd.gridfold.carry", body = inline(shapes::Bytes)),
        (status = 401, body = ProblemBody),
        (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody),
        (status = 422, description = "carry_damaged, carry_unknown_version, carry_not_for_us, carry_author_unknown, carry_author_revoked, carry_bad_signature", body = ProblemBody),
        (status = 429, body = ProblemBody),
        (status = 503, body = ProblemBody),
        (status = 507, description = "disk_full", body = ProblemBody),
    ))]
pub async fn carry(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Response> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    if kind.split(|b| *b == b';').next().map(<[u8]>::trim_ascii)
        != Some(CARRY_CONTENT_TYPE.as_bytes())
    {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    if body.len() > MAX_CARRY_BYTES {
        return Err(Problem::new(Code::TooLarge));
    }
    let syncs = &api.intake.syncs;
    let _one = syncs
        .begin(caller.actor.device, MAX_SYNCS_PER_DEVICE)
        .ok_or_else(|| Problem::new(Code::RateLimited).after(1))?;
    // What is in it is told only once it is open.
    let memory = api.intake.memory(MAX_BODY_DECODED_BYTES).await?;
    let done = api
        .blocking(move |node| {
            let _memory = memory;
            Ok(node.carry(&body)?)
        })
        .await?;
    tracing::info!(
        device.id = %caller.actor.device,
        author.id = %done.receipt.device,
        appended = done.push.appended,
        refused = done.push.refused,
        problems = done.push.problems.len(),
        "carried"
    );
    let kind = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static(CARRY_CONTENT_TYPE),
    )];
    Ok((StatusCode::OK, kind, done.receipt.encode()).into_response())
}
