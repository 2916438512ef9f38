//! Blocking work on a thread of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ClientError as Inner;

/// Runs on a thread of the pool; a panic is an error there, never the end of the app.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Inner> + Send + 'static,
) -> Result<T, Inner> {
    blocking::unblock(move || guarded(work)).await
}

pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Inner>) -> Result<T, Inner> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Inner::internal("panic")))
}
