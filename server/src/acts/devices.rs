//! Devices: one that is let in, one that is revoked, and what is told of one.

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{self, DirectoryChange};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Actor, DeviceAccess, DeviceAccount, fingerprint};
use crate::node::Node;
use crate::problem::{Answer, Problem};

/// A device.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceBody {
    /// Its id.
    pub device_id: String,
    /// Whose it is.
    pub user_id: String,
    /// What its owner calls it.
    pub label: String,
    /// `phone` or `console`.
    pub kind: String,
    /// `active`, `revoked` or `wiped`.
    pub state: String,
    /// What stands for its key on both screens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When it was last seen, to the minute.
    pub last_seen_at: String,
}

impl From<&DeviceAccount> for DeviceBody {
    fn from(device: &DeviceAccount) -> Self {
        let state = match device.state {
            DeviceAccess::Active => "active",
            DeviceAccess::Revoked => "revoked",
            DeviceAccess::Wiped => "wiped",
        };
        Self {
            device_id: device.device_id.to_string(),
            user_id: device.user_id.to_string(),
            label: device.label.clone(),
            kind: if device.public_key.is_some() {
                "phone"
            } else {
                "console"
            }
            .to_owned(),
            state: state.to_owned(),
            fingerprint: device.public_key.as_ref().map(fingerprint),
            enrolled_at: Timestamp(device.created_ms).to_rfc3339(),
            last_seen_at: Timestamp(device.last_seen_ms).to_rfc3339(),
        }
    }
}

/// Makes the device known to everyone, once, and again when it was let in again.
pub(crate) fn note_device(
    node: &Node,
    id: DeviceId,
    user: UserId,
    public_key: &[u8; 32],
    now: Timestamp,
) -> Answer<()> {
    let known = node.directory.current().device(&id).cloned();
    let device = match known {
        Some(device) if device.state == directory::DeviceState::Active => return Ok(()),
        Some(device) => directory::Device {
            state: directory::DeviceState::Active,
            ..device
        },
        None => directory::Device {
            id,
            user,
            public_key: to_hex(public_key),
            state: directory::DeviceState::Active,
            enrolled: now,
        },
    };
    node.directory
        .change(vec![DirectoryChange::Device { device }])?;
    Ok(())
}

/// Revokes a device in the store of secrets and in the directory.
pub(crate) fn revoke_device(
    node: &Node,
    id: Uuid,
    wipe: bool,
    by: Actor,
    now: Timestamp,
) -> Answer<DeviceAccount> {
    let state = if wipe {
        DeviceAccess::Wiped
    } else {
        DeviceAccess::Revoked
    };
    node.auth.devices.set_state(id, state, by, now.millis())?;
    note_revoked(node, id)?;
    node.auth.devices.get(id)?.ok_or_else(Problem::not_found)
}

/// Takes a device out of use whose user signed out on it.
pub(crate) fn sign_out_device(node: &Node, id: Uuid) -> Answer<()> {
    node.auth.devices.sign_out(id)?;
    note_revoked(node, id)
}

/// Makes it known to everyone that a device is out of use.
fn note_revoked(node: &Node, id: Uuid) -> Answer<()> {
    let known = node.directory.current().device(&DeviceId(id)).cloned();
    if let Some(device) = known
        && device.state != directory::DeviceState::Revoked
    {
        let device = directory::Device {
            state: directory::DeviceState::Revoked,
            ..device
        };
        node.directory
            .change(vec![DirectoryChange::Device { device }])?;
    }
    Ok(())
}
