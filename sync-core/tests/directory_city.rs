//! A directory of a city: what lies in an area by the interval of a walk, as the tree changes.

use std::collections::BTreeSet;

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, Grant, User};
use gridfold_sync_core::ids::{AreaCode, GrantId, SensitivityClass, StreamId, UserId};
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

/// Grants drawn over the city for a few people, some ended, some nested, some of everything.
fn drawn(seed: u64) -> (Directory, Vec<Grant>) {
    let mut dice = seed;
    let mut roll = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) % n
    };
    let areas = ["city", "s1", "s2", "s1a", "s1b", "s2a", "s3b", "nowhere"];
    let roles = [Role::Worker, Role::Auditor, Role::Supervisor];
    let mut directory = city();
    let mut grants = Vec::new();
    for n in 0..12 {
        let grant = Grant {
            id: GrantId(uuid::Uuid::from_u128(n)),
            user: UserId(uuid::Uuid::from_u128(1 + u128::from(roll(4)))),
            role: roles[roll(3) as usize],
            area: areas.get(roll(9) as usize).map(|area| code(area)),
            from: Timestamp(roll(3) as i64),
            until: (roll(3) == 0).then(|| Timestamp(2 + roll(2) as i64)),
        };
        directory.apply(DirectoryChange::Grant {
            grant: grant.clone(),
        });
        grants.push(grant);
    }
    (directory, grants)
}

#[test]
fn what_somebody_reads_by_intervals_is_what_their_grants_let_them_read_in_each_grid() {
    let now = Timestamp(2);
    for seed in 0..200 {
        let (directory, _) = drawn(seed);
        for user in (1..=4).map(|n| UserId(uuid::Uuid::from_u128(n))) {
            let reach = directory.reach(user, now);
            let mut streams = Vec::new();
            for grid in directory.grids_in(None) {
                for class in directory.readable(user, &grid, now) {
                    streams.push(StreamId::new(grid.clone(), class));
                }
                for class in SensitivityClass::ALL {
                    let stream = StreamId::new(grid.clone(), class);
                    assert_eq!(reach.has(&stream), streams.contains(&stream), "{seed}");
                }
            }
            assert_eq!(reach.streams(), streams, "{seed}");
            assert_eq!(reach.count(), streams.len(), "{seed}");
            let in_all = SensitivityClass::ALL.into_iter().filter(|class| {
                let mut grids = reach.grids().peekable();
                grids.peek().is_some() && grids.all(|(_, classes)| classes.contains(class))
            });
            assert!(reach.common().into_iter().eq(in_all), "{seed}");
            // A street is no grid, whatever lies in it.
            assert!(reach.classes_in(&code("s1")).is_none());
        }
    }
}

#[test]
fn a_phone_knows_whoever_has_a_grant_in_or_around_the_areas_of_its_user() {
    let now = Timestamp(2);
    let runs = |g: &&Grant| g.from <= now && g.until.is_none_or(|until| now < until);
    for seed in 0..200 {
        let (mut directory, grants) = drawn(seed);
        for n in 1..=4 {
            let user = User {
                id: UserId(uuid::Uuid::from_u128(n)),
                name: n.to_string(),
                active: true,
            };
            directory.apply(DirectoryChange::User { user });
        }
        let meet = |a: &Grant, b: &Grant| match (&a.area, &b.area) {
            (Some(a), Some(b)) => directory.lies_in(a, b) || directory.lies_in(b, a),
            _ => true,
        };
        for user in (1..=4).map(|n| UserId(uuid::Uuid::from_u128(n))) {
            let mine: Vec<&Grant> = grants
                .iter()
                .filter(runs)
                .filter(|g| g.user == user)
                .collect();
            let met = grants.iter().filter(runs);
            let met = met.filter(|theirs| mine.iter().any(|mine| meet(mine, theirs)));
            let mut known: BTreeSet<UserId> = met.map(|g| g.user).collect();
            known.insert(user);
            let scope = directory.scope(user, now);
            let shown: BTreeSet<UserId> = scope.users.iter().map(|u| u.id).collect();
            assert_eq!(shown, known, "{seed}");
        }
        let turns = grants
            .iter()
            .flat_map(|g| [Some(g.from), g.until])
            .flatten();
        let next = turns.filter(|at| *at > now).min();
        assert_eq!(
            directory.next_turn(now),
            next.unwrap_or(Timestamp(i64::MAX))
        );
    }
}

#[test]
fn a_change_that_no_phone_is_shown_leaves_what_it_is_shown_the_same() {
    let (mut directory, grants) = drawn(7);
    let before = directory.shown();
    directory.apply(DirectoryChange::Boundary {
        area: code("s1"),
        geometry: Some("{}".to_owned()),
    });
    assert_eq!(directory.shown(), before);
    directory.apply(DirectoryChange::Grant {
        grant: grants[0].clone(),
    });
    assert_eq!(directory.shown(), directory.revision);
}
