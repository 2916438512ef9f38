//! Erasure and retention over HTTP: what goes, what stays, who may.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api_support;
use crate::api_support::{Client, NOW, World};
use crate::town_support::{DAY_MS, Town, add, ids, page};
use gridfold_server::clock::Clock;
use gridfold_server::node::Node;
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Entry, SignKey, Target, head_statement, next_link};
use gridfold_sync_core::ids::{
    AreaCode, FieldKey, FormCode, Hash, IncarnationId, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::wire::SyncRequest;
use serde_json::{Value, json};

/// Words that nothing else has.
const WORDS: [&str; 4] = [
    "quixotzebrafish",
    "wombatmarmalade",
    "xylophonekumquat",
    "饕餮麒麟貔貅",
];

/// The files below a directory that hold a text, as it is or as full text keeps it.
fn holding(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if holds(&std::fs::read(&path).unwrap(), text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|w| w == text)
}

fn save(client: &Client, method: &str, path: &str, body: &Value) {
    client
        .send(
            method,
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
        .ok();
}

fn erase(client: &Client, record: &str) {
    client
        .post(
            &format!("/v1/records/{record}/erase"),
            &json!({ "reason": "the household asked" }),
        )
        .ok();
}

/// A household of which each version has words of its own, among others that share its pages.
fn spoken_of(t: &Town) -> String {
    let fields = json!({ "address": format!("{} road", WORDS[0]), "notes": WORDS[3] });
    let record = add(&t.admin, "c-a-1", "household", fields);
    for n in 0..30 {
        let fields = json!({ "address": format!("other {n}"), "notes": "other words ".repeat(20) });
        add(&t.admin, "c-a-1", "household", fields);
        let word = WORDS[1 + n % 2];
        let fields =
            json!({ "head_name": format!("{word} {n}"), "notes": format!("{word} ").repeat(n) });
        let path = format!("/v1/records/{record}");
        save(&t.admin, "PATCH", &path, &json!({ "fields": fields }));
    }
    let fields = json!({ "head_name": null, "notes": "at last" });
    let path = format!("/v1/records/{record}");
    save(&t.admin, "PATCH", &path, &json!({ "fields": fields }));
    record
}

#[test]
fn no_file_holds_a_word_of_what_was_erased() {
    let t = Town::new();
    let record = spoken_of(&t);
    let view = json!({ "view": { "text": WORDS[0] } });
    save(&t.supervisor, "PUT", "/v1/saved-views/mine", &view);
    for word in WORDS {
        t.supervisor.get(&format!("/v1/records?text={word}")).ok();
    }
    assert!(!holding(t.world.dir.path(), WORDS[0]).is_empty());
    erase(&t.supervisor, &record);
    let totals = t.supervisor.get("/v1/records?count=true").ok()["total"].clone();
    let dir = t.world.dir.path().to_owned();
    let world = t.world.reopen(api_support::config());
    for word in WORDS {
        assert_eq!(holding(&dir, word), Vec::<PathBuf>::new(), "{word}");
    }
    let admin = world.admin();
    for word in WORDS {
        let found = page(&admin, &format!("text={word}&count=true"));
        assert_eq!(
            (&found["records"], &found["total"]),
            (&json!([]), &json!(0))
        );
    }
    // What somebody saved is still theirs.
    let supervisor = world.sign_in("li");
    assert_eq!(supervisor.get("/v1/saved-views/mine").ok()["view"], view);
    assert_eq!(
        supervisor.get("/v1/records?count=true").ok()["total"],
        totals
    );
    let report = world.node.verify(true, &mut |_| {}).unwrap();
    assert!(report.is_well(), "{:?}", report.differences);
    for word in WORDS {
        assert_eq!(
            holding(&dir, word),
            Vec::<PathBuf>::new(),
            "{word}, made anew"
        );
    }
}

#[test]
fn a_restored_backup_does_not_bring_back_what_was_erased_after_it() {
    let t = Town::new();
    let home = tempfile::tempdir().unwrap();
    let record = spoken_of(&t);
    let earlier = spoken_of(&t);
    erase(&t.supervisor, &earlier);
    let file = home.path().join("b.gfb");
    t.world.node.backup(&file, &mut |_| {}).unwrap();
    t.world.clock.set(NOW.plus_millis(60_000));
    let supervisor = t.world.sign_in("li");
    erase(&supervisor, &record);
    let ledger = home.path().join("b.gfb.erased");
    let told = std::fs::read_to_string(&ledger).unwrap();
    assert!(
        told.contains(&record) && !WORDS.iter().any(|w| told.contains(w)),
        "{told}"
    );

    let restore = |to: &str| {
        let to = home.path().join(to);
        let options = gridfold_server::log::LogOptions {
            min_free_bytes: 0,
            ..Default::default()
        };
        gridfold_server::backup::restore(&file, &to, Default::default(), &options, &mut |_| {})
            .unwrap();
        Node::open(
            &to,
            api_support::config(),
            Arc::clone(&t.world.clock) as Arc<dyn Clock>,
        )
        .unwrap()
    };
    let node = restore("again");
    let id = RecordId::parse(&record).unwrap();
    assert_eq!(node.report.erased_again, [id]);
    assert!(
        node.keys.get(id.0).unwrap().is_none(),
        "its key is destroyed"
    );
    let kept = tempfile::tempdir().unwrap();
    let world = World::of(kept, Arc::clone(&t.world.clock), node, axum::Router::new());
    let (admin, supervisor) = (world.admin(), world.sign_in("li"));
    admin
        .get(&format!("/v1/records/{record}"))
        .refused(410, "record_erased");
    assert_eq!(
        page(&admin, &format!("text={}&count=true", WORDS[0]))["total"],
        0
    );
    let listed = supervisor.get("/v1/erasures").ok()["erasures"].clone();
    assert_eq!(
        (
            &listed[0]["record_id"],
            &listed[0]["reason"],
            &listed[0]["user_name"]
        ),
        (&json!(record), &json!("the household asked"), &json!("li"))
    );
    assert_eq!(listed[0]["again_at"], NOW.plus_millis(60_000).to_rfc3339());
    assert_eq!(listed[1]["again_at"], Value::Null, "it was in the backup");
    let audit = admin.get("/v1/audit").ok().to_string();
    assert!(audit.contains("record.erase_again"), "{audit}");

    // A line that another key signed, or that was changed, erases nothing.
    let other = format!("\"{}\"", t.visit);
    let forged = told.replace(&format!("\"{record}\""), &other);
    std::fs::write(&ledger, forged).unwrap();
    let node = restore("forged");
    assert_eq!(node.report.erased_again, []);
    // Without a ledger nobody can know; with it later the next start does.
    std::fs::remove_file(&ledger).unwrap();
    let node = restore("without");
    assert!(node.keys.get(id.0).unwrap().is_some());
}

#[test]
fn what_was_set_aside_of_a_record_goes_with_it() {
    let t = Town::new();
    let (user, _) = t.world.person(&t.admin, "wang", "worker", "c-a-1");
    let enrolled = t.world.phone(&t.admin, &user, 7).ok();
    let phone = t.world.anonymous().with(&enrolled);
    let key = SignKey::from_seed(&[7; 32]);
    let stream = StreamId::new(AreaCode::new("c-a-1").unwrap(), SensitivityClass::General);
    let incarnation = IncarnationId::from_parts(NOW, [7; 10]);
    let record = RecordId::from_parts(NOW, [7; 10]);
    let push = |text: &str, seq: u64, before: Hash, target: Target| {
        let set = Op::Set {
            field: FieldKey::new("kind").unwrap(),
            value: gridfold_sync_core::edit::Value::Text(text.to_owned()),
        };
        let entry = Entry::new(incarnation, seq, target, 1, NOW, vec![set]);
        let link = next_link(&before, &entry.hash(&stream));
        let request = SyncRequest {
            logs: vec![PushedLog {
                erased: Vec::new(),
                stream: stream.clone(),
                incarnation,
                entries: vec![entry],
                signature: key.sign(&head_statement(&stream, incarnation, seq, &link)),
            }],
            ..SyncRequest::default()
        };
        let content = "application/vnd.gridfold.sync";
        let reply = phone.send("POST", "/v1/sync", content, &request.encode());
        assert_eq!(reply.status, 200);
        link
    };
    let made = Target::New {
        record,
        form: FormCode::new("matter").unwrap(),
    };
    push("路灯", 1, Hash::default(), made.clone());
    // The same place of its log, with other words: a fork.
    push("quixotzebrafish", 1, Hash::default(), made);
    let set_aside = || {
        let name = gridfold_server::log::StreamName::new("quarantine").unwrap();
        let items = t.world.node.log.read(&name, 0, 10, 1 << 20).unwrap();
        assert_eq!(items.len(), 1);
        let note: Value = serde_json::from_slice(&items[0].bytes).unwrap();
        note["parts"].as_array().unwrap().clone()
    };
    let parts = set_aside();
    assert_eq!(parts.len(), 1);
    let sealed: Vec<u8> = serde_json::from_value(parts[0]["sealed"].clone()).unwrap();
    assert_eq!(parts[0]["owner"], json!(record.to_string()));
    let id = record.0;
    let record_key = t.world.node.keys.get(id).unwrap().unwrap();
    let opened = gridfold_server::keys::open(&record_key, b"quarantine", &sealed).unwrap();
    assert!(holds(&opened, b"quixotzebrafish"));
    erase(&t.supervisor, &record.to_string());
    assert!(
        t.world.node.keys.get(id).unwrap().is_none(),
        "no key opens it any more"
    );
}

#[test]
fn an_erased_record_is_gone_for_good() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.household);
    let before = t.supervisor.get("/v1/overview").ok();
    t.supervisor
        .post(&format!("{path}/erase"), &json!({ "reason": " " }))
        .refused(400, "bad_request");
    let erased = t
        .supervisor
        .post(
            &format!("{path}/erase"),
            &json!({ "reason": "the household asked" }),
        )
        .ok();
    assert_eq!(
        (&erased["record_id"], &erased["user_name"]),
        (&json!(t.household), &json!("li"))
    );
    t.admin.get(&path).refused(410, "record_erased");
    let (_, elsewhere) = t.world.person(&t.admin, "sun", "supervisor", "c-b");
    elsewhere.get(&path).refused(404, "not_found");
    t.admin
        .get(&format!("{path}/history"))
        .refused(410, "record_erased");
    t.admin
        .post(&format!("{path}/erase"), &json!({ "reason": "again" }))
        .refused(410, "record_erased");
    assert!(!ids(&page(&t.admin, "text=滨江")).contains(&t.household));
    assert_eq!(
        page(&t.admin, &format!("id={}", t.household))["records"],
        json!([])
    );
    let after = t.supervisor.get("/v1/overview").ok();
    assert_eq!(
        after["households"],
        before["households"].as_u64().unwrap() - 1
    );
    assert_eq!(
        t.supervisor.get("/v1/map?zoom=12&form=household").ok()["total"],
        0
    );
    let listed = t.supervisor.get("/v1/erasures").ok();
    assert_eq!(listed["erasures"][0]["reason"], "the household asked");
    // It does not come back by its id.
    let again = json!({ "grid": "c-a-1", "form": "household", "record_id": t.household, "fields": { "address": "x" } });
    t.admin.post("/v1/records", &again).refused(422, "erased");
    let id = RecordId::parse(&t.household).unwrap();
    assert!(
        t.world.node.keys.get(id.0).unwrap().is_none(),
        "its key is destroyed"
    );
    let bytes = std::fs::read(t.world.dir.path().join("views.db")).unwrap();
    let told = "滨江道 1 号".as_bytes();
    assert!(
        !bytes.windows(told.len()).any(|w| w == told),
        "its bytes are overwritten"
    );
    // Nor when the views are made anew.
    let report = t.world.node.verify(true, &mut |_| {}).unwrap();
    assert!(
        report.is_well(),
        "{:?} {:?}",
        report.problems,
        report.differences
    );
    let world = t.world.reopen(api_support::config());
    world.admin().get(&path).refused(410, "record_erased");
}

