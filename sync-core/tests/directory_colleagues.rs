//! What a phone knows of its user's colleagues: whom it can seal to, whose signatures it can verify.

use gridfold_sync_core::directory::{
    Area, Device, DeviceState, Directory, DirectoryChange, DirectoryScope, Grant, User,
};
use gridfold_sync_core::entry::SignKey;
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, SensitivityClass, StreamId, UserId};
use gridfold_sync_core::limits::MAX_COLLEAGUE_DEVICES;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const NOW: Timestamp = Timestamp(1_781_330_000_000);

fn user(n: u8) -> UserId {
    UserId::from_parts(NOW, [n; 10])
}
fn device(n: u16) -> DeviceId {
    let [a, b] = n.to_be_bytes();
    DeviceId::from_parts(NOW, [9, 9, 9, 9, 9, 9, 9, 9, a, b])
}
fn stream(grid: &str, class: SensitivityClass) -> StreamId {
    StreamId::new(AreaCode::new(grid).unwrap(), class)
}

struct Town(Directory);

impl Town {
    fn new() -> Self {
        let area = |code: &str, parent: Option<&str>, level: &str| Area {
            code: AreaCode::new(code).unwrap(),
            parent: parent.map(|p| AreaCode::new(p).unwrap()),
            name: code.to_owned(),
            level: level.to_owned(),
        };
        let mut directory = Directory::default();
        directory.apply(DirectoryChange::Areas {
            areas: vec![
                area("c", None, "community"),
                area("g1", Some("c"), "grid"),
                area("g2", Some("c"), "grid"),
            ],
        });
        Self(directory)
    }
    fn person(&mut self, n: u8, role: Role, area: Option<&str>) {
        self.0.apply(DirectoryChange::User {
            user: User {
                id: user(n),
                name: n.to_string(),
                active: true,
            },
        });
        self.0.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId::from_parts(NOW, [n; 10]),
                user: user(n),
                role,
                area: area.map(|a| AreaCode::new(a).unwrap()),
                from: NOW,
                until: None,
            },
        });
    }
    fn phone(&mut self, n: u16, of: u8, state: DeviceState) {
        let key = SignKey::from_seed(&[n as u8; 32]).public();
        self.0.apply(DirectoryChange::Device {
            device: Device {
                id: device(n),
                user: user(of),
                public_key: key.0.iter().map(|b| format!("{b:02x}")).collect(),
                state,
                enrolled: Timestamp(i64::from(n)),
            },
        });
    }
    fn scope(&self, n: u8) -> DirectoryScope {
        let bytes = self.0.scope(user(n), NOW).to_bytes();
        DirectoryScope::from_bytes(&bytes).unwrap()
    }
}

#[test]
fn active_phones_of_those_who_share_a_grid_and_what_they_read_there() {
    let mut town = Town::new();
    let people = [
        (1, Role::Worker, Some("g1")),
        (2, Role::Worker, Some("g1")),
        (3, Role::Worker, Some("g2")),
        (4, Role::Supervisor, Some("c")),
        (5, Role::Auditor, None),
        (6, Role::Worker, Some("g1")),
    ];
    for (n, role, area) in people {
        town.person(n, role, area);
        town.phone(u16::from(n), n, DeviceState::Active);
    }
    town.phone(20, 2, DeviceState::Revoked);
    town.phone(21, 1, DeviceState::Active);
    // A console has no key.
    town.0.apply(DirectoryChange::Device {
        device: Device {
            id: device(30),
            user: user(2),
            public_key: String::new(),
            state: DeviceState::Active,
            enrolled: NOW,
        },
    });
    town.0.apply(DirectoryChange::User {
        user: User {
            id: user(6),
            name: "left".to_owned(),
            active: false,
        },
    });
    let scope = town.scope(1);
    let directory = scope.to_directory();
    let known: Vec<(UserId, Vec<DeviceId>)> = scope
        .colleagues
        .iter()
        .map(|c| (c.user, c.devices.iter().map(|d| d.id).collect()))
        .collect();
    let expected = vec![
        (user(1), vec![device(1), device(21)]),
        (user(2), vec![device(2)]),
        (user(4), vec![device(4)]),
        (user(5), vec![device(5)]),
    ];
    assert_eq!(known, expected);
    for colleague in &scope.colleagues {
        for held in &colleague.devices {
            assert!(held.key().is_some());
        }
    }
    let reads = |n: usize, grid: &str, class| {
        scope.colleagues[n].may_read(&stream(grid, class), &directory)
    };
    use SensitivityClass::{General, Personal};
    assert!(reads(1, "g1", Personal) && !reads(1, "g2", General));
    assert!(reads(2, "g1", Personal), "a supervisor around the grid");
    assert!(
        reads(3, "g1", General) && !reads(3, "g1", Personal),
        "an auditor"
    );
    // Who works in another grid shares only those above.
    let others: Vec<UserId> = town.scope(3).colleagues.iter().map(|c| c.user).collect();
    assert_eq!(others, [user(3), user(4), user(5)]);
}

#[test]
fn a_phone_is_told_of_a_bounded_number_and_the_newest_first() {
    let mut town = Town::new();
    town.person(1, Role::Worker, Some("g1"));
    let n = MAX_COLLEAGUE_DEVICES as u16 + 10;
    for phone in 0..n {
        town.phone(phone, 1, DeviceState::Active);
    }
    let devices = &town.scope(1).colleagues[0].devices;
    assert_eq!(devices.len(), MAX_COLLEAGUE_DEVICES);
    assert_eq!(devices[0].id, device(10));
    assert_eq!(devices.last().unwrap().id, device(n - 1));
}

#[test]
fn a_directory_stored_before_there_were_colleagues_still_reads() {
    let mut town = Town::new();
    town.person(1, Role::Worker, Some("g1"));
    let bytes = town.0.scope(user(1), NOW).to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("colleagues"), "none: not a byte more");
    assert!(
        DirectoryScope::from_bytes(&bytes)
            .unwrap()
            .colleagues
            .is_empty()
    );
}
