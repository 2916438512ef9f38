//! What a person does: changes over several records, undo, drafts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::common::*;
use gridfold_client::{
    ChangeCause, Client, ClientError, Draft, HttpRequest, HttpResponse, MAX_APP_STATE_BYTES, Query,
    RecordEdit, SavedDraft, SyncOptions, Transport, TransportError, TransportErrorKind, WhatBecame,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::RecordId;
use parking_lot::Mutex;
use proptest::prelude::*;

fn rejected(code: &str) -> ClientError {
    ClientError::Rejected {
        code: code.to_owned(),
        field: None,
        became: WhatBecame::Nothing,
    }
}

fn create(form: &str, ops: Vec<Op>) -> RecordEdit {
    RecordEdit::Create {
        id: None,
        grid: grid(1),
        form: code(form),
        form_version: None,
        ops,
    }
}

fn edit(record: RecordId, ops: Vec<Op>) -> RecordEdit {
    RecordEdit::Edit {
        record,
        form_version: None,
        ops,
    }
}

fn address(text: &str) -> Vec<Op> {
    vec![set_text("address", text)]
}

fn household(phone: &Phone, text: &str) -> RecordId {
    phone
        .client
        .create_record(&grid(1), &code("household"), address(text))
        .unwrap()
}

/// What the disk holds of a store, beside the keys: its file and its spare.
type Disk = [Vec<u8>; 2];

const FILES: [&str; 2] = ["store.redb", "store.spare"];

fn disk_of(dir: &Path) -> Disk {
    FILES.map(|name| fs::read(dir.join(name)).unwrap())
}

fn disk(phone: &Phone) -> Disk {
    disk_of(phone.dir.path())
}

/// Puts the bytes of the store in place, as if the power had been cut when the disk held them.
fn cut_back(phone: &mut Phone, disk: &Disk) {
    phone.client.close();
    for (name, bytes) in FILES.iter().zip(disk) {
        fs::write(phone.dir.path().join(name), bytes).unwrap();
    }
    phone.client = Client::open(options(phone.dir.path(), &phone.platform)).unwrap();
}

#[test]
fn a_cut_between_the_store_and_its_spare_loses_nothing_and_mends_nothing() {
    let server = FakeServer::new();
    let mut a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    let [_, behind] = disk(&a);
    a.client.edit(record, address("2号楼")).unwrap();
    let [store, _] = disk(&a);
    for torn in [0, 1, 7] {
        let mut spare = behind.clone();
        spare.truncate(behind.len() - torn);
        cut_back(&mut a, &[store.clone(), spare]);
        assert_eq!(a.client.get(record).unwrap().fields["address"], "2号楼");
        assert_eq!(a.client.status().pending, 2);
    }
    let report = a.sync(&server);
    assert!(!report.new_incarnation);
    assert_eq!((report.admitted, server.items()), (2, 2));
}

#[test]
fn a_change_is_all_or_nothing_and_its_parts_see_each_other() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let known = household(&a, "1号楼");
    let home = a.client.new_record_id();
    let events = a.client.subscribe();
    let visit = |of: RecordId| create("visit", vec![set("household", Value::Reference(of))]);
    let bad = vec![
        edit(known, address("2号楼")),
        visit(home),
        edit(known, vec![set_text("nope", "")]),
    ];
    let refused = a.client.change(bad);
    let Err(ClientError::Rejected {
        code: reason,
        field,
        became: WhatBecame::Draft(_),
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (reason.as_str(), field.as_deref()),
        ("unknown_field", Some("nope"))
    );
    let before = disk(&a);
    assert_eq!(
        (a.client.records(), a.client.status().pending),
        (vec![known], 1)
    );
    assert_eq!(a.client.get(known).unwrap().fields["address"], "1号楼");
    assert!(events.try_next().is_none());
    let good = vec![
        RecordEdit::Create {
            id: Some(home),
            grid: grid(1),
            form: code("household"),
            form_version: None,
            ops: address("3号楼"),
        },
        visit(home),
        edit(home, vec![set_text("phone", "13800000000")]),
        edit(known, address("2号楼")),
    ];
    let records = a.client.change(good.clone()).unwrap();
    assert_ne!(disk(&a), before);
    assert_eq!((records[0], records[2], records[3]), (home, home, known));
    let mut told = events.try_next().unwrap().records;
    told.sort_unstable();
    let mut all = vec![home, records[1], known];
    all.sort_unstable();
    assert_eq!(told, all);
    assert!(events.try_next().is_none());
    assert_eq!(a.client.get(home).unwrap().fields["phone"], "13800000000");
    assert_eq!(a.client.get(records[1]).unwrap().household, Some(home));
    assert_eq!(a.client.change(good), Err(rejected("record_exists")));
    assert_eq!(a.client.change(vec![]), Err(rejected("empty")));
    a.sync(&server);
    assert_alike(&server, &[&a]);
    assert_eq!(server.records().len(), 3);
}

#[test]
fn each_part_of_a_change_that_is_not_taken_is_a_draft() {
    let server = FakeServer::new();
    let mut a = Phone::enrolled(&server, "甲", 1);
    let known = household(&a, "1号楼");
    let home = a.client.new_record_id();
    let make = |ops| RecordEdit::Create {
        id: Some(home),
        grid: grid(1),
        form: code("household"),
        form_version: None,
        ops,
    };
    let parts = vec![
        make(address("3号楼")),
        edit(home, vec![set_text("phone", "13800000000")]),
        edit(known, vec![set_text("nope", "说了什么")]),
        edit(known, vec![Op::Delete]),
    ];
    let Err(ClientError::Rejected {
        became: WhatBecame::Draft(named),
        ..
    }) = a.client.change(parts)
    else {
        panic!("nothing was kept")
    };
    let bytes = disk(&a);
    cut_back(&mut a, &bytes);
    let drafts = a.client.drafts().unwrap();
    let told = |draft: &SavedDraft| {
        let reason = draft.reason.clone().unwrap();
        (
            draft.record,
            draft.new_record,
            draft.ops.clone(),
            reason.code,
        )
    };
    let mut kept: Vec<_> = drafts.iter().map(told).collect();
    kept.sort_by_key(|(_, _, ops, _)| format!("{ops:?}"));
    let beside = "part_of_a_change".to_owned();
    let mut expected = vec![
        (Some(home), true, address("3号楼"), beside.clone()),
        (
            Some(home),
            false,
            vec![set_text("phone", "13800000000")],
            beside,
        ),
        (
            Some(known),
            false,
            vec![set_text("nope", "说了什么")],
            "unknown_field".to_owned(),
        ),
    ];
    expected.sort_by_key(|(_, _, ops, _)| format!("{ops:?}"));
    assert_eq!(kept, expected);
    let is_named = |draft: &&SavedDraft| draft.id == named;
    assert_eq!(drafts.iter().find(is_named).unwrap().record, Some(known));
    // Those that were right are made as they were typed.
    let mut right: Vec<_> = drafts.iter().filter(|draft| draft.id != named).collect();
    right.sort_by_key(|draft| !draft.new_record);
    for draft in right {
        assert_eq!(a.client.commit_draft(draft.id), Ok(home));
    }
    assert_eq!(a.client.get(home).unwrap().fields["phone"], "13800000000");
    // The same change once more, as after an answer that was lost: what was typed is there.
    assert_eq!(
        a.client.change(vec![make(address("3号楼"))]),
        Err(rejected("record_exists"))
    );
    assert_eq!(a.client.drafts().unwrap().len(), 1);
}

#[test]
fn undo_takes_back_the_newest_change_whole_and_the_next_uses_its_place() {
    let server = FakeServer::new();
    let mut a = Phone::enrolled(&server, "甲", 1);
    assert_eq!(a.client.undo_last(), Err(rejected("nothing_to_undo")));
    let record = household(&a, "1号楼");
    a.sync(&server);
    assert_eq!(a.client.undo_last(), Err(rejected("nothing_to_undo")));
    let before = a.client.query(Query::default());
    let shown = a.client.canonical(record);
    a.platform.advance(60_000);
    let ops = vec![
        set_text("address", "2号楼"),
        splice("care_notes", 0, "卧床"),
    ];
    let made = a
        .client
        .change(vec![
            edit(record, ops.clone()),
            create("matter", vec![set_text("place", "东门")]),
        ])
        .unwrap()[1];
    assert_eq!(a.client.status().pending, 3);
    let events = a.client.subscribe();
    // It is still undone after the app was killed in between.
    let bytes = disk(&a);
    cut_back(&mut a, &bytes);
    let undone = a.client.undo_last().unwrap();
    assert_eq!(undone.edits.len(), 2);
    assert_eq!(
        (undone.edits[0].record, undone.edits[0].created),
        (record, false)
    );
    assert_eq!(undone.edits[0].ops, ops);
    assert_eq!(
        (undone.edits[1].record, undone.edits[1].created),
        (made, true)
    );
    assert!(events.try_next().is_none(), "that client is closed");
    assert_eq!(a.client.query(Query::default()), before);
    assert_eq!(a.client.canonical(record), shown);
    assert_eq!(
        (a.client.get(made), a.client.history(made).len()),
        (None, 0)
    );
    assert_eq!(a.client.status().pending, 0);
    assert_eq!(a.client.undo_last(), Err(rejected("nothing_to_undo")));
    let events = a.client.subscribe();
    household(&a, "3号楼");
    a.client.edit(record, address("4号楼")).unwrap();
    a.client.undo_last().unwrap();
    let event = events.try_next().unwrap();
    assert_eq!((event.cause, event.records.len()), (ChangeCause::Local, 2));
    a.client.edit(record, address("5号楼")).unwrap();
    let report = a.sync(&server);
    assert_eq!(
        (report.admitted, report.refused, report.new_incarnation),
        (2, 0, false)
    );
    assert_eq!(server.canonical(record)["fields"]["address"], "5号楼");
    assert_alike(&server, &[&a]);
}

/// Keeps what the disk holds when a request goes out.
struct Watched<'a> {
    server: &'a FakeServer,
    dir: PathBuf,
    seen: Mutex<Disk>,
}

