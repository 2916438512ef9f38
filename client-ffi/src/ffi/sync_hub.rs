//! Where a sync stands: who runs one tells it here, watches read it.

use std::sync::atomic::{AtomicU64, Ordering};

use event_listener::{Event, EventListener};
use parking_lot::Mutex;

use crate::ffi::error::ClientError;
use crate::ffi::records::{SyncProgress, SyncReport};

/// How the last sync stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SyncState {
    /// None ran since the client was opened.
    Idle,
    /// One runs.
    Running {
        /// How far it got.
        progress: SyncProgress,
    },
    /// The last one ended well.
    Done {
        /// What it did.
        report: SyncReport,
    },
    /// The last one failed; nothing is lost.
    Failed {
        /// Why.
        error: ClientError,
    },
}

#[derive(Debug)]
struct LastSync {
    state: SyncState,
    version: u64,
    closed: bool,
}

/// Who runs a sync tells it here; watches read it.
#[derive(Debug)]
pub(crate) struct SyncHub {
    told: Mutex<LastSync>,
    pub(crate) changed: Event,
    /// Counts cancellations; a sync that began before the newest ends.
    cancelled: AtomicU64,
    cancel: Event,
}

impl Default for SyncHub {
    fn default() -> Self {
        Self {
            told: Mutex::new(LastSync {
                state: SyncState::Idle,
                version: 1,
                closed: false,
            }),
            changed: Event::new(),
            cancelled: AtomicU64::new(0),
            cancel: Event::new(),
        }
    }
}

impl SyncHub {
    pub(crate) fn tell(&self, state: SyncState) {
        let mut told = self.told.lock();
        told.state = state;
        told.version += 1;
        drop(told);
        self.changed.notify(usize::MAX);
    }
    /// The state and its version, unless the client was shut down.
    pub(crate) fn read(&self) -> Option<(SyncState, u64)> {
        let told = self.told.lock();
        (!told.closed).then(|| (told.state.clone(), told.version))
    }
    pub(crate) fn close(&self) {
        self.told.lock().closed = true;
        self.changed.notify(usize::MAX);
    }
    pub(crate) fn cancel(&self) {
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        self.cancel.notify(usize::MAX);
    }
    /// How often was cancelled: a sync that began at another count ends.
    pub(crate) fn cancellations(&self) -> u64 {
        self.cancelled.load(Ordering::SeqCst)
    }
    /// Hears the next cancellation.
    pub(crate) fn on_cancel(&self) -> EventListener {
        self.cancel.listen()
    }
}
