//! The guard of the machine's clock: a clock that jumps is not followed until an administrator says that it is right.
//!
//! What enters: the machine's clock, a steady one beside it, and the newest time that this server ever went by. What leaves: the time that the server goes by. While the machine's clock is within reason of the time passed since then, it is the machine's. When it stands behind, or far ahead, the server goes on counting from the last time it was sure of, so that nothing is refused, expired or erased for a dead battery. What never happens here: an opinion on the clocks of phones, which are claims and refuse nothing.

use std::sync::Arc;
use std::time::Duration;

use gridfold_sync_core::time::Timestamp;
use parking_lot::Mutex;

use super::Clock;

/// How far the machine's clock may be set back without a question: what time services correct.
pub const CLOCK_BEHIND_MS: i64 = 5 * 60 * 1_000;
/// How far it may have gone ahead: longer than a server stands still over the longest public holiday, shorter than the shortest time after which anything is refused or expires (30 days).
pub const CLOCK_AHEAD_MS: i64 = 10 * 24 * 60 * 60 * 1_000;
/// How often the newest time is written down.
pub const CLOCK_NOTED_EVERY: Duration = Duration::from_secs(60);
/// No server of this version ran before this moment, so a clock that says so is wrong: 2026-11-01.
pub const CLOCK_FLOOR: Timestamp = Timestamp(1_793_491_200_000);

/// In what way the machine's clock is doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtKind {
    /// It stands behind times that this server went by.
    Behind,
    /// It has gone ahead further than this server can have stood still.
    Ahead,
}

impl DoubtKind {
    /// The word for it in the API, in metrics and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Ahead => "ahead",
        }
    }
}

/// What the clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time the server goes by.
    pub now: Timestamp,
    /// What the machine's clock says.
    pub machine: Timestamp,
    /// Why the two are not the same.
    pub doubt: Option<DoubtKind>,
}

/// Where the guard last was sure.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: Timestamp,
    steady: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct ClockGuard {
    machine: Arc<dyn Clock>,
    anchor: Mutex<Anchor>,
}

impl ClockGuard {
    /// Guards a clock that has a steady one beside it; `newest` is the newest time that this server went by before.
    #[must_use]
    pub fn new(machine: Arc<dyn Clock>, newest: Option<Timestamp>) -> Option<Self> {
        let steady = machine.steady()?;
        // With nothing to go by, a clock is believed unless it cannot be.
        let at = newest.unwrap_or_else(|| machine.now().max(CLOCK_FLOOR));
        Some(Self {
            machine,
            anchor: Mutex::new(Anchor { at, steady }),
        })
    }

    /// What the clocks say now.
    #[must_use]
    pub fn read(&self) -> ClockReading {
        let machine = self.machine.now();
        let steady = self.machine.steady().unwrap_or_default();
        let mut anchor = self.anchor.lock();
        let passed = steady.saturating_sub(anchor.steady).as_millis();
        let counted = anchor
            .at
            .plus_millis(i64::try_from(passed).unwrap_or(i64::MAX));
        let off = machine.millis().saturating_sub(counted.millis());
        let doubt = if off < -CLOCK_BEHIND_MS {
            Some(DoubtKind::Behind)
        } else if off > CLOCK_AHEAD_MS {
            Some(DoubtKind::Ahead)
        } else {
            None
        };
        let now = match doubt {
            Some(_) => counted,
            None => {
                // The time the server goes by never runs back; it waits for a clock that was set back a little.
                let now = machine.max(anchor.at);
                *anchor = Anchor { at: now, steady };
                now
            }
        };
        ClockReading {
            now,
            machine,
            doubt,
        }
    }

    /// Goes by the machine's clock from now on, whatever it says. Returns the time gone by before and the one from now on.
    pub fn believe(&self) -> (Timestamp, Timestamp) {
        let before = self.read().now;
        let machine = self.machine.now();
        let steady = self.machine.steady().unwrap_or_default();
        *self.anchor.lock() = Anchor {
            at: machine,
            steady,
        };
        (before, machine)
    }
}

impl Clock for ClockGuard {
    fn now(&self) -> Timestamp {
        self.read().now
    }
}
