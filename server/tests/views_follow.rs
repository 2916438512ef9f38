//! Views that cannot be written: what was acknowledged stays acknowledged and is shown, nobody is
//! turned away for good, and whoever reads is told.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::api_support;
use crate::api_support::{Client, NOW, PASSWORD, World, config};
use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::node::Node;
use gridfold_server::trouble::{Store, StoreFaults, Trouble};
use gridfold_server::views::{VFS_NAME, VIEWS_DB_FILE_NAME, ViewsError, ViewsWriter};
use gridfold_sync_core::entry::{Author, Verdict};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, Hash, IncarnationId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::schema::FormSet;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

/// What the views' disk says at the moment.
type Switch = Arc<Mutex<Option<Trouble>>>;

/// A server whose views fail when the switch says so.
fn world() -> (World, Switch) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
    let password = Password::new(PASSWORD);
    let node = Node::init(dir.path(), config(), as_clock(), "admin", &password).unwrap();
    drop(node);
    let switch = Switch::default();
    let asked = Arc::clone(&switch);
    let faults: StoreFaults = Arc::new(move |store| {
        let trouble = *asked.lock().unwrap();
        trouble.filter(|_| store == Store::Views)
    });
    let node = Node::open_failing(dir.path(), config(), as_clock(), None, Some(faults)).unwrap();
    let world = World::of(dir, clock, node, Router::new());
    (world, switch)
}

fn add(admin: &Client, summary: &str) -> api_support::Reply {
    let fields = json!({ "kind": "x", "summary": summary });
    let body = json!({ "grid": "c-a-1", "form": "matter", "fields": fields });
    admin.post("/v1/records", &body)
}

fn listed(admin: &Client) -> BTreeSet<String> {
    let list = admin.get("/v1/records?limit=100").ok();
    let rows = list["records"].as_array().unwrap();
    rows.iter()
        .map(|r| r["title"].as_str().unwrap().to_owned())
        .collect()
}

fn titles(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|t| (*t).to_owned()).collect()
}

/// Stops the server, checks everything, and opens it again.
fn check_and_reopen(world: World) -> World {
    let world = world.reopen(config());
    let report = world.node.verify(false, &mut |_| ()).unwrap();
    assert!(report.is_well(), "{report:?}");
    world.reopen(config())
}

#[test]
fn what_was_acknowledged_while_the_views_failed_is_shown_and_nobody_is_turned_away() {
    for trouble in [Trouble::Busy, Trouble::Full, Trouble::Io, Trouble::Damaged] {
        let (world, switch) = world();
        let admin = world.admin();
        world.areas(&admin);
        add(&admin, "one").ok();
        assert!(
            !admin
                .get("/v1/records")
                .headers
                .contains_key("gridfold-views-behind")
        );

        *switch.lock().unwrap() = Some(trouble);
        let two = add(&admin, "two");
        assert_eq!(two.status, 201, "{trouble}: the log has it: {}", two.text());
        // Whoever reads is told, and gets what there is.
        let list = admin.get("/v1/records");
        assert_eq!(list.headers["gridfold-views-behind"], "1", "{trouble}");
        assert_eq!(listed(&admin), titles(&["one"]), "{trouble}");
        let metrics = admin.get("/metrics").text();
        assert!(
            metrics.contains("gridfold_views_behind_entries 1"),
            "{metrics}"
        );
        // A record that lists do not have yet is not said to be unknown.
        let id = two.json()["verdicts"][0]["entry"]
            .as_str()
            .map(str::to_owned);
        assert!(id.is_some(), "{trouble}: the answer names what was written");
        // Nothing is decided on views that lack something; nothing is half done.
        let (status, code) = match trouble {
            Trouble::Full => (507, "disk_full"),
            _ => (503, "views_behind"),
        };
        let three = add(&admin, "three");
        three.refused(status, code);
        assert!(three.headers.contains_key("retry-after"), "{trouble}");

        *switch.lock().unwrap() = None;
        // The views catch up by themselves, at once when somebody reads.
        let until = Instant::now() + Duration::from_secs(20);
        while world.node.following.behind().is_some() {
            assert!(Instant::now() < until, "{trouble}: the views stay behind");
            listed(&admin);
        }
        assert_eq!(listed(&admin), titles(&["one", "two"]), "{trouble}");
        add(&admin, "four").ok();
        let all = titles(&["one", "two", "four"]);
        assert_eq!(listed(&admin), all, "{trouble}");
        drop(admin);
        let world = check_and_reopen(world);
        assert_eq!(listed(&world.admin()), all, "{trouble}: after a restart");
    }
}

