//! Devices and whether they and their users may still act. Asked on every request.
//!
//! A change made through this process holds from the next request; one made by another process holds within [`MAX_CACHE_AGE_MS`].

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::audit::{Actor, AuditScope, record};
use super::device_rows::{
    DEVICE_LABEL_MAX_CHARS, DeviceAccess, DeviceAccount, DeviceStanding, SELECT, ensure_user,
    from_row, insert, load, number, standing_of,
};
use super::phone_list::{PhoneList, Phones};
use super::store::{AuthStore, id};
use super::{cookies, refresh};
use crate::keys::StoreError;

/// How old a cached answer may be.
pub const MAX_CACHE_AGE_MS: i64 = 5_000;
/// `last_seen` is written at most this often.
pub const LAST_SEEN_EVERY_MS: i64 = 60_000;

const CACHED_DEVICES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

#[derive(Debug, Clone, Copy)]
struct Cached {
    standing: DeviceStanding,
    read_ms: i64,
    last_seen_ms: i64,
}

/// The devices of one store.
#[derive(Debug)]
pub struct Devices {
    store: Arc<AuthStore>,
    cache: Mutex<LruCache<Uuid, Cached>>,
    phones: PhoneList,
}

/// Sets what a device may, and ends its sessions where that is nothing. A wipe stays one. Returns whether it exists.
fn set_state(tx: &Connection, device_id: Uuid, state: DeviceAccess) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE devices SET state = ?2 WHERE device_id = ?1 AND (state <> 2 OR ?2 = 2)",
        params![device_id.as_bytes(), number(state)],
    )?;
    if changed > 0 && state != DeviceAccess::Active {
        refresh::revoke_device(tx, device_id)?;
    }
    Ok(changed > 0)
}

