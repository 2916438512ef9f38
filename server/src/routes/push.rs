//! Push: by which key a phone's browser subscribes to its push service, and where the phone is told of news.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, Body, Caller};
use crate::auth::PushAddress;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::push::{AddressError, check_address};
use crate::words::said;

/// Whether this device is told that there is news.
#[derive(Serialize, ToSchema)]
pub struct PushBody {
    /// The server's public key, an uncompressed point of P-256 in base64url, as a browser takes it for
    /// `applicationServerKey`; none where phones are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether this device is.
    pub subscribed: bool,
}

/// What a browser gave: the parts of its `PushSubscription`.
#[derive(Deserialize, ToSchema)]
pub struct PushAddressBody {
    /// The URL of the push service.
    #[schema(example = "https://updates.push.services.mozilla.com/wpush/v2/gAAA")]
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The browser's secret, in base64url.
    pub auth: String,
}

/// Where this device is told.
#[derive(Deserialize, ToSchema)]
pub struct PushChange {
    /// Where; none when it is not to be told any more.
    #[serde(default)]
    pub subscription: Option<PushAddressBody>,
}

/// By which key to subscribe, and whether this device is told that there is news.
#[utoipa::path(get, path = "/v1/push", operation_id = "read_push", tag = "devices", responses((status = 200, body = PushBody)))]
pub async fn look(State(api): State<Api>, caller: Caller) -> Answer<Json<PushBody>> {
    api.blocking(move |node| {
        Ok(Json(PushBody {
            key: node.push.as_ref().map(|push| push.public_key().to_owned()),
            subscribed: node.auth.push.has(caller.actor.device)?,
        }))
    })
    .await
}

/// Says where this device is told that there is news, in place of what it said before, or that it is not to be told.
/// For phones: a console has no notifications. The URL must be of a push service that this server knows or was told of.
#[utoipa::path(post, path = "/v1/push", operation_id = "change_push", tag = "devices", request_body = PushChange, responses(
    (status = 200, body = PushBody),
    (status = 400, description = "bad_request: an unknown push service, or keys that are none", body = ProblemBody),
    (status = 403, description = "forbidden: not a phone", body = ProblemBody),
    (status = 409, description = "conflict: this server tells phones nothing", body = ProblemBody),
))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<PushChange>,
) -> Answer<Json<PushBody>> {
    api.blocking(move |node| {
        let device = caller.actor.device;
        let account = node.auth.devices.get(device)?;
        if account.is_none_or(|device| device.public_key.is_none()) {
            return Err(Problem::new(Code::Forbidden));
        }
        let key = node.push.as_ref().map(|push| push.public_key().to_owned());
        let subscribed = given.subscription.is_some();
        match given.subscription {
            None => node.auth.push.remove(device)?,
            Some(_) if key.is_none() => {
                return Err(Problem::new(Code::Conflict).because_in(said!("push_not_offered")));
            }
            Some(given) => {
                let address = PushAddress {
                    endpoint: given.endpoint,
                    p256dh: given.p256dh,
                    auth: given.auth,
                };
                check_address(&address, &node.config.push.services).map_err(|error| {
                    Problem::bad_request_in(match error {
                        AddressError::UnknownService => said!("push_service_unknown"),
                        AddressError::Keys => said!("push_keys"),
                    })
                })?;
                let now_ms = caller.now.millis();
                node.auth.push.put(device, &address, now_ms)?;
            }
        }
        Ok(Json(PushBody { key, subscribed }))
    })
    .await
}
