//! The audit: who did what, when, and to what, by pseudonymous ids only.
//!
//! Rows are chained by hash and written in the same transaction as what they record. A signed head, kept elsewhere, makes a cut or rewritten tail visible.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::server_key::ServerKey;
use super::store::{AuthStore, fixed, id};
use crate::keys::StoreError;
use crate::keys::secret::{labelled_hash, same};

/// The longest scope kept, in bytes.
pub const SCOPE_MAX_BYTES: usize = 512;

/// Rows read at a time while verifying.
const VERIFY_PAGE_ROWS: u32 = 256;

const ROW_LABEL: &str = "gridfold/audit-row/1";
const HEAD_LABEL: &str = "gridfold/audit-head/1";

/// Who acts: a user through a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: Uuid,
    /// The device used.
    pub device: Uuid,
}

impl Actor {
    /// The server itself, or someone it does not know yet.
    pub const SERVER: Self = Self {
        user: Uuid::nil(),
        device: Uuid::nil(),
    };
}

/// What something was done to: a list of `kind:id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditScope(String);

impl AuditScope {
    /// A scope of one thing. Ids only: never a name, a login or an address.
    #[must_use]
    pub fn of(kind: &'static str, id: impl Display) -> Self {
        Self::default().and(kind, id)
    }

    /// The same with one thing more. What would pass [`SCOPE_MAX_BYTES`] is left out whole.
    #[must_use]
    pub fn and(mut self, kind: &'static str, id: impl Display) -> Self {
        let kept = self.0.len();
        let gap = if kept == 0 { "" } else { " " };
        let _ = write!(self.0, "{gap}{kind}:{id}");
        if self.0.len() > SCOPE_MAX_BYTES {
            self.0.truncate(kept);
        }
        self
    }

    /// The text that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When, by the server's clock.
    pub at_ms: i64,
    /// Who.
    pub who: Actor,
    /// What, as a dotted word such as `device.revoke`.
    pub what: &'static str,
    /// To what.
    pub scope: AuditScope,
}

/// A recorded row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub who: Actor,
    /// What.
    pub what: String,
    /// To what.
    pub scope: String,
    /// The hash of this row and all before it.
    pub hash: [u8; 32],
}

/// The end of the chain, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The last row.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was signed.
    pub at_ms: i64,
    /// The server key's signature.
    pub signature: [u8; 64],
}

/// What is wrong with an audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row was changed, removed or slipped in.
    #[error("the audit was tampered with at row {0}")]
    Broken(u64),
    /// The chain no longer leads through a head that was signed.
    #[error("the audit no longer contains the signed row {0}: rows were cut off or rewritten")]
    HeadMissing(u64),
    /// The head is not signed by this key.
    #[error("the signature of the audit head is not valid")]
    BadSignature,
}

impl From<rusqlite::Error> for AuditError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The audit of one store.
#[derive(Debug, Clone)]
pub struct Audit {
    store: Arc<AuthStore>,
}

impl Audit {
    /// The audit in this store.
    #[must_use]
    pub fn new(store: Arc<AuthStore>) -> Self {
        Self { store }
    }

    /// Records something that happens outside this store: an export, a restricted field that was read.
    ///
    /// # Errors
    /// When the store fails; the act must then not happen.
    pub fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        self.store.write(|tx| Ok(append(tx, event)?))
    }

    /// Rows after `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn page(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, AuditError> {
        self.store.read(|conn| rows(conn, after, limit))
    }

    /// Rows before `before`, newest first, at most `limit`; of one user or one act when named.
    ///
    /// # Errors
    /// When the store fails.
    pub fn newest(
        &self,
        before: Option<u64>,
        user: Option<Uuid>,
        what: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, AuditError> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, at_ms, who, device, what, scope, hash FROM audit
                 WHERE seq < ?1 AND (?2 IS NULL OR who = ?2) AND (?3 IS NULL OR what = ?3)
                 ORDER BY seq DESC LIMIT ?4",
            )?;
            let before = before
                .and_then(|n| i64::try_from(n).ok())
                .unwrap_or(i64::MAX);
            let user = user.map(|u| u.as_bytes().to_vec());
            read_rows(statement.query(params![before, user, what, limit])?)
        })
    }

    /// Signs the present end of the chain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sign_head(&self, key: &ServerKey, now_ms: i64) -> Result<SignedHead, AuditError> {
        let (seq, hash) = self.store.read(head)?;
        let signature = key.sign(&head_message(seq, &hash, now_ms));
        Ok(SignedHead {
            seq,
            hash,
            at_ms: now_ms,
            signature,
        })
    }

    /// Walks the whole chain; with a head signed earlier also checks that the chain still leads through it.
    /// Returns the number of rows.
    ///
    /// # Errors
    /// When anything does not fit.
    pub fn verify(&self, trusted: Option<(&SignedHead, &[u8; 32])>) -> Result<u64, AuditError> {
        if let Some((head, public)) = trusted {
            check_signature(head, public)?;
        }
        let mut last = (0, [0; 32]);
        let mut met = trusted.is_none_or(|(head, _)| head.seq == 0);
        loop {
            let page = self
                .store
                .read(|conn| rows(conn, last.0, VERIFY_PAGE_ROWS))?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let expected =
                    row_hash(&last.1, row.seq, row.at_ms, row.who, &row.what, &row.scope);
                if row.seq != last.0 + 1 || !same(&expected, &row.hash) {
                    return Err(AuditError::Broken(last.0 + 1));
                }
                last = (row.seq, row.hash);
                met |= trusted.is_some_and(|(h, _)| h.seq == row.seq && h.hash == row.hash);
            }
        }
        match trusted {
            Some((head, _)) if !met => Err(AuditError::HeadMissing(head.seq)),
            _ => Ok(last.0),
        }
    }
}

