//! Two records of the same thing become one: the one that stays gets what it lacks, what referred to the other refers to
//! it, and whoever names the other finds it.

use crate::api_support::{Client, Reply, World};
use crate::town_support::{HOUR_MS, add, at, ids, page, visit};
use serde_json::{Value, json};

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn read(client: &Client, record: &str) -> Value {
    client.get(&format!("/v1/records/{record}")).ok()
}

fn merge(client: &Client, record: &str, body: &Value) -> Reply {
    client.post(&format!("/v1/records/{record}/merge"), body)
}

fn erase(client: &Client, record: &str) {
    let reason = json!({ "reason": "asked for" });
    client
        .post(&format!("/v1/records/{record}/erase"), &reason)
        .ok();
}

/// A household that stays, and the same one entered again in the grid beside it.
fn twice(client: &Client) -> (String, String) {
    let stays = add(
        client,
        "c-a-1",
        "household",
        json!({
            "address": "滨江道 1 号", "head_name": "王小明", "care_needs": ["elderly_alone"],
            "members": [{ "key": "m1", "name": "王大爷" }], "visits_made": 10,
        }),
    );
    let goes = add(
        client,
        "c-a-2",
        "household",
        json!({
            "address": "滨江道1号", "head_name": "王小明", "phone": "13800000000",
            "care_needs": ["elderly_alone", "disability"], "care_notes": "每周送药",
            "members": [{ "key": "m2", "name": "李奶奶" }], "visits_made": 7,
            "notes": "门铃坏了。".repeat(300),
        }),
    );
    (stays, goes)
}

#[test]
fn the_one_that_stays_gets_what_it_lacks_and_keeps_what_it_has() {
    let (world, admin) = office();
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let (stays, goes) = twice(&supervisor);
    let visit = visit(&supervisor, "c-a-2", &goes);
    let done = merge(&supervisor, &goes, &json!({ "into": stays })).ok();
    assert_eq!(done["record_id"], json!(stays));
    assert_eq!((&done["set_anew"], &done["left"]), (&json!(1), &json!([])));
    assert_eq!(done["not_taken"], json!(["address", "members"]));
    let after = read(&supervisor, &stays);
    let fields = &after["fields"];
    assert_eq!(fields["address"], "滨江道 1 号");
    assert_eq!(fields["phone"], "13800000000");
    assert_eq!(fields["care_notes"], "每周送药");
    assert_eq!(fields["care_needs"], json!(["disability", "elderly_alone"]));
    assert_eq!(fields["visits_made"], 17);
    assert_eq!(fields["members"].as_array().unwrap().len(), 1);
    assert_eq!(fields["notes"].as_str().unwrap(), "门铃坏了。".repeat(300));
    assert_eq!(after["merged_from"][0]["record_id"], json!(goes));
    assert_eq!(after["merged_from"][0]["user_name"], "li");
    assert!(after["moved_from"].is_null());
    assert_eq!(read(&supervisor, &visit)["household"], json!(stays));
    let gone = read(&supervisor, &goes);
    assert_eq!(gone["deleted"], true);
    assert_eq!(gone["moved_to"]["record_id"], json!(stays));
    assert_eq!(gone["moved_to"]["merged"], true);
    assert_eq!(
        ids(&page(&supervisor, "form=household")),
        [stays.as_str()],
        "it is there once"
    );
    let told = |record: &str| {
        let path = format!("/v1/records/{record}/history");
        let history = supervisor.header("accept-language", "zh").get(&path).ok();
        let entries = history["entries"].as_array().unwrap().clone();
        let moved = entries.iter().filter_map(|e| e["moved"].as_str());
        moved.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&goes), ["并入另一条记录"]);
    assert!(
        told(&stays)
            .iter()
            .all(|words| words == "并入一条重复的记录")
    );
    assert!(!told(&stays).is_empty());
    let audit = admin.get("/v1/audit?what=record.merge&newest=true").ok();
    let row = audit.to_string();
    assert!(row.contains(&stays) && row.contains(&goes), "{row}");
}

