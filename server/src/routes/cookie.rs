//! The dashboard's session: in a cookie that no script can read.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::origin::{COOKIE_NAME, CameFrom, KNOWN_COOKIE_NAME, came_from, cookie, cookie_token};
use super::sign_in::{Me, SignIn, me_body};
use super::{Api, Body, Caller, Params, Peer};
use crate::acts::devices::sign_out_device;
use crate::auth::{CookieSession, KNOWN_BROWSER_MS, Origin, Password, csrf_token};
use crate::middleware::Subject;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// What the server is set to show in the dashboard.
#[derive(Serialize, ToSchema)]
pub struct DashboardSettings {
    /// Where map tiles come from, with `{z}`, `{x}` and `{y}`; without it the map draws only what the server has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile_url: Option<String>,
    /// Whose tiles they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile_attribution: Option<String>,
    /// The zone in which days begin.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
}

/// A session in a cookie.
#[derive(Serialize, ToSchema)]
pub struct CookieSessionBody {
    /// Who the caller is.
    pub me: Me,
    /// To be sent as `x-csrf-token` with every write.
    pub csrf_token: String,
    /// When the session ends unless something is done in it.
    pub idle_expires_at: String,
    /// When it ends at the latest.
    pub absolute_expires_at: String,
    /// What the dashboard is set to.
    pub settings: DashboardSettings,
    /// `behind` or `ahead` when the machine's clock is not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}

/// How to look at a session.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// Whether looking does not count as something done.
    #[serde(default)]
    pub peek: bool,
}

/// What to end.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndQuery {
    /// Whether every session of the user ends: cookies, consoles, and what phones refresh with.
    #[serde(default)]
    pub everywhere: bool,
}

/// A session's cookie and what is known of the request that brought it.
#[derive(Debug)]
pub struct Brought {
    token: Option<String>,
    known: Option<String>,
    came_from: CameFrom,
    locale: Locale,
}

impl FromRequestParts<Api> for Brought {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self {
            token: cookie_token(&parts.headers),
            known: cookie(&parts.headers, KNOWN_COOKIE_NAME),
            came_from: came_from(api, parts),
            locale: super::caller::locale_of(&parts.headers),
        })
    }
}

fn body(node: &Node, caller: &Caller, token: &str, session: &CookieSession) -> CookieSessionBody {
    let settings = &node.config.dashboard;
    CookieSessionBody {
        me: me_body(node, caller),
        csrf_token: csrf_token(token),
        idle_expires_at: Timestamp(session.idle_until_ms).to_rfc3339(),
        absolute_expires_at: Timestamp(session.until_ms).to_rfc3339(),
        settings: DashboardSettings {
            tile_url: settings.tile_url.clone(),
            tile_attribution: settings.tile_attribution.clone(),
            time_zone: settings.time_zone.name().to_owned(),
        },
        clock: node.clock_reading().doubt.map(|d| d.as_str().to_owned()),
    }
}

fn set_cookie(name: &str, value: &str, rest: &str) -> Answer<(HeaderName, HeaderValue)> {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{rest}");
    let value = HeaderValue::from_str(&text).map_err(|e| Problem::internal(&e))?;
    Ok((header::SET_COOKIE, value))
}

