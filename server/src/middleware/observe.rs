//! The outermost layer: gives a request its id, turns problems into answers, logs and counts what was answered.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use gridfold_sync_core::notice::Locale;
use tracing::Instrument as _;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::problem::{PROBLEM_CONTENT_TYPE, Problem};

/// The header a request's id is answered in.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

const CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// The policy of the page to try the API at: its own files only. Its library sets styles from scripts.
pub const DOCS_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The id of a request. Made here, never taken from outside.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// See the module.
pub async fn observe(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = new_request_id();
    let locale = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .map_or(Locale::default(), Locale::from_tag);
    let method = request.method().as_str().to_owned();
    // The pattern, never the path: ids and search words stay out of logs and metrics.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = %route);
    metrics.under_way().inc();
    let mut response = next.run(request).instrument(span.clone()).await;
    metrics.under_way().dec();
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .or_else(|| foreign(&response));
    if let Some(problem) = &problem {
        let mut rendered = problem.render(locale, &id);
        // What the layer that refused had to say, such as `Allow`, stays.
        for (name, value) in response.headers() {
            if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH)
                && !rendered.headers().contains_key(name)
            {
                rendered.headers_mut().insert(name.clone(), value.clone());
            }
        }
        response = rendered;
        metrics.problem(problem.code.as_str());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    let status = response.status().as_u16();
    let took = started.elapsed();
    metrics.answered(&method, &route, status, took);
    let _in = span.enter();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match &problem {
        Some(problem) => {
            tracing::info!(
                http.status = status,
                took_ms,
                code = problem.code.as_str(),
                "answered"
            );
        }
        None => tracing::info!(http.status = status, took_ms, "answered"),
    }
    response
}

/// An error that a layer answered with by itself, in plain text.
fn foreign(response: &Response) -> Option<Problem> {
    let status = response.status();
    let rendered = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes() == PROBLEM_CONTENT_TYPE.as_bytes());
    ((status.is_client_error() || status.is_server_error()) && !rendered)
        .then(|| Problem::of_status(status))
}

/// Request ids need to differ, not to be unguessable; without randomness they are all alike.
fn new_request_id() -> String {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// How long a browser remembers to come by TLS only.
pub const HSTS_MAX_AGE_S: u32 = 31_536_000;

/// How requests come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By the server's own TLS.
    Tls,
    /// In plain, from a proxy that does TLS: the public address says so.
    BehindTls,
    /// In plain.
    Plain,
}

impl Transport {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        if config.server.tls_cert.is_some() {
            Self::Tls
        } else if config.public_url().starts_with("https://") {
            Self::BehindTls
        } else {
            Self::Plain
        }
    }
    /// Whether a request came by TLS. A proxy that takes plain HTTP too says which it was.
    fn is_secure(self, request: &Request) -> bool {
        match self {
            Self::Tls => true,
            Self::BehindTls => request
                .headers()
                .get("x-forwarded-proto")
                .is_none_or(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https")),
            Self::Plain => false,
        }
    }
}

/// Headers that every answer has, unless its route set its own.
pub async fn security_headers(
    State(transport): State<Transport>,
    request: Request,
    next: Next,
) -> Response {
    let is_secure = transport.is_secure(&request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_secure && let Ok(value) = format!("max-age={HSTS_MAX_AGE_S}").parse() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    let all = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "geolocation=(), camera=(), microphone=()",
        ),
    ];
    for (name, value) in all {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
