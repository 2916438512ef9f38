//! A city of more grids than anybody reads through: what is told of them.

use crate::api_support::World;
use gridfold_sync_core::directory::{Area, DirectoryChange, GRID_LEVEL};
use gridfold_sync_core::ids::AreaCode;

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
