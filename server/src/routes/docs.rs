//! The API's description, and a page to try it at that loads nothing from elsewhere.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use utoipa_swagger_ui::Config;

use super::{Api, Path};
use crate::middleware::DOCS_CSP;
use crate::problem::{Answer, Problem};

/// The description, made once.
pub async fn openapi(State(_): State<Api>) -> Answer<Response> {
    static JSON: OnceLock<String> = OnceLock::new();
    let json = JSON.get_or_init(super::openapi::to_json);
    Ok((
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        json.as_str(),
    )
        .into_response())
}

/// To the page.
pub async fn docs() -> Redirect {
    Redirect::permanent("/docs/")
}

/// The page itself.
pub async fn index() -> Answer<Response> {
    file("index.html")
}

/// A file of the page.
pub async fn asset(Path(path): Path<String>) -> Answer<Response> {
    file(&path)
}

fn file(path: &str) -> Answer<Response> {
    let config = Arc::new(Config::from("/openapi.json"));
    let found = utoipa_swagger_ui::serve(path, config)
        .map_err(|e| Problem::internal(&e))?
        .ok_or_else(Problem::not_found)?;
    let kind = HeaderValue::from_str(&found.content_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(DOCS_CSP),
        ),
    ];
    Ok((headers, found.bytes.into_owned()).into_response())
}
