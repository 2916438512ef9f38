//! A city that changes while people look at it: what is kept in memory for them is what a walk over
//! everything finds.

use std::collections::BTreeMap;

use crate::api_support::{Client, NOW, World, config};
use axum::Router;
use gridfold_server::auth::{Actor, DeviceAccess, DeviceAccount};
use gridfold_sync_core::directory::{
    Area, Directory, DirectoryChange, DirectoryScope, GRID_LEVEL, Grant, User,
};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};

const AREAS: [&str; 6] = ["c", "c-a", "c-b", "c-a-1", "c-a-2", "c-b-1"];
const ROUNDS: usize = 45;

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % n
    }
}

/// Somebody who looks.
struct Looker {
    user: UserId,
    client: Client,
}

/// Whom somebody may know of, asked one by one.
fn may_know(directory: &Directory, caller: UserId, user: UserId, now: Timestamp) -> bool {
    let grants = || directory.grants_of(user);
    let over = |g: &Grant| !directory.roles_in(caller, g.area.as_ref(), now).is_empty();
    user == caller || directory.may_manage(caller, user, now) || grants().any(over)
}

/// The grids with when a phone of theirs was last in contact, and how many phones there are.
fn walked(
    world: &World,
    caller: UserId,
    now: Timestamp,
) -> (BTreeMap<String, Option<String>>, u64) {
    let directory = world.node.directory.current();
    let users = directory
        .users()
        .filter(|u| may_know(&directory, caller, u.id, now));
    let phones: Vec<DeviceAccount> = users
        .flat_map(|u| world.node.auth.devices.of_user(u.id.0).unwrap())
        .filter(|phone| phone.public_key.is_some())
        .collect();
    let areas = directory.areas().filter(|a| a.level == GRID_LEVEL);
    let read = areas.filter(|a| !directory.readable(caller, &a.code, now).is_empty());
    let grids = read.map(|area| {
        let works = |phone: &&DeviceAccount| {
            let mut grants = directory.active_grants(UserId(phone.user_id), now);
            grants.any(|g| g.role == Role::Worker && directory.covers(g.area.as_ref(), &area.code))
        };
        let seen = phones.iter().filter(works).map(|phone| phone.last_seen_ms);
        let seen = seen.max().map(|ms| Timestamp(ms).to_rfc3339());
        (area.code.to_string(), seen)
    });
    let active = phones.iter().filter(|p| p.state == DeviceAccess::Active);
    (grids.collect(), active.count() as u64)
}

fn told(looker: &Looker) -> (BTreeMap<String, Option<String>>, u64) {
    let body = looker.client.get("/v1/overview").ok();
    assert!(body["grids_left_out"].is_null());
    let rows = body["grids"].as_array().unwrap().iter().map(|row| {
        let seen = row["last_sync"].as_str().map(str::to_owned);
        (row["code"].as_str().unwrap().to_owned(), seen)
    });
    (rows.collect(), body["phones"]["total"].as_u64().unwrap())
}

/// A change of the directory or of the accounts, drawn.
fn change(world: &World, dice: &mut Dice, admin: &Client, phones: &mut Vec<(Author, Client)>) {
    let directory = world.node.directory.current();
    let put = |change| world.node.directory.change(vec![change]).unwrap();
    let people: Vec<User> = directory.users().cloned().collect();
    let somebody = people[dice.roll(people.len())].clone();
    let area = code(AREAS[dice.roll(AREAS.len())]);
    let now = world.node.clock.now();
    let id = |dice: &mut Dice| {
        let bytes: [u8; 10] = std::array::from_fn(|_| dice.roll(256) as u8);
        bytes
    };
    let grants: Vec<Grant> = directory.grants().cloned().collect();
    match dice.roll(9) {
        0 => {
            let user = User {
                id: UserId::from_parts(now, id(dice)),
                name: "new".to_owned(),
                active: true,
            };
            put(DirectoryChange::User { user });
        }
        1 => {
            let name = format!("renamed {}", dice.roll(100));
            let user = User { name, ..somebody };
            put(DirectoryChange::User { user });
        }
        2 | 3 => {
            let grant = Grant {
                id: GrantId::from_parts(now, id(dice)),
                user: somebody.id,
                role: Role::Worker,
                area: Some(area),
                from: now,
                until: (dice.roll(3) == 0).then(|| now.plus_millis(200_000)),
            };
            put(DirectoryChange::Grant { grant });
        }
        4 => {
            // Those who look keep what they have.
            let theirs = |g: &&Grant| g.role == Role::Worker && g.until.is_none();
            if let Some(grant) = grants.iter().find(theirs) {
                let grant = Grant {
                    until: Some(now),
                    ..grant.clone()
                };
                put(DirectoryChange::Grant { grant });
            }
        }
        5 => {
            let known = directory.area(&code("c-a-1")).unwrap().clone();
            let parent = Some(code(["c-a", "c-b"][dice.roll(2)]));
            let areas = vec![Area { parent, ..known }];
            put(DirectoryChange::Areas { areas });
        }
        6 => {
            let name = format!("n{}", directory.areas().count());
            let areas = vec![Area {
                code: code(&name),
                parent: Some(code(["c-a", "c-b", "c"][dice.roll(3)])),
                name,
                level: GRID_LEVEL.to_owned(),
            }];
            put(DirectoryChange::Areas { areas });
        }
        7 if phones.len() < 12 => {
            let seed = phones.len() as u8 + 1;
            let session = world.phone(admin, &somebody.id.to_string(), seed).ok();
            let device = DeviceId::parse(session["device_id"].as_str().unwrap()).unwrap();
            let author = Author {
                device,
                user: somebody.id,
            };
            phones.push((author, world.anonymous().with(&session)));
        }
        _ => {
            // One that was told to erase itself stays so.
            if let Some((author, _)) = phones.get(dice.roll(phones.len().max(1))) {
                let by = Actor {
                    user: author.user.0,
                    device: author.device.0,
                };
                let states = [DeviceAccess::Revoked, DeviceAccess::Active];
                let devices = &world.node.auth.devices;
                let state = states[dice.roll(2)];
                devices
                    .set_state(author.device.0, state, by, now.millis())
                    .unwrap();
            }
        }
    }
}

