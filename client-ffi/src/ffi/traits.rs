//! What the app brings: HTTP, a keystore, a listener. Each is called without locks held.

use std::sync::Arc;

use crate::ffi::events::ClientEvent;

/// One HTTP request to the server the device is enrolled with.
#[derive(Clone, uniffi::Record)]
pub struct HttpRequest {
    /// `POST` or `GET`.
    pub method: String,
    /// The server, for example `https://gridfold.example`; the path is appended to it.
    pub base_url: String,
    /// The path from the server's root, for example `/v1/sync`.
    pub path: String,
    /// Name and value of each header.
    pub headers: Vec<HttpHeader>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HttpRequest {
    // Headers hold tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// One header.
#[derive(Clone, uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl std::fmt::Debug for HttpHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpHeader")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One HTTP answer, of any status.
#[derive(Debug, Clone, uniffi::Record)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// Name and value of each header.
    pub headers: Vec<HttpHeader>,
    /// The body, at most 32 MiB; a longer one is an error of the transport.
    pub body: Vec<u8>,
}

/// What kept a call from having an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TransportError {
    /// No connection.
    #[error("no connection")]
    Unreachable,
    /// The connection broke; the server may or may not have done its part.
    #[error("the connection broke")]
    Interrupted,
    /// No answer in time; likewise.
    #[error("no answer in time")]
    Timeout,
    /// The server's certificate is not trusted, or a pin does not match.
    #[error("the server's certificate is not trusted")]
    Tls,
    /// The transport threw something else.
    #[error("the transport failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for TransportError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Makes HTTP calls with the platform's own client, so that its TLS, proxy and pinning apply.
///
/// A ready one comes with each binding. `call` runs on the executor of whoever awaits the library;
/// in Kotlin on `Dispatchers.Default`.
#[cfg_attr(not(target_family = "wasm"), uniffi::export(foreign))]
#[cfg_attr(not(target_family = "wasm"), async_trait::async_trait)]
#[cfg_attr(target_family = "wasm", async_trait::async_trait(?Send))]
pub trait Transport: Send + Sync {
    /// Makes one call and waits for its answer; any status is an answer.
    async fn call(&self, request: HttpRequest) -> Result<HttpReply, TransportError>;
}

/// Why a keystore did not do its part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// Locked or busy now: try again after the person unlocked the phone.
    #[error("the keystore is not available now")]
    Unavailable,
    /// The key is gone for good, for example because the screen lock was changed.
    #[error("the key is gone")]
    KeyLost,
    /// The keystore threw something else.
    #[error("the keystore failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Wraps the store's key with a key that never leaves the platform's keystore.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// Seals 32 bytes.
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;
    /// Opens what `wrap` gave.
    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;
}

/// A listener threw; it is called again for the next event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// Whatever it threw.
    #[error("the listener failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Hears events, for those who prefer a callback to a `Watch`.
#[uniffi::export(foreign)]
pub trait EventListener: Send + Sync {
    /// One event; called on a thread of the library, one event at a time.
    fn on_event(&self, event: ClientEvent) -> Result<(), ListenerError>;
}

/// Keeps a foreign object with the trait it has.
pub(crate) type SharedTransport = Arc<dyn Transport>;
