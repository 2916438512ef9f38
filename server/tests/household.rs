//! What the page of a household asks for: all that is about it and what refers to that, who made it, when it first came.

use std::collections::BTreeSet;

use crate::api_support;
use crate::api_support::{Client, NOW};
use crate::town_support::{HOUR_MS, Town, add, at, ids, page, walk};
use serde_json::{Value, json};

/// A matter about the household with two tasks, one of another household with one, and one that lies elsewhere.
struct Street {
    town: Town,
    matter: String,
    tasks: [String; 2],
    others_task: String,
    elsewhere: String,
    task_of_elsewhere: String,
}

impl Street {
    fn new() -> Self {
        let town = Town::new();
        let matter = |grid: &str, household: &str| {
            let fields = json!({ "kind": "电梯", "summary": "s", "reported_at": at(0), "household": household });
            add(&town.admin, grid, "matter", fields)
        };
        let task = |title: &str, matter: &str| {
            add(
                &town.admin,
                "c-a-1",
                "task",
                json!({ "title": title, "matter": matter }),
            )
        };
        let of_it = matter("c-a-1", &town.household);
        let of_another = matter("c-a-1", &town.unvisited);
        let elsewhere = matter("c-b-1", &town.household);
        Self {
            tasks: [task("1 看电梯", &of_it), task("2 修电梯", &of_it)],
            others_task: task("3 别家的", &of_another),
            task_of_elsewhere: task("4 别处的", &elsewhere),
            matter: of_it,
            elsewhere,
            town,
        }
    }
}

fn set(all: &[&String]) -> BTreeSet<String> {
    all.iter().map(|id| (*id).clone()).collect()
}

#[test]
fn what_refers_to_a_matter_of_a_household_is_linked_to_it_and_nothing_else_is() {
    let s = Street::new();
    let [one, two] = &s.tasks;
    let found = |client: &Client, more: &str| -> BTreeSet<String> {
        let query = format!("household={}&linked=true{more}", s.town.household);
        let all = walk(client, &query);
        let once: BTreeSet<String> = all.iter().cloned().collect();
        assert_eq!(all.len(), once.len(), "nothing is there twice: {more}");
        let total = &page(client, &format!("{query}&count=true"))["total"];
        assert_eq!(*total, all.len(), "{more}");
        once
    };
    let (town, mine) = (&s.town, &s.town.supervisor);
    assert_eq!(
        found(mine, ""),
        set(&[&town.household, &town.visit, &s.matter, one, two])
    );
    assert_eq!(found(mine, "&form=task"), set(&[one, two]));
    assert_eq!(found(mine, "&text=修电梯"), set(&[two]));
    assert_eq!(found(mine, "&status=issued"), set(&[one, two]));
    assert_eq!(
        found(&town.admin, "&form=matter,task"),
        set(&[&s.matter, one, two, &s.elsewhere, &s.task_of_elsewhere])
    );
    let plain = format!("household={}", town.household);
    assert_eq!(ids(&page(mine, &plain)).len(), 3, "without being asked for");
    assert!(!found(mine, "").contains(&s.others_task));
    // The newest first over both looks.
    let order = |sort: &str| walk(mine, &format!("{plain}&linked=true&sort={sort}"));
    let (up, mut down) = (order("title"), order("-title"));
    down.reverse();
    assert_eq!(up, down);
}

#[test]
fn nothing_is_linked_by_what_the_reader_may_not_know() {
    let s = Street::new();
    let found = |client: &Client| {
        let query = format!("household={}&linked=true&form=task", s.town.household);
        ids(&page(client, &query))
    };
    assert!(
        !found(&s.town.supervisor).contains(&s.task_of_elsewhere),
        "of a matter that lies elsewhere"
    );
    assert_eq!(found(&s.town.auditor).len(), 2, "matters are general");
    // What is deleted links nothing until it is asked for.
    let path = format!("/v1/records/{}", s.matter);
    s.town.admin.delete(&path).ok();
    assert_eq!(found(&s.town.supervisor), Vec::<String>::new());
}

#[test]
fn rows_say_who_made_them_to_those_who_may_read_it() {
    let s = Street::new();
    let town = &s.town;
    town.supervisor
        .patch(
            &format!("/v1/records/{}", town.visit),
            &json!({ "fields": { "notes": "后来补写" } }),
        )
        .ok();
    let row = |client: &Client, more: &str, id: &str| -> Value {
        page(client, &format!("id={id}{more}"))["records"][0].clone()
    };
    let made = row(&town.supervisor, "&made_by=true", &town.visit)["made_by"].clone();
    let admin = town.admin.get("/v1/me").ok();
    assert_eq!(made["user_id"], admin["user_id"], "the first, not the last");
    assert_eq!(made["user_name"], admin["user_name"]);
    assert!(row(&town.supervisor, "", &town.visit)["made_by"].is_null());
    assert!(row(&town.auditor, "&made_by=true", &town.visit)["made_by"].is_null());
    assert_eq!(
        row(&town.auditor, "&made_by=true", &s.matter)["made_by"]["user_id"],
        admin["user_id"]
    );
}

#[test]
fn a_row_has_both_times_of_its_first_edit_whatever_comes_after() {
    let t = Town::new();
    let (user, _) = t.world.person(&t.admin, "zhao", "worker", "c-a-1");
    let session = t.world.phone(&t.admin, &user, 7).ok();
    let phone = t.world.anonymous().with(&session);
    let record = api_support::push_matter(&phone, 7, NOW.plus_millis(-10 * HOUR_MS));
    let path = format!("/v1/records/{record}");
    let times = |client: &Client| {
        let row = client.get(&path).ok();
        ["captured_at", "first_received_at", "received_at"].map(|key| row[key].clone())
    };
    let came = at(0);
    assert_eq!(
        times(&t.supervisor),
        [at(-10 * HOUR_MS), came.clone(), came.clone()]
    );
    t.world.clock.set(NOW.plus_millis(60_000));
    t.supervisor
        .post(
            &format!("{path}/transitions"),
            &json!({ "action": "accept" }),
        )
        .ok();
    for client in [&t.supervisor, &t.auditor] {
        assert_eq!(times(client), [at(-10 * HOUR_MS), came.clone(), at(60_000)]);
    }
    let visit = t.auditor.get(&format!("/v1/records?id={}", t.visit)).ok();
    assert!(visit["records"][0]["first_received_at"].is_null());
}

#[test]
fn a_record_says_which_classes_one_may_read_also_where_nothing_was_written_yet() {
    let s = Street::new();
    let classes = |client: &Client| {
        let record = client.get(&format!("/v1/records/{}", s.matter)).ok();
        record["classes"].clone()
    };
    assert_eq!(
        classes(&s.town.supervisor),
        json!(["general", "personal", "restricted"]),
        "nothing personal was written in it"
    );
    assert_eq!(classes(&s.town.auditor), json!(["general"]));
}
