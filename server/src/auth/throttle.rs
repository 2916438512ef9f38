//! Growing delays after failures, for an account as one origin tries it. Never a lock: time alone opens it again, and whoever fails elsewhere under the same name delays nobody here.
//!
//! An origin is a browser that the account is known to use, else an address. What one address may ask under many names is bounded by the rate of requests.
//! An attempt is counted before it is judged and taken back when it succeeds, so attempts made at the same moment do not slip past the count.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, params};

use crate::keys::StoreError;
use crate::keys::secret::labelled_hash;

/// Failures before delays begin.
pub const FREE_FAILURES: u32 = 5;
/// The first delay; each further failure doubles it.
pub const FIRST_DELAY_MS: i64 = 2_000;
/// The longest delay.
pub const MAX_DELAY_MS: i64 = 15 * 60 * 1_000;
/// Failures are forgotten after this long without another.
pub const FORGET_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

/// How long to wait after so many failures in a row.
#[must_use]
pub fn delay_ms(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(more) => FIRST_DELAY_MS
            .saturating_mul(1 << more.min(20))
            .min(MAX_DELAY_MS),
    }
}

/// Whoever or whatever failures are counted for, as a hash.
pub(crate) type Subject = [u8; 32];

/// An account as an address tries it. An IPv6 customer has a whole /64, so that is what counts as one address.
pub(crate) fn from_address(login: &str, address: IpAddr) -> Subject {
    let bytes = match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    };
    labelled_hash("gridfold/failures/address", &[login.as_bytes(), &bytes])
}

/// An account as a browser tries it that is known there.
pub(crate) fn from_browser(login: &str, browser: &[u8; 16]) -> Subject {
    labelled_hash("gridfold/failures/browser", &[login.as_bytes(), browser])
}

/// Counts an attempt, or says how many seconds to wait.
pub(crate) fn reserve(
    tx: &Connection,
    subject: &Subject,
    now_ms: i64,
) -> Result<Option<u64>, StoreError> {
    tx.prepare_cached("DELETE FROM failures WHERE last_ms < ?1")?
        .execute([now_ms.saturating_sub(FORGET_AFTER_MS)])?;
    let found: Option<(u32, i64)> = tx
        .prepare_cached("SELECT count, until_ms FROM failures WHERE subject = ?1")?
        .query_row([subject], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (count, until_ms) = found.unwrap_or((0, 0));
    let wait_ms = until_ms.saturating_sub(now_ms);
    // More than the longest delay ahead means the clock was set back since.
    if (1..=MAX_DELAY_MS).contains(&wait_ms) {
        return Ok(Some(wait_ms.unsigned_abs().div_ceil(1_000)));
    }
    let count = count.saturating_add(1);
    tx.prepare_cached("INSERT OR REPLACE INTO failures (subject, count, last_ms, until_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![subject, count, now_ms, until(count, now_ms)])?;
    Ok(None)
}

/// Forgets everything about a subject that has proven itself.
pub(crate) fn clear(tx: &Connection, subject: &Subject) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM failures WHERE subject = ?1")?
        .execute([subject])?;
    Ok(())
}

/// Takes back an attempt that was never judged.
pub(crate) fn forgive(tx: &Connection, subject: &Subject) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE failures SET count = max(count - 1, 0), until_ms = 0 WHERE subject = ?1",
    )?
    .execute([subject])?;
    Ok(())
}

/// Zero when there is no delay, so that a clock that steps back a little delays nobody.
fn until(count: u32, now_ms: i64) -> i64 {
    match delay_ms(count) {
        0 => 0,
        delay => now_ms.saturating_add(delay),
    }
}
