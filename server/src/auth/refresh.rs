//! Refresh tokens: opaque, stored as hashes, rotated on use, bound to a device and its key.
//!
//! A token is a handle that finds its family and a secret of 256 bits.
//! A family keeps two hashes: the newest token, not yet used, and the one it was given for.
//! Replies get lost and requests come twice, so the predecessor stays valid until its successor is used; shown again it gets another successor, a sibling as good as the first.
//! Any other secret under a known handle is an older token, and somebody has two copies: the family ends.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::{Connection, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::device_rows::{self, DeviceAccount, DeviceStanding};
use super::refresh_siblings::{self as siblings, Sibling};
use super::store::{AuthStore, fixed, id};
use crate::keys::StoreError;
use crate::keys::secret::{NoRandomness, labelled_hash, random, redacted, same};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const HANDLE_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const HANDLE_LABEL: &str = "gridfold/refresh-handle/1";
const TOKEN_LABEL: &str = "gridfold/refresh-token/1";
const PROOF_LABEL: &str = "gridfold/refresh-proof/1";

/// A refresh token, for the one who may have it. Wiped when dropped.
pub struct RefreshToken(Zeroizing<String>);
redacted!(RefreshToken);

impl RefreshToken {
    /// The text to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How long families live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshSettings {
    /// Days without use.
    pub idle_days: u64,
    /// Days at most.
    pub absolute_days: u64,
}

/// A family that was ended because a copy of its token is about. Already in the audit; a supervisor should be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyRevoked {
    /// Whose it was.
    pub user_id: Uuid,
    /// On which device.
    pub device_id: Uuid,
    /// When it ended.
    pub at_ms: i64,
}

/// Why a token is not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Unknown, malformed, or of a family that has ended.
    #[error("the session is not valid; sign in again")]
    Invalid,
    /// Too long unused, or too old.
    #[error("the session has expired; sign in again")]
    Expired,
    /// An older token was used again. All sessions of the family have ended.
    #[error("the session was ended because its token was used twice; sign in again")]
    Reused(FamilyRevoked),
    /// Another device presented the token. All sessions of the family have ended.
    #[error("the session was ended because another device used it; sign in again")]
    WrongDevice(FamilyRevoked),
    /// The device did not prove its key.
    #[error("the device did not prove that it holds its key")]
    BadProof,
    /// The device was revoked.
    #[error("this device may no longer be used")]
    DeviceRevoked,
    /// The device must erase itself.
    #[error("this device must erase its data")]
    Wipe(Uuid),
    /// The user was blocked.
    #[error("this user may no longer sign in")]
    UserBlocked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for RefreshError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A successful exchange.
#[derive(Debug)]
pub struct Rotated {
    /// The user.
    pub user_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// The token to use next time.
    pub token: RefreshToken,
}

/// The refresh tokens of one store.
#[derive(Debug, Clone)]
pub struct Refresh {
    store: Arc<AuthStore>,
    settings: RefreshSettings,
}

/// What a device with a key signs to use a refresh token.
#[must_use]
pub fn refresh_proof_message(token: &str) -> [u8; 32] {
    labelled_hash(PROOF_LABEL, &[token.as_bytes()])
}

