//! Enrolment: a supervisor hands out a code, a phone proves its key, a device comes to be.
//!
//! The code is single use, but replies get lost: until it expires the same phone may redeem it again and receives the same device with a new session.
//! A phone that was enrolled before stays the device that it is; `phone` says when.

use std::sync::Arc;

use ed25519_dalek::{Signature, VerifyingKey};
use gridfold_sync_core::entry::{PublicKey, enrolment_statement};
use rusqlite::{Connection, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::access;
use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::device_rows::{self, DeviceAccess};
use super::phone;
use super::redemption::{EnrolmentError, Redemption};
use super::refresh::{self, RefreshToken};
use super::store::{AuthStore, fixed, id};
use crate::keys::StoreError;
use crate::keys::secret::{crockford, from_crockford, labelled_hash, new_id, random, redacted};

/// How long a code is valid.
pub const CODE_TTL_MS: i64 = 15 * 60 * 1_000;
/// Proofs that may fail before a code is dead.
pub const CODE_MAX_TRIES: u32 = 5;

const CODE_BYTES: usize = 16;
const CODE_GROUP: usize = 5;
const CODE_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
const CODE_LABEL: &str = "gridfold/enrol-code/1";
const FINGERPRINT_LABEL: &str = "gridfold/device-fingerprint/1";

/// A one-time code. Wiped when dropped.
pub struct EnrolmentCode(Zeroizing<[u8; CODE_BYTES]>);
redacted!(EnrolmentCode);

impl EnrolmentCode {
    /// The code in groups, to be read aloud or typed.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(crockford(self.0.as_slice(), CODE_GROUP))
    }

    /// The text of the QR code: the code stands after the last colon.
    #[must_use]
    pub fn qr(&self, public_url: &str) -> Zeroizing<String> {
        let code = Zeroizing::new(crockford(self.0.as_slice(), usize::MAX));
        Zeroizing::new(format!("gridfold:1:{public_url}:{}", *code))
    }
}

/// A code made for a user.
#[derive(Debug)]
pub struct Invitation {
    /// Names the code without revealing it.
    pub enrolment_id: Uuid,
    /// The code, shown once.
    pub code: EnrolmentCode,
    /// When it expires.
    pub expires_ms: i64,
}

/// What the phone must sign over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The server's nonce.
    pub nonce: [u8; 32],
    /// Whom the code is for, so that a phone that holds another's work does not use it up.
    pub user_id: Uuid,
    /// When the code expires.
    pub expires_ms: i64,
}

/// A device that has come to be, or goes on.
#[derive(Debug)]
pub struct Enrolled {
    /// The device.
    pub device_id: Uuid,
    /// Its user.
    pub user_id: Uuid,
    /// What supervisor and worker compare.
    pub fingerprint: String,
    /// The first refresh token.
    pub refresh: RefreshToken,
}

/// What a supervisor sees of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolmentStatus {
    /// Nobody has used it.
    Waiting,
    /// A device redeemed it.
    Redeemed {
        /// The device.
        device_id: Uuid,
        /// To be compared with the phone's screen.
        fingerprint: String,
    },
    /// Its time is over.
    Expired,
    /// It was withdrawn, or too many proofs failed.
    Dead,
    /// No such code.
    Unknown,
}

/// What the device signs: the statement of sync-core over the code as it was given, without spaces and hyphens, in capitals. `None` when the code is malformed.
#[must_use]
pub fn enrolment_proof_message(
    code: &str,
    nonce: &[u8; 32],
    public_key: &[u8; 32],
) -> Option<Vec<u8>> {
    code_hash(code)?;
    let normal: Zeroizing<String> = Zeroizing::new(
        code.chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .collect(),
    );
    Some(enrolment_statement(&normal, nonce, &PublicKey(*public_key)))
}

/// Eight letters that stand for a device's key on both screens.
#[must_use]
pub fn fingerprint(public_key: &[u8; 32]) -> String {
    let hash = labelled_hash(FINGERPRINT_LABEL, &[public_key]);
    crockford(&hash[..5], 4)
}

/// The enrolments of one store.
#[derive(Debug, Clone)]
pub struct Enrolment {
    pub(super) store: Arc<AuthStore>,
}

