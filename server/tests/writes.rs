//! Writes say what they were made at: over HTTP, by two people who do not know of each other.

use std::sync::Barrier;

use crate::api_support;
use crate::api_support::{Client, World, push_matter};
use serde_json::{Value, json};

struct Office {
    world: World,
    one: Client,
    two: Client,
}

fn office() -> Office {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, two) = world.person(&admin, "li", "supervisor", "c-a");
    Office {
        world,
        one: admin,
        two,
    }
}

fn made(client: &Client, form: &str, fields: Value) -> String {
    let body = json!({ "grid": "c-a-1", "form": form, "fields": fields });
    let made = client.post("/v1/records", &body).ok();
    made["record"]["record_id"].as_str().unwrap().to_owned()
}

fn matter(client: &Client, more: Value) -> String {
    let mut fields = json!({
        "kind": "路灯", "summary": "灯不亮", "reported_at": "2026-06-13T01:50:34Z",
    });
    let all = fields.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    made(client, "matter", fields)
}

fn read(client: &Client, record: &str) -> Value {
    client.get(&format!("/v1/records/{record}")).ok()
}

fn sides(record: &Value, field: &str) -> Vec<String> {
    let list = record["conflict_list"].as_array().unwrap();
    let found = list.iter().find(|c| c["field"] == field);
    let mut sides: Vec<String> = found
        .and_then(|c| c["values"].as_array())
        .into_iter()
        .flatten()
        .map(|v| v["value"].as_str().unwrap().to_owned())
        .collect();
    sides.sort();
    sides
}

#[test]
fn a_stale_save_stands_beside_what_its_author_did_not_see() {
    let o = office();
    let record = matter(
        &o.one,
        json!({ "place": "三号楼", "description": "灯不亮。" }),
    );
    let path = format!("/v1/records/{record}");
    let got = o.two.get(&path);
    let seen = got.ok();
    let heads = seen["heads"].as_str().unwrap().to_owned();
    let tag = got.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag, format!("\"{heads}\""));

    let first =
        json!({ "fields": { "place": "三号楼东侧", "description": "灯不亮。已通知电工。" } });
    let answer = o.one.patch(&path, &first);
    let after = answer.ok();
    assert_ne!(after["record"]["heads"], heads.as_str());
    assert_eq!(
        answer.headers["etag"].to_str().unwrap(),
        format!("\"{}\"", after["record"]["heads"].as_str().unwrap())
    );

    let second =
        json!({ "fields": { "place": "三号楼西侧", "description": "灯不亮。居民很着急。" } });
    let result = o.two.header("if-match", &tag).patch(&path, &second).ok();
    assert_eq!(
        sides(&result["record"], "place"),
        ["三号楼东侧", "三号楼西侧"]
    );
    let text = result["record"]["fields"]["description"].as_str().unwrap();
    assert!(
        text.contains("已通知电工") && text.contains("居民很着急"),
        "{text}"
    );

    // The same by the body, and by both when they agree.
    let again = json!({ "fields": { "place": "三号楼" }, "base": heads });
    o.two.header("if-match", &tag).patch(&path, &again).ok();
    // Both sides stay for the other as well, and choosing at what was seen settles them.
    let now = read(&o.one, &record);
    let values = now["conflict_list"][0]["values"].as_array().unwrap();
    let choice = json!({ "field": "place", "by": values[0]["by"], "base": now["heads"] });
    let settled = o.one.post(&format!("{path}/choose"), &choice).ok();
    assert_eq!(settled["record"]["conflict_list"], json!([]));
}

#[test]
fn a_history_names_the_value_that_each_author_saw() {
    let o = office();
    let record = matter(&o.one, json!({ "place": "三号楼" }));
    let path = format!("/v1/records/{record}");
    let heads = read(&o.two, &record)["heads"].clone();
    let save = |client: &Client, place: &str, base: &Value| {
        let body = json!({ "fields": { "place": place }, "base": base });
        client
            .header("accept-language", "en")
            .patch(&path, &body)
            .ok();
    };
    save(&o.one, "东侧", &heads);
    // Made at the same state, and received after the other.
    save(&o.two, "西侧", &heads);
    save(&o.one, "南侧", &read(&o.one, &record)["heads"]);
    let told = o.one.header("accept-language", "en");
    let history = told.get(&format!("{path}/history")).ok();
    let words: Vec<&str> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["words"].as_array().unwrap())
        .filter_map(Value::as_str)
        .filter(|words| words.starts_with("Place:"))
        .collect();
    assert_eq!(
        words,
        [
            "Place: 三号楼",
            "Place: from “三号楼” to “东侧”",
            "Place: from “三号楼” to “西侧”",
            "Place: “南侧” in place of “东侧”, “西侧”, which stood side by side",
        ]
    );
}

