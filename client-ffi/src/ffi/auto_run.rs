//! The run that `run_auto_sync` awaits.

use std::sync::Arc;

use event_listener::{Event, EventListener};
use parking_lot::Mutex;

use crate::shell::auto_sync_runner::AutoSync;

/// The run that `run_auto_sync` awaits, if there is one.
#[derive(Debug, Default)]
pub(crate) struct AutoRun {
    running: Mutex<Option<Arc<AutoSync>>>,
    stop: Event,
}

/// Ends the run when its future ends or is dropped; joining the thread is not for the executor.
pub(crate) struct Ending<'a> {
    pub(crate) run: &'a AutoRun,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if let Some(auto) = self.run.running.lock().take() {
            blocking::unblock(move || auto.stop()).detach();
        }
    }
}

impl AutoRun {
    pub(crate) fn stop(&self) {
        self.stop.notify(usize::MAX);
    }
    pub(crate) fn with(&self, f: impl FnOnce(&AutoSync)) {
        let running = self.running.lock().clone();
        if let Some(auto) = running {
            f(&auto);
        }
    }
    /// Takes the run that is awaited from here on.
    pub(crate) fn begin(&self, auto: AutoSync) {
        *self.running.lock() = Some(Arc::new(auto));
    }
    /// Hears when it is to end.
    pub(crate) fn on_stop(&self) -> EventListener {
        self.stop.listen()
    }
}
