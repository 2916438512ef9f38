//! Erasure and retention over HTTP: what goes, what stays, who may.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api_support;
mod town_support;

use api_support::NOW;
use serde_json::{Value, json};
use town_support::{DAY_MS, Town, ids, page};

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
    let id = gridfold_sync_core::ids::RecordId::parse(&t.household).unwrap();
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
