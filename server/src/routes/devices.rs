//! Devices: invite, list, revoke.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::entry::{PublicKey, Signature, wiped_statement};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::users::read_user;
use super::{Api, Body, Caller, Here, Params, Path, Peer, read_hex};
use crate::acts::devices::{DeviceBody, revoke_device};
use crate::auth::EnrolmentStatus;
use crate::middleware::Subject;
use crate::problem::{Answer, Problem, ProblemBody};

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
pub struct Invite {
    /// The user the device will act for.
    pub user_id: String,
}

/// A one-time code.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    /// Names the code without revealing it.
    pub enrolment_id: String,
    /// The code in groups, to be read aloud or typed. Shown once.
    pub code: String,
    /// The text of the QR code.
    pub qr: String,
    /// When it expires.
    pub expires_at: String,
}

/// What became of a code.
#[derive(Serialize, ToSchema)]
pub struct InvitationStatus {
    /// `waiting`, `redeemed`, `expired` or `dead`.
    pub status: String,
    /// The device, once redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// To be compared with the phone's screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// The word of a phone that it wiped itself.
#[derive(Deserialize, ToSchema)]
pub struct Wiped {
    /// Its signature over the statement of `docs/PROTOCOL.md`, in hexadecimal.
    pub signature: String,
}

/// Devices.
#[derive(Serialize, ToSchema)]
pub struct DeviceList {
    /// The devices.
    pub devices: Vec<DeviceBody>,
}

/// Whose devices.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// Only this user's.
    pub user_id: Option<String>,
    /// Whether consoles are listed too.
    #[serde(default)]
    pub consoles: bool,
}

/// How to revoke.
#[derive(Deserialize, Default, ToSchema)]
pub struct Revoke {
    /// Whether the phone must erase itself at its next contact.
    #[serde(default)]
    pub wipe: bool,
}

/// Makes a one-time code for a user's next device, valid for 15 minutes. Its QR code names `server.public_url`, or the address of this request when none is configured.
#[utoipa::path(post, path = "/v1/devices/invite", operation_id = "invite_device", tag = "devices", request_body = Invite, responses(
    (status = 201, body = Invitation),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn invite(
    State(api): State<Api>,
    caller: Caller,
    Here(here): Here,
    Body(given): Body<Invite>,
) -> Answer<(StatusCode, Json<Invitation>)> {
    let user = read_user(&caller, &given.user_id)?;
    api.blocking(move |node| {
        let (by, now) = (caller.actor, caller.now);
        let invite = || Ok(node.auth.enrolment.invite(user.0, by, now.millis())?);
        let made = if user == caller.user() {
            node.on_oneself(by, now, invite)?
        } else {
            node.on_person(by, user, now, invite)?
        };
        Ok((
            StatusCode::CREATED,
            Json(Invitation {
                enrolment_id: made.enrolment_id.to_string(),
                code: made.code.text().to_string(),
                qr: made.code.qr(&here).to_string(),
                expires_at: Timestamp(made.expires_ms).to_rfc3339(),
            }),
        ))
    })
    .await
}

/// Whose invitations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InvitationQuery {
    /// Only this user's.
    pub user_id: Option<String>,
}

/// A code that nobody has used yet. The code itself is never shown again.
#[derive(Serialize, ToSchema)]
pub struct PendingInvitation {
    /// Names the code without revealing it.
    pub enrolment_id: String,
    /// Whose next device it is for.
    pub user_id: String,
    /// When it expires.
    pub expires_at: String,
}

/// Codes that nobody has used yet.
#[derive(Serialize, ToSchema)]
pub struct InvitationList {
    /// The codes, oldest first.
    pub invitations: Vec<PendingInvitation>,
}

/// Whether the caller may know of a user's invitations: whoever may invite that user, and nobody else.
fn may_invite(caller: &Caller, user: UserId) -> bool {
    user == caller.user() || caller.may_manage(user)
}

/// The codes that nobody has used yet, of users whom the caller may invite.
#[utoipa::path(get, path = "/v1/devices/invite", operation_id = "list_invitations", tag = "devices", params(InvitationQuery), responses(
    (status = 200, body = InvitationList),
    (status = 404, body = ProblemBody),
))]
pub async fn invitations(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<InvitationQuery>,
) -> Answer<Json<InvitationList>> {
    let only = match &query.user_id {
        Some(text) => Some(read_user(&caller, text)?),
        None => None,
    };
    let now_ms = caller.now.millis();
    let waiting = api
        .blocking(move |node| Ok(node.auth.enrolment.waiting(now_ms)?))
        .await?;
    let invitations = waiting
        .into_iter()
        .filter(|code| only.is_none_or(|user| user.0 == code.user_id))
        .filter(|code| may_invite(&caller, UserId(code.user_id)))
        .map(|code| PendingInvitation {
            enrolment_id: code.enrolment_id.to_string(),
            user_id: code.user_id.to_string(),
            expires_at: Timestamp(code.expires_ms).to_rfc3339(),
        })
        .collect();
    Ok(Json(InvitationList { invitations }))
}

