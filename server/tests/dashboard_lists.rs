//! What the dashboard lists and counts, over HTTP: filters, orders, totals, the map, the overview.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api_support;

use std::collections::BTreeSet;

use api_support::{Client, NOW, World};
use gridfold_server::clock::Clock as _;
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn add(client: &Client, grid: &str, form: &str, fields: Value) -> String {
    let made = client.post(
        "/v1/records",
        &json!({ "grid": grid, "form": form, "fields": fields }),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    made.ok()["record"]["record_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn at(ms: i64) -> String {
    NOW.plus_millis(ms).to_rfc3339()
}

fn page(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/records?{query}")).ok()
}

fn ids(page: &Value) -> Vec<String> {
    page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["record_id"].as_str().unwrap().to_owned())
        .collect()
}

/// All ids of a list, read two rows at a time.
fn walk(client: &Client, query: &str) -> Vec<String> {
    let (mut out, mut next) = (Vec::new(), String::new());
    loop {
        let found = page(client, &format!("{query}&limit=2{next}"));
        out.extend(ids(&found));
        match found["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return out,
        }
    }
}

/// A world of two streets with a few records of each kind, and who sees what.
struct Town {
    world: World,
    admin: Client,
    supervisor: Client,
    auditor: Client,
    household: String,
    unvisited: String,
    visit: String,
    late_matter: String,
    early_matter: String,
    closed_matter: String,
    task: String,
    elsewhere: String,
}

impl Town {
    fn new() -> Self {
        let world = World::new();
        let admin = world.admin();
        world.areas(&admin);
        let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
        let (_, auditor) = world.person(&admin, "fang", "auditor", "c-a");
        let household = add(
            &admin,
            "c-a-1",
            "household",
            json!({
                "address": "滨江道 1 号", "location": { "lat": 39.11, "lon": 117.21 },
                "care_needs": ["elderly_alone"],
            }),
        );
        let unvisited = add(
            &admin,
            "c-a-2",
            "household",
            json!({ "address": "滨江道 2 号" }),
        );
        let visit = add(
            &admin,
            "c-a-1",
            "visit",
            json!({ "household": household, "visited_at": at(-2 * HOUR_MS), "purpose": "routine" }),
        );
        let matter = |summary: &str, due: i64, who: &str, lat: f64| {
            add(
                &admin,
                "c-a-1",
                "matter",
                json!({
                    "kind": "路灯", "summary": summary, "reported_at": at(-3 * DAY_MS), "due_at": at(due),
                    "assignee": who, "location": { "lat": lat, "lon": 117.2 }, "reporter_name": "王小明",
                }),
            )
        };
        let late_matter = matter("b 逾期", -HOUR_MS, "Wu", 39.1);
        let early_matter = matter("a 未到期", DAY_MS, "Zhao", 39.1001);
        let closed_matter = matter("c 已办", -HOUR_MS, "Wu", 39.3);
        for action in ["accept", "dispatch", "handle", "close"] {
            admin
                .post(
                    &format!("/v1/records/{closed_matter}/transitions"),
                    &json!({ "action": action }),
                )
                .ok();
        }
        let task = add(
            &admin,
            "c-a-1",
            "task",
            json!({ "title": "t", "due_at": at(HOUR_MS) }),
        );
        let elsewhere = add(
            &admin,
            "c-b-1",
            "matter",
            json!({
                "kind": "噪音", "summary": "d", "reported_at": at(0), "due_at": at(-HOUR_MS),
                "location": { "lat": 39.5, "lon": 117.5 },
            }),
        );
        Self {
            world,
            admin,
            supervisor,
            auditor,
            household,
            unvisited,
            visit,
            late_matter,
            early_matter,
            closed_matter,
            task,
            elsewhere,
        }
    }
}

#[test]
fn each_condition_finds_its_records_and_no_other() {
    let t = Town::new();
    let everywhere = |query: &str| ids(&page(&t.admin, query));
    let mine = |query: &str| ids(&page(&t.supervisor, query));
    let set = |all: Vec<String>| all.into_iter().collect::<BTreeSet<_>>();
    let of = |all: &[&String]| all.iter().map(|s| (*s).clone()).collect::<BTreeSet<_>>();

    assert_eq!(
        set(everywhere("overdue=captured")),
        of(&[&t.late_matter, &t.elsewhere])
    );
    assert_eq!(
        mine("overdue=captured"),
        std::slice::from_ref(&t.late_matter)
    );
    assert_eq!(
        mine("overdue=received"),
        std::slice::from_ref(&t.late_matter),
        "it came at once"
    );
    assert_eq!(mine("unacknowledged=true"), std::slice::from_ref(&t.task));
    assert_eq!(
        set(mine(&format!("due_before={}", at(2 * HOUR_MS)))),
        of(&[&t.late_matter, &t.closed_matter, &t.task])
    );
    assert_eq!(
        set(mine("assignee=Wu")),
        of(&[&t.late_matter, &t.closed_matter])
    );
    assert_eq!(set(mine("not_visited_days=1")), of(&[&t.unvisited]));
    t.world.clock.set(NOW.plus_millis(2 * DAY_MS));
    // Tokens do not last so long.
    let later = t.world.sign_in("li");
    assert_eq!(
        set(ids(&page(&later, "not_visited_days=1"))),
        of(&[&t.household, &t.unvisited])
    );
    t.world.clock.set(NOW);
    assert_eq!(
        set(mine("bbox=117.19,39.09,117.205,39.2")),
        of(&[&t.late_matter, &t.early_matter])
    );
    assert_eq!(
        set(mine("within=117.1,39.0;117.3,39.0;117.3,39.2;117.1,39.2")),
        of(&[&t.late_matter, &t.early_matter, &t.household])
    );
    assert_eq!(
        set(mine("within=117.1,39.0;117.31,39.0;117.1,39.21")),
        of(&[&t.late_matter, &t.early_matter]),
        "a triangle is less than the box around it"
    );
    assert_eq!(
        set(everywhere(&format!("id={},{}", t.visit, t.elsewhere))),
        of(&[&t.visit, &t.elsewhere])
    );
    assert_eq!(
        mine(&format!("id={},{}", t.visit, t.elsewhere)),
        std::slice::from_ref(&t.visit)
    );
    assert_eq!(set(mine("text=滨江")), of(&[&t.household, &t.unvisited]));
    assert_eq!(
        mine("text=滨江&not_visited_days=1"),
        std::slice::from_ref(&t.unvisited)
    );
    assert_eq!(
        set(mine("form=matter&status=reported")),
        of(&[&t.late_matter, &t.early_matter])
    );
    assert_eq!(
        mine("status=closed"),
        std::slice::from_ref(&t.closed_matter)
    );
    assert_eq!(
        set(mine(&format!("household={}", t.household))),
        of(&[&t.household, &t.visit])
    );
    assert_eq!(mine("conflict=true").len() + mine("late=true").len(), 0);

    for bad in [
        "overdue=never",
        "bbox=1,2,3",
        "bbox=1,50,2,40",
        "within=1,2;3,4",
        "within=1,2;3,4;500,1",
        "sort=nonsense",
        "not_visited_days=99999",
        "cursor=x",
    ] {
        t.admin
            .get(&format!("/v1/records?{bad}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn every_order_pages_through_all_records_once() {
    let t = Town::new();
    for client in [&t.admin, &t.supervisor, &t.auditor] {
        for (key, filter) in [
            ("changed", ""),
            ("captured", ""),
            ("received", ""),
            ("title", ""),
            ("due", ""),
            ("status", ""),
            ("changed", "&form=matter"),
            ("status", "&form=matter,task"),
            ("title", "&area=c-a-1"),
            ("received", "&overdue=captured"),
            ("due", "&text=路灯"),
            ("title", "&bbox=110,30,120,45"),
            ("changed", "&deleted=true"),
            ("captured", "&conflict=false&late=false"),
        ] {
            let up = walk(client, &format!("sort={key}{filter}"));
            let mut down = walk(client, &format!("sort=-{key}{filter}"));
            down.reverse();
            assert_eq!(up, down, "{key}{filter}");
            let once: BTreeSet<&String> = up.iter().collect();
            assert_eq!(once.len(), up.len(), "{key}{filter}");
            let counted = page(client, &format!("sort={key}{filter}&count=true&limit=1"));
            assert_eq!(counted["total"], up.len(), "{key}{filter}");
            assert_eq!(counted["total_is_floor"], false);
            if filter.is_empty() && !matches!(key, "due" | "status") {
                let all = if std::ptr::eq(client, &raw const t.admin) {
                    8
                } else {
                    7
                };
                assert_eq!(up.len(), all, "{key}");
            }
        }
    }
    let due = walk(&t.supervisor, "sort=due");
    assert_eq!(due.last(), Some(&t.early_matter));
    assert!(!due.contains(&t.visit), "what is never due is left out");
    let titles = walk(&t.supervisor, "sort=title&form=matter");
    let expected = [&t.early_matter, &t.late_matter, &t.closed_matter];
    assert_eq!(titles.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn rows_hold_what_was_asked_for_and_nothing_personal_for_an_auditor() {
    let t = Town::new();
    let query = "fields=address,care_needs,reporter_name,assignee&sort=captured";
    let rows = |client: &Client| page(client, query)["records"].as_array().unwrap().clone();
    let find =
        |rows: &[Value], id: &str| rows.iter().find(|r| r["record_id"] == id).unwrap().clone();
    let seen = rows(&t.supervisor);
    assert_eq!(
        find(&seen, &t.household)["fields"]["care_needs"],
        json!(["elderly_alone"])
    );
    assert_eq!(
        find(&seen, &t.household)["last_visited_at"],
        at(-2 * HOUR_MS)
    );
    assert_eq!(
        find(&seen, &t.late_matter)["fields"]["reporter_name"],
        "王小明"
    );
    assert_eq!(find(&seen, &t.late_matter)["fields"]["assignee"], "Wu");
    assert!(
        find(&seen, &t.late_matter)["fields"]["summary"].is_null(),
        "not asked for"
    );
    let audit = t.admin.get("/v1/audit?limit=500").text();
    assert!(audit.contains("records.read-restricted"), "{audit}");

    let seen = rows(&t.auditor);
    let household = find(&seen, &t.household);
    assert_eq!(household["fields"], json!({}));
    assert_eq!(household["title"], "");
    assert!(
        household["location"].is_null(),
        "where a household lives is personal"
    );
    assert!(find(&seen, &t.visit)["household"].is_null());
    assert_eq!(
        find(&seen, &t.late_matter)["fields"],
        json!({ "assignee": "Wu" })
    );
    // Nor does a condition tell what may not be read.
    let none = |query: &str| {
        assert_eq!(
            ids(&page(&t.auditor, query)),
            Vec::<String>::new(),
            "{query}"
        )
    };
    none("bbox=117.205,39.105,117.22,39.12");
    none("within=117.205,39.105;117.22,39.105;117.22,39.12;117.205,39.12");
    none("text=滨江");
    none("text=小明");
    none(&format!("household={}&form=visit", t.household));
    let map = t.auditor.get("/v1/map?zoom=12&form=household").ok();
    assert_eq!(map["total"], 0);
}

#[test]
fn a_deadline_counts_from_when_it_was_captured_and_from_when_it_came() {
    let t = Town::new();
    // Captured ten hours before it came: a deadline that passed before anybody here could know.
    let (user, _) = t.world.person(&t.admin, "zhao", "worker", "c-a-1");
    let session = t.world.phone(&t.admin, &user, 7).ok();
    let phone = t.world.anonymous().with(&session);
    let claimed = NOW.plus_millis(-10 * HOUR_MS);
    let record = api_support::push_matter(&phone, 7, claimed);
    let due = json!({ "fields": { "due_at": at(-HOUR_MS) } });
    t.admin.patch(&format!("/v1/records/{record}"), &due).ok();
    let rows = |query: &str| ids(&page(&t.supervisor, query));
    assert!(rows("overdue=captured").contains(&record));
    assert!(!rows("overdue=received").contains(&record));
    let found = page(&t.supervisor, &format!("id={record}"));
    assert_eq!(found["records"][0]["due_at"], at(-HOUR_MS));
    assert_eq!(found["records"][0]["due_received_at"], at(9 * HOUR_MS));
    t.world.clock.set(NOW.plus_millis(9 * HOUR_MS + 1));
    // Tokens do not last so long.
    let later = t.world.sign_in("li");
    assert!(ids(&page(&later, "overdue=received")).contains(&record));
}

#[test]
fn the_overview_counts_what_the_lists_list() {
    let t = Town::new();
    for (client, grids) in [(&t.admin, 3), (&t.supervisor, 2)] {
        let o = client.get("/v1/overview?days=7").ok();
        let total = |query: &str| page(client, &format!("{query}&count=true"))["total"].clone();
        assert_eq!(
            o["matters_overdue_captured"],
            total("form=matter&overdue=captured")
        );
        assert_eq!(
            o["matters_overdue_received"],
            total("form=matter&overdue=received")
        );
        assert_eq!(o["tasks_overdue"], total("form=task&overdue=captured"));
        assert_eq!(o["tasks_unacknowledged"], total("unacknowledged=true"));
        assert_eq!(o["matters_open"], total("form=matter&open=true"));
        assert_eq!(o["tasks_open"], total("form=task&open=true"));
        let today = "from=2026-06-12T16:00:00Z";
        let day = |what: &str| total(&format!("{what}_{today}"));
        let trend = o["trend"].as_array().unwrap().last().unwrap();
        assert_eq!(trend["day"], "2026-06-13");
        assert_eq!(trend["visits"], day("form=visit&happened"));
        assert_eq!(trend["matters_opened"], day("form=matter&happened"));
        assert_eq!(trend["matters_closed"], day("form=matter&closed"));
        assert_eq!(trend["matters_closed"], 1);
        assert_eq!(o["households"], total("form=household"));
        assert_eq!(
            o["households_not_visited"],
            json!({ "days": 7, "count": total("not_visited_days=7") })
        );
        assert_eq!(o["conflicts"], total("conflict=true"));
        assert_eq!(o["grids"].as_array().unwrap().len(), grids);
        assert_eq!(o["trend"].as_array().unwrap().len(), 7);
        assert_eq!(o["as_of"], NOW.to_rfc3339());
    }
    let o = t.supervisor.get("/v1/overview").ok();
    assert_eq!(
        (&o["visits_today"], &o["visits_week"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&o["matters_open"], &o["tasks_open"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(o["matters_overdue_captured"], 1);
    let today = o["trend"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&today["visits"], &today["matters_closed"]),
        (&json!(1), &json!(1))
    );
    let grid = o["grids"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["code"] == "c-a-1")
        .unwrap()
        .clone();
    assert_eq!(grid["last_sync"], NOW.to_rfc3339());
    // The world's 13 June is the 13th in Tianjin at 13:53 and the 12th in Honolulu.
    let day = |tz: &str| {
        t.supervisor.get(&format!("/v1/overview?{tz}")).ok()["trend"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["day"]
            .clone()
    };
    assert_ne!(day("tz=480"), day("tz=-600"));
    assert_eq!(day("tz=480"), day("x=1"));
    t.supervisor
        .get("/v1/overview?area=c-b")
        .refused(404, "not_found");
    t.supervisor
        .get("/v1/overview?days=0")
        .refused(400, "bad_request");
    t.supervisor
        .get("/v1/overview?tz=99999999")
        .refused(400, "bad_request");
}

#[test]
fn visits_that_move_or_go_move_the_last_visit() {
    let t = Town::new();
    let last = |id: &str| {
        page(&t.supervisor, &format!("id={id}"))["records"][0]["last_visited_at"].clone()
    };
    assert_eq!(last(&t.household), at(-2 * HOUR_MS));
    let path = format!("/v1/records/{}", t.visit);
    t.admin
        .patch(&path, &json!({ "fields": { "household": t.unvisited } }))
        .ok();
    assert_eq!(last(&t.household), Value::Null);
    assert_eq!(last(&t.unvisited), at(-2 * HOUR_MS));
    t.admin.delete(&path).ok();
    assert_eq!(last(&t.unvisited), Value::Null);
    t.admin.post(&format!("{path}/restore"), &json!({})).ok();
    // A clock far ahead makes no visit of the future.
    t.admin
        .patch(
            &path,
            &json!({ "fields": { "visited_at": "2099-01-01T00:00:00Z" } }),
        )
        .ok();
    assert_eq!(last(&t.unvisited), at(0));
}

#[test]
fn the_map_puts_near_records_together_and_tells_apart_what_is_looked_at_closely() {
    let t = Town::new();
    let map = |query: &str| t.admin.get(&format!("/v1/map?{query}")).ok();
    let far = map("zoom=4&form=matter");
    assert_eq!(
        (&far["total"], far["clusters"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
    let middle = far["clusters"][0]["lat"].as_f64().unwrap();
    assert!((39.1..39.5).contains(&middle));
    let town = map("zoom=12&form=matter");
    assert_eq!(town["clusters"].as_array().unwrap().len(), 3);
    let single: BTreeSet<String> = town["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        single,
        BTreeSet::from([t.closed_matter.clone(), t.elsewhere.clone()])
    );
    let close = map("zoom=20&form=matter&bbox=117.19,39.09,117.21,39.11");
    assert_eq!(
        (&close["total"], close["clusters"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    // With conditions that no tile counts it is the records that are put together.
    assert_eq!(map("zoom=12&form=matter&overdue=captured")["total"], 2);
    assert_eq!(map("zoom=12&text=逾期")["total"], 1);
    assert_eq!(
        map("zoom=18&status=closed")["clusters"][0]["id"],
        t.closed_matter
    );
    assert_eq!(
        t.supervisor.get("/v1/map?zoom=12&form=matter").ok()["total"],
        3
    );
    t.admin.delete(&format!("/v1/records/{}", t.elsewhere)).ok();
    assert_eq!(map("zoom=4&form=matter")["total"], 3);
    let move_it = json!({ "fields": { "location": { "lat": -33.9, "lon": 151.2 } } });
    t.admin
        .patch(&format!("/v1/records/{}", t.closed_matter), &move_it)
        .ok();
    assert_eq!(
        map("zoom=4&form=matter")["clusters"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    t.admin.get("/v1/map?zoom=40").refused(400, "bad_request");
    t.admin.get("/v1/map").refused(400, "bad_request");
}

#[test]
fn the_views_made_anew_count_the_same() {
    let t = Town::new();
    t.admin
        .delete(&format!("/v1/records/{}", t.early_matter))
        .ok();
    let report = t.world.node.verify(false, &mut |_| {}).unwrap();
    assert!(
        report.is_well(),
        "{:?} {:?}",
        report.problems,
        report.differences
    );
    assert_eq!(t.world.clock.now(), Timestamp(NOW.millis()));
}

#[test]
fn saved_views_are_each_persons_own() {
    let t = Town::new();
    let view = json!({ "filters": { "form": "matter" }, "columns": ["title", "due"] });
    t.supervisor.put("/v1/saved-views/逾期", &view).ok();
    assert_eq!(t.supervisor.get("/v1/saved-views/逾期").ok()["view"], view);
    assert_eq!(
        t.supervisor.get("/v1/saved-views").ok()["views"][0]["name"],
        "逾期"
    );
    assert_eq!(t.admin.get("/v1/saved-views").ok()["views"], json!([]));
    t.admin
        .get("/v1/saved-views/逾期")
        .refused(404, "not_found");
    let large = json!({ "x": "y".repeat(17 << 10) });
    t.supervisor
        .put("/v1/saved-views/large", &large)
        .refused(413, "too_large");
    for n in 1..50 {
        t.supervisor
            .put(&format!("/v1/saved-views/v{n}"), &view)
            .ok();
    }
    t.supervisor
        .put("/v1/saved-views/one-more", &view)
        .refused(409, "conflict");
    t.supervisor.put("/v1/saved-views/v1", &json!([])).ok();
    assert_eq!(t.supervisor.delete("/v1/saved-views/v1").status, 204);
    t.supervisor
        .delete("/v1/saved-views/v1")
        .refused(404, "not_found");
    t.supervisor.put("/v1/saved-views/one-more", &view).ok();
}

#[test]
fn boundaries_are_kept_checked_and_shown_to_those_who_see_the_area() {
    let t = Town::new();
    let square = json!({ "type": "Polygon", "coordinates": [[[117.0, 39.0], [117.3, 39.0], [117.3, 39.3], [117.0, 39.0]]] });
    let put = |code: &str, parent: &str, boundary: Value| {
        t.admin.put(
            &format!("/v1/areas/{code}"),
            &json!({ "parent": parent, "name": code, "level": "grid", "boundary": boundary }),
        )
    };
    assert_eq!(
        put("c-a-1", "c-a", square.clone()).ok()["has_boundary"],
        true
    );
    put("c-b-1", "c-b", square.clone()).ok();
    let all = t.admin.get("/v1/areas/boundaries").ok();
    assert_eq!(all["features"].as_array().unwrap().len(), 2);
    let mine = t.supervisor.get("/v1/areas/boundaries").ok();
    assert_eq!(mine["features"].as_array().unwrap().len(), 1);
    assert_eq!(mine["features"][0]["geometry"], square);
    assert_eq!(mine["features"][0]["properties"]["code"], "c-a-1");
    t.supervisor
        .get("/v1/areas/boundaries?area=c-b")
        .refused(404, "not_found");
    for wrong in [
        json!({ "type": "Point", "coordinates": [117.0, 39.0] }),
        json!({ "type": "Polygon", "coordinates": [[[117.0, 39.0], [117.3, 39.0], [117.3, 39.3], [117.1, 39.0]]] }),
        json!({ "type": "Polygon", "coordinates": [[[500.0, 39.0], [117.3, 39.0], [117.3, 39.3], [500.0, 39.0]]] }),
        json!({ "type": "MultiPolygon", "coordinates": [] }),
    ] {
        put("c-a-1", "c-a", wrong).refused(400, "bad_request");
    }
    // Left out it stays; null takes it away.
    t.admin
        .put(
            "/v1/areas/c-a-1",
            &json!({ "parent": "c-a", "name": "one", "level": "grid" }),
        )
        .ok();
    assert_eq!(t.admin.get("/v1/areas/c-a-1").ok()["has_boundary"], true);
    assert_eq!(put("c-a-1", "c-a", Value::Null).ok()["has_boundary"], false);
    let denied = t.supervisor.put(
        "/v1/areas/c-a-1",
        &json!({ "parent": "c-a", "name": "x", "level": "grid", "boundary": square }),
    );
    denied.refused(403, "forbidden");
}

#[test]
fn areas_come_from_a_file_over_the_api() {
    let t = Town::new();
    let csv =
        "code,parent,name,level\nc-c,c,Street C,street\nc-c-1,c-c,One,grid\nx,nowhere,X,grid\n";
    let send = |client: &Client, path: &str| client.send("POST", path, "text/csv", csv.as_bytes());
    let tried = send(&t.admin, "/v1/areas/import?dry_run=true").ok();
    assert_eq!(
        (&tried["added"], &tried["refused"], &tried["dry_run"]),
        (&json!(2), &json!(1), &json!(true))
    );
    assert_eq!(tried["refusals"][0]["line"], 4);
    t.admin.get("/v1/areas/c-c-1").refused(404, "not_found");
    send(&t.admin, "/v1/areas/import").ok();
    assert_eq!(t.admin.get("/v1/areas/c-c-1").ok()["name"], "One");
    assert_eq!(send(&t.admin, "/v1/areas/import").ok()["unchanged"], 2);
    send(&t.supervisor, "/v1/areas/import").refused(403, "forbidden");
    t.admin
        .send("POST", "/v1/areas/import", "text/csv", b"a,b\n1,2\n")
        .refused(400, "bad_request");
}

#[test]
fn an_export_holds_what_the_list_shows() {
    let t = Town::new();
    let query = "form=matter&sort=-title&assignee=Wu&columns=record_id,title,due_at&fields=summary,reporter_name";
    let list = walk(&t.supervisor, "form=matter&sort=-title&assignee=Wu");
    let csv = t
        .supervisor
        .get(&format!("/v1/export/records?format=csv&{query}"));
    let text = csv.text();
    let lines: Vec<&str> = text.split("\r\n").filter(|l| !l.is_empty()).collect();
    assert_eq!(lines[0], "record_id,title,due_at,summary,reporter_name");
    let exported: Vec<&str> = lines[1..]
        .iter()
        .map(|l| l.split(',').next().unwrap())
        .collect();
    assert_eq!(exported, list);
    assert!(lines[1].ends_with("c 已办,王小明"), "{}", lines[1]);
    let ndjson = t
        .auditor
        .get(&format!("/v1/export/records?format=ndjson&{query}"))
        .text();
    let first: Value = serde_json::from_str(ndjson.lines().next().unwrap()).unwrap();
    assert_eq!(
        first["fields"],
        json!({ "summary": "c 已办" }),
        "no reporter for an auditor"
    );
    assert!(first["grid"].is_null(), "not chosen");
    let xlsx = t
        .supervisor
        .get(&format!("/v1/export/records?format=xlsx&{query}"));
    assert_eq!(xlsx.status, 200);
    assert!(xlsx.bytes.starts_with(b"PK"), "a workbook is a zip file");
    assert!(
        xlsx.headers["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with("records.xlsx\"")
    );
    for wrong in ["format=pdf", "format=csv&columns=secret"] {
        t.supervisor
            .get(&format!("/v1/export/records?{wrong}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn a_record_says_who_gave_it_each_value_and_its_history_says_it_in_words() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.late_matter);
    t.world.clock.set(NOW.plus_millis(60_000));
    t.supervisor
        .patch(&path, &json!({ "fields": { "place": "东门" } }))
        .ok();
    t.supervisor
        .patch(&path, &json!({ "fields": { "place": "西门" } }))
        .ok();
    let body = t.supervisor.get(&path).ok();
    let (place, kind) = (&body["provenance"]["place"], &body["provenance"]["kind"]);
    assert_eq!(
        (&place["user_name"], &kind["user_name"]),
        (&json!("li"), &json!("admin"))
    );
    assert_eq!(
        (&place["received_at"], &kind["received_at"]),
        (&json!(at(60_000)), &json!(at(0)))
    );
    assert_eq!(body["provenance"]["reporter_name"]["user_name"], "admin");
    let seen = t.auditor.get(&path).ok();
    assert!(
        seen["provenance"]["reporter_name"].is_null(),
        "nor who gave it"
    );
    let history = t.supervisor.get(&format!("{path}/history")).ok();
    let words: Vec<String> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|e| e["words"].as_array().unwrap().clone())
        .map(|w| w.as_str().unwrap().to_owned())
        .collect();
    assert!(words.contains(&"Place: 东门".to_owned()), "{words:?}");
    assert!(
        words.contains(&"Place: from “东门” to “西门”".to_owned()),
        "{words:?}"
    );
    let zh = t
        .supervisor
        .header("x-unused", "1")
        .get(&format!("{path}/history"))
        .ok();
    assert_eq!(
        zh["entries"].as_array().unwrap().len(),
        history["entries"].as_array().unwrap().len()
    );
    let closed = t
        .supervisor
        .get(&format!("/v1/records/{}/history", t.closed_matter))
        .text();
    assert!(closed.contains("\"words\":[\"Dispatch\"]"), "{closed}");
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
    t.admin.get(&path).refused(404, "not_found");
    t.admin
        .get(&format!("{path}/history"))
        .refused(404, "not_found");
    t.admin
        .post(&format!("{path}/erase"), &json!({ "reason": "again" }))
        .refused(404, "not_found");
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
    world.admin().get(&path).refused(404, "not_found");
}