#[test]
fn what_is_named_of_the_one_that_goes_stands_in_the_one_that_stays() {
    let (_world, admin) = office();
    let (stays, goes) = twice(&admin);
    let path = format!("/v1/records/{stays}");
    let own = json!({ "fields": { "notes": "住五楼。" } });
    admin.patch(&path, &own).ok();
    let take = json!({ "into": stays, "take": ["address", "members", "notes"] });
    let done = merge(&admin, &goes, &take).ok();
    assert_eq!(done["not_taken"], json!([]));
    let fields = read(&admin, &stays)["fields"].clone();
    assert_eq!(fields["address"], "滨江道1号");
    assert_eq!(fields["members"].as_array().unwrap().len(), 2);
    assert_eq!(fields["notes"].as_str().unwrap(), "门铃坏了。".repeat(300));
    // What stood there before is in the history.
    let history = admin.get(&format!("{path}/history")).ok().to_string();
    assert!(history.contains("滨江道 1 号"), "{history}");
    let (stays, goes) = twice(&admin);
    let unknown = json!({ "into": stays, "take": ["colour"] });
    merge(&admin, &goes, &unknown).refused(422, "unknown_field");
    assert_eq!(read(&admin, &goes)["deleted"], false);
}

#[test]
fn the_same_merge_again_is_one_and_several_may_go_into_one() {
    let (_world, admin) = office();
    let (stays, goes) = twice(&admin);
    let body = json!({ "into": stays });
    merge(&admin, &goes, &body).ok();
    // A visit that names the one that went comes later.
    let late = visit(&admin, "c-a-2", &goes);
    assert_eq!(read(&admin, &late)["household"], json!(stays));
    let again = merge(&admin, &goes, &body).ok();
    assert_eq!(
        (&again["verdicts"], &again["set_anew"]),
        (&json!([]), &json!(1))
    );
    assert_eq!(read(&admin, &stays)["fields"]["visits_made"], 17);
    let (other, third) = twice(&admin);
    merge(&admin, &goes, &json!({ "into": other })).refused(409, "conflict");
    merge(&admin, &other, &body).ok();
    merge(&admin, &third, &body).ok();
    let merged = read(&admin, &stays)["merged_from"].clone();
    let merged: Vec<_> = merged.as_array().unwrap().clone();
    let merged: Vec<_> = merged.iter().map(|of| of["record_id"].clone()).collect();
    assert_eq!(merged, [json!(goes), json!(other), json!(third)]);
    // All of them are one for whoever asks, also after it moves.
    let moved = json!({ "grid": "c-b-1" });
    let moved = admin
        .post(&format!("/v1/records/{stays}/move"), &moved)
        .ok();
    let present = moved["record_id"].as_str().unwrap();
    for former in [&goes, &third, &stays] {
        let found = ids(&page(&admin, &format!("form=visit&household={former}")));
        assert_eq!(found, [late.as_str()]);
    }
    assert_eq!(read(&admin, &late)["household"], json!(present));
    // And all of them go when it is erased.
    erase(&admin, present);
    for gone in [&goes, &other, &third, &stays] {
        admin
            .get(&format!("/v1/records/{gone}"))
            .refused(410, "record_erased");
    }
}

