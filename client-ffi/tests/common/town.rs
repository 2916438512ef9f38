//! The town that a server begins with, and the people that come to it.

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, GRID_LEVEL, Grant, User};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::{Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;

pub fn grid(n: u32) -> AreaCode {
    area(&format!("g{n}"))
}

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

/// A community with two grids, and the built-in forms up to a version.
pub fn town(newest: u32) -> Directory {
    let mut directory = Directory::default();
    let place = |code: &str, parent: Option<&str>, level: &str| Area {
        code: area(code),
        parent: parent.map(area),
        name: code.to_owned(),
        level: level.to_owned(),
    };
    directory.apply(DirectoryChange::Areas {
        areas: vec![
            place("c", None, "community"),
            place("g1", Some("c"), GRID_LEVEL),
            place("g2", Some("c"), GRID_LEVEL),
        ],
    });
    let forms = builtin_forms().unwrap();
    for form in forms.into_iter().filter(|f| f.version <= newest) {
        let form = Box::new(form);
        directory.apply(DirectoryChange::Form { form });
    }
    directory
}

/// A new person with a grant for an area.
pub fn hire(directory: &mut Directory, n: u64, name: &str, role: Role, of: &str) -> UserId {
    let id = UserId::from_parts(Timestamp(n as i64), [n as u8; 10]);
    directory.apply(DirectoryChange::User {
        user: User {
            id,
            name: name.to_owned(),
            active: true,
        },
    });
    grant(directory, n, (id, role), of);
    id
}

/// A grant for an area.
pub fn grant(directory: &mut Directory, n: u64, (user, role): (UserId, Role), of: &str) {
    directory.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId::from_parts(Timestamp(n as i64), [n as u8; 10]),
            user,
            role,
            area: Some(area(of)),
            from: Timestamp(0),
            until: None,
        },
    });
}
