//! HTTP calls of blocking code, made by the app's own transport on the caller's executor.

#[cfg(not(target_family = "wasm"))]
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::ffi::sync_hub::SyncHub;
use crate::ffi::traits::{self, HttpHeader, SharedTransport};
#[cfg(not(target_family = "wasm"))]
use crate::shell::transport::Transport;
#[cfg(target_family = "wasm")]
use crate::shell::transport::{Answer, AsyncTransport};
use crate::shell::transport::{HttpRequest, HttpResponse, TransportError, TransportErrorKind};

#[cfg(not(target_family = "wasm"))]
/// One HTTP call on its way from the pool to the caller's executor.
pub(crate) struct Call {
    request: HttpRequest,
    answer: SyncSender<Result<HttpResponse, TransportError>>,
}

const INTERRUPTED: TransportError = TransportError {
    kind: TransportErrorKind::Interrupted,
};

#[cfg(not(target_family = "wasm"))]
/// The transport of blocking code: hands each call over and waits for its answer.
pub(crate) struct Bridge {
    calls: async_channel::Sender<Call>,
}

#[cfg(not(target_family = "wasm"))]
impl Bridge {
    pub(crate) fn new(calls: async_channel::Sender<Call>) -> Self {
        Self { calls }
    }
}

#[cfg(not(target_family = "wasm"))]
impl Transport for Bridge {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (answer, answered) = sync_channel(1);
        // Either end is gone when the caller dropped the future.
        self.calls
            .send_blocking(Call { request, answer })
            .map_err(|_| INTERRUPTED)?;
        answered.recv().map_err(|_| INTERRUPTED)?
    }
    fn knocks(&self) -> bool {
        true
    }
}

fn request_out(request: HttpRequest, base_url: &str) -> traits::HttpRequest {
    traits::HttpRequest {
        method: request.method,
        base_url: base_url.to_owned(),
        path: request.path,
        headers: request
            .headers
            .into_iter()
            .map(|(name, value)| HttpHeader { name, value })
            .collect(),
        body: request.body,
    }
}

fn reply_in(
    reply: Result<traits::HttpReply, traits::TransportError>,
) -> Result<HttpResponse, TransportError> {
    let kind = match reply {
        Ok(reply) => {
            return Ok(HttpResponse {
                status: reply.status,
                headers: reply
                    .headers
                    .into_iter()
                    .map(|h| (h.name, h.value))
                    .collect(),
                body: reply.body,
            });
        }
        Err(traits::TransportError::Unreachable) => TransportErrorKind::Unreachable,
        Err(traits::TransportError::Timeout) => TransportErrorKind::Timeout,
        Err(traits::TransportError::Tls) => TransportErrorKind::Tls,
        Err(traits::TransportError::Interrupted | traits::TransportError::Failed) => {
            TransportErrorKind::Interrupted
        }
    };
    Err(TransportError { kind })
}

/// Makes one call with the app's transport, unless it is cancelled.
async fn ask(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    request: HttpRequest,
    since: u64,
) -> Result<HttpResponse, TransportError> {
    let stop = hub.on_cancel();
    if hub.cancellations() != since {
        return Err(INTERRUPTED);
    }
    let asked = transport.call(request_out(request, base_url));
    let stopped = async {
        stop.await;
        Err(traits::TransportError::Interrupted)
    };
    reply_in(futures_lite::future::or(asked, stopped).await)
}

/// The app's transport, awaited where its caller is.
#[cfg(target_family = "wasm")]
pub(crate) struct Awaited<'a> {
    pub(crate) transport: &'a SharedTransport,
    pub(crate) hub: &'a SyncHub,
    pub(crate) base_url: &'a str,
    /// How often was cancelled when it began.
    pub(crate) since: u64,
}

#[cfg(target_family = "wasm")]
impl AsyncTransport for Awaited<'_> {
    fn call(&self, request: HttpRequest) -> Answer<'_> {
        Box::pin(ask(
            self.transport,
            self.hub,
            self.base_url,
            request,
            self.since,
        ))
    }
    fn knocks(&self) -> bool {
        true
    }
}

/// Makes one call here, unless it is cancelled.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn serve_call(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    call: Call,
    since: u64,
) {
    let answer = ask(transport, hub, base_url, call.request, since).await;
    // Nobody waits any more when the work has ended meanwhile.
    let _ = call.answer.send(answer);
}

/// Makes one call of a run that goes on after a cancellation.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn serve_one(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    call: Call,
) {
    let since = hub.cancellations();
    serve_call(transport, hub, base_url, call, since).await;
}
