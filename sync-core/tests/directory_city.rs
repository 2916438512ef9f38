//! A directory of a city: what lies in an area by the interval of a walk, as the tree changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{
    Area, AreasPart, Device, DeviceState, Directory, DirectoryChange, DirectoryScope, Grant,
    KeyRule, User,
};
use gridfold_sync_core::entry::SignKey;
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, FormCode, GrantId, SensitivityClass, StreamId, UserId,
};
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
    directory.apply(DirectoryChange::Retention {
        form: FormCode::new("visit").unwrap(),
        rule: None,
    });
    assert_eq!(directory.shown(), before);
    assert!(directory.revision > before);
    directory.apply(DirectoryChange::Boundary {
        area: code("s1"),
        geometry: Some("{}".to_owned()),
    });
    assert_eq!(directory.shown(), directory.revision);
    let user = grants[0].user;
    let scope = |directory: &Directory| directory.scope(user, Timestamp(0));
    let free = scope(&directory).to_bytes();
    directory.apply(DirectoryChange::PhoneKeys {
        rule: Some(KeyRule {
            by: user,
            at: Timestamp(1),
        }),
    });
    assert_eq!(directory.shown(), directory.revision);
    let sent = DirectoryScope::from_bytes(&scope(&directory).to_bytes()).unwrap();
    assert!(sent.key_by_person);
    directory.apply(DirectoryChange::PhoneKeys { rule: None });
    // Without the rule a phone is sent what it was sent before there were any.
    assert_eq!(scope(&directory).to_bytes(), free);
    directory.apply(DirectoryChange::Grant {
        grant: grants[0].clone(),
    });
    assert_eq!(directory.shown(), directory.revision);
}

/// A city that changes: areas come, move, become something else and are retired, and people come
/// with grants and phones.
struct Growing {
    dice: u64,
    directory: Directory,
    names: Vec<String>,
    grants: u128,
}

impl Growing {
    fn new(seed: u64) -> Self {
        let names = ["city", "s1", "s2", "s3", "s1a", "s1b", "s2a", "s3b"];
        Self {
            dice: seed,
            directory: city(),
            names: names.map(str::to_owned).into(),
            grants: 0,
        }
    }

    fn roll(&mut self, n: usize) -> usize {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.dice >> 33) as usize % n
    }

    fn area(&mut self) -> String {
        let at = self.roll(self.names.len());
        self.names[at].clone()
    }

    fn person(&mut self) -> UserId {
        UserId(uuid::Uuid::from_u128(1 + self.roll(6) as u128))
    }

    /// An area is put in another one, or nowhere; never in itself, or in what lies in it.
    fn put_area(&mut self, name: &str) {
        let level = ["grid", "grid", "grid", "street"][self.roll(4)];
        let parent = self.area();
        let holds = self.directory.lies_in(&code(&parent), &code(name));
        let parent = (!holds && self.roll(12) > 0).then_some(parent);
        put(&mut self.directory, name, parent.as_deref(), level);
    }

    fn change(&mut self) {
        match self.roll(10) {
            0..=3 => {
                let name = format!("n{}", self.names.len());
                self.put_area(&name);
                self.names.push(name);
            }
            4 => {
                let name = self.area();
                self.put_area(&name);
            }
            5 => {
                let (area, at) = (code(&self.area()), self.roll(2) == 0);
                let at = at.then_some(Timestamp(1));
                self.directory
                    .apply(DirectoryChange::AreaRetired { area, at });
            }
            6 => {
                let id = self.person();
                let name = format!("\"areas\":[] {}", self.roll(100));
                let user = User {
                    id,
                    name,
                    active: self.roll(5) > 0,
                };
                self.directory.apply(DirectoryChange::User { user });
            }
            7 => {
                let n = self.roll(9) as u8;
                let device = Device {
                    id: DeviceId::from_bytes([n; 16]),
                    user: self.person(),
                    public_key: to_hex(&SignKey::from_seed(&[n; 32]).public().0),
                    state: [DeviceState::Active, DeviceState::Revoked][self.roll(2)],
                    enrolled: Timestamp(1),
                };
                self.directory.apply(DirectoryChange::Device { device });
            }
            _ => {
                self.grants += 1;
                let role = [Role::Worker, Role::Auditor, Role::Supervisor][self.roll(3)];
                // Also of an area that is not known, or of everything.
                let area = match self.roll(9) {
                    0 => None,
                    1 => Some(code("nowhere")),
                    _ => Some(code(&self.area())),
                };
                let grant = Grant {
                    id: GrantId(uuid::Uuid::from_u128(self.grants)),
                    user: self.person(),
                    role,
                    area,
                    from: Timestamp(self.roll(3) as i64),
                    until: (self.roll(3) == 0).then_some(Timestamp(2)),
                };
                self.directory.apply(DirectoryChange::Grant { grant });
            }
        }
    }
}

