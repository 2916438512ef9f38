//! Syncing by itself, for as long as the app awaits it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ClientError as Inner;
use crate::ffi::auto_run::Ending;
use crate::ffi::auto_settings::AutoSyncSettings;
use crate::ffi::bridge::{Bridge, serve_one};
use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;
use crate::ffi::sync_hub::{SyncHub, SyncState};
use crate::shell::auto_sync::{AutoSyncPolicy, SyncEnd};
use crate::shell::auto_sync_runner::AutoSyncObserver;
use crate::types::SyncReport;

/// Tells watches what a run of its own came to, and the run when it was the last.
struct Teller {
    hub: Arc<SyncHub>,
    locale: Locale,
    over: async_channel::Sender<Result<(), Inner>>,
}

impl AutoSyncObserver for Teller {
    fn synced(&self, result: &Result<SyncReport, Inner>) {
        self.hub.tell(match result {
            Ok(report) => SyncState::Done {
                report: report.clone().into(),
            },
            Err(error) => SyncState::Failed {
                error: ClientError::of(error.clone(), self.locale),
            },
        });
        if SyncEnd::of(result) == SyncEnd::Over {
            // Nobody waits for it once the future was dropped.
            let _ = self.over.try_send(result.clone().map(|_| ()));
        }
    }
}

#[uniffi::export]
impl Client {
    /// Syncs by itself for as long as this is awaited: soon after changes, when the network is
    /// back, and every so often, with growing pauses after failures. Run it as a task of its own;
    /// end it by `stop_auto_sync`, by shutting the client down, or by cancelling the task. Watch
    /// `WatchTarget.Sync` for what becomes of it. It goes on by itself after the device was
    /// enrolled again, let in again, or the server updated.
    ///
    /// # Errors
    /// `Rejected` with `auto_sync_runs` while one runs already, `SignInRequired` for a device that
    /// was never enrolled, `Closed`, `NoStore` or `DamagedStore` once there is nothing to sync.
    pub async fn run_auto_sync(&self, settings: AutoSyncSettings) -> Result<(), ClientError> {
        let url = self.server_url()?;
        let store = self.store()?;
        let (calls, queue) = async_channel::bounded(1);
        let debounce = Duration::from_secs(u64::from(settings.debounce_s));
        let policy = AutoSyncPolicy {
            interval: Duration::from_secs(u64::from(settings.interval_s.max(1))),
            debounce,
            ..AutoSyncPolicy::default()
        };
        let (over, ended) = async_channel::bounded(1);
        let teller = Arc::new(Teller {
            hub: Arc::clone(&self.hub),
            locale: self.locale,
            over,
        });
        // Listen before it runs: a stop in between is heard.
        let mut stop = self.auto.on_stop();
        let auto = store
            .auto_sync(Arc::new(Bridge::new(calls)), policy, Some(teller))
            .map_err(|e| self.fail(e))?;
        drop(store);
        self.auto.begin(auto);
        let _ending = Ending { run: &self.auto };
        let serve = async {
            while let Ok(call) = queue.recv().await {
                // A new code may name another address.
                let url = self.server_url().unwrap_or_else(|_| url.clone());
                serve_one(&self.transport, &self.hub, &url, call).await;
            }
            Ok(())
        };
        let stopped = async {
            (&mut stop).await;
            Ok(())
        };
        let over = async { ended.recv().await.unwrap_or(Ok(())) };
        let done = futures_lite::future::or(stopped, futures_lite::future::or(over, serve));
        done.await.map_err(|e| self.fail(e))
    }

    /// Ends `run_auto_sync`; it returns.
    pub fn stop_auto_sync(&self) {
        self.auto.stop();
    }

    /// Tells `run_auto_sync` that the network came or went.
    pub fn network_available(&self, available: bool) {
        self.auto.with(|auto| auto.network_available(available));
    }
}
