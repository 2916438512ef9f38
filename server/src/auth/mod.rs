//! Who is calling, and the keys that protect what they bring.

mod audit;
mod record_keys;
mod seal;
mod secret;
mod server_key;
mod sqlite;
mod store;

pub use audit::{
    Actor, Audit, AuditError, AuditEvent, AuditRow, SCOPE_MAX_BYTES, Scope, SignedHead,
};
pub use record_keys::{DEFAULT_CACHED_KEYS, KEYS_DB_FILE_NAME, RecordKeys};
pub use seal::{RecordKey, SEAL_OVERHEAD_BYTES, SealError, open, seal};
pub use secret::NoRandomness;
pub use server_key::{MASTER_KEY_FILE_NAME, MasterKey, MasterKeyError, ServerKey};
pub use sqlite::StoreError;
pub use store::{AUTH_DB_FILE_NAME, AuthStore};
