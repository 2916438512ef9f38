//! A damaged change of the directory: put back from its copy, and where there is none the server starts, names it, lets
//! nobody in by a directory that may have taken their right away, and is whole again after a heal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api_support::{NOW, PASSWORD, SEGMENT, World, config, spoil};
use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::heal::{accept_loss, heal};
use gridfold_server::node::Node;
use gridfold_server::sync::SyncError;
use gridfold_sync_core::directory::{Area, DirectoryChange, Grant, Standing, User};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde_json::json;

fn open(dir: &Path) -> Arc<Node> {
    Node::open(dir, config(), Arc::new(ManualClock::at(NOW))).unwrap()
}

fn area(code: &str, parent: Option<&str>, level: &str) -> DirectoryChange {
    let code_of = |text: &str| AreaCode::new(text).unwrap();
    let area = Area {
        code: code_of(code),
        parent: parent.map(code_of),
        name: "an area".into(),
        level: level.into(),
    };
    DirectoryChange::Areas { areas: vec![area] }
}

/// What is in a data directory whose directory was damaged where a grant ends.
struct Made {
    dir: tempfile::TempDir,
    backup: PathBuf,
    worker: UserId,
    /// The place of the change that is damaged.
    ended_at: u64,
    revision: u64,
}

impl Made {
    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn standing(&self, node: &Node) -> Standing {
        let grid = AreaCode::new("g1").unwrap();
        node.directory.current().standing(self.worker, &grid, NOW)
    }
}

/// A worker's grant ends; bits of the frame with that change flip, past what its parity mends. Without the copy, when
/// that is wanted.
fn made(keep_copy: bool) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let clock = Arc::new(ManualClock::at(NOW)) as Arc<dyn Clock>;
    let node = Node::init(&data, config(), clock, "admin", &Password::new(PASSWORD)).unwrap();
    let worker = UserId::from_parts(NOW, [7; 10]);
    let grant = Grant {
        id: GrantId::from_parts(NOW, [8; 10]),
        user: worker,
        role: Role::Worker,
        area: Some(AreaCode::new("s1").unwrap()),
        from: Timestamp(NOW.0 - 1_000),
        until: None,
    };
    let user = User {
        id: worker,
        name: "a worker".into(),
        active: true,
    };
    let change = |change| node.directory.change(vec![change]).unwrap();
    change(area("s1", None, "street"));
    change(area("g1", Some("s1"), "grid"));
    change(DirectoryChange::User { user });
    change(DirectoryChange::Grant {
        grant: grant.clone(),
    });
    let before = data.join(SEGMENT).metadata().unwrap().len();
    let ended_at = change(DirectoryChange::Grant {
        grant: Grant {
            until: Some(Timestamp(NOW.0 - 1)),
            ..grant
        },
    });
    let after = data.join(SEGMENT).metadata().unwrap().len();
    let revision = change(area("s1", None, "street"));
    let backup = dir.path().join("backup");
    node.backup(&backup, &mut |_| {}).unwrap();
    node.shutdown();
    if !keep_copy {
        node.auth.directory_copy.end_at(0).unwrap();
    }
    drop(node);
    spoil(&data.join(SEGMENT), before..after);
    Made {
        dir,
        backup,
        worker,
        ended_at,
        revision,
    }
}

fn data(made: &Made) -> PathBuf {
    made.path().join("data")
}

fn is_late(standing: &Standing) -> bool {
    matches!(standing, Standing::Late(roles) if *roles == [Role::Worker])
}

#[test]
fn a_damaged_change_is_put_back_from_its_copy_at_the_start() {
    let made = made(true);
    let node = open(&data(&made));
    assert_eq!(node.report.directory_mended, 1);
    assert!(!node.directory.is_in_doubt());
    assert!(is_late(&made.standing(&node)), "{:?}", made.standing(&node));
    assert_eq!(node.directory.current().revision, made.revision);
    let report = node.verify(false, &mut |_| {}).unwrap();
    assert!(report.is_well(), "{report:?}");
    drop(node);
    assert_eq!(open(&data(&made)).report.directory_mended, 0, "it stays");
}

