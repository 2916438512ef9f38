//! What a browser sends by itself: the cookie of a session, and where a request comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, header};

use super::Api;
use crate::auth::csrf_matches;
use crate::problem::{Answer, Code, Problem};

/// The cookie of a session. The prefix keeps every other host and path from setting it.
pub const COOKIE_NAME: &str = "__Host-gridfold";
/// The cookie by which a browser is known to an account after a sign-in; it lets nobody in.
pub const KNOWN_COOKIE_NAME: &str = "__Host-gridfold-known";
/// The header in which a page proves that it can read what this origin answered it.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// The header by which a page says that nobody asked for a request, so that it does not keep a session from going idle.
pub const BACKGROUND_HEADER: HeaderName = HeaderName::from_static("x-background");
const FETCH_SITE_HEADER: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a browser says that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CameFrom {
    /// A page of this server.
    Here,
    /// A page of somebody else.
    Elsewhere,
    /// No browser says anything.
    Unsaid,
}

/// The token of the session's cookie.
pub(super) fn cookie_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE_NAME)
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}

/// Where a request comes from. Behind a proxy that changes the host, `server.public_url` says who this server is.
pub(super) fn came_from(api: &Api, parts: &Parts) -> CameFrom {
    let text = |name: HeaderName| parts.headers.get(name).map(|v| v.to_str().unwrap_or(""));
    let site = text(FETCH_SITE_HEADER);
    let origin = text(header::ORIGIN);
    let site_is_own = site.map(|s| s == "same-origin");
    let origin_is_own = origin.map(|o| is_own(api, parts, o));
    match (origin_is_own, site_is_own) {
        (Some(false), _) | (_, Some(false)) => CameFrom::Elsewhere,
        (None, None) => CameFrom::Unsaid,
        (Some(true), _) | (_, Some(true)) => CameFrom::Here,
    }
}

fn is_own(api: &Api, parts: &Parts, origin: &str) -> bool {
    let config = &api.node.config;
    if let Some(public) = &config.server.public_url
        && origin.eq_ignore_ascii_case(origin_of(public))
    {
        return true;
    }
    let (Some(host), Some((scheme, from))) = (host(parts), origin.split_once("://")) else {
        return false;
    };
    // Something in front may do TLS, so https is always good; plain http only where this server speaks it.
    let scheme_fits = scheme == "https" || (scheme == "http" && config.server.tls_cert.is_none());
    scheme_fits && from.eq_ignore_ascii_case(host)
}

/// The host that a request was sent to, with its port.
fn host(parts: &Parts) -> Option<&str> {
    parts
        .uri
        .authority()
        .map(Authority::as_str)
        .or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
}

/// The address that this server is reached at: the configured one, else the one that this very request
/// came to. What it listens on is not known to be it: `serve --listen` and whatever stands in front
/// change it.
#[derive(Debug)]
pub struct Here(pub String);

impl FromRequestParts<Api> for Here {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let config = &api.node.config;
        if let Some(public) = &config.server.public_url {
            return Ok(Self(public.clone()));
        }
        // A browser also says by which scheme, which a server behind TLS of somebody else's does not see.
        let origin = parts
            .headers
            .get(header::ORIGIN)
            .and_then(|v| v.to_str().ok());
        if let Some(origin) = origin.filter(|o| is_own(api, parts, o)) {
            return Ok(Self(origin.to_owned()));
        }
        let named = host(parts).filter(|h| h.parse::<Authority>().is_ok() && !h.contains('@'));
        let scheme = match config.server.tls_cert {
            Some(_) => "https",
            None => "http",
        };
        Ok(Self(named.map_or_else(
            || config.public_url(),
            |host| format!("{scheme}://{host}"),
        )))
    }
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    &url[..end]
}

/// Lets a request by cookie go on that reads, or that a page of this server made on purpose.
pub(super) fn check_csrf(api: &Api, parts: &Parts, token: &str) -> Answer<()> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    if came_from(api, parts) != CameFrom::Here {
        return Err(Problem::new(Code::Csrf).because("Origin is not this server's, or missing"));
    }
    let given = parts
        .headers
        .get(CSRF_HEADER)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if csrf_matches(token, given) {
        Ok(())
    } else {
        Err(Problem::new(Code::Csrf).because("x-csrf-token is not the session's, or missing"))
    }
}

/// Whether a request counts as something that a person did.
pub(super) fn is_activity(parts: &Parts) -> bool {
    parts.uri.path() != "/v1/changes" && !parts.headers.contains_key(BACKGROUND_HEADER)
}
