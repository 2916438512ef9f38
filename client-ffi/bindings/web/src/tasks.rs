//! What is awaited: tasks that run when the worker calls in, on its one thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;

use async_task::Runnable;

thread_local! {
    static READY: RefCell<VecDeque<Runnable>> = const { RefCell::new(VecDeque::new()) };
}

/// Begins a task; it runs with the next `run_all`.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let later = |runnable| READY.with_borrow_mut(|ready| ready.push_back(runnable));
    let (runnable, task) = async_task::spawn_local(future, later);
    runnable.schedule();
    task.detach();
}

/// Runs all that is ready, and what becomes ready by it.
pub(crate) fn run_all() {
    while let Some(runnable) = READY.with_borrow_mut(VecDeque::pop_front) {
        runnable.run();
    }
}
