//! Syncing by itself: the core's plan, driven by the worker's timers.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use gridfold_client::{AutoSyncEvent, AutoSyncPlan, AutoSyncPolicy, SyncEnd};

use crate::host;
use crate::instance::client;
use crate::tasks::spawn;

thread_local! {
    static PLAN: RefCell<Option<AutoSyncPlan>> = const { RefCell::new(None) };
    static END: Cell<Option<SyncEnd>> = const { Cell::new(None) };
}

fn time(now_ms: f64) -> Duration {
    Duration::try_from_secs_f64(now_ms / 1000.0).unwrap_or_default()
}

fn with_plan<T>(f: impl FnOnce(&mut AutoSyncPlan) -> T) -> Option<T> {
    PLAN.with_borrow_mut(|plan| plan.as_mut().map(f))
}

pub(crate) fn begin(interval_s: u32, debounce_s: u32, now_ms: f64) {
    let debounce = Duration::from_secs(u64::from(debounce_s));
    let policy = AutoSyncPolicy {
        interval: Duration::from_secs(u64::from(interval_s.max(1))),
        debounce,
        max_debounce: AutoSyncPolicy::default().max_debounce.max(debounce),
        ..AutoSyncPolicy::default()
    };
    PLAN.set(Some(AutoSyncPlan::new(policy, time(now_ms))));
}

pub(crate) fn hear(what: u32, now_ms: f64) {
    let event = match what {
        0 => AutoSyncEvent::Network(false),
        1 => AutoSyncEvent::Network(true),
        _ => AutoSyncEvent::Asked,
    };
    with_plan(|plan| plan.on(event, time(now_ms)));
}

/// Begins a sync if one is due. Milliseconds until the next one otherwise, or -1.
pub(crate) fn go_on(now_ms: f64) -> f64 {
    let now = time(now_ms);
    let Some(client) = client() else { return -1.0 };
    let told = client.take_auto_sync_told();
    let wait = with_plan(|plan| {
        told.into_iter().for_each(|event| plan.on(event, now));
        let wait = plan.next_wake(now);
        if wait == Some(Duration::ZERO) {
            plan.on(AutoSyncEvent::Began, now);
        }
        wait
    });
    match wait.flatten() {
        None => -1.0,
        Some(Duration::ZERO) => {
            spawn(async move {
                let end = client.sync_for_plan().await;
                END.set(Some(end));
                host::planned(end == SyncEnd::Over);
            });
            0.0
        }
        // Never 0 for a wait that is one.
        Some(wait) => (wait.as_secs_f64() * 1000.0).ceil(),
    }
}

pub(crate) fn ended(now_ms: f64) {
    let Some(end) = END.take() else { return };
    let mut chance = [0; 8];
    host::random(&mut chance);
    let chance = u64::from_be_bytes(chance);
    with_plan(|plan| plan.on(AutoSyncEvent::Ended { end, chance }, time(now_ms)));
}
