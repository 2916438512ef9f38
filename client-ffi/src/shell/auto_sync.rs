//! When to sync by itself: a plan without clock, threads or chance of its own.
//!
//! What enters: what happened and when, as time since any fixed moment. What leaves: how long to
//! wait before the next sync. What never happens here: calling a server that asked to be left
//! alone, or one that cannot be reached again and again at once; and a pause that nothing ends.

use std::time::Duration;

use crate::error::ClientError;
use crate::shell::backoff::wait_after;
use crate::types::SyncReport;

/// How eagerly to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoSyncPolicy {
    /// How long after a change here, so that several go together.
    pub debounce: Duration,
    /// How long after the first change that is not sent, however many follow.
    pub max_debounce: Duration,
    /// How long after the last sync when nothing happens.
    pub interval: Duration,
    /// How long after a first failure; doubles with each.
    pub backoff: Duration,
    /// How long after a failure at most, unless the server asks for more.
    pub max_backoff: Duration,
}

impl Default for AutoSyncPolicy {
    fn default() -> Self {
        Self {
            debounce: Duration::from_secs(2),
            max_debounce: Duration::from_secs(15),
            interval: Duration::from_secs(15 * 60),
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_secs(10 * 60),
        }
    }
}

/// How a sync ended, as far as the plan is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncEnd {
    /// Well; more may be left when what it may cost ran out.
    Done {
        /// Whether something is left.
        more: bool,
    },
    /// Try again later.
    Failed {
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// Most likely nothing changes before somebody does something: signs in, updates the app, lets
    /// the device in again. Tried again now and then all the same, since whoever does it need not
    /// say so here.
    Paused,
    /// The store is gone, closed or damaged: this run has nothing to sync any more.
    Over,
    /// The caller stopped it.
    Cancelled,
}

impl SyncEnd {
    /// What an outcome means for the plan.
    #[must_use]
    pub fn of(result: &Result<SyncReport, ClientError>) -> Self {
        match result {
            Ok(report) if report.wiped => Self::Over,
            Ok(report) => Self::Done { more: report.more },
            Err(ClientError::Offline { retry_after }) => Self::Failed {
                retry_after: retry_after.map(Duration::from_secs),
            },
            Err(ClientError::Cancelled) => Self::Cancelled,
            Err(
                ClientError::SignInRequired | ClientError::Revoked | ClientError::UpdateRequired,
            ) => Self::Paused,
            Err(ClientError::DamagedStore { .. } | ClientError::NoStore | ClientError::Closed) => {
                Self::Over
            }
            Err(_) => Self::Failed { retry_after: None },
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSyncEvent {
    /// Something was typed.
    Changed,
    /// The network came or went.
    Network(bool),
    /// The server said that it has news.
    Hint,
    /// The person asked for a sync.
    Asked,
    /// The person signed in or out.
    SignedIn(bool),
    /// A sync began.
    Began,
    /// A sync ended; `chance` is any random number.
    Ended {
        /// How.
        end: SyncEnd,
        /// What spreads phones that all failed at once.
        chance: u64,
    },
}

/// When to sync next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoSyncPlan {
    policy: AutoSyncPolicy,
    /// When the next sync is due, whatever else holds it back.
    due: Duration,
    /// When the first change came that no sync began after, and when they are due.
    changed: Option<(Duration, Duration)>,
    /// A failure holds syncs back until then.
    held: Duration,
    /// The server asked to be left alone until then.
    asked: Duration,
    failures: u32,
    network: bool,
    signed_out: bool,
    over: bool,
    running: bool,
    /// Something asked for another sync while one ran.
    again: bool,
}

impl AutoSyncPlan {
    /// A plan that begins with a sync.
    #[must_use]
    pub fn new(policy: AutoSyncPolicy, now: Duration) -> Self {
        Self {
            policy,
            due: now,
            changed: None,
            held: Duration::ZERO,
            asked: Duration::ZERO,
            failures: 0,
            network: true,
            signed_out: false,
            over: false,
            running: false,
            again: false,
        }
    }

    /// Takes in what happened.
    pub fn on(&mut self, event: AutoSyncEvent, now: Duration) {
        match event {
            AutoSyncEvent::Changed => {
                let first = self.changed.map_or(now, |(first, _)| first);
                let settled = now.saturating_add(self.policy.debounce);
                let latest = first.saturating_add(self.policy.max_debounce);
                self.changed = Some((first, settled.min(latest)));
            }
            AutoSyncEvent::Network(up) => {
                if up && !self.network {
                    self.soon(now);
                }
                self.network = up;
            }
            AutoSyncEvent::Hint | AutoSyncEvent::Asked => self.soon(now),
            AutoSyncEvent::SignedIn(signed_in) => {
                self.signed_out = !signed_in;
                if signed_in {
                    self.soon(now);
                }
            }
            AutoSyncEvent::Began => {
                self.running = true;
                self.again = false;
                self.changed = None;
            }
            AutoSyncEvent::Ended { end, chance } => self.ended(end, chance, now),
        }
    }

    fn soon(&mut self, now: Duration) {
        self.due = now;
        self.held = Duration::ZERO;
        self.failures = 0;
        self.again = self.running;
    }

    fn ended(&mut self, end: SyncEnd, chance: u64, now: Duration) {
        self.running = false;
        let again = std::mem::take(&mut self.again);
        match end {
            SyncEnd::Done { more } => {
                self.failures = 0;
                self.held = Duration::ZERO;
                self.due = if again || more {
                    now
                } else {
                    now.saturating_add(self.policy.interval)
                };
            }
            SyncEnd::Failed { retry_after } => {
                let (first, most) = (self.policy.backoff, self.policy.max_backoff);
                let wait = wait_after(self.failures, first, most, chance);
                self.failures = self.failures.saturating_add(1);
                // What came while it ran may have mended what made it fail.
                self.held = if again { now } else { now.saturating_add(wait) };
                self.asked = now.saturating_add(retry_after.unwrap_or_default());
                self.due = now;
            }
            SyncEnd::Paused => {
                self.failures = 0;
                let pause = self.policy.interval.max(self.policy.max_backoff);
                // What came while it ran may be what was needed.
                self.held = if again {
                    now
                } else {
                    now.saturating_add(pause)
                };
                self.due = self.held;
            }
            SyncEnd::Over => self.over = true,
            SyncEnd::Cancelled => self.due = now.saturating_add(self.policy.interval),
        }
    }

    /// How long to wait before a sync; zero when it is time, none when nothing is to be done before
    /// something happens.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        if self.over || self.signed_out || self.running || !self.network {
            return None;
        }
        let due = self.changed.map_or(self.due, |(_, at)| at.min(self.due));
        let at = due.max(self.held).max(self.asked);
        Some(at.saturating_sub(now))
    }
}
