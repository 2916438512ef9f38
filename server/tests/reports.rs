//! Reports over HTTP: each number is what the list of records counts with the query beside it, for whoever asks; templates that cannot be are refused with the reason.

use crate::api_support::{Client, NOW, World};
use crate::town_support::{DAY_MS, HOUR_MS, Town, add, at, page};
use serde_json::{Value, json};

fn make(client: &Client, template: &Value) -> String {
    let made = client.post("/v1/reports", template);
    assert_eq!(made.status, 201, "{}", made.text());
    made.ok()["report_id"].as_str().unwrap().to_owned()
}

fn result(client: &Client, id: &str, query: &str) -> Value {
    client
        .get(&format!("/v1/reports/{id}/result?tz=Asia/Shanghai{query}"))
        .ok()
}

fn counted(client: &Client, query: &Value) -> Value {
    let query = query.as_str().unwrap();
    page(client, &format!("{query}&count=true&limit=1"))["total"].clone()
}

/// Every number of a result is the number of rows that its query finds. Says how many were looked at.
fn traced(client: &Client, result: &Value) -> usize {
    let mut looked = 0;
    let rows = result["rows"].as_array().unwrap().iter();
    let cells = rows.map(|row| &row["cells"]).chain([&result["all"]]);
    for cell in cells.flat_map(|cells| cells.as_array().unwrap()) {
        for cell in [&cell["now"], &cell["before"]] {
            for (n, query) in [("n", "query"), ("of", "of_query")] {
                if cell[query].is_string() {
                    assert_eq!(cell[n], counted(client, &cell[query]), "{}", cell[query]);
                    looked += 1;
                }
            }
        }
    }
    looked
}

fn row<'a>(result: &'a Value, label: &str) -> &'a Value {
    let rows = result["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["keys"][0]["label"] == label);
    found.unwrap_or_else(|| panic!("no row {label} in {result}"))
}

fn template(name: &str, records: &Value, groups: &[&str], measures: &[&str]) -> Value {
    json!({
        "name": name, "area": "c-a", "records": records, "period": { "of": "this_month" },
        "groups": groups, "measures": measures, "compare": true,
    })
}

/// A matter with its steps, reported so long ago and due after so long.
fn matter(admin: &Client, grid: &str, kind: &str, ago: i64, due: i64, steps: &[&str]) -> String {
    let fields = json!({
        "kind": kind, "summary": "x", "reported_at": at(-ago), "due_at": at(-ago + due),
    });
    let id = add(admin, grid, "matter", fields);
    for action in steps {
        let path = format!("/v1/records/{id}/transitions");
        admin.post(&path, &json!({ "action": action })).ok();
    }
    id
}

