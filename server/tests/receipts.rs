//! What whoever has a receipt is told and may say, without an account: over HTTP, as the public page asks.

use std::time::{Duration, Instant};

use crate::api_support::{Client, Reply, World, config};
use crate::town_support::add;
use axum::Router;
use gridfold_server::routes::receipts::RECEIPT_ANSWER_TIME;
use gridfold_sync_core::resident::ReceiptNumber;
use serde_json::{Value, json};

const HIDDEN: &str = "家庭矛盾";

fn publish(admin: &Client, version: u32, shows: bool) {
    let mut kinds = json!([
        { "code": "light", "label": { "zh": "路灯", "en": "Light" }, "department": "d", "receipt": true },
        { "code": "quarrel", "label": { "zh": HIDDEN, "en": "Quarrel" }, "department": "d" },
    ]);
    if !shows {
        kinds[0]["receipt"] = json!(false);
    }
    let catalogue = json!({ "version": version, "kinds": kinds });
    admin.post("/v1/catalogue", &catalogue).ok();
}

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    publish(&admin, 1, true);
    (world, admin)
}

fn matter(client: &Client, kind: &str) -> String {
    let fields = json!({
        "kind": kind, "summary": "三号楼", "reported_at": "2026-06-13T05:50:34Z",
        "reporter_name": "王小明", "reporter_phone": "13800000000", "place": "滨江道1号",
    });
    add(client, "c-a-1", "matter", fields)
}

fn read(client: &Client, record: &str) -> Value {
    client.get(&format!("/v1/records/{record}")).ok()
}

fn number(client: &Client, record: &str) -> String {
    let number = read(client, record)["fields"]["receipt"].clone();
    number.as_str().expect("it has a receipt").to_owned()
}

fn look(world: &World, number: &str) -> Reply {
    let body = json!({ "number": number });
    world.anonymous().post("/v1/receipts/look", &body)
}

fn say(world: &World, body: &Value) -> Reply {
    world.anonymous().post("/v1/receipts/answer", body)
}

fn step(client: &Client, record: &str, action: &str) {
    let path = format!("/v1/records/{record}/transitions");
    client.post(&path, &json!({ "action": action })).ok();
}

/// A matter that was replied to, with its number.
fn replied(admin: &Client) -> (String, String) {
    let record = matter(admin, "light");
    for action in ["accept", "handle"] {
        step(admin, &record, action);
    }
    let reply = json!({ "fields": { "reply": "已换灯泡" } });
    admin.patch(&format!("/v1/records/{record}"), &reply).ok();
    step(admin, &record, "reply");
    let number = number(admin, &record);
    (record, number)
}

#[test]
fn a_receipt_tells_how_far_the_matter_is_and_nothing_of_a_person() {
    let (world, admin) = office();
    let record = matter(&admin, "light");
    let number = number(&admin, &record);
    assert!(ReceiptNumber::parse(&number).is_some());
    let grouped = ReceiptNumber::parse(&number).unwrap().grouped();
    let begun = look(&world, &grouped).ok();
    assert_eq!(begun["form"], "Matter");
    assert_eq!(
        begun["reported_at"], "2026-06-13T05:50:34.000Z",
        "as the record says, not when it was typed in"
    );
    assert_eq!(
        (&begun["status"], &begun["stage"]),
        (&json!("Reported"), &json!("open"))
    );
    assert!(begun["reply"].is_null() && begun["satisfaction"].is_null());
    step(&admin, &record, "accept");
    let reply = json!({ "fields": { "reply": "已换灯泡", "assignee": "李师傅" } });
    admin.patch(&format!("/v1/records/{record}"), &reply).ok();
    assert!(
        look(&world, &number).ok()["reply"].is_null(),
        "it is not sent yet"
    );
    step(&admin, &record, "handle");
    step(&admin, &record, "reply");
    let told = world
        .anonymous()
        .header("accept-language", "zh")
        .post("/v1/receipts/look", &json!({ "number": number }));
    let body = told.ok();
    assert_eq!(
        (&body["status"], &body["stage"]),
        (&json!("已答复"), &json!("done"))
    );
    assert_eq!(body["reply"], "已换灯泡");
    assert_eq!(body["satisfaction"]["choices"][0]["label"], "满意");
    assert_eq!(
        (&body["satisfaction"]["open"], &body["reopening"]["open"]),
        (&json!(true), &json!(true))
    );
    for private in [
        "王小明",
        "13800000000",
        "滨江道",
        "李师傅",
        "三号楼",
        "路灯",
        "c-a-1",
        &record,
    ] {
        assert!(!told.text().contains(private), "{private}");
    }
    assert_eq!(told.headers["cache-control"], "no-store");
}

