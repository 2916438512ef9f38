//! All phones, held in memory and kept up with their rows: ten thousand are asked for by every
//! overview, and a few change meanwhile.
//!
//! What enters: the open file. What leaves: its phones, by id. A row that is changed in any way here
//! is noted by a trigger, in the same transaction; what another process changed is seen by the
//! file's version, and all are read again.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use uuid::Uuid;

use super::device_rows::{DeviceAccount, SELECT, from_row, load};
use super::store::id;
use crate::keys::StoreError;

const NOTES: &str = "
CREATE TEMP TABLE IF NOT EXISTS changed_devices (device_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TEMP TRIGGER IF NOT EXISTS device_came AFTER INSERT ON main.devices
  BEGIN INSERT OR IGNORE INTO changed_devices VALUES (new.device_id); END;
CREATE TEMP TRIGGER IF NOT EXISTS device_changed AFTER UPDATE ON main.devices
  BEGIN INSERT OR IGNORE INTO changed_devices VALUES (old.device_id), (new.device_id); END;
CREATE TEMP TRIGGER IF NOT EXISTS device_went AFTER DELETE ON main.devices
  BEGIN INSERT OR IGNORE INTO changed_devices VALUES (old.device_id); END;
";

/// Phones, by id.
pub type Phones = Arc<Vec<Arc<DeviceAccount>>>;

/// The phones as they were read last; none before that, and after a reading that failed.
#[derive(Debug, Default)]
pub(super) struct PhoneList(Mutex<Option<Held>>);

#[derive(Debug)]
struct Held {
    /// The version of the file, which others' writes change.
    version: i64,
    phones: Phones,
}

impl PhoneList {
    /// The phones now. The caller holds the connection, so that nothing changes meanwhile.
    pub(super) fn read(&self, conn: &Connection) -> Result<Phones, StoreError> {
        let version: i64 = conn.pragma_query_value(None, "data_version", |r| r.get(0))?;
        let mut list = self.0.lock();
        let held = match list.take() {
            Some(held) if held.version == version => keep_up(conn, held)?,
            _ => read_all(conn, version)?,
        };
        let phones = Arc::clone(&held.phones);
        *list = Some(held);
        Ok(phones)
    }
}

fn read_all(conn: &Connection, version: i64) -> Result<Held, StoreError> {
    conn.execute_batch(NOTES)?;
    conn.execute("DELETE FROM temp.changed_devices", [])?;
    let sql = format!("{SELECT} WHERE public_key IS NOT NULL ORDER BY device_id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut phones = Vec::new();
    while let Some(row) = rows.next()? {
        phones.push(Arc::new(from_row(row)?));
    }
    Ok(Held {
        version,
        phones: Arc::new(phones),
    })
}

fn keep_up(conn: &Connection, mut held: Held) -> Result<Held, StoreError> {
    let mut noted = conn.prepare_cached("SELECT device_id FROM temp.changed_devices")?;
    let mut rows = noted.query([])?;
    let mut changed: Vec<Uuid> = Vec::new();
    while let Some(row) = rows.next()? {
        changed.push(id(&row.get::<_, Vec<u8>>(0)?)?);
    }
    drop(rows);
    if changed.is_empty() {
        return Ok(held);
    }
    let phones = Arc::make_mut(&mut held.phones);
    for device in changed {
        let at = phones.binary_search_by_key(&device, |phone| phone.device_id);
        let now = load(conn, device)?.filter(|device| device.public_key.is_some());
        match (at, now) {
            (Ok(at), Some(now)) => phones[at] = Arc::new(now),
            (Ok(at), None) => drop(phones.remove(at)),
            (Err(at), Some(now)) => phones.insert(at, Arc::new(now)),
            (Err(_), None) => {}
        }
    }
    conn.execute("DELETE FROM temp.changed_devices", [])?;
    Ok(held)
}
