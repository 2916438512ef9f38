//! What is derived has the class of what it came from: whoever reads general fields alone learns nothing of others by any list, order, filter, count or file.

use crate::api_support::{Client, NOW};
use crate::town_support::{DAY_MS, HOUR_MS, Town, at, ids, page, walk};
use serde_json::{Value, json};

/// While a token is good.
const MINUTES_MS: i64 = 300_000;

fn row(client: &Client, id: &str) -> Value {
    page(client, &format!("id={id}"))["records"][0].clone()
}

#[test]
fn what_a_list_holds_can_be_opened_and_tells_no_more_than_that() {
    let t = Town::new();
    for client in [&t.admin, &t.supervisor, &t.auditor] {
        for id in walk(client, "sort=changed") {
            let opened = client.get(&format!("/v1/records/{id}")).ok();
            client.get(&format!("/v1/records/{id}/history")).ok();
            let listed = row(client, &id);
            for key in [
                "captured_at",
                "changed_at",
                "received_at",
                "title",
                "status",
            ] {
                assert_eq!(opened[key], listed[key], "{key}");
            }
        }
    }
    let times = [
        "captured_at",
        "changed_at",
        "received_at",
        "last_visited_at",
    ];
    for id in [&t.household, &t.visit] {
        let (seen, read) = (row(&t.auditor, id), row(&t.supervisor, id));
        assert!(times.iter().any(|key| !read[*key].is_null()));
        for key in times {
            assert!(seen[key].is_null(), "{key} of {seen}");
        }
        let history = t.auditor.get(&format!("/v1/records/{id}/history")).ok();
        assert_eq!(history["entries"], json!([]));
        // What is not read is not written either.
        t.auditor
            .patch(&format!("/v1/records/{id}"), &json!({ "fields": {} }))
            .refused(404, "not_found");
    }
    assert!(!row(&t.supervisor, &t.household)["last_visited_at"].is_null());
    let file = t.auditor.get("/v1/export/records?format=ndjson").text();
    for line in file
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
    {
        if line["form"] == "household" || line["form"] == "visit" {
            assert_eq!(line["fields"], json!({}));
            assert!(times.iter().all(|key| line[*key].is_null()), "{line}");
        }
    }
}

#[test]
fn no_condition_tells_when_what_may_not_be_read_happened() {
    let t = Town::new();
    let found = |client: &Client, query: &str| {
        let page = page(client, &format!("{query}&count=true"));
        assert_eq!(page["total"], ids(&page).len(), "{query}");
        ids(&page)
    };
    // The visit was two hours ago: a window around it, and one beside it.
    let around = format!(
        "form=visit&happened_from={}&happened_until={}",
        at(-3 * HOUR_MS),
        at(-HOUR_MS)
    );
    let beside = format!(
        "form=visit&happened_from={}&happened_until={}",
        at(-9 * DAY_MS),
        at(-8 * DAY_MS)
    );
    assert_eq!(
        found(&t.supervisor, &around),
        std::slice::from_ref(&t.visit)
    );
    assert!(found(&t.supervisor, &beside).is_empty());
    for query in [&around, &beside] {
        assert!(found(&t.auditor, query).is_empty(), "{query}");
    }
    assert_eq!(
        found(&t.supervisor, "not_visited_days=1"),
        std::slice::from_ref(&t.unvisited)
    );
    assert!(found(&t.auditor, "not_visited_days=1").is_empty());
    // What general fields tell is found as before.
    let reported = format!(
        "form=matter&happened_from={}&happened_until={}",
        at(-4 * DAY_MS),
        at(-2 * DAY_MS)
    );
    assert_eq!(found(&t.auditor, &reported).len(), 3);
    assert_eq!(
        found(&t.auditor, "overdue=captured"),
        std::slice::from_ref(&t.late_matter)
    );
    let numbers = |client: &Client| {
        let all = client.get("/v1/overview?area=c-a&tz=0").ok();
        let days = all["trend"].as_array().unwrap();
        let visits: u64 = days.iter().map(|d| d["visits"].as_u64().unwrap()).sum();
        (
            visits,
            all["visits_week"].clone(),
            all["households_not_visited"]["count"].clone(),
            all["matters_open"].clone(),
        )
    };
    assert_eq!(numbers(&t.supervisor), (1, json!(1), json!(1), json!(2)));
    assert_eq!(numbers(&t.auditor), (0, json!(0), json!(0), json!(2)));
}

#[test]
fn an_edit_of_what_may_not_be_read_moves_nothing() {
    let t = Town::new();
    let id = &t.early_matter;
    let orders = [
        "changed",
        "-changed",
        "-captured",
        "-received",
        "status",
        "title",
    ];
    let seen = |client: &Client| {
        let orders = orders.map(|sort| walk(client, &format!("form=matter&sort={sort}")));
        (row(client, id), orders)
    };
    let before = (seen(&t.supervisor), seen(&t.auditor));
    t.world.clock.set(NOW.plus_millis(MINUTES_MS));
    let since = at(MINUTES_MS / 2);
    let change = json!({ "fields": { "reporter_name": "李小红" } });
    t.admin.patch(&format!("/v1/records/{id}"), &change).ok();
    let after = (seen(&t.supervisor), seen(&t.auditor));
    assert_ne!(before.0, after.0, "who may read it sees it move");
    assert_eq!(before.1, after.1);
    for query in [format!("from={since}"), format!("received_from={since}")] {
        let list = |client: &Client| ids(&page(client, &query));
        assert!(list(&t.supervisor).contains(id), "{query}");
        assert!(list(&t.auditor).is_empty(), "{query}");
    }
    // An edit of what may be read does move.
    let change = json!({ "fields": { "place": "东门" } });
    t.admin.patch(&format!("/v1/records/{id}"), &change).ok();
    assert_ne!(seen(&t.auditor), before.1);
    assert_eq!(
        ids(&page(&t.auditor, &format!("from={since}"))),
        std::slice::from_ref(id)
    );
}