#[test]
fn a_number_is_made_once_and_only_for_kinds_that_show() {
    let (world, admin) = office();
    for kind in ["quarrel", HIDDEN, "typed by hand"] {
        let record = matter(&admin, kind);
        assert!(
            read(&admin, &record)["fields"]["receipt"].is_null(),
            "{kind}"
        );
    }
    let record = matter(&admin, "路灯");
    let first = number(&admin, &record);
    let path = format!("/v1/records/{record}");
    let other = ReceiptNumber::from_random([5; 16]).to_string();
    for value in [json!(other), json!(null)] {
        let edit = json!({ "fields": { "receipt": value } });
        admin.patch(&path, &edit).refused(422, "not_writable");
    }
    // Who is rung up finds it as it is said, in groups.
    let groups = first
        .as_bytes()
        .chunks(4)
        .map(|four| std::str::from_utf8(four).unwrap());
    let said = groups.collect::<Vec<_>>().join("%20");
    let found = admin.get(&format!("/v1/records?text={said}")).ok();
    assert_eq!(found["records"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["records"][0]["record_id"], record);
    // Another kind, and back: it stays.
    for kind in ["quarrel", "light"] {
        let edit = json!({ "fields": { "kind": kind } });
        admin.patch(&path, &edit).ok();
        assert_eq!(number(&admin, &record), first);
    }
    // The same creation asked for again is one, whatever number is drawn for it.
    let made = json!({
        "grid": "c-a-1", "form": "matter", "record_id": "0197a5c8-0000-7000-8000-000000000001",
        "fields": { "kind": "light", "summary": "again" },
    });
    let verdicts = admin.post("/v1/records", &made).ok()["verdicts"].clone();
    assert_eq!(admin.post("/v1/records", &made).ok()["verdicts"], verdicts);
    let number = number(&admin, "0197a5c8-0000-7000-8000-000000000001");
    look(&world, &number).ok();
}

/// What does not differ between two answers that say the same.
fn told(reply: &Reply) -> (u16, Value, Vec<(String, String)>) {
    let mut body = reply.json();
    body["instance"] = json!("");
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (reply.status, body, headers)
}

#[test]
fn numbers_that_show_nothing_are_answered_alike_and_in_the_same_time() {
    let (world, admin) = office();
    let records: Vec<String> = (0..4).map(|_| matter(&admin, "light")).collect();
    let numbers: Vec<String> = records.iter().map(|r| number(&admin, r)).collect();
    let (other, deleted, erased) = (&records[0], &records[1], &records[2]);
    let edit = json!({ "fields": { "kind": "quarrel" } });
    admin.patch(&format!("/v1/records/{other}"), &edit).ok();
    admin.delete(&format!("/v1/records/{deleted}")).ok();
    let reason = json!({ "reason": "asked for" });
    admin
        .post(&format!("/v1/records/{erased}/erase"), &reason)
        .ok();
    look(&world, &numbers[3]).ok();
    let unknown = ReceiptNumber::from_random([77; 16]).to_string();
    let first = look(&world, &unknown);
    first.refused(404, "receipt_unknown");
    for hidden in &numbers[..3] {
        let began = Instant::now();
        let reply = look(&world, hidden);
        assert!(began.elapsed() >= RECEIPT_ANSWER_TIME);
        assert_eq!(told(&reply), told(&first));
        let rating = json!({ "number": hidden, "satisfaction": "satisfied" });
        assert_eq!(told(&say(&world, &rating)).1["code"], "receipt_unknown");
    }
    // A kind that is switched off later stops answering, and answers again when it is switched on.
    publish(&admin, 2, false);
    assert_eq!(told(&look(&world, &numbers[3])), told(&first));
    publish(&admin, 3, true);
    look(&world, &numbers[3]).ok();
    let began = Instant::now();
    look(&world, &unknown);
    assert!(began.elapsed() >= RECEIPT_ANSWER_TIME);
    assert!(began.elapsed() < Duration::from_secs(20));
    let mistyped = format!(
        "{}{}",
        &unknown[..19],
        (unknown.as_bytes()[19] - b'0' + 1) % 10
    );
    look(&world, &mistyped).refused(422, "receipt_mistyped");
    look(&world, "").refused(422, "receipt_mistyped");
}

#[test]
fn what_a_resident_says_is_taken_once_and_stands_in_the_history() {
    let (world, admin) = office();
    let (record, number) = replied(&admin);
    say(&world, &json!({ "number": number })).refused(400, "bad_request");
    let wrong = json!({ "number": number, "satisfaction": "wonderful" });
    say(&world, &wrong).refused(422, "out_of_range");
    let long = json!({ "number": number, "reopening": "长".repeat(1_001) });
    say(&world, &long).refused(422, "too_long");
    let rating = json!({ "number": number, "satisfaction": "dissatisfied" });
    let rated = say(&world, &rating).ok();
    assert_eq!(rated["satisfaction"]["given"], "Not satisfied");
    assert_eq!(rated["status"], "Evaluated");
    say(&world, &rating).refused(409, "receipt_said");
    let again = json!({ "number": number, "reopening": "又不亮了" });
    let opened = say(&world, &again).ok();
    assert_eq!(
        (&opened["status"], &opened["reopening"]["given"]),
        (&json!("Reopened"), &json!(true))
    );
    assert_eq!(opened["reply"], "已换灯泡");
    say(&world, &again).refused(409, "receipt_said");
    let after = read(&admin, &record);
    assert_eq!(after["fields"]["satisfaction"], "dissatisfied");
    assert_eq!(after["fields"]["reopening"], "又不亮了");
    assert_eq!(
        after["provenance"]["satisfaction"]["user_name"],
        "Resident, by receipt"
    );
    let path = format!("/v1/records/{record}/history");
    let history = admin.header("accept-language", "zh").get(&path).ok();
    let names: Vec<&str> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["user_name"].as_str())
        .collect();
    let by_receipt = names
        .iter()
        .filter(|name| **name == "居民（凭回执）")
        .count();
    assert_eq!(by_receipt, 3, "{names:?}");
    let refused = admin.get("/v1/refused").ok();
    assert_eq!(
        refused["refused"].as_array().map(Vec::len),
        Some(0),
        "{refused}"
    );
    // Before anything was done there is nothing to say.
    let fresh = matter(&admin, "light");
    let rating = json!({ "number": self::number(&admin, &fresh), "satisfaction": "satisfied" });
    say(&world, &rating).refused(409, "receipt_not_now");
    // Words of a resident are nobody's who reads general fields alone.
    let (_, auditor) = world.person(&admin, "au", "auditor", "c-a");
    let seen = auditor.get(&format!("/v1/records/{record}/history"));
    assert!(!seen.text().contains("又不亮了"));
}

