//! The browser's clock and randomness, and what is told when the library panics.

use gridfold_client::Platform;
use gridfold_client::core::time::Timestamp;

use crate::host;

#[derive(Debug)]
pub(crate) struct Browser;

impl Platform for Browser {
    fn now(&self) -> Timestamp {
        Timestamp(host::now_ms())
    }
    fn random(&self, bytes: &mut [u8]) {
        host::random(bytes);
    }
}

/// Has the worker told where a panic was; what it says may hold data and is left out.
pub(crate) fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map_or_else(String::new, |at| {
            let file = at.file().rsplit('/').next().unwrap_or_default();
            format!("{file}:{}", at.line())
        });
        host::panicked(&at);
    }));
}
