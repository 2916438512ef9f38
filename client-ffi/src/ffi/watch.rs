//! Watches: what changed, pulled by an asynchronous `next_event`, or told to a listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_listener::Event;
use parking_lot::Mutex;

use gridfold_sync_core::ids::RecordId;

use crate::event::{ChangeCause, ChangeEvent, Subscription as Changes};
use crate::ffi::client::Client;
use crate::ffi::convert;
use crate::ffi::error::ClientError;
use crate::ffi::events::ClientEvent;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::gate::Foreign;
use crate::ffi::locale::Locale;
use crate::ffi::pool::off_thread;
use crate::ffi::records::{RecordDetail, RecordPage, RecordQuery};
use crate::ffi::records_out::{detail_out, page_out, query_in};
use crate::ffi::sync_hub::SyncHub;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::traits::EventListener;
use crate::types::Query;

/// What to watch.
#[expect(
    clippy::large_enum_variant,
    reason = "made once for a watch, and no box crosses the boundary"
)]
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum WatchTarget {
    /// Which records change.
    Everything,
    /// One record; its state now is the first event.
    Record {
        /// The record.
        record_id: String,
    },
    /// One page of a list; the page as it is now is the first event.
    List {
        /// The query.
        query: RecordQuery,
    },
    /// How syncs stand; the state now is the first event.
    Sync,
}

enum Target {
    Everything,
    Record(RecordId),
    List(Box<Query>),
    Sync,
}

#[derive(Default)]
struct Last {
    record: Option<Option<RecordDetail>>,
    page: Option<RecordPage>,
    sync_version: u64,
    /// Something was touched that nobody has read since.
    touched: bool,
}

/// Reads what was touched. When its future is dropped meanwhile, touched it stays, and another one
/// that waits looks again.
struct Reading<'a> {
    watch: &'a Watch,
    read: bool,
}

impl<'a> Reading<'a> {
    fn begin(watch: &'a Watch, touched: bool) -> Option<Self> {
        let due = std::mem::take(&mut watch.last.lock().touched) || touched;
        // Not `then_some`: what it makes in vain would be dropped unread.
        due.then(|| Self { watch, read: false })
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.read {
            self.watch.last.lock().touched = true;
            self.watch.wake.notify(usize::MAX);
        }
    }
}

/// A reader of events. What happens before the app looks is merged, so a slow reader misses
/// nothing and costs bounded memory.
#[derive(uniffi::Object)]
pub struct Watch {
    store: Mutex<Option<crate::Client>>,
    changes: Changes,
    hub: Arc<SyncHub>,
    target: Target,
    locale: Locale,
    last: Mutex<Last>,
    stopped: AtomicBool,
    /// Tells those who wait to look again: it was stopped, or a reading was given up.
    wake: Event,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    fn store(&self) -> Option<crate::Client> {
        if self.stopped.load(Ordering::SeqCst) || self.hub.read().is_none() {
            // Lets the store go, so that it can be opened again.
            *self.store.lock() = None;
        }
        self.store.lock().clone()
    }

    /// What there is to tell now, if anything.
    async fn look(&self, store: crate::Client) -> Option<ClientEvent> {
        match &self.target {
            Target::Sync => {
                let (state, version) = self.hub.read()?;
                let mut last = self.last.lock();
                (version > last.sync_version).then(|| {
                    last.sync_version = version;
                    ClientEvent::Sync { state }
                })
            }
            Target::Everything => self.changes.try_next().map(changed),
            Target::Record(id) => {
                let id = *id;
                let first = self.last.lock().record.is_none();
                let mut touched = first;
                while let Some(event) = self.changes.try_next() {
                    touched |= event.everything || event.records.contains(&id);
                }
                let mut reading = Reading::begin(self, touched)?;
                let locale = self.locale;
                let read = move || Ok(store.get(id).map(|found| detail_out(found, locale)));
                let record = off_thread(read).await;
                reading.read = true;
                let record = record.ok()?;
                let mut last = self.last.lock();
                (last.record.as_ref() != Some(&record)).then(|| {
                    last.record = Some(record.clone());
                    ClientEvent::Record { record }
                })
            }
            Target::List(query) => {
                let mut touched = self.last.lock().page.is_none();
                while self.changes.try_next().is_some() {
                    touched = true;
                }
                let mut reading = Reading::begin(self, touched)?;
                let query = (**query).clone();
                let page = off_thread(move || Ok(page_out(store.query(query)))).await;
                reading.read = true;
                let page = page.ok()?;
                let mut last = self.last.lock();
                (last.page.as_ref() != Some(&page)).then(|| {
                    last.page = Some(page.clone());
                    ClientEvent::List { page }
                })
            }
        }
    }
}

