//! The shell: disk, HTTP and the sync loop around the rules of the core.

pub(crate) mod apply;
pub(crate) mod batch;
pub(crate) mod carry;
pub(crate) mod edit;
pub(crate) mod heal;
pub(crate) mod http;
pub(crate) mod outbox;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod seal;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod summary;
pub(crate) mod sync;
pub(crate) mod transport;
#[cfg(feature = "transport-ureq")]
pub(crate) mod transport_ureq;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gridfold_sync_core::ids::RecordId;
use parking_lot::{Mutex, RwLock};

use crate::error::ClientError;
use crate::event::{ChangeCause, Subscriptions};
use crate::platform::Platform;
use crate::shell::batch::Batch;
use crate::shell::state::State;
use crate::shell::store::{Rx, Store};

/// Everything behind a client.
pub(crate) struct Shell {
    pub(crate) dir: PathBuf,
    pub(crate) platform: Arc<dyn Platform>,
    store: RwLock<Option<Arc<Store>>>,
    /// Readers share it; a writer holds it for itself only to take in what it committed.
    pub(crate) state: RwLock<State>,
    writing: Mutex<()>,
    pub(crate) syncing: Mutex<()>,
    pub(crate) subscriptions: Subscriptions,
    damaged: AtomicBool,
}

impl Shell {
    pub(crate) fn new(
        dir: PathBuf,
        platform: Arc<dyn Platform>,
        store: Store,
    ) -> Result<Self, ClientError> {
        let state = State::load(&store, &*platform)?;
        Ok(Self {
            dir,
            platform,
            store: RwLock::new(Some(Arc::new(store))),
            state: RwLock::new(state),
            writing: Mutex::new(()),
            syncing: Mutex::new(()),
            subscriptions: Subscriptions::default(),
            damaged: AtomicBool::new(false),
        })
    }

    pub(crate) fn store(&self) -> Result<Arc<Store>, ClientError> {
        self.store.read().clone().ok_or(ClientError::NoStore)
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    fn note<T>(&self, result: Result<T, ClientError>) -> Result<T, ClientError> {
        if matches!(result, Err(ClientError::DamagedStore { .. })) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Reads from a snapshot; damage found is remembered, so that nothing is built on it.
    pub(crate) fn read<T>(
        &self,
        f: impl FnOnce(&Rx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let store = self.store()?;
        self.note(store.read(f))
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
        let store = self.store()?;
        let _writing = self.writing.lock();
        let (out, delta, touched): (T, _, Vec<RecordId>) = {
            let state = self.state.read();
            self.note(store.write(|tx| {
                let mut batch = Batch::new(tx, &state, &*self.platform);
                let out = f(&mut batch)?;
                let (delta, touched) = batch.finish()?;
                Ok((out, delta, touched))
            }))?
        };
        self.state.write().take_in(delta);
        self.subscriptions.tell(cause, &touched);
        Ok(out)
    }

    /// Erases everything: first the key, so that nothing is readable whatever happens next.
    pub(crate) fn wipe(&self) -> Result<(), ClientError> {
        let _writing = self.writing.lock();
        *self.store.write() = None;
        let result = Store::destroy(&self.dir);
        self.state.write().forget();
        result
    }
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").finish_non_exhaustive()
    }
}
