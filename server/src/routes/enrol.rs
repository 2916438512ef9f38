//! Enrolment: a phone redeems its code, proves its key and receives its first tokens.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::ids::{DeviceId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sign_in::name_of;
use super::{Api, Body, Peer, read_hex, shapes};
use crate::acts::devices::note_device;
use crate::auth::{EnrolmentError, Redemption};
use crate::middleware::Subject;
use crate::problem::{Answer, Problem, ProblemBody};

/// A one-time code.
#[derive(Deserialize, ToSchema)]
pub struct EnrolBegin {
    /// As scanned or typed: case, spaces and hyphens do not matter.
    pub code: String,
}

/// What the phone signs over.
#[derive(Serialize, ToSchema)]
pub struct EnrolNonce {
    /// 32 bytes in hexadecimal.
    pub nonce: String,
    /// Whom the code is for: a phone that holds the work of another does not use it up.
    pub user_id: String,
}

/// The proof.
#[derive(Deserialize, ToSchema)]
pub struct EnrolFinish {
    /// The code.
    pub code: String,
    /// The nonce received.
    pub nonce: String,
    /// The device's Ed25519 key, in hexadecimal.
    pub public_key: String,
    /// Its signature over the enrolment statement, in hexadecimal.
    pub signature: String,
    /// What its owner calls the device.
    #[serde(default)]
    pub label: String,
}

/// A device that has come to be, with its first tokens.
#[derive(Serialize, ToSchema)]
pub struct Enrolled {
    /// The device.
    pub device_id: String,
    /// Its user.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// The key receipts verify under, in hexadecimal.
    pub server_public_key: String,
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// Good for one exchange at `/v1/token`.
    pub refresh_token: String,
    /// Seconds the access token is valid.
    pub access_expires_in_s: i64,
    /// What supervisor and worker compare on both screens.
    pub fingerprint: String,
    /// What the phone needs of the directory.
    #[schema(value_type = shapes::PhoneDirectory)]
    pub directory: serde_json::Value,
}

/// Takes one request of the enrolment that a code is of; what is no code costs its address one, so that an office whose phones share an address is not held back by a stranger there.
async fn take_code(api: &Api, from: IpAddr, code: &str) -> Answer<()> {
    let code = code.to_owned();
    let enrolment = api
        .blocking(move |node| Ok(node.auth.enrolment.of_code(&code)?))
        .await?;
    api.take(enrolment.map_or(Subject::address(from), Subject::Enrolment))
}

/// The nonce of a code; the same each time.
#[utoipa::path(post, path = "/v1/enrol/begin", operation_id = "begin_enrolment", tag = "enrolment", security(()), request_body = EnrolBegin, responses(
    (status = 200, body = EnrolNonce),
    (status = 400, description = "bad_code", body = ProblemBody),
    (status = 429, description = "rate_limited", body = ProblemBody),
))]
pub async fn begin(
    State(api): State<Api>,
    Peer(from): Peer,
    Body(given): Body<EnrolBegin>,
) -> Answer<Json<EnrolNonce>> {
    take_code(&api, from, &given.code).await?;
    let now = api.now();
    api.blocking(move |node| {
        let challenge = node.auth.enrolment.begin(&given.code, now.millis())?;
        Ok(Json(EnrolNonce {
            nonce: to_hex(&challenge.nonce),
            user_id: challenge.user_id.to_string(),
        }))
    })
    .await
}

/// Makes the device. A phone that was enrolled for this user before stays the device that it is, whatever became of its session. The same phone may repeat this while the code is valid, since replies get lost.
#[utoipa::path(post, path = "/v1/enrol/finish", operation_id = "finish_enrolment", tag = "enrolment", security(()), request_body = EnrolFinish, responses(
    (status = 200, body = Enrolled),
    (status = 400, description = "bad_code", body = ProblemBody),
    (status = 403, description = "device_revoked: the user was disabled; device_wiped, with the signed order", body = ProblemBody),
    (status = 409, description = "device_limit; anothers_phone", body = ProblemBody),
    (status = 429, description = "rate_limited", body = ProblemBody),
))]
pub async fn finish(
    State(api): State<Api>,
    Peer(from): Peer,
    Body(given): Body<EnrolFinish>,
) -> Answer<Json<Enrolled>> {
    take_code(&api, from, &given.code).await?;
    let now = api.now();
    let public_key = read_hex::<32>(&given.public_key, "public_key")?;
    let proof = read_hex::<64>(&given.signature, "signature")?;
    read_hex::<32>(&given.nonce, "nonce")?;
    api.blocking(move |node| {
        let redemption = Redemption {
            code: &given.code,
            public_key,
            proof,
            max_devices: node.config.limits.devices_per_worker,
        };
        let enrolled = node.auth.enrol(&redemption, now.millis());
        let (tokens, fingerprint) = match enrolled {
            Err(EnrolmentError::Wipe(device)) => {
                let order = node.auth.wipe_order(device, now.millis());
                return Err(Problem::wiped(&order));
            }
            other => other?,
        };
        let (device, user) = (DeviceId(tokens.device_id), UserId(tokens.user_id));
        node.auth
            .devices
            .set_label(tokens.device_id, &given.label)?;
        note_device(node, device, user, &public_key, now)?;
        let directory = node.directory.current().scope(user, now);
        Ok(Json(Enrolled {
            device_id: tokens.device_id.to_string(),
            user_id: tokens.user_id.to_string(),
            user_name: name_of(node, user),
            server_public_key: to_hex(&node.auth.server_key.public()),
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.expose().to_owned(),
            access_expires_in_s: tokens.access_ttl_s,
            fingerprint,
            directory: serde_json::to_value(&directory).map_err(|e| Problem::internal(&e))?,
        }))
    })
    .await
}
