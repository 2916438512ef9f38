//! Signing out, syncing by itself, and being told that there is news.

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
use crate::types::{PushState, PushSubscription, SignedOut};

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

    /// By which key the platform subscribes to its push service, and whether the server tells this
    /// phone that there is news.
    ///
    /// # Errors
    /// [`ClientError::Offline`], [`ClientError::SignInRequired`], [`ClientError::Revoked`].
    #[cfg(not(target_family = "wasm"))]
    pub fn push(&self, transport: &dyn Transport) -> Result<PushState, ClientError> {
        at_once(self.push_async(&Blocking(transport)))
    }

    /// [`Client::push`], with calls that are awaited.
    ///
    /// # Errors
    /// As [`Client::push`].
    pub async fn push_async(
        &self,
        transport: &dyn AsyncTransport,
    ) -> Result<PushState, ClientError> {
        self.shell.push(transport).await
    }

    /// Has the server tell this phone that there is news, in place of where it told it before; with
    /// none, tell it no more. It ends by itself when the phone signs out or may not sync any more.
    ///
    /// # Errors
    /// As [`Client::push`], and [`ClientError::Rejected`] with `conflict` where the server tells nobody,
    /// with `bad_request` where it does not know the push service.
    #[cfg(not(target_family = "wasm"))]
    pub fn set_push(
        &self,
        transport: &dyn Transport,
        subscription: Option<&PushSubscription>,
    ) -> Result<PushState, ClientError> {
        at_once(self.set_push_async(&Blocking(transport), subscription))
    }

    /// [`Client::set_push`], with calls that are awaited.
    ///
    /// # Errors
    /// As [`Client::set_push`].
    pub async fn set_push_async(
        &self,
        transport: &dyn AsyncTransport,
        subscription: Option<&PushSubscription>,
    ) -> Result<PushState, ClientError> {
        self.shell.set_push(transport, subscription).await
    }
}