#[test]
fn each_number_is_what_the_list_counts_for_whoever_asks() {
    let t = Town::new();
    let steps = ["accept", "dispatch", "handle", "close"];
    for (kind, ago, due, steps) in [
        ("噪音", 2 * DAY_MS, 5 * DAY_MS, &steps[..]),
        ("噪音", 3 * DAY_MS, DAY_MS, &steps[..]),
        ("噪音", 3 * DAY_MS, DAY_MS, &steps[..1]),
        // Whoever reported it did it on the spot.
        ("路灯", 4 * DAY_MS, 9 * DAY_MS, &["accept", "handle"]),
        // A month before.
        ("路灯", 34 * DAY_MS, DAY_MS, &["accept"]),
    ] {
        matter(&t.admin, "c-a-2", kind, ago, due, steps);
    }
    let asked = json!({ "satisfaction": "fair" });
    let path = format!("/v1/records/{}", t.closed_matter);
    t.admin.patch(&path, &json!({ "fields": asked })).ok();
    let all = [
        "count",
        "closed",
        "on_time",
        "in_grid",
        "response",
        "handling",
        "satisfaction",
    ];
    for groups in [
        &["kind"][..],
        &["area"],
        &["status"],
        &["kind", "area:grid"],
        &["week", "field:satisfaction"],
        &["day"],
        &[],
    ] {
        for by in ["happened", "closed", "due"] {
            let mut body = template("m", &json!({ "means": "matter" }), groups, &all);
            body["by"] = json!(by);
            let id = make(&t.supervisor, &body);
            for client in [&t.admin, &t.supervisor, &t.auditor] {
                let found = result(client, &id, "");
                assert!(traced(client, &found) > 10, "{groups:?} {by}");
            }
            assert_eq!(
                t.supervisor.delete(&format!("/v1/reports/{id}")).status,
                204
            );
        }
    }
    let id = make(
        &t.supervisor,
        &template("m", &json!({ "form": "matter" }), &["kind"], &all),
    );
    let found = result(&t.supervisor, &id, "");
    let cell = |label: &str, at: usize| row(&found, label)["cells"][at]["now"].clone();
    assert_eq!(cell("噪音", 0)["n"], 3);
    assert_eq!(
        (&cell("噪音", 1)["n"], &cell("噪音", 1)["of"]),
        (&json!(2), &json!(3))
    );
    // One done in time, one done late, one still to be done past its time.
    assert_eq!(
        (&cell("噪音", 2)["n"], &cell("噪音", 2)["of"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(cell("噪音", 2)["value"], json!(1.0 / 3.0));
    assert_eq!(
        (&cell("噪音", 3)["n"], &cell("噪音", 3)["of"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(
        (&cell("路灯", 3)["n"], &cell("路灯", 3)["of"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(cell("噪音", 4)["value"], 72.0, "of 48, 72 and 72 hours");
    assert_eq!(cell("噪音", 4)["n"], 3);
    assert_eq!(cell("路灯", 6)["value"], 50.0);
    assert_eq!(row(&found, "路灯")["cells"][0]["before"]["n"], 1, "in May");
    // Elsewhere there is one more, of which the supervisor hears nothing.
    assert_eq!(found["all"][0]["now"]["n"], 7);
    assert_eq!(result(&t.admin, &id, "")["all"][0]["now"]["n"], 8);
    assert_eq!(result(&t.admin, &id, "&area=c-b")["all"][0]["now"]["n"], 1);
    t.supervisor
        .get(&format!("/v1/reports/{id}/result?area=c-b"))
        .refused(404, "not_found");
}

#[test]
fn visits_count_by_need_and_households_by_whether_they_were_visited() {
    let t = Town::new();
    for (household, needs, ago) in [
        (&t.household, json!(["meals", "repair"]), HOUR_MS),
        (&t.household, json!(["meals"]), 2 * DAY_MS),
        (&t.unvisited, json!([]), 40 * DAY_MS),
    ] {
        let fields = json!({
            "household": household, "visited_at": at(-ago), "purpose": "care", "needs": needs,
        });
        add(&t.admin, "c-a-1", "visit", fields);
    }
    let english = t.supervisor.header("accept-language", "en");
    let by_need = result(&english, "visits-by-need", "");
    assert_eq!(
        row(&by_need, "Meals")["cells"][0]["now"]["n"],
        2,
        "{by_need}"
    );
    // A record with two needs counts with each, and once in all.
    assert_eq!(by_need["all"][0]["now"]["n"], 3);
    assert_eq!(row(&by_need, "None")["cells"][0]["now"]["n"], 1);
    assert!(traced(&t.supervisor, &by_need) >= 6);
    let coverage = result(&t.supervisor, "coverage", "");
    let all = &coverage["all"][1]["now"];
    assert_eq!((&all["n"], &all["of"]), (&json!(2), &json!(2)));
    let month = result(&t.supervisor, "coverage", "&of=this_month");
    let all = &month["all"][1]["now"];
    assert_eq!(
        (&all["n"], &all["of"], &all["value"]),
        (&json!(1), &json!(2), &json!(0.5))
    );
    assert!(traced(&t.supervisor, &month) >= 6);
    // A visit that is taken back, changed or erased is counted as it is now.
    let path = format!("/v1/records/{}", t.visit);
    t.admin
        .patch(&path, &json!({ "fields": { "needs": ["meals"] } }))
        .ok();
    let again = result(&english, "visits-by-need", "");
    assert_eq!(row(&again, "Meals")["cells"][0]["now"]["n"], 3);
    t.admin.delete(&path).ok();
    let again = result(&english, "visits-by-need", "");
    assert_eq!(row(&again, "Meals")["cells"][0]["now"]["n"], 2);
    assert_eq!(again["all"][0]["now"]["n"], 2);
}

#[test]
fn a_day_begins_at_midnight_of_the_zone_and_a_month_is_held_against_the_one_before() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    // Half past eleven on the 31st of May in Tianjin, and half past midnight on the 1st of June.
    for at in ["2026-05-31T15:30:00Z", "2026-05-31T16:30:00Z"] {
        let fields = json!({ "kind": "路灯", "summary": "x", "reported_at": at });
        add(&admin, "c-a-1", "matter", fields);
    }
    let mut body = template("m", &json!({ "form": "matter" }), &["month"], &["count"]);
    body["period"] = json!({ "from": "2026-05-01", "to": "2026-06-30" });
    let id = make(&admin, &body);
    let months = |zone: &str| {
        let found = admin
            .get(&format!("/v1/reports/{id}/result?tz={zone}"))
            .ok();
        let rows = found["rows"].as_array().unwrap().clone();
        let of = |row: &Value| {
            (
                row["keys"][0]["value"].clone(),
                row["cells"][0]["now"]["n"].clone(),
            )
        };
        rows.iter().map(of).collect::<Vec<_>>()
    };
    let n = |may: i64, june: i64| {
        vec![
            (json!("2026-05-01"), json!(may)),
            (json!("2026-06-01"), json!(june)),
        ]
    };
    assert_eq!(months("Asia/Shanghai"), n(1, 1));
    assert_eq!(months("UTC"), n(2, 0));
    let june = result(&admin, &id, "&of=this_month");
    assert_eq!(
        june["days"],
        json!({ "from": "2026-06-01", "to": "2026-06-13" })
    );
    assert_eq!(
        june["days_before"],
        json!({ "from": "2026-05-01", "to": "2026-05-13" })
    );
    let may = result(&admin, &id, "&from=2026-05-01&to=2026-05-31");
    assert_eq!(
        may["days_before"],
        json!({ "from": "2026-04-01", "to": "2026-04-30" })
    );
    assert_eq!(traced(&admin, &may), 4);
    for bad in [
        "of=someday",
        "from=2026-06-02&to=2026-06-01",
        "from=2026-06-01",
        "of=today&from=2026-06-01&to=2026-06-01",
    ] {
        admin
            .get(&format!("/v1/reports/{id}/result?{bad}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn a_template_that_cannot_be_is_refused_with_the_reason() {
    let t = Town::new();
    let matters = json!({ "means": "matter" });
    let of = |records: &Value, groups: &[&str], measures: &[&str]| {
        template("m", records, groups, measures)
    };
    let with = |key: &str, value: Value| {
        let mut body = of(&matters, &["kind"], &["count"]);
        body[key] = value;
        body
    };
    for (bad, reason) in [
        (with("name", json!(" ")), "name"),
        (of(&json!({}), &[], &["count"]), "which form"),
        (
            of(&json!({ "form": "nothing" }), &[], &["count"]),
            "nothing",
        ),
        (
            of(
                &json!({ "means": "matter", "assignee": "Wu" }),
                &[],
                &["count"],
            ),
            "assignee",
        ),
        (
            of(
                &json!({ "means": "matter", "happened_from": "x" }),
                &[],
                &["count"],
            ),
            "happened_from",
        ),
        (
            of(
                &json!({ "means": "matter", "values": "nothing:1" }),
                &[],
                &["count"],
            ),
            "nothing",
        ),
        // Nothing is counted by people.
        (of(&matters, &["field:assignee"], &["count"]), "assignee"),
        (of(&matters, &["doer"], &["count"]), "doer"),
        (of(&matters, &["field:summary"], &["count"]), "summary"),
        (of(&matters, &["day", "month"], &["count"]), "grouped"),
        (
            of(&matters, &["kind", "status", "area"], &["count"]),
            "grouped",
        ),
        (of(&matters, &[], &[]), "at least one"),
        (of(&matters, &[], &["coverage"]), "coverage"),
        (
            of(&json!({ "means": "visit" }), &[], &["on_time"]),
            "on_time",
        ),
        (
            of(&json!({ "means": "household" }), &["month"], &["count"]),
            "households",
        ),
        (with("by", json!("captured")), "time"),
        (
            with("schedule", json!({ "every": "hour", "at": "08:00" })),
            "08:00",
        ),
    ] {
        let refused = t
            .supervisor
            .post("/v1/reports", &bad)
            .refused(400, "bad_request");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(reason), "{bad}: {detail}");
    }
    // Who may change what: whose it is, and admins of its area.
    let id = make(&t.supervisor, &of(&matters, &["kind"], &["count"]));
    let path = format!("/v1/reports/{id}");
    let (_, other) = t.world.person(&t.admin, "zhou", "supervisor", "c-b");
    let (_, colleague) = t.world.person(&t.admin, "qian", "supervisor", "c-a");
    other.get(&path).refused(404, "not_found");
    let renamed = with("name", json!("n"));
    colleague.put(&path, &renamed).refused(403, "forbidden");
    colleague.delete(&path).refused(403, "forbidden");
    t.auditor
        .post("/v1/reports", &renamed)
        .refused(403, "forbidden");
    assert_eq!(colleague.get(&path).ok()["may_change"], false);
    assert_eq!(
        t.supervisor.put(&path, &renamed).ok()["template"]["name"],
        "n"
    );
    let made_by = t.admin.get(&path).ok();
    assert_eq!(
        (&made_by["made_by"], &made_by["may_change"]),
        (&json!("li"), &json!(true))
    );
    t.supervisor
        .put("/v1/reports/coverage", &renamed)
        .refused(403, "forbidden");
    // One for everybody is for who is admin or supervisor everywhere to make.
    let mut for_all = with("name", json!("all"));
    for_all["area"] = Value::Null;
    t.supervisor
        .post("/v1/reports", &for_all)
        .refused(403, "forbidden");
    let shared = make(&t.admin, &for_all);
    assert_eq!(
        other.get(&format!("/v1/reports/{shared}")).ok()["forms"],
        json!(["matter"])
    );
}

#[test]
fn numbers_by_a_restricted_field_are_for_those_who_read_it() {
    let t = Town::new();
    let body = template(
        "c",
        &json!({ "form": "household" }),
        &["field:care_needs"],
        &["count"],
    );
    let id = make(&t.supervisor, &body);
    let found = result(&t.supervisor, &id, "");
    assert_eq!(traced(&t.supervisor, &found), 6);
    let path = format!("/v1/reports/{id}/result");
    let refused = t.auditor.get(&path).refused(403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("care_needs"));
    t.auditor
        .get(&format!("/v1/reports/{id}/export?format=csv"))
        .refused(403, "forbidden");
    // Nor does the list tell who asks by it.
    let all = page(&t.auditor, "form=household&count=true")["total"].clone();
    let by = |query: &str| {
        page(&t.auditor, &format!("form=household&count=true&{query}"))["total"].clone()
    };
    assert_eq!(
        (
            by("values=care_needs:elderly_alone"),
            by("values=care_needs:")
        ),
        (json!(0), all)
    );
    assert_eq!(
        page(
            &t.supervisor,
            "form=household&count=true&values=care_needs:elderly_alone"
        )["total"],
        1
    );
}

#[test]
fn a_report_is_a_file_with_numbers_too() {
    let t = Town::new();
    let id = make(
        &t.supervisor,
        &template(
            "=cmd",
            &json!({ "form": "matter" }),
            &["kind"],
            &["count", "on_time", "response"],
        ),
    );
    let chinese = t.supervisor.header("accept-language", "zh");
    let csv = chinese
        .get(&format!("/v1/reports/{id}/export?format=csv"))
        .text();
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().collect();
    assert!(
        lines[0].starts_with("事项类别,记录数,上期记录数,按时率（%）"),
        "{csv}"
    );
    assert!(lines[1].starts_with("路灯,3,0,"), "{csv}");
    assert!(csv.contains("合计,3,0,"), "{csv}");
    assert!(
        csv.contains("'=cmd"),
        "what a spreadsheet would run is quoted: {csv}"
    );
    let book = t
        .supervisor
        .get(&format!("/v1/reports/{id}/export?format=xlsx"));
    assert_eq!(book.status, 200);
    assert!(book.bytes.starts_with(b"PK"));
    t.supervisor
        .get(&format!("/v1/reports/{id}/export?format=pdf"))
        .refused(400, "bad_request");
}

#[test]
fn a_report_is_made_by_itself_and_keeps_its_numbers() {
    let t = Town::new();
    let mut body = template("m", &json!({ "form": "matter" }), &["kind"], &["count"]);
    body["schedule"] = json!({ "every": "day", "at": "08:00" });
    let id = make(&t.supervisor, &body);
    let due =
        || gridfold_server::routes::reports::make_due(&t.world.node, t.world.node.clock.now());
    let runs = |client: &Client| client.get(&format!("/v1/reports/{id}/runs")).ok()["runs"].clone();
    due();
    assert_eq!(
        runs(&t.supervisor),
        json!([]),
        "what was due before it was made is not made up for"
    );
    // The next morning at eight in Tianjin.
    t.world.clock.set(NOW.plus_millis(DAY_MS));
    let supervisor = t.world.sign_in("li");
    due();
    due();
    assert_eq!(
        runs(&supervisor),
        json!([{ "at": "2026-06-14T00:00:00.000Z" }])
    );
    matter(&t.world.admin(), "c-a-1", "路灯", HOUR_MS, DAY_MS, &[]);
    let path = format!("/v1/reports/{id}/runs/2026-06-14T00:00:00.000Z");
    let kept = supervisor.get(&path).ok();
    assert_eq!(kept["all"][0]["now"]["n"], 3, "as it was");
    assert_eq!(result(&supervisor, &id, "")["all"][0]["now"]["n"], 4);
    // Who reads less is not shown what somebody who reads more counted.
    let auditor = t.world.sign_in("fang");
    assert_eq!(runs(&auditor), json!([]));
    auditor.get(&path).refused(404, "not_found");
    assert_eq!(runs(&t.world.admin()).as_array().unwrap().len(), 1);
    assert_eq!(supervisor.delete(&format!("/v1/reports/{id}")).status, 204);
    supervisor.get(&path).refused(404, "not_found");
}
