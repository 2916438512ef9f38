//! Syncing: HTTP calls awaited on the caller's executor, everything else on the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use event_listener::Event;
use parking_lot::Mutex;

use crate::error::ClientError as Inner;
use crate::ffi::client::{Client, guarded};
use crate::ffi::error::ClientError;
use crate::ffi::records::{SyncProgress, SyncReport};
use crate::ffi::traits::{self, HttpHeader, SharedTransport};
use crate::shell::transport::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use crate::types::{Progress, SyncOptions};

/// What a sync may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncSettings {
    /// Bytes of bodies it should stay under, both ways; 0 for no limit.
    #[uniffi(default = 0)]
    pub budget_bytes: u64,
}

/// How the last sync stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SyncState {
    /// None ran since the client was opened.
    Idle,
    /// One runs.
    Running {
        /// How far it got.
        progress: SyncProgress,
    },
    /// The last one ended well.
    Done {
        /// What it did.
        report: SyncReport,
    },
    /// The last one failed; nothing is lost.
    Failed {
        /// Why.
        error: ClientError,
    },
}

#[derive(Debug)]
struct Told {
    state: SyncState,
    version: u64,
    closed: bool,
}

/// Who runs a sync tells it here; watches read it.
#[derive(Debug)]
pub(crate) struct SyncHub {
    told: Mutex<Told>,
    pub(crate) changed: Event,
    /// Counts cancellations; a sync that began before the newest ends.
    cancelled: AtomicU64,
    cancel: Event,
}

impl Default for SyncHub {
    fn default() -> Self {
        Self {
            told: Mutex::new(Told {
                state: SyncState::Idle,
                version: 1,
                closed: false,
            }),
            changed: Event::new(),
            cancelled: AtomicU64::new(0),
            cancel: Event::new(),
        }
    }
}

impl SyncHub {
    pub(crate) fn tell(&self, state: SyncState) {
        let mut told = self.told.lock();
        told.state = state;
        told.version += 1;
        drop(told);
        self.changed.notify(usize::MAX);
    }
    /// The state and its version, unless the client was shut down.
    pub(crate) fn read(&self) -> Option<(SyncState, u64)> {
        let told = self.told.lock();
        (!told.closed).then(|| (told.state.clone(), told.version))
    }
    pub(crate) fn close(&self) {
        self.told.lock().closed = true;
        self.changed.notify(usize::MAX);
    }
    fn cancel(&self) {
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        self.cancel.notify(usize::MAX);
    }
}

/// One HTTP call on its way from the pool to the caller's executor.
pub(crate) struct Call {
    request: HttpRequest,
    answer: SyncSender<Result<HttpResponse, TransportError>>,
}

const INTERRUPTED: TransportError = TransportError {
    kind: TransportErrorKind::Interrupted,
};

/// The transport of blocking code: hands each call over and waits for its answer.
pub(crate) struct Bridge {
    calls: async_channel::Sender<Call>,
}

impl Bridge {
    pub(crate) fn new(calls: async_channel::Sender<Call>) -> Self {
        Self { calls }
    }
}

