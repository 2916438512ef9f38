//! Accounts: a login and a password for those who have one; field workers enrol a device instead.

use std::net::IpAddr;
use std::sync::Arc;

use gridfold_sync_core::search::fold_keeping_accents;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::audit::{Actor, AuditScope, record};
use super::known::Known;
use super::passwords::{HashCaller, Hasher, Password, PasswordError, StoredHash, check_password};
use super::store::{AuthStore, fixed, id};
use super::{access, cookies, device_rows, refresh, throttle};
use crate::keys::StoreError;

/// The longest login, in characters.
pub const LOGIN_MAX_CHARS: usize = 128;

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Empty, too long, or with characters that cannot be seen.
    #[error("a login has 1 to {LOGIN_MAX_CHARS} characters and no spaces")]
    BadLogin,
    /// The login or the user has an account already.
    #[error("this login or this user already has an account")]
    Taken,
    /// The user has no account.
    #[error("this user has no account")]
    NoAccount,
    /// The password is not taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for AccountError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why someone is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown login, wrong password or blocked user: the answer does not say which.
    #[error("login or password is wrong")]
    Invalid,
    /// Too many failures of late.
    #[error("too many attempts; try again in {retry_after_s} seconds")]
    Delayed {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// Too many hashes under way.
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The address.
    pub address: IpAddr,
    /// What the browser says of itself, read and verified.
    pub browser: Option<Known>,
    /// The device of a session of the same user, when somebody signed in shows a password again.
    pub session: Option<Uuid>,
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self {
            address,
            browser: None,
            session: None,
        }
    }
}

/// Somebody who showed the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: Uuid,
    /// When the password that they showed was set.
    pub password_set_ms: i64,
}

/// The accounts of one store.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Arc<AuthStore>,
    hasher: Arc<Hasher>,
}

