//! The ed25519 key that signs receipts and audit heads.

use ed25519_dalek::{Signer, SigningKey};
use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use super::store::AuthStore;
use crate::keys::secret::{random, redacted};
use crate::keys::{MasterKey, NoRandomness, StoreError};

const SERVER_KEY_AD: &[u8] = b"gridfold/wrap/server-key/1";

/// The ed25519 key that signs receipts and audit heads.
pub struct ServerKey(SigningKey);
redacted!(ServerKey);

impl ServerKey {
    /// Reads the key from the store, making it the first time.
    ///
    /// # Errors
    /// When the store fails or was written under another master key.
    pub fn open(store: &AuthStore, master: &MasterKey) -> Result<Self, StoreError> {
        store.write(|tx| {
            let sealed: Option<Vec<u8>> = tx
                .query_row("SELECT sealed FROM server_key WHERE id = 1", [], |r| {
                    r.get(0)
                })
                .optional()?;
            if let Some(sealed) = sealed {
                let seed = Zeroizing::new(
                    master
                        .unwrap_key(SERVER_KEY_AD, &sealed)
                        .map_err(|_| StoreError::WrongMasterKey)?,
                );
                return Ok(Self(SigningKey::from_bytes(&seed)));
            }
            let seed = Zeroizing::new(random::<32>()?);
            let key = SigningKey::from_bytes(&seed);
            let sealed = master
                .wrap(SERVER_KEY_AD, seed.as_slice())
                .map_err(|_| NoRandomness)?;
            tx.execute(
                "INSERT INTO server_key (id, sealed, public) VALUES (1, ?1, ?2)",
                params![sealed, key.verifying_key().as_bytes()],
            )?;
            Ok(Self(key))
        })
    }

    /// The key in the type that the protocol signs with.
    pub(crate) fn sign_key(&self) -> gridfold_sync_core::entry::SignKey {
        gridfold_sync_core::entry::SignKey::from_seed(self.0.as_bytes())
    }

    /// Signs a message. Whoever calls begins the message with a label of its own, so that no signature serves two purposes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The public half, which devices receive when they enrol.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}
