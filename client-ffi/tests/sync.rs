//! Syncing with a server in memory: conflicts, refusals, faults, forks, restores, erasure.

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use crate::common::*;
use gridfold_client::{
    ChangeCause, Client, ClientError, EntryState, Query, RetryPolicy, SyncOptions,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, RecordId, SensitivityClass, StreamId};

fn household(phone: &Phone, address: &str) -> RecordId {
    let ops = vec![
        set_text("address", address),
        splice("care_notes", 0, "卧床"),
    ];
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

fn personal() -> StreamId {
    StreamId::new(grid(1), SensitivityClass::Personal)
}

#[test]
fn records_travel_and_an_idle_sync_is_one_small_trip() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    for i in 0..30 {
        household(&a, &format!("{i}号楼"));
    }
    let up = a.sync(&server);
    assert_eq!(
        (up.round_trips, up.pushed, up.admitted, up.refused),
        (1, 60, 60, 0)
    );
    assert_eq!(a.client.status().pending, 0);
    let down = b.sync(&server);
    assert_eq!(down.pulled, 60);
    assert_alike(&server, &[&a, &b]);
    let idle = b.sync(&server);
    assert_eq!((idle.round_trips, idle.pulled, idle.pushed), (1, 0, 0));
    assert!(idle.bytes_up + idle.bytes_down < 200, "{idle:?}");
    let history = b.client.history(b.client.records()[0]);
    assert_eq!(history.len(), 2);
    assert!(
        history
            .iter()
            .all(|h| h.state == EntryState::Admitted { late: false })
    );
    assert_eq!(history[0].user_name.as_deref(), Some("甲"));
}

#[test]
fn both_sides_of_a_conflict_stay_until_one_is_chosen() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let record = household(&a, "1号楼");
    // Something to write into: two first texts beside each other would be a choice too.
    a.client
        .edit(record, vec![splice("notes", 0, "门口有两级台阶")])
        .unwrap();
    a.sync(&server);
    b.sync(&server);
    a.client
        .edit(
            record,
            vec![set_text("phone", "13800000001"), splice("notes", 0, "甲")],
        )
        .unwrap();
    b.client
        .edit(
            record,
            vec![set_text("phone", "13800000002"), splice("notes", 0, "乙")],
        )
        .unwrap();
    a.sync(&server);
    b.sync(&server);
    a.sync(&server);
    assert_alike(&server, &[&a, &b]);
    let detail = a.client.get(record).unwrap();
    assert_eq!(detail.conflicts.len(), 1);
    let sides = &detail.conflicts[0].candidates;
    assert_eq!(detail.conflicts[0].path, "phone");
    let mut names: Vec<_> = sides.iter().map(|c| c.user_name.clone().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["乙", "甲"]);
    assert!(
        sides
            .iter()
            .all(|c| c.claimed.is_some() && c.received.is_some())
    );
    assert_eq!(detail.fields["notes"].as_str().unwrap().chars().count(), 9);
    a.client
        .choose(record, "phone", sides[1].value.clone())
        .unwrap();
    a.sync(&server);
    b.sync(&server);
    assert!(b.client.get(record).unwrap().conflicts.is_empty());
    assert_alike(&server, &[&a, &b]);
}

#[test]
fn a_refused_edit_is_shown_and_what_was_made_after_it_waits_for_its_own_verdict() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let (record, other) = (household(&a, "1号楼"), household(&a, "2号楼"));
    a.sync(&server);
    server.refuse(record);
    a.client
        .edit(record, vec![set_text("phone", "13900000000")])
        .unwrap();
    a.client
        .edit(record, vec![set_text("head_name", "王")])
        .unwrap();
    a.client
        .edit(other, vec![set_text("head_name", "李")])
        .unwrap();
    assert!(a.client.get(record).unwrap().pending);
    let report = a.sync(&server);
    assert_eq!((report.refused, report.admitted), (2, 1));
    let refused = a.client.refused();
    let codes: Vec<&str> = refused.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["erased", "refused_heads"]);
    assert!(refused[0].message_zh.contains('。') && !refused[0].message_en.is_empty());
    assert_eq!(refused[0].ops, vec![set_text("phone", "13900000000")]);
    let detail = a.client.get(record).unwrap();
    assert!(!detail.pending && !detail.fields.contains_key("phone"));
    assert_eq!(detail.refused, 2);
    assert_alike(&server, &[&a]);
    a.client
        .retry_refused(&refused[0].stream, refused[0].entry)
        .unwrap();
    assert_eq!(a.client.get(record).unwrap().fields["phone"], "13900000000");
    a.client
        .discard_refused(&refused[1].stream, refused[1].entry)
        .unwrap();
    assert_eq!(a.client.refused().len(), 0);
    a.sync(&server);
    assert_eq!(a.client.refused().len(), 1);
}