/// Signs a person in at the dashboard. The cookie is new each time, and a session that the browser had before ends.
#[utoipa::path(post, path = "/v1/session", operation_id = "begin_session", tag = "sessions", security(()), request_body = SignIn, responses(
    (status = 200, body = CookieSessionBody, headers(("set-cookie" = String, description = "`__Host-gridfold`, for this origin alone and no script"))),
    (status = 401, description = "sign_in_failed", body = ProblemBody),
    (status = 403, description = "csrf: the page is of another origin", body = ProblemBody),
    (status = 429, description = "sign_in_delayed, rate_limited", body = ProblemBody),
    (status = 503, description = "unavailable", body = ProblemBody),
))]
pub async fn begin(
    State(api): State<Api>,
    Peer(from): Peer,
    brought: Brought,
    Body(given): Body<SignIn>,
) -> Answer<Response> {
    let now = api.now();
    let known = brought.known.as_deref();
    let browser = known.and_then(|text| api.node.auth.known_browser(text, now.millis()));
    api.take(browser.map_or(Subject::address(from), |known| {
        Subject::Browser(known.browser)
    }))?;
    if brought.came_from == CameFrom::Elsewhere {
        return Err(Problem::new(Code::Csrf).because("Origin is not this server's"));
    }
    let origin = Origin {
        address: from,
        browser,
        session: None,
    };
    api.blocking(move |node| {
        let password = Password::new(given.password);
        let auth = &node.auth;
        let (token, known) = auth.sign_in_cookie(&given.login, &password, origin, now.millis())?;
        if let Some(before) = &brought.token
            && let Some(session) = auth.cookies.find(before, false, now.millis())?
        {
            end(node, &session, now)?;
        }
        let session = auth
            .cookies
            .find(token.expose(), false, now.millis())?
            .ok_or_else(|| Problem::new(Code::Unauthorized))?;
        let caller = Caller {
            actor: session.actor,
            directory: node.directory.current(),
            now,
            locale: brought.locale,
            session: Some(session),
        };
        let age = format!("; Max-Age={}", KNOWN_BROWSER_MS / 1_000);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            set_cookie(COOKIE_NAME, token.expose(), "")?,
            set_cookie(KNOWN_COOKIE_NAME, known.expose(), &age)?,
        ] {
            headers.append(name, value);
        }
        let body = body(node, &caller, token.expose(), &session);
        Ok((headers, Json(body)).into_response())
    })
    .await
}

/// The session of the cookie: who it is of, and how long it lasts.
#[utoipa::path(get, path = "/v1/session", operation_id = "read_session", tag = "sessions", security(("cookie" = [])), params(SessionQuery), responses(
    (status = 200, body = CookieSessionBody),
    (status = 401, body = ProblemBody),
))]
pub async fn look(
    State(api): State<Api>,
    Peer(from): Peer,
    brought: Brought,
    Params(query): Params<SessionQuery>,
) -> Answer<Json<CookieSessionBody>> {
    let now = api.now();
    let Some(token) = brought.token else {
        api.take(Subject::address(from))?;
        return Err(Problem::new(Code::Unauthorized));
    };
    let known = token.clone();
    let found = api
        .blocking(move |node| {
            Ok(node
                .auth
                .authenticate_cookie(&known, !query.peek, now.millis()))
        })
        .await?;
    let session = super::caller::accepted(&api, from, found)?;
    api.take(Subject::Device(session.actor.device))?;
    let caller = Caller {
        actor: session.actor,
        directory: api.node.directory.current(),
        now,
        locale: brought.locale,
        session: Some(session),
    };
    Ok(Json(body(&api.node, &caller, &token, &session)))
}

/// Ends the session of the cookie, or every session of its user. The next request of each is refused.
#[utoipa::path(delete, path = "/v1/session", operation_id = "end_session", tag = "sessions", security(("cookie" = [])), params(EndQuery), responses(
    (status = 204, description = "Ended"),
    (status = 400, description = "bad_request: a bearer token has no cookie session", body = ProblemBody),
    (status = 401, body = ProblemBody),
    (status = 403, description = "csrf", body = ProblemBody),
))]
pub async fn finish(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<EndQuery>,
) -> Answer<Response> {
    let Some(session) = caller.session else {
        return Err(Problem::bad_request(
            "this ends the session of a cookie; /v1/sign-out ends that of a token",
        ));
    };
    api.blocking(move |node| {
        if query.everywhere {
            let consoles = node
                .auth
                .cookies
                .end_all_of(caller.actor, caller.now.millis())?;
            for console in consoles {
                sign_out_device(node, console)?;
            }
        } else {
            end(node, &session, caller.now)?;
        }
        let headers = HeaderMap::from_iter([set_cookie(COOKIE_NAME, "", "; Max-Age=0")?]);
        Ok((StatusCode::NO_CONTENT, headers).into_response())
    })
    .await
}

/// Ends a session and takes its console out of use.
fn end(node: &Node, session: &CookieSession, now: Timestamp) -> Answer<()> {
    node.auth.cookies.end(session, now.millis())?;
    sign_out_device(node, session.actor.device)
}