/// Makes a code useless. A device that it made stays.
#[utoipa::path(delete, path = "/v1/devices/invite/{enrolment_id}", operation_id = "cancel_invitation", tag = "devices", params(("enrolment_id" = String, Path)), responses(
    (status = 204, description = "It cannot be used any more"),
    (status = 404, body = ProblemBody),
))]
pub async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    api.blocking(move |node| {
        let enrolment = &node.auth.enrolment;
        let user = enrolment.user(id)?.map(UserId);
        if !user.is_some_and(|user| may_invite(&caller, user)) {
            return Err(Problem::not_found());
        }
        enrolment.withdraw(id, caller.actor, caller.now.millis())?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// What became of a code.
#[utoipa::path(get, path = "/v1/devices/invite/{enrolment_id}", operation_id = "read_invitation", tag = "devices", params(("enrolment_id" = String, Path)), responses(
    (status = 200, body = InvitationStatus),
    (status = 404, body = ProblemBody),
))]
pub async fn invitation(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Answer<Json<InvitationStatus>> {
    let now_ms = caller.now.millis();
    let status = api
        .blocking(move |node| {
            let user = node.auth.enrolment.user(id)?.map(UserId);
            if !user.is_some_and(|user| may_invite(&caller, user)) {
                return Err(Problem::not_found());
            }
            Ok(node.auth.enrolment.status(id, now_ms)?)
        })
        .await?;
    let plain = |status: &str| InvitationStatus {
        status: status.to_owned(),
        device_id: None,
        fingerprint: None,
    };
    Ok(Json(match status {
        EnrolmentStatus::Waiting => plain("waiting"),
        EnrolmentStatus::Expired => plain("expired"),
        EnrolmentStatus::Dead => plain("dead"),
        EnrolmentStatus::Redeemed {
            device_id,
            fingerprint,
        } => InvitationStatus {
            status: "redeemed".to_owned(),
            device_id: Some(device_id.to_string()),
            fingerprint: Some(fingerprint),
        },
        EnrolmentStatus::Unknown => return Err(Problem::not_found()),
    }))
}

/// The devices of users the caller may know of.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_devices", tag = "devices", params(DeviceQuery), responses((status = 200, body = DeviceList)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<DeviceQuery>,
) -> Answer<Json<DeviceList>> {
    let users: Vec<UserId> = match &query.user_id {
        Some(text) => vec![read_user(&caller, text)?],
        None => caller
            .directory
            .users()
            .map(|u| u.id)
            .filter(|u| caller.sees_user(*u))
            .collect(),
    };
    api.blocking(move |node| {
        let mut devices = Vec::new();
        for user in users {
            for device in node.auth.devices.of_user(user.0)? {
                if query.consoles || device.public_key.is_some() {
                    devices.push(DeviceBody::from(&device));
                }
            }
        }
        Ok(Json(DeviceList { devices }))
    })
    .await
}

/// Takes a device out of use from its next request on.
#[utoipa::path(post, path = "/v1/devices/{device_id}/revoke", operation_id = "revoke_device", tag = "devices", params(("device_id" = String, Path)), request_body = Revoke, responses(
    (status = 200, body = DeviceBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(given): Body<Revoke>,
) -> Answer<Json<DeviceBody>> {
    api.blocking(move |node| {
        let device = node.auth.devices.get(id)?.ok_or_else(Problem::not_found)?;
        let owner = UserId(device.user_id);
        if !caller.sees_user(owner) {
            return Err(Problem::not_found());
        }
        let (by, now) = (caller.actor, caller.now);
        let revoke = || revoke_device(node, id, given.wipe, by, now);
        let device = if owner == caller.user() {
            revoke()?
        } else {
            node.on_person(by, owner, now, revoke)?
        };
        Ok(Json(DeviceBody::from(&device)))
    })
    .await
}

/// A phone that was told to wipe itself says that it did. It has no token any more: its signature, made before it erased its key, stands for it. Safe to repeat; the first time counts.
#[utoipa::path(post, path = "/v1/devices/{device_id}/wiped", operation_id = "report_wiped", tag = "devices", security(()), params(("device_id" = String, Path)), request_body = Wiped, responses(
    (status = 204),
    (status = 400, body = ProblemBody),
    (status = 404, description = "no such phone, it was not told to wipe itself, or the signature is not its own", body = ProblemBody),
    (status = 429, body = ProblemBody),
))]
pub async fn wiped(
    State(api): State<Api>,
    Peer(from): Peer,
    Path(id): Path<Uuid>,
    Body(given): Body<Wiped>,
) -> Answer<StatusCode> {
    api.take(Subject::address(from))?;
    let signature = read_hex::<64>(&given.signature, "signature")?;
    let now_ms = api.now().millis();
    api.blocking(move |node| {
        let device = node.auth.devices.get(id)?.ok_or_else(Problem::not_found)?;
        let key = device.public_key.ok_or_else(Problem::not_found)?;
        let statement = wiped_statement(DeviceId(id));
        if !PublicKey(key).verify(&statement, &Signature(signature))
            || !node.auth.reports.wiped(id, now_ms)?
        {
            return Err(Problem::not_found());
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
