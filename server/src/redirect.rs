//! A second address that answers plain HTTP with where the server is, by TLS.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::notice::{Locale, text};

use crate::config::Config;

/// Sends whoever reads on to `server.public_url`; the host that a request names is not asked.
pub(crate) fn routes(config: &Config) -> Router {
    let to = config.public_url().trim_end_matches('/').to_owned();
    Router::new().fallback(send_on).with_state(to)
}

async fn send_on(State(to): State<String>, method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        // What was to be written came in the clear: it is not invited to come again by itself.
        let said = [Locale::Zh, Locale::En].map(|locale| text("needs_tls", locale));
        return (StatusCode::FORBIDDEN, said.join("\n")).into_response();
    }
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    // A path of two slashes would be another host in some clients.
    let path = format!("/{}", path.trim_start_matches('/'));
    match HeaderValue::from_str(&format!("{to}{path}")) {
        Ok(location) => {
            let headers = [(header::LOCATION, location)];
            (StatusCode::PERMANENT_REDIRECT, headers).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
