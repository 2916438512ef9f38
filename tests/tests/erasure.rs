//! Erased for good: a record on all phones that hold it, and a whole phone that was lost. A real
//! server over HTTP, real phones.

use std::path::Path;
use std::sync::Arc;

use crate::town;
use crate::town::{Older, Town, author_of, note, visit};
use gridfold_client::{
    Client, ClientError, EntryState, Folder, OpenOptions, Query, SyncOptions, SystemPlatform,
    UreqTransport,
};
use gridfold_sync_core::entry::{SignKey, wiped_statement};
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::limits::{MAX_ENTRIES_PER_PUSH, MAX_ERASURES};
use gridfold_sync_core::schema::Role;
use serde_json::{Value, json};

/// The telephone of a resident, in the notes of a visit.
const PRIVATE: &str = "电话13912345678";

fn erase(town: &Town, record: RecordId) {
    let token = town.token("p4");
    let reason = json!({ "reason": "asked for by the resident" });
    let path = format!("/v1/records/{record}/erase");
    let (status, said) = town.call(&path, Some(&token), Some(&reason));
    assert_eq!(status, 200, "{said}");
}

fn holds_text(phone: &Client, text: &str) -> bool {
    let query = Query {
        text: Some(text.to_owned()),
        ..Query::default()
    };
    !phone.query(query).items.is_empty()
}

fn assert_gone(phone: &Client, record: RecordId) {
    assert_eq!(phone.get(record), None);
    let history = phone.history(record);
    assert!(history.iter().all(|h| h.ops == note("又")), "{history:?}");
    assert!(!holds_text(phone, PRIVATE));
    assert!(!holds_text(phone, "13912345678"));
}

fn reopened(phone: Client, dir: &Path) -> Client {
    phone.close();
    drop(phone);
    Client::open(OpenOptions {
        disk: Folder::at(dir),
        key: [3; 32].into(),
        platform: Arc::new(SystemPlatform),
    })
    .unwrap()
}

fn phones(town: &Town) -> Value {
    town.call("/v1/phones", Some(&town.token("p4")), None).1["phones"].clone()
}

#[test]
fn an_erased_record_leaves_every_phone_that_holds_it_and_no_chain_breaks() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let (worker, colleague) = (
        town.person(1, Role::Worker, "g1"),
        town.person(2, Role::Worker, "g1"),
    );
    town.person(4, Role::Supervisor, "g1");
    let (here, there) = (home.path().join("phone"), home.path().join("colleague"));
    let phone = town.phone(&here, worker);
    let theirs = town.phone(&there, colleague);
    let (record, kept) = (visit(&phone, "g1"), visit(&phone, "g1"));
    phone.edit(record, note(PRIVATE)).unwrap();
    for phone in [&phone, &theirs] {
        town.sync(phone);
        assert!(holds_text(phone, PRIVATE));
    }
    theirs.edit(record, note("同事记：")).unwrap();
    town.sync(&theirs);

    erase(&town, record);
    // The writer never had the colleague's edit: it comes without contents, and the order with it.
    let changes = phone.subscribe();
    town.sync(&phone);
    let told = changes.try_next().map(|event| event.records);
    assert!(
        told.is_some_and(|records| records.contains(&record)),
        "whoever shows it is told"
    );
    town.sync(&theirs);
    for phone in [&phone, &theirs] {
        assert_gone(phone, record);
        assert!(phone.get(kept).is_some());
        assert_eq!(phone.refused(), [], "what was admitted is not refused now");
        let idle = town.sync(phone);
        assert_eq!((idle.round_trips, idle.pulled), (1, 0));
        assert!(idle.bytes_up + idle.bytes_down < 100, "{idle:?}");
    }
    // What each writes next is taken, and is proved to the other.
    let (phone, theirs) = (reopened(phone, &here), reopened(theirs, &there));
    for phone in [&phone, &theirs] {
        assert_gone(phone, record);
        phone.edit(kept, note("后来。")).unwrap();
        assert_eq!(town.sync(phone).admitted, 1);
    }
    town.sync(&phone);
    assert_eq!(phone.history(kept).len(), 3);

    // A phone that comes later never sees it and is not told of it either.
    let later = town.phone(&home.path().join("later"), worker);
    town.sync(&later);
    assert_gone(&later, record);
    assert!(later.get(kept).is_some());
    assert_eq!(town.erasures_told(author_of(&later), 1), None);
    let first = town.erasures_told(author_of(&later), 0).unwrap();
    assert_eq!((first.revision, first.records), (1, vec![record]));
}

