//! Syncing by itself: the plan under a clock of its own, and the thread.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::common::*;
use gridfold_client::{
    AutoSyncEvent, AutoSyncObserver, AutoSyncPlan, AutoSyncPolicy, ClientError, HttpRequest,
    HttpResponse, SyncEnd, SyncReport, Transport, TransportError, TransportErrorKind,
};
use parking_lot::{Condvar, Mutex};

const NEVER: Duration = Duration::from_secs(86_400);
/// What does not come in this time never comes.
const PATIENCE: Duration = Duration::from_secs(30);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A plan and the time.
struct Timeline {
    plan: AutoSyncPlan,
    now: Duration,
}

impl Timeline {
    fn new() -> Self {
        let mut line = Self {
            plan: AutoSyncPlan::new(AutoSyncPolicy::default(), s(1_000)),
            now: s(1_000),
        };
        assert_eq!(line.wake(), Some(0), "it begins with a sync");
        line.done(0);
        line
    }
    fn wake(&self) -> Option<u64> {
        self.plan.next_wake(self.now).map(|d| d.as_secs())
    }
    fn on(&mut self, event: AutoSyncEvent) -> Option<u64> {
        self.plan.on(event, self.now);
        self.wake()
    }
    fn after(&mut self, seconds: u64, event: AutoSyncEvent) -> Option<u64> {
        self.now += s(seconds);
        self.on(event)
    }
    fn ended(&mut self, end: SyncEnd, chance: u64) -> Option<u64> {
        assert_eq!(self.on(AutoSyncEvent::Began), None, "one sync at a time");
        self.on(AutoSyncEvent::Ended { end, chance })
    }
    fn done(&mut self, after: u64) -> Option<u64> {
        self.now += s(after);
        self.ended(SyncEnd::Done { more: false }, 0)
    }
    fn failed(&mut self, retry_after: Option<u64>, chance: u64) -> Option<u64> {
        let retry_after = retry_after.map(s);
        self.ended(SyncEnd::Failed { retry_after }, chance)
    }
}

#[test]
fn changes_go_together_and_none_waits_for_long() {
    let mut t = Timeline::new();
    assert_eq!(t.wake(), Some(900), "the timer");
    assert_eq!(t.on(AutoSyncEvent::Changed), Some(2));
    assert_eq!(
        t.after(1, AutoSyncEvent::Changed),
        Some(2),
        "put off by a newer one"
    );
    for _ in 0..13 {
        t.after(1, AutoSyncEvent::Changed);
    }
    assert_eq!(t.wake(), Some(1), "but not for ever");
    assert_eq!(t.done(1), Some(900));
    // One that comes while a sync runs goes with the next.
    t.on(AutoSyncEvent::Began);
    t.after(1, AutoSyncEvent::Changed);
    let end = SyncEnd::Done { more: false };
    assert_eq!(t.after(1, AutoSyncEvent::Ended { end, chance: 0 }), Some(1));
    assert_eq!(t.done(1), Some(900));
    assert_eq!(t.ended(SyncEnd::Done { more: true }, 0), Some(0));
    // The timer is not put off by changes.
    t.done(0);
    t.now += s(899);
    assert_eq!(t.on(AutoSyncEvent::Changed), Some(1));
}

#[test]
fn failures_wait_longer_each_time_and_as_long_as_the_server_asks() {
    let mut t = Timeline::new();
    let none = (t.failed(None, 0), t.failed(None, 0), t.failed(None, 0));
    assert_eq!(
        none,
        (Some(2), Some(5), Some(10)),
        "half of 5, 10 and 20 seconds"
    );
    assert_eq!(
        t.failed(None, 20_000),
        Some(40),
        "with chance up to all of it"
    );
    for _ in 0..40 {
        t.failed(None, 0);
    }
    assert_eq!(t.failed(None, 0), Some(300), "half of the longest");
    assert_eq!(
        t.on(AutoSyncEvent::Changed),
        Some(300),
        "typing does not hurry it"
    );
    assert_eq!(t.failed(Some(1_000), 0), Some(1_000));
    assert_eq!(
        t.on(AutoSyncEvent::Asked),
        Some(1_000),
        "nor the person the server"
    );
    t.now += s(1_000);
    assert_eq!(t.done(0), Some(900));
    assert_eq!(t.failed(None, 0), Some(2), "from the beginning again");
    assert_eq!(t.on(AutoSyncEvent::Asked), Some(0));
    t.failed(None, 0);
    assert_eq!(
        t.on(AutoSyncEvent::Hint),
        Some(0),
        "who has news can be reached"
    );
}

