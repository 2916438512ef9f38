//! The one rule of who may act on whom, over all states that a person's grants can be in.

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, Grant, User};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000_000_000);
const LONG: i64 = 400 * 86_400_000;

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

struct Town {
    directory: Directory,
    grants: u8,
}

/// When a grant holds.
#[derive(Debug, Clone, Copy)]
enum When {
    Now,
    Ended,
    LongEnded,
    ToCome,
}
const WHENS: [When; 4] = [When::Now, When::Ended, When::LongEnded, When::ToCome];

impl Town {
    /// A city with two streets of one grid; 1 is admin everywhere, 2 and 3 supervise a street each,
    /// 4 is admin of the first street, 5 works in its grid, 6 audits everywhere.
    fn new() -> Self {
        let area = |code: &str, parent: Option<&str>| Area {
            code: AreaCode::new(code).unwrap(),
            parent: parent.map(|p| AreaCode::new(p).unwrap()),
            name: code.to_owned(),
            level: "x".to_owned(),
        };
        let mut town = Self {
            directory: Directory::default(),
            grants: 0,
        };
        town.directory.apply(DirectoryChange::Areas {
            areas: vec![
                area("c", None),
                area("a", Some("c")),
                area("b", Some("c")),
                area("a1", Some("a")),
                area("b1", Some("b")),
            ],
        });
        for (n, role, area) in [
            (1, Role::Admin, None),
            (2, Role::Supervisor, Some("a")),
            (3, Role::Supervisor, Some("b")),
            (4, Role::Admin, Some("a")),
            (5, Role::Worker, Some("a1")),
            (6, Role::Auditor, None),
        ] {
            town.grant(n, role, area, When::Now);
        }
        town
    }
    fn grant(&mut self, n: u8, role: Role, area: Option<&str>, when: When) {
        self.grants += 1;
        self.directory.apply(DirectoryChange::User {
            user: User {
                id: user(n),
                name: String::new(),
                active: true,
            },
        });
        let (from, until) = match when {
            When::Now => (-1_000, None),
            When::Ended => (-1_000, Some(0)),
            When::LongEnded => (-2 * LONG, Some(-LONG)),
            When::ToCome => (LONG, None),
        };
        self.directory.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId::from_bytes([self.grants; 16]),
                user: user(n),
                role,
                area: area.map(|a| AreaCode::new(a).unwrap()),
                from: NOW.plus_millis(from),
                until: until.map(|u| NOW.plus_millis(u)),
            },
        });
    }
    fn made(&mut self, n: u8, by: u8) {
        self.directory.apply(DirectoryChange::UserMade {
            user: user(n),
            by: user(by),
        });
    }
    /// Who of the six may act on a person.
    fn managers(&self, n: u8) -> Vec<u8> {
        (1..=6)
            .filter(|by| self.directory.may_manage(user(*by), user(n), NOW))
            .collect()
    }
}

#[test]
fn of_nobodys_grants_only_who_made_them_and_who_is_above_may_act() {
    let mut town = Town::new();
    assert_eq!(town.managers(9), [1], "nobody knows who made them");
    town.made(9, 2);
    assert_eq!(town.managers(9), [1, 2, 4], "2, and who may act on 2");
    town.made(9, 3);
    assert_eq!(town.managers(9), [1, 2, 4], "the first word stands");
    town.made(10, 9);
    assert_eq!(
        town.managers(10),
        [1, 2, 4],
        "made by whom these may act on"
    );
    // In a circle nobody made anybody.
    town.made(11, 12);
    town.made(12, 11);
    assert_eq!(town.managers(11), [1]);
}

#[test]
fn every_grant_that_ever_was_or_will_be_counts() {
    for when in WHENS {
        let with = |role, area| {
            let mut town = Town::new();
            town.made(9, 2);
            town.grant(9, role, area, when);
            town.managers(9)
        };
        assert_eq!(with(Role::Worker, Some("a1")), [1, 2, 4], "{when:?}");
        assert_eq!(with(Role::Worker, Some("b1")), [1, 3], "{when:?}");
        assert_eq!(with(Role::Worker, Some("c")), [1], "{when:?}");
        assert_eq!(with(Role::Worker, None), [1], "{when:?}");
        assert_eq!(with(Role::Supervisor, Some("a")), [1, 4], "{when:?}");
        assert_eq!(with(Role::Auditor, Some("a1")), [1, 4], "{when:?}");
        assert_eq!(with(Role::Admin, Some("a")), [1, 4], "{when:?}");
        assert_eq!(with(Role::Admin, None), [1], "{when:?}");
        assert_eq!(with(Role::Worker, Some("gone")), [1], "{when:?}");
        // And beside one that is theirs to give.
        let mut town = Town::new();
        town.grant(9, Role::Worker, Some("a1"), When::Now);
        town.grant(9, Role::Worker, Some("b1"), when);
        assert_eq!(town.managers(9), [1], "{when:?}");
    }
}

#[test]
fn who_has_no_say_now_may_act_on_nobody() {
    for when in [When::Ended, When::LongEnded, When::ToCome] {
        let mut town = Town::new();
        town.grant(7, Role::Supervisor, Some("a"), when);
        town.made(9, 7);
        let may = |n| town.directory.may_manage(user(7), user(n), NOW);
        assert!(!may(9) && !may(5), "{when:?}");
    }
}

#[test]
fn a_grant_widens_when_its_holder_neither_has_nor_could_give_it() {
    let mut town = Town::new();
    town.grant(9, Role::Worker, Some("a"), When::Now);
    town.grant(9, Role::Worker, Some("b1"), When::Ended);
    let widens = |n: u8, role, area: Option<&str>| {
        town.directory.widens(
            &Grant {
                id: GrantId::from_bytes([99; 16]),
                user: user(n),
                role,
                area: area.map(|a| AreaCode::new(a).unwrap()),
                from: NOW,
                until: None,
            },
            NOW,
        )
    };
    assert!(!widens(9, Role::Worker, Some("a1")) && !widens(9, Role::Worker, Some("a")));
    assert!(widens(9, Role::Worker, Some("b1")) && widens(9, Role::Worker, None));
    assert!(widens(9, Role::Supervisor, Some("a1")));
    assert!(!widens(1, Role::Admin, Some("b")) && !widens(2, Role::Worker, Some("a1")));
}