impl Transport for Watched<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        *self.seen.lock() = disk_of(&self.dir);
        self.server.call(request)
    }
}

#[test]
fn what_was_ever_sent_stays_whether_or_not_it_arrived() {
    for fault in [Fault::LoseRequest, Fault::LoseReply, Fault::Cut(30)] {
        let server = FakeServer::new();
        let mut a = Phone::enrolled(&server, "甲", 1);
        let record = household(&a, "1号楼");
        server.faults.lock().push(fault);
        let watched = Watched {
            server: &server,
            dir: a.dir.path().to_owned(),
            seen: Mutex::default(),
        };
        assert!(a.client.sync(&watched, &SyncOptions::default()).is_err());
        assert_eq!(a.client.undo_last(), Err(rejected("already_sent")));
        // The power is cut while the request is on its way.
        let seen = watched.seen.into_inner();
        cut_back(&mut a, &seen);
        assert_eq!(a.client.undo_last(), Err(rejected("already_sent")));
        a.client.edit(record, address("2号楼")).unwrap();
        a.client.undo_last().unwrap();
        assert_eq!(a.client.undo_last(), Err(rejected("already_sent")));
        a.client.edit(record, address("3号楼")).unwrap();
        let report = a.sync(&server);
        assert!(!report.new_incarnation);
        assert_eq!((report.admitted, report.refused), (2, 0));
        assert_eq!(server.canonical(record)["fields"]["address"], "3号楼");
        assert_alike(&server, &[&a]);
    }
}

