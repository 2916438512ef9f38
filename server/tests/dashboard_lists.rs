//! What the dashboard lists and counts, over HTTP: filters, orders, totals, the overview.

use std::collections::BTreeSet;

use crate::api_support;
use crate::api_support::{Client, NOW};
use crate::town_support::{DAY_MS, HOUR_MS, Town, add, at, ids, page, walk};
use serde_json::{Value, json};

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
            if matches!(key, "due" | "status") {
                // What has none stands at the end either way, the newest first.
                let lacks = |id: &String| {
                    let row = &page(client, &format!("id={id}&deleted=true"))["records"][0];
                    row[if key == "due" { "due_at" } else { "status" }].is_null()
                };
                let values = up.iter().position(&lacks).unwrap_or(up.len());
                assert!(up[values..].iter().all(&lacks), "{key}{filter}");
                assert_eq!(up[values..], down[values..], "{key}{filter}");
                down[..values].reverse();
            } else {
                down.reverse();
            }
            assert_eq!(up, down, "{key}{filter}");
            let once: BTreeSet<&String> = up.iter().collect();
            assert_eq!(once.len(), up.len(), "{key}{filter}");
            let counted = page(client, &format!("sort={key}{filter}&count=true&limit=1"));
            assert_eq!(counted["total"], up.len(), "{key}{filter}");
            assert_eq!(counted["total_is_floor"], false);
            if filter.is_empty() {
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
    let place = |id: &String| due.iter().position(|d| d == id);
    assert!(
        place(&t.early_matter) < place(&t.visit),
        "what is never due comes last"
    );
    let households = walk(&t.supervisor, "sort=-status&form=household");
    assert_eq!(households.len(), 2, "none of them has a status");
    let titles = walk(&t.supervisor, "sort=title&form=matter");
    let expected = [&t.early_matter, &t.late_matter, &t.closed_matter];
    assert_eq!(titles.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_list_by_title_loses_nothing_when_names_change_between_pages() {
    let t = Town::new();
    let made: Vec<String> = (1..=12)
        .map(|i| {
            let fields = json!({ "address": format!("{i}号 \u{738B}") });
            add(&t.admin, "c-a-1", "household", fields)
        })
        .collect();
    for (sort, mended) in [("title", "99号"), ("-title", "0号")] {
        let query = format!("form=household&area=c-a-1&sort={sort}&limit=5");
        let first = page(&t.supervisor, &query);
        let mut read = ids(&first);
        let mut next = first["next"].as_str().unwrap().to_owned();
        assert!(
            !next.contains('号') && !next.contains("%E5") && next.is_ascii(),
            "no name in an address: {next}"
        );
        // The one at which the page ended goes to where the list ends.
        let last = read.last().unwrap().clone();
        t.admin
            .patch(
                &format!("/v1/records/{last}"),
                &json!({ "fields": { "address": mended } }),
            )
            .ok();
        let stranger = format!("{query}&cursor={next}");
        t.auditor
            .get(&format!("/v1/records?{stranger}"))
            .refused(400, "bad_request");
        loop {
            let found = page(&t.supervisor, &format!("{query}&cursor={next}"));
            read.extend(ids(&found));
            match found["next"].as_str() {
                Some(cursor) => cursor.clone_into(&mut next),
                None => break,
            }
        }
        let read: BTreeSet<&String> = read.iter().collect();
        assert!(made.iter().all(|id| read.contains(id)), "{sort}");
    }
    let titles = walk(&t.supervisor, "form=household&area=c-a-1&sort=title");
    let place = |id: &String| titles.iter().position(|t| t == id).unwrap();
    assert!(place(&made[1]) < place(&made[10]), "2号 stands before 11号");
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
    assert_eq!(grid["last_sync"], Value::Null, "no phone is there");
    let (worker, _) = t.world.person(&t.admin, "ma", "worker", "c-a-1");
    t.world.phone(&t.admin, &worker, 1).ok();
    let grids = t.supervisor.get("/v1/overview").ok()["grids"].clone();
    let of = |code: &str| {
        let found = grids.as_array().unwrap().iter().find(|g| g["code"] == code);
        found.unwrap()["last_sync"].clone()
    };
    assert_eq!(of("c-a-1"), NOW.to_rfc3339());
    assert_eq!(of("c-a-2"), Value::Null, "nobody with a phone works there");
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
