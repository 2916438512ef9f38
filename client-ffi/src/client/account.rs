//! Signing out, and syncing by itself.

#[cfg(not(target_family = "wasm"))]
use std::sync::Arc;

use super::Client;
use crate::error::ClientError;
#[cfg(not(target_family = "wasm"))]
use crate::shell::auto_sync::AutoSyncPolicy;
#[cfg(not(target_family = "wasm"))]
use crate::shell::auto_sync_runner::{AutoSync, AutoSyncObserver};
use crate::shell::transport::AsyncTransport;
#[cfg(not(target_family = "wasm"))]
use crate::shell::transport::{Blocking, Transport, at_once};
use crate::types::SignedOut;

impl Client {
    /// Syncs by itself on a thread of its own: soon after changes, when the network is back, when
    /// the server has news, and every so often. Stop it before the client is closed.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with `auto_sync_runs` while one runs already.
    #[cfg(not(target_family = "wasm"))]
    pub fn auto_sync(
        &self,
        transport: Arc<dyn Transport>,
        policy: AutoSyncPolicy,
        observer: Option<Arc<dyn AutoSyncObserver>>,
    ) -> Result<AutoSync, ClientError> {
        self.shell.auto_sync(transport, policy, observer)
    }

    /// Ends the session: tells the server, if it can be reached, and erases everything here, first
    /// the key. The client is of no use afterwards.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with `unsent_edits` while edits wait to be sent, refused ones are
    /// not settled, or there are drafts, unless `discard_unsent` says that they may be lost.
    #[cfg(not(target_family = "wasm"))]
    pub fn sign_out(
        &self,
        transport: &dyn Transport,
        discard_unsent: bool,
    ) -> Result<SignedOut, ClientError> {
        at_once(self.sign_out_async(&Blocking(transport), discard_unsent))
    }

    /// [`Client::sign_out`], with calls that are awaited.
    ///
    /// # Errors
    /// As [`Client::sign_out`].
    pub async fn sign_out_async(
        &self,
        transport: &dyn AsyncTransport,
        discard_unsent: bool,
    ) -> Result<SignedOut, ClientError> {
        self.shell.sign_out(transport, discard_unsent).await
    }
}
