//! Blocking work on a thread of the pool; in a browser's worker, which has one thread, at once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ClientError as Inner;

/// Runs on a thread of the pool; a panic is an error there, never the end of the app.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Inner> + Send + 'static,
) -> Result<T, Inner> {
    #[cfg(not(target_family = "wasm"))]
    let done = blocking::unblock(move || guarded(work)).await;
    #[cfg(target_family = "wasm")]
    let done = std::future::ready(guarded(work)).await;
    done
}

pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Inner>) -> Result<T, Inner> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Inner::internal("panic")))
}