#[test]
fn what_was_written_meanwhile_is_refused_and_kept_for_its_writer() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let dir = home.path().join("phone");
    let phone = town.phone(&dir, worker);
    let record = visit(&phone, "g1");
    phone.edit(record, note(PRIVATE)).unwrap();
    town.sync(&phone);
    // More than one push: some of it is still here when the order comes.
    let after = MAX_ENTRIES_PER_PUSH + 3;
    for _ in 0..after {
        phone.edit(record, note("又")).unwrap();
    }
    erase(&town, record);
    let report = town.sync(&phone);
    assert_eq!(report.refused as usize, after);
    assert!(!report.more);
    assert_gone(&phone, record);
    let refused = phone.refused();
    assert_eq!(refused.len(), after);
    assert_eq!(refused[0].code, "erased");
    for edit in &refused {
        assert_eq!(edit.record, record);
        assert_eq!(edit.ops, note("又"));
    }
    let phone = reopened(phone, &dir);
    assert_gone(&phone, record);
    assert_eq!(phone.refused().len(), after);
    assert_eq!(phone.status().pending, 0);
}

#[test]
fn erasures_come_in_bounded_parts_and_only_of_grids_that_may_be_read() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let (worker, other) = (
        town.person(1, Role::Worker, "g1"),
        town.person(2, Role::Worker, "g2"),
    );
    let phone = town.phone(&home.path().join("phone"), worker);
    let others = town.phone(&home.path().join("other"), other);
    let erased = MAX_ERASURES as u64 + 188;
    for n in 0..erased {
        town.note_erasure(n, if n % 10 == 0 { "g2" } else { "g1" });
    }
    let mut told = Vec::new();
    let mut known = 0;
    let mut parts = 0;
    while let Some(news) = town.erasures_told(author_of(&phone), known) {
        assert!(news.revision > known);
        assert!(news.records.len() <= MAX_ERASURES);
        known = news.revision;
        parts += 1;
        told.extend(news.records);
        assert_eq!(news.more, known < erased);
    }
    assert_eq!((parts, known), (2, erased));
    assert_eq!(told.len() as u64, erased - erased.div_ceil(10));
    let theirs = town.erasures_told(author_of(&others), 0).unwrap();
    assert_eq!(theirs.records.len() as u64, erased.div_ceil(10));
    assert!(theirs.records.iter().all(|r| !told.contains(r)));
    // A revision that this server never gave: it begins anew.
    assert!(town.erasures_told(author_of(&phone), erased + 1).is_some());
    let report = town.sync(&phone);
    assert!(!report.more);
}

#[test]
fn a_phone_of_before_is_told_once_both_sides_know_how() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let record = visit(&phone, "g1");
    phone.edit(record, note(PRIVATE)).unwrap();
    let transport = UreqTransport::new(&town.url);
    let options = SyncOptions::default();
    phone.sync(&Older(&transport), &options).unwrap();
    erase(&town, record);
    phone.sync(&Older(&transport), &options).unwrap();
    assert!(holds_text(&phone, PRIVATE), "nobody could tell it");
    town.sync(&phone);
    assert_gone(&phone, record);
}

