//! Whom work is given to: by id and not by name, whatever people are called later, and handed over
//! when somebody else takes their grid.

use crate::api_support::{Client, World};
use crate::town_support::{add, ids, page};
use serde_json::{Value, json};

/// Somebody who works in an area.
fn worker(admin: &Client, name: &str, area: &str) -> String {
    let user = admin.post("/v1/users", &json!({ "name": name })).ok();
    let id = user["user_id"].as_str().unwrap().to_owned();
    let grant = json!({ "user_id": id, "role": "worker", "area": area });
    admin.post("/v1/grants", &grant).ok();
    id
}

fn task(admin: &Client, grid: &str, doer: Value) -> String {
    add(
        admin,
        grid,
        "task",
        json!({ "title": "检查电梯", "doer": doer }),
    )
}

fn of(admin: &Client, who: &str) -> Vec<String> {
    let mut found = ids(&page(admin, &format!("form=task&assignee={who}")));
    found.sort();
    found
}

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

#[test]
fn work_follows_a_person_who_is_renamed_and_a_namesake_has_none_of_it() {
    let (_world, admin) = office();
    let zhang = worker(&admin, "张伟", "c-a-1");
    let given = task(&admin, "c-a-1", json!("张伟"));
    let read = admin.get(&format!("/v1/records/{given}")).ok();
    assert_eq!(
        read["fields"]["doer"],
        json!({ "user_id": zhang, "name": "张伟" })
    );
    assert_eq!(of(&admin, "张伟"), [given.as_str()]);
    let renamed = json!({ "name": "张玮" });
    admin.patch(&format!("/v1/users/{zhang}"), &renamed).ok();
    let namesake = worker(&admin, "张伟", "c-a-2");
    assert_eq!(of(&admin, "张玮"), [given.as_str()]);
    assert_eq!(of(&admin, &zhang), [given.as_str()]);
    assert!(of(&admin, "张伟").is_empty());
    assert!(of(&admin, &namesake).is_empty());
    let rows = page(&admin, "form=task");
    assert_eq!(rows["records"][0]["assignee"], "张玮");
    assert_eq!(rows["records"][0]["assignee_id"], json!(zhang));
    // The history has the name of then.
    let history = admin.get(&format!("/v1/records/{given}/history")).ok();
    assert!(history.to_string().contains("张伟"), "{history}");
}

#[test]
fn a_name_of_two_people_in_one_grid_is_asked_about_and_an_id_is_nobody_elses() {
    let (world, admin) = office();
    let [one, other] = ["c-a", "c-a-1"].map(|area| worker(&admin, "张伟", area));
    let asked =
        json!({ "grid": "c-a-1", "form": "task", "fields": { "title": "x", "doer": "张伟" } });
    let refused = admin.post("/v1/records", &asked);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("user_id"), "{}", refused.text());
    assert!(!refused.text().contains("张伟"), "no name in an error");
    assert!(ids(&page(&admin, "form=task")).is_empty());
    // In the other grid only one of them works.
    let there = task(&admin, "c-a-2", json!("张伟"));
    let here = task(&admin, "c-a-1", json!(other));
    assert_eq!(of(&admin, &one), [there]);
    assert_eq!(of(&admin, &other), [here]);
    // Nobody, and somebody whom the one who asks may not know of.
    let elsewhere = worker(&admin, "李娜", "c-b-1");
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    for id in [elsewhere.as_str(), "0190b2c4-aaaa-7bbb-8ccc-0123456789ab"] {
        let asked =
            json!({ "grid": "c-a-1", "form": "task", "fields": { "title": "x", "doer": id } });
        assert_eq!(supervisor.post("/v1/records", &asked).status, 400);
    }
    // Whoever has no account is known by name.
    let outside = task(&admin, "c-a-1", json!("物业公司"));
    let read = admin.get(&format!("/v1/records/{outside}")).ok();
    assert_eq!(read["fields"]["doer"], "物业公司");
    assert_eq!(of(&admin, "物业公司"), [outside]);
}

