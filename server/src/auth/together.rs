//! Everything of authentication opened together, and the few acts that need several parts of it.

use std::path::Path;
use std::sync::Arc;

use gridfold_sync_core::entry::wipe_statement;
use gridfold_sync_core::ids::DeviceId;
use gridfold_sync_core::time::Timestamp;
use uuid::Uuid;

use crate::config::Config;
use crate::trouble::StoreFaults;

use super::access::Access;
use super::accounts::{Accounts, Origin, SignInError};
use super::audit::{Actor, Audit};
use super::clock::ClockNotes;
use super::cookies::{CookieSession, CookieToken, Cookies};
use super::device_rows::DeviceStanding;
use super::devices::Devices;
use super::directory_copy::DirectoryCopy;
use super::enrolment::Enrolment;
use super::known::{self, Known, KnownBrowser};
use super::passwords::{Hasher, Password};
use super::push::PushSubscriptions;
use super::redemption::{EnrolmentError, Redemption};
use super::refresh::{Refresh, RefreshError, RefreshSettings, RefreshToken};
use super::reports::Reports;
use super::requests::Requests;
use super::server_key::ServerKey;
use super::store::{AUTH_DB_FILE_NAME, AuthStore};
use super::tokens::{TokenError, TokenSettings, Tokens};
use super::witness::LogNotes;
use crate::keys::MasterKey;
use crate::keys::StoreError;

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

/// The two tokens of somebody who signed in.
#[derive(Debug)]
pub struct TokenPair {
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
crate::keys::secret::redacted!(AccessToken);

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
    Token(TokenError),
    /// The token was good, and its time is over: whose it was.
    #[error("the token has expired")]
    Expired(Actor),
    /// The cookie is of no session, or of one that has ended.
    #[error("the session has ended")]
    NoSession,
    /// The device was revoked, its user blocked, or it never was.
    #[error("this device may no longer be used")]
    Revoked,
    /// The device must erase itself.
    #[error("this device must erase its data")]
    Wipe(WipeOrder),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The signed order to a device to erase everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WipeOrder {
    /// The device.
    pub device_id: Uuid,
    /// When it was signed.
    pub at_ms: i64,
    /// The server's signature.
    pub signature: [u8; 64],
}

/// Authentication as a whole.
#[derive(Debug)]
pub struct Auth {
    /// What lets people in, and who gave it.
    pub access: Access,
    /// Logins and passwords.
    pub accounts: Accounts,
    /// Devices and whether they may act.
    pub devices: Devices,
    /// Access tokens.
    pub tokens: Tokens,
    /// What phones say of themselves.
    pub reports: Reports,
    /// Refresh tokens.
    pub refresh: Refresh,
    /// Sessions of the dashboard.
    pub cookies: Cookies,
    /// Codes for new devices.
    pub enrolment: Enrolment,
    /// What is noted of the clock.
    pub clock: ClockNotes,
    /// Who did what.
    pub audit: Audit,
    /// How far the log goes, noted beside it.
    pub log_notes: LogNotes,
    /// The directory's changes a second time.
    pub directory_copy: DirectoryCopy,
    /// Where phones are told of new work.
    pub push: PushSubscriptions,
    /// What became of requests that name themselves.
    pub requests: Requests,
    /// Signs receipts, answers, orders to wipe and audit heads.
    pub server_key: ServerKey,
    /// What opening found damaged in `auth.db`, in words for the operator.
    pub damage: Vec<String>,
    pub(crate) store: Arc<AuthStore>,
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
        Self::open_with(data_dir, master, settings, now_ms, None)
    }

    /// The same with faults a test simulates.
    ///
    /// # Errors
    /// As [`Auth::open`].
    pub(crate) fn open_with(
        data_dir: &Path,
        master: &MasterKey,
        settings: AuthSettings,
        now_ms: i64,
        faults: Option<StoreFaults>,
    ) -> Result<Self, StoreError> {
        let path = data_dir.join(AUTH_DB_FILE_NAME);
        Self::open_parts(&path, master, settings, now_ms, faults).map_err(|error| error.of(&path))
    }

    fn open_parts(
        path: &Path,
        master: &MasterKey,
        settings: AuthSettings,
        now_ms: i64,
        faults: Option<StoreFaults>,
    ) -> Result<Self, StoreError> {
        let store = Arc::new(AuthStore::open_with(path, faults)?);
        Ok(Self {
            damage: store.damage().to_vec(),
            server_key: ServerKey::open(&store, master)?,
            tokens: Tokens::open(Arc::clone(&store), master, settings.tokens, now_ms)?,
            access: Access::new(Arc::clone(&store)),
            accounts: Accounts::new(Arc::clone(&store), Arc::new(Hasher::default())),
            devices: Devices::new(Arc::clone(&store)),
            reports: Reports::open(Arc::clone(&store))?,
            refresh: Refresh::new(Arc::clone(&store), settings.refresh),
            cookies: Cookies::new(Arc::clone(&store)),
            enrolment: Enrolment::new(Arc::clone(&store)),
            clock: ClockNotes::new(Arc::clone(&store)),
            log_notes: LogNotes::new(Arc::clone(&store)),
            directory_copy: DirectoryCopy::new(Arc::clone(&store)),
            push: PushSubscriptions::new(Arc::clone(&store), master),
            requests: Requests::new(Arc::clone(&store)),
            audit: Audit::new(Arc::clone(&store)),
            store,
        })
    }