impl Devices {
    /// The devices in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self {
            store,
            cache: Mutex::new(LruCache::new(CACHED_DEVICES)),
            phones: PhoneList::default(),
        }
    }

    /// Whether a device may act now; notes that it was seen.
    ///
    /// # Errors
    /// When the store fails; the request must then be refused.
    pub fn standing(&self, device_id: Uuid, now_ms: i64) -> Result<DeviceStanding, StoreError> {
        let cached = self.cache.lock().get(&device_id).copied();
        let current = match cached {
            Some(hit) if (0..MAX_CACHE_AGE_MS).contains(&(now_ms - hit.read_ms)) => hit,
            _ => self.store.read(|conn| self.read(conn, device_id, now_ms))?,
        };
        let seen = matches!(current.standing, DeviceStanding::Active { .. });
        if seen && now_ms - current.last_seen_ms >= LAST_SEEN_EVERY_MS {
            let noted = self.store.write(|tx| {
                tx.prepare_cached("UPDATE devices SET last_seen_ms = ?2 WHERE device_id = ?1")?
                    .execute(params![device_id.as_bytes(), now_ms])?;
                Ok::<_, StoreError>(())
            });
            if let Err(error) = noted {
                // Who may act is read, and nobody waits for a note: on a full disk a phone still hears what is new.
                tracing::warn!(%error, "when a device was last seen could not be noted");
            }
            // One that failed is tried again when the next is due.
            if let Some(hit) = self.cache.lock().get_mut(&device_id) {
                hit.last_seen_ms = now_ms;
            }
        }
        Ok(current.standing)
    }

    /// Whether a device may act, asked for what others bring of it: the device itself was not seen.
    ///
    /// # Errors
    /// When the store fails; what was brought must then not be taken.
    pub fn standing_unseen(&self, device_id: Uuid) -> Result<DeviceStanding, StoreError> {
        self.store.read(|conn| match load(conn, device_id)? {
            None => Ok(DeviceStanding::Unknown),
            Some(device) => standing_of(conn, &device),
        })
    }

    /// Runs under the lock of the store, so that no older answer is cached after a change was.
    fn read(&self, conn: &Connection, device_id: Uuid, now_ms: i64) -> Result<Cached, StoreError> {
        let device = load(conn, device_id)?;
        let (standing, last_seen_ms) = match &device {
            None => (DeviceStanding::Unknown, now_ms),
            Some(device) => (standing_of(conn, device)?, device.last_seen_ms),
        };
        let read = Cached {
            standing,
            read_ms: now_ms,
            last_seen_ms,
        };
        if device.is_some() {
            self.cache.lock().put(device_id, read);
        }
        Ok(read)
    }

    /// One device.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, device_id: Uuid) -> Result<Option<DeviceAccount>, StoreError> {
        self.store.read(|conn| load(conn, device_id))
    }

    /// All devices of a user, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of_user(&self, user_id: Uuid) -> Result<Vec<DeviceAccount>, StoreError> {
        self.store.read(|conn| {
            let sql = format!("{SELECT} WHERE user_id = ?1 ORDER BY created_ms, device_id");
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query([user_id.as_bytes()])?;
            let mut devices = Vec::new();
            while let Some(row) = rows.next()? {
                devices.push(from_row(row)?);
            }
            Ok(devices)
        })
    }

    /// All devices with a key, which are phones, by id. They are kept in memory: asked again it
    /// costs by what changed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn enrolled(&self) -> Result<Phones, StoreError> {
        self.store.read(|conn| self.phones.read(conn))
    }

    /// All users that are known here, and whether each is blocked.
    ///
    /// # Errors
    /// When the store fails.
    pub fn users(&self) -> Result<Vec<(Uuid, bool)>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT user_id, blocked FROM users ORDER BY user_id")?;
            let mut rows = statement.query([])?;
            let mut users = Vec::new();
            while let Some(row) = rows.next()? {
                users.push((id(&row.get::<_, Vec<u8>>(0)?)?, row.get(1)?));
            }
            Ok(users)
        })
    }

    /// Notes what its owner calls a device; what is too long is cut, what cannot be seen is left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_label(&self, device_id: Uuid, label: &str) -> Result<(), StoreError> {
        let label: String = label
            .chars()
            .filter(|c| !c.is_control())
            .take(DEVICE_LABEL_MAX_CHARS)
            .collect();
        self.store.write(|tx| {
            tx.execute(
                "UPDATE devices SET label = ?2 WHERE device_id = ?1",
                params![device_id.as_bytes(), label.trim()],
            )?;
            Ok(())
        })
    }

    /// Makes the device a console stands for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create_console(&self, user_id: Uuid, now_ms: i64) -> Result<Uuid, StoreError> {
        let device = DeviceAccount {
            device_id: crate::keys::secret::new_id(now_ms)?,
            user_id,
            public_key: None,
            state: DeviceAccess::Active,
            created_ms: now_ms,
            last_seen_ms: now_ms,
            label: String::new(),
        };
        let who = Actor {
            user: user_id,
            device: device.device_id,
        };
        self.store.write(|tx| {
            insert(tx, &device)?;
            record(
                tx,
                now_ms,
                who,
                "session.start",
                AuditScope::of("user", user_id),
            )
        })?;
        Ok(device.device_id)
    }

    /// Takes a device out of use, or orders it to erase itself, and ends its sessions.
    /// A wipe is never taken back. Returns whether the device exists.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_state(
        &self,
        device_id: Uuid,
        state: DeviceAccess,
        by: Actor,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let what = match state {
            DeviceAccess::Active => "device.reactivate",
            DeviceAccess::Revoked => "device.revoke",
            DeviceAccess::Wiped => "device.wipe",
        };
        let found = self.store.write(|tx| {
            let found = set_state(tx, device_id, state)?;
            if found {
                record(tx, now_ms, by, what, AuditScope::of("device", device_id))?;
            }
            Ok::<_, StoreError>(found)
        })?;
        self.cache.lock().pop(&device_id);
        Ok(found)
    }

    /// Takes a device out of use whose user signed out on it. Nobody revoked it: what stands in the audit log is that
    /// its session ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sign_out(&self, device_id: Uuid) -> Result<(), StoreError> {
        self.store
            .write(|tx| set_state(tx, device_id, DeviceAccess::Revoked))?;
        self.cache.lock().pop(&device_id);
        Ok(())
    }

    /// Asks anew whether devices may act.
    pub(super) fn forget(&self) {
        self.cache.lock().clear();
    }
    /// Asks anew whether a device may act.
    pub(super) fn forget_one(&self, device_id: Uuid) {
        self.cache.lock().pop(&device_id);
    }

    /// Blocks a user on all devices and ends the user's sessions, or lets the user back in.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_user_blocked(
        &self,
        user_id: Uuid,
        blocked: bool,
        by: Actor,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let what = if blocked {
            "user.block"
        } else {
            "user.unblock"
        };
        self.store.write(|tx| {
            ensure_user(tx, user_id, now_ms)?;
            tx.execute(
                "UPDATE users SET blocked = ?2, changed_ms = ?3 WHERE user_id = ?1",
                params![user_id.as_bytes(), blocked, now_ms],
            )?;
            if blocked {
                refresh::revoke_user(tx, user_id)?;
                cookies::revoke_user(tx, user_id)?;
            }
            record(tx, now_ms, by, what, AuditScope::of("user", user_id))
        })?;
        self.cache.lock().clear();
        Ok(())
    }
}
