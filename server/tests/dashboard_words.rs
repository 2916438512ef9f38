//! What the server says to whoever reads it: what came from others, times of clocks that are wrong, records by their
//! titles, areas that are called alike, reasons in the words of who reads them.

use crate::api_support::{Client, NOW, World, bring, matter_log_of, push_matter, set};
use crate::town_support::{DAY_MS, HOUR_MS, Town, add, at, ids, page};
use gridfold_sync_core::edit::Value as Field;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::wire::SyncRequest;
use serde_json::{Value, json};

/// As long as tokens last twice.
const MINUTES: i64 = HOUR_MS / 15;

fn phone_of(world: &World, admin: &Client, name: &str, area: &str, seed: u8) -> Client {
    let (worker, _) = world.person(admin, name, "worker", area);
    let enrolled = world.phone(admin, &worker, seed).ok();
    world.anonymous().with(&enrolled)
}

#[test]
fn what_came_in_is_what_others_wrote_and_not_ones_own() {
    let t = Town::new();
    t.world.clock.set(NOW.plus_millis(MINUTES));
    let since = at(MINUTES);
    let came = |client: &Client| {
        let found = page(
            client,
            &format!("received_from={since}&by_others=true&count=true"),
        );
        assert_eq!(found["total"], json!(ids(&found).len()));
        ids(&found)
    };
    // A new record, and an edit of one that somebody else made before.
    let own = add(
        &t.supervisor,
        "c-a-1",
        "matter",
        json!({ "kind": "路灯", "summary": "来电" }),
    );
    let path = format!("/v1/records/{}", t.early_matter);
    t.supervisor
        .patch(&path, &json!({ "fields": { "place": "桥下" } }))
        .ok();
    assert_eq!(
        came(&t.supervisor),
        [""; 0],
        "what one wrote oneself did not come in"
    );
    assert_eq!(
        ids(&page(&t.supervisor, &format!("received_from={since}"))).len(),
        2
    );
    let phone = phone_of(&t.world, &t.admin, "wu", "c-a-1", 1);
    let brought = push_matter(&phone, 1, NOW.plus_millis(-DAY_MS));
    assert_eq!(came(&t.supervisor), [brought.as_str()]);
    assert_eq!(
        came(&t.admin).len(),
        3,
        "to somebody else all of it came in"
    );
    // What one wrote to as well came in all the same.
    t.supervisor
        .patch(
            &format!("/v1/records/{brought}"),
            &json!({ "fields": { "place": "桥上" } }),
        )
        .ok();
    assert_eq!(came(&t.supervisor), [brought.as_str()]);
    let theirs = ids(&page(&t.supervisor, "by_others=true"));
    assert!(!theirs.contains(&own) && theirs.contains(&t.late_matter));
    // An edit of a class that a reader may not read has not come in for them.
    let secret = json!({ "fields": { "reporter_name": "李小红" } });
    t.world.clock.set(NOW.plus_millis(2 * MINUTES));
    t.admin
        .patch(&format!("/v1/records/{}", t.closed_matter), &secret)
        .ok();
    let since = at(2 * MINUTES);
    let query = format!("received_from={since}&by_others=true");
    assert_eq!(
        ids(&page(&t.supervisor, &query)),
        [t.closed_matter.as_str()]
    );
    assert_eq!(ids(&page(&t.auditor, &query)), [""; 0]);
}

