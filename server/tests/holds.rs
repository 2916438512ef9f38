//! What a person's phone holds is seen before it is handed out: by the rule of the sync, and no more than whoever looks
//! may read themselves.

use crate::api_support::NOW;
use crate::api_support::{World, bring, push_matter};
use crate::town_support::{HOUR_MS, add, at, ids};
use gridfold_sync_core::wire::SyncRequest;
use serde_json::{Value, json};

fn holds(client: &crate::api_support::Client, user: &str, query: &str) -> Value {
    client.get(&format!("/v1/users/{user}/holds?{query}")).ok()
}

#[test]
fn it_is_what_the_sync_serves_narrowed_to_what_the_caller_reads() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, li) = world.person(&admin, "li", "supervisor", "c-a");
    let user = admin.post("/v1/users", &json!({ "name": "张伟" })).ok();
    let zhang = user["user_id"].as_str().unwrap().to_owned();
    let none = holds(&admin, &zhang, "");
    assert_eq!(
        (
            &none["grid_count"],
            &none["records_count"],
            &none["records"]
        ),
        (&json!(0), &json!(0), &json!([]))
    );
    let grant = |area: &str, from: Option<String>| {
        let body = json!({ "user_id": zhang, "role": "worker", "area": area, "from": from });
        admin.post("/v1/grants", &body).ok();
    };
    grant("c-a-1", None);
    let mine = add(
        &admin,
        "c-a-1",
        "task",
        json!({ "title": "检查电梯", "doer": zhang }),
    );
    let home = add(
        &admin,
        "c-a-1",
        "household",
        json!({ "address": "北街 1 号" }),
    );
    add(&admin, "c-a-2", "matter", json!({ "summary": "路灯不亮" }));
    let seen = holds(&li, &zhang, "");
    let mut listed = ids(&seen);
    listed.sort();
    let mut expected = vec![mine.clone(), home];
    expected.sort();
    assert_eq!(listed, expected, "nothing of the other grid: {seen}");
    assert_eq!(seen["forms"], json!({ "task": 1, "household": 1 }));
    assert_eq!((&seen["open"], &seen["theirs"]), (&json!(1), &json!(1)));
    assert_eq!(
        seen["grids"],
        json!([{ "grid": "c-a-1", "name": "c-a-1", "classes": ["general", "personal", "restricted"] }])
    );
    assert_eq!(ids(&holds(&li, &zhang, "form=task")), [mine.as_str()]);
    // Page by page it is the same.
    let first = holds(&li, &zhang, "limit=1");
    let next = first["next"].as_str().unwrap();
    let second = holds(&li, &zhang, &format!("limit=1&cursor={next}"));
    assert_ne!(ids(&first), ids(&second));

    // On a day on which another grant has begun there is more, and whoever may not read that is only told that it is there.
    grant("c-b-1", Some(at(24 * HOUR_MS)));
    add(&admin, "c-b-1", "matter", json!({ "summary": "噪音" }));
    let day = at(48 * HOUR_MS);
    assert_eq!(holds(&admin, &zhang, "")["grid_count"], 1);
    let then = holds(&admin, &zhang, &format!("at={day}"));
    assert_eq!(
        (&then["grid_count"], &then["records_count"]),
        (&json!(2), &json!(3))
    );
    // A grant elsewhere is not theirs to manage: they may not look at all.
    li.get(&format!("/v1/users/{zhang}/holds"))
        .refused(403, "forbidden");
    let (_, sun) = world.person(&admin, "sun", "admin", "c-a");
    sun.get(&format!("/v1/users/{zhang}/holds?at={day}"))
        .refused(403, "forbidden");
    admin
        .get(&format!("/v1/users/{zhang}/holds?at=soon"))
        .refused(400, "bad_request");
    let audit = admin
        .get("/v1/audit?what=user.holds&newest=true")
        .ok()
        .to_string();
    assert!(audit.contains(&zhang), "{audit}");
}

#[test]
fn what_a_phone_brings_is_in_it_and_a_grant_that_ended_leaves_nothing() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (zhang, worker) = world.person(&admin, "zhang", "worker", "c-a-1");
    let phone = world.phone(&admin, &zhang, 7).ok();
    let phone = world.anonymous().with(&phone);
    let record = push_matter(&phone, 7, NOW.plus_millis(-HOUR_MS));
    bring(&phone, &SyncRequest::default());
    assert_eq!(ids(&holds(&admin, &zhang, "")), [record]);
    worker
        .get(&format!("/v1/users/{zhang}/holds"))
        .refused(403, "forbidden");
    let grants = admin.get(&format!("/v1/grants?user_id={zhang}")).ok();
    let grant = grants["grants"][0]["grant_id"].as_str().unwrap().to_owned();
    admin
        .post(&format!("/v1/grants/{grant}/end"), &json!({}))
        .ok();
    let after = holds(&admin, &zhang, "");
    assert_eq!(
        (&after["grid_count"], &after["records"]),
        (&json!(0), &json!([]))
    );
}
