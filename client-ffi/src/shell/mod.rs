//! The shell: disk, HTTP and the sync loop around the rules of the core.

pub(crate) mod attempt;
pub(crate) mod auto_sync;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod auto_sync_runner;
#[cfg(target_family = "wasm")]
mod auto_sync_told;
mod backoff;
pub(crate) mod batch;
pub(crate) mod begun;
pub(crate) mod carry;
pub(crate) mod change;
mod consumed;
pub(crate) mod delivery;
pub(crate) mod draft;
mod due;
mod due_facts;
pub(crate) mod edit;
pub(crate) mod enrol;
mod erasure;
mod files;
pub(crate) mod http;
mod key_file;
pub(crate) mod keystore;
pub(crate) mod lifecycle;
pub(crate) mod mend;
mod pages;
pub(crate) mod push;
pub(crate) mod query;
pub(crate) mod read;
mod receipts;
mod refused;
mod renew;
mod reply;
mod resident;
#[cfg(not(target_family = "wasm"))]
mod retry;
pub(crate) mod rows;
pub(crate) mod seal;
pub(crate) mod seen;
mod session;
pub(crate) mod sign_out;
mod spare;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod summary;
pub(crate) mod sync;
mod tables;
pub(crate) mod transport;
#[cfg(feature = "transport-ureq")]
pub(crate) mod transport_ureq;
pub(crate) mod undo;
mod untaken;
mod who;
mod writing;

use std::sync::Arc;
#[cfg(not(target_family = "wasm"))]
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::session::phone::Given;
use parking_lot::{Mutex, RwLock};

use crate::disk::Disk;
use crate::error::ClientError;
use crate::event::{ChangeCause, Subscriptions};
use crate::platform::Platform;
use crate::shell::attempt::Attempt;
use crate::shell::auto_sync::AutoSyncEvent;
#[cfg(not(target_family = "wasm"))]
use crate::shell::auto_sync_runner::Signal;
use crate::shell::batch::Batch;
use crate::shell::mend::Mended;
use crate::shell::rows::StreamNo;
use crate::shell::state::State;
use crate::shell::store::{Rx, Store};

/// Everything behind a client. Locks are taken in the order of the fields.
pub(crate) struct Shell {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) syncing: async_lock::Mutex<()>,
    writing: Mutex<()>,
    store: RwLock<Option<Store>>,
    /// Readers share it; a writer holds it for itself only to take in what it committed.
    pub(crate) state: RwLock<State>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) attempt: Mutex<Attempt>,
    #[cfg(not(target_family = "wasm"))]
    pub(crate) auto_sync: Mutex<Option<Weak<Signal>>>,
    /// What happened that whoever drives the plan has not heard yet.
    #[cfg(target_family = "wasm")]
    auto_sync_told: Mutex<Vec<AutoSyncEvent>>,
    /// Up to where streams were given back to a server whose disk had lost some of them: once, since
    /// one that did not take it asks again and again.
    pub(crate) given: Mutex<Given<StreamNo>>,
    /// What the app was not told yet of a store that was mended.
    mended: Mutex<Option<Mended>>,
    damaged: AtomicBool,
    /// A write failed: the engine must be opened again before it answers.
    failed: AtomicBool,
    closed: AtomicBool,
    /// The person is signing out: what they would still write would be erased.
    leaving: AtomicBool,
}