impl Accounts {
    /// The accounts in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>, hasher: Arc<Hasher>) -> Self {
        Self { store, hasher }
    }

    /// Gives a user a login and a password.
    ///
    /// # Errors
    /// When either is not taken, or hashing is busy.
    pub fn create(
        &self,
        login: &str,
        user_id: Uuid,
        password: &Password,
        by: Actor,
        now_ms: i64,
    ) -> Result<(), AccountError> {
        let login = normal(login).ok_or(AccountError::BadLogin)?;
        check_password(password, &login)?;
        let stored = self.hasher.permit()?.hash(password)?;
        self.store.write(|tx| {
            device_rows::ensure_user(tx, user_id, now_ms)?;
            let made = tx.execute(
                "INSERT OR IGNORE INTO accounts (login, user_id, salt, hash, memory_kib, passes, lanes, changed_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![login, user_id.as_bytes(), stored.salt, stored.hash, stored.memory_kib, stored.passes, stored.lanes, now_ms],
            )?;
            if made == 0 {
                return Err(AccountError::Taken);
            }
            access::note(tx, user_id, by, now_ms)?;
            Ok(record(tx, now_ms, by, "account.create", AuditScope::of("user", user_id))?)
        })
    }

    /// Replaces a user's password and ends all sessions of the user.
    ///
    /// # Errors
    /// When the user has no account, the password is not taken, or hashing is busy.
    pub fn set_password(
        &self,
        user_id: Uuid,
        password: &Password,
        by: Actor,
        now_ms: i64,
    ) -> Result<(), AccountError> {
        let login: String = self
            .store
            .read(|conn| {
                conn.query_row(
                    "SELECT login FROM accounts WHERE user_id = ?1",
                    [user_id.as_bytes()],
                    |r| r.get(0),
                )
                .optional()
            })?
            .ok_or(AccountError::NoAccount)?;
        check_password(password, &login)?;
        let stored = self.hasher.permit()?.hash(password)?;
        self.store.write(|tx| {
            tx.execute(
                "UPDATE accounts SET salt = ?2, hash = ?3, memory_kib = ?4, passes = ?5, lanes = ?6, changed_ms = ?7 WHERE user_id = ?1",
                params![user_id.as_bytes(), stored.salt, stored.hash, stored.memory_kib, stored.passes, stored.lanes, now_ms],
            )?;
            refresh::revoke_user(tx, user_id)?;
            cookies::revoke_user(tx, user_id)?;
            access::note(tx, user_id, by, now_ms)?;
            Ok(record(tx, now_ms, by, "account.set-password", AuditScope::of("user", user_id))?)
        })
    }

    /// Whether a user has a login.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_login(&self, user_id: Uuid) -> Result<bool, StoreError> {
        self.store.read(|conn| {
            Ok(conn
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM accounts WHERE user_id = ?1)")?
                .query_row([user_id.as_bytes()], |r| r.get(0))?)
        })
    }

    /// All logins with their users, by login.
    ///
    /// # Errors
    /// When the store fails.
    pub fn logins(&self) -> Result<Vec<(String, Uuid)>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT login, user_id FROM accounts ORDER BY login")?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((row.get(0)?, id(&row.get::<_, Vec<u8>>(1)?)?));
            }
            Ok(found)
        })
    }

    /// Whose login and password these are. Blocks for as long as a hash takes, whoever it is.
    ///
    /// # Errors
    /// When they are nobody's, when it is too early after failures, or when hashing is busy.
    pub fn sign_in(
        &self,
        login: &str,
        password: &Password,
        from: impl Into<Origin>,
        now_ms: i64,
    ) -> Result<SignedIn, SignInError> {
        let from = from.into();
        let typed = login.trim().to_lowercase();
        let login = normal(login).unwrap_or_default();
        // Nobody waits for a hash who has to wait anyway.
        let (found, subject, caller) = self.store.write(|tx| {
            // One from before width was folded is kept as it was typed, and goes before others.
            let found = match find(tx, &typed)? {
                None if typed != login => find(tx, &login)?,
                found => found,
            };
            let known = from.browser.filter(|known| {
                found.as_ref().is_some_and(|(account, _)| {
                    account.user == known.user && account.password_set_ms == known.password_set_ms
                })
            });
            let known = known
                .map(|known| known.browser)
                .or_else(|| from.session.map(Uuid::into_bytes));
            let (subject, caller) = match known {
                Some(known) => (throttle::from_browser(&login, &known), HashCaller::Known),
                None => (
                    throttle::from_address(&login, from.address),
                    HashCaller::Stranger,
                ),
            };
            match throttle::reserve(tx, &subject, now_ms)? {
                Some(retry_after_s) => Err(SignInError::Delayed { retry_after_s }),
                None => Ok((found, subject, caller)),
            }
        })?;
        let Ok(permit) = self.hasher.permit_for(caller) else {
            // It was never judged.
            self.store.write(|tx| throttle::forgive(tx, &subject))?;
            return Err(SignInError::Busy);
        };
        let (account, stored) = match found {
            Some((account, stored)) => (Some(account), stored),
            None => (None, StoredHash::of_nobody()),
        };
        let matches = permit
            .verify(password, &stored)
            .map_err(|_| SignInError::Busy)?;
        drop(permit);
        self.store.write(|tx| {
            let allowed = match account {
                Some(account) => matches && !device_rows::is_blocked(tx, account.user)?,
                None => false,
            };
            let Some(account) = account.filter(|_| allowed) else {
                let known = account.map(|a| a.user).unwrap_or_default();
                record(
                    tx,
                    now_ms,
                    Actor::SERVER,
                    "session.refused",
                    AuditScope::of("user", known),
                )?;
                return Ok(Err(SignInError::Invalid));
            };
            throttle::clear(tx, &subject)?;
            Ok::<_, SignInError>(Ok(account))
        })?
    }
}

/// A login as accounts are kept by it: whatever width and case it is typed in, accents told apart.
fn normal(login: &str) -> Option<String> {
    let login = fold_keeping_accents(login);
    let fits = (1..=LOGIN_MAX_CHARS).contains(&login.chars().count())
        && !login.chars().any(|c| c.is_whitespace() || c.is_control());
    fits.then_some(login)
}

fn find(conn: &Connection, login: &str) -> Result<Option<(SignedIn, StoredHash)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT user_id, salt, hash, memory_kib, passes, lanes, changed_ms FROM accounts WHERE login = ?1",
    )?;
    let mut rows = statement.query([login])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let stored = StoredHash {
        salt: fixed(&row.get::<_, Vec<u8>>(1)?)?,
        hash: fixed(&row.get::<_, Vec<u8>>(2)?)?,
        memory_kib: row.get(3)?,
        passes: row.get(4)?,
        lanes: row.get(5)?,
    };
    let account = SignedIn {
        user: id(&row.get::<_, Vec<u8>>(0)?)?,
        password_set_ms: row.get(6)?,
    };
    Ok(Some((account, stored)))
}