fn changed(event: ChangeEvent) -> ClientEvent {
    ClientEvent::Changed {
        record_ids: event.records.iter().map(ToString::to_string).collect(),
        by_sync: event.cause == ChangeCause::Sync,
        everything: event.everything,
    }
}

#[uniffi::export]
impl Watch {
    /// The next event, waiting for one; none once the watch was stopped or the client shut down.
    pub async fn next_event(&self) -> Option<ClientEvent> {
        loop {
            // Listen first, then look: what happens in between wakes the listener.
            let change = self.changes.listen();
            let hub = self.hub.changed.listen();
            let wake = self.wake.listen();
            let store = self.store()?;
            if let Some(event) = self.look(store).await {
                return Some(event);
            }
            let woken = futures_lite::future::or(change, hub);
            futures_lite::future::or(woken, wake).await;
        }
    }

    /// Ends the watch; a waiting `next_event` gives none.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        *self.store.lock() = None;
        self.wake.notify(usize::MAX);
    }
}

/// A listener that hears events until it is stopped.
#[derive(uniffi::Object)]
pub struct Subscription {
    watch: Arc<Watch>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

#[uniffi::export]
impl Subscription {
    /// Ends it; an event that is being told is told to its end.
    pub fn stop(&self) {
        self.watch.stop();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.watch.stop();
    }
}

#[uniffi::export]
impl Client {
    /// Watches something from now on.
    ///
    /// # Errors
    /// `Rejected` for a target that is none, `Closed`.
    pub fn watch(&self, target: WatchTarget) -> Result<Arc<Watch>, ClientError> {
        let target = match target {
            WatchTarget::Everything => Target::Everything,
            WatchTarget::Sync => Target::Sync,
            WatchTarget::Record { record_id } => {
                Target::Record(convert::record_id(&record_id).map_err(|e| self.fail(e))?)
            }
            WatchTarget::List { query } => {
                Target::List(Box::new(query_in(query).map_err(|e| self.fail(e))?))
            }
        };
        let store = self.store()?;
        Ok(Arc::new(Watch {
            changes: store.subscribe(),
            store: Mutex::new(Some(store)),
            hub: Arc::clone(&self.hub),
            target,
            locale: self.locale,
            last: Mutex::new(Last::default()),
            stopped: AtomicBool::new(false),
            wake: Event::new(),
        }))
    }
}

#[cfg(not(target_family = "wasm"))]
#[uniffi::export]
impl Client {
    /// Tells a listener what happens, on a thread of the library, until the subscription is
    /// stopped or released.
    ///
    /// # Errors
    /// As [`Client::watch`]; `Internal` when no thread can be started.
    pub fn listen(
        &self,
        target: WatchTarget,
        listener: Arc<dyn EventListener>,
    ) -> Result<Arc<Subscription>, ClientError> {
        let watch = self.watch(target)?;
        let heard = Arc::clone(&watch);
        let listener = Foreign::new(listener);
        std::thread::Builder::new()
            .name("gridfold-listener".to_owned())
            .spawn(move || {
                while let Some(event) = futures_lite::future::block_on(heard.next_event()) {
                    // An exception of the app's is the app's; the next event is told all the same.
                    if listener.call(|app| app.on_event(event)).is_none() {
                        break;
                    }
                }
            })
            .map_err(|_| ClientError::Internal {
                reference: "listener/thread".to_owned(),
            })?;
        Ok(Arc::new(Subscription { watch }))
    }
}