impl Enrolment {
    /// The enrolments in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Makes a code for a user. The caller has checked that `by` may.
    ///
    /// # Errors
    /// When the store fails.
    pub fn invite(&self, user_id: Uuid, by: Actor, now_ms: i64) -> Result<Invitation, StoreError> {
        let code = EnrolmentCode(Zeroizing::new(random()?));
        let enrolment_id = new_id(now_ms)?;
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM enrolments WHERE created_ms < ?1",
                [now_ms.saturating_sub(CODE_KEPT_MS)],
            )?;
            device_rows::ensure_user(tx, user_id, now_ms)?;
            tx.execute(
                "INSERT INTO enrolments (enrolment_id, code_hash, user_id, created_ms) VALUES (?1, ?2, ?3, ?4)",
                params![enrolment_id.as_bytes(), hash_of(&code.0), user_id.as_bytes(), now_ms],
            )?;
            access::note(tx, user_id, by, now_ms)?;
            let scope = AuditScope::of("enrolment", enrolment_id).and("user", user_id);
            record(tx, now_ms, by, "enrolment.invite", scope)
        })?;
        Ok(Invitation {
            enrolment_id,
            code,
            expires_ms: now_ms.saturating_add(CODE_TTL_MS),
        })
    }

    /// The nonce for a code; the same each time, so that a lost reply costs nothing.
    ///
    /// # Errors
    /// When the code cannot be redeemed.
    pub fn begin(&self, code: &str, now_ms: i64) -> Result<Challenge, EnrolmentError> {
        self.with_code(code, now_ms, |tx, found| {
            let nonce = match found.nonce {
                Some(nonce) => nonce,
                None => {
                    let nonce = random()?;
                    tx.execute(
                        "UPDATE enrolments SET nonce = ?2 WHERE enrolment_id = ?1",
                        params![found.enrolment_id.as_bytes(), nonce],
                    )?;
                    nonce
                }
            };
            Ok(Ok(Challenge {
                nonce,
                user_id: found.user_id,
                expires_ms: found.created_ms.saturating_add(CODE_TTL_MS),
            }))
        })
    }

    /// Makes the device, or finds the one that the phone is, and its session and the audit row, all or nothing.
    ///
    /// # Errors
    /// With the reason; a failed proof has then been counted.
    pub fn redeem(&self, given: &Redemption<'_>, now_ms: i64) -> Result<Enrolled, EnrolmentError> {
        self.with_code(given.code, now_ms, |tx, found| {
            if !proves(given, &found) {
                tx.execute(
                    "UPDATE enrolments SET tries = tries + 1 WHERE enrolment_id = ?1",
                    [found.enrolment_id.as_bytes()],
                )?;
                return Ok(Err(EnrolmentError::BadProof));
            }
            if device_rows::is_blocked(tx, found.user_id)? {
                return Ok(Err(EnrolmentError::UserBlocked));
            }
            let device_id = match found.device_id {
                Some(device_id) => match device_rows::load(tx, device_id)? {
                    Some(device)
                        if device.public_key == Some(given.public_key)
                            && device.state == DeviceAccess::Active =>
                    {
                        refresh::revoke_device(tx, device_id)?;
                        device_id
                    }
                    _ => return Ok(Err(EnrolmentError::AlreadyUsed)),
                },
                None => {
                    let device_id = match phone::device_for(tx, given, found.user_id, now_ms)? {
                        Ok(device_id) => device_id,
                        Err(refused) => return Ok(Err(refused)),
                    };
                    found.redeemed(tx, device_id, now_ms)?;
                    device_id
                }
            };
            Ok(Ok(Enrolled {
                device_id,
                user_id: found.user_id,
                fingerprint: fingerprint(&given.public_key),
                refresh: refresh::start(tx, found.user_id, device_id, now_ms)?,
            }))
        })
    }

    /// The enrolment that a code is of, whatever became of it. Nothing is used up by asking.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of_code(&self, code: &str) -> Result<Option<Uuid>, StoreError> {
        let Some(hash) = code_hash(code) else {
            return Ok(None);
        };
        let found = self.store.read(|conn| load(conn, "code_hash", &hash))?;
        Ok(found.map(|found| found.enrolment_id))
    }

    /// What became of a code.
    ///
    /// # Errors
    /// When the store fails.
    pub fn status(&self, enrolment_id: Uuid, now_ms: i64) -> Result<EnrolmentStatus, StoreError> {
        self.store.read(|conn| {
            let Some(found) = load(conn, "enrolment_id", enrolment_id.as_bytes())? else {
                return Ok(EnrolmentStatus::Unknown);
            };
            if let Some(device_id) = found.device_id {
                let key = device_rows::load(conn, device_id)?.and_then(|device| device.public_key);
                let fingerprint = key.as_ref().map(fingerprint).unwrap_or_default();
                return Ok(EnrolmentStatus::Redeemed {
                    device_id,
                    fingerprint,
                });
            }
            Ok(match found.usable(now_ms) {
                Ok(()) => EnrolmentStatus::Waiting,
                Err(EnrolmentError::Expired) => EnrolmentStatus::Expired,
                Err(_) => EnrolmentStatus::Dead,
            })
        })
    }

    /// Makes a code useless. A device that it made stays.
    ///
    /// # Errors
    /// When the store fails.
    pub fn withdraw(&self, enrolment_id: Uuid, by: Actor, now_ms: i64) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "UPDATE enrolments SET withdrawn = 1 WHERE enrolment_id = ?1",
                [enrolment_id.as_bytes()],
            )?;
            let scope = AuditScope::of("enrolment", enrolment_id);
            record(tx, now_ms, by, "enrolment.withdraw", scope)
        })
    }

    /// Finds a usable code and runs `act` in its transaction, which stands even when `act` refuses.
    fn with_code<T>(
        &self,
        code: &str,
        now_ms: i64,
        act: impl FnOnce(&Connection, Found) -> Result<Result<T, EnrolmentError>, EnrolmentError>,
    ) -> Result<T, EnrolmentError> {
        self.store.write(|tx| {
            let found = match code_hash(code) {
                Some(hash) => load(tx, "code_hash", &hash)?,
                None => None,
            };
            let Some(found) = found else {
                return Ok(Err(EnrolmentError::Invalid));
            };
            match found.usable(now_ms) {
                Ok(()) => act(tx, found),
                Err(refused) => Ok(Err(refused)),
            }
        })?
    }
}

