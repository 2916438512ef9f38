//! Access tokens: short-lived JWTs under ed25519, after RFC 8725 and RFC 9068.
//!
//! Times are judged against the clock passed in; the library's own clock is never asked.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::RwLock;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::store::{AuthStore, fixed};
use crate::keys::MasterKey;
use crate::keys::StoreError;
use crate::keys::secret::{NoRandomness, crockford, new_id, random};

/// The longest token that is looked at.
pub const TOKEN_MAX_BYTES: usize = 4 * 1024;
/// The type every access token names.
pub const TOKEN_TYPE: &str = "at+jwt";

const KEY_AD: &str = "gridfold/wrap/token-key/1/";
/// DER of an unencrypted PKCS#8 ed25519 key up to its 32 bytes.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Why a token is not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// Longer than [`TOKEN_MAX_BYTES`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64 with JSON in them.
    #[error("the token is malformed")]
    Malformed,
    /// A header other than `alg`, `typ` and `kid`.
    #[error("the token has a header that is not allowed")]
    ForbiddenHeader,
    /// Not EdDSA.
    #[error("the token uses another algorithm")]
    WrongAlgorithm,
    /// Not an access token.
    #[error("the token is of another type")]
    WrongType,
    /// No such key, or one long retired.
    #[error("the token names a key that is not in use")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature of the token is not valid")]
    BadSignature,
    /// A claim is missing or of the wrong form.
    #[error("the token lacks a claim")]
    MissingClaim,
    /// Of another issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// For another audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Its time is over. It was good before, so whose it was is known.
    #[error("the token has expired")]
    Expired(Box<Claims>),
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The user.
    pub sub: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// The client that the token was given to, as RFC 9068 asks for: here every device is one. Tokens
    /// from before this claim have none.
    #[serde(default)]
    pub client_id: Option<Uuid>,
    /// The token's own id.
    pub jti: Uuid,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Not valid before, in seconds.
    pub nbf: i64,
    /// Not valid from then on, in seconds.
    pub exp: i64,
}

impl Claims {
    /// Who acts by the token.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            user: self.sub,
            device: self.device_id,
        }
    }
}

/// What tokens are made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// Issuer.
    pub issuer: String,
    /// Audience.
    pub audience: String,
    /// Seconds a token is valid.
    pub access_ttl_s: i64,
    /// Seconds two clocks may differ.
    pub leeway_s: i64,
}

struct VerifyingKey {
    public: [u8; 32],
    decoding: DecodingKey,
    /// Tokens under a retired key are accepted until the last of them has expired.
    until_s: Option<i64>,
}

struct Keys {
    kid: String,
    encoding: EncodingKey,
    verifying: HashMap<String, VerifyingKey>,
}

/// Issues and verifies access tokens.
pub struct Tokens {
    store: Arc<AuthStore>,
    master: MasterKey,
    settings: TokenSettings,
    validation: Validation,
    keys: RwLock<Keys>,
}
crate::keys::secret::redacted!(Tokens);

impl Tokens {
    /// Reads the signing keys, making the first.
    ///
    /// # Errors
    /// When the store fails or was written under another master key.
    pub fn open(
        store: Arc<AuthStore>,
        master: &MasterKey,
        settings: TokenSettings,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let keys = store.write(|tx| {
            let count: i64 = tx.query_row("SELECT count(*) FROM signing_keys", [], |r| r.get(0))?;
            if count == 0 {
                add_key(tx, master, now_ms)?;
            }
            load(tx, master, &settings)
        })?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        // The library would ask the system clock; `check_times` asks the caller's.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            store,
            master: master.clone(),
            settings,
            validation,
            keys: RwLock::new(keys),
        })
    }

    /// How long a token is valid, for `expires_in`.
    #[must_use]
    pub fn access_ttl_s(&self) -> i64 {
        self.settings.access_ttl_s
    }

    /// A new token for a user on a device.
    ///
    /// # Errors
    /// When there is no randomness or the key does not sign.
    pub fn issue(&self, user: Uuid, device: Uuid, now_ms: i64) -> Result<String, StoreError> {
        let now_s = now_ms.div_euclid(1_000);
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            aud: self.settings.audience.clone(),
            sub: user,
            device_id: device,
            client_id: Some(device),
            jti: new_id(now_ms)?,
            iat: now_s,
            nbf: now_s,
            exp: now_s.saturating_add(self.settings.access_ttl_s),
        };
        let keys = self.keys.read();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(keys.kid.clone());
        jsonwebtoken::encode(&header, &claims, &keys.encoding)
            .map_err(|_| StoreError::Damaged("the signing key does not sign"))
    }

    /// What a token says, if it is ours and its time is now.
    /// Whether the device may still act is another question: ask `Devices::standing`.
    ///
    /// # Errors
    /// With the first thing that does not fit.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let kid = check_header(token)?;
        let now_s = now_ms.div_euclid(1_000);
        let keys = self.keys.read();
        let key = keys
            .verifying
            .get(&kid)
            .filter(|key| key.until_s.is_none_or(|until| now_s < until))
            .ok_or(TokenError::UnknownKey)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(|error| translate(error.kind()))?
            .claims;
        self.check_times(&claims, now_s)?;
        Ok(claims)
    }

    fn check_times(&self, claims: &Claims, now_s: i64) -> Result<(), TokenError> {
        let leeway_s = self.settings.leeway_s;
        if now_s >= claims.exp.saturating_add(leeway_s) {
            return Err(TokenError::Expired(Box::new(claims.clone())));
        }
        if now_s < claims.nbf.max(claims.iat).saturating_sub(leeway_s) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    /// The public keys in use, as a JWK set.
    #[must_use]
    pub fn jwks(&self, now_ms: i64) -> serde_json::Value {
        let now_s = now_ms.div_euclid(1_000);
        let keys = self.keys.read();
        let mut listed: Vec<(&String, &VerifyingKey)> = keys
            .verifying
            .iter()
            .filter(|(_, key)| key.until_s.is_none_or(|until| now_s < until))
            .collect();
        listed.sort_by_key(|(kid, _)| *kid);
        let listed: Vec<serde_json::Value> = listed
            .into_iter()
            .map(|(kid, key)| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                    "kid": kid, "x": URL_SAFE_NO_PAD.encode(key.public),
                })
            })
            .collect();
        serde_json::json!({ "keys": listed })
    }

    /// Makes a new signing key. Tokens under the old one stay valid until they expire; keys older than that are erased.
    ///
    /// # Errors
    /// When the store fails; the old key then stays in use.
    pub fn rotate(&self, by: Actor, now_ms: i64) -> Result<(), StoreError> {
        let kept_ms = (self.settings.access_ttl_s + self.settings.leeway_s).saturating_mul(1_000);
        let mut keys = self.keys.write();
        *keys = self.store.write(|tx| {
            tx.execute(
                "DELETE FROM signing_keys WHERE retired_ms < ?1",
                [now_ms.saturating_sub(kept_ms)],
            )?;
            tx.execute(
                "UPDATE signing_keys SET retired_ms = ?1 WHERE retired_ms IS NULL",
                [now_ms],
            )?;
            let kid = add_key(tx, &self.master, now_ms)?;
            record(
                tx,
                now_ms,
                by,
                "token-key.rotate",
                AuditScope::of("key", kid),
            )?;
            load(tx, &self.master, &self.settings)
        })?;
        Ok(())
    }
}

