//! Sessions of the dashboard: an opaque token in a cookie, stored as a hash, ended when idle or old.
//!
//! What enters: a token that a browser sends, and the time. What leaves: whose session it is and until when.
//! What never happens here: a look at headers. A session survives a restart of the server: it stands in `auth.db` like every other.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::refresh;
use super::store::{AuthStore, id};
use crate::keys::StoreError;
use crate::keys::secret::{labelled_hash, random, redacted, same};

/// A session ends after this long without a request.
pub const COOKIE_IDLE_MS: i64 = 15 * 60 * 1_000;
/// A session ends this long after sign-in, whatever is done in it.
pub const COOKIE_ABSOLUTE_MS: i64 = 12 * 60 * 60 * 1_000;
/// A request within this of the one before is not written down: idle time is kept to this.
pub const COOKIE_USED_EVERY_MS: i64 = 5_000;

const TOKEN_BYTES: usize = 32;
const TOKEN_LABEL: &str = "gridfold/cookie/1";
const CSRF_LABEL: &str = "gridfold/csrf/1";

/// The token of a cookie, for the one who may have it. Wiped when dropped.
pub struct CookieToken(Zeroizing<String>);
redacted!(CookieToken);

impl CookieToken {
    /// The text to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A session that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieSession {
    /// Whose it is; each session has a console device of its own.
    pub actor: Actor,
    /// When it ends unless something is done in it.
    pub idle_until_ms: i64,
    /// When it ends at the latest.
    pub until_ms: i64,
    hash: [u8; 32],
}

/// The cookie sessions of one store.
#[derive(Debug, Clone)]
pub struct Cookies {
    store: Arc<AuthStore>,
}

/// What a page has to send along with a write: made from the cookie's token, which no other origin can read.
#[must_use]
pub fn csrf_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(labelled_hash(CSRF_LABEL, &[token.as_bytes()]))
}

/// Whether this is what the page of that token sends.
#[must_use]
pub fn csrf_matches(token: &str, given: &str) -> bool {
    same(csrf_token(token).as_bytes(), given.as_bytes())
}

fn token_hash(token: &str) -> Option<[u8; 32]> {
    // Nothing that this server made is of another length.
    (token.len() == (TOKEN_BYTES * 4).div_ceil(3))
        .then(|| labelled_hash(TOKEN_LABEL, &[token.as_bytes()]))
}

impl Cookies {
    /// The sessions in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Starts a session of a user whom the caller has authenticated, on a console of its own.
    ///
    /// # Errors
    /// When the store fails.
    pub fn start(&self, actor: Actor, now_ms: i64) -> Result<CookieToken, StoreError> {
        let bytes = Zeroizing::new(random::<TOKEN_BYTES>()?);
        let token = CookieToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)));
        let hash = labelled_hash(TOKEN_LABEL, &[token.expose().as_bytes()]);
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM cookie_sessions WHERE created_ms <= ?1 OR used_ms <= ?2",
                [now_ms - COOKIE_ABSOLUTE_MS, now_ms - COOKIE_IDLE_MS],
            )?;
            tx.execute(
                "INSERT INTO cookie_sessions (token_hash, user_id, device_id, created_ms, used_ms) VALUES (?1, ?2, ?3, ?4, ?4)",
                params![hash, actor.user.as_bytes(), actor.device.as_bytes(), now_ms],
            )?;
            Ok::<_, StoreError>(())
        })?;
        Ok(token)
    }

    /// The session of a token that has not ended. With `active` the request counts as something done in it.
    ///
    /// # Errors
    /// When the store fails; the request must then be refused.
    pub fn find(
        &self,
        token: &str,
        active: bool,
        now_ms: i64,
    ) -> Result<Option<CookieSession>, StoreError> {
        let Some(hash) = token_hash(token) else {
            return Ok(None);
        };
        let Some((mut session, used_ms)) = self.store.read(|conn| load(conn, hash, now_ms))? else {
            return Ok(None);
        };
        if active && now_ms - used_ms >= COOKIE_USED_EVERY_MS {
            let noted = self.store.write(|tx| {
                tx.prepare_cached(
                    "UPDATE cookie_sessions SET used_ms = max(used_ms, ?2) WHERE token_hash = ?1",
                )?
                .execute(params![hash, now_ms])?;
                Ok::<_, StoreError>(())
            });
            if let Err(error) = noted {
                // On a full disk reading goes on; the session ends no later for it.
                tracing::warn!(%error, "that a session was used could not be noted");
                return Ok(Some(session));
            }
            session.idle_until_ms = now_ms.saturating_add(COOKIE_IDLE_MS).min(session.until_ms);
        }
        Ok(Some(session))
    }

    /// Whether a session found before still stands; asking is not doing.
    ///
    /// # Errors
    /// When the store fails.
    pub fn stands(&self, session: &CookieSession, now_ms: i64) -> Result<bool, StoreError> {
        self.store
            .read(|conn| Ok(load(conn, session.hash, now_ms)?.is_some()))
    }

    /// Ends one session.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end(&self, session: &CookieSession, now_ms: i64) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM cookie_sessions WHERE token_hash = ?1",
                [session.hash],
            )?;
            let scope = AuditScope::of("device", session.actor.device);
            record(tx, now_ms, session.actor, "session.end", scope)
        })
    }

    /// Ends every session of a user: in cookies, by refresh token, and of consoles. Returns the consoles, which are to be revoked.
    ///
    /// # Errors
    /// When the store fails; nothing has then ended.
    pub fn end_all_of(&self, actor: Actor, now_ms: i64) -> Result<Vec<Uuid>, StoreError> {
        self.store.write(|tx| {
            revoke_user(tx, actor.user)?;
            refresh::revoke_user(tx, actor.user)?;
            let scope = AuditScope::of("user", actor.user);
            record(tx, now_ms, actor, "session.end-all", scope)?;
            let mut statement = tx.prepare(
                "SELECT device_id FROM devices WHERE user_id = ?1 AND state = 0 AND public_key IS NULL",
            )?;
            let mut rows = statement.query([actor.user.as_bytes()])?;
            let mut consoles = Vec::new();
            while let Some(row) = rows.next()? {
                consoles.push(id(&row.get::<_, Vec<u8>>(0)?)?);
            }
            Ok(consoles)
        })
    }
}

pub(crate) fn revoke_user(tx: &Connection, user_id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM cookie_sessions WHERE user_id = ?1",
        [user_id.as_bytes()],
    )?;
    Ok(())
}

fn load(
    conn: &Connection,
    hash: [u8; 32],
    now_ms: i64,
) -> Result<Option<(CookieSession, i64)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT user_id, device_id, created_ms, used_ms FROM cookie_sessions WHERE token_hash = ?1",
    )?;
    let mut rows = statement.query([hash])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (created_ms, used_ms): (i64, i64) = (row.get(2)?, row.get(3)?);
    let until_ms = created_ms.saturating_add(COOKIE_ABSOLUTE_MS);
    let idle_until_ms = used_ms.saturating_add(COOKIE_IDLE_MS).min(until_ms);
    let session = CookieSession {
        actor: Actor {
            user: id(&row.get::<_, Vec<u8>>(0)?)?,
            device: id(&row.get::<_, Vec<u8>>(1)?)?,
        },
        idle_until_ms,
        until_ms,
        hash,
    };
    Ok((now_ms < idle_until_ms).then_some((session, used_ms)))
}