#[test]
fn without_network_or_sign_in_nothing_is_tried() {
    let mut t = Timeline::new();
    assert_eq!(t.on(AutoSyncEvent::Network(false)), None);
    assert_eq!(t.on(AutoSyncEvent::Changed), None);
    assert_eq!(t.after(5_000, AutoSyncEvent::Hint), None);
    assert_eq!(t.on(AutoSyncEvent::Network(true)), Some(0));
    t.done(0);
    assert_eq!(
        t.on(AutoSyncEvent::Network(true)),
        Some(900),
        "it was there"
    );
    t.failed(None, 0);
    t.on(AutoSyncEvent::Network(false));
    assert_eq!(t.on(AutoSyncEvent::Network(true)), Some(0), "back: at once");
    assert_eq!(t.on(AutoSyncEvent::SignedIn(false)), None);
    assert_eq!(t.on(AutoSyncEvent::SignedIn(true)), Some(0));
    assert_eq!(t.ended(SyncEnd::Cancelled, 0), Some(900));
    // A network that came back while a sync failed is tried at once, once.
    t.on(AutoSyncEvent::Began);
    t.on(AutoSyncEvent::Network(false));
    t.on(AutoSyncEvent::Network(true));
    let end = SyncEnd::Failed { retry_after: None };
    assert_eq!(t.on(AutoSyncEvent::Ended { end, chance: 0 }), Some(0));
    assert_eq!(t.failed(None, 0), Some(5));
    assert_eq!(t.done(5), Some(900));
    // News that comes while a sync runs is fetched by the next.
    t.on(AutoSyncEvent::Began);
    t.on(AutoSyncEvent::Hint);
    let end = SyncEnd::Done { more: false };
    assert_eq!(t.on(AutoSyncEvent::Ended { end, chance: 0 }), Some(0));
}

#[test]
fn every_pause_has_something_that_ends_it() {
    let mut t = Timeline::new();
    assert_eq!(t.ended(SyncEnd::Paused, 0), Some(900), "the timer");
    assert_eq!(
        t.on(AutoSyncEvent::Changed),
        Some(900),
        "typing does not mend it"
    );
    for event in [
        AutoSyncEvent::SignedIn(true),
        AutoSyncEvent::Asked,
        AutoSyncEvent::Hint,
    ] {
        assert_eq!(t.ended(SyncEnd::Paused, 0), Some(900));
        assert_eq!(t.on(event), Some(0), "{event:?}");
    }
    assert_eq!(t.ended(SyncEnd::Paused, 0), Some(900));
    t.on(AutoSyncEvent::Network(false));
    assert_eq!(t.on(AutoSyncEvent::Network(true)), Some(0));
    // Signed in again while a sync with the old session ran.
    t.on(AutoSyncEvent::Began);
    t.on(AutoSyncEvent::SignedIn(true));
    let end = SyncEnd::Paused;
    assert_eq!(t.on(AutoSyncEvent::Ended { end, chance: 0 }), Some(0));
    assert_eq!(t.ended(SyncEnd::Over, 0), None, "only what is gone is over");
}

#[test]
fn an_outcome_says_whether_to_try_again() {
    let of = |e: ClientError| SyncEnd::of(&Err(e));
    let failed = |retry_after| SyncEnd::Failed { retry_after };
    assert_eq!(
        of(ClientError::Offline {
            retry_after: Some(3)
        }),
        failed(Some(s(3)))
    );
    assert_eq!(of(ClientError::StorageFull), failed(None));
    assert_eq!(of(ClientError::Cancelled), SyncEnd::Cancelled);
    for error in [
        ClientError::SignInRequired,
        ClientError::Revoked,
        ClientError::UpdateRequired,
    ] {
        assert_eq!(of(error), SyncEnd::Paused);
    }
    for error in [ClientError::Closed, ClientError::NoStore] {
        assert_eq!(of(error), SyncEnd::Over);
    }
    let wiped = SyncReport {
        wiped: true,
        ..SyncReport::default()
    };
    assert_eq!(SyncEnd::of(&Ok(wiped)), SyncEnd::Over);
}

/// Counts syncs, and lets a test wait for them.
#[derive(Default)]
struct Count {
    results: Mutex<Vec<Result<SyncReport, ClientError>>>,
    changed: Condvar,
}

impl Count {
    fn wait(&self, n: usize) -> Result<SyncReport, ClientError> {
        let mut results = self.results.lock();
        while results.len() < n {
            let late = self.changed.wait_for(&mut results, PATIENCE).timed_out();
            assert!(!late, "{} syncs of {n}", results.len());
        }
        results[n - 1].clone()
    }
}