fn csv(client: &Client, query: &str) -> Vec<Vec<String>> {
    let bytes = client
        .get(&format!("/v1/export/records?format=csv&{query}"))
        .bytes;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&*bytes);
    let rows = reader.records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_time_of_a_clock_that_cannot_be_right_is_one_time_everywhere_and_marked_everywhere() {
    let t = Town::new();
    let phone = phone_of(&t.world, &t.admin, "wu", "c-a-1", 1);
    let ahead = push_matter(&phone, 1, NOW.plus_millis(400 * DAY_MS));
    let record = t.supervisor.get(&format!("/v1/records/{ahead}")).ok();
    let [entry] = &history(&t.supervisor, &ahead)[..] else {
        panic!("one entry")
    };
    let listed = page(&t.supervisor, &format!("id={ahead}"))["records"][0].clone();
    let file = csv(
        &t.supervisor,
        &format!("id={ahead}&columns=captured_at,changed_at,clock_wrong&fields="),
    );
    let from = &record["provenance"]["kind"];
    for told in [
        &record["captured_at"],
        &entry["captured_at"],
        &listed["captured_at"],
        &listed["changed_at"],
        &from["captured_at"],
        &json!(file[1][0]),
        &json!(file[1][1]),
    ] {
        assert_eq!(told, &json!(at(0)));
    }
    for marked in [&record["clock_wrong"], &listed["clock_wrong"]] {
        assert_eq!(marked, &json!(true));
    }
    assert_eq!(file[1][2], "true");
    for marked in [&entry["claimed_at"], &from["claimed_at"]] {
        assert_eq!(marked, &json!(at(400 * DAY_MS)));
    }
    // In a file for people, too.
    let zh = t.supervisor.header("accept-language", "zh");
    let file = csv(
        &zh,
        &format!("id={ahead}&columns=clock_wrong&fields=&headings=labels"),
    );
    assert_eq!(file, [["手机时钟不准"], ["是"]]);
    let times = "columns=captured_at,received_at&fields=&headings=labels&tz=Asia/Shanghai";
    let file = csv(&zh, &format!("id={ahead}&{times}"));
    let [marked, plain] = &file[1][..] else {
        panic!("two columns")
    };
    assert_eq!(*marked, format!("{plain}（手机时钟不准）"));
    // One that is right has no mark.
    let plain = page(&t.supervisor, &format!("id={}", t.early_matter))["records"][0].clone();
    assert_eq!(plain["clock_wrong"], Value::Null);
    assert!(
        history(&t.supervisor, &t.early_matter)
            .iter()
            .all(|e| e["claimed_at"].is_null())
    );
}

fn history(client: &Client, record: &str) -> Vec<Value> {
    let told = client.get(&format!("/v1/records/{record}/history")).ok();
    told["entries"].as_array().unwrap().clone()
}

#[test]
fn a_late_edit_names_a_household_by_its_title_and_never_by_its_id() {
    let t = Town::new();
    let phone = phone_of(&t.world, &t.admin, "wu", "c-a", 1);
    let moved = json!({ "parent": "c-b", "name": "c-a-1", "level": "grid" });
    t.admin.put("/v1/areas/c-a-1", &moved).ok();
    let id = RecordId::from_parts(NOW, [9; 10]);
    let refers = set(
        "household",
        Field::Reference(RecordId::parse(&t.household).unwrap()),
    );
    let request = SyncRequest {
        logs: vec![matter_log_of(1, "c-a-1", id, NOW, vec![refers])],
        ..SyncRequest::default()
    };
    bring(&phone, &request);
    let zh = t.admin.header("accept-language", "zh");
    let waiting = zh.get("/v1/attention?kind=late").ok();
    let words = waiting["items"][0]["words"].to_string();
    assert!(
        words.contains("滨江道 1 号") && !words.contains(&t.household),
        "{words}"
    );
    let words = history(&zh, &id.to_string())[0]["words"].to_string();
    assert!(
        words.contains("滨江道 1 号") && !words.contains(&t.household),
        "{words}"
    );
    // The title of the moment, of the record that it goes on as.
    t.admin
        .patch(
            &format!("/v1/records/{}", t.household),
            &json!({ "fields": { "address": "海河道 9 号" } }),
        )
        .ok();
    t.admin
        .post(
            &format!("/v1/records/{}/move", t.household),
            &json!({ "grid": "c-a-2" }),
        )
        .ok();
    let words = history(&zh, &id.to_string())[0]["words"].to_string();
    assert!(words.contains("海河道 9 号"), "{words}");
    // Whoever may not read it is told that it is another record.
    let (_, apart) = t.world.person(&t.admin, "apart", "supervisor", "c-a-1");
    let words = history(&apart, &id.to_string())[0]["words"].to_string();
    assert!(
        words.contains("another record") && !words.contains("海河道"),
        "{words}"
    );
}

