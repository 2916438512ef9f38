//! Syncing: HTTP calls awaited on the caller's executor, everything else on the pool where there
//! is one.

use std::sync::Arc;

use crate::error::ClientError as Inner;
#[cfg(target_family = "wasm")]
use crate::ffi::bridge::Awaited;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::bridge::{Bridge, Call, serve_call};
use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::pool::guarded;
use crate::ffi::records::SyncReport;
use crate::ffi::sync_hub::{SyncHub, SyncState};
use crate::ffi::traits::SharedTransport;
use crate::shell::transport::AsyncTransport;
#[cfg(not(target_family = "wasm"))]
use crate::shell::transport::{Blocking, at_once};
use crate::types::{Progress, SyncOptions};

/// What a sync may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncSettings {
    /// Bytes of bodies it should stay under, both ways; 0 for no limit.
    #[uniffi(default = 0)]
    pub budget_bytes: u64,
}

/// Runs work on the pool and its HTTP calls here. Dropping the future ends the work at its next
/// call.
#[cfg(not(target_family = "wasm"))]
async fn bridged<T: Send + 'static>(
    store: crate::Client,
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    work: impl AsyncFnOnce(&crate::Client, &dyn AsyncTransport) -> Result<T, Inner> + Send + 'static,
) -> Result<T, Inner> {
    let since = hub.cancellations();
    let (calls, queue) = async_channel::bounded::<Call>(1);
    let work = blocking::unblock(move || {
        let bridge = Bridge::new(calls);
        guarded(|| at_once(work(&store, &Blocking(&bridge))))
    });
    let serve = async {
        while let Ok(call) = queue.recv().await {
            serve_call(transport, hub, base_url, call, since).await;
        }
    };
    let (out, ()) = futures_lite::future::zip(work, serve).await;
    out
}

/// Runs work and its HTTP calls here.
#[cfg(target_family = "wasm")]
async fn bridged<T>(
    store: crate::Client,
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    work: impl AsyncFnOnce(&crate::Client, &dyn AsyncTransport) -> Result<T, Inner>,
) -> Result<T, Inner> {
    let since = hub.cancellations();
    let awaited = Awaited {
        transport,
        hub,
        base_url,
        since,
    };
    work(&store, &awaited).await
}

impl Client {
    /// Runs work that makes HTTP calls to a server.
    pub(crate) async fn run_with_transport<T: Send + 'static>(
        &self,
        base_url: String,
        work: impl AsyncFnOnce(&crate::Client, &dyn AsyncTransport) -> Result<T, Inner> + Send + 'static,
    ) -> Result<T, ClientError> {
        self.with_transport(base_url, work)
            .await
            .map_err(|e| self.fail(e))
    }

    async fn with_transport<T: Send + 'static>(
        &self,
        base_url: String,
        work: impl AsyncFnOnce(&crate::Client, &dyn AsyncTransport) -> Result<T, Inner> + Send + 'static,
    ) -> Result<T, Inner> {
        let store = self.store().map_err(|_| Inner::Closed)?;
        let since = self.hub.cancellations();
        let out = bridged(store, &self.transport, &self.hub, &base_url, work).await;
        let cancelled = self.hub.cancellations() != since;
        match out {
            Err(Inner::Offline { .. } | Inner::Closed) if cancelled => Err(Inner::Cancelled),
            out => out,
        }
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

impl Client {
    /// Syncs, and tells watches how.
    async fn syncing(&self, settings: SyncSettings) -> Result<crate::SyncReport, Inner> {
        let mut telling = Telling {
            hub: &self.hub,
            ended: false,
        };
        self.hub.tell(SyncState::Running {
            progress: Progress::default().into(),
        });
        let result = match self.identity_url() {
            Ok(url) => {
                let hub = Arc::clone(&self.hub);
                self.with_transport(url, async move |store, transport| {
                    let progress = |p: Progress| {
                        hub.tell(SyncState::Running { progress: p.into() });
                    };
                    let options = SyncOptions {
                        budget_bytes: settings.budget_bytes,
                        progress: Some(&progress),
                        ..SyncOptions::default()
                    };
                    store.sync_async(transport, &options).await
                })
                .await
            }
            Err(error) => Err(error),
        };
        telling.ended = true;
        self.hub.tell(match &result {
            Ok(report) => SyncState::Done {
                report: report.clone().into(),
            },
            Err(error) => SyncState::Failed {
                error: self.fail(error.clone()),
            },
        });
        result
    }

    fn identity_url(&self) -> Result<String, Inner> {
        let store = self.store().map_err(|_| Inner::Closed)?;
        let identity = store.identity();
        identity.map(|i| i.server_url).ok_or(Inner::SignInRequired)
    }

    /// The server the device is enrolled with.
    pub(crate) fn server_url(&self) -> Result<String, ClientError> {
        self.identity_url().map_err(|e| self.fail(e))
    }

    /// Syncs for an [`crate::AutoSyncPlan`] that the app drives: how it ended, as the plan hears it.
    #[cfg(target_family = "wasm")]
    pub async fn sync_for_plan(&self) -> crate::SyncEnd {
        crate::SyncEnd::of(&self.syncing(SyncSettings { budget_bytes: 0 }).await)
    }

    /// What happened that such a plan has not heard yet.
    #[cfg(target_family = "wasm")]
    pub fn take_auto_sync_told(&self) -> Vec<crate::AutoSyncEvent> {
        self.store()
            .map_or_else(|_| Vec::new(), |store| store.shell.take_auto_sync_told())
    }
}

// Its future awaits the transport, which in a browser is of one thread.
#[cfg_attr(not(target_family = "wasm"), uniffi::export)]
impl Client {
    /// Pushes what is new here and pulls what is new there; watch `WatchTarget.Sync` for progress.
    ///
    /// # Errors
    /// `Offline` when it should be tried again, `Cancelled`; nothing is lost whenever it breaks.
    pub async fn sync(&self, settings: SyncSettings) -> Result<SyncReport, ClientError> {
        let result = self.syncing(settings).await;
        result.map(SyncReport::from).map_err(|e| self.fail(e))
    }

    /// Ends a running sync, and an enrolment, at its HTTP call; it fails with `Cancelled`.
    pub fn cancel_sync(&self) {
        self.hub.cancel();
    }
}
