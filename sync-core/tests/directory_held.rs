//! What a device may say it erased: only what it can have held is kept, also of an old log.

use gridfold_sync_core::directory::{
    Area, Device, DeviceState, Directory, DirectoryChange, Grant, moved_by,
};
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, SensitivityClass, StreamId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const WORKER: UserId = UserId(uuid::Uuid::from_u128(1));
const PHONE: DeviceId = DeviceId(uuid::Uuid::from_u128(2));

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

/// Two streets with a grid each; the worker has the first from 10 until 20.
fn town() -> Directory {
    let mut directory = Directory::default();
    directory.apply(DirectoryChange::Areas {
        areas: vec![
            area("s1", None, "street"),
            area("s2", None, "street"),
            area("g1", Some("s1"), "grid"),
            area("g2", Some("s2"), "grid"),
        ],
    });
    directory.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId(uuid::Uuid::from_u128(3)),
            user: WORKER,
            role: Role::Worker,
            area: Some(code("s1")),
            from: Timestamp(10),
            until: Some(Timestamp(20)),
        },
    });
    directory.apply(DirectoryChange::Device {
        device: Device {
            id: PHONE,
            user: WORKER,
            public_key: String::new(),
            state: DeviceState::Active,
            enrolled: Timestamp(10),
        },
    });
    directory
}

fn erased(directory: &mut Directory, stream: &str, at: i64) -> bool {
    directory.apply(DirectoryChange::StreamErased {
        device: PHONE,
        stream: stream.to_owned(),
        at: Timestamp(at),
    });
    directory.stream_erased(PHONE, stream).is_some()
}

#[test]
fn only_what_a_grant_let_it_read_is_kept() {
    let mut directory = town();
    let general = |grid: &str| StreamId::new(code(grid), SensitivityClass::General).name();
    for nonsense in ["", "nowhere/1", "s1/1", &general("g2"), &general("nowhere")] {
        assert!(!erased(&mut directory, nonsense, 30), "{nonsense}");
    }
    assert!(
        !erased(&mut directory, &general("g1"), 9),
        "before the grant"
    );
    assert_eq!(directory.last_erased(PHONE), None);
    assert!(erased(&mut directory, &general("g1"), 30), "after it ended");
    assert_eq!(directory.last_erased(PHONE), Some(Timestamp(30)));
}

#[test]
fn a_grid_that_was_moved_away_was_held_as_well() {
    for (moved_at, kept) in [(5, false), (15, true), (25, true)] {
        let mut directory = town();
        let areas = vec![area("g1", Some("s2"), "grid")];
        for change in moved_by(&areas, |c| directory.area(c), Timestamp(moved_at)) {
            directory.apply(change);
        }
        directory.apply(DirectoryChange::Areas { areas });
        let stream = StreamId::new(code("g1"), SensitivityClass::General);
        let held = directory.may_have_held(WORKER, &stream, Timestamp(30));
        assert_eq!(held, kept, "moved at {moved_at}");
        assert_eq!(erased(&mut directory, &stream.name(), 30), kept);
    }
}