#[test]
fn a_phone_that_was_told_to_wipe_itself_says_that_it_did_and_nobody_else_can() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let (worker, colleague) = (
        town.person(1, Role::Worker, "g1"),
        town.person(2, Role::Worker, "g1"),
    );
    town.person(4, Role::Supervisor, "g1");
    let dir = home.path().join("phone");
    let phone = town.phone(&dir, worker);
    let other = town.phone(&home.path().join("other"), colleague);
    visit(&phone, "g1");
    town.sync(&phone);
    town.sync(&other);
    let device = author_of(&phone).device;
    let receipt = |town: &Town| {
        let all = phones(town);
        let of = |p: &&Value| p["device_id"] == device.to_string();
        let phone = all.as_array().unwrap().iter().find(of).unwrap().clone();
        (phone["state"].clone(), phone["wipe_receipt_at"].clone())
    };
    let say = |signature: &[u8; 64], device: &str| {
        let hex: String = signature.iter().map(|b| format!("{b:02x}")).collect();
        let path = format!("/v1/devices/{device}/wiped");
        town.call(&path, None, Some(&json!({ "signature": hex }))).0
    };
    let forged = SignKey::from_seed(&[9; 32]).sign(&wiped_statement(device));
    assert_eq!(say(&forged.0, &device.to_string()), 404);

    let token = town.token("p4");
    let path = format!("/v1/devices/{device}/revoke");
    let (status, _) = town.call(&path, Some(&token), Some(&json!({ "wipe": true })));
    assert_eq!(status, 200);
    assert_eq!(receipt(&town), (json!("wiped"), Value::Null));
    assert_eq!(say(&forged.0, &device.to_string()), 404);
    assert_eq!(receipt(&town).1, Value::Null, "forged");
    let at = town.later();

    let transport = UreqTransport::new(&town.url);
    let told = phone.sync(&transport, &SyncOptions::default());
    assert!(matches!(told, Err(ClientError::Revoked)), "{told:?}");
    assert!(matches!(
        Client::open(OpenOptions {
            disk: Folder::at(&dir),
            key: [3; 32].into(),
            platform: Arc::new(SystemPlatform),
        }),
        Err(ClientError::NoStore)
    ));
    assert_eq!(receipt(&town), (json!("wiped"), json!(at.to_rfc3339())));
    let (_, audit) = town.call("/v1/audit", Some(&town.token("admin")), None);
    let whats: Vec<&str> = audit["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["what"].as_str())
        .collect();
    assert_eq!(whats.iter().filter(|w| **w == "device.wiped").count(), 1);
    // Of one that nobody told to, no word is taken.
    let theirs = author_of(&other).device.to_string();
    assert_eq!(say(&forged.0, &theirs), 404);
}

#[test]
fn a_phone_may_claim_any_clock() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let author = author_of(&phone);
    for clock in [i64::MIN, i64::MAX, 0, i64::MIN] {
        town.report(author, clock);
        let skew = phones(&town)[0]["clock_skew_ms"].as_i64().unwrap();
        assert_eq!(skew, town::NOW.millis().saturating_sub(clock), "{clock}");
    }
}

#[test]
fn a_supervisor_sees_what_waits_on_a_phone_and_the_clock_of_it() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let told = |town: &Town| phones(town)[0].clone();
    assert_eq!(told(&town)["pending"], Value::Null, "it never said");
    let left = 5;
    for _ in 0..MAX_ENTRIES_PER_PUSH + left {
        visit(&phone, "g1");
    }
    let waiting = phone.status().pending;
    let options = SyncOptions {
        max_round_trips: 1,
        ..SyncOptions::default()
    };
    let transport = UreqTransport::new(&town.url);
    let report = phone.sync(&transport, &options).unwrap();
    assert!(report.more);
    let said = told(&town);
    assert_eq!(said["pending"], json!(waiting - report.pushed));
    assert_ne!(said["pending"], json!(0));
    assert_eq!(said["library_version"], json!(env!("CARGO_PKG_VERSION")));
    // The town's clock stands still in the past, the phone's is of this machine.
    assert!(said["clock_skew_ms"].as_i64().unwrap() < -60_000);
    town.sync(&phone);
    assert_eq!(told(&town)["pending"], json!(0));
    assert_eq!(phone.status().pending, 0);
    let record = visit(&phone, "g1");
    let state = |phone: &Client| phone.history(record).pop().unwrap().state;
    assert!(!matches!(state(&phone), EntryState::Admitted { .. }));
    assert_eq!(
        told(&town)["pending"],
        json!(0),
        "it says so when it speaks"
    );
}