impl Refresh {
    /// The refresh tokens in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>, settings: RefreshSettings) -> Self {
        Self { store, settings }
    }

    /// The first token of a new family. The caller has authenticated the user on this device.
    ///
    /// # Errors
    /// When the store fails.
    pub fn start(
        &self,
        user_id: Uuid,
        device_id: Uuid,
        now_ms: i64,
    ) -> Result<RefreshToken, StoreError> {
        let oldest_ms = now_ms.saturating_sub(days_ms(self.settings.absolute_days));
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM refresh_families WHERE created_ms < ?1",
                [oldest_ms],
            )?;
            siblings::tidy(tx)?;
            start(tx, user_id, device_id, now_ms)
        })
    }

    /// Exchanges a token for its successor.
    ///
    /// `device_id`, when the caller says it, must be the token's device.
    /// `proof`, when sent, is the signature of the device's key over [`refresh_proof_message`] and must verify; a console has no key and sends none.
    ///
    /// # Errors
    /// With the reason; what ends the family has then ended it durably.
    pub fn rotate(
        &self,
        token: &str,
        device_id: impl Into<Option<Uuid>>,
        proof: Option<&[u8; 64]>,
        now_ms: i64,
    ) -> Result<Rotated, RefreshError> {
        let device_id = device_id.into();
        let (handle, secret) = parse(token).ok_or(RefreshError::Invalid)?;
        self.store.write(|tx| {
            let Some(family) = load(tx, &handle)? else {
                return Ok(Err(RefreshError::Invalid));
            };
            let presented = token_hash(&handle, &secret);
            let place = family.place(tx, &presented, now_ms)?;
            let known = place.is_some();
            if !known || device_id.is_some_and(|id| id != family.device_id) {
                return end(tx, &family, known, now_ms);
            }
            if let Err(refused) = self.check(tx, &family, token, proof, now_ms) {
                return Ok(Err(refused));
            }
            let next = Zeroizing::new(random::<SECRET_BYTES>().map_err(StoreError::from)?);
            let previous = if place == Some(Place::Newest) {
                if !same(&presented, &family.current) {
                    siblings::keep(tx, &family.handle_hash, &family.current, now_ms)?;
                }
                siblings::spend(tx, &family.handle_hash, &presented, now_ms)?;
                Some(presented)
            } else {
                siblings::keep(tx, &family.handle_hash, &family.current, now_ms)?;
                family.previous
            };
            tx.execute(
                "UPDATE refresh_families SET previous_hash = ?2, current_hash = ?3, used_ms = max(used_ms, ?4) WHERE handle_hash = ?1",
                params![family.handle_hash, previous, token_hash(&handle, &next), now_ms],
            )?;
            Ok(Ok(Rotated {
                user_id: family.user_id,
                device_id: family.device_id,
                token: write_token(&handle, &next),
            }))
        })?
    }

    /// The device whose token this is, when it would be exchanged. Nothing is used up by asking.
    ///
    /// # Errors
    /// When the store fails.
    pub fn device_of(&self, token: &str, now_ms: i64) -> Result<Option<Uuid>, StoreError> {
        let Some((handle, secret)) = parse(token) else {
            return Ok(None);
        };
        self.store.read(|conn| {
            let Some(family) = load(conn, &handle)? else {
                return Ok(None);
            };
            let place = family.place(conn, &token_hash(&handle, &secret), now_ms)?;
            Ok(place.map(|_| family.device_id))
        })
    }

    fn check(
        &self,
        tx: &Connection,
        family: &Family,
        token: &str,
        proof: Option<&[u8; 64]>,
        now_ms: i64,
    ) -> Result<(), RefreshError> {
        let device = device_rows::load(tx, family.device_id)?.ok_or(RefreshError::Invalid)?;
        check_proof(&device, token, proof)?;
        match device_rows::standing_of(tx, &device)? {
            DeviceStanding::Active { user_id } if user_id == family.user_id => {}
            DeviceStanding::Active { .. } | DeviceStanding::Unknown => {
                return Err(RefreshError::Invalid);
            }
            DeviceStanding::Revoked => return Err(RefreshError::DeviceRevoked),
            DeviceStanding::Wipe => return Err(RefreshError::Wipe(device.device_id)),
            DeviceStanding::UserBlocked => return Err(RefreshError::UserBlocked),
        }
        if family.revoked {
            return Err(RefreshError::Invalid);
        }
        let idle_until = family
            .used_ms
            .saturating_add(days_ms(self.settings.idle_days));
        let until = family
            .created_ms
            .saturating_add(days_ms(self.settings.absolute_days));
        if now_ms >= idle_until.min(until) {
            return Err(RefreshError::Expired);
        }
        Ok(())
    }

    /// Ends the family of a token, as at sign-out, and says whether one was ended, which is audited.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end(&self, token: &str, now_ms: i64) -> Result<bool, StoreError> {
        let Some((handle, secret)) = parse(token) else {
            return Ok(false);
        };
        self.store.write(|tx| {
            let presented = token_hash(&handle, &secret);
            match load(tx, &handle)? {
                Some(family)
                    if !family.revoked && family.place(tx, &presented, now_ms)?.is_some() =>
                {
                    revoke(tx, &family)?;
                    let scope = AuditScope::of("device", family.device_id);
                    record(tx, now_ms, family.actor(), "session.end", scope)?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }
}

struct Family {
    handle_hash: [u8; 32],
    user_id: Uuid,
    device_id: Uuid,
    current: [u8; 32],
    previous: Option<[u8; 32]>,
    created_ms: i64,
    used_ms: i64,
    revoked: bool,
}

/// Where a token stands that its family exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The newest, or one as good.
    Newest,
    /// The one before, or one as good.
    Before,
}

impl Family {
    fn place(
        &self,
        conn: &Connection,
        presented: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<Place>, StoreError> {
        if same(presented, &self.current) {
            return Ok(Some(Place::Newest));
        }
        if self.previous.is_some_and(|p| same(presented, &p)) {
            return Ok(Some(Place::Before));
        }
        Ok(siblings::find(conn, presented, now_ms)?.map(|s| match s {
            Sibling::Unused => Place::Newest,
            Sibling::Spent => Place::Before,
        }))
    }
    fn actor(&self) -> Actor {
        Actor {
            user: self.user_id,
            device: self.device_id,
        }
    }
}

/// Ends a family whose token has been copied, unless it has ended before.
fn end(
    tx: &Connection,
    family: &Family,
    known: bool,
    now_ms: i64,
) -> Result<Result<Rotated, RefreshError>, RefreshError> {
    if family.revoked {
        return Ok(Err(RefreshError::Invalid));
    }
    revoke(tx, family)?;
    let what = if known {
        "refresh.wrong-device"
    } else {
        "refresh.reuse"
    };
    let scope = AuditScope::of("user", family.user_id).and("device", family.device_id);
    record(tx, now_ms, Actor::SERVER, what, scope)?;
    let event = FamilyRevoked {
        user_id: family.user_id,
        device_id: family.device_id,
        at_ms: now_ms,
    };
    Ok(Err(if known {
        RefreshError::WrongDevice(event)
    } else {
        RefreshError::Reused(event)
    }))
}

fn check_proof(
    device: &DeviceAccount,
    token: &str,
    proof: Option<&[u8; 64]>,
) -> Result<(), RefreshError> {
    let (Some(public), Some(proof)) = (device.public_key, proof) else {
        return Ok(());
    };
    let key = VerifyingKey::from_bytes(&public).map_err(|_| RefreshError::BadProof)?;
    key.verify_strict(&refresh_proof_message(token), &Signature::from_bytes(proof))
        .map_err(|_| RefreshError::BadProof)
}

pub(crate) fn start(
    tx: &Connection,
    user_id: Uuid,
    device_id: Uuid,
    now_ms: i64,
) -> Result<RefreshToken, StoreError> {
    let handle = random::<HANDLE_BYTES>()?;
    let secret = Zeroizing::new(random::<SECRET_BYTES>()?);
    tx.execute(
        "INSERT INTO refresh_families (handle_hash, user_id, device_id, current_hash, created_ms, used_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        params![
            handle_hash(&handle),
            user_id.as_bytes(),
            device_id.as_bytes(),
            token_hash(&handle, &secret),
            now_ms
        ],
    )?;
    Ok(write_token(&handle, &secret))
}

pub(crate) fn revoke_user(tx: &Connection, user_id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE refresh_families SET revoked = 1 WHERE user_id = ?1",
        [user_id.as_bytes()],
    )?;
    Ok(())
}

