//! The files of the web apps, which were put into the binary when it was built.
//!
//! What enters is a path; what leaves is a file as the browser takes it, or the app's page.
//! What never happens here: a look at who asks. The files are the same for everybody and hold no data.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file of an app, and smaller forms of it where there are any.
pub(super) struct AppFile {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/app_files.rs"));

/// Where files lie whose names change with their content.
const HASHED_DIR: &str = "assets/";
const PAGE: &str = "index.html";

/// One of the web apps.
pub(super) struct App {
    files: &'static [AppFile],
    /// The page that says what to do when the app is not in this binary.
    absent: &'static str,
}

/// The supervisors' app, at `/`.
pub(super) static DASHBOARD_APP: App = App {
    files: DASHBOARD,
    absent: include_str!("app_absent.html"),
};
/// The workers' app, at `/m/`.
pub(super) static WORKER_APP: App = App {
    files: WORKER,
    absent: include_str!("app_worker_absent.html"),
};

impl App {
    /// The file of a path within the app; its page for a path that names none, since which view to show is the page's own matter. Nothing when a file is named that is not there.
    pub(super) fn answer(&self, path: &str, wanted: &HeaderMap) -> Option<Response> {
        let found = match self.file(path) {
            Some(found) => Some(found),
            None if names_a_file(path) => return None,
            None => self.file(PAGE),
        };
        Some(match found {
            Some(found) => answer(found, wanted),
            None => (
                StatusCode::OK,
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                self.absent,
            )
                .into_response(),
        })
    }

    fn file(&self, path: &str) -> Option<&'static AppFile> {
        self.files
            .binary_search_by(|f| f.path.cmp(path))
            .ok()
            .and_then(|at| self.files.get(at))
    }
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

/// Whether the last part of a path names a file.
fn names_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|n| n.contains('.'))
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
    fn a_coding_is_sent_to_those_who_take_it() {
        let with = |text: &'static str| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))])
        };
        assert!(accepts(&with("gzip, deflate, br;q=0.9"), "br"));
        assert!(!accepts(&with("gzip, br;q=0"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn the_tables_are_sorted_so_that_a_file_is_found() {
        for app in [&DASHBOARD_APP, &WORKER_APP] {
            assert!(app.files.windows(2).all(|w| w[0].path < w[1].path));
        }
    }
}