#[test]
fn a_power_cut_before_the_mark_leaves_what_was_not_sent() {
    let server = FakeServer::new();
    let mut a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    a.sync(&server);
    a.client.edit(record, address("2号楼")).unwrap();
    let before_undo = disk(&a);
    a.client.undo_last().unwrap();
    // Cut before the undo was durable: the change is there, and can be undone again.
    cut_back(&mut a, &before_undo);
    assert_eq!(a.client.get(record).unwrap().fields["address"], "2号楼");
    a.client.undo_last().unwrap();
    a.client.edit(record, address("3号楼")).unwrap();
    assert!(!a.sync(&server).new_incarnation);
    assert_eq!(server.canonical(record)["fields"]["address"], "3号楼");
    assert_eq!(server.items(), 2);
}

#[test]
fn the_mark_costs_a_write_only_when_something_new_goes_out() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    household(&a, "1号楼");
    let before = disk(&a);
    server.faults.lock().push(Fault::LoseRequest);
    assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
    let marked = disk(&a);
    assert_ne!(marked, before);
    for _ in 0..3 {
        server.faults.lock().push(Fault::LoseRequest);
        assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
    }
    assert_eq!(disk(&a), marked);
    a.sync(&server);
    let settled = disk(&a);
    a.sync(&server);
    assert_eq!(disk(&a), settled);
}

#[test]
fn undoing_a_refused_edit_made_again_gives_it_back() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    a.sync(&server);
    server.refuse(record);
    a.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    a.sync(&server);
    let refused = a.client.refused();
    a.client
        .retry_refused(&refused[0].stream, refused[0].entry)
        .unwrap();
    assert!(a.client.refused().is_empty());
    a.client.undo_last().unwrap();
    assert_eq!(a.client.refused(), refused);
    // What an older change used up does not come with a newer one's undo.
    a.client
        .retry_refused(&refused[0].stream, refused[0].entry)
        .unwrap();
    household(&a, "2号楼");
    a.client.undo_last().unwrap();
    assert!(a.client.refused().is_empty());
}

