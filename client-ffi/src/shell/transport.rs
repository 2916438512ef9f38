//! The seam to HTTP: one call, bytes in and out. The app brings its platform's own.
//!
//! A session awaits its calls, so that it runs where nothing may block, as in a browser. Where a call
//! may block, it runs on the caller's thread to its end.

use std::future::Future;
use std::pin::Pin;

/// One HTTP request to the server the device is enrolled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST` or `GET`.
    pub method: String,
    /// The path from the server's root, for example `/v1/sync`.
    pub path: String,
    /// Name and value of each header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// One HTTP response, of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Name and value of each header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What kept a call from having an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection.
    Unreachable,
    /// The connection broke; the server may or may not have done its part.
    Interrupted,
    /// No answer in time; likewise.
    Timeout,
    /// The server's certificate is not trusted.
    Tls,
}

/// A call without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {kind:?}")]
pub struct TransportError {
    /// Why.
    pub kind: TransportErrorKind,
}

/// Makes HTTP calls.
pub trait Transport: Send + Sync {
    /// Makes one call and waits for its answer.
    ///
    /// # Errors
    /// [`TransportError`] when there is no answer; any status is an answer.
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
    /// Whether a line that is not known to be up is tried by a small call before edits leave over it: what was
    /// tried counts as sent and cannot be undone. No by default.
    fn knocks(&self) -> bool {
        false
    }
    /// Gives up the calls that run, if it can: they end with
    /// [`TransportErrorKind::Interrupted`]. May be called from any thread.
    fn cancel(&self) {}
}

/// The answer to a call, when it comes.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + 'a>>;

/// Makes HTTP calls that are awaited.
pub trait AsyncTransport {
    /// Makes one call.
    ///
    /// The future gives [`TransportError`] when there is no answer; any status is an answer.
    fn call(&self, request: HttpRequest) -> Answer<'_>;
    /// As [`Transport::knocks`].
    fn knocks(&self) -> bool {
        false
    }
}

/// Calls that block, as ones that are awaited.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Blocking<'a>(pub(crate) &'a dyn Transport);

#[cfg(not(target_family = "wasm"))]
impl AsyncTransport for Blocking<'_> {
    fn call(&self, request: HttpRequest) -> Answer<'_> {
        Box::pin(async move { self.0.call(request) })
    }
    fn knocks(&self) -> bool {
        self.0.knocks()
    }
}

/// Runs what awaits only calls that block, and the end of another sync, on this thread to its end.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(work)
}