/// Checks the header as it stands in the token, before any library gives it a meaning, and returns its `kid`.
fn check_header(token: &str) -> Result<String, TokenError> {
    let (header, _) = token.split_once('.').ok_or(TokenError::Malformed)?;
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| TokenError::Malformed)?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
    if header
        .keys()
        .any(|k| !matches!(k.as_str(), "alg" | "typ" | "kid"))
    {
        return Err(TokenError::ForbiddenHeader);
    }
    let text = |name: &str| header.get(name).and_then(serde_json::Value::as_str);
    if text("alg") != Some("EdDSA") {
        return Err(TokenError::WrongAlgorithm);
    }
    if text("typ") != Some(TOKEN_TYPE) {
        return Err(TokenError::WrongType);
    }
    text("kid").map(str::to_owned).ok_or(TokenError::UnknownKey)
}

fn translate(kind: &jsonwebtoken::errors::ErrorKind) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => TokenError::BadSignature,
        ErrorKind::InvalidIssuer => TokenError::WrongIssuer,
        ErrorKind::InvalidAudience => TokenError::WrongAudience,
        ErrorKind::InvalidAlgorithm => TokenError::WrongAlgorithm,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => TokenError::MissingClaim,
        _ => TokenError::Malformed,
    }
}

fn add_key(tx: &Connection, master: &MasterKey, now_ms: i64) -> Result<String, StoreError> {
    let seed = Zeroizing::new(random::<32>()?);
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = crockford(&random::<10>()?, 16);
    let sealed = master
        .wrap(format!("{KEY_AD}{kid}").as_bytes(), seed.as_slice())
        .map_err(|_| NoRandomness)?;
    tx.execute(
        "INSERT INTO signing_keys (kid, sealed, public, created_ms) VALUES (?1, ?2, ?3, ?4)",
        params![kid, sealed, public, now_ms],
    )?;
    Ok(kid)
}

fn load(tx: &Connection, master: &MasterKey, settings: &TokenSettings) -> Result<Keys, StoreError> {
    let mut statement = tx.prepare("SELECT kid, sealed, public, retired_ms FROM signing_keys")?;
    let mut rows = statement.query([])?;
    let mut verifying = HashMap::new();
    let mut signing = None;
    while let Some(row) = rows.next()? {
        let kid: String = row.get(0)?;
        let public: [u8; 32] = fixed(&row.get::<_, Vec<u8>>(2)?)?;
        let retired_ms: Option<i64> = row.get(3)?;
        if retired_ms.is_none() {
            let sealed: Vec<u8> = row.get(1)?;
            let seed = master
                .unwrap_key(format!("{KEY_AD}{kid}").as_bytes(), &sealed)
                .map(Zeroizing::new)
                .map_err(|_| StoreError::WrongMasterKey)?;
            let der = Zeroizing::new([PKCS8_PREFIX.as_slice(), seed.as_slice()].concat());
            signing = Some((kid.clone(), EncodingKey::from_ed_der(&der)));
        }
        let until_s = retired_ms.map(|ms| {
            ms.div_euclid(1_000)
                .saturating_add(settings.access_ttl_s + settings.leeway_s)
        });
        let decoding = DecodingKey::from_ed_der(&public);
        verifying.insert(
            kid,
            VerifyingKey {
                public,
                decoding,
                until_s,
            },
        );
    }
    let (kid, encoding) = signing.ok_or(StoreError::Damaged("there is no signing key"))?;
    Ok(Keys {
        kid,
        encoding,
        verifying,
    })
}
