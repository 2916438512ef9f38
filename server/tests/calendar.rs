//! The working calendar over HTTP and from files, and what becomes of due times when it changes.

use crate::api_support::{Client, World, config};
use gridfold_sync_core::calendar::Day;
use serde_json::{Value, json};

/// Wednesday 2026-09-30 at 10 in Beijing.
const REPORTED: &str = "2026-09-30T02:00:00Z";

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn send(admin: &Client, path: &str, file: &str) -> Value {
    admin.send("POST", path, "text/csv", file.as_bytes()).ok()
}

fn kind_of(client: &Client, date: &str) -> Value {
    let year = client
        .get(&format!("/v1/calendar/days?year={}", &date[..4]))
        .ok();
    let mut days = year["days"].as_array().unwrap().iter();
    days.find(|day| day["date"] == date).unwrap().clone()
}

fn lines(report: &Value) -> Vec<u64> {
    let rows = report["refusals"].as_array().unwrap();
    let mut lines: Vec<u64> = rows
        .iter()
        .map(|row| row["line"].as_u64().unwrap())
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn an_operator_publishes_a_calendar_and_everybody_signed_in_reads_it() {
    let (world, admin) = office();
    let (_, worker) = world.person(&admin, "li", "worker", "c-a-1");
    let (_, local) = world.person(&admin, "wang", "admin", "c-a");
    world
        .anonymous()
        .get("/v1/calendar")
        .refused(401, "unauthorized");
    let none = worker.get("/v1/calendar").ok();
    assert_eq!(
        (&none["version"], &none["time_zone"]["name"]),
        (&json!(0), &json!("Asia/Shanghai"))
    );
    assert_eq!(none["years"].as_array().unwrap().len(), 3);
    assert_eq!(worker.get("/v1/calendar?version=0").ok(), none);

    let mut first = none.clone();
    first["version"] = json!(1);
    first["time_zone"] = json!({ "name": "Europe/Berlin", "seconds": 5 });
    first["days"] = json!([{ "date": "2026-12-24", "works": false }]);
    for caller in [&worker, &local] {
        caller
            .post("/v1/calendar", &first)
            .refused(403, "forbidden");
    }
    assert_eq!(admin.post("/v1/calendar", &first).status, 201);
    let read = worker.get("/v1/calendar").ok();
    // Clocks are those of the zone, whatever was given.
    assert_eq!(read["time_zone"]["seconds"], 3_600);
    assert_eq!(read["time_zone"]["changes"].as_array().unwrap().len(), 80);
    let revision = world.node.directory.current().revision;
    for again in [&first, &read] {
        assert_eq!(admin.post("/v1/calendar", again).status, 200);
    }
    assert_eq!(world.node.directory.current().revision, revision);

    let with = |key: &str, value: Value| {
        let mut next = none.clone();
        next["version"] = json!(2);
        next[key] = value;
        next
    };
    for (body, status, code) in [
        (with("version", json!(1)), 409, "conflict"),
        (with("version", json!(3)), 409, "conflict"),
        (with("week", json!([])), 400, "bad_request"),
        (
            with("time_zone", json!({ "name": "Mars/Olympus" })),
            400,
            "bad_request",
        ),
        (
            with("days", json!([{ "date": "2026-02-30", "works": true }])),
            400,
            "bad_request",
        ),
        (json!({}), 400, "bad_request"),
    ] {
        admin.post("/v1/calendar", &body).refused(status, code);
    }
    assert_eq!(
        admin.post("/v1/calendar", &with("days", json!([]))).status,
        201
    );
    assert_eq!(
        worker.get("/v1/calendar?version=1").ok(),
        read,
        "older versions stay readable"
    );
    worker
        .get("/v1/calendar?version=3")
        .refused(404, "not_found");
    assert!(admin.get("/v1/audit").text().contains("calendar.publish"));
    let world = world.reopen(config());
    let admin = world.admin();
    assert_eq!(admin.get("/v1/calendar").ok()["version"], 2);
    assert_eq!(admin.get("/v1/calendar?version=1").ok(), read);
}

#[test]
fn a_year_is_shown_day_by_day_and_one_that_nobody_announced_says_so() {
    let (_world, admin) = office();
    let year = |n: i32| admin.get(&format!("/v1/calendar/days?year={n}")).ok();
    let known = year(2026);
    assert_eq!(
        (
            &known["provisional"],
            known["days"].as_array().unwrap().len()
        ),
        (&json!(false), 365)
    );
    assert!(known["source"].as_str().unwrap().contains("2026"));
    for (date, kind) in [
        ("2026-09-30", "working"),
        ("2026-10-01", "holiday"),
        ("2026-10-10", "make_up"),
        ("2026-10-11", "off"),
    ] {
        assert_eq!(kind_of(&admin, date)["kind"], kind, "{date}");
    }
    let zh = admin.header("accept-language", "zh-CN");
    assert_eq!(kind_of(&zh, "2026-10-10")["name"], "国庆节");
    assert_eq!(
        kind_of(&admin, "2026-10-10")["hours"][0],
        json!({ "from": "09:00", "to": "12:00" })
    );
    assert_eq!(year(2024)["days"].as_array().unwrap().len(), 366);
    let unknown = year(2027);
    assert_eq!(
        (&unknown["provisional"], &unknown["source"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        kind_of(&admin, "2027-10-01")["kind"],
        "working",
        "by weekdays alone"
    );
    for n in [1989, 2101] {
        admin
            .get(&format!("/v1/calendar/days?year={n}"))
            .refused(400, "bad_request");
    }
}

/// The days of 2027 as they might be announced; nobody knows them yet.
fn year_2027() -> String {
    let mut file = "日期,类别,名称,工作时间,来源\n".to_owned();
    for date in [
        "01-01", "02-05", "02-06", "02-07", "02-08", "05-01", "10-01", "10-02", "10-03",
    ] {
        file += &format!("2027-{date},放假,节日,,测试\n");
    }
    file + "2027-02-20,补班,春节,,\n"
}

#[test]
fn days_come_in_by_line_and_out_again() {
    let (world, admin) = office();
    let (_, worker) = world.person(&admin, "li", "worker", "c-a-1");
    worker
        .send("POST", "/v1/calendar/import", "text/csv", b"date,kind\n")
        .refused(403, "forbidden");
    let file = year_2027()
        + "2026-12-24,本单位休息,社区日,,\n2027/1/2,本单位上班,值班,09:00-11:00 14:00-15:00,\n";
    let dry = send(&admin, "/v1/calendar/import?dry_run=true", &file);
    assert_eq!(
        (&dry["added"], &dry["refused"]),
        (&json!(12), &json!(0)),
        "{dry}"
    );
    assert_eq!(admin.get("/v1/calendar").ok()["version"], 0);
    let done = send(&admin, "/v1/calendar/import", &file);
    assert_eq!(admin.get("/v1/calendar").ok()["version"], 1);
    let year = worker.get("/v1/calendar/days?year=2027").ok();
    assert_eq!(
        (&year["provisional"], &year["source"]),
        (&json!(false), &json!("测试"))
    );
    for (date, kind) in [
        ("2027-02-20", "make_up"),
        ("2027-10-01", "holiday"),
        ("2026-12-24", "closed"),
        ("2027-01-02", "open"),
        ("2026-10-10", "make_up"),
    ] {
        assert_eq!(kind_of(&worker, date)["kind"], kind, "{date}");
    }
    assert_eq!(
        kind_of(&worker, "2027-01-02")["hours"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(send(&admin, "/v1/calendar/import", &file)["unchanged"], 12);
    // Both files are taken again and change nothing, in either language.
    for (language, format) in [("zh", "csv"), ("en", "csv"), ("zh", "xlsx"), ("en", "xlsx")] {
        let asker = admin.header("accept-language", language);
        let out = asker.get(&format!("/v1/calendar/export?format={format}"));
        let again = admin
            .send("POST", "/v1/calendar/import", "text/csv", &out.bytes)
            .ok();
        let counts = (&again["added"], &again["changed"], &again["refused"]);
        assert_eq!(
            counts,
            (&json!(0), &json!(0), &json!(0)),
            "{language} {format}: {again}"
        );
        assert!(again["rows"].as_u64().unwrap() > 100);
    }
    admin
        .get("/v1/calendar/export?format=json")
        .refused(400, "bad_request");
    let usual = "date,kind\n2026-12-24,usual\n";
    let newest = send(&admin, "/v1/calendar/import", usual);
    assert_eq!(newest["changed"], 1);
    assert_eq!(kind_of(&worker, "2026-12-24")["kind"], "working");

    // Taking back the first would undo the second too: it stays, and is named.
    let undo = |id: &Value| {
        let path = format!("/v1/imports/{}/undo", id.as_str().unwrap());
        admin.post(&path, &json!({})).ok()
    };
    let left = undo(&done["import_id"]);
    assert_eq!(
        left["left"][0],
        json!({ "thing": "calendar", "id": "2", "why": "changed" })
    );
    let known = admin.get("/v1/imports").ok()["imports"].clone();
    let kinds = known
        .as_array()
        .unwrap()
        .iter()
        .map(|import| &import["kind"]);
    assert!(kinds.clone().count() == 2 && kinds.into_iter().all(|kind| kind == "calendar"));
    assert_eq!(undo(&newest["import_id"])["calendar"], true);
    assert_eq!(kind_of(&worker, "2026-12-24")["kind"], "closed");
    assert_eq!(admin.get("/v1/calendar").ok()["version"], 3);
    assert_eq!(undo(&newest["import_id"])["calendar"], false, "once");
}

#[test]
fn a_table_that_cannot_be_right_is_refused_by_line_and_nothing_is_taken() {
    let (_world, admin) = office();
    let zh = admin.header("accept-language", "zh-CN");
    let refused = |file: &str| {
        let report = send(&zh, "/v1/calendar/import", file);
        for row in report["refusals"].as_array().unwrap() {
            assert!(!row["reason"].as_str().unwrap().is_ascii(), "{row}");
        }
        lines(&report)
    };
    let file = "date,kind,hours\n\
        2026-02-30,closed,\n\
        2026-12-24,maybe,\n\
        2026-12-25,closed,09:00-10:00\n\
        2026-12-26,open,10:00-09:00\n\
        2026-12-27,open,nine\n\
        2026-12-28,closed,\n\
        2026-12-28,open,\n\
        2026-12-29,closed,\n";
    assert_eq!(refused(file), [2, 3, 4, 5, 6, 8]);
    // 2027-02-24 is a Wednesday, and the year has no National Day.
    let year = year_2027();
    assert_eq!(refused(&year.replace("2027-02-20", "2027-02-24")), [11]);
    assert_eq!(
        refused(&year.replace("2027-10-02,放假,节日,,测试\n", "")),
        [2]
    );
    assert_eq!(refused(&year.replace("2027-02-0", "2027-06-0")), [2]);
    assert_eq!(admin.get("/v1/calendar").ok()["version"], 0);
    assert_eq!(admin.get("/v1/imports").ok()["imports"], json!([]));
    admin
        .send("POST", "/v1/calendar/import", "text/csv", b"when,what\n")
        .refused(400, "bad_request");
}

#[test]
fn a_table_of_more_rows_than_could_ever_fit_is_refused_before_it_is_worked_on() {
    let (_world, admin) = office();
    let first = Day::parse("1990-01-01").unwrap();
    let days = (0..40_000).map(|at| format!("{},open,09:00-10:00\n", first.plus(at)));
    let days: String = std::iter::once("date,kind,hours\n".to_owned())
        .chain(days)
        .collect();
    let kinds = (0..40_000).map(|at| format!("k{at},名{at},n{at},d\n"));
    let head = "code,label_zh,label_en,department\n".to_owned();
    let kinds: String = std::iter::once(head).chain(kinds).collect();
    for (path, file) in [("calendar", days), ("catalogue", kinds)] {
        let path = format!("/v1/{path}/import");
        let answer = admin.send("POST", &path, "text/csv", file.as_bytes());
        answer.refused(400, "bad_request");
        assert!(answer.text().contains("114688"), "{}", answer.text());
    }
}

#[test]
fn what_a_due_time_would_be_now_is_said_beside_the_one_that_was_written() {
    let (_world, admin) = office();
    let kinds = json!({ "version": 1, "kinds": [
        { "code": "lamp", "label": { "zh": "路灯", "en": "Lamp" }, "department": "市政", "deadlines": [
            { "amount": 3, "unit": "working_days", "warn": { "amount": 1, "unit": "working_days" } },
            { "urgency": "urgent", "amount": 1, "unit": "working_days" }] },
        { "code": "open", "label": { "zh": "其他", "en": "Other" }, "department": "市政" },
    ]});
    assert_eq!(admin.post("/v1/catalogue", &kinds).status, 201);
    let due = |more: &str| {
        let path = format!("/v1/catalogue/due?kind=lamp&reported_at={REPORTED}{more}");
        admin.get(&path).ok()["deadline"].clone()
    };
    // Thursday the 8th, Friday, and Saturday the 10th, which is worked.
    assert_eq!(
        due(""),
        json!({
            "due_at": "2026-10-10T09:30:00.000Z", "warn_at": "2026-10-09T09:30:00.000Z", "provisional": false,
            "catalogue_version": 1, "calendar_version": 0,
        })
    );
    assert_eq!(
        due("&urgency=%E7%B4%A7%E6%80%A5")["due_at"],
        "2026-10-08T09:30:00.000Z"
    );
    let none = format!("/v1/catalogue/due?kind=open&reported_at={REPORTED}");
    assert_eq!(admin.get(&none).ok(), json!({}));
    admin
        .get("/v1/catalogue/due?kind=lamp&reported_at=soon")
        .refused(400, "bad_request");
    let late = admin
        .get("/v1/catalogue/due?kind=lamp&reported_at=2026-12-30T02:00:00Z")
        .ok();
    assert_eq!(late["deadline"]["provisional"], true);

    let add = |due_at: Value| {
        let fields =
            json!({ "kind": "路灯", "summary": "s", "reported_at": REPORTED, "due_at": due_at });
        let made = admin.post(
            "/v1/records",
            &json!({ "grid": "c-a-1", "form": "matter", "fields": fields }),
        );
        made.ok()["record"]["record_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let of = |id: &str| admin.get(&format!("/v1/records/{id}")).ok();
    let (written, by_hand, open) = (
        add(json!("2026-10-10T09:30:00Z")),
        add(json!("2026-10-02T00:00:00Z")),
        add(Value::Null),
    );
    assert_eq!(of(&written)["deadline"]["differs"], Value::Null);
    assert_eq!(of(&by_hand)["deadline"]["differs"], "by_hand");
    assert_eq!(of(&open)["deadline"]["due_at"], "2026-10-10T09:30:00.000Z");
    send(
        &admin,
        "/v1/calendar/import",
        "date,kind\n2026-10-10,closed\n",
    );
    let now = of(&written);
    assert_eq!(
        now["due_at"], "2026-10-10T09:30:00.000Z",
        "what was written stays"
    );
    let deadline = &now["deadline"];
    assert_eq!(deadline["due_at"], "2026-10-12T09:30:00.000Z");
    assert_eq!(
        (&deadline["differs"], &deadline["differs_by"]),
        (&json!("calendar"), &json!(0))
    );
    assert_eq!(deadline["calendar_version"], 1);
    let list = admin.get("/v1/records?form=matter").ok();
    assert!(
        list["records"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["deadline"].is_null())
    );
}