#[test]
fn what_was_written_by_name_before_there_were_people_is_found_by_both() {
    let (_world, admin) = office();
    let mut form = admin.get("/v1/forms/task/latest").ok();
    form["code"] = json!("errand");
    form["version"] = json!(1);
    for field in form["fields"].as_array_mut().unwrap() {
        if field["type"] == "person" {
            field["type"] = json!("text");
            field["max_chars"] = json!(60);
        }
    }
    admin.post("/v1/forms", &form).ok();
    let wu = worker(&admin, "吴芳", "c-a-1");
    let before = add(
        &admin,
        "c-a-1",
        "errand",
        json!({ "title": "x", "doer": "吴芳" }),
    );
    form["version"] = json!(2);
    for field in form["fields"].as_array_mut().unwrap() {
        if field["key"] == "doer" || field["key"] == "issuer" {
            field["type"] = json!("person");
            field.as_object_mut().unwrap().remove("max_chars");
        }
    }
    admin.post("/v1/forms", &form).ok();
    let after = add(
        &admin,
        "c-a-1",
        "errand",
        json!({ "title": "y", "doer": wu }),
    );
    let found = |who: &str| {
        let mut found = ids(&page(&admin, &format!("form=errand&assignee={who}")));
        found.sort();
        found
    };
    let mut both = vec![before, after.clone()];
    both.sort();
    assert_eq!(found("吴芳"), both);
    assert_eq!(found(&wu), both);
    // Of two people of that name nobody knows whose it was.
    worker(&admin, "吴芳", "c-b-1");
    assert_eq!(found(&wu), [after]);
    // A person does not become a text again.
    form["version"] = json!(3);
    for field in form["fields"].as_array_mut().unwrap() {
        if field["key"] == "doer" {
            field["type"] = json!("text");
        }
    }
    assert!(admin.post("/v1/forms", &form).status >= 400);
}

#[test]
fn open_work_is_handed_over_where_the_other_works_and_closed_work_stays() {
    let (world, admin) = office();
    let wu = worker(&admin, "吴芳", "c-a");
    let zhao = worker(&admin, "赵敏", "c-a-1");
    let open = task(&admin, "c-a-1", json!(wu));
    let elsewhere = task(&admin, "c-a-2", json!(wu));
    let closed = add(
        &admin,
        "c-a-1",
        "matter",
        json!({ "kind": "路灯", "assignee": wu }),
    );
    for action in ["accept", "dispatch", "handle", "close"] {
        let step = json!({ "action": action });
        admin
            .post(&format!("/v1/records/{closed}/transitions"), &step)
            .ok();
    }
    let over = format!("/v1/users/{wu}/hand-over");
    let counted = admin
        .post(&over, &json!({ "to": zhao, "dry_run": true }))
        .ok();
    assert_eq!(
        (&counted["open"], &counted["handed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(of(&admin, &zhao), Vec::<String>::new());
    // Not in another street, nor by whoever is no supervisor there.
    let (_, other) = world.person(&admin, "sun", "supervisor", "c-b");
    assert_eq!(other.post(&over, &json!({ "to": zhao })).status, 404);
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let done = supervisor.post(&over, &json!({ "to": zhao })).ok();
    assert_eq!(done["handed"], 1);
    assert_eq!(
        done["left"],
        json!([{ "record_id": elsewhere, "code": "forbidden" }])
    );
    assert_eq!(of(&admin, &zhao), [open.as_str()]);
    assert_eq!(of(&admin, &wu), [elsewhere]);
    let read = admin.get(&format!("/v1/records/{closed}")).ok();
    assert_eq!(read["assignee_id"], json!(wu));
    // Asked again there is nothing more to hand over.
    let again = supervisor.post(&over, &json!({ "to": zhao })).ok();
    assert_eq!(again["handed"], 0);
    let history = admin.get(&format!("/v1/records/{open}/history")).ok();
    assert_eq!(history["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn files_name_people_as_they_are_called_now_and_tell_programs_their_ids() {
    let (_world, admin) = office();
    let zhang = worker(&admin, "张伟", "c-a-1");
    task(&admin, "c-a-1", json!("张伟"));
    admin
        .patch(&format!("/v1/users/{zhang}"), &json!({ "name": "张玮" }))
        .ok();
    let file = |query: &str| {
        admin
            .get(&format!("/v1/export/records?format=csv&form=task&{query}"))
            .text()
    };
    let for_people = file("headings=labels&fields=doer");
    assert!(
        for_people.contains("张玮") && !for_people.contains("张伟"),
        "{for_people}"
    );
    assert!(!for_people.contains(&zhang), "{for_people}");
    let for_programs = file("headings=keys&fields=doer");
    assert!(for_programs.contains("doer,doer.user_id"), "{for_programs}");
    assert!(for_programs.contains(&zhang), "{for_programs}");
}