#[test]
fn of_twenty_at_once_one_is_taken() {
    let (world, admin) = office();
    let (record, number) = replied(&admin);
    for (said, field) in [
        (json!({ "satisfaction": "fair" }), "satisfaction"),
        (json!({ "reopening": "还是不亮" }), "reopening"),
    ] {
        let mut body = said.clone();
        body["number"] = json!(number);
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| say(&world, &body)))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let taken = replies.iter().filter(|r| r.status == 200).count();
        assert_eq!(taken, 1, "{said}");
        for other in replies.iter().filter(|r| r.status != 200) {
            other.refused(409, "receipt_said");
        }
        assert!(read(&admin, &record)["fields"][field].is_string());
    }
    let path = format!("/v1/records/{record}/history");
    let history = admin.get(&path).text();
    assert_eq!(
        history.matches("还是不亮").count(),
        2,
        "once in words, once as it is"
    );
}

#[test]
fn a_record_that_goes_on_as_another_is_answered_by_the_number_it_had() {
    let (world, admin) = office();
    let (record, number) = replied(&admin);
    let moved = admin
        .post(
            &format!("/v1/records/{record}/move"),
            &json!({ "grid": "c-b-1" }),
        )
        .ok();
    let now = moved["record"]["record_id"].as_str().unwrap().to_owned();
    assert_ne!(now, record);
    assert_eq!(self::number(&admin, &now), number);
    assert_eq!(look(&world, &number).ok()["reply"], "已换灯泡");
    let rating = json!({ "number": number, "satisfaction": "satisfied" });
    say(&world, &rating).ok();
    assert_eq!(read(&admin, &now)["fields"]["satisfaction"], "satisfied");
    // Merged into another one, both numbers are answered with it.
    let stays = matter(&admin, "light");
    let own = self::number(&admin, &stays);
    let body = json!({ "into": stays });
    admin.post(&format!("/v1/records/{now}/merge"), &body).ok();
    assert_eq!(self::number(&admin, &stays), own);
    for number in [&number, &own] {
        assert_eq!(look(&world, number).ok()["status"], "Reported", "{number}");
    }
    // Erased, it is nothing by any of them.
    let reason = json!({ "reason": "asked for" });
    admin
        .post(&format!("/v1/records/{stays}/erase"), &reason)
        .ok();
    for number in [&number, &own] {
        look(&world, number).refused(404, "receipt_unknown");
    }
}