#[test]
fn a_lock_of_another_process_costs_nobody_more_than_a_moment() {
    let (world, _) = world();
    let admin = world.admin();
    world.areas(&admin);
    let other = Connection::open(world.dir.path().join(VIEWS_DB_FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    assert_eq!(add(&admin, "one").status, 201);
    add(&admin, "two").refused(503, "views_behind");
    listed(&admin);
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(5),
        "three requests took {took:?}"
    );
    // Past the first seconds the server says that it is not ready, and why.
    let until = Instant::now() + Duration::from_secs(20);
    while admin.get("/readyz").status == 200 {
        assert!(Instant::now() < until);
    }
    admin.get("/readyz").refused(503, "views_behind");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let until = Instant::now() + Duration::from_secs(20);
    while world.node.following.behind().is_some() {
        assert!(Instant::now() < until, "the views stay behind");
        listed(&admin);
    }
    assert_eq!(admin.get("/readyz").ok()["views_behind"], 0);
    assert_eq!(listed(&admin), titles(&["one"]));
}

#[test]
fn views_that_hide_an_entry_are_made_again_at_the_start() {
    let (world, _) = world();
    let admin = world.admin();
    world.areas(&admin);
    for title in ["one", "two", "three"] {
        add(&admin, title).ok();
    }
    drop(admin);
    let dir = world.dir.path().to_owned();
    let world = with_views(world, &dir, |views| {
        // What an older build did: the cursor went over an entry whose rows were never written.
        views
            .execute_batch(
                "DELETE FROM parts WHERE record = 2; DELETE FROM records WHERE id = 2;
                 DELETE FROM entries WHERE seq = 2;",
            )
            .unwrap();
    });
    assert!(world.node.report.views_rebuilt);
    assert_eq!(listed(&world.admin()), titles(&["one", "two", "three"]));
}

/// Changes the views' file while the server is down.
fn with_views(world: World, dir: &Path, change: impl FnOnce(&Connection)) -> World {
    world.node.shutdown();
    let path = dir.join(VIEWS_DB_FILE_NAME);
    // With checksums as the server writes them: only what is in the rows is wrong.
    let flags = OpenFlags::default();
    let views = Connection::open_with_flags_and_vfs(path, flags, VFS_NAME).unwrap();
    change(&views);
    views.close().unwrap();
    world.reopen(config())
}

#[test]
fn what_does_not_follow_the_cursor_is_refused_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut views = ViewsWriter::open(&dir.path().join("views.db")).unwrap();
    let stream = StreamId::new(AreaCode::new("g1").unwrap(), SensitivityClass::General);
    let entry = |seq: u64| gridfold_server::views::ProjectedEntry {
        stream: stream.clone(),
        seq,
        prefix: Hash([seq as u8; 32]),
        id: EntryRef {
            incarnation: IncarnationId::from_parts(NOW, [1; 10]),
            seq,
        },
        hash: Hash([seq as u8; 32]),
        author: Author {
            device: DeviceId::from_parts(NOW, [1; 10]),
            user: UserId::from_parts(NOW, [1; 10]),
        },
        claimed: NOW,
        received: NOW,
        verdict: Verdict::Admitted { late: false },
        record: None,
        form: None,
        state: None,
    };
    let forms = FormSet::default();
    let gap = |views: &mut ViewsWriter, batch: &[u64]| {
        let batch: Vec<_> = batch.iter().map(|seq| entry(*seq)).collect();
        matches!(views.project(&batch, &forms), Err(ViewsError::Gap { .. }))
    };
    assert!(gap(&mut views, &[2]));
    assert!(
        gap(&mut views, &[1, 3]),
        "not even the part before the hole"
    );
    assert_eq!(views.cursor(&stream.name()).unwrap().0, 0);
    assert!(!gap(&mut views, &[1, 2]));
    assert!(gap(&mut views, &[4]));
    assert!(
        !gap(&mut views, &[1, 2, 3]),
        "what was projected changes nothing"
    );
    assert_eq!(views.cursor(&stream.name()).unwrap().0, 3);
    assert!(views.holes().unwrap().is_empty());
}