fn draft(app_state: &str, ops: Vec<Op>) -> Draft {
    Draft {
        id: None,
        form: code("household"),
        form_version: None,
        grid: grid(1),
        record: None,
        new_record: false,
        ops,
        app_state: app_state.to_owned(),
    }
}

#[test]
fn a_draft_is_kept_until_its_edit_is_made() {
    let server = FakeServer::new();
    let mut a = Phone::enrolled(&server, "甲", 1);
    let id = a.client.save_draft(&draft("{\"page\":1}", vec![])).unwrap();
    let wrong = vec![set_text("nope", "没写完")];
    a.platform.advance(1_000);
    let second = Draft {
        id: Some(id),
        ..draft("{\"page\":2}", wrong.clone())
    };
    assert_eq!(a.client.save_draft(&second), Ok(id));
    let bytes = disk(&a);
    cut_back(&mut a, &bytes);
    let kept = a.client.draft(id).unwrap().unwrap();
    assert_eq!(
        (kept.app_state.as_str(), &kept.ops),
        ("{\"page\":2}", &wrong)
    );
    assert!(kept.updated.millis() >= kept.created.millis() + 1_000);
    // What the rules refuse stays.
    assert!(matches!(
        a.client.commit_draft(id),
        Err(ClientError::Rejected { .. })
    ));
    assert_eq!(a.client.draft(id), Ok(Some(kept)));
    assert_eq!(a.client.status().pending, 0);
    let right = Draft {
        id: Some(id),
        ..draft("", address("1号楼"))
    };
    a.client.save_draft(&right).unwrap();
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(a.client.get(record).unwrap().fields["address"], "1号楼");
    assert_eq!(a.client.drafts(), Ok(vec![]));
    assert_eq!(a.client.commit_draft(id), Err(ClientError::NotFound));
    // Its undo brings it back.
    a.client.undo_last().unwrap();
    assert_eq!(a.client.drafts().unwrap()[0].ops, address("1号楼"));
    let record = a.client.commit_draft(id).unwrap();
    let next = Draft {
        record: Some(record),
        ..draft("", address("2号楼"))
    };
    let next = a.client.save_draft(&next).unwrap();
    assert_eq!(a.client.commit_draft(next), Ok(record));
    assert_eq!(a.client.get(record).unwrap().fields["address"], "2号楼");
    let third = a.client.save_draft(&draft("", vec![])).unwrap();
    a.client.discard_draft(third).unwrap();
    assert_eq!(a.client.discard_draft(third), Err(ClientError::NotFound));
    let long = "x".repeat(MAX_APP_STATE_BYTES + 1);
    assert_eq!(
        a.client.save_draft(&draft(&long, vec![])),
        Err(rejected("draft_too_large"))
    );
    a.client.save_draft(&draft(&long[1..], vec![])).unwrap();
    a.sync(&server);
    assert_alike(&server, &[&a]);
}

#[test]
fn drafts_are_sealed_and_an_older_store_gets_their_table() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let secret = "SECRET-WORD-IN-A-DRAFT";
    a.client
        .save_draft(&draft(secret, address(secret)))
        .unwrap();
    for bytes in disk(&a) {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
    }
    let record = household(&a, "1号楼");
    a.client.close();
    let drafts = redb::TableDefinition::<&[u8], &[u8]>::new("drafts");
    let db = redb::Database::open(a.dir.path().join("store.redb")).unwrap();
    let tx = db.begin_write().unwrap();
    assert!(tx.delete_table(drafts).unwrap(), "it was there");
    tx.commit().unwrap();
    drop(db);
    for _ in 0..2 {
        let client = Client::open(options(a.dir.path(), &a.platform)).unwrap();
        assert_eq!(client.drafts(), Ok(vec![]));
        assert!(client.get(record).is_some());
        client.close();
    }
}

