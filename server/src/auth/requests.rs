//! Requests that name themselves: what became of each, so that the same one asked again changes nothing.
//!
//! What enters: a name that a caller gave a request, and a digest of what it asked. What leaves: the answer it got the first time. What never happens here: words of a record; an answer is kept as what was decided, not as what was written.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::store::AuthStore;
use crate::keys::StoreError;

/// How long a named request is remembered.
pub const IDEMPOTENCY_KEY_HOURS: i64 = 24;
/// The longest name of a request.
pub const IDEMPOTENCY_KEY_MAX_BYTES: usize = 128;
const DOORS: usize = 64;
const HOUR_MS: i64 = 3_600_000;

/// What is known of a request by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: it is noted now as begun.
    Begun,
    /// The name was given to another request.
    Other,
    /// It was begun, and what became of it was never noted: the server stopped in between.
    Unfinished,
    /// The answer it got.
    Answered(String),
}

/// The named requests of all callers.
#[derive(Debug)]
pub struct Requests {
    store: Arc<AuthStore>,
    doors: Vec<Mutex<()>>,
}

impl Requests {
    /// The named requests in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self {
            store,
            doors: (0..DOORS).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Waits until no other request of this name is under way.
    pub fn door(&self, user: Uuid, key: &str) -> MutexGuard<'_, ()> {
        let mut hash = Sha256::new();
        hash.update(user.as_bytes());
        hash.update(key.as_bytes());
        let first = usize::from(hash.finalize()[0]);
        self.doors[first % DOORS].lock()
    }

    /// Looks a request up, and notes it as begun when it is new.
    ///
    /// # Errors
    /// When the store fails; the request must then not be carried out.
    pub fn begin(
        &self,
        user: Uuid,
        key: &str,
        digest: &[u8; 32],
        now_ms: i64,
    ) -> Result<Repeat, StoreError> {
        self.store.write(|tx| {
            let oldest = now_ms.saturating_sub(IDEMPOTENCY_KEY_HOURS * HOUR_MS);
            tx.execute("DELETE FROM requests WHERE at_ms < ?1", [oldest])?;
            let mut statement = tx.prepare_cached(
                "SELECT digest, answer FROM requests WHERE user_id = ?1 AND key = ?2",
            )?;
            let found: Option<(Vec<u8>, Option<String>)> = statement
                .query_row(params![user.as_bytes(), key], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })
                .optional()?;
            Ok(match found {
                Some((was, _)) if was != digest => Repeat::Other,
                Some((_, Some(answer))) => Repeat::Answered(answer),
                Some((_, None)) => Repeat::Unfinished,
                None => {
                    tx.execute(
                        "INSERT INTO requests (user_id, key, digest, at_ms) VALUES (?1, ?2, ?3, ?4)",
                        params![user.as_bytes(), key, digest, now_ms],
                    )?;
                    Repeat::Begun
                }
            })
        })
    }

    /// Notes what became of a request; nothing for one that changed nothing and may be tried again.
    ///
    /// # Errors
    /// When the store fails; asked again, it is then told as unfinished.
    pub fn end(&self, user: Uuid, key: &str, answer: Option<&str>) -> Result<(), StoreError> {
        self.store.write(|tx| {
            match answer {
                Some(answer) => tx.execute(
                    "UPDATE requests SET answer = ?3 WHERE user_id = ?1 AND key = ?2",
                    params![user.as_bytes(), key, answer],
                )?,
                None => tx.execute(
                    "DELETE FROM requests WHERE user_id = ?1 AND key = ?2",
                    params![user.as_bytes(), key],
                )?,
            };
            Ok(())
        })
    }
}
