//! Codes as those who may invite see them: whose they are, and which still wait.
//!
//! What enters: ids and the time. What leaves: never a code itself, which was shown once.

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::enrolment::{CODE_MAX_TRIES, CODE_TTL_MS, Enrolment};
use super::store::id;
use crate::keys::StoreError;

/// A code that nobody has used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingCode {
    /// Names the code without revealing it.
    pub enrolment_id: Uuid,
    /// Whose next device it is for.
    pub user_id: Uuid,
    /// When it expires.
    pub expires_ms: i64,
}

impl Enrolment {
    /// Whose next device a code is for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn user(&self, enrolment_id: Uuid) -> Result<Option<Uuid>, StoreError> {
        self.store.read(|conn| {
            let user: Option<Vec<u8>> = conn
                .prepare_cached("SELECT user_id FROM enrolments WHERE enrolment_id = ?1")?
                .query_row([enrolment_id.as_bytes()], |r| r.get(0))
                .optional()?;
            user.map(|user| id(&user)).transpose()
        })
    }

    /// The codes that can be used now, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn waiting(&self, now_ms: i64) -> Result<Vec<WaitingCode>, StoreError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT enrolment_id, user_id, created_ms FROM enrolments
                 WHERE withdrawn = 0 AND device_id IS NULL AND tries < ?1 AND created_ms > ?2
                 ORDER BY created_ms, enrolment_id",
            )?;
            let since = now_ms.saturating_sub(CODE_TTL_MS);
            let mut rows = statement.query(params![CODE_MAX_TRIES, since])?;
            let mut codes = Vec::new();
            while let Some(row) = rows.next()? {
                codes.push(WaitingCode {
                    enrolment_id: id(&row.get::<_, Vec<u8>>(0)?)?,
                    user_id: id(&row.get::<_, Vec<u8>>(1)?)?,
                    expires_ms: row.get::<_, i64>(2)?.saturating_add(CODE_TTL_MS),
                });
            }
            Ok(codes)
        })
    }
}
