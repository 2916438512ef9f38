//! What a plan is to hear, where no thread drives it: the app's timers do.

use crate::shell::Shell;
use crate::shell::auto_sync::AutoSyncEvent;

impl Shell {
    pub(crate) fn tell_auto_sync(&self, event: AutoSyncEvent) {
        let mut told = self.auto_sync_told.lock();
        // The same twice says nothing more, so what nobody takes stays small.
        if told.last() != Some(&event) {
            told.push(event);
        }
    }

    /// What happened since this was asked last.
    pub(crate) fn take_auto_sync_told(&self) -> Vec<AutoSyncEvent> {
        std::mem::take(&mut *self.auto_sync_told.lock())
    }
}