#[test]
fn lists_counters_and_steps_are_reckoned_on_what_was_seen() {
    let o = office();
    let visit = made(
        &o.one,
        "visit",
        json!({ "purpose": "care", "needs": ["meals"] }),
    );
    let heads = read(&o.two, &visit)["heads"].clone();
    let path = format!("/v1/records/{visit}");
    let needs = |list: &[&str]| json!({ "fields": { "needs": list }, "base": heads });
    o.one.patch(&path, &needs(&["meals", "medicine"])).ok();
    o.two.patch(&path, &needs(&["meals", "repair"])).ok();
    let mut kept: Vec<String> =
        serde_json::from_value(read(&o.one, &visit)["fields"]["needs"].clone()).unwrap();
    kept.sort();
    assert_eq!(kept, ["meals", "medicine", "repair"]);

    let record = matter(&o.one, json!({}));
    let path = format!("/v1/records/{record}/transitions");
    o.one.post(&path, &json!({ "action": "accept" })).ok();
    let heads = read(&o.two, &record)["heads"].clone();
    let step = |action: &str| json!({ "action": action, "base": heads, "note": "n" });
    o.one.post(&path, &step("dispatch")).ok();
    o.two.post(&path, &step("return")).ok();
    let now = read(&o.one, &record);
    assert_eq!(
        now["concurrent_statuses"].as_array().unwrap().len(),
        2,
        "{now}"
    );
}

#[test]
fn a_whole_number_is_one_however_a_program_writes_it() {
    let office = office();
    let visit = made(
        &office.one,
        "visit",
        json!({ "purpose": "care", "minutes": 25.0 }),
    );
    assert_eq!(read(&office.one, &visit)["fields"]["minutes"], json!(25));
    let path = format!("/v1/records/{visit}");
    let put = |minutes: Value| {
        office
            .one
            .patch(&path, &json!({ "fields": { "minutes": minutes } }))
    };
    assert_eq!(
        put(json!(30.0)).ok()["record"]["fields"]["minutes"],
        json!(30)
    );
    for wrong in [json!(30.5), json!(1e300), json!("30"), json!(-1.5)] {
        put(wrong).refused(422, "wrong_type");
    }
    assert_eq!(read(&office.one, &visit)["fields"]["minutes"], json!(30));
}

#[test]
fn two_saves_at_once_leave_only_words_that_somebody_typed() {
    let o = office();
    let base = "甲段：灯不亮。乙段：水管漏水。丙段：电梯停。";
    let first = format!("【紧急】请今天处理！{base}");
    let second = base.replace("水管漏水", "水管已修好");
    let both = format!("【紧急】请今天处理！{second}");
    for _ in 0..12 {
        let record = made(
            &o.one,
            "household",
            json!({ "address": "一号", "notes": base }),
        );
        let path = format!("/v1/records/{record}");
        let gate = Barrier::new(2);
        std::thread::scope(|s| {
            for (client, text) in [(&o.one, &first), (&o.two, &second)] {
                let (gate, path) = (&gate, &path);
                s.spawn(move || {
                    gate.wait();
                    let body = json!({ "fields": { "notes": text } });
                    client.patch(path, &body).ok();
                });
            }
        });
        let now = read(&o.one, &record);
        let text = now["fields"]["notes"].as_str().unwrap().to_owned();
        let known = [&both, &first, &second].contains(&&text);
        assert!(known, "nobody typed {text:?}");
    }
}

#[test]
fn a_base_that_names_an_older_state_besides_is_the_newest_of_both() {
    let o = office();
    let record = matter(&o.one, json!({ "place": "三号楼" }));
    let path = format!("/v1/records/{record}");
    let older = read(&o.one, &record)["heads"].as_str().unwrap().to_owned();
    let first = json!({ "fields": { "place": "四号楼" }, "base": older });
    o.two.patch(&path, &first).ok();
    let newer = read(&o.one, &record)["heads"].as_str().unwrap().to_owned();
    let both: Vec<String> = newer
        .split(';')
        .zip(older.split(';'))
        .map(|(new, old)| match old.split_once('=') {
            Some((_, old)) if !old.is_empty() && !new.ends_with(old) => format!("{new},{old}"),
            _ => new.to_owned(),
        })
        .collect();
    assert_ne!(both.join(";"), newer);
    let second = json!({ "fields": { "place": "五号楼" }, "base": both.join(";") });
    let after = o.one.patch(&path, &second).ok();
    assert_eq!(after["record"]["fields"]["place"], "五号楼");
    assert_eq!(after["record"]["conflict_list"], json!([]));
}