#[test]
fn a_directory_that_lacks_a_change_lets_nobody_in_until_it_is_healed() {
    let made = made(false);
    let node = open(&data(&made));
    let lacking = node.directory.lacking();
    let places: Vec<u64> = lacking.iter().map(|change| change.seq).collect();
    assert_eq!(places, [made.ended_at]);
    let named = format!("change {} of the directory", made.ended_at);
    // What is missed is the end of a grant: what is left would let the worker in.
    let standing = made.standing(&node);
    assert!(matches!(standing, Standing::Active(_)), "{standing:?}");
    let author = Author {
        device: DeviceId::from_parts(NOW, [9; 10]),
        user: made.worker,
    };
    let empty = gridfold_sync_core::wire::SyncRequest {
        epoch: 0,
        directory: [0; 8],
        budget_kib: 0,
        cursors: Vec::new(),
        erased: Vec::new(),
        logs: Vec::new(),
        recover: Vec::new(),
        seen: None,
        report: None,
        trip: None,
    };
    let synced = node.sync(author, &empty.encode());
    assert!(matches!(synced, Err(SyncError::InDoubt)));

    let clock = Arc::new(ManualClock::at(NOW));
    let world = World::of(tempfile::tempdir().unwrap(), clock, node, Router::new());
    let anyone = world.anonymous();
    anyone.get("/healthz").ok();
    let ready = anyone.get("/readyz").refused(503, "directory_damaged");
    assert!(
        ready["detail"].as_str().unwrap().contains(&named),
        "{ready}"
    );
    let metrics = anyone.get("/metrics");
    assert!(
        metrics
            .text()
            .contains("gridfold_items{kind=\"directory_changes_missed\"} 1"),
    );
    let sign_in = json!({ "login": "admin", "password": PASSWORD });
    for path in ["/v1/sign-in", "/v1/session", "/v1/sync", "/v1/carry"] {
        let refused = anyone.post(path, &sign_in);
        refused.refused(503, "directory_damaged");
        assert!(refused.headers.contains_key("retry-after"));
    }
    for path in ["/v1/me", "/v1/records", "/v1/grants"] {
        anyone.get(path).refused(503, "directory_damaged");
    }
    drop(stopped(world));

    let node = open(&data(&made));
    let report = node.verify(false, &mut |_| {}).unwrap();
    assert!(!report.is_well());
    assert!(
        report.problems.iter().any(|p| p.starts_with(&named)),
        "{report:?}"
    );
    node.shutdown();
    drop(node);

    let backup = std::slice::from_ref(&made.backup);
    let healed = heal(&data(&made), &config(), backup, &mut |_| {}).unwrap();
    assert!(healed.is_whole() && healed.healed == 1, "{healed:?}");
    let node = open(&data(&made));
    assert!(!node.directory.is_in_doubt());
    assert!(is_late(&made.standing(&node)), "{:?}", made.standing(&node));
    assert_eq!(node.directory.current().revision, made.revision);
    let clock = Arc::new(ManualClock::at(NOW));
    let world = World::of(tempfile::tempdir().unwrap(), clock, node, Router::new());
    world.sign_in("admin").get("/v1/grants").ok();
    assert_eq!(world.anonymous().get("/readyz").ok()["status"], "ok");
}

#[test]
fn what_is_given_up_is_named_and_not_missed_any_more() {
    let made = made(false);
    let epoch = open(&data(&made)).log.epoch();
    let lost = accept_loss(&data(&made), &config()).unwrap();
    let places: Vec<u64> = lost.changes.iter().map(|change| change.seq).collect();
    assert_eq!(places, [made.ended_at]);
    let node = open(&data(&made));
    assert!(!node.directory.is_in_doubt());
    assert_ne!(node.log.epoch(), epoch);
    // It is still damaged, and a copy that turns up puts it back.
    assert_eq!(node.log.damage().len(), 1);
    node.shutdown();
    drop(node);
    let backup = std::slice::from_ref(&made.backup);
    let healed = heal(&data(&made), &config(), backup, &mut |_| {}).unwrap();
    assert!(healed.is_whole(), "{healed:?}");
    assert!(is_late(&made.standing(&open(&data(&made)))));
}

/// Stops a server, so that its data directory is free.
fn stopped(mut world: World) -> World {
    let server = world.server.take().unwrap();
    world.runtime.block_on(server.stop());
    world
}
