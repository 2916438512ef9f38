//! Syncing: HTTP calls awaited on the caller's executor, everything else on the pool.

use std::sync::Arc;

use crate::error::ClientError as Inner;
use crate::ffi::bridge::{Bridge, Call, serve_call};
use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
use crate::ffi::pool::guarded;
use crate::ffi::records::SyncReport;
use crate::ffi::sync_hub::{SyncHub, SyncState};
use crate::ffi::traits::SharedTransport;
use crate::shell::transport::Transport;
use crate::types::{Progress, SyncOptions};

/// What a sync may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncSettings {
    /// Bytes of bodies it should stay under, both ways; 0 for no limit.
    #[uniffi(default = 0)]
    pub budget_bytes: u64,
}

/// Runs blocking work on the pool and its HTTP calls here. Dropping the future ends the work at
/// its next call.
async fn bridged<T: Send + 'static>(
    transport: &SharedTransport,
    hub: &SyncHub,
    base_url: &str,
    work: impl FnOnce(&dyn Transport) -> Result<T, Inner> + Send + 'static,
) -> Result<T, Inner> {
    let since = hub.cancellations();
    let (calls, queue) = async_channel::bounded::<Call>(1);
    let work = blocking::unblock(move || {
        let bridge = Bridge::new(calls);
        guarded(|| work(&bridge))
    });
    let serve = async {
        while let Ok(call) = queue.recv().await {
            serve_call(transport, hub, base_url, call, since).await;
        }
    };
    let (out, ()) = futures_lite::future::zip(work, serve).await;
    let cancelled = hub.cancellations() != since;
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
