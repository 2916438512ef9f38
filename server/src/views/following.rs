//! How the views follow the log, for whoever reads them.
//!
//! What enters: the writer says when a projection failed and when the views are level again; a
//! reader says what it found damaged. What leaves: how many entries the views are behind, since
//! when and why. What never happens here: a write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};

use crate::trouble::Trouble;

/// How long a reader waits for views that are behind to catch up before it reads what they have.
const READER_WAIT: Duration = Duration::from_millis(300);

/// How far the views are behind the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Entries that the log has and the views have not.
    pub entries: u64,
    /// For how long.
    pub since: Duration,
    /// Why.
    pub trouble: Trouble,
}

#[derive(Debug, Clone, Copy)]
struct Lag {
    since: Instant,
    trouble: Trouble,
}

#[derive(Debug, Default)]
struct Inner {
    is_behind: AtomicBool,
    entries: AtomicU64,
    asked: AtomicBool,
    damaged: AtomicBool,
    lag: Mutex<Option<Lag>>,
    level: Condvar,
    /// Counts the files put in the place of another; held while one is opened.
    making: RwLock<u64>,
}

/// See the module. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Following(Arc<Inner>);

impl Following {
    /// How far the views are behind; none when they are level.
    #[must_use]
    pub fn behind(&self) -> Option<Behind> {
        if !self.0.is_behind.load(Ordering::Acquire) {
            return None;
        }
        let lag = (*self.0.lag.lock())?;
        Some(Behind {
            entries: self.0.entries.load(Ordering::Acquire),
            since: lag.since.elapsed(),
            trouble: lag.trouble,
        })
    }

    /// The views lack so many entries, for this trouble.
    pub(crate) fn fell_behind(&self, entries: u64, trouble: Trouble) {
        let mut lag = self.0.lag.lock();
        let since = lag.map_or_else(Instant::now, |lag| lag.since);
        *lag = Some(Lag { since, trouble });
        self.0.entries.store(entries, Ordering::Release);
        self.0.is_behind.store(true, Ordering::Release);
    }

    /// The views have all that the log has.
    pub(crate) fn is_level(&self) {
        let mut lag = self.0.lag.lock();
        *lag = None;
        self.0.entries.store(0, Ordering::Release);
        self.0.is_behind.store(false, Ordering::Release);
        self.0.level.notify_all();
    }

    /// Asks views that are behind to catch up now, and gives them a moment for it.
    pub(crate) fn wait_a_moment(&self) {
        if !self.0.is_behind.load(Ordering::Acquire) {
            return;
        }
        let until = Instant::now() + READER_WAIT;
        let mut lag = self.0.lag.lock();
        while lag.is_some() {
            self.0.asked.store(true, Ordering::Release);
            if self.0.level.wait_until(&mut lag, until).timed_out() {
                return;
            }
        }
    }

    /// Waits until the views are level with the log. False when they are not within that time.
    #[doc(hidden)]
    #[must_use]
    pub fn wait_until_level(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut lag = self.0.lag.lock();
        while lag.is_some() {
            self.0.asked.store(true, Ordering::Release);
            if self.0.level.wait_until(&mut lag, until).timed_out() {
                return lag.is_none();
            }
        }
        true
    }

    /// Whether somebody asked since the last time.
    pub(crate) fn was_asked(&self) -> bool {
        self.0.asked.swap(false, Ordering::AcqRel)
    }

    /// A reader met what is not what was written.
    pub(crate) fn found_damaged(&self) {
        self.0.damaged.store(true, Ordering::Release);
    }

    /// Whether a reader met damage since the last time.
    pub(crate) fn was_found_damaged(&self) -> bool {
        self.0.damaged.swap(false, Ordering::AcqRel)
    }

    /// How often another file was put in the place of the first.
    pub(crate) fn making(&self) -> u64 {
        *self.0.making.read()
    }

    /// The same, and no other file takes its place while it is held.
    pub(crate) fn hold_making(&self) -> RwLockReadGuard<'_, u64> {
        self.0.making.read()
    }

    /// Puts another file in the place of the views, while nobody opens them.
    pub(crate) fn replace<T, E>(&self, put: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut making = self.0.making.write();
        let done = put()?;
        *making += 1;
        Ok(done)
    }
}
