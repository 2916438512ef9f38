//! Everything of authentication opened together, and the few acts that need several parts of it.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::config::Config;

use super::accounts::{Accounts, SignInError};
use super::audit::{Actor, Audit};
use super::devices::{Devices, Standing};
use super::enrolment::{Enrolment, EnrolmentError, Redemption};
use super::passwords::{Hasher, Password};
use super::refresh::{Refresh, RefreshError, RefreshSettings, RefreshToken};
use super::seen::Seen;
use super::server_key::{MasterKey, ServerKey};
use super::sqlite::StoreError;
use super::store::{AUTH_DB_FILE_NAME, AuthStore};
use super::tokens::{TokenError, TokenSettings, Tokens};

/// What authentication is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// Access tokens.
    pub tokens: TokenSettings,
    /// Refresh tokens.
    pub refresh: RefreshSettings,
}

impl From<&Config> for AuthSettings {
    fn from(config: &Config) -> Self {
        let seconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Self {
            tokens: TokenSettings {
                issuer: config.issuer(),
                audience: config.tokens.audience.clone(),
                access_ttl_s: seconds(config.tokens.access_ttl_s),
                leeway_s: seconds(config.tokens.leeway_s),
            },
            refresh: RefreshSettings {
                idle_days: config.tokens.refresh_idle_days,
                absolute_days: config.tokens.refresh_absolute_days,
            },
        }
    }
}

/// Both tokens of a session.
#[derive(Debug)]
pub struct Session {
    /// The user.
    pub user_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// The access token.
    pub access: AccessToken,
    /// Seconds the access token is valid.
    pub access_ttl_s: i64,
    /// The refresh token.
    pub refresh: RefreshToken,
}

/// An access token, for the one who may have it.
pub struct AccessToken(String);
super::secret::redacted!(AccessToken);

impl AccessToken {
    /// The text to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Why a request is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The token is not accepted.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The device was revoked, its user blocked, or it never was.
    #[error("this device may no longer be used")]
    Revoked,
    /// The device must erase itself.
    #[error("this device must erase its data")]
    Wipe,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Authentication as a whole.
#[derive(Debug)]
pub struct Auth {
    /// Logins and passwords.
    pub accounts: Accounts,
    /// Devices and whether they may act.
    pub devices: Devices,
    /// Access tokens.
    pub tokens: Tokens,
    /// Refresh tokens.
    pub refresh: Refresh,
    /// Codes for new devices.
    pub enrolment: Enrolment,
    /// Who did what.
    pub audit: Audit,
    /// What supervisors have seen.
    pub seen: Seen,
    /// Signs receipts and audit heads.
    pub server_key: ServerKey,
}

impl Auth {
    /// Opens `auth.db` in the data directory, making it and its keys the first time.
    ///
    /// # Errors
    /// When the store fails or was written under another master key.
    pub fn open(
        data_dir: &Path,
        master: &MasterKey,
        settings: AuthSettings,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let store = Arc::new(AuthStore::open(&data_dir.join(AUTH_DB_FILE_NAME))?);
        Ok(Self {
            server_key: ServerKey::open(&store, master)?,
            tokens: Tokens::open(Arc::clone(&store), master, settings.tokens, now_ms)?,
            accounts: Accounts::new(Arc::clone(&store), Arc::new(Hasher::default())),
            devices: Devices::new(Arc::clone(&store)),
            refresh: Refresh::new(Arc::clone(&store), settings.refresh),
            enrolment: Enrolment::new(Arc::clone(&store)),
            seen: Seen::open(Arc::clone(&store))?,
            audit: Audit::new(store),
        })
    }

    /// Who makes a request: the token must be good, and the device and its user must still be allowed.
    ///
    /// # Errors
    /// With the reason; all but `Wipe` and `Store` should look alike outside.
    pub fn authenticate(&self, bearer: &str, now_ms: i64) -> Result<Actor, AuthenticateError> {
        let claims = self.tokens.verify(bearer, now_ms)?;
        match self.devices.standing(claims.device_id, now_ms)? {
            Standing::Active { user_id } if user_id == claims.sub => Ok(Actor {
                user: user_id,
                device: claims.device_id,
            }),
            Standing::Wipe => Err(AuthenticateError::Wipe),
            Standing::Active { .. }
            | Standing::Revoked
            | Standing::UserBlocked
            | Standing::Unknown => Err(AuthenticateError::Revoked),
        }
    }

    /// Signs a person in at a console. Blocks for as long as a hash takes.
    ///
    /// # Errors
    /// As [`Accounts::sign_in`].
    pub fn sign_in_console(
        &self,
        login: &str,
        password: &Password,
        from: IpAddr,
        now_ms: i64,
    ) -> Result<Session, SignInError> {
        let user_id = self.accounts.sign_in(login, password, from, now_ms)?;
        let device_id = self.devices.create_console(user_id, now_ms)?;
        let refresh = self.refresh.start(user_id, device_id, now_ms)?;
        Ok(self.session(user_id, device_id, refresh, now_ms)?)
    }

    /// Redeems an enrolment code and starts the device's first session. Returns it with the device's fingerprint.
    ///
    /// # Errors
    /// As [`Enrolment::redeem`].
    pub fn enrol(
        &self,
        given: &Redemption<'_>,
        now_ms: i64,
    ) -> Result<(Session, String), EnrolmentError> {
        let made = self.enrolment.redeem(given, now_ms)?;
        let session = self.session(made.user_id, made.device_id, made.refresh, now_ms)?;
        Ok((session, made.fingerprint))
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// # Errors
    /// As [`Refresh::rotate`].
    pub fn refresh(
        &self,
        token: &str,
        device_id: impl Into<Option<Uuid>>,
        proof: Option<&[u8; 64]>,
        now_ms: i64,
    ) -> Result<Session, RefreshError> {
        let rotated = self.refresh.rotate(token, device_id, proof, now_ms)?;
        Ok(self.session(rotated.user_id, rotated.device_id, rotated.token, now_ms)?)
    }

    fn session(
        &self,
        user_id: Uuid,
        device_id: Uuid,
        refresh: RefreshToken,
        now_ms: i64,
    ) -> Result<Session, StoreError> {
        Ok(Session {
            user_id,
            device_id,
            access: AccessToken(self.tokens.issue(user_id, device_id, now_ms)?),
            access_ttl_s: self.tokens.access_ttl_s(),
            refresh,
        })
    }
}
