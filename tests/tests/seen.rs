//! Seen by a supervisor, from the tap on a phone to the open record on a screen and back: a real
//! server over HTTP, real phones.

use crate::town::{NOW, Older, Town, area, author_of, note, visit};
use gridfold_client::{Client, Delivery, EntryState, Query, SyncOptions, UreqTransport};
use gridfold_server::desk::SeenLog;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, IncarnationId, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::limits::MAX_SEEN_MARKS;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};

/// What the record, its list row and its newest entry of this phone say; all of them the same.
fn delivery(phone: &Client, record: RecordId) -> Option<Delivery> {
    let said = phone.get(record).unwrap().delivery;
    let rows = phone.query(Query::default()).items;
    assert!(
        rows.iter()
            .any(|r| r.record == record && r.delivery == said)
    );
    let newest = phone.history(record).pop().unwrap();
    assert_eq!(newest.delivery, said);
    said
}

fn is_at_server(phone: &Client, record: RecordId) -> bool {
    let history = phone.history(record);
    let admitted = EntryState::Admitted { late: false };
    !history.is_empty() && history.iter().all(|h| h.state == admitted)
}

#[test]
fn from_the_phone_to_the_server_to_a_supervisors_eyes_and_back() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    let colleague = town.person(2, Role::Worker, "g1");
    let stranger = town.person(3, Role::Worker, "g2");
    town.person(4, Role::Supervisor, "g1");
    town.person(5, Role::Supervisor, "g2");
    town.person(6, Role::Auditor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let colleagues = town.phone(&home.path().join("colleague"), colleague);
    let strangers = town.phone(&home.path().join("stranger"), stranger);
    for phone in [&phone, &colleagues, &strangers] {
        town.sync(phone);
    }

    let record = visit(&phone, "g1");
    assert!(!is_at_server(&phone, record), "on this phone only");
    assert_eq!(phone.seen(record), None);
    town.sync(&phone);
    assert!(is_at_server(&phone, record));
    assert_eq!(phone.seen(record), None);

    // An auditor opens it and reads nothing of it.
    for (login, status) in [("p1", 200), ("p2", 200), ("p5", 404), ("p6", 200)] {
        assert_eq!(town.open(login, record), status, "{login}");
        town.sync(&phone);
        assert_eq!(phone.seen(record), None, "{login} is no supervisor of it");
    }

    let changes = phone.subscribe();
    let at = town.later();
    assert_eq!(town.open("p4", record), 200);
    assert_eq!(phone.seen(record), None, "nobody told the phone yet");
    assert_eq!(delivery(&phone, record), Some(Delivery::AtServer));
    let report = town.sync(&phone);
    assert_eq!((report.round_trips, report.pulled), (1, 0));
    assert_eq!(phone.seen(record), Some(at));
    assert_eq!(delivery(&phone, record), Some(Delivery::SeenBySupervisor));
    let told = changes.try_next().map(|event| event.records);
    assert_eq!(told, Some(vec![record]), "whoever shows it is told");

    // Looked at again without anything new: nothing is noted, and the next sync is idle.
    town.later();
    let newest = town.node.desk.seen.newest(worker.0);
    assert_eq!(town.open("p4", record), 200);
    assert_eq!(town.open("admin", record), 200);
    assert_eq!(town.node.desk.seen.newest(worker.0), newest);
    let idle = town.sync(&phone);
    assert_eq!(idle.round_trips, 1);
    assert!(idle.bytes_up + idle.bytes_down < 100, "{idle:?}");
    assert_eq!(phone.seen(record), Some(at));

    phone.edit(record, note("再访。")).unwrap();
    assert_eq!(phone.seen(record), None, "typed and not seen");
    assert_eq!(delivery(&phone, record), Some(Delivery::OnThisPhone));
    town.sync(&phone);
    assert!(is_at_server(&phone, record));
    assert_eq!(phone.seen(record), None, "at the server and not seen");
    assert_eq!(delivery(&phone, record), Some(Delivery::AtServer));
    let again = town.later();
    assert_eq!(town.open("admin", record), 200);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(again));

    // Of what others wrote a phone is told nothing, in its grid or another.
    for other in [&colleagues, &strangers] {
        town.sync(other);
        assert_eq!(other.seen(record), None);
        assert_eq!(town.told(author_of(other), 0).seen, None);
    }
    // What a colleague adds leaves what the worker wrote seen; theirs is told to them alone.
    colleagues.edit(record, note("同事。")).unwrap();
    town.sync(&colleagues);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(again));
    assert_eq!(colleagues.seen(record), None);
    let third = town.later();
    assert_eq!(town.open("p4", record), 200);
    for phone in [&phone, &colleagues] {
        town.sync(phone);
    }
    assert_eq!(phone.seen(record), Some(again));
    assert_eq!(colleagues.seen(record), Some(third));
}

