//! Change events: which records changed, pulled by the app, never pushed at it.
//!
//! A subscription holds one pending event for each cause; what happens before the app looks is
//! merged into it, so a slow reader costs bounded memory and misses nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::{Event, EventListener};
use gridfold_sync_core::ids::RecordId;
use parking_lot::{Condvar, Mutex};

/// Records named in one event at most; past it the event says that everything may have changed.
pub const MAX_EVENT_RECORDS: usize = 4_096;

/// What made records change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeCause {
    /// An edit on this phone.
    Local,
    /// A sync.
    Sync,
}

/// Records changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// Which, in order of their ids; empty when `everything` is set.
    pub records: Vec<RecordId>,
    /// Why.
    pub cause: ChangeCause,
    /// Too many to name: read again whatever is shown.
    pub everything: bool,
}

#[derive(Debug, Default)]
struct Pending {
    order: Vec<ChangeCause>,
    local: BTreeSet<RecordId>,
    sync: BTreeSet<RecordId>,
    overflow: [bool; 2],
}

impl Pending {
    fn add(&mut self, cause: ChangeCause, records: &[RecordId]) {
        if !self.order.contains(&cause) {
            self.order.push(cause);
        }
        let overflow = &mut self.overflow[cause as usize];
        let set = match cause {
            ChangeCause::Local => &mut self.local,
            ChangeCause::Sync => &mut self.sync,
        };
        if !*overflow {
            set.extend(records);
            if set.len() > MAX_EVENT_RECORDS {
                *overflow = true;
                set.clear();
            }
        }
    }
    fn take(&mut self) -> Option<ChangeEvent> {
        if self.order.is_empty() {
            return None;
        }
        let cause = self.order.remove(0);
        let set = match cause {
            ChangeCause::Local => &mut self.local,
            ChangeCause::Sync => &mut self.sync,
        };
        Some(ChangeEvent {
            records: std::mem::take(set).into_iter().collect(),
            cause,
            everything: std::mem::take(&mut self.overflow[cause as usize]),
        })
    }
}

#[derive(Debug, Default)]
struct Slot {
    pending: Mutex<Pending>,
    changed: Condvar,
    /// The same for readers that await.
    woken: Event,
}

/// A reader of change events.
#[derive(Debug)]
pub struct Subscription {
    slot: Arc<Slot>,
}

impl Subscription {
    /// The next event, if there is one.
    #[must_use]
    pub fn try_next(&self) -> Option<ChangeEvent> {
        self.slot.pending.lock().take()
    }
    /// Wakes at the next change from now on; listen first, then look.
    pub(crate) fn listen(&self) -> EventListener {
        self.slot.woken.listen()
    }
    /// The next event, waiting for at most `timeout`.
    #[must_use]
    pub fn next_timeout(&self, timeout: Duration) -> Option<ChangeEvent> {
        let mut pending = self.slot.pending.lock();
        if pending.order.is_empty() {
            self.slot.changed.wait_for(&mut pending, timeout);
        }
        pending.take()
    }
}

/// All subscriptions of a client.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    slots: Mutex<Vec<Weak<Slot>>>,
}

impl Subscriptions {
    pub(crate) fn subscribe(&self) -> Subscription {
        let slot = Arc::new(Slot::default());
        self.slots.lock().push(Arc::downgrade(&slot));
        Subscription { slot }
    }
    pub(crate) fn tell(&self, cause: ChangeCause, records: &[RecordId]) {
        if records.is_empty() {
            return;
        }
        self.slots.lock().retain(|weak| {
            let Some(slot) = weak.upgrade() else {
                return false;
            };
            slot.pending.lock().add(cause, records);
            slot.changed.notify_all();
            slot.woken.notify(usize::MAX);
            true
        });
    }
}