struct Found {
    enrolment_id: Uuid,
    user_id: Uuid,
    created_ms: i64,
    tries: u32,
    nonce: Option<[u8; 32]>,
    withdrawn: bool,
    device_id: Option<Uuid>,
}

impl Found {
    fn redeemed(&self, tx: &Connection, device_id: Uuid, now_ms: i64) -> Result<(), StoreError> {
        tx.execute(
            "UPDATE enrolments SET device_id = ?2 WHERE enrolment_id = ?1",
            params![self.enrolment_id.as_bytes(), device_id.as_bytes()],
        )?;
        let who = Actor {
            user: self.user_id,
            device: device_id,
        };
        let scope = AuditScope::of("enrolment", self.enrolment_id);
        record(tx, now_ms, who, "enrolment.redeem", scope)
    }

    fn usable(&self, now_ms: i64) -> Result<(), EnrolmentError> {
        if self.withdrawn {
            return Err(EnrolmentError::Invalid);
        }
        if self.tries >= CODE_MAX_TRIES {
            return Err(EnrolmentError::TooManyTries);
        }
        if now_ms >= self.created_ms.saturating_add(CODE_TTL_MS) {
            return Err(EnrolmentError::Expired);
        }
        Ok(())
    }
}

fn proves(given: &Redemption<'_>, found: &Found) -> bool {
    let message = found
        .nonce
        .and_then(|nonce| enrolment_proof_message(given.code, &nonce, &given.public_key));
    match (message, VerifyingKey::from_bytes(&given.public_key)) {
        (Some(message), Ok(key)) if !key.is_weak() => key
            .verify_strict(&message, &Signature::from_bytes(&given.proof))
            .is_ok(),
        _ => false,
    }
}

/// `column` is one of two names written in this file.
fn load(conn: &Connection, column: &str, value: &[u8]) -> Result<Option<Found>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT enrolment_id, user_id, created_ms, tries, nonce, withdrawn, device_id FROM enrolments WHERE {column} = ?1"
    ))?;
    let mut rows = statement.query([value])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let nonce: Option<Vec<u8>> = row.get(4)?;
    let device: Option<Vec<u8>> = row.get(6)?;
    Ok(Some(Found {
        enrolment_id: id(&row.get::<_, Vec<u8>>(0)?)?,
        user_id: id(&row.get::<_, Vec<u8>>(1)?)?,
        created_ms: row.get(2)?,
        tries: row.get(3)?,
        nonce: nonce.map(|nonce| fixed(&nonce)).transpose()?,
        withdrawn: row.get(5)?,
        device_id: device.map(|device| id(&device)).transpose()?,
    }))
}

fn code_hash(code: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(from_crockford::<CODE_BYTES>(code)?);
    Some(hash_of(&bytes))
}

fn hash_of(code: &[u8; CODE_BYTES]) -> [u8; 32] {
    labelled_hash(CODE_LABEL, &[code])
}