    /// Who makes a request: the token must be good, and the device and its user must still be allowed.
    ///
    /// # Errors
    /// With the reason; all but `Wipe` and `Store` should look alike outside.
    pub fn authenticate(&self, bearer: &str, now_ms: i64) -> Result<Actor, AuthenticateError> {
        match self.tokens.verify(bearer, now_ms) {
            Ok(claims) => self.may_act(claims.actor(), now_ms),
            Err(TokenError::Expired(claims)) => Err(AuthenticateError::Expired(claims.actor())),
            Err(error) => Err(AuthenticateError::Token(error)),
        }
    }

    /// Whose session a cookie's token is of. With `active` the request counts as something done in it.
    ///
    /// # Errors
    /// As [`Auth::authenticate`]; [`AuthenticateError::NoSession`] when it has ended or never was.
    pub fn authenticate_cookie(
        &self,
        token: &str,
        active: bool,
        now_ms: i64,
    ) -> Result<CookieSession, AuthenticateError> {
        let session = self
            .cookies
            .find(token, active, now_ms)?
            .ok_or(AuthenticateError::NoSession)?;
        self.may_act(session.actor, now_ms)?;
        Ok(session)
    }

    fn may_act(&self, actor: Actor, now_ms: i64) -> Result<Actor, AuthenticateError> {
        match self.devices.standing(actor.device, now_ms)? {
            DeviceStanding::Active { user_id } if user_id == actor.user => Ok(actor),
            DeviceStanding::Wipe => Err(AuthenticateError::Wipe(
                self.wipe_order(actor.device, now_ms),
            )),
            DeviceStanding::Active { .. }
            | DeviceStanding::Revoked
            | DeviceStanding::UserBlocked
            | DeviceStanding::Unknown => Err(AuthenticateError::Revoked),
        }
    }

    /// Ends all access of a person, from their next request on.
    ///
    /// # Errors
    /// When the store fails; nothing has then ended.
    pub fn end_access(&self, user_id: Uuid, by: Actor, now_ms: i64) -> Result<(), StoreError> {
        let ended = self.access.end(user_id, by, now_ms);
        self.devices.forget();
        ended
    }

    /// The order to a device to erase everything: nothing less than the server's signature makes it.
    #[must_use]
    pub fn wipe_order(&self, device_id: Uuid, now_ms: i64) -> WipeOrder {
        let statement = wipe_statement(DeviceId(device_id), Timestamp(now_ms));
        WipeOrder {
            device_id,
            at_ms: now_ms,
            signature: self.server_key.sign(&statement),
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
        from: impl Into<Origin>,
        now_ms: i64,
    ) -> Result<TokenPair, SignInError> {
        let user_id = self.accounts.sign_in(login, password, from, now_ms)?.user;
        let device_id = self.devices.create_console(user_id, now_ms)?;
        let refresh = self.refresh.start(user_id, device_id, now_ms)?;
        Ok(self.token_pair(user_id, device_id, refresh, now_ms)?)
    }

    /// Signs a person in at the dashboard: a session in a cookie, on a console of its own, and what the browser is known by next time. Blocks for as long as a hash takes.
    ///
    /// # Errors
    /// As [`Accounts::sign_in`].
    pub fn sign_in_cookie(
        &self,
        login: &str,
        password: &Password,
        from: impl Into<Origin>,
        now_ms: i64,
    ) -> Result<(CookieToken, KnownBrowser), SignInError> {
        let from = from.into();
        let signed_in = self.accounts.sign_in(login, password, from, now_ms)?;
        let user = signed_in.user;
        let device = self.devices.create_console(user, now_ms)?;
        let known = known::make(
            &self.server_key,
            user,
            signed_in.password_set_ms,
            from.browser,
            now_ms,
        )
        .map_err(StoreError::from)?;
        Ok((self.cookies.start(Actor { user, device }, now_ms)?, known))
    }

    /// Reads what a browser is known by. Only its account can say whether it still is.
    #[must_use]
    pub fn known_browser(&self, text: &str, now_ms: i64) -> Option<Known> {
        known::read(&self.server_key, text, now_ms)
    }

    /// Redeems an enrolment code and starts the device's first sign-in. Returns it with the device's fingerprint.
    ///
    /// # Errors
    /// As [`Enrolment::redeem`].
    pub fn enrol(
        &self,
        given: &Redemption<'_>,
        now_ms: i64,
    ) -> Result<(TokenPair, String), EnrolmentError> {
        let made = self.enrolment.redeem(given, now_ms)?;
        self.devices.forget_one(made.device_id);
        let tokens = self.token_pair(made.user_id, made.device_id, made.refresh, now_ms)?;
        Ok((tokens, made.fingerprint))
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
    ) -> Result<TokenPair, RefreshError> {
        let rotated = self.refresh.rotate(token, device_id, proof, now_ms)?;
        Ok(self.token_pair(rotated.user_id, rotated.device_id, rotated.token, now_ms)?)
    }

    fn token_pair(
        &self,
        user_id: Uuid,
        device_id: Uuid,
        refresh: RefreshToken,
        now_ms: i64,
    ) -> Result<TokenPair, StoreError> {
        Ok(TokenPair {
            user_id,
            device_id,
            access: AccessToken(self.tokens.issue(user_id, device_id, now_ms)?),
            access_ttl_s: self.tokens.access_ttl_s(),
            refresh,
        })
    }
}
