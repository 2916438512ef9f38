//! Tokens of people: sign in, refresh, sign out, who am I.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::Grant;
use gridfold_sync_core::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, Body, Caller, Peer, shapes};
use crate::acts::devices::sign_out_device;
use crate::acts::grants::GrantBody;
use crate::auth::AuditScope;
use crate::auth::{Password, RefreshError, TokenPair};
use crate::middleware::Subject;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};

/// Login and password.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    /// The login.
    #[schema(example = "admin")]
    pub login: String,
    /// The password.
    pub password: String,
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
pub struct Refresh {
    /// The refresh token.
    pub refresh_token: String,
    /// A device may prove its key too: the signature over the token, in hexadecimal.
    #[serde(default)]
    pub signature: Option<String>,
}

/// The two tokens of somebody who signed in.
#[derive(Serialize, ToSchema)]
pub struct TokenPairBody {
    /// The user.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// The device they are for; a console has one of its own.
    pub device_id: String,
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// Good for one exchange at `/v1/token`.
    pub refresh_token: String,
    /// Seconds the access token is valid.
    pub access_expires_in_s: i64,
}

/// Who the caller is.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The user.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// The device.
    pub device_id: String,
    /// Roles held anywhere.
    pub roles: Vec<String>,
    /// Grants in force.
    pub grants: Vec<GrantBody>,
}

/// The name of a user, empty when there is none.
pub(super) fn name_of(node: &Node, user: UserId) -> String {
    node.directory
        .current()
        .user(&user)
        .map_or_else(String::new, |u| u.name.clone())
}

pub(super) fn token_pair_body(node: &Node, pair: &TokenPair) -> TokenPairBody {
    TokenPairBody {
        user_id: pair.user_id.to_string(),
        user_name: name_of(node, UserId(pair.user_id)),
        device_id: pair.device_id.to_string(),
        access_token: pair.access.expose().to_owned(),
        refresh_token: pair.refresh.expose().to_owned(),
        access_expires_in_s: pair.access_ttl_s,
    }
}

/// Signs a person in.
#[utoipa::path(post, path = "/v1/sign-in", tag = "sessions", security(()), request_body = SignIn, responses(
    (status = 200, body = TokenPairBody),
    (status = 401, description = "sign_in_failed", body = ProblemBody),
    (status = 429, description = "sign_in_delayed, rate_limited", body = ProblemBody),
    (status = 503, description = "unavailable", body = ProblemBody),
))]
pub async fn sign_in(
    State(api): State<Api>,
    Peer(from): Peer,
    Body(given): Body<SignIn>,
) -> Answer<Json<TokenPairBody>> {
    api.take(Subject::address(from))?;
    let now = api.now();
    api.blocking(move |node| {
        let password = Password::new(given.password);
        let pair = node
            .auth
            .sign_in_console(&given.login, &password, from, now.millis())?;
        Ok(Json(token_pair_body(node, &pair)))
    })
    .await
}

/// Exchanges a refresh token for new tokens. The token before stays good until the new one is used.
#[utoipa::path(post, path = "/v1/token", operation_id = "refresh_token", tag = "sessions", security(()), request_body = Refresh, responses(
    (status = 200, body = TokenPairBody),
    (status = 401, description = "unauthorized: sign in or enrol again", body = ProblemBody),
    (status = 403, description = "device_revoked; device_wiped, with the signed order", body = ProblemBody),
    (status = 429, description = "rate_limited", body = ProblemBody),
))]
pub async fn token(
    State(api): State<Api>,
    Peer(from): Peer,
    Body(given): Body<Refresh>,
) -> Answer<Json<TokenPairBody>> {
    let now = api.now();
    let signature = match &given.signature {
        Some(text) => Some(super::read_hex::<64>(text, "signature")?),
        None => None,
    };
    let token = given.refresh_token.clone();
    let device = api
        .blocking(move |node| Ok(node.auth.refresh.device_of(&token, now.millis())?))
        .await?;
    // Whoever shows a good token is not held back by others at the same address.
    api.take(device.map_or(Subject::address(from), Subject::Refresh))?;
    api.blocking(move |node| {
        let auth = &node.auth;
        match auth.refresh(&given.refresh_token, None, signature.as_ref(), now.millis()) {
            Ok(pair) => Ok(Json(token_pair_body(node, &pair))),
            Err(RefreshError::Wipe(device)) => {
                Err(Problem::wiped(&auth.wipe_order(device, now.millis())))
            }
            Err(other) => Err(other.into()),
        }
    })
    .await
}

/// What to end besides the sign-in that the access token is of.
#[derive(Deserialize, Default, ToSchema)]
pub struct SignOut {
    /// The refresh token, which is ended too.
    #[serde(default)]
    pub refresh_token: Option<String>,
}

/// Ends the sign-in. The device's access token is refused from its next request on.
#[utoipa::path(post, path = "/v1/sign-out", tag = "sessions", request_body = SignOut, responses(
    (status = 204, description = "Ended"),
    (status = 401, body = ProblemBody),
))]
pub async fn sign_out(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<SignOut>,
) -> Answer<StatusCode> {
    api.blocking(move |node| {
        let ended = match &given.refresh_token {
            Some(token) => node.auth.refresh.end(token, caller.now.millis())?,
            None => false,
        };
        if !ended {
            let scope = AuditScope::of("device", caller.actor.device);
            caller.audit(node, "session.end", scope)?;
        }
        // A phone erases its key when it signs out, so the device never comes back either.
        sign_out_device(node, caller.actor.device)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Who the caller is and what they may do.
#[utoipa::path(get, path = "/v1/me", operation_id = "read_me", tag = "sessions", responses((status = 200, body = Me), (status = 401, body = ProblemBody)))]
pub async fn me(State(api): State<Api>, caller: Caller) -> Answer<Json<Me>> {
    Ok(Json(me_body(&api.node, &caller)))
}

pub(super) fn me_body(node: &Node, caller: &Caller) -> Me {
    let grants: Vec<&Grant> = caller
        .directory
        .active_grants(caller.user(), caller.now)
        .collect();
    Me {
        user_id: caller.actor.user.to_string(),
        user_name: name_of(node, caller.user()),
        device_id: caller.actor.device.to_string(),
        roles: caller
            .directory
            .roles(caller.user(), caller.now)
            .iter()
            .map(|r| r.as_str().to_owned())
            .collect(),
        grants: grants.into_iter().map(GrantBody::from).collect(),
    }
}

/// The public keys that access tokens verify under, as a JWK set.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "read_jwks", tag = "sessions", security(()), responses((status = 200, body = shapes::JwkSet)))]
pub async fn jwks(State(api): State<Api>) -> Answer<Json<serde_json::Value>> {
    let now = api.now();
    api.blocking(move |node| Ok::<_, Problem>(Json(node.auth.tokens.jwks(now.millis()))))
        .await
}