/// Appends a row in the caller's transaction.
pub(crate) fn append(tx: &Connection, event: &AuditEvent) -> Result<(), StoreError> {
    let (seq, previous) = head(tx)?;
    let seq = seq + 1;
    let scope = event.scope.as_str();
    let hash = row_hash(&previous, seq, event.at_ms, event.who, event.what, scope);
    tx.prepare_cached(
        "INSERT INTO audit (seq, at_ms, who, device, what, scope, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        i64::try_from(seq).map_err(|_| StoreError::Damaged("the audit is too long"))?,
        event.at_ms,
        event.who.user.as_bytes(),
        event.who.device.as_bytes(),
        event.what,
        scope,
        hash
    ])?;
    Ok(())
}

fn head(conn: &Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let found: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    match found {
        Some((seq, hash)) => Ok((seq.unsigned_abs(), fixed(&hash)?)),
        None => Ok((0, [0; 32])),
    }
}

fn rows(conn: &Connection, after: u64, limit: u32) -> Result<Vec<AuditRow>, AuditError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, at_ms, who, device, what, scope, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    read_rows(statement.query(params![after, limit])?)
}

fn read_rows(mut found: rusqlite::Rows<'_>) -> Result<Vec<AuditRow>, AuditError> {
    let mut page = Vec::new();
    while let Some(row) = found.next()? {
        page.push(AuditRow {
            seq: row.get::<_, i64>(0)?.unsigned_abs(),
            at_ms: row.get(1)?,
            who: Actor {
                user: id(&row.get::<_, Vec<u8>>(2)?)?,
                device: id(&row.get::<_, Vec<u8>>(3)?)?,
            },
            what: row.get(4)?,
            scope: row.get(5)?,
            hash: fixed(&row.get::<_, Vec<u8>>(6)?)?,
        });
    }
    Ok(page)
}

fn row_hash(
    previous: &[u8; 32],
    seq: u64,
    at_ms: i64,
    who: Actor,
    what: &str,
    scope: &str,
) -> [u8; 32] {
    labelled_hash(
        ROW_LABEL,
        &[
            previous,
            &seq.to_be_bytes(),
            &at_ms.to_be_bytes(),
            who.user.as_bytes(),
            who.device.as_bytes(),
            what.as_bytes(),
            scope.as_bytes(),
        ],
    )
}

fn head_message(seq: u64, hash: &[u8; 32], at_ms: i64) -> [u8; 32] {
    labelled_hash(
        HEAD_LABEL,
        &[&seq.to_be_bytes(), hash, &at_ms.to_be_bytes()],
    )
}

fn check_signature(head: &SignedHead, public: &[u8; 32]) -> Result<(), AuditError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| AuditError::BadSignature)?;
    let message = head_message(head.seq, &head.hash, head.at_ms);
    key.verify_strict(&message, &Signature::from_bytes(&head.signature))
        .map_err(|_| AuditError::BadSignature)
}

/// Adds a row in the transaction of what it tells of.
pub(crate) fn record(
    tx: &Connection,
    at_ms: i64,
    who: Actor,
    what: &'static str,
    scope: AuditScope,
) -> Result<(), StoreError> {
    append(
        tx,
        &AuditEvent {
            at_ms,
            who,
            what,
            scope,
        },
    )
}