#[test]
fn a_mark_outlives_a_restored_server_and_marks_are_in_the_backup() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let (early, late) = (visit(&phone, "g1"), visit(&phone, "g1"));
    town.sync(&phone);
    let first = town.later();
    town.open("p4", early);
    let file = home.path().join("backup");
    town.node.backup(&file, &mut |_| {}).unwrap();
    let second = town.later();
    town.open("p4", late);
    town.sync(&phone);
    phone.edit(late, note("又")).unwrap();
    town.sync(&phone);
    let third = town.later();
    town.open("p4", late);
    town.sync(&phone);
    assert_eq!(phone.seen(early), Some(first));
    assert_eq!(phone.seen(late), Some(third));
    assert!(second < third);

    let town = town.restored(home.path(), &file);
    town.sync(&phone);
    assert!(is_at_server(&phone, late), "brought back");
    assert_eq!(phone.seen(early), Some(first));
    assert_eq!(phone.seen(late), Some(third), "seen stays seen");
    phone.edit(late, note("再")).unwrap();
    town.sync(&phone);
    assert_eq!(phone.seen(late), None, "nobody opened this one");
    let fourth = town.later();
    town.open("p4", late);
    town.sync(&phone);
    assert_eq!(phone.seen(late), Some(fourth));

    // A new phone of the same worker learns from the restored server what the backup held.
    let second = town.phone(&home.path().join("second"), worker);
    town.sync(&second);
    assert_eq!(second.seen(early), Some(first));
    assert_eq!(second.seen(late), Some(fourth));
}

#[test]
fn marks_come_in_bounded_parts_and_only_of_streams_that_may_be_read() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let author = author_of(&phone);
    let log = |grid: &str, n: u8| SeenLog {
        user: worker.0,
        stream: StreamId::new(area(grid), SensitivityClass::Personal).name(),
        incarnation: IncarnationId::from_parts(NOW, [n; 10]).0,
        seq: 1,
    };
    let all = MAX_SEEN_MARKS + 88;
    for n in 0..all {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let record = RecordId::from_parts(NOW, random).0;
        let logs = [log("g1", 1), log("g2", 2)];
        let noted = town.node.desk.seen.note(record, &logs[..1], NOW.millis());
        assert_eq!(noted.unwrap(), 1);
        if n == 0 {
            // Of a grid that this worker may not read now.
            let noted = town.node.desk.seen.note(record, &logs, NOW.millis());
            assert_eq!(noted.unwrap(), 1, "the first is known");
        }
    }
    let (mut known, mut sizes, mut records) = (0, Vec::new(), Vec::new());
    while let Some(news) = town.told(author, known).seen {
        assert!(news.revision > known);
        known = news.revision;
        sizes.push(news.marks.len());
        assert!(news.marks.iter().all(|m| m.stream.grid == area("g1")));
        records.extend(news.marks.iter().map(|m| m.record));
        assert_eq!(news.more, records.len() < all);
    }
    assert_eq!(sizes, [MAX_SEEN_MARKS - 1, 89]);
    records.sort();
    records.dedup();
    assert_eq!(records.len(), all);
    // A revision that this server never gave: it begins anew.
    let news = town.told(author, known + 1).seen.unwrap();
    assert_eq!(news.marks.len(), MAX_SEEN_MARKS - 1);
    let report = town.sync(&phone);
    assert!(!report.more);
    assert_eq!(town.told(author, known).seen, None);
    // A phone of before asks in the first version and hears nothing of it.
    let first = SyncRequest::default();
    let body = town.node.sync(author, &first.encode()).unwrap().body;
    assert_eq!(body[0], 1);
    let nobody = Author {
        device: DeviceId::from_bytes([0; 16]),
        user: worker,
    };
    assert!(SyncResponse::decode(&body, &first, nobody).is_ok());
}

#[test]
fn a_phone_works_with_an_older_server_and_learns_once_it_is_upgraded() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let record = visit(&phone, "g1");
    let transport = UreqTransport::new(&town.url);
    let options = SyncOptions {
        max_round_trips: 1,
        ..SyncOptions::default()
    };
    let report = phone.sync(&Older(&transport), &options).unwrap();
    assert_eq!((report.round_trips, report.admitted), (2, 1));
    let at = town.later();
    town.open("p4", record);
    let report = phone.sync(&Older(&transport), &options).unwrap();
    assert_eq!(report.round_trips, 2);
    assert_eq!(phone.seen(record), None);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(at));
}

#[test]
fn with_the_stream_its_marks_are_erased() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let record = visit(&phone, "g1");
    town.sync(&phone);
    let at = town.later();
    town.open("p4", record);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(at));
    town.later();
    town.end_grant(1, Role::Worker, "g1", worker);
    town.sync(&phone);
    assert_eq!(phone.get(record), None);
    assert_eq!(phone.seen(record), None);
    assert_eq!(
        town.told(author_of(&phone), 0).seen.map(|s| s.marks),
        Some(vec![])
    );
}
