//! Sessions whose calls are awaited: one thread does everything, as in a browser.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::common::*;
use gridfold_client::{Answer, AsyncTransport, HttpRequest, SyncOptions, Transport as _};

/// Asks the server at once, and answers when it is let.
struct Slow<'a> {
    server: &'a FakeServer,
    let_through: Cell<bool>,
    asked: Cell<u32>,
}

impl AsyncTransport for Slow<'_> {
    fn call(&self, request: HttpRequest) -> Answer<'_> {
        self.asked.set(self.asked.get() + 1);
        let answer = self.server.call(request);
        let mut answer = Some(answer);
        Box::pin(poll_fn(move |_| match self.let_through.get() {
            true => Poll::Ready(answer.take().unwrap()),
            false => Poll::Pending,
        }))
    }
}

#[test]
fn while_a_sync_awaits_its_answer_the_same_thread_goes_on_editing() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "Wu", 1);
    phone.sync(&server);
    let before = phone
        .client
        .create_record(
            &grid(1),
            &code("household"),
            vec![set_text("address", "1 Yard Lane")],
        )
        .unwrap();
    let slow = Slow {
        server: &server,
        let_through: Cell::new(false),
        asked: Cell::new(0),
    };
    let options = SyncOptions::default();
    let mut sync = pin!(phone.client.sync_async(&slow, &options));
    let mut second = pin!(phone.client.sync_async(&slow, &options));
    let mut context = Context::from_waker(Waker::noop());

    assert!(sync.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(slow.asked.get(), 1, "the second waits for the first");
    // Neither blocks an edit, which is durable and waits.
    let meanwhile = phone
        .client
        .create_record(
            &grid(1),
            &code("household"),
            vec![set_text("address", "2 Yard Lane")],
        )
        .unwrap();
    assert_eq!(phone.client.status().pending, 2);

    slow.let_through.set(true);
    let Poll::Ready(first) = sync.as_mut().poll(&mut context) else {
        panic!("nothing is awaited any more");
    };
    assert!(first.unwrap().pushed >= 1);
    let Poll::Ready(second) = second.as_mut().poll(&mut context) else {
        panic!("it is its turn");
    };
    second.unwrap();
    assert_eq!(phone.client.status().pending, 0);
    for record in [before, meanwhile] {
        assert_eq!(phone.client.canonical(record), server.canonical(record));
    }
}
