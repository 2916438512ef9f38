//! The dashboard's files, which were put into the binary when it was built.
//!
//! What enters is a path; what leaves is a file, or the page for every path that is no file: which view to show is the page's own matter.
//! What never happens here: a look at who asks. The files are the same for everybody and hold no data.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Api;
use crate::problem::{Answer, Code, Problem};

struct AppFile {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/app_files.rs"));

/// Where files lie whose names change with their content.
const HASHED_DIR: &str = "assets/";
const PAGE: &str = "index.html";
/// Paths that are the API's, whatever follows.
const NOT_THE_APP: [&str; 7] = [
    "v1",
    "docs",
    "openapi.json",
    "healthz",
    "readyz",
    "metrics",
    ".well-known",
];
const ABSENT: &str = include_str!("app_absent.html");

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

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "pbf" => "application/x-protobuf",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|part| {
            let mut words = part.split(';').map(str::trim);
            let refused = part.contains("q=0") && !part.contains("q=0.");
            words.next().filter(|_| !refused)
        })
        .any(|name| name.eq_ignore_ascii_case(coding))
}

fn file(path: &str) -> Option<&'static AppFile> {
    FILES
        .binary_search_by(|f| f.path.cmp(path))
        .ok()
        .and_then(|at| FILES.get(at))
}

/// Whether the last part of a path names a file.
fn names_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|n| n.contains('.'))
}

/// Everything that is no route of the API.
pub async fn serve(State(api): State<Api>, request: Request) -> Answer<Response> {
    let path = request.uri().path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if NOT_THE_APP.contains(&first) {
        return Err(Problem::not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::new(Code::MethodNotAllowed));
    }
    let found = match file(path) {
        Some(found) => Some(found),
        None if names_a_file(path) => return Err(Problem::not_found()),
        None => file(PAGE),
    };
    let tiles = api.node.config.dashboard.tile_url.as_deref();
    let policy = HeaderValue::from_str(&policy(tiles.and_then(tile_origin)))
        .map_err(|e| Problem::internal(&e))?;
    let mut response = match found {
        Some(found) => answer(found, request.headers()),
        None => (
            StatusCode::OK,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            ABSENT,
        )
            .into_response(),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn answer(found: &'static AppFile, wanted: &HeaderMap) -> Response {
    let (bytes, coding) = match (found.brotli, found.gzip) {
        (Some(bytes), _) if accepts(wanted, "br") => (bytes, Some("br")),
        (_, Some(bytes)) if accepts(wanted, "gzip") => (bytes, Some("gzip")),
        _ => (found.plain, None),
    };
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(found.path)),
    );
    let cache = if found.path.starts_with(HASHED_DIR) {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if found.brotli.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
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

    #[test]
    fn a_coding_is_sent_to_those_who_take_it() {
        let with = |text: &'static str| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))])
        };
        assert!(accepts(&with("gzip, deflate, br;q=0.9"), "br"));
        assert!(!accepts(&with("gzip, br;q=0"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn the_table_is_sorted_so_that_a_file_is_found() {
        assert!(FILES.windows(2).all(|w| w[0].path < w[1].path));
    }
}
