//! A city of more grids than anybody reads through: what is told of them.

use crate::api_support::{Client, NOW, World, bring, matter_log};
use gridfold_sync_core::directory::{Area, DirectoryChange, GRID_LEVEL};
use gridfold_sync_core::ids::{AreaCode, RecordId};
use gridfold_sync_core::wire::SyncRequest;
use serde_json::json;

const GRIDS: usize = 2_001;

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn put(world: &World, name: &str, parent: Option<&str>, level: &str) -> DirectoryChange {
    let area = Area {
        code: code(name),
        parent: parent.map(code),
        name: name.to_owned(),
        level: level.to_owned(),
    };
    assert!(world.node.directory.current().area(&area.code).is_none());
    DirectoryChange::Areas { areas: vec![area] }
}

#[test]
fn of_many_grids_the_overview_tells_those_with_anything_and_how_many_others_there_are() {
    let world = World::new();
    let admin = world.admin();
    let mut changes = vec![
        put(&world, "city", None, "city"),
        put(&world, "east", Some("city"), "street"),
        put(&world, "west", Some("city"), "street"),
        put(&world, "w1", Some("west"), GRID_LEVEL),
        put(&world, "w2", Some("west"), GRID_LEVEL),
    ];
    let east = (2..GRIDS).map(|n| put(&world, &format!("e{n}"), Some("east"), GRID_LEVEL));
    changes.extend(east);
    world.node.directory.change(changes).unwrap();
    let grids = |of: &str| {
        let told = admin.get(&format!("/v1/overview{of}")).ok();
        let rows = told["grids"].as_array().unwrap();
        let codes: Vec<String> = rows
            .iter()
            .map(|row| row["code"].as_str().unwrap().into())
            .collect();
        (codes, told["grids_left_out"].as_u64().unwrap_or(0))
    };
    assert_eq!(grids(""), (vec![], GRIDS as u64));
    let (user, _) = world.person(&admin, "hong", "worker", "w2");
    world.phone(&admin, &user, 1);
    assert_eq!(grids(""), (vec!["w2".to_owned()], GRIDS as u64 - 1));
    // Of few, all are told: that nothing happens in one is what somebody looks for.
    let west = vec!["w1".to_owned(), "w2".to_owned()];
    assert_eq!(grids("?area=west"), (west, 0));
}

/// A phone, made with seed 1, brings a matter of each of these grids.
fn push_matters(phone: &Client, grids: &[String]) {
    let logs = grids.iter().enumerate().map(|(n, grid)| {
        let random = std::array::from_fn(|i| grid.as_bytes().get(i).copied().unwrap_or(n as u8));
        matter_log(1, grid, RecordId::from_parts(NOW, random), NOW)
    });
    let request = SyncRequest {
        logs: logs.collect(),
        ..SyncRequest::default()
    };
    bring(phone, &request);
}

#[test]
fn of_more_grids_with_something_than_are_told_those_with_most_to_do_are_told_and_all_are_counted() {
    let world = World::new();
    let admin = world.admin();
    let mut changes = vec![put(&world, "city", None, "city")];
    let grids = (0..GRIDS).map(|n| put(&world, &format!("g{n}"), Some("city"), GRID_LEVEL));
    changes.extend(grids);
    world.node.directory.change(changes).unwrap();
    // Somebody works in all of them, so that there is something to tell of each.
    let (user, _) = world.person(&admin, "hong", "worker", "city");
    let session = world.phone(&admin, &user, 1).ok();
    let phone = world.anonymous().with(&session);
    let told = || admin.get("/v1/overview").ok();
    let row = |told: &serde_json::Value, code: &str| {
        let rows = told["grids"].as_array().unwrap().iter();
        rows.filter(|row| row["code"] == code).count()
    };
    let before = told();
    assert_eq!(before["grids"].as_array().unwrap().len(), 2_000);
    assert_eq!(before["grids_left_out"], 1);
    let grids: Vec<String> = (0..GRIDS).map(|n| format!("g{n}")).collect();
    for some in grids.chunks(250) {
        push_matters(&phone, some);
    }
    let before = told();
    assert_eq!(before["matters_open"], GRIDS);
    assert_eq!(before["grids_left_out"], 1);
    let missing = grids.iter();
    let missing: Vec<&String> = missing.filter(|code| row(&before, code) == 0).collect();
    let [missing] = missing.as_slice() else {
        panic!("{missing:?}")
    };
    let fields = json!({
        "kind": "路灯", "summary": "灯不亮", "reported_at": "2026-06-13T01:50:34Z",
    });
    let matter = json!({ "form": "matter", "grid": missing, "fields": fields });
    admin.post("/v1/records", &matter).ok();
    let after = told();
    assert_eq!(after["grids_left_out"], 1);
    assert_eq!(row(&after, missing), 1);
    assert_eq!(after["matters_open"], GRIDS + 1);
}
