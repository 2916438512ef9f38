//! What one device can cost others: names it never held.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api_support;

use api_support::{Client, Reply, World, config};
use axum::Router;
use gridfold_server::config::Config;
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::ids::{AreaCode, SensitivityClass, StreamId};
use gridfold_sync_core::wire::SyncRequest;

const SYNC: &str = "application/vnd.gridfold.sync";

fn stream(grid: &str, class: SensitivityClass) -> StreamId {
    StreamId::new(AreaCode::new(grid).unwrap(), class)
}

fn request(logs: Vec<PushedLog>, erased: Vec<StreamId>) -> Vec<u8> {
    SyncRequest {
        epoch: 0,
        directory: [0; 8],
        budget_kib: 0,
        cursors: Vec::new(),
        erased,
        logs,
        recover: Vec::new(),
        seen: None,
        report: None,
        trip: None,
    }
    .encode()
}

struct Town {
    world: World,
    admin: Client,
}

impl Town {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut settings = config();
        change(&mut settings);
        let world = World::with(settings, Router::new());
        let admin = world.admin();
        world.areas(&admin);
        Self { world, admin }
    }

    fn phone(&self, login: &str, area: &str, seed: u8) -> Client {
        let (user, _) = self.world.person(&self.admin, login, "worker", area);
        let session = self.world.phone(&self.admin, &user, seed).ok();
        self.world.anonymous().with(&session)
    }
}

fn sync(phone: &Client, body: &[u8]) -> Reply {
    phone.send("POST", "/v1/sync", SYNC, body)
}

#[test]
fn a_device_names_as_erased_only_what_it_can_have_held() {
    let town = Town::new(|_| ());
    let phone = town.phone("hong", "c-a-1", 1);
    let revision = || town.world.node.directory.current().revision;
    let before = revision();
    let mut names: Vec<StreamId> = (0..500)
        .map(|n| stream(&format!("nowhere-{n:03}"), SensitivityClass::General))
        .collect();
    names.push(stream("c-b-1", SensitivityClass::General));
    names.push(stream("c-a", SensitivityClass::General));
    names.sort();
    assert_eq!(sync(&phone, &request(vec![], names.clone())).status, 200);
    assert_eq!(revision(), before, "nothing of that is kept");
    names.push(stream("c-a-1", SensitivityClass::General));
    names.sort();
    for _ in 0..2 {
        assert_eq!(sync(&phone, &request(vec![], names.clone())).status, 200);
        assert_eq!(revision(), before + 1, "what it held is, once");
    }
}