#[derive(Debug, Clone)]
enum Step {
    Make,
    Edit(u8),
    Undo,
    Sync(Option<Fault>),
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(None),
        Just(Some(Fault::LoseReply)),
        Just(Some(Fault::LoseRequest)),
        (0usize..80).prop_map(|at| Some(Fault::Cut(at))),
    ];
    prop_oneof![
        2 => Just(Step::Make),
        4 => any::<u8>().prop_map(Step::Edit),
        4 => Just(Step::Undo),
        2 => fault.prop_map(Step::Sync),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is undone, sent, lost and cut: no device log ever forks, nothing that was undone
    /// reaches the server, and everything else does.
    #[test]
    fn no_log_forks_because_of_an_undo(steps in proptest::collection::vec(step(), 1..40)) {
        let server = FakeServer::new();
        let mut a = Phone::enrolled(&server, "甲", 1);
        let (mut records, mut kept, mut sent) = (Vec::new(), Vec::<String>::new(), 0usize);
        let mut made = vec![household(&a, "0号")];
        kept.push("0号".to_owned());
        records.append(&mut made);
        let mut serial = 0;
        for step in steps {
            match step {
                Step::Make => {
                    serial += 1;
                    kept.push(format!("{serial}号"));
                    records.push(household(&a, &format!("{serial}号")));
                }
                Step::Edit(n) => {
                    serial += 1;
                    kept.push(format!("{serial}号"));
                    let record = records[usize::from(n) % records.len()];
                    a.client.edit(record, address(&format!("{serial}号"))).unwrap();
                }
                Step::Undo => match a.client.undo_last() {
                    Ok(undone) => {
                        prop_assert!(kept.len() > sent);
                        let gone = kept.pop().unwrap();
                        prop_assert_eq!(&undone.edits[0].ops, &address(&gone));
                        if undone.edits[0].created {
                            records.retain(|r| *r != undone.edits[0].record);
                        }
                        if records.is_empty() {
                            serial += 1;
                            kept.push(format!("{serial}号"));
                            records.push(household(&a, &format!("{serial}号")));
                        }
                    }
                    Err(e) => {
                        prop_assert_eq!(kept.len(), sent);
                        let rejected = matches!(e, ClientError::Rejected { .. });
                        prop_assert!(rejected);
                    }
                },
                Step::Sync(fault) => {
                    server.faults.lock().extend(fault);
                    if let Ok(report) = a.client.sync(&*server, &SyncOptions::default()) {
                        prop_assert!(!report.new_incarnation);
                        prop_assert_eq!(report.refused, 0);
                    }
                    server.faults.lock().clear();
                    sent = kept.len();
                }
                Step::Kill => {
                    let bytes = disk(&a);
                    cut_back(&mut a, &bytes);
                }
            }
        }
        let report = a.sync(&server);
        prop_assert!(!report.new_incarnation);
        prop_assert_eq!(server.items(), kept.len());
        prop_assert_eq!(a.client.status().pending, 0);
        let mut on_server: Vec<RecordId> = server.records();
        on_server.sort_unstable();
        records.sort_unstable();
        prop_assert_eq!(on_server, records);
        assert_alike(&server, &[&a]);
    }
}

/// A line that is down or up, as the transports of the bindings know it.
struct Line<'a> {
    server: &'a FakeServer,
    is_up: AtomicBool,
}

impl Transport for Line<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if !self.is_up.load(Relaxed) {
            return Err(TransportError {
                kind: TransportErrorKind::Interrupted,
            });
        }
        if request.method == "GET" {
            let kind = (
                "content-type".to_owned(),
                "application/vnd.gridfold.sync".to_owned(),
            );
            return Ok(HttpResponse {
                status: 200,
                headers: vec![kind],
                body: Vec::new(),
            });
        }
        self.server.call(request)
    }
    fn knocks(&self) -> bool {
        true
    }
}

#[test]
fn what_was_tried_over_a_line_that_is_down_can_still_be_undone() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    let line = Line {
        server: &server,
        is_up: AtomicBool::new(false),
    };
    let options = SyncOptions::default();
    // Neither while nothing is known of the line, nor once nobody answered.
    for _ in 0..3 {
        assert!(a.client.sync(&line, &options).is_err());
    }
    a.client.edit(record, address("2号楼")).unwrap();
    assert!(a.client.sync(&line, &options).is_err());
    a.client.undo_last().unwrap();
    line.is_up.store(true, Relaxed);
    assert_eq!(a.client.sync(&line, &options).unwrap().pushed, 1);
    assert_eq!(a.client.undo_last(), Err(rejected("nothing_to_undo")));
    // Over one that was up a moment ago they may have arrived.
    a.client.edit(record, address("3号楼")).unwrap();
    line.is_up.store(false, Relaxed);
    assert!(a.client.sync(&line, &options).is_err());
    assert_eq!(a.client.undo_last(), Err(rejected("already_sent")));
}