#[test]
fn what_is_kept_of_a_city_is_what_a_walk_over_it_finds_whatever_changed() {
    let mut settings = config();
    settings.tokens.access_ttl_s = 3_600;
    settings.limits.devices_per_worker = 12;
    let world = World::with(settings, Router::new());
    let admin = world.admin();
    world.areas(&admin);
    // So many that they are kept in the form in which they are sent.
    let areas = (0..300).map(|n| Area {
        code: code(&format!("many{n}")),
        parent: Some(code("c-b")),
        name: format!("one of many in a street, the {n}th"),
        level: GRID_LEVEL.to_owned(),
    });
    let areas = areas.collect();
    world
        .node
        .directory
        .change(vec![DirectoryChange::Areas { areas }])
        .unwrap();
    let mut lookers = Vec::new();
    for (login, role, area) in [
        ("all", "supervisor", "c"),
        ("east", "supervisor", "c-a"),
        ("west", "auditor", "c-b"),
    ] {
        let (user, client) = world.person(&admin, login, role, area);
        let user = UserId::parse(&user).unwrap();
        lookers.push(Looker { user, client });
    }
    let user = admin.get("/v1/me").ok();
    let user = UserId::parse(user["user_id"].as_str().unwrap()).unwrap();
    let client = admin.clone();
    lookers.push(Looker { user, client });
    let mut dice = Dice(11);
    let mut phones = Vec::new();
    let mut held: BTreeMap<UserId, [u8; 8]> = BTreeMap::new();
    let (mut news, mut contacts) = (0, 0);
    for round in 0..ROUNDS {
        change(&world, &mut dice, &admin, &mut phones);
        world.clock.set(NOW.plus_millis(70_000 * round as i64));
        let now = world.node.clock.now();
        if let Some((_, phone)) = phones.get(dice.roll(phones.len().max(1))) {
            // In contact, whatever it is answered.
            phone.get("/v1/overview");
        }
        let directory = world.node.directory.current();
        for looker in &lookers {
            let expected = walked(&world, looker.user, now);
            assert_eq!(told(looker), expected, "{round}");
            contacts += expected.0.values().flatten().count();
            let author = Author {
                device: phones
                    .first()
                    .map_or(DeviceId::from_bytes([0; 16]), |p| p.0.device),
                user: looker.user,
            };
            if phones.is_empty() {
                continue;
            }
            let was = held.get(&looker.user).copied().unwrap_or_default();
            let request = SyncRequest {
                directory: was,
                ..SyncRequest::default()
            };
            let answered = world.node.sync(author, &request.encode()).unwrap();
            let answer = SyncResponse::decode(&answered.body, &request, author).unwrap();
            let scope = directory.scope(looker.user, now).to_bytes();
            let digest = DirectoryScope::digest_of(&scope);
            match answer.directory {
                Some(sent) => assert!(sent.to_bytes() == scope, "{round}"),
                None => assert_eq!(digest, was, "{round}"),
            }
            news += usize::from(digest != was);
            held.insert(looker.user, digest);
        }
    }
    assert!(news > 20 && contacts > 20, "{news} {contacts}");
    assert!(news < lookers.len() * ROUNDS, "{news}");
}

#[test]
fn a_phone_that_another_process_changed_is_not_told_as_it_was() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (user, _) = world.person(&admin, "hong", "worker", "c-a-1");
    world.phone(&admin, &user, 1).ok();
    let total = || admin.get("/v1/overview").ok()["phones"]["total"].clone();
    assert_eq!(total(), 1);
    let path = world.dir.path().join("auth.db");
    let other = gridfold_server::auth::AuthStore::open(&path).unwrap();
    let devices = gridfold_server::auth::Devices::new(std::sync::Arc::new(other));
    let phone = devices.enrolled().unwrap()[0].clone();
    let by = Actor {
        user: phone.user_id,
        device: phone.device_id,
    };
    devices
        .set_state(phone.device_id, DeviceAccess::Revoked, by, NOW.millis())
        .unwrap();
    assert_eq!(total(), 0);
}
