//! Clocks of the demo: the server's runs from a set moment, a phone's may be wrong by a fixed amount.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gridfold_client::{Platform, SystemPlatform};
use gridfold_server::clock::{Clock, SystemClock};
use gridfold_sync_core::time::Timestamp;

/// Real time moved by an amount that the story changes.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    shift_ms: AtomicI64,
}

impl ShiftedClock {
    /// Moves the clock so that it shows `at` now.
    pub fn show(&self, at: Timestamp) {
        self.shift_ms
            .store(at.millis() - SystemClock.now().millis(), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock
            .now()
            .plus_millis(self.shift_ms.load(Ordering::SeqCst))
    }
}

/// A phone's clock: the story's, wrong by `wrong_by_ms`.
#[derive(Debug)]
pub struct PhonePlatform {
    /// The story's clock.
    pub clock: Arc<ShiftedClock>,
    /// How wrong it is, in milliseconds; positive is fast.
    pub wrong_by_ms: i64,
}

impl Platform for PhonePlatform {
    fn now(&self) -> Timestamp {
        self.clock.now().plus_millis(self.wrong_by_ms)
    }
    fn random(&self, bytes: &mut [u8]) {
        SystemPlatform.random(bytes);
    }
}