#[test]
fn erasures_are_listed_in_pages_the_newest_first() {
    let t = Town::new();
    let gone = [&t.visit, &t.task, &t.early_matter];
    for (n, id) in gone.iter().enumerate() {
        t.world.clock.set(NOW.plus_millis(60_000 * (n as i64 + 1)));
        let path = format!("/v1/records/{id}/erase");
        t.supervisor
            .post(&path, &json!({ "reason": "asked for" }))
            .ok();
    }
    let (mut listed, mut next) = (Vec::new(), String::new());
    loop {
        let page = t
            .supervisor
            .get(&format!("/v1/erasures?limit=2{next}"))
            .ok();
        for row in page["erasures"].as_array().unwrap() {
            listed.push(row["record_id"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(
        listed.iter().rev().collect::<Vec<_>>(),
        gone,
        "each once, in order"
    );
    t.supervisor
        .get("/v1/erasures?cursor=x")
        .refused(400, "bad_request");
    t.supervisor
        .get(&format!("/v1/erasures?cursor={}", t.household))
        .refused(400, "bad_request");
}

#[test]
fn what_is_past_its_retention_is_listed_and_nothing_is_erased_by_itself() {
    let t = Town::new();
    let rule = |form: &str| {
        let all = t.supervisor.get("/v1/retention").ok();
        let rules = all["rules"].as_array().unwrap();
        rules.iter().find(|r| r["form"] == form).unwrap().clone()
    };
    assert_eq!(rule("matter")["days"], Value::Null);
    assert!(page(&t.admin, "past_retention=true")["records"] == json!([]));
    let days = json!({ "days": 30 });
    t.supervisor
        .send(
            "PUT",
            "/v1/retention/matter",
            "application/json",
            days.to_string().as_bytes(),
        )
        .refused(403, "forbidden");
    let set = |form: &str, days: Value| {
        let body = json!({ "days": days }).to_string();
        t.admin.send(
            "PUT",
            &format!("/v1/retention/{form}"),
            "application/json",
            body.as_bytes(),
        )
    };
    set("matter", json!(29)).refused(400, "bad_request");
    set("nothing", json!(30)).refused(404, "not_found");
    assert_eq!(set("matter", json!(30)).ok()["days"], 30);
    assert_eq!(rule("matter")["due"], 0, "changed today");
    t.world.clock.set(NOW.plus_millis(31 * DAY_MS));
    let supervisor = t.world.sign_in("li");
    let past = "past_retention=true&form=matter,task,visit";
    assert_eq!(
        ids(&page(&supervisor, past)),
        std::slice::from_ref(&t.closed_matter),
        "open work is not past anything, nor a form without a rule"
    );
    let all = supervisor.get("/v1/retention").ok();
    let of = |r: &&Value| r["form"] == "matter";
    let matter = all["rules"].as_array().unwrap().iter().find(of).unwrap();
    assert_eq!(
        (&matter["due"], &matter["user_name"]),
        (&json!(1), &json!("admin"))
    );
    // Still there until a person erases it.
    let path = format!("/v1/records/{}", t.closed_matter);
    supervisor.get(&path).ok();
    supervisor
        .post(
            &format!("{path}/erase"),
            &json!({ "reason": "past 30 days" }),
        )
        .ok();
    assert_eq!(ids(&page(&supervisor, past)), Vec::<String>::new());
    let admin = t.world.admin();
    let body = json!({ "days": null }).to_string();
    admin
        .send(
            "PUT",
            "/v1/retention/matter",
            "application/json",
            body.as_bytes(),
        )
        .ok();
    let all = admin.get("/v1/retention").ok();
    let matter = all["rules"].as_array().unwrap().iter().find(of).unwrap();
    assert_eq!(matter["days"], Value::Null);
}
