//! The server's clock, an argument like any other so that the simulation can turn it.

mod guard;

pub use guard::{
    CLOCK_AHEAD_MS, CLOCK_BEHIND_MS, CLOCK_FLOOR, CLOCK_NOTED_EVERY, ClockGuard, ClockReading,
    DoubtKind,
};

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gridfold_sync_core::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, in milliseconds since the Unix epoch, UTC.
    fn now(&self) -> Timestamp;
    /// How much time has passed since some moment, by a clock that nobody sets. A clock that has one may be wrong and is guarded; one without, as the simulation's, is right by definition.
    fn steady(&self) -> Option<Duration> {
        None
    }
}

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    fn steady(&self) -> Option<Duration> {
        Some(STARTED.elapsed())
    }
}

/// A clock that stands until it is set.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock standing at `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.millis()))
    }
    /// Sets it.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
