//! How often one device or address may ask: a bucket of tokens for each, refilled by the clock that is passed in.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use gridfold_sync_core::time::Timestamp;
use lru::LruCache;
use parking_lot::Mutex;
use uuid::Uuid;

/// Subjects remembered; the longest unseen is forgotten first.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);
const MINUTE_MS: i64 = 60_000;

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Sync and changes of a device.
    Sync(Uuid),
    /// Everything else of a device.
    Device(Uuid),
    /// Refreshing of a device that shows a good token.
    Refresh(Uuid),
    /// Enrolment with a code that is one.
    Enrolment(Uuid),
    /// Signing in from a browser that an account is known to use.
    Browser([u8; 16]),
    /// Whoever is not known, by address; of IPv6 the first 64 bits.
    Address([u8; 8]),
    /// Whoever asks by the numbers of receipts, by address.
    ReceiptsOf([u8; 8]),
    /// Everybody who asks by the number of a receipt.
    Receipts,
}

impl Subject {
    /// The subject of an address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(key_of(address))
    }

    /// The subject of an address that asks by receipts: what others do there otherwise holds nobody back.
    #[must_use]
    pub fn receipts_of(address: IpAddr) -> Self {
        Self::ReceiptsOf(key_of(address))
    }
}

fn key_of(address: IpAddr) -> [u8; 8] {
    let mut key = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(v4) => key[4..].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => key.copy_from_slice(&v6.octets()[..8]),
    }
    key
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Milliseconds of credit; one request costs a minute divided by the limit.
    credit_ms: i64,
    at_ms: i64,
}

/// The buckets.
#[derive(Debug)]
pub struct RateLimiter {
    buckets: Mutex<LruCache<Subject, Bucket>>,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self {
            buckets: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl RateLimiter {
    /// Takes one request of a subject that may make `per_minute`; otherwise says how many seconds to wait.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&self, subject: Subject, per_minute: u32, now: Timestamp) -> Result<(), u64> {
        let cost_ms = (MINUTE_MS / i64::from(per_minute.max(1))).max(1);
        let full_ms = cost_ms.saturating_mul(i64::from(per_minute.max(1)));
        let mut buckets = self.buckets.lock();
        let fresh = Bucket {
            credit_ms: full_ms,
            at_ms: now.millis(),
        };
        let bucket = buckets.get_or_insert_mut(subject, || fresh);
        let gone_ms = now.millis().saturating_sub(bucket.at_ms).max(0);
        bucket.credit_ms = bucket.credit_ms.saturating_add(gone_ms).min(full_ms);
        bucket.at_ms = now.millis();
        if bucket.credit_ms < cost_ms {
            let wait_ms = cost_ms - bucket.credit_ms;
            return Err(wait_ms.unsigned_abs().div_ceil(1_000).max(1));
        }
        bucket.credit_ms -= cost_ms;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let limiter = RateLimiter::default();
        let who = Subject::Device(Uuid::from_u128(1));
        let start = Timestamp(1_000_000);
        for _ in 0..60 {
            assert_eq!(limiter.take(who, 60, start), Ok(()));
        }
        assert_eq!(limiter.take(who, 60, start), Err(1));
        assert_eq!(
            limiter.take(Subject::Sync(Uuid::from_u128(1)), 60, start),
            Ok(())
        );
        assert_eq!(limiter.take(who, 60, start.plus_millis(1_000)), Ok(()));
        assert!(limiter.take(who, 60, start.plus_millis(1_000)).is_err());
    }
}