#[test]
fn a_base_that_is_not_known_here_is_told_and_changes_nothing() {
    let o = office();
    let record = matter(&o.one, json!({ "place": "三号楼" }));
    let other = matter(&o.one, json!({ "place": "四号楼" }));
    let path = format!("/v1/records/{record}");
    let edit = |base: &str| json!({ "fields": { "place": "五号楼" }, "base": base });
    let foreign = read(&o.one, &other)["heads"].as_str().unwrap().to_owned();
    let own = read(&o.one, &record)["heads"].as_str().unwrap().to_owned();
    let unknown = format!("{own}0");
    for base in [&foreign, &own.replace(";1=", "999999;1=")] {
        o.one.patch(&path, &edit(base)).refused(412, "unknown_base");
        let step = json!({ "action": "accept", "base": base });
        let steps = format!("{path}/transitions");
        o.one.post(&steps, &step).refused(412, "unknown_base");
    }
    for bad in ["", "x", "9=", &unknown.replace('=', "-")] {
        o.one.patch(&path, &edit(bad)).refused(400, "bad_request");
    }
    let tag = format!("\"{own}\"");
    for header in ["nonsense", &own, &tag[1..]] {
        let client = o.one.header("if-match", header);
        client
            .patch(&path, &json!({ "fields": { "place": "x" } }))
            .refused(400, "bad_request");
    }
    o.one
        .header("if-match", &tag)
        .patch(&path, &edit(&foreign))
        .refused(400, "bad_request");
    assert_eq!(read(&o.one, &record)["fields"]["place"], "三号楼");
    assert_eq!(o.one.get("/v1/refused").ok()["refused"], json!([]));
    // Any state, and one that a proxy made weak, are taken.
    let weak = format!("W/{tag}");
    for header in ["*", &weak] {
        let client = o.one.header("if-match", header);
        client
            .patch(&path, &json!({ "fields": { "place": "五号楼" } }))
            .ok();
    }
}

