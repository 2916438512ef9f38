//! Signing out, cancelling, closing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use std::cell::Cell;
use std::fs;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::common::*;
use gridfold_client::{
    CancelToken, Client, ClientError, Draft, HttpRequest, HttpResponse, Query, RetryPolicy,
    SyncOptions, Transport, TransportError, WhatBecame,
};
use gridfold_sync_core::ids::RecordId;

fn household(phone: &Phone) -> RecordId {
    let ops = vec![set_text("address", "1号楼")];
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

fn is_empty(phone: &Phone) -> bool {
    fs::read_dir(phone.dir.path()).unwrap().count() == 0
}

fn unsent<T>() -> Result<T, ClientError> {
    Err(ClientError::Rejected {
        code: "unsent_edits".to_owned(),
        field: None,
        became: WhatBecame::Nothing,
    })
}

#[test]
fn signing_out_tells_the_server_and_leaves_nothing() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a);
    let device = a.device();
    assert_eq!(a.client.sign_out(&*server, false), unsent());
    a.sync(&server);
    server.refuse(record);
    a.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    a.sync(&server);
    assert_eq!(a.client.sign_out(&*server, false), unsent());
    let refused = &a.client.refused()[0];
    a.client
        .discard_refused(&refused.stream, refused.entry)
        .unwrap();
    let draft = Draft {
        id: None,
        form: code("household"),
        grid: grid(1),
        record: None,
        new_record: false,
        form_version: None,
        ops: vec![],
        app_state: String::new(),
    };
    let draft = a.client.save_draft(&draft).unwrap();
    assert_eq!(a.client.sign_out(&*server, false), unsent());
    assert!(!server.signed_out(device) && a.client.get(record).is_some());
    a.client.discard_draft(draft).unwrap();
    // The access token has ended meanwhile.
    server.expire_token(device);
    assert!(a.client.sign_out(&*server, false).unwrap().server_told);
    assert!(server.signed_out(device) && is_empty(&a));
    assert_eq!(a.client.records(), []);
    assert_eq!(
        a.client.sign_out(&*server, false),
        Err(ClientError::NoStore)
    );
    let opts = options(a.dir.path(), &a.platform);
    assert_eq!(Client::open(opts).err(), Some(ClientError::NoStore));
}

#[test]
fn signing_out_works_without_signal_and_says_so() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    household(&a);
    server.faults.lock().push(Fault::LoseRequest);
    assert!(!a.client.sign_out(&*server, true).unwrap().server_told);
    assert!(is_empty(&a));
}

/// Cancels when the nth call comes, or gives the call up too.
struct Cancelling<'a> {
    server: &'a FakeServer,
    token: CancelToken,
    at: usize,
    calls: Mutex<usize>,
    gives_up: bool,
}

use parking_lot::Mutex;

impl Transport for Cancelling<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut calls = self.calls.lock();
        *calls += 1;
        let answer = self.server.call(request);
        if *calls == self.at {
            self.token.cancel();
            if self.gives_up {
                return Err(TransportError {
                    kind: gridfold_client::TransportErrorKind::Interrupted,
                });
            }
        }
        answer
    }
}

#[test]
fn a_cancelled_sync_stops_at_its_next_round_trip_and_loses_nothing() {
    for gives_up in [false, true] {
        let server = FakeServer::new();
        let (a, b) = (
            Phone::enrolled(&server, "甲", 1),
            Phone::enrolled(&server, "乙", 2),
        );
        for _ in 0..30 {
            household(&a);
        }
        a.sync(&server);
        server.page_items(5);
        let token = CancelToken::new();
        let transport = Cancelling {
            server: &server,
            token: token.clone(),
            at: 3,
            calls: Mutex::new(0),
            gives_up,
        };
        let options = SyncOptions {
            cancel: Some(&token),
            ..SyncOptions::default()
        };
        let result = b.client.sync(&transport, &options);
        assert_eq!(result, Err(ClientError::Cancelled));
        assert_eq!(*transport.calls.lock(), 3);
        let got = b.client.count(Query::default());
        assert_eq!(got, if gives_up { 10 } else { 15 });
        assert_eq!(
            b.client.sync(&transport, &options),
            Err(ClientError::Cancelled)
        );
        assert_eq!(*transport.calls.lock(), 3);
        b.sync(&server);
        assert_alike(&server, &[&a, &b]);
    }
}

#[test]
fn a_cancelled_wait_is_not_tried_again() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    *server.faults.lock() = vec![Fault::LoseRequest; 5];
    let token = CancelToken::new();
    let options = SyncOptions {
        cancel: Some(&token),
        ..SyncOptions::default()
    };
    let waits = Cell::new(0);
    let sleep = |_: Duration| {
        waits.set(waits.get() + 1);
        token.cancel();
    };
    let result = a
        .client
        .sync_with_retry(&*server, RetryPolicy::default(), &options, &sleep);
    assert_eq!((result, waits.get()), (Err(ClientError::Cancelled), 1));
    assert_eq!(server.faults.lock().len(), 4);
}

/// Serves no call before it is let go.
struct Held<'a> {
    server: &'a FakeServer,
    called: SyncSender<()>,
    go: Mutex<Receiver<()>>,
}

impl Transport for Held<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.called.send(()).unwrap();
        self.go.lock().recv().unwrap();
        self.server.call(request)
    }
}

#[test]
fn closing_waits_for_no_call_and_the_sync_ends_by_itself() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    household(&a);
    let ((called, calls), (go, held)) = (sync_channel(9), sync_channel(9));
    let transport = Held {
        server: &server,
        called,
        go: Mutex::new(held),
    };
    std::thread::scope(|scope| {
        let client = a.client.clone();
        let sync = scope.spawn(move || client.sync(&transport, &SyncOptions::default()));
        calls.recv().unwrap();
        let client = a.client.clone();
        let (closed, ended) = sync_channel(1);
        scope.spawn(move || {
            client.close();
            closed.send(()).unwrap();
        });
        let in_time = ended.recv_timeout(Duration::from_secs(10));
        let again = Client::open(options(a.dir.path(), &a.platform));
        // Let go even when it failed: the test must end.
        go.send(()).unwrap();
        assert!(in_time.is_ok(), "closing waits for the call");
        assert_eq!(sync.join().unwrap(), Err(ClientError::Closed));
        let closed = a.client.sync(&*server, &SyncOptions::default());
        assert_eq!(closed, Err(ClientError::Closed));
        // What arrived meanwhile is there, and is not made twice.
        let again = again.unwrap();
        assert_eq!(again.status().pending, 1);
        again.sync(&*server, &SyncOptions::default()).unwrap();
        assert_eq!((again.status().pending, server.items()), (0, 1));
    });
}

#[test]
fn a_closed_store_opens_at_once_and_the_client_says_that_it_is_closed() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a);
    let twin = a.client.clone();
    let opts = options(a.dir.path(), &a.platform);
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::InUse));
    a.client.close();
    let again = Client::open(opts).unwrap();
    assert!(again.get(record).is_some());
    let ops = vec![set_text("address", "2号楼")];
    for client in [&a.client, &twin] {
        assert_eq!(client.edit(record, ops.clone()), Err(ClientError::Closed));
        assert_eq!(client.drafts(), Err(ClientError::Closed));
        let result = client.sync(&*server, &SyncOptions::default());
        assert_eq!(result, Err(ClientError::Closed));
        assert_eq!(client.sign_out(&*server, true), Err(ClientError::Closed));
        assert_eq!((client.get(record), client.records()), (None, vec![]));
        client.close();
    }
    assert!(again.get(record).is_some());
}
