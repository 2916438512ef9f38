//! Records that were moved, and imports: what the directory says of them.

use gridfold_sync_core::directory::{
    Area, Directory, DirectoryChange, Grant, ImportCounts, ImportKind, ImportStep, MovedRecord,
};
use gridfold_sync_core::ids::{AreaCode, GrantId, ImportId, RecordId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

const WHO: UserId = UserId(uuid::Uuid::from_u128(1));

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

fn id(n: u8) -> RecordId {
    RecordId::from_bytes([n; 16])
}

fn go(directory: &mut Directory, from: u8, to: u8) {
    goes_on(directory, from, to, false);
}

fn goes_on(directory: &mut Directory, from: u8, to: u8, merged: bool) {
    directory.apply(DirectoryChange::RecordMoved {
        record: id(from),
        moved: MovedRecord {
            to: id(to),
            from_grid: code("a"),
            grid: code("b"),
            by: WHO,
            at: Timestamp(i64::from(from)),
            merged,
        },
    });
}

#[test]
fn every_former_id_means_the_record_that_is_there_now() {
    let mut directory = Directory::default();
    go(&mut directory, 1, 2);
    go(&mut directory, 2, 3);
    // Neither is a second time moved, nor are two moved into one.
    go(&mut directory, 1, 9);
    go(&mut directory, 8, 3);
    for former in 1..=3 {
        assert_eq!(directory.present_record(id(former)), id(3));
        assert_eq!(directory.ids_of_record(id(former)), [id(3), id(2), id(1)]);
    }
    assert_eq!(directory.ids_of_record(id(7)), [id(7)]);
    let first = [1, 2, 3, 7].map(|n| directory.first_record(id(n)));
    assert_eq!(first, [id(1), id(1), id(1), id(7)]);
    assert_eq!(directory.moved_from(&id(3)).unwrap().0, id(2));
    assert!(directory.moved_record(&id(8)).is_none());
    let order: Vec<RecordId> = directory.moved_records().map(|(id, _)| id).collect();
    assert_eq!(order, [id(2), id(1)]);
}

#[test]
fn a_record_may_be_several_merged_into_one_and_one_that_was_moved() {
    let mut directory = Directory::default();
    go(&mut directory, 1, 2);
    goes_on(&mut directory, 4, 2, true);
    goes_on(&mut directory, 6, 5, true);
    goes_on(&mut directory, 5, 2, true);
    // It is there already, so none is made by a move to it; and one goes on as one.
    go(&mut directory, 7, 2);
    goes_on(&mut directory, 4, 9, true);
    for former in [1, 2, 4, 5, 6] {
        assert_eq!(directory.present_record(id(former)), id(2));
    }
    let mut all = directory.ids_of_record(id(6));
    assert_eq!(all[0], id(2));
    all.sort_unstable();
    assert_eq!(all, [1, 2, 4, 5, 6].map(id));
    assert_eq!(directory.moved_from(&id(2)).unwrap().0, id(1));
    let merged: Vec<RecordId> = directory.merged_into(&id(2)).map(|(id, _)| id).collect();
    assert_eq!(merged, [id(4), id(5)]);
    // One that others were merged into moves on, and all are known by where it is.
    go(&mut directory, 2, 8);
    assert_eq!(directory.present_record(id(6)), id(8));
    assert_eq!(directory.former_records(id(8)).len(), 5);
    assert!(directory.moved_record(&id(7)).is_none());
}

#[test]
fn whoever_writes_in_both_grids_may_move_between_them() {
    let mut directory = Directory::default();
    let areas = ["a", "b"].map(|name| Area {
        code: code(name),
        parent: None,
        name: name.to_owned(),
        level: "grid".to_owned(),
    });
    directory.apply(DirectoryChange::Areas {
        areas: areas.to_vec(),
    });
    let mut grant = |n: u128, area: &str, role, until: Option<i64>| {
        directory.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId(uuid::Uuid::from_u128(n)),
                user: WHO,
                role,
                area: Some(code(area)),
                from: Timestamp(0),
                until: until.map(Timestamp),
            },
        });
        let may = |from, to| directory.may_move_record(WHO, &code(from), &code(to), Timestamp(10));
        (may("a", "b"), may("b", "a"))
    };
    assert_eq!(grant(1, "a", Role::Worker, None), (false, false));
    assert_eq!(grant(2, "b", Role::Auditor, None), (false, false));
    assert_eq!(grant(3, "b", Role::Service, Some(5)), (false, false));
    assert_eq!(grant(4, "b", Role::Service, None), (true, true));
}

#[test]
fn an_import_knows_which_changes_were_its() {
    let mut directory = Directory::default();
    let import = ImportId::from_bytes([5; 16]);
    let say = |step| DirectoryChange::Import { id: import, step };
    let area = |name: &str| DirectoryChange::Areas {
        areas: vec![Area {
            code: code(name),
            parent: None,
            name: name.to_owned(),
            level: "street".to_owned(),
        }],
    };
    let begun = ImportStep::Begun {
        kind: ImportKind::Areas,
        format: "csv".to_owned(),
        by: Some(WHO),
        device: None,
        at: Timestamp(1),
    };
    for change in [
        area("other"),
        say(begun),
        area("a"),
        area("b"),
        say(ImportStep::Wrote { changes: 2 }),
    ] {
        directory.apply(change);
    }
    let found = directory.import(&import).unwrap();
    assert_eq!(found.wrote, [(3, 4)]);
    assert!(found.counts.is_none() && found.undone.is_none());
    let counts = ImportCounts {
        added: 2,
        ..ImportCounts::default()
    };
    directory.apply(say(ImportStep::Ended { counts }));
    let at = Timestamp(9);
    directory.apply(say(ImportStep::Undone { by: None, at }));
    // More changes than there were are nobody's.
    directory.apply(say(ImportStep::Wrote { changes: 99 }));
    let found = directory.import(&import).unwrap();
    assert_eq!(
        (found.counts, found.undone),
        (Some(counts), Some((None, at)))
    );
    assert_eq!((found.wrote.len(), found.by), (1, Some(WHO)));
    assert_eq!(directory.imports().count(), 1);
}