impl Shell {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        platform: Arc<dyn Platform>,
        store: Store,
    ) -> Result<Self, ClientError> {
        let state = State::load(&store, &*platform)?;
        let mended = store.read(mend::told_of)?;
        let shell = Self {
            disk,
            platform,
            syncing: async_lock::Mutex::new(()),
            writing: Mutex::new(()),
            store: RwLock::new(Some(store)),
            state: RwLock::new(state),
            subscriptions: Subscriptions::default(),
            attempt: Mutex::default(),
            #[cfg(not(target_family = "wasm"))]
            auto_sync: Mutex::default(),
            #[cfg(target_family = "wasm")]
            auto_sync_told: Mutex::default(),
            given: Mutex::default(),
            mended: Mutex::new(mended),
            damaged: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
        };
        // Rows follow from entries: those that cannot be folded again now are what they were.
        let _ = shell.renew_rows();
        Ok(shell)
    }

    /// Runs on the store, unless it was closed or erased.
    pub(crate) fn with_store<T>(
        &self,
        f: impl FnOnce(&Store) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if self.failed.load(Ordering::Acquire) {
            self.recover()?;
        }
        match self.store.read().as_ref() {
            Some(store) => f(store),
            None if self.is_closed() => Err(ClientError::Closed),
            None => Err(ClientError::NoStore),
        }
    }

    /// Opens the engine again after a write failed, once there is space, and reads anew what it
    /// holds: a commit that failed may still have reached the disk.
    fn recover(&self) -> Result<(), ClientError> {
        let mut guard = self.store.write();
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some(store) = guard.as_mut() {
            store.reopen()?;
            *self.state.write() = State::load(store, &*self.platform)?;
        }
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// The app was told of a store that was mended.
    pub(crate) fn mended_seen(&self) -> Result<(), ClientError> {
        if self.mended.lock().is_some() {
            self.commit(ChangeCause::Local, |batch| mend::settle(batch.tx))?;
            *self.mended.lock() = None;
        }
        Ok(())
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    fn note<T>(&self, result: Result<T, ClientError>) -> Result<T, ClientError> {
        if matches!(result, Err(ClientError::DamagedStore { .. })) {
            self.damaged.store(true, Ordering::Relaxed);
            files::mark_damage(&*self.disk);
        }
        result
    }

    /// Reads from a snapshot; damage found is remembered, so that nothing is built on it.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&Rx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        self.with_store(|store| self.note(store.read(f)))
    }

    /// Reads while no transaction lies between the snapshot and what is in memory.
    pub(crate) fn read_settled<T>(
        &self,
        f: impl FnOnce(&Rx<'_>, &State) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let writing = self.writing.lock();
        self.read(|rx| {
            let state = self.state.read();
            drop(writing);
            f(rx, &state)
        })
    }

    /// Writes one batch, durable on return, and tells subscribers.
    pub(crate) fn commit<T>(
        &self,
        cause: ChangeCause,
        f: impl FnOnce(&mut Batch<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if self.is_damaged() {
            return Err(ClientError::damaged("found while reading"));
        }
        let writing = self.writing.lock();
        if cause == ChangeCause::Local && self.leaving.load(Ordering::Acquire) {
            return Err(ClientError::Closed);
        }
        let (out, delta, touched): (T, _, Vec<RecordId>) = self.with_store(|store| {
            let state = self.state.read();
            let written = self.note(store.write(|tx| {
                let mut batch = Batch::new(tx, &state, &*self.platform);
                let out = f(&mut batch)?;
                let (delta, touched) = batch.finish()?;
                Ok((out, delta, touched))
            }));
            if store.has_failed() {
                self.failed.store(true, Ordering::Release);
            }
            written
        })?;
        let waits = cause == ChangeCause::Local && !delta.outbox_add.is_empty();
        self.state.write().take_in(delta);
        drop(writing);
        self.subscriptions.tell(cause, &touched);
        if waits {
            self.tell_auto_sync(AutoSyncEvent::Changed);
        }
        Ok(out)
    }

    /// Erases everything: first the key, so that nothing is readable whatever happens next.
    pub(crate) fn wipe(&self) -> Result<(), ClientError> {
        let _writing = self.writing.lock();
        let mut store = self.store.write();
        if self.is_closed() {
            // What lies there may be another client's by now.
            return Err(ClientError::Closed);
        }
        *store = None;
        drop(store);
        let result = key_file::destroy(&*self.disk);
        self.state.write().forget();
        result
    }

    /// Lets go of the store: another client may open it at once. A sync that runs is not waited
    /// for, since whoever closes may be the one who serves its calls: it ends at its next step.
    pub(crate) fn close(&self) {
        let _writing = self.writing.lock();
        let mut store = self.store.write();
        if store.take().is_some() {
            self.closed.store(true, Ordering::Release);
            self.state.write().forget();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").finish_non_exhaustive()
    }
}
