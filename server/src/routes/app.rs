//! The dashboard and the worker's app.
//!
//! What enters is a path; what leaves is a file of the app that the path belongs to, under that app's policy.
//! What never happens here: a look at who asks. The files are the same for everybody and hold no data.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::Api;
use super::app_files::{DASHBOARD_APP, WORKER_APP};
use super::maps;
use crate::problem::{Answer, Code, Problem};

/// Paths that are the API's, whatever follows.
const NOT_THE_APP: [&str; 8] = [
    "v1",
    "r",
    "docs",
    "openapi.json",
    "healthz",
    "readyz",
    "metrics",
    ".well-known",
];
/// The first part of every path of the worker's app; its service worker answers for these and no others.
const WORKER_DIR: &str = "m";
const WORKER_HOME: &str = "/m/";
/// Within it: maps for phones to keep.
const MAPS: &str = "maps/";

/// The policy of the worker's app: its own files, and WebAssembly, which the phone library is.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Codes are scanned, places taken and texts spoken in this app, and in nothing that it might embed.
const WORKER_PERMISSIONS: &str = "geolocation=(self), camera=(self), microphone=(self)";

/// The policy of the dashboard: its own files, and map tiles of a server that is configured. No inline script or style sheet.
fn policy(tiles: Option<&str>) -> String {
    let tiles = tiles.map_or_else(String::new, |origin| format!(" {origin}"));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{tiles}; \
         connect-src 'self'{tiles}; worker-src 'self' blob:; font-src 'self'; manifest-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
}

/// Scheme, host and port of a tile server; none when it is no URL that fits into a policy.
fn tile_origin(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let host = rest.find('/').map_or(rest, |at| &rest[..at]);
    let fits = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    fits.then(|| &url[..url.len() - rest.len() + host.len()])
}

/// Everything that is no route of the API.
pub async fn serve(State(api): State<Api>, request: Request) -> Answer<Response> {
    let path = request.uri().path().trim_start_matches('/');
    let (first, within) = path.split_once('/').unwrap_or((path, ""));
    if NOT_THE_APP.contains(&first) {
        return Err(Problem::not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::new(Code::MethodNotAllowed));
    }
    if first == WORKER_DIR {
        if within.is_empty() && !path.ends_with('/') {
            // Names of files in the page are relative to its directory.
            return Ok(Redirect::permanent(WORKER_HOME).into_response());
        }
        let found = match within.strip_prefix(MAPS) {
            Some(name) => {
                let (name, dir) = (name.to_owned(), api.node.dir.clone());
                maps::serve(&dir, &name, request).await
            }
            None => worker(within, &request),
        };
        return found.map(as_worker);
    }
    let mut response = DASHBOARD_APP
        .answer(path, request.headers())
        .ok_or_else(Problem::not_found)?;
    let tiles = api.node.config.dashboard.tile_url.as_deref();
    let policy = HeaderValue::from_str(&policy(tiles.and_then(tile_origin)))
        .map_err(|e| Problem::internal(&e))?;
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// A file of the worker's app. All but the files whose names change with their content is asked for anew each time, the service worker first of all: what it is decides what a phone without signal starts.
fn worker(path: &str, request: &Request) -> Answer<Response> {
    WORKER_APP
        .answer(path, request.headers())
        .ok_or_else(Problem::not_found)
}

/// What goes with everything of the worker's app.
fn as_worker(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, WORKER_POLICY),
        (
            HeaderName::from_static("permissions-policy"),
            WORKER_PERMISSIONS,
        ),
        (
            HeaderName::from_static("service-worker-allowed"),
            WORKER_HOME,
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_of_a_tile_server_gets_into_the_policy() {
        let origin = tile_origin("https://tiles.example.org:8443/{z}/{x}/{y}.png");
        assert_eq!(origin, Some("https://tiles.example.org:8443"));
        assert_eq!(tile_origin("https://a; script-src *//x"), None);
        assert_eq!(tile_origin("ftp://tiles.example.org/"), None);
        assert!(policy(origin).contains("connect-src 'self' https://tiles.example.org:8443;"));
        assert!(!policy(None).contains("unsafe"));
    }
}
