//! Watches: an event is told, and the next one when the page has heard it. What happens meanwhile is
//! merged by the library.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use gridfold_client::ffi::Watch;

use crate::bytes::plain;
use crate::host;
use crate::tasks::spawn;

struct Told {
    watch: Arc<Watch>,
    heard: bool,
    waker: Option<Waker>,
}

thread_local! {
    static WATCHES: RefCell<BTreeMap<u32, Told>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn begin(id: u32, watch: Arc<Watch>) {
    let told = Told {
        watch: Arc::clone(&watch),
        heard: true,
        waker: None,
    };
    WATCHES.with_borrow_mut(|watches| watches.insert(id, told));
    spawn(async move {
        while let Some(event) = watch.next_event().await {
            let there = WATCHES.with_borrow_mut(|watches| {
                let told = watches.get_mut(&id);
                told.map(|told| told.heard = false).is_some()
            });
            if !there {
                return;
            }
            host::event(id, &plain(event));
            until_heard(id).await;
        }
        WATCHES.with_borrow_mut(|watches| watches.remove(&id));
    });
}

/// Waits until the page has heard, or the watch is over.
async fn until_heard(id: u32) {
    poll_fn(|context| {
        WATCHES.with_borrow_mut(|watches| match watches.get_mut(&id) {
            Some(told) if !told.heard => {
                told.waker = Some(context.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
    })
    .await;
}

pub(crate) fn heard(id: u32) {
    let waker = WATCHES.with_borrow_mut(|watches| {
        let told = watches.get_mut(&id)?;
        told.heard = true;
        told.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

pub(crate) fn stop(id: u32) {
    let told = WATCHES.with_borrow_mut(|watches| watches.remove(&id));
    if let Some(told) = told {
        told.watch.stop();
        if let Some(waker) = told.waker {
            waker.wake();
        }
    }
}

pub(crate) fn stop_all() {
    let ids: Vec<u32> = WATCHES.with_borrow(|watches| watches.keys().copied().collect());
    ids.into_iter().for_each(stop);
}
