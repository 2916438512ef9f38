//! What boundaries the phone of somebody is sent.

use gridfold_sync_core::directory::{
    Area, Directory, DirectoryChange, DirectoryScope, Grant, User,
};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::limits::{MAX_BOUNDARY_AREAS, MAX_BOUNDARY_BYTES};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const NOW: Timestamp = Timestamp(1_781_330_000_000);

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn area(of: &str, parent: Option<&str>, level: &str) -> Area {
    Area {
        code: code(of),
        parent: parent.map(code),
        name: of.to_owned(),
        level: level.to_owned(),
    }
}

fn drawn(directory: &mut Directory, of: &str, geometry: &str) {
    directory.apply(DirectoryChange::Boundary {
        area: code(of),
        geometry: Some(geometry.to_owned()),
    });
}

/// A street with a community of two grids, and one person with a grant.
fn town(granted: Option<&str>) -> (Directory, UserId) {
    let mut directory = Directory::default();
    directory.apply(DirectoryChange::Areas {
        areas: vec![
            area("s", None, "street"),
            area("c", Some("s"), "community"),
            area("g1", Some("c"), "grid"),
            area("g2", Some("c"), "grid"),
        ],
    });
    let user = UserId::from_parts(NOW, [1; 10]);
    directory.apply(DirectoryChange::User {
        user: User {
            id: user,
            name: "李".to_owned(),
            active: true,
        },
    });
    directory.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId::from_parts(NOW, [1; 10]),
            user,
            role: Role::Worker,
            area: granted.map(code),
            from: NOW,
            until: None,
        },
    });
    (directory, user)
}

fn sent(directory: &Directory, user: UserId) -> Vec<String> {
    let scope = directory.scope(user, NOW);
    let read = DirectoryScope::from_bytes(&scope.to_bytes()).unwrap();
    // Whoever asks the held directory finds the same.
    let held = read.to_directory();
    for (area, text) in &read.boundaries {
        assert_eq!(held.boundary(area), Some(text.as_str()));
    }
    read.boundaries.keys().map(ToString::to_string).collect()
}

#[test]
fn a_phone_has_the_boundaries_of_its_grids_and_of_what_they_lie_in() {
    let (mut directory, user) = town(Some("g1"));
    let before = directory.scope(user, NOW).to_bytes();
    for of in ["s", "g1", "g2"] {
        drawn(&mut directory, of, "{}");
    }
    assert_eq!(sent(&directory, user), ["g1", "s"]);
    assert_ne!(directory.scope(user, NOW).to_bytes(), before);
    directory.apply(DirectoryChange::Boundary {
        area: code("g1"),
        geometry: None,
    });
    assert_eq!(sent(&directory, user), ["s"]);
}

#[test]
fn a_large_boundary_of_a_larger_area_is_what_is_left_out() {
    let (mut directory, user) = town(Some("c"));
    let half = "x".repeat(MAX_BOUNDARY_BYTES / 2);
    drawn(&mut directory, "s", &half);
    drawn(&mut directory, "c", "{}");
    drawn(&mut directory, "g1", &half);
    drawn(&mut directory, "g2", "{}");
    assert_eq!(sent(&directory, user), ["c", "g1", "g2"]);
}

#[test]
fn whoever_has_a_whole_town_carries_no_boundaries() {
    let (mut directory, user) = town(None);
    drawn(&mut directory, "g1", "{}");
    assert!(sent(&directory, user).is_empty());
    let (mut directory, user) = town(Some("c"));
    let many = (0..MAX_BOUNDARY_AREAS).map(|n| area(&format!("h{n}"), Some("c"), "grid"));
    directory.apply(DirectoryChange::Areas {
        areas: many.collect(),
    });
    drawn(&mut directory, "g1", "{}");
    assert!(sent(&directory, user).is_empty());
}
