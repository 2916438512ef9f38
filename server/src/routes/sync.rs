//! Sync: the one request a phone makes.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use gridfold_sync_core::wire::frame_bytes;

use super::{Api, Caller, RawBody, shapes};
use crate::middleware::MAX_SYNCS_PER_DEVICE;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// The content type of both bodies.
pub const SYNC_CONTENT_TYPE: &str = "application/vnd.gridfold.sync";

/// Says that the server is there, with an empty body. A phone asks over a line that was down, before edits leave over it.
#[utoipa::path(get, path = "/v1/sync", operation_id = "knock", tag = "sync", security(()),
    responses((status = 200, content_type = "application/vnd.gridfold.sync", body = inline(shapes::Bytes))))]
pub async fn knock() -> Response {
    ([(header::CONTENT_TYPE, SYNC_CONTENT_TYPE)], ()).into_response()
}

/// One exchange: pushes what is new, pulls what is missing. Only for enrolled devices; `docs/PROTOCOL.md` has the bytes.
#[utoipa::path(post, path = "/v1/sync", tag = "sync",
    request_body(content_type = "application/vnd.gridfold.sync", content = inline(shapes::Bytes)),
    responses(
        (status = 200, content_type = "application/vnd.gridfold.sync", body = inline(shapes::Bytes)),
        (status = 400, body = ProblemBody),
        (status = 403, description = "forbidden: a console does not sync; device_revoked; device_wiped, with the signed order", body = ProblemBody),
        (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody),
        (status = 429, body = ProblemBody),
        (status = 503, body = ProblemBody),
        (status = 507, description = "disk_full", body = ProblemBody),
    ))]
pub async fn sync(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Answer<Response> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    if kind.split(|b| *b == b';').next().map(<[u8]>::trim_ascii)
        != Some(SYNC_CONTENT_TYPE.as_bytes())
    {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let author = caller.author();
    let syncs = &api.intake.syncs;
    let _one = syncs
        .begin(caller.actor.device, MAX_SYNCS_PER_DEVICE)
        .ok_or_else(|| Problem::new(Code::RateLimited).after(1))?;
    let memory = api.intake.memory(frame_bytes(&body)).await?;
    let done = api
        .blocking(move |node| {
            // Held for as long as the work takes, whoever still waits for it.
            let _memory = memory;
            Ok(node.sync(author, &body)?)
        })
        .await?;
    tracing::info!(
        device.id = %author.device,
        appended = done.push.appended,
        refused = done.push.refused,
        problems = done.push.problems.len(),
        pulled = done.pulled,
        "synced"
    );
    let kind = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static(SYNC_CONTENT_TYPE),
    )];
    Ok((StatusCode::OK, kind, done.body).into_response())
}
