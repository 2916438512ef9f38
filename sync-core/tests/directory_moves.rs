//! What a person may do in an area that was moved in the tree.

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, Grant, Standing, moved_by};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::limits::LATE_EDIT_WINDOW_DAYS;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const DAY: i64 = 86_400_000;
const WORKER: UserId = UserId(uuid::Uuid::from_u128(1));

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn area(name: &str, parent: Option<&str>, level: &str) -> Area {
    Area {
        code: code(name),
        parent: parent.map(code),
        name: name.to_owned(),
        level: level.to_owned(),
    }
}

/// Two streets, a community in each, a grid in the first; a worker of the first community from day 1.
fn town() -> Directory {
    let mut directory = Directory::default();
    let areas = vec![
        area("s1", None, "street"),
        area("s2", None, "street"),
        area("c1", Some("s1"), "community"),
        area("c2", Some("s2"), "community"),
        area("g", Some("c1"), "grid"),
    ];
    directory.apply(DirectoryChange::Areas { areas });
    grant(&mut directory, 1, "c1", None);
    directory
}

fn grant(directory: &mut Directory, n: u128, of: &str, until: Option<i64>) {
    directory.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId(uuid::Uuid::from_u128(n)),
            user: WORKER,
            role: Role::Worker,
            area: Some(code(of)),
            from: Timestamp(DAY),
            until: until.map(Timestamp),
        },
    });
}

fn put(directory: &mut Directory, day: i64, moved: Area) {
    let areas = vec![moved];
    let said = moved_by(&areas, |code| directory.area(code), Timestamp(day * DAY));
    for change in said {
        directory.apply(change);
    }
    directory.apply(DirectoryChange::Areas { areas });
}

fn at(directory: &Directory, day: i64) -> Standing {
    directory.standing(WORKER, &code("g"), Timestamp(day * DAY))
}

#[test]
fn of_a_grid_that_was_moved_away_the_worker_is_late_and_then_ended() {
    let mut directory = town();
    assert_eq!(at(&directory, 9), Standing::Active(vec![Role::Worker]));
    put(&mut directory, 10, area("g", Some("c2"), "grid"));
    assert_eq!(at(&directory, 10), Standing::Late(vec![Role::Worker]));
    let last = 10 + LATE_EDIT_WINDOW_DAYS;
    assert_eq!(at(&directory, last - 1), Standing::Late(vec![Role::Worker]));
    assert_eq!(at(&directory, last), Standing::Ended);
    // Late gives no right to read.
    assert!(
        directory
            .readable(WORKER, &code("g"), Timestamp(10 * DAY))
            .is_empty()
    );
    // Back again, as if nothing had been; and a change of its name moves nothing.
    put(&mut directory, 11, area("g", Some("c1"), "grid"));
    put(&mut directory, 12, area("g", Some("c1"), "grid"));
    assert_eq!(at(&directory, 13), Standing::Active(vec![Role::Worker]));
}

#[test]
fn what_lies_above_may_move_as_well_and_more_than_once() {
    let mut directory = town();
    grant(&mut directory, 1, "s1", None);
    put(&mut directory, 5, area("c1", Some("s2"), "community"));
    assert_eq!(at(&directory, 6), Standing::Late(vec![Role::Worker]));
    put(&mut directory, 7, area("g", Some("c2"), "grid"));
    assert_eq!(at(&directory, 8), Standing::Late(vec![Role::Worker]));
    assert_eq!(at(&directory, 5 + LATE_EDIT_WINDOW_DAYS), Standing::Ended);
}

#[test]
fn a_grant_counts_only_where_it_ran_while_the_area_lay_there() {
    let mut directory = town();
    put(&mut directory, 10, area("g", Some("c2"), "grid"));
    // One of the first community that began after the grid had left it.
    let mut after = directory.clone();
    after.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId(uuid::Uuid::from_u128(1)),
            user: WORKER,
            role: Role::Worker,
            area: Some(code("c1")),
            from: Timestamp(11 * DAY),
            until: None,
        },
    });
    assert_eq!(at(&after, 12), Standing::Never);
    // One that ended before the move is late from its own end.
    grant(&mut directory, 1, "c1", Some(8 * DAY));
    assert_eq!(at(&directory, 12), Standing::Late(vec![Role::Worker]));
    assert_eq!(at(&directory, 8 + LATE_EDIT_WINDOW_DAYS), Standing::Ended);
}
