//! The way from the library's threads into the app's interpreter, which the app shuts when that ends.
//!
//! Python ends a thread that comes in while it finishes, by unwinding it, and no frame of the library
//! stands that. So its package shuts the gate at exit, waits for who is inside, and whoever comes
//! later goes on without: a wake is dropped, a call is refused, what would be released is kept.
//! In other languages nobody shuts it.
#![expect(unsafe_code, reason = "the package calls these by name")]

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::ffi::traits::{HttpReply, HttpRequest, Transport, TransportError};

/// What is known of the gate.
struct State {
    inside: usize,
    /// The thread that shut it, which ends the interpreter and may go on in it.
    shut_by: Option<ThreadId>,
}

static STATE: Mutex<State> = Mutex::new(State {
    inside: 0,
    shut_by: None,
});
static LEFT: Condvar = Condvar::new();
/// What wakes a future of the interpreter's.
static WAKES: OnceLock<extern "C" fn(u64, i8)> = OnceLock::new();

/// A thread is in the interpreter for as long as this lives.
struct Inside;

fn enter() -> Option<Inside> {
    let mut state = STATE.lock();
    let shut = state
        .shut_by
        .is_some_and(|by| by != std::thread::current().id());
    (!shut).then(|| {
        state.inside += 1;
        Inside
    })
}

impl Drop for Inside {
    fn drop(&mut self) {
        STATE.lock().inside -= 1;
        LEFT.notify_all();
    }
}

/// An object of the app's, which is used and released inside the gate only.
pub(crate) struct Foreign<T: ?Sized>(Option<Arc<T>>);

impl<T: ?Sized> Foreign<T> {
    pub(crate) fn new(object: Arc<T>) -> Self {
        Self(Some(object))
    }

    /// Calls it; nothing once the gate is shut.
    pub(crate) fn call<R>(&self, call: impl FnOnce(&T) -> R) -> Option<R> {
        let _inside = enter()?;
        self.0.as_deref().map(call)
    }
}

impl<T: ?Sized> Drop for Foreign<T> {
    fn drop(&mut self) {
        let inside = enter();
        let object = self.0.take();
        if inside.is_none() {
            std::mem::forget(object);
        }
    }
}

/// The app's transport, begun, polled and given up inside the gate.
pub(crate) struct Gated(Foreign<dyn Transport>);

impl Gated {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self(Foreign::new(transport))
    }
}

/// One call under way; it never ends once the gate is shut.
struct Call<'a>(Option<Reply<'a>>);
type Reply<'a> = Pin<Box<dyn Future<Output = Result<HttpReply, TransportError>> + Send + 'a>>;

impl Future for Call<'_> {
    type Output = Result<HttpReply, TransportError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (Some(_inside), Some(reply)) = (enter(), self.0.as_mut()) else {
            return Poll::Pending;
        };
        reply.as_mut().poll(context)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let inside = enter();
        let reply = self.0.take();
        if inside.is_none() {
            std::mem::forget(reply);
        }
    }
}

#[async_trait::async_trait]
impl Transport for Gated {
    async fn call(&self, request: HttpRequest) -> Result<HttpReply, TransportError> {
        let reply = self.0.0.as_deref().map(|app| app.call(request));
        Call(reply).await
    }
}

/// Says what wakes a future of the interpreter's; `gridfold_gate_wake` then stands for it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn gridfold_gate_wakes(wake: extern "C" fn(u64, i8)) {
    // The first stays: a second one is of the same library, loaded by the same package.
    let _ = WAKES.set(wake);
}

/// Wakes a future of the interpreter's, unless the gate is shut.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn gridfold_gate_wake(future: u64, code: i8) {
    if let (Some(_inside), Some(wake)) = (enter(), WAKES.get()) {
        wake(future, code);
    }
}

/// Shuts the gate to all threads but this one, for good, and waits at most so many milliseconds for
/// those who are inside. Gives whether nobody is.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn gridfold_gate_shut(wait_ms: u32) -> bool {
    let until = Instant::now() + Duration::from_millis(u64::from(wait_ms));
    // Nobody holds it for long, but in a forked process perhaps for ever.
    let Some(mut state) = STATE.try_lock_until(until) else {
        return false;
    };
    state.shut_by = Some(std::thread::current().id());
    while state.inside > 0 && !LEFT.wait_until(&mut state, until).timed_out() {}
    state.inside == 0
}