#[test]
fn a_repeated_request_changes_nothing_and_answers_the_same() {
    let o = office();
    let entries = |record: &str| {
        let history = o.one.get(&format!("/v1/records/{record}/history")).ok();
        history["entries"].as_array().unwrap().len()
    };
    // By its record's id.
    let id = "019d1e2f-3a4b-7c5d-8e6f-7a8b9c0d1e2f";
    let new = |place: &str| {
        json!({ "grid": "c-a-1", "form": "matter", "record_id": id,
            "fields": { "kind": "路灯", "summary": "灯不亮", "place": place } })
    };
    let made = o.one.post("/v1/records", &new("三号楼")).ok();
    let path = format!("/v1/records/{id}");
    o.two
        .patch(&path, &json!({ "fields": { "place": "四号楼" } }))
        .ok();
    let again = o.one.post("/v1/records", &new("三号楼"));
    assert_eq!(
        (again.status, &again.ok()["verdicts"]),
        (201, &made["verdicts"])
    );
    assert_eq!(read(&o.one, id)["fields"]["place"], "四号楼");
    assert_eq!(entries(id), 2);
    o.one
        .post("/v1/records", &new("五号楼"))
        .refused(409, "conflict");
    assert_eq!(read(&o.one, id)["fields"]["place"], "四号楼");

    // By the name of the request, which is the caller's own.
    let edit = json!({ "fields": { "place": "六号楼" } });
    let named = o.one.header("idempotency-key", "a1");
    let first = named.patch(&path, &edit).ok();
    o.two
        .patch(&path, &json!({ "fields": { "place": "七号楼" } }))
        .ok();
    let second = named.patch(&path, &edit).ok();
    assert_eq!(first["verdicts"], second["verdicts"]);
    assert_eq!(second["record"]["fields"]["place"], "七号楼");
    named
        .patch(&path, &json!({ "fields": { "place": "八号楼" } }))
        .refused(409, "conflict");
    assert_eq!(entries(id), 4);
    o.two
        .header("idempotency-key", "a1")
        .patch(&path, &edit)
        .ok();
    assert_eq!(entries(id), 5);
    // A refusal is repeated as well, and does not pile up.
    let wrong = json!({ "action": "close" });
    let steps = format!("{path}/transitions");
    for _ in 0..2 {
        o.one
            .header("idempotency-key", "a2")
            .post(&steps, &wrong)
            .refused(422, "transition_not_allowed");
    }
    assert_eq!(
        o.one.get("/v1/refused").ok()["refused"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // One record for one request that names itself, made without an id.
    let new =
        json!({ "grid": "c-a-1", "form": "matter", "fields": { "kind": "路灯", "summary": "x" } });
    let make = || {
        o.one
            .header("idempotency-key", "a3")
            .post("/v1/records", &new)
            .ok()
    };
    assert_eq!(make()["record"]["record_id"], make()["record"]["record_id"]);
    o.one
        .header("idempotency-key", &"k".repeat(129))
        .patch(&path, &edit)
        .refused(400, "bad_request");
}

#[test]
fn what_is_written_beside_a_deletion_or_a_closing_is_told_with_its_words() {
    let o = office();
    let record = matter(&o.one, json!({ "place": "三号楼" }));
    let path = format!("/v1/records/{record}");
    let heads = read(&o.two, &record)["heads"].clone();
    o.one.delete(&path).ok();
    let edit = json!({ "fields": { "place": "三号楼，有人摔倒" }, "base": heads });
    o.two.patch(&path, &edit).ok();
    let now = read(&o.one, &record);
    assert_eq!(now["deleted"], false);
    assert!(
        now["written_beside"].to_string().contains("有人摔倒"),
        "{now}"
    );
    let told = o.two.get("/v1/attention?kind=conflict").ok();
    assert!(told["items"].to_string().contains("有人摔倒"), "{told}");
    let values = now["conflict_list"][0]["values"].as_array().unwrap();
    let gone = values.iter().find(|v| v["value"] == true).unwrap();
    let choice = json!({ "field": "deleted", "by": gone["by"] });
    let settled = o.one.post(&format!("{path}/choose"), &choice).ok();
    assert_eq!(settled["record"]["deleted"], true);
    assert_eq!(o.two.get("/v1/attention").ok()["counts"]["conflict"], 0);

    let record = matter(&o.one, json!({ "place": "三号楼" }));
    let path = format!("/v1/records/{record}");
    let steps = format!("{path}/transitions");
    o.one.post(&steps, &json!({ "action": "accept" })).ok();
    o.one.post(&steps, &json!({ "action": "handle" })).ok();
    let heads = read(&o.two, &record)["heads"].clone();
    o.one.post(&steps, &json!({ "action": "close" })).ok();
    let edit = json!({ "fields": { "place": "灯又灭了" }, "base": heads });
    o.two.patch(&path, &edit).ok();
    let now = read(&o.one, &record);
    assert_eq!(now["status"], "closed");
    assert!(
        now["written_beside"].to_string().contains("灯又灭了"),
        "{now}"
    );
    let told = o.two.get("/v1/attention?kind=conflict").ok();
    assert!(told["items"].to_string().contains("灯又灭了"), "{told}");
    let stands = &now["conflict_list"][0];
    let choice = json!({ "field": "status", "by": stands["values"][0]["by"] });
    let settled = o.one.post(&format!("{path}/choose"), &choice).ok();
    assert_eq!(settled["record"]["conflict_list"], json!([]));
    assert_eq!(read(&o.one, &record)["status"], "closed");
}

#[test]
fn whoever_worked_in_a_grid_that_was_moved_away_is_late_and_not_refused() {
    let o = office();
    let (worker, _) = o.world.person(&o.one, "worker", "worker", "c-a");
    let phone = o.world.phone(&o.one, &worker, 1).ok();
    let phone = o.world.anonymous().with(&phone);
    let moved = json!({ "parent": "c-b", "name": "c-a-1", "level": "grid" });
    o.one.put("/v1/areas/c-a-1", &moved).ok();
    let record = push_matter(&phone, 1, api_support::NOW);
    assert_eq!(read(&o.one, &record)["late"], true);
    assert_eq!(o.one.get("/v1/refused").ok()["refused"], json!([]));
    assert_eq!(o.one.get("/v1/attention").ok()["counts"]["late"], 1);
}
