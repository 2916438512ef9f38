//! A disk without any room: who brings nothing is answered, who brings something is told, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api_support::{Client, NOW, Reply, World, config, matter_request};
use gridfold_server::auth::{COOKIE_USED_EVERY_MS, LAST_SEEN_EVERY_MS};
use gridfold_server::trouble::{StoreFaults, Trouble};
use gridfold_sync_core::wire::{PhoneReport, SyncRequest};

const SEED: u8 = 5;

fn sync(phone: &Client, request: &SyncRequest) -> Reply {
    let kind = "application/vnd.gridfold.sync";
    phone.send("POST", "/v1/sync", kind, &request.encode())
}

#[test]
fn a_sync_that_brings_nothing_is_answered_without_any_room() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (worker, _) = world.person(&admin, "wang", "worker", "c-a");
    let session = world.phone(&admin, &worker, SEED).ok();
    let page = world.page("admin");
    let full = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&full);
    let faults: StoreFaults =
        Arc::new(move |_| asked.load(Ordering::Relaxed).then_some(Trouble::Full));
    let mut settings = config();
    settings.log.min_free_mib = 1 << 40;
    let world = world.reopen_failing(settings, Some(faults));
    let (phone, page) = (world.anonymous().with(&session), page.at(&world.base));
    full.store(true, Ordering::Relaxed);
    // So long that a device is noted as seen, and a page as used.
    let step = LAST_SEEN_EVERY_MS.max(COOKIE_USED_EVERY_MS) + 1;
    world.clock.set(NOW.plus_millis(step));
    let (push, _) = matter_request(SEED, NOW);
    let idle = SyncRequest {
        logs: Vec::new(),
        report: Some(PhoneReport {
            erasures: 0,
            pending: 0,
            clock: NOW,
            library: "1.0".into(),
        }),
        ..push.clone()
    };
    assert_eq!(sync(&phone, &idle).status, 200);
    page.get("/v1/me").ok();
    sync(&phone, &push).refused(507, "disk_full");
    page.post("/v1/users", &serde_json::json!({ "name": "x" }))
        .refused(507, "disk_full");
    full.store(false, Ordering::Relaxed);
    assert_eq!(sync(&phone, &idle).status, 200);
}