pub(crate) fn revoke_device(tx: &Connection, device_id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE refresh_families SET revoked = 1 WHERE device_id = ?1",
        [device_id.as_bytes()],
    )?;
    Ok(())
}

fn revoke(tx: &Connection, family: &Family) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE refresh_families SET revoked = 1 WHERE handle_hash = ?1",
        [family.handle_hash],
    )?;
    Ok(())
}

fn load(tx: &Connection, handle: &[u8; HANDLE_BYTES]) -> Result<Option<Family>, StoreError> {
    let handle_hash = handle_hash(handle);
    let mut statement = tx.prepare_cached(
        "SELECT user_id, device_id, current_hash, previous_hash, created_ms, used_ms, revoked
         FROM refresh_families WHERE handle_hash = ?1",
    )?;
    let mut rows = statement.query([handle_hash])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let previous: Option<Vec<u8>> = row.get(3)?;
    Ok(Some(Family {
        handle_hash,
        user_id: id(&row.get::<_, Vec<u8>>(0)?)?,
        device_id: id(&row.get::<_, Vec<u8>>(1)?)?,
        current: fixed(&row.get::<_, Vec<u8>>(2)?)?,
        previous: previous.map(|hash| fixed(&hash)).transpose()?,
        created_ms: row.get(4)?,
        used_ms: row.get(5)?,
        revoked: row.get(6)?,
    }))
}

fn handle_hash(handle: &[u8; HANDLE_BYTES]) -> [u8; 32] {
    labelled_hash(HANDLE_LABEL, &[handle])
}

fn token_hash(handle: &[u8; HANDLE_BYTES], secret: &[u8; SECRET_BYTES]) -> [u8; 32] {
    labelled_hash(TOKEN_LABEL, &[handle, secret])
}

fn write_token(handle: &[u8; HANDLE_BYTES], secret: &[u8; SECRET_BYTES]) -> RefreshToken {
    let bytes = Zeroizing::new([handle.as_slice(), secret.as_slice()].concat());
    RefreshToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes)))
}

fn parse(token: &str) -> Option<([u8; HANDLE_BYTES], Zeroizing<[u8; SECRET_BYTES]>)> {
    if token.len() != (HANDLE_BYTES + SECRET_BYTES).div_ceil(3) * 4 {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(token).ok()?);
    let (handle, secret) = bytes.split_first_chunk::<HANDLE_BYTES>()?;
    Some((*handle, Zeroizing::new(secret.try_into().ok()?)))
}

fn days_ms(days: u64) -> i64 {
    i64::try_from(days)
        .unwrap_or(i64::MAX)
        .saturating_mul(DAY_MS)
}

impl From<NoRandomness> for RefreshError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}
