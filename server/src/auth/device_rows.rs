//! Devices as they stand in `auth.db`, and what a row says of whether its device may act.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::store::{fixed, id};
use crate::keys::StoreError;

/// What a device may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAccess {
    /// Everything its user may.
    Active,
    /// Nothing.
    Revoked,
    /// Nothing but learn that it must erase itself.
    Wiped,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAccount {
    /// Its id.
    pub device_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Its ed25519 key; `None` for a console, a browser the server speaks for.
    pub public_key: Option<[u8; 32]>,
    /// What it may do.
    pub state: DeviceAccess,
    /// When it enrolled.
    pub created_ms: i64,
    /// When it was last seen, to the minute.
    pub last_seen_ms: i64,
    /// What its owner calls it, for example its model.
    pub label: String,
}

/// The longest label of a device, in characters.
pub const DEVICE_LABEL_MAX_CHARS: usize = 60;

/// The answer for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceStanding {
    /// Go on, for this user.
    Active {
        /// The device's user.
        user_id: Uuid,
    },
    /// The device was revoked.
    Revoked,
    /// The device must erase itself.
    Wipe,
    /// The user was blocked.
    UserBlocked,
    /// No such device.
    Unknown,
}

pub(super) const SELECT: &str =
    "SELECT device_id, user_id, public_key, state, created_ms, last_seen_ms, label FROM devices";

pub(super) fn from_row(row: &rusqlite::Row<'_>) -> Result<DeviceAccount, StoreError> {
    let key: Option<Vec<u8>> = row.get(2)?;
    Ok(DeviceAccount {
        device_id: id(&row.get::<_, Vec<u8>>(0)?)?,
        user_id: id(&row.get::<_, Vec<u8>>(1)?)?,
        public_key: key.map(|key| fixed(&key)).transpose()?,
        state: match row.get::<_, i64>(3)? {
            0 => DeviceAccess::Active,
            1 => DeviceAccess::Revoked,
            2 => DeviceAccess::Wiped,
            _ => return Err(StoreError::Damaged("a device has no known state")),
        },
        created_ms: row.get(4)?,
        last_seen_ms: row.get(5)?,
        label: row.get(6)?,
    })
}

pub(super) fn number(state: DeviceAccess) -> i64 {
    match state {
        DeviceAccess::Active => 0,
        DeviceAccess::Revoked => 1,
        DeviceAccess::Wiped => 2,
    }
}

pub(crate) fn load(
    conn: &Connection,
    device_id: Uuid,
) -> Result<Option<DeviceAccount>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE device_id = ?1"))?;
    let mut rows = statement.query([device_id.as_bytes()])?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) fn standing_of(
    conn: &Connection,
    device: &DeviceAccount,
) -> Result<DeviceStanding, StoreError> {
    Ok(match device.state {
        DeviceAccess::Wiped => DeviceStanding::Wipe,
        DeviceAccess::Revoked => DeviceStanding::Revoked,
        DeviceAccess::Active if is_blocked(conn, device.user_id)? => DeviceStanding::UserBlocked,
        DeviceAccess::Active => DeviceStanding::Active {
            user_id: device.user_id,
        },
    })
}

pub(crate) fn insert(tx: &Connection, device: &DeviceAccount) -> Result<(), StoreError> {
    ensure_user(tx, device.user_id, device.created_ms)?;
    tx.execute(
        "INSERT INTO devices (device_id, user_id, public_key, state, created_ms, last_seen_ms, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            device.device_id.as_bytes(),
            device.user_id.as_bytes(),
            device.public_key,
            number(device.state),
            device.created_ms,
            device.last_seen_ms,
            device.label
        ],
    )?;
    Ok(())
}

/// The newest device with this key. Earlier versions made one for each code.
pub(super) fn of_key(
    conn: &Connection,
    key: &[u8; 32],
) -> Result<Option<DeviceAccount>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "{SELECT} WHERE public_key = ?1 ORDER BY created_ms DESC, device_id DESC LIMIT 1"
    ))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(from_row).transpose()
}

/// Lets a revoked device act again; one that was told to erase itself stays so.
pub(super) fn let_in(tx: &Connection, device_id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE devices SET state = 0 WHERE device_id = ?1 AND state = 1",
        [device_id.as_bytes()],
    )?;
    Ok(())
}

/// Other phones in use than this one: keys, not codes. Consoles have none and do not count.
pub(super) fn count_phones(
    conn: &Connection,
    user_id: Uuid,
    but: &[u8; 32],
) -> Result<u32, StoreError> {
    Ok(conn.query_row(
        "SELECT count(DISTINCT public_key) FROM devices WHERE user_id = ?1 AND state = 0 AND public_key <> ?2",
        params![user_id.as_bytes(), but],
        |r| r.get(0),
    )?)
}

pub(crate) fn ensure_user(tx: &Connection, user_id: Uuid, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR IGNORE INTO users (user_id, changed_ms) VALUES (?1, ?2)",
        params![user_id.as_bytes(), now_ms],
    )?;
    Ok(())
}

pub(crate) fn is_blocked(conn: &Connection, user_id: Uuid) -> Result<bool, StoreError> {
    let blocked: Option<bool> = conn
        .prepare_cached("SELECT blocked FROM users WHERE user_id = ?1")?
        .query_row([user_id.as_bytes()], |r| r.get(0))
        .optional()?;
    Ok(blocked.unwrap_or(false))
}
