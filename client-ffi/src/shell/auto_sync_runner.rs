//! A thread that syncs when the plan says so.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::cancel::CancelToken;
use crate::error::ClientError;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::auto_sync::{AutoSyncEvent, AutoSyncPlan, AutoSyncPolicy, SyncEnd};
use crate::shell::transport::{Blocking, Transport, at_once};
use crate::types::{SyncOptions, SyncReport};

/// How often a transport is told to give up while the thread is waited for: the call may not have
/// begun when it was told first.
const GIVE_UP_EVERY: Duration = Duration::from_millis(100);

/// Is told of each sync, on the thread that made it.
pub trait AutoSyncObserver: Send + Sync {
    /// A sync ended.
    fn synced(&self, result: &Result<SyncReport, ClientError>);
}

/// What moves the thread.
struct Drive {
    plan: AutoSyncPlan,
    stopping: bool,
    ended: bool,
}

/// What the thread and whoever tells it something share.
pub(crate) struct Signal {
    started: Instant,
    drive: Mutex<Drive>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn on(&self, event: AutoSyncEvent) {
        let now = self.started.elapsed();
        self.drive.lock().plan.on(event, now);
        self.changed.notify_all();
    }
}

/// Syncs by itself until it is stopped or dropped, or the store is gone.
pub struct AutoSync {
    signal: Arc<Signal>,
    transport: Arc<dyn Transport>,
    cancel: CancelToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for AutoSync {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AutoSync").finish_non_exhaustive()
    }
}

impl AutoSync {
    /// The network came or went.
    pub fn network_available(&self, available: bool) {
        self.signal.on(AutoSyncEvent::Network(available));
    }
    /// The server said that it has news.
    pub fn server_hint(&self) {
        self.signal.on(AutoSyncEvent::Hint);
    }
    /// Syncs as soon as the server lets it.
    pub fn sync_now(&self) {
        self.signal.on(AutoSyncEvent::Asked);
    }
    /// Goes on after the person signed in again, or holds still after they signed out.
    pub fn signed_in(&self, signed_in: bool) {
        self.signal.on(AutoSyncEvent::SignedIn(signed_in));
    }
    /// Stops at the next round trip, at once when the transport can give up, and waits for it.
    /// Nothing is lost. Does not wait when an observer calls it.
    pub fn stop(&self) {
        self.cancel.cancel();
        let mut drive = self.signal.drive.lock();
        drive.stopping = true;
        self.signal.changed.notify_all();
        let Some(thread) = self.thread.lock().take() else {
            return;
        };
        if thread.thread().id() == std::thread::current().id() {
            return;
        }
        while !drive.ended {
            parking_lot::MutexGuard::unlocked(&mut drive, || self.transport.cancel());
            if !drive.ended {
                self.signal.changed.wait_for(&mut drive, GIVE_UP_EVERY);
            }
        }
        drop(drive);
        // A panic of the thread was the app's observer's: it is not this caller's.
        let _ = thread.join();
    }
}

impl Drop for AutoSync {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says that the thread ended, however it did.
struct Ending(Arc<Signal>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.drive.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Shell {
    /// Tells the thread, if one runs, what happened.
    pub(crate) fn tell_auto_sync(&self, event: AutoSyncEvent) {
        let signal = self.auto_sync.lock().as_ref().and_then(Weak::upgrade);
        if let Some(signal) = signal {
            signal.on(event);
        }
    }

    pub(crate) fn auto_sync(
        self: &Arc<Self>,
        transport: Arc<dyn Transport>,
        policy: AutoSyncPolicy,
        observer: Option<Arc<dyn AutoSyncObserver>>,
    ) -> Result<AutoSync, ClientError> {
        let mut slot = self.auto_sync.lock();
        let before = slot.as_ref().and_then(Weak::upgrade);
        if before.is_some_and(|signal| !signal.drive.lock().ended) {
            return Err(ClientError::rejected("auto_sync_runs"));
        }
        let signal = Arc::new(Signal {
            started: Instant::now(),
            drive: Mutex::new(Drive {
                plan: AutoSyncPlan::new(policy, Duration::ZERO),
                stopping: false,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let cancel = CancelToken::new();
        let run = Run {
            shell: Arc::clone(self),
            signal: Arc::clone(&signal),
            transport: Arc::clone(&transport),
            cancel: cancel.clone(),
            observer,
        };
        let thread = std::thread::Builder::new()
            .name("gridfold-sync".to_owned())
            .spawn(move || run.run())
            .map_err(ClientError::from)?;
        *slot = Some(Arc::downgrade(&signal));
        Ok(AutoSync {
            signal,
            transport,
            cancel,
            thread: Mutex::new(Some(thread)),
        })
    }
}

/// What the thread holds.
struct Run {
    shell: Arc<Shell>,
    signal: Arc<Signal>,
    transport: Arc<dyn Transport>,
    cancel: CancelToken,
    observer: Option<Arc<dyn AutoSyncObserver>>,
}

impl Run {
    fn run(&self) {
        let _ending = Ending(Arc::clone(&self.signal));
        while self.wait() {
            let options = SyncOptions {
                cancel: Some(&self.cancel),
                ..SyncOptions::default()
            };
            let result = at_once(self.shell.sync(&Blocking(&*self.transport), &options));
            if let Some(observer) = &self.observer {
                observer.synced(&result);
            }
            let chance = u64::from_be_bytes(random(&*self.shell.platform));
            let end = SyncEnd::of(&result);
            self.signal.on(AutoSyncEvent::Ended { end, chance });
            if end == SyncEnd::Over {
                return;
            }
        }
    }

    /// Waits until a sync is due; false when the thread must end.
    fn wait(&self) -> bool {
        let mut drive = self.signal.drive.lock();
        loop {
            if drive.stopping {
                return false;
            }
            let now = self.signal.started.elapsed();
            match drive.plan.next_wake(now) {
                Some(Duration::ZERO) => {
                    drive.plan.on(AutoSyncEvent::Began, now);
                    return true;
                }
                Some(wait) => {
                    self.signal.changed.wait_for(&mut drive, wait);
                }
                None => self.signal.changed.wait(&mut drive),
            }
        }
    }
}
