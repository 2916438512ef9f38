//! A directory of a city: what lies in an area by the interval of a walk, as the tree changes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, Grant};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const SOMEBODY: UserId = UserId(uuid::Uuid::from_u128(1));

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn put(directory: &mut Directory, name: &str, parent: Option<&str>, level: &str) {
    let areas = vec![Area {
        code: code(name),
        parent: parent.map(code),
        name: name.to_owned(),
        level: level.to_owned(),
    }];
    directory.apply(DirectoryChange::Areas { areas });
}

fn grids(directory: &Directory, area: &str) -> Vec<String> {
    let found = directory.grids_in(Some(&code(area)));
    found.iter().map(ToString::to_string).collect()
}

/// The same by a walk.
fn walked(directory: &Directory, area: &str) -> Vec<String> {
    let (mut met, mut found) = (BTreeSet::new(), BTreeSet::new());
    let mut stack = vec![code(area)];
    while let Some(at) = stack.pop() {
        if met.insert(at.clone()) {
            stack.extend(directory.children(&at).cloned());
            if directory.is_grid(&at) {
                found.insert(at.to_string());
            }
        }
    }
    found.into_iter().collect()
}

fn city() -> Directory {
    let mut directory = Directory::default();
    put(&mut directory, "city", None, "city");
    for street in ["s1", "s2", "s3"] {
        put(&mut directory, street, Some("city"), "street");
        for grid in ["a", "b"] {
            put(
                &mut directory,
                &format!("{street}{grid}"),
                Some(street),
                "grid",
            );
        }
    }
    directory
}

#[test]
fn the_grids_of_an_area_are_those_of_a_walk_whatever_changes() {
    let mut directory = city();
    let moves: [(&str, Option<&str>, &str); 6] = [
        ("s1", Some("s2"), "street"),
        ("s1a", Some("s3"), "grid"),
        ("s2b", Some("s2"), "yard"),
        ("new", Some("s3"), "grid"),
        ("s3", None, "street"),
        ("s2", Some("s1"), "street"),
    ];
    for (name, parent, level) in moves {
        let before = directory.clone();
        let all = ["city", "s1", "s2", "s3"].map(|area| grids(&before, area));
        put(&mut directory, name, parent, level);
        let again = ["city", "s1", "s2", "s3"].map(|area| grids(&before, area));
        assert_eq!(all, again, "a copy keeps what it was");
        if name == "s2" {
            // Now a circle, as only a damaged import makes one; what hangs on it is still known.
            assert_eq!(directory.grids_in(None).len(), 6);
            continue;
        }
        for area in ["city", "s1", "s2", "s3", "s1a", "nowhere"] {
            assert_eq!(grids(&directory, area), walked(&directory, area), "{area}");
        }
    }
}

#[test]
fn a_grant_of_an_area_that_holds_every_grid_is_one_of_everything() {
    let mut directory = city();
    let grant = |directory: &mut Directory, n: u128, role, area: &str| {
        directory.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId(uuid::Uuid::from_u128(n)),
                user: SOMEBODY,
                role,
                area: Some(code(area)),
                from: Timestamp(1),
                until: None,
            },
        });
    };
    let everywhere = |directory: &Directory| directory.roles_everywhere(SOMEBODY, Timestamp(2));
    grant(&mut directory, 1, Role::Worker, "s1");
    assert_eq!(everywhere(&directory), []);
    grant(&mut directory, 2, Role::Supervisor, "city");
    assert_eq!(everywhere(&directory), [Role::Supervisor]);
    put(&mut directory, "outside", None, "grid");
    assert_eq!(everywhere(&directory), []);
    assert_eq!(
        Directory::default().roles_everywhere(SOMEBODY, Timestamp(2)),
        []
    );
}
