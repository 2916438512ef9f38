//! Phones of the people of an area: who has been silent for how long.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{AreaCode, DeviceId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Api, Caller, Params, page_rows};
use crate::auth::{DeviceAccess, DeviceAccount};
use crate::known_people::Known;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};

/// A phone.
#[derive(Serialize, ToSchema)]
pub struct PhoneBody {
    /// Its id.
    pub device_id: String,
    /// Whose it is.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// Whether the caller may revoke and wipe it: its owner, and who may act on them.
    pub may_manage: bool,
    /// What its owner calls it, for example its model.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When it was last in contact, to the minute.
    pub last_sync_at: String,
    /// `active`, `revoked`, `wiped`, or `forked`: a copy of its store wrote under its name, and what that brought was set aside.
    pub state: String,
    /// Entries of it that were set aside.
    pub set_aside: u64,
    /// Entries that still waited on it after its last contact; absent until it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// How far its clock is behind the server's, in milliseconds; negative when it is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_ms: Option<i64>,
    /// The version of its library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library_version: Option<String>,
    /// When it last said that it erased a grid that it may no longer hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid_erased_at: Option<String>,
    /// When it said that it wiped itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wipe_receipt_at: Option<String>,
}

/// A page of phones, the longest silent first.
#[derive(Serialize, ToSchema)]
pub struct PhonePage {
    /// The phones.
    pub phones: Vec<PhoneBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which phones.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PhoneQuery {
    /// Only of people with a grant in or around this area.
    pub area: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// Whom the caller may know of, and where those work.
pub(super) fn known_people(node: &Node, caller: &Caller) -> Arc<Known> {
    let (known, directory) = (&node.known_people, &caller.directory);
    known.of(caller.user(), directory, caller.now, caller.sees_users())
}

/// The phones of users whom the caller may know of.
pub(super) fn phones_of(
    node: &Node,
    caller: &Caller,
    area: Option<&str>,
) -> Answer<Vec<Arc<DeviceAccount>>> {
    let area = area.map(|code| caller.read_area(code)).transpose()?;
    let known = known_people(node, caller);
    let phones = node.auth.devices.enrolled()?;
    let is_theirs = |phone: &&Arc<DeviceAccount>| {
        let user = UserId(phone.user_id);
        known.contains_key(&user) && works_around(caller, user, area.as_ref())
    };
    Ok(phones.iter().filter(is_theirs).cloned().collect())
}

/// Whether a user has a grant that runs in or around an area; of none, everybody has.
pub(super) fn works_around(caller: &Caller, user: UserId, area: Option<&AreaCode>) -> bool {
    let Some(area) = area else { return true };
    let directory = &caller.directory;
    directory
        .active_grants(user, caller.now)
        .any(|g| directory.meets(g.area.as_ref(), area))
}

fn body(
    node: &Node,
    caller: &Caller,
    receipts: &HashMap<Uuid, i64>,
    device: &DeviceAccount,
) -> Answer<PhoneBody> {
    let report = node.auth.reports.of(device.device_id);
    let set_aside = node.views.set_aside_of(DeviceId(device.device_id))?;
    let state = match device.state {
        DeviceAccess::Active if set_aside.forked > 0 => "forked",
        DeviceAccess::Active => "active",
        DeviceAccess::Revoked => "revoked",
        DeviceAccess::Wiped => "wiped",
    };
    Ok(PhoneBody {
        device_id: device.device_id.to_string(),
        user_id: device.user_id.to_string(),
        user_name: caller
            .directory
            .user(&UserId(device.user_id))
            .map_or_else(String::new, |u| u.name.clone()),
        may_manage: {
            let owner = UserId(device.user_id);
            owner == caller.user() || caller.may_manage(owner)
        },
        model: device.label.clone(),
        enrolled_at: Timestamp(device.created_ms).to_rfc3339(),
        last_sync_at: Timestamp(device.last_seen_ms).to_rfc3339(),
        state: state.to_owned(),
        set_aside: set_aside.entries,
        pending: report.as_ref().map(|r| r.pending),
        clock_skew_ms: report.as_ref().map(|r| r.clock_skew_ms),
        library_version: report.map(|r| r.library).filter(|v| !v.is_empty()),
        wipe_receipt_at: receipts
            .get(&device.device_id)
            .map(|at| Timestamp(*at).to_rfc3339()),
        grid_erased_at: caller
            .directory
            .last_erased(DeviceId(device.device_id))
            .map(Timestamp::to_rfc3339),
    })
}

/// The phones of the people of the caller's areas, the longest silent first.
#[utoipa::path(get, path = "/v1/phones", operation_id = "list_phones", tag = "devices", params(PhoneQuery), responses((status = 200, body = PhonePage), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<PhoneQuery>,
) -> Answer<Json<PhonePage>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let limit = page_rows(query.limit)?;
    api.blocking(move |node| {
        let mut phones = phones_of(node, &caller, query.area.as_deref())?;
        phones.sort_by_key(|d| (d.last_seen_ms, d.device_id));
        if let Some(cursor) = &query.cursor {
            let bad = || Problem::bad_request("this is not a cursor of this list");
            let (seen, id) = cursor.split_once('_').ok_or_else(bad)?;
            let seen: i64 = seen.parse().map_err(|_| bad())?;
            let id: Uuid = id.parse().map_err(|_| bad())?;
            phones.retain(|d| (d.last_seen_ms, d.device_id) > (seen, id));
        }
        let more = phones.len() > limit;
        phones.truncate(limit);
        let next = phones
            .last()
            .filter(|_| more)
            .map(|d| format!("{}_{}", d.last_seen_ms, d.device_id));
        let receipts = node.auth.reports.wipe_receipts()?;
        let phones = phones
            .iter()
            .map(|d| body(node, &caller, &receipts, d))
            .collect::<Answer<_>>()?;
        Ok(Json(PhonePage { phones, next }))
    })
    .await
}
