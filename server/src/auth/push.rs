//! Push: the key that push services know this server by, and where each phone is told of new work.
//!
//! What enters: what a phone's browser gave it. What leaves: the same, for as long as the device may sync. What never
//! happens here: a word to anybody; and nothing is kept in clear, since whoever has an address may write to it.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{AuthStore, id};
use crate::keys::secret::redacted;
use crate::keys::{MasterKey, NoRandomness, StoreError};

const KEY_AD: &[u8] = b"gridfold/wrap/push-key/1";
const ADDRESS_AD: &[u8] = b"gridfold/wrap/push-address/1/";

/// The P-256 key of RFC 8292, by which push services know who writes.
pub struct PushKey {
    encoding: EncodingKey,
    public: String,
}
redacted!(PushKey);

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

impl PushKey {
    /// Reads the key from the store, making it the first time.
    ///
    /// # Errors
    /// When the store fails or was written under another master key.
    pub fn open(store: &PushSubscriptions) -> Result<Self, StoreError> {
        let master = &store.master;
        store.store.write(|tx| {
            let sealed: Option<Vec<u8>> = tx
                .query_row("SELECT sealed FROM push_key WHERE id = 1", [], |r| r.get(0))
                .optional()?;
            if let Some(sealed) = sealed {
                let der = master
                    .unwrap(KEY_AD, &sealed)
                    .map_err(|_| StoreError::WrongMasterKey)?;
                return Self::of(&der);
            }
            let der = EcdsaKeyPair::generate_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &SystemRandom::new(),
            )
            .map_err(|_| NoRandomness)?;
            let sealed = master
                .wrap(KEY_AD, der.as_ref())
                .map_err(|_| NoRandomness)?;
            tx.execute("INSERT INTO push_key (id, sealed) VALUES (1, ?1)", [sealed])?;
            Self::of(der.as_ref())
        })
    }

    fn of(der: &[u8]) -> Result<Self, StoreError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| StoreError::Damaged("the key of push services is none"))?;
        Ok(Self {
            encoding: EncodingKey::from_ec_der(der),
            public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        })
    }

    /// The public half, as browsers take it: an uncompressed point in base64url.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// What a push service asks for with each message: who writes, to this service and until then. None when it cannot
    /// be signed.
    #[must_use]
    pub fn vapid(&self, origin: &str, contact: &str, until_s: i64) -> Option<String> {
        let claims = Claims {
            aud: origin,
            exp: until_s,
            sub: contact,
        };
        let header = Header::new(Algorithm::ES256);
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding).ok()?;
        Some(format!("vapid t={token}, k={}", self.public))
    }
}

/// What a phone's browser gave it: where to write, and the keys that only it can read with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushAddress {
    /// The URL of the push service for this phone.
    pub endpoint: String,
    /// The phone's public key, an uncompressed point of P-256 in base64url.
    pub p256dh: String,
    /// The phone's secret of 16 bytes, in base64url.
    pub auth: String,
}
redacted!(PushAddress);

/// A phone that is told of new work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// The device.
    pub device: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// When it was last seen, to the minute.
    pub last_seen_ms: i64,
}

/// Where phones are told of new work, in one store.
#[derive(Clone)]
pub struct PushSubscriptions {
    store: Arc<AuthStore>,
    master: MasterKey,
}
redacted!(PushSubscriptions);

fn ad(device: Uuid) -> Vec<u8> {
    [ADDRESS_AD, device.as_bytes()].concat()
}

impl PushSubscriptions {
    /// The subscriptions of this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>, master: &MasterKey) -> Self {
        Self {
            store,
            master: master.clone(),
        }
    }

    /// Notes where a device is told, in place of what was noted before. A device that may not sync any more is not noted.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put(&self, device: Uuid, address: &PushAddress, now_ms: i64) -> Result<(), StoreError> {
        let json = serde_json::to_vec(address).map_err(|_| NoRandomness)?;
        let sealed = self
            .master
            .wrap(&ad(device), &json)
            .map_err(|_| NoRandomness)?;
        self.store.write(|tx| {
            tx.execute(
                "INSERT INTO push_subscriptions (device_id, sealed, changed_ms)
                 SELECT device_id, ?2, ?3 FROM devices WHERE device_id = ?1 AND state = 0
                 ON CONFLICT DO UPDATE SET sealed = ?2, changed_ms = ?3",
                params![device.as_bytes(), sealed, now_ms],
            )?;
            Ok(())
        })
    }

    /// Tells a device nothing any more.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove(&self, device: Uuid) -> Result<(), StoreError> {
        if !self.has(device)? {
            return Ok(());
        }
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM push_subscriptions WHERE device_id = ?1",
                [device.as_bytes()],
            )?;
            Ok(())
        })
    }

    /// Whether a device is told.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has(&self, device: Uuid) -> Result<bool, StoreError> {
        self.store.read(|conn| {
            let found: Option<i64> = conn
                .prepare_cached("SELECT 1 FROM push_subscriptions WHERE device_id = ?1")?
                .query_row([device.as_bytes()], |r| r.get(0))
                .optional()?;
            Ok(found.is_some())
        })
    }

    /// The devices that are told, of users who are not blocked.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Vec<Subscribed>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT p.device_id, d.user_id, d.last_seen_ms FROM push_subscriptions p
                 JOIN devices d ON d.device_id = p.device_id AND d.state = 0
                 LEFT JOIN users u ON u.user_id = d.user_id
                 WHERE coalesce(u.blocked, 0) = 0 ORDER BY p.device_id",
            )?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(Subscribed {
                    device: id(&row.get::<_, Vec<u8>>(0)?)?,
                    user: id(&row.get::<_, Vec<u8>>(1)?)?,
                    last_seen_ms: row.get(2)?,
                });
            }
            Ok(all)
        })
    }

    /// Where a device is told, and when it was last seen; none when it is not, or no more.
    ///
    /// # Errors
    /// When the store fails.
    pub fn address(&self, device: Uuid) -> Result<Option<(PushAddress, i64)>, StoreError> {
        let found: Option<(Vec<u8>, i64)> = self.store.read(|conn| {
            let found = conn
                .prepare_cached(
                    "SELECT p.sealed, d.last_seen_ms FROM push_subscriptions p
                     JOIN devices d ON d.device_id = p.device_id AND d.state = 0
                     LEFT JOIN users u ON u.user_id = d.user_id
                     WHERE p.device_id = ?1 AND coalesce(u.blocked, 0) = 0",
                )?
                .query_row([device.as_bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            Ok::<_, StoreError>(found)
        })?;
        let Some((sealed, seen)) = found else {
            return Ok(None);
        };
        let json = self
            .master
            .unwrap(&ad(device), &sealed)
            .map_err(|_| StoreError::Damaged("a phone's push address does not open"))?;
        let address = serde_json::from_slice(&json)
            .map_err(|_| StoreError::Damaged("a phone's push address is none"))?;
        Ok(Some((address, seen)))
    }
}
