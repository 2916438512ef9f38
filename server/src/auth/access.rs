//! What lets a person in, password, phones, codes and sessions, and who gave it to them: whoever sets a password or invites a phone could be the one who uses it, so what they may not give must not come to them this way.
//!
//! What enters: who gave access to whom, noted in the commit of the act itself. What leaves: whom a person's access comes from. What never happens here: judging who may give what; that is the directory's.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::audit::record;
use super::audit::{Actor, AuditScope};
use super::store::{AuthStore, id};
use super::{cookies, refresh};
use crate::keys::StoreError;
use crate::keys::secret::random;

/// Where a person's access comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// This user, then.
    User {
        /// Who.
        user: Uuid,
        /// When they last gave some.
        at_ms: i64,
    },
    /// Whoever was at the server itself.
    Server,
    /// Nobody knows: it was given before that was kept.
    Unknown,
}

/// Who gave access, in one store.
#[derive(Debug, Clone)]
pub struct Access {
    store: Arc<AuthStore>,
}

impl Access {
    /// The access of this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Where a person's access comes from; empty when they have none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn givers(&self, user_id: Uuid) -> Result<Vec<Giver>, StoreError> {
        self.store.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT by_user, at_ms FROM access_given WHERE user_id = ?1")?;
            let mut rows = statement.query([user_id.as_bytes()])?;
            let mut givers = Vec::new();
            while let Some(row) = rows.next()? {
                let user = id(&row.get::<_, Vec<u8>>(0)?)?;
                let at_ms = row.get(1)?;
                givers.push(if user == Actor::SERVER.user {
                    Giver::Server
                } else {
                    Giver::User { user, at_ms }
                });
            }
            if givers.is_empty() && has_some(conn, user_id)? {
                givers.push(Giver::Unknown);
            }
            Ok(givers)
        })
    }

    /// Ends all access of a person: nobody knows the password any more, codes are withdrawn, phones and sessions have ended. The login stays theirs.
    ///
    /// # Errors
    /// When the store fails; nothing has then ended.
    pub(super) fn end(&self, user_id: Uuid, by: Actor, now_ms: i64) -> Result<(), StoreError> {
        let nobodys: [u8; 32] = random()?;
        self.store.write(|tx| {
            let user = user_id.as_bytes();
            tx.execute(
                "UPDATE accounts SET salt = zeroblob(length(salt)), hash = ?2, changed_ms = ?3 WHERE user_id = ?1",
                params![user, nobodys, now_ms],
            )?;
            tx.execute(
                "UPDATE enrolments SET withdrawn = 1 WHERE user_id = ?1 AND device_id IS NULL",
                [user],
            )?;
            tx.execute(
                "UPDATE devices SET state = 1 WHERE user_id = ?1 AND state = 0",
                [user],
            )?;
            refresh::revoke_user(tx, user_id)?;
            cookies::revoke_user(tx, user_id)?;
            // What is given from now on is all there is.
            tx.execute("DELETE FROM access_given WHERE user_id = ?1", [user])?;
            given(tx, user_id, Actor::SERVER.user, now_ms)?;
            record(tx, now_ms, by, "access.end", AuditScope::of("user", user_id))
        })
    }

    /// Makes a person's access the word of somebody who stands for it, whoever gave it before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn confirm(&self, user_id: Uuid, by: Actor, now_ms: i64) -> Result<(), StoreError> {
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM access_given WHERE user_id = ?1",
                [user_id.as_bytes()],
            )?;
            given(tx, user_id, by.user, now_ms)?;
            record(
                tx,
                now_ms,
                by,
                "access.confirm",
                AuditScope::of("user", user_id),
            )
        })
    }
}

/// Notes who gave access to a person. What people do about their own is no new source of it.
pub(super) fn note(
    tx: &Connection,
    user_id: Uuid,
    by: Actor,
    now_ms: i64,
) -> Result<(), StoreError> {
    if by.user == user_id {
        return Ok(());
    }
    given(tx, user_id, by.user, now_ms)
}

fn given(tx: &Connection, user_id: Uuid, by: Uuid, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO access_given (user_id, by_user, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at_ms = ?3",
        params![user_id.as_bytes(), by.as_bytes(), now_ms],
    )?;
    Ok(())
}

/// Whether a person has anything to come in with.
fn has_some(conn: &Connection, user_id: Uuid) -> Result<bool, StoreError> {
    let found: Option<i64> = conn
        .prepare_cached(
            "SELECT 1 FROM accounts WHERE user_id = ?1
             UNION ALL SELECT 1 FROM devices WHERE user_id = ?1 AND state = 0
             UNION ALL SELECT 1 FROM enrolments WHERE user_id = ?1 AND withdrawn = 0 LIMIT 1",
        )?
        .query_row([user_id.as_bytes()], |r| r.get(0))
        .optional()?;
    Ok(found.is_some())
}
