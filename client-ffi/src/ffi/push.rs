//! Being told that there is news while the app is closed.

use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
use crate::types as inner;

/// Where the push service of the phone's browser is written to: the parts of its `PushSubscription`.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushSubscription {
    /// The URL of the push service; whoever has it may write to it.
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The browser's secret, in base64url.
    pub auth: String,
}

impl std::fmt::Debug for PushSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushSubscription").finish_non_exhaustive()
    }
}

/// Whether this phone is told that there is news.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushState {
    /// The server's public key, in base64url, to subscribe with; none when it tells nobody.
    pub key: Option<String>,
    /// Whether the server tells this phone.
    pub subscribed: bool,
}

impl From<inner::PushState> for PushState {
    fn from(state: inner::PushState) -> Self {
        Self {
            key: state.key,
            subscribed: state.subscribed,
        }
    }
}

// Its future awaits the transport, which in a browser is of one thread.
#[cfg_attr(not(target_family = "wasm"), uniffi::export)]
impl Client {
    /// By which key to subscribe to the platform's push service, and whether the server tells this
    /// phone that there is news. It asks the server.
    ///
    /// # Errors
    /// `Offline`, `SignInRequired`, `Revoked`.
    pub async fn push(&self) -> Result<PushState, ClientError> {
        let url = self.server_url()?;
        self.run_with_transport(url, async move |store, transport| {
            Ok(store.push_async(transport).await?.into())
        })
        .await
    }

    /// Has the server tell this phone, by Web Push, that there is news for its user: never what it
    /// is, which the next sync brings. With none it tells the phone no more. It takes the place of
    /// what was set before, and ends when the phone signs out or may not sync any more.
    ///
    /// # Errors
    /// As `push`; `Rejected` with `conflict` where the server tells nobody, with `bad_request` where it
    /// does not know the push service or the keys are none.
    pub async fn set_push(
        &self,
        subscription: Option<PushSubscription>,
    ) -> Result<PushState, ClientError> {
        let url = self.server_url()?;
        let subscription = subscription.map(|given| inner::PushSubscription {
            endpoint: given.endpoint,
            p256dh: given.p256dh,
            auth: given.auth,
        });
        self.run_with_transport(url, async move |store, transport| {
            let set = store.set_push_async(transport, subscription.as_ref());
            Ok(set.await?.into())
        })
        .await
    }
}
