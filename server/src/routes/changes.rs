//! The feed of changes: "stream S is at N", for streams in scope, never data.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{StreamId, UserId};
use gridfold_sync_core::time::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::{Api, Caller};
use crate::auth::DeviceStanding;
use crate::problem::{Answer, ProblemBody};

/// Events a slow reader may be behind.
const QUEUE: usize = 64;
/// A comment goes out this often, so that nobody in between takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How often a follower is checked for being allowed still, when nothing happens.
const CHECK_EVERY: Duration = Duration::from_secs(5);

fn sees(directory: &Directory, user: UserId, stream: &StreamId, now: Timestamp) -> bool {
    directory
        .readable(user, &stream.grid, now)
        .contains(&stream.class)
}

/// Server-sent events of type `moved` with `{"stream","seq"}`, and `missed` when some were left out: ask for everything then.
/// Ends when the device is revoked, its session ends or the server stops; following does not keep a session from going idle; a follower comes back with a new token when its own has expired.
#[utoipa::path(get, path = "/v1/changes", operation_id = "follow_changes", tag = "changes", responses(
    (status = 200, description = "A stream of events", content_type = "text/event-stream", body = String),
    (status = 401, body = ProblemBody),
))]
pub async fn follow(
    State(api): State<Api>,
    caller: Caller,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let mut moved = api.node.notify.subscribe();
    let mut stopping = api.stopping.clone();
    let (out, events) = mpsc::channel(QUEUE);
    let user = caller.user();
    tokio::spawn(async move {
        if out
            .send(Ok(Event::default().event("ready").data("{}")))
            .await
            .is_err()
        {
            return;
        }
        let mut check = tokio::time::interval(CHECK_EVERY);
        loop {
            let event = tokio::select! {
                biased;
                () = stopped(&mut stopping) => return,
                () = out.closed() => return,
                _ = check.tick() => {
                    if !still_allowed(&api, &caller).await {
                        return;
                    }
                    continue;
                }
                got = moved.recv() => match got {
                    Ok(notice) if sees(&api.node.directory.current(), user, &notice.stream, api.now()) => {
                        let data = serde_json::json!({ "stream": notice.stream.name(), "seq": notice.seq });
                        Event::default().event("moved").data(data.to_string())
                    }
                    Ok(_) => continue,
                    Err(RecvError::Lagged(_)) => Event::default().event("missed").data("{}"),
                    Err(RecvError::Closed) => return,
                },
            };
            if out.send(Ok(event)).await.is_err() {
                return;
            }
        }
    });
    Ok(Sse::new(ReceiverStream::new(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Returns once the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever would tell is gone: the server has stopped.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn still_allowed(api: &Api, caller: &Caller) -> bool {
    let (device, session, now_ms) = (caller.actor.device, caller.session, api.now().millis());
    let allowed = api
        .blocking(move |node| {
            let stands = match &session {
                Some(session) => node.auth.cookies.stands(session, now_ms)?,
                None => true,
            };
            let standing = node.auth.devices.standing(device, now_ms)?;
            Ok(stands && matches!(standing, DeviceStanding::Active { .. }))
        })
        .await;
    matches!(allowed, Ok(true))
}