#[test]
fn a_lost_reply_or_a_cut_at_any_byte_only_repeats() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    household(&b, "1号楼");
    b.sync(&server);
    for cut in 0..160 {
        household(&a, &format!("{cut}号楼"));
        server.faults.lock().push(Fault::Cut(cut));
        let result = a.client.sync(&*server, &SyncOptions::default());
        if result.is_err() {
            assert_eq!(result, Err(ClientError::Offline { retry_after: None }));
        }
    }
    for fault in [Fault::LoseReply, Fault::LoseRequest, Fault::Status(503)] {
        household(&a, "9号楼");
        server.faults.lock().push(fault);
        assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
    }
    a.sync(&server);
    b.sync(&server);
    assert_eq!(server.items(), 2 + 2 * 163);
    assert_eq!(a.client.records().len(), 164);
    assert_alike(&server, &[&a, &b]);
}

#[test]
fn retries_wait_longer_each_time_and_as_long_as_asked() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    *server.faults.lock() = vec![Fault::LoseReply, Fault::LoseRequest, Fault::Status(503)];
    let waits = RefCell::new(Vec::new());
    let sleep = |d: Duration| waits.borrow_mut().push(d);
    let policy = RetryPolicy {
        max_attempts: 5,
        base_ms: 1_000,
        max_ms: 3_000,
    };
    a.client
        .sync_with_retry(&*server, policy, &SyncOptions::default(), &sleep)
        .unwrap();
    let waits = waits.into_inner();
    assert_eq!(waits.len(), 3);
    assert!(waits[0] >= Duration::from_secs(3));
    assert!((1_000..=2_000).contains(&waits[1].as_millis()));
    assert!((1_500..=3_000).contains(&waits[2].as_millis()));
}

#[test]
fn a_long_outbox_and_small_pages_go_in_several_trips() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    for i in 0..400 {
        household(&a, &format!("{i}号楼"));
    }
    server.page_items(37);
    let seen = RefCell::new(Vec::new());
    let progress = |p: gridfold_client::Progress| seen.borrow_mut().push(p.pushed);
    let options = SyncOptions {
        progress: Some(&progress),
        ..SyncOptions::default()
    };
    let report = a.client.sync(&*server, &options).unwrap();
    assert_eq!((report.pushed, report.admitted), (800, 800));
    assert_eq!(seen.borrow().last(), Some(&800));
    let small = SyncOptions {
        budget_bytes: 3_000,
        ..SyncOptions::default()
    };
    let part = b.client.sync(&*server, &small).unwrap();
    assert!(part.more && part.pulled < 800, "{part:?}");
    b.sync(&server);
    assert_alike(&server, &[&a, &b]);
}

#[test]
fn a_copied_store_goes_on_under_another_name_and_nothing_is_lost() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let shared = household(&a, "1号楼");
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(a.dir.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let platform = TestPlatform::new(77);
    let twin = Client::open(options(copy.path(), &platform)).unwrap();
    a.client
        .edit(shared, vec![set_text("head_name", "王")])
        .unwrap();
    twin.edit(shared, vec![set_text("phone", "13800000000")])
        .unwrap();
    a.sync(&server);
    twin.sync(&*server, &SyncOptions::default()).unwrap();
    a.sync(&server);
    let detail = a.client.get(shared).unwrap();
    assert_eq!(detail.fields["head_name"], "王");
    assert_eq!(detail.fields["phone"], "13800000000");
    assert_eq!(twin.canonical(shared), server.canonical(shared));
    assert_eq!(server.items(), 4);
    assert_alike(&server, &[&a]);
}

#[test]
fn a_forked_log_is_written_again_under_a_new_incarnation() {
    for reply_lost in [false, true] {
        let server = FakeServer::new();
        let mut a = Phone::enrolled(&server, "甲", 1);
        let shared = household(&a, "1号楼");
        a.sync(&server);
        // The files themselves are put back in place: nothing tells the store that it is older.
        let files = ["store.redb", "store.spare"].map(|name| a.dir.path().join(name));
        let opts = options(a.dir.path(), &a.platform);
        let reopen = |phone: &mut Phone, backup: Option<[Vec<u8>; 2]>| {
            let spare = Phone::new(99);
            phone.client = spare.client;
            for (file, bytes) in files.iter().zip(backup.into_iter().flatten()) {
                fs::write(file, bytes).unwrap();
            }
            phone.client = Client::open(opts.clone()).unwrap();
        };
        reopen(&mut a, None);
        let backup = files.clone().map(|file| fs::read(file).unwrap());
        a.client
            .edit(shared, vec![set_text("head_name", "王")])
            .unwrap();
        let lost = household(&a, "2号楼");
        a.sync(&server);
        reopen(&mut a, Some(backup));
        a.client
            .edit(shared, vec![set_text("phone", "13800000000")])
            .unwrap();
        a.client
            .edit(shared, vec![splice("notes", 0, "备注")])
            .unwrap();
        let new = household(&a, "3号楼");
        if reply_lost {
            server.faults.lock().push(Fault::LoseReply);
            assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
        }
        let report = a.sync(&server);
        assert!(report.new_incarnation);
        assert_eq!(a.client.status().pending, 0);
        let b = Phone::enrolled(&server, "乙", 2);
        b.sync(&server);
        assert_alike(&server, &[&a, &b]);
        assert_eq!(b.client.records().len(), 3);
        let fields = b.client.get(shared).unwrap().fields;
        assert_eq!(
            (&fields["head_name"], &fields["phone"]),
            (&"王".into(), &"13800000000".into())
        );
        assert_eq!(fields["notes"], "备注");
        assert!(a.client.get(lost).is_some() && b.client.get(new).is_some());
        assert!(a.client.refused().is_empty());
    }
}