#[test]
fn one_address_and_all_together_may_ask_so_often() {
    let mut settings = config();
    settings.limits.address_requests_per_minute = 3;
    let world = World::with(settings, Router::new());
    let unknown = ReceiptNumber::from_random([77; 16]).to_string();
    for _ in 0..2 {
        look(&world, &unknown).refused(404, "receipt_unknown");
    }
    // What is mistyped counts, or nothing would hold back who tries.
    look(&world, "1").refused(422, "receipt_mistyped");
    let refused = look(&world, &unknown);
    refused.refused(429, "rate_limited");
    assert_eq!(refused.headers["retry-after"], "20");
    let rating = json!({ "number": unknown, "satisfaction": "fair" });
    say(&world, &rating).refused(429, "rate_limited");
    // It has nothing to do with signing in from there.
    world.admin();
    let mut settings = config();
    settings.limits.receipt_requests_per_minute = 2;
    let world = World::with(settings, Router::new());
    for _ in 0..2 {
        look(&world, &unknown).refused(404, "receipt_unknown");
    }
    look(&world, &unknown).refused(429, "rate_limited");
}

#[test]
fn the_page_is_small_and_its_own_and_asks_for_nothing_elsewhere() {
    let world = World::new();
    let nobody = world.anonymous();
    let page = nobody.get("/r/");
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
    let (en, zh) = (page.text(), nobody.get("/r/?lang=zh").text());
    assert!(en.contains("<html lang=\"en\">") && en.contains("Look up a receipt"));
    assert!(zh.contains("<html lang=\"zh-CN\">") && zh.contains("回执查询"));
    for text in [&en, &zh] {
        assert!(
            !text.contains('{') && !text.contains("receipt_page"),
            "a place is not filled"
        );
        assert!(!text.contains("://") && !text.contains("style="));
    }
    let size: usize = ["/r/", "/r/page.js", "/r/page.css"]
        .iter()
        .map(|path| nobody.get(path).bytes.len())
        .sum();
    assert!(size < 20_000, "{size}");
    assert_eq!(nobody.get("/r/other").status, 404);
    let cookies = page.headers.get("set-cookie");
    assert!(cookies.is_none());
}