impl AutoSyncObserver for Count {
    fn synced(&self, result: &Result<SyncReport, ClientError>) {
        self.results.lock().push(result.clone());
        self.changed.notify_all();
    }
}

/// A server behind a network that can hang.
struct Network {
    server: Arc<FakeServer>,
    state: Mutex<(bool, bool, bool)>,
    changed: Condvar,
}

impl Network {
    fn new(server: &Arc<FakeServer>) -> Arc<Self> {
        Arc::new(Self {
            server: Arc::clone(server),
            state: Mutex::new((false, false, false)),
            changed: Condvar::new(),
        })
    }
    fn hang(&self) {
        self.state.lock().0 = true;
    }
    fn until_called(&self) {
        let mut state = self.state.lock();
        while !state.1 {
            assert!(!self.changed.wait_for(&mut state, PATIENCE).timed_out());
        }
    }
}

impl Transport for Network {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut state = self.state.lock();
        if state.0 {
            state.1 = true;
            self.changed.notify_all();
            while !state.2 {
                self.changed.wait(&mut state);
            }
            return Err(TransportError {
                kind: TransportErrorKind::Interrupted,
            });
        }
        drop(state);
        self.server.call(request)
    }
    fn cancel(&self) {
        let mut state = self.state.lock();
        if state.1 {
            state.2 = true;
            self.changed.notify_all();
        }
    }
}

fn at_once() -> AutoSyncPolicy {
    AutoSyncPolicy {
        debounce: Duration::ZERO,
        max_debounce: Duration::ZERO,
        interval: NEVER,
        backoff: NEVER,
        max_backoff: NEVER,
    }
}

#[test]
fn the_thread_syncs_what_is_typed_and_what_the_server_has() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let count = Arc::new(Count::default());
    let network = Network::new(&server);
    let auto = a
        .client
        .auto_sync(
            Arc::clone(&network) as _,
            at_once(),
            Some(Arc::clone(&count) as _),
        )
        .unwrap();
    assert!(count.wait(1).is_ok());
    let twice = a
        .client
        .auto_sync(Arc::clone(&network) as _, at_once(), None);
    assert_eq!(
        twice.err().map(|e| e.code().to_owned()).as_deref(),
        Some("auto_sync_runs")
    );
    let record = a
        .client
        .create_record(
            &grid(1),
            &code("household"),
            vec![set_text("address", "1号楼")],
        )
        .unwrap();
    assert_eq!(count.wait(2).unwrap().admitted, 1);
    b.sync(&server);
    b.client
        .edit(record, vec![set_text("address", "2号楼")])
        .unwrap();
    b.sync(&server);
    auto.server_hint();
    assert_eq!(count.wait(3).unwrap().pulled, 1);
    server.faults.lock().push(Fault::LoseRequest);
    auto.sync_now();
    assert!(count.wait(4).is_err());
    // Held back by the failure, until the network came back.
    auto.network_available(false);
    a.client
        .edit(record, vec![set_text("address", "3号楼")])
        .unwrap();
    auto.network_available(true);
    assert_eq!(count.wait(5).unwrap().admitted, 1);
    auto.stop();
    auto.stop();
    a.client
        .edit(record, vec![set_text("address", "4号楼")])
        .unwrap();
    assert_eq!(
        (count.results.lock().len(), a.client.status().pending),
        (5, 1)
    );
    let again = a
        .client
        .auto_sync(network, at_once(), Some(Arc::clone(&count) as _));
    drop(auto);
    let again = match again {
        Ok(again) => again,
        Err(e) => panic!("stopped, it may be started again: {e}"),
    };
    assert_eq!(count.wait(6).unwrap().admitted, 1);
    drop(again);
    assert_alike(&server, &[&a]);
}

#[test]
fn stopping_ends_a_call_that_hangs_and_loses_nothing() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let count = Arc::new(Count::default());
    let network = Network::new(&server);
    network.hang();
    a.client
        .create_record(
            &grid(1),
            &code("household"),
            vec![set_text("address", "1号楼")],
        )
        .unwrap();
    let auto = a
        .client
        .auto_sync(
            Arc::clone(&network) as _,
            at_once(),
            Some(Arc::clone(&count) as _),
        )
        .unwrap();
    network.until_called();
    auto.stop();
    assert_eq!(*count.results.lock(), [Err(ClientError::Cancelled)]);
    assert_eq!(a.sync(&server).admitted, 1);
    assert_alike(&server, &[&a]);
}