#[test]
fn a_reason_is_told_in_the_words_of_who_reads_it() {
    let t = Town::new();
    let phone = phone_of(&t.world, &t.admin, "wu", "c-a-1", 1);
    let id = RecordId::from_parts(NOW, [9; 10]);
    let wrong = set("kind", Field::Integer(3));
    let request = SyncRequest {
        logs: vec![matter_log_of(1, "c-a-1", id, NOW, vec![wrong])],
        ..SyncRequest::default()
    };
    bring(&phone, &request);
    let zh = t.supervisor.header("accept-language", "zh");
    let item = zh.get("/v1/attention?kind=refused").ok()["items"][0].clone();
    let offers = "内容类型与字段不符。修改已保留：可以由您重做，也可以不予采用。";
    assert_eq!(item["reason_text"], offers);
    let refused = || zh.get("/v1/refused?settled=true").ok()["refused"][0].clone();
    assert_eq!(refused()["refusal_text"], offers);
    // Made anew in vain it still waits, and nobody is told to correct it.
    let settle = |how: &str| {
        let asked = json!({ "stream": item["stream"], "entry": item["entry"], "how": how });
        zh.post("/v1/refused/settle", &asked)
    };
    let title = settle("adopt").refused(422, "wrong_type")["title"].clone();
    assert_eq!(title, "内容类型与字段不符。原来的修改仍在等待处理。");
    settle("dismiss").ok();
    assert_eq!(
        refused()["refusal_text"],
        "内容类型与字段不符。修改已保留。"
    );
    // Its author is told what to do.
    let close = json!({ "action": "close" });
    let steps = format!("/v1/records/{}/transitions", t.late_matter);
    t.supervisor
        .post(&steps, &close)
        .refused(422, "transition_not_allowed");
    let told = |client: &Client| {
        let all = history(client, &t.late_matter);
        all.iter()
            .find_map(|e| e["refusal_text"].as_str().map(str::to_owned))
            .unwrap()
    };
    assert_eq!(
        told(&zh),
        "当前状态不允许这一步，或者这一步还缺内容、须由他人办理。修改已保留，请查看最新状态。"
    );
    let other = t.admin.header("accept-language", "zh");
    assert_eq!(
        told(&other),
        "当前状态不允许这一步，或者这一步还缺内容、须由他人办理。修改已保留。"
    );
}

#[test]
fn grids_of_one_name_are_told_apart_and_only_those() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let name = |code: &str, parent: &str, name: &str, level: &str| {
        let body = json!({ "parent": parent, "name": name, "level": level });
        admin.put(&format!("/v1/areas/{code}"), &body).ok();
    };
    name("c-a", "c", "东街", "street");
    name("c-b", "c", "西街", "street");
    for street in ["c-a", "c-b"] {
        name(&format!("{street}-x"), street, "和平社区", "community");
        name(
            &format!("{street}-1"),
            &format!("{street}-x"),
            "第一网格",
            "grid",
        );
    }
    let grids = |client: &Client| {
        let told = client.get("/v1/overview").ok()["grids"]
            .as_array()
            .unwrap()
            .clone();
        let said = |g: &Value, key: &str| g[key].as_str().unwrap_or_default().to_owned();
        told.iter()
            .map(|g| [said(g, "lies_in"), said(g, "name")])
            .collect::<Vec<_>>()
    };
    assert_eq!(
        grids(&admin),
        [
            ["东街 / 和平社区", "第一网格"],
            ["", "c-a-2"],
            ["西街 / 和平社区", "第一网格"],
        ]
    );
    let (_, east) = world.person(&admin, "east", "supervisor", "c-a");
    assert_eq!(grids(&east), [["", "第一网格"], ["", "c-a-2"]]);
    add(&admin, "c-a-1", "household", json!({ "address": "甲" }));
    let moved = add(&admin, "c-b-1", "household", json!({ "address": "乙" }));
    let query = "form=household&columns=grid&fields=address&sort=title&headings=labels";
    let named = |client: &Client| {
        csv(client, query)
            .into_iter()
            .skip(1)
            .map(|row| row[0].clone())
            .collect::<Vec<_>>()
    };
    let mut all = named(&admin);
    all.sort();
    assert_eq!(
        all,
        ["东街 / 和平社区 / 第一网格", "西街 / 和平社区 / 第一网格"]
    );
    assert_eq!(named(&east), ["第一网格"]);
    let zh = admin.header("accept-language", "zh");
    zh.post(
        &format!("/v1/records/{moved}/move"),
        &json!({ "grid": "c-a-1" }),
    )
    .ok();
    let told = history(&zh, &moved);
    let told = told.iter().find_map(|e| e["moved"].as_str()).unwrap();
    assert_eq!(told, "移到东街 / 和平社区 / 第一网格");
}

#[test]
fn an_import_that_is_tried_shows_names_as_they_were_and_as_they_would_be() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let csv =
        "code,parent,name,level\nc-a-1,c-b,新网格,grid\nc-a,c,c-a,street\nc-x,c,新街,street\n";
    let tried = |query: &str| {
        let path = format!("/v1/areas/import{query}");
        admin.send("POST", &path, "text/csv", csv.as_bytes()).ok()
    };
    let wanted = json!([{
        "line": 2, "code": "c-a-1",
        "was": { "name": "c-a-1", "level": "grid", "lies_in": "c-a" },
        "is": { "name": "新网格", "level": "grid", "lies_in": "c-b" },
    }]);
    assert_eq!(tried("?dry_run=true")["changes"], wanted);
    assert_eq!(
        tried("")["changes"],
        wanted,
        "and what was written says the same"
    );
    assert_eq!(tried("?dry_run=true")["changes"], Value::Null);
}