impl Transport for Bridge {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (answer, answered) = sync_channel(1);
        // Either end is gone when the caller dropped the future.
        self.calls
            .send_blocking(Call { request, answer })
            .map_err(|_| INTERRUPTED)?;
        answered.recv().map_err(|_| INTERRUPTED)?
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

/// Makes one call here, unless it is cancelled.
async fn serve_call(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    call: Call,
    since: u64,
) {
    let stop = hub.cancel.listen();
    let answer = if hub.cancelled.load(Ordering::SeqCst) == since {
        let asked = transport.call(request_out(call.request, base_url));
        let stopped = async {
            stop.await;
            Err(traits::TransportError::Interrupted)
        };
        reply_in(futures_lite::future::or(asked, stopped).await)
    } else {
        Err(INTERRUPTED)
    };
    // Nobody waits any more when the work has ended meanwhile.
    let _ = call.answer.send(answer);
}

/// Makes one call of a run that goes on after a cancellation.
pub(crate) async fn serve_one(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    call: Call,
) {
    let since = hub.cancelled.load(Ordering::SeqCst);
    serve_call(transport, hub, base_url, call, since).await;
}

/// Runs blocking work on the pool and its HTTP calls here. Dropping the future ends the work at
/// its next call.
async fn bridged<T: Send + 'static>(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    work: impl FnOnce(&dyn Transport) -> Result<T, Inner> + Send + 'static,
) -> Result<T, Inner> {
    let since = hub.cancelled.load(Ordering::SeqCst);
    let (calls, queue) = async_channel::bounded::<Call>(1);
    let work = blocking::unblock(move || {
        let bridge = Bridge { calls };
        guarded(|| work(&bridge))
    });
    let serve = async {
        while let Ok(call) = queue.recv().await {
            serve_call(transport, hub, base_url, call, since).await;
        }
    };
    let (out, ()) = futures_lite::future::zip(work, serve).await;
    let cancelled = hub.cancelled.load(Ordering::SeqCst) != since;
    match out {
        Err(Inner::Offline { .. } | Inner::Closed) if cancelled => Err(Inner::Cancelled),
        out => out,
    }
}

impl Client {
    /// Runs work that makes HTTP calls to a server.
    pub(crate) async fn run_with_transport<T: Send + 'static>(
        &self,
        base_url: String,
        work: impl FnOnce(&crate::Client, &dyn Transport) -> Result<T, Inner> + Send + 'static,
    ) -> Result<T, ClientError> {
        let store = self.store()?;
        bridged(&self.transport, &self.hub, &base_url, move |transport| {
            work(&store, transport)
        })
        .await
        .map_err(|e| self.fail(e))
    }

    /// The server the device is enrolled with.
    pub(crate) fn server_url(&self) -> Result<String, ClientError> {
        let identity = self.store()?.identity();
        identity
            .map(|i| i.server_url)
            .ok_or(ClientError::SignInRequired)
    }
}

/// Tells watches how a sync ended, also when its future was dropped.
struct Telling<'a> {
    hub: &'a SyncHub,
    ended: bool,
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.hub.tell(SyncState::Failed {
                error: ClientError::Cancelled,
            });
        }
    }
}

#[uniffi::export]
impl Client {
    /// Pushes what is new here and pulls what is new there; watch `WatchTarget.Sync` for progress.
    ///
    /// # Errors
    /// `Offline` when it should be tried again, `Cancelled`; nothing is lost whenever it breaks.
    pub async fn sync(&self, settings: SyncSettings) -> Result<SyncReport, ClientError> {
        let mut telling = Telling {
            hub: &self.hub,
            ended: false,
        };
        let url = self.server_url();
        self.hub.tell(SyncState::Running {
            progress: Progress::default().into(),
        });
        let hub = Arc::clone(&self.hub);
        let result = match url {
            Ok(url) => {
                self.run_with_transport(url, move |store, transport| {
                    let progress = |p: Progress| {
                        hub.tell(SyncState::Running { progress: p.into() });
                    };
                    store.sync(
                        transport,
                        &SyncOptions {
                            budget_bytes: settings.budget_bytes,
                            progress: Some(&progress),
                            ..SyncOptions::default()
                        },
                    )
                })
                .await
            }
            Err(error) => Err(error),
        };
        telling.ended = true;
        match result {
            Ok(report) => {
                let report = SyncReport::from(report);
                self.hub.tell(SyncState::Done {
                    report: report.clone(),
                });
                Ok(report)
            }
            Err(error) => {
                self.hub.tell(SyncState::Failed {
                    error: error.clone(),
                });
                Err(error)
            }
        }
    }

    /// Ends a running sync, and an enrolment, at its HTTP call; it fails with `Cancelled`.
    pub fn cancel_sync(&self) {
        self.hub.cancel();
    }
}