#[test]
fn a_restored_server_gets_back_what_it_lost() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let kept = household(&a, "1号楼");
    a.sync(&server);
    b.sync(&server);
    let backup = server.backup();
    let lost = household(&a, "2号楼");
    a.client
        .edit(kept, vec![set_text("head_name", "王")])
        .unwrap();
    a.sync(&server);
    b.client
        .edit(kept, vec![set_text("phone", "13800000000")])
        .unwrap();
    b.sync(&server);
    let before = (server.canonical(kept), server.canonical(lost));
    server.restore(backup);
    assert_ne!(server.canonical(kept), before.0);
    // Only the phone that wrote neither all of it comes back: it holds the proof for all.
    b.sync(&server);
    assert_eq!((server.canonical(kept), server.canonical(lost)), before);
    assert_eq!(b.client.status().pending, 0);
    a.sync(&server);
    assert_alike(&server, &[&a, &b]);
    assert_eq!(a.client.status().pending, 0);
}

#[test]
fn a_server_that_went_another_way_after_a_restore_gets_own_entries_again() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let kept = household(&a, "1号楼");
    a.sync(&server);
    b.sync(&server);
    let backup = server.backup();
    a.client
        .edit(kept, vec![set_text("head_name", "王")])
        .unwrap();
    let lost = household(&a, "2号楼");
    a.sync(&server);
    server.restore(backup);
    for i in 0..5 {
        household(&b, &format!("{i}号院"));
        b.sync(&server);
    }
    b.client
        .edit(kept, vec![set_text("phone", "13800000000")])
        .unwrap();
    b.sync(&server);
    a.sync(&server);
    b.sync(&server);
    a.sync(&server);
    assert_alike(&server, &[&a, &b]);
    assert!(b.client.get(lost).is_some());
    assert_eq!(b.client.get(kept).unwrap().fields["head_name"], "王");
    assert_eq!(a.client.status().pending, 0);
}

#[test]
fn a_stream_is_erased_after_what_is_left_was_pushed() {
    let server = FakeServer::new();
    let a = Phone::new(1);
    let user = a
        .client
        .enrol(&*server, &server.hire("甲", "g1"))
        .unwrap()
        .user;
    server.grant(user, "g2");
    a.sync(&server);
    let record = household(&a, "1号楼");
    a.sync(&server);
    let matter = vec![set_text("summary", "路灯不亮")];
    let matter = a
        .client
        .create_record(&grid(2), &code("matter"), matter)
        .unwrap();
    a.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    server.end_grant(user, "g1", 1);
    let report = a.sync(&server);
    let restricted = StreamId::new(grid(1), SensitivityClass::Restricted);
    let streams = [personal(), restricted];
    assert_eq!(report.erased_streams, streams);
    assert!(a.client.get(record).is_none() && a.client.get(matter).is_some());
    assert_eq!(server.canonical(record)["fields"]["phone"], "13800000000");
    // The third holds nothing, and is none of the grant's any more either.
    assert_eq!(server.requests().last().unwrap().erased.len(), 3);
    // Given back, it comes again and is written to under another name.
    server.grant(user, "g1");
    a.sync(&server);
    assert!(a.client.get(record).is_some());
    a.client
        .edit(record, vec![set_text("phone", "13800000001")])
        .unwrap();
    a.sync(&server);
    assert_eq!(a.client.refused(), []);
    assert_alike(&server, &[&a]);
}

