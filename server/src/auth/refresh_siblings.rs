//! Siblings: the tokens given for one predecessor that was shown several times.
//!
//! What enters: a family and the hash of a token. What leaves: whether the token is as good as the newest, or as its predecessor.
//! Two exchanges at once, and copies of a request that arrive late, get a token each; whichever its owner keeps is good. Once one is used the others are good for [`REFRESH_GRACE_MS`] more, so that two who share a session both go on; after that one that is shown is a copy.

use rusqlite::{Connection, OptionalExtension, params};

use crate::keys::StoreError;

/// How long siblings of a token that was used are still exchanged.
pub const REFRESH_GRACE_MS: i64 = 60_000;
/// Most siblings of a family; the oldest make room.
const MOST: i64 = 16;

/// What a token of a family that is not its newest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sibling {
    /// None of its kind was used yet.
    Unused,
    /// Another of its kind was used, at most so long ago.
    Spent,
}

/// What this token is at this time, if it is a sibling.
pub(super) fn find(
    conn: &Connection,
    token: &[u8; 32],
    now_ms: i64,
) -> Result<Option<Sibling>, StoreError> {
    let until: Option<Option<i64>> = conn
        .prepare_cached("SELECT until_ms FROM refresh_siblings WHERE token_hash = ?1")?
        .query_row([token], |r| r.get(0))
        .optional()?;
    Ok(match until {
        Some(None) => Some(Sibling::Unused),
        Some(Some(until)) if now_ms < until => Some(Sibling::Spent),
        _ => None,
    })
}

/// Keeps the newest token as a sibling of the one that follows it.
pub(super) fn keep(
    tx: &Connection,
    family: &[u8; 32],
    token: &[u8; 32],
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO refresh_siblings (token_hash, handle_hash, given_ms, until_ms) VALUES (?1, ?2, ?3, NULL)",
        params![token, family, now_ms],
    )?;
    tx.execute(
        "DELETE FROM refresh_siblings WHERE handle_hash = ?1 AND token_hash NOT IN (
           SELECT token_hash FROM refresh_siblings WHERE handle_hash = ?1 ORDER BY given_ms DESC LIMIT ?2)",
        params![family, MOST],
    )?;
    Ok(())
}

/// One of them was used: those of before are gone, the others have their time.
pub(super) fn spend(
    tx: &Connection,
    family: &[u8; 32],
    used: &[u8; 32],
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM refresh_siblings WHERE handle_hash = ?1 AND (until_ms IS NOT NULL OR token_hash = ?2)",
        params![family, used],
    )?;
    tx.execute(
        "UPDATE refresh_siblings SET until_ms = ?2 WHERE handle_hash = ?1",
        params![family, now_ms.saturating_add(REFRESH_GRACE_MS)],
    )?;
    Ok(())
}

/// Forgets the siblings of families that are gone or have ended.
pub(super) fn tidy(tx: &Connection) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM refresh_siblings WHERE handle_hash NOT IN (SELECT handle_hash FROM refresh_families WHERE revoked = 0)",
        [],
    )?;
    Ok(())
}