#[test]
fn what_is_not_the_same_thing_or_not_theirs_is_not_merged_and_nothing_is_done() {
    let (world, admin) = office();
    let (stays, goes) = twice(&admin);
    let body = json!({ "into": stays });
    let nothing_happened = || {
        assert_eq!(read(&admin, &goes)["deleted"], false);
        assert!(read(&admin, &stays)["fields"]["phone"].is_null());
    };
    merge(&admin, &goes, &json!({ "into": goes })).refused(409, "conflict");
    let visit = visit(&admin, "c-a-1", &stays);
    merge(&admin, &goes, &json!({ "into": visit })).refused(409, "conflict");
    // Not there, or not to be written there.
    let (_, there) = world.person(&admin, "there", "supervisor", "c-a-2");
    merge(&there, &goes, &body).refused(404, "not_found");
    let (id, reads) = world.person(&admin, "reads", "worker", "c-a-2");
    let grant = json!({ "user_id": id, "role": "auditor", "area": "c-a-1" });
    admin.post("/v1/grants", &grant).ok();
    merge(&reads, &goes, &body).refused(404, "not_found");
    let matter = |grid| add(&admin, grid, "matter", json!({ "kind": "路灯" }));
    let (here, there) = (matter("c-a-1"), matter("c-a-2"));
    merge(&reads, &there, &json!({ "into": here })).refused(403, "forbidden");
    nothing_happened();
    // Two sides of one value wait for somebody to choose.
    let path = format!("/v1/records/{goes}");
    let heads = read(&admin, &goes)["heads"].clone();
    for name in ["王大明", "王二明"] {
        let edit = json!({ "fields": { "head_name": name }, "base": heads });
        admin.patch(&path, &edit).ok();
    }
    merge(&admin, &goes, &body).refused(409, "unsettled");
    let both = read(&admin, &goes);
    let by = both["conflict_list"][0]["values"][0]["by"].clone();
    let choice = json!({ "field": "head_name", "by": by });
    admin.post(&format!("{path}/choose"), &choice).ok();
    admin.delete(&format!("/v1/records/{stays}")).ok();
    merge(&admin, &goes, &body).refused(409, "conflict");
    admin
        .post(&format!("/v1/records/{stays}/restore"), &json!({}))
        .ok();
    nothing_happened();
    assert_eq!(
        admin.get("/v1/refused").ok()["refused"],
        json!([]),
        "nothing was tried in vain"
    );
    merge(&admin, &goes, &body).ok();
}

#[test]
fn what_stays_must_be_readable_whole_too() {
    let (world, admin) = office();
    let matter = |grid, reporter| {
        let fields = json!({ "kind": "路灯", "reporter_name": reporter });
        add(&admin, grid, "matter", fields)
    };
    let (stays, goes) = (matter("c-a-1", "王小明"), matter("c-a-2", "李奶奶"));
    // A worker in one grid; in the other somebody who writes what everybody may read.
    let (id, both) = world.person(&admin, "both", "worker", "c-a-2");
    let grant = json!({ "user_id": id, "role": "service", "area": "c-a-1" });
    admin.post("/v1/grants", &grant).ok();
    let body = json!({ "into": stays, "take": ["reporter_name"] });
    merge(&both, &goes, &body).refused(403, "forbidden");
    assert_eq!(read(&admin, &goes)["deleted"], false);
    assert_eq!(read(&admin, &stays)["fields"]["reporter_name"], "王小明");
}

#[test]
fn a_field_that_may_not_be_written_stays_behind_unless_it_is_named() {
    let (world, admin) = office();
    let matter = |due: bool| {
        let mut fields = json!({ "kind": "路灯", "summary": "灯不亮" });
        if due {
            fields["due_at"] = json!(at(HOUR_MS));
        }
        add(&admin, "c-a-1", "matter", fields)
    };
    let (_, worker) = world.person(&admin, "zhang", "worker", "c-a");
    let (stays, goes) = (matter(false), matter(true));
    let named = json!({ "into": stays, "take": ["due_at"] });
    let told = merge(&worker, &goes, &named).refused(422, "not_writable");
    assert!(
        told["detail"].as_str().unwrap().contains("due_at"),
        "{told}"
    );
    assert_eq!(read(&admin, &goes)["deleted"], false);
    let done = merge(&worker, &goes, &json!({ "into": stays })).ok();
    assert_eq!(done["not_taken"], json!(["due_at"]));
    assert!(read(&admin, &stays)["fields"]["due_at"].is_null());
}

#[test]
fn a_long_text_goes_along_whole() {
    let (_world, admin) = office();
    let long = "三盏灯都不亮。".repeat(700);
    let matter = |description: &str| {
        let mut fields = json!({ "kind": "路灯", "summary": "灯不亮" });
        if !description.is_empty() {
            fields["description"] = json!(description);
        }
        add(&admin, "c-a-1", "matter", fields)
    };
    for (own, take) in [("", json!([])), ("一盏灯不亮。", json!(["description"]))] {
        let (stays, goes) = (matter(own), matter(&long));
        let body = json!({ "into": stays, "take": take });
        let done = merge(&admin, &goes, &body).ok();
        assert_eq!(done["not_taken"], json!([]));
        assert_eq!(read(&admin, &stays)["fields"]["description"], json!(long));
    }
}