#[test]
fn a_phone_whose_grant_ended_hears_what_became_of_its_edits_before_it_erases() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    for i in 0..9 {
        household(&b, &format!("{i}号院"));
    }
    b.sync(&server);
    let user = a.client.identity().unwrap().user;
    for (days_ago, admitted, refused) in [(1, 2, 0), (40, 0, 2)] {
        a.sync(&server);
        let record = household(&a, "1号楼");
        server.end_grant(user, "c", days_ago);
        server.page_items(1);
        let told = a.sync(&server);
        assert_eq!((told.admitted, told.refused), (admitted, refused));
        assert!(told.erased_streams.contains(&personal()));
        assert!(a.client.get(record).is_none());
        assert_eq!(a.client.records(), []);
        assert_eq!(a.client.refused().len(), refused as usize);
        server.grant(user, "c");
    }
    for phone in [&a, &b] {
        assert_eq!(phone.sync(&server).refused, 0);
    }
    assert_alike(&server, &[&a, &b]);
}

#[test]
fn an_ended_token_is_renewed_and_a_revoked_phone_erases_itself_when_it_is_told() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    server.expire_token(a.device());
    assert_eq!(a.sync(&server).admitted, 2);
    server.revoke(a.device());
    let result = a.client.sync(&*server, &SyncOptions::default());
    assert_eq!(result, Err(ClientError::Revoked));
    assert!(a.client.get(record).is_some());
    server.revoke_and_wipe(a.device());
    let result = a.client.sync(&*server, &SyncOptions::default());
    assert_eq!(result, Err(ClientError::Revoked));
    assert!(a.client.get(record).is_none());
    let again = Client::open(options(a.dir.path(), &a.platform));
    assert_eq!(again.err(), Some(ClientError::NoStore));
}

#[test]
fn a_wipe_is_obeyed() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    household(&a, "1号楼");
    server.wipe(a.device());
    let device = a.device();
    assert!(a.sync(&server).wiped);
    assert_eq!(
        *server.receipts.lock(),
        [format!("/v1/devices/{device}/wiped")]
    );
    assert_eq!(fs::read_dir(a.dir.path()).unwrap().count(), 0);
}

#[test]
fn a_new_form_version_arrives_and_older_apps_go_on() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let ops = vec![set_text("summary", "路灯不亮")];
    let record = a
        .client
        .create_record(&grid(1), &code("matter"), ops)
        .unwrap();
    a.sync(&server);
    let mut form = a
        .client
        .forms()
        .into_iter()
        .find(|f| f.code == code("matter"))
        .unwrap();
    form.version += 1;
    form.title = Some(key("place"));
    server.publish(form);
    assert!(a.sync(&server).directory_changed);
    assert_eq!(a.client.query(Query::default()).items[0].title, "");
    a.client
        .edit_with_form_version(record, 1, vec![set_text("place", "东门")])
        .unwrap();
    assert_eq!(a.client.query(Query::default()).items[0].title, "东门");
    a.sync(&server);
    assert_alike(&server, &[&a]);
}

#[test]
fn subscribers_hear_of_local_edits_and_of_syncs_once_each() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let events = a.client.subscribe();
    let record = household(&a, "1号楼");
    a.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    let event = events.try_next().unwrap();
    assert_eq!(
        (event.records, event.cause),
        (vec![record], ChangeCause::Local)
    );
    assert!(events.try_next().is_none());
    let theirs = household(&b, "2号楼");
    b.sync(&server);
    a.sync(&server);
    let event = events.next_timeout(Duration::ZERO).unwrap();
    assert_eq!(event.cause, ChangeCause::Sync);
    assert!(event.records.contains(&theirs));
}

#[test]
fn what_the_rules_do_not_allow_is_rejected_before_it_is_stored() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let reject = |ops: Vec<Op>| match a.client.create_record(&grid(1), &code("matter"), ops) {
        Err(ClientError::Rejected { code, field, .. }) => Some((code, field)),
        _ => None,
    };
    let rejected =
        |code: &str, field: Option<&str>| Some((code.to_owned(), field.map(str::to_owned)));
    assert_eq!(reject(vec![]), rejected("empty", None));
    assert_eq!(
        reject(vec![set_text("nope", "")]),
        rejected("unknown_field", Some("nope"))
    );
    let bad = vec![set_text("place", "东门"), set("summary", Value::Integer(3))];
    assert_eq!(reject(bad), rejected("wrong_type", Some("summary")));
    let action = ActionKey::new("fly").unwrap();
    let bad = vec![Op::Transition {
        action,
        note: String::new(),
    }];
    assert_eq!(reject(bad), rejected("transition_not_allowed", None));
    assert_eq!(a.client.records(), []);
    assert_eq!(a.client.status().pending, 0);
}

#[test]
fn a_server_that_finds_a_push_too_large_gets_it_in_smaller_ones() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    for i in 0..20 {
        household(&a, &format!("{i}号楼"));
    }
    *server.faults.lock() = vec![Fault::Status(413); 7];
    let report = a.sync(&server);
    assert_eq!((report.pushed, report.admitted), (40, 40));
    assert!(report.round_trips > 8, "{report:?}");
    assert_alike(&server, &[&a]);
}