#[test]
fn a_tree_that_was_kept_up_answers_as_one_that_was_walked() {
    for seed in 0..40 {
        let mut growing = Growing::new(seed);
        for round in 0..120 {
            growing.change();
            let directory = &growing.directory;
            let all = directory.grids_in(None);
            assert_eq!(directory.count_grids(&directory.interval(None)), all.len());
            let mut places: Vec<u64> = all.iter().filter_map(|g| directory.place_of(g)).collect();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), all.len(), "{seed} {round}");
            for area in &growing.names {
                let walked = walked(directory, area);
                assert_eq!(grids(directory, area), walked, "{seed} {round} {area}");
                let interval = directory.interval(Some(&code(area)));
                assert_eq!(directory.count_grids(&interval), walked.len());
                let is_grid = directory.is_grid(&code(area));
                assert_eq!(directory.place_of(&code(area)).is_some(), is_grid);
            }
            for user in (1..=6).map(|n| UserId(uuid::Uuid::from_u128(n))) {
                let reach = directory.reach(user, Timestamp(1));
                let mut streams = Vec::new();
                for grid in &all {
                    for class in directory.readable(user, grid, Timestamp(1)) {
                        streams.push(StreamId::new(grid.clone(), class));
                    }
                }
                assert_eq!(reach.streams(), streams, "{seed} {round}");
                let in_all = SensitivityClass::ALL.into_iter().filter(|class| {
                    let mut grids = reach.grids().peekable();
                    grids.peek().is_some() && grids.all(|(_, classes)| classes.contains(class))
                });
                assert!(reach.common().into_iter().eq(in_all), "{seed} {round}");
                let roles: BTreeSet<Role> = directory
                    .roles_everywhere(user, Timestamp(1))
                    .into_iter()
                    .collect();
                let everywhere = directory.active_grants(user, Timestamp(1)).filter(|g| {
                    let covered = |grid| directory.covers(g.area.as_ref(), grid);
                    g.area.is_none() || (!all.is_empty() && all.iter().all(covered))
                });
                assert_eq!(roles, everywhere.map(|g| g.role).collect(), "{seed}");
            }
        }
    }
}

#[test]
fn one_more_area_leaves_every_other_where_it_stands() {
    let mut directory = city();
    let all = directory.grids_in(None);
    let stand = |directory: &Directory| -> Vec<Option<u64>> {
        all.iter().map(|grid| directory.place_of(grid)).collect()
    };
    let before = stand(&directory);
    // Into the first street, in which others would have to make room.
    for n in 0..2_000 {
        put(&mut directory, &format!("x{n}"), Some("s1"), "grid");
        assert_eq!(stand(&directory), before);
    }
    put(&mut directory, "new", Some("city"), "street");
    put(&mut directory, "newa", Some("new"), "grid");
    put(&mut directory, "elsewhere", None, "city");
    put(&mut directory, "x7", Some("new"), "grid");
    assert_eq!(stand(&directory), before);
    assert_eq!(grids(&directory, "new"), ["newa", "x7"]);
    assert_eq!(grids(&directory, "s1").len(), 2 + 1_999);
    // Past what there is room for, it is walked again and is right.
    for n in 0..9_000 {
        put(&mut directory, &format!("deep{n}"), Some("new"), "grid");
        assert_eq!(
            directory.count_grids(&directory.interval(Some(&code("new")))),
            n + 3
        );
    }
    assert_eq!(grids(&directory, "new"), walked(&directory, "new"));
}

#[test]
fn the_document_of_a_phone_is_its_scope_whoever_else_has_the_same_areas() {
    for seed in 0..40 {
        let mut growing = Growing::new(1_000 + seed);
        let mut kept: Vec<Arc<AreasPart>> = Vec::new();
        let mut reused = 0;
        for round in 0..120 {
            growing.change();
            let directory = &growing.directory;
            for user in (1..=6).map(|n| UserId(uuid::Uuid::from_u128(n))) {
                for now in [Timestamp(1), Timestamp(2)] {
                    let granted = directory.granted_areas(user, now);
                    let found = kept.iter().find(|part| part.holds(directory, &granted));
                    let part = if let Some(part) = found {
                        reused += 1;
                        Arc::clone(part)
                    } else {
                        let part = Arc::new(directory.areas_part(&granted));
                        kept.push(Arc::clone(&part));
                        part
                    };
                    let document = directory.document(user, now, part);
                    let plain = directory.scope(user, now).to_bytes();
                    assert!(document.to_bytes() == plain, "{seed} {round}");
                    assert_eq!(document.size(), plain.len());
                    assert_eq!(document.digest(), DirectoryScope::digest_of(&plain));
                    assert!(document.areas.is_some());
                }
            }
        }
        assert!(reused > 500, "{reused}");
    }
}
