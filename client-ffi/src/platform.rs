//! The clock and the randomness, as a trait, so that the simulation injects both.

#[cfg(not(target_family = "wasm"))]
use std::time::{SystemTime, UNIX_EPOCH};

use gridfold_sync_core::time::Timestamp;

/// What the library takes from the machine it runs on.
pub trait Platform: Send + Sync {
    /// The phone's clock: a claim, never trusted.
    fn now(&self) -> Timestamp;
    /// Fills the bytes from a cryptographic source.
    fn random(&self, bytes: &mut [u8]);
}

/// The operating system's clock and randomness.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemPlatform;

#[cfg(not(target_family = "wasm"))]
impl Platform for SystemPlatform {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Timestamp(millis)
    }
    fn random(&self, bytes: &mut [u8]) {
        // Keys and nonces must never be predictable: without randomness nothing may go on.
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

pub(crate) fn random<const N: usize>(platform: &dyn Platform) -> [u8; N] {
    let mut bytes = [0; N];
    platform.random(&mut bytes);
    bytes
}
