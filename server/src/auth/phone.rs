//! The device that a phone is: the key that it proves makes it the same one, however many codes it is given.
//!
//! What enters: a proved key and the user whom a code is for. What leaves: that user's device of this key, made when there was none, let in again when it was revoked.
//! What never happens here: another user's phone taken over, or a phone that was told to erase itself let in again.

use rusqlite::Connection;
use uuid::Uuid;

use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::device_rows::{self, DeviceAccess, DeviceAccount};
use super::redemption::{EnrolmentError, Redemption};
use super::refresh;
use crate::keys::secret::new_id;

/// The device of a phone for this user. Its earlier sessions have ended: the new code begins another.
pub(super) fn device_for(
    tx: &Connection,
    given: &Redemption<'_>,
    user_id: Uuid,
    now_ms: i64,
) -> Result<Result<Uuid, EnrolmentError>, EnrolmentError> {
    let known = device_rows::of_key(tx, &given.public_key)?;
    match &known {
        Some(device) if device.user_id != user_id => {
            return Ok(Err(EnrolmentError::AnothersPhone));
        }
        Some(device) if device.state == DeviceAccess::Wiped => {
            return Ok(Err(EnrolmentError::Wipe(device.device_id)));
        }
        Some(device) if device.state == DeviceAccess::Active => {
            refresh::revoke_device(tx, device.device_id)?;
            return Ok(Ok(device.device_id));
        }
        _ => {}
    }
    if device_rows::count_phones(tx, user_id, &given.public_key)? >= given.max_devices {
        let limit = given.max_devices;
        return Ok(Err(EnrolmentError::TooManyDevices { limit }));
    }
    if let Some(device) = known {
        let who = Actor {
            user: user_id,
            device: device.device_id,
        };
        device_rows::let_in(tx, device.device_id)?;
        let scope = AuditScope::of("device", device.device_id);
        record(tx, now_ms, who, "device.reactivate", scope)?;
        return Ok(Ok(device.device_id));
    }
    let device = DeviceAccount {
        device_id: new_id(now_ms)?,
        user_id,
        public_key: Some(given.public_key),
        state: DeviceAccess::Active,
        created_ms: now_ms,
        last_seen_ms: now_ms,
        label: String::new(),
    };
    device_rows::insert(tx, &device)?;
    Ok(Ok(device.device_id))
}
