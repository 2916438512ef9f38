//! Keys and sealing: what protects everything else at rest.
//!
//! What enters: bytes to seal, and who they are of. What leaves: sealed bytes, which open as long as
//! their key is not destroyed. The master key is a file of its own, `keys.db` holds a key a record,
//! wrapped by it, and files of secrets are opened here, for their owner only and with a checksum a
//! row. What never happens here: a question of who may.

mod master_key;
mod private_db;
mod record_keys;
pub(crate) mod row_sums;
mod seal;
pub(crate) mod secret;
mod store_error;

pub use master_key::{MASTER_KEY_FILE_NAME, MasterKey, MasterKeyError};
pub(crate) use private_db::{create_private, must_exist, open_private};
pub use record_keys::{DEFAULT_CACHED_KEYS, KEYS_DB_FILE_NAME, RecordKeys};
pub use seal::{RecordKey, SEAL_OVERHEAD_BYTES, SealError, open, seal};
pub use secret::NoRandomness;
pub use store_error::StoreError;
