//! HTTP by the worker's `fetch`. A call whose future is dropped is aborted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use gridfold_client::ffi::{HttpReply, HttpRequest, Transport, TransportError};

use crate::bytes::{Arguments, plain};
use crate::host;

type Outcome = Result<HttpReply, TransportError>;

#[derive(Default)]
struct Call {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

thread_local! {
    static CALLS: RefCell<BTreeMap<u32, Call>> = const { RefCell::new(BTreeMap::new()) };
}

/// One call, for as long as somebody waits for it.
struct Waiting(u32);

impl Drop for Waiting {
    fn drop(&mut self) {
        let call = CALLS.with_borrow_mut(|calls| calls.remove(&self.0));
        if call.is_some_and(|call| call.outcome.is_none()) {
            host::http_abort(self.0);
        }
    }
}

/// The worker's `fetch`.
#[derive(Debug)]
pub(crate) struct Fetch;

#[async_trait::async_trait(?Send)]
impl Transport for Fetch {
    async fn call(&self, request: HttpRequest) -> Outcome {
        let id = CALLS.with_borrow_mut(|calls| {
            let id = calls
                .last_key_value()
                .map_or(1, |(last, _)| last.wrapping_add(1));
            calls.insert(id, Call::default());
            id
        });
        let waiting = Waiting(id);
        host::http(id, &plain(request));
        poll_fn(|context| {
            CALLS.with_borrow_mut(|calls| {
                let Some(call) = calls.get_mut(&waiting.0) else {
                    return Poll::Ready(Err(TransportError::Failed));
                };
                match call.outcome.take() {
                    Some(outcome) => {
                        calls.remove(&waiting.0);
                        Poll::Ready(outcome)
                    }
                    None => {
                        call.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await
    }
}

/// Takes the answer to a call: 0 and a reply, or 1 and why there is none.
pub(crate) fn done(id: u32, bytes: &[u8]) {
    let mut arguments = Arguments::of(bytes.get(1..).unwrap_or_default());
    let outcome = match bytes.first() {
        Some(0) => arguments
            .next::<HttpReply>()
            .map_err(|_| TransportError::Failed),
        _ => Err(arguments.next().unwrap_or(TransportError::Failed)),
    };
    let waker = CALLS.with_borrow_mut(|calls| {
        let call = calls.get_mut(&id)?;
        call.outcome = Some(outcome);
        call.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}
