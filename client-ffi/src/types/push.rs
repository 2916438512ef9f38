//! Being told that there is news.

/// Where the platform's push service is to be written to for this phone: the parts of a browser's `PushSubscription`.
#[derive(Clone, PartialEq, Eq)]
pub struct PushSubscription {
    /// The URL of the push service; whoever has it may write to it.
    pub endpoint: String,
    /// The phone's public key, in base64url.
    pub p256dh: String,
    /// The phone's secret, in base64url.
    pub auth: String,
}

impl std::fmt::Debug for PushSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushSubscription").finish_non_exhaustive()
    }
}

/// Whether this phone is told that there is news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushState {
    /// The server's public key, in base64url; none when it tells nobody.
    pub key: Option<String>,
    /// Whether the server tells this phone.
    pub subscribed: bool,
}
