//! What is no longer worked in: nothing new goes into a retired area or form, what is there goes on, and no import
//! brings it back.

use crate::api_support;
use crate::api_support::{Client, World};
use crate::town_support::add;
use serde_json::{Value, json};

/// `c-a` with the grids `c-a-1` and so on.
fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn set_retired(admin: &Client, code: &str, retired: bool) -> Value {
    let was = admin.get(&format!("/v1/areas/{code}")).ok();
    let body = json!({
        "name": was["name"], "level": was["level"], "parent": was["parent"], "retired": retired,
    });
    admin.put(&format!("/v1/areas/{code}"), &body).ok()
}

fn matter(grid: &str) -> Value {
    json!({ "grid": grid, "form": "matter", "fields": { "summary": "路灯不亮" } })
}

#[test]
fn nothing_new_goes_into_a_retired_area_and_what_is_there_goes_on() {
    let (world, admin) = office();
    let id = add(&admin, "c-a-1", "matter", json!({ "summary": "井盖松动" }));
    let (worker, _) = world.person(&admin, "zhang", "worker", "c-a-1");
    set_retired(&admin, "c-a", true);
    // It and what lies in it, and not what lies beside.
    for (code, retired) in [("c-a", true), ("c-a-1", true), ("c-b-1", false)] {
        let area = admin.get(&format!("/v1/areas/{code}")).ok();
        assert_eq!(area["retired"], json!(retired), "{code}");
        assert_eq!(area["retired_at"].is_string(), code == "c-a", "{code}");
    }
    admin
        .post("/v1/records", &matter("c-a-1"))
        .refused(409, "area_retired");
    admin.post("/v1/records", &matter("c-b-1")).ok();
    let grant = json!({ "user_id": worker, "role": "worker", "area": "c-a-1" });
    admin
        .post("/v1/grants", &grant)
        .refused(409, "area_retired");
    let child = json!({ "name": "新网格", "level": "grid", "parent": "c-a" });
    admin
        .put("/v1/areas/c-a-9", &child)
        .refused(409, "conflict");
    // A name may be corrected; it stays retired, and so it does when nothing is said of it.
    let renamed = json!({ "name": "旧社区", "level": "community", "parent": "c" });
    assert_eq!(admin.put("/v1/areas/c-a", &renamed).ok()["retired"], true);
    let path = format!("/v1/records/{id}");
    admin
        .patch(
            &path,
            &json!({ "fields": { "summary": "井盖松动,已围挡" } }),
        )
        .ok();
    assert_eq!(
        admin.get(&path).ok()["fields"]["summary"],
        "井盖松动,已围挡"
    );
    // Of lists they are left out on request.
    let codes = |query: &str| -> Vec<String> {
        let page = admin.get(&format!("/v1/areas?{query}&limit=100")).ok();
        let areas = page["areas"].as_array().unwrap().iter();
        areas
            .map(|a| a["code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(!codes("retired=false").contains(&"c-a-1".to_owned()));
    assert!(codes("retired=true").contains(&"c-a-1".to_owned()));
    assert!(codes("level=grid").contains(&"c-a-1".to_owned()));
    // Taken back, all is as before.
    set_retired(&admin, "c-a", false);
    admin.post("/v1/records", &matter("c-a-1")).ok();
    admin.post("/v1/grants", &grant).ok();
}

#[test]
fn an_import_neither_brings_a_retired_area_back_nor_puts_anything_into_it() {
    let (_world, admin) = office();
    set_retired(&admin, "c-a", true);
    let file = "code,parent,name,level\nc-a,c,改了名字,community\nc-a-7,c-a,7号网格,grid\n";
    let report = admin
        .send(
            "POST",
            "/v1/areas/import",
            "application/octet-stream",
            file.as_bytes(),
        )
        .ok();
    assert_eq!(
        (&report["changed"], &report["refused"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(report["refusals"][0]["line"], 3, "{report}");
    let area = admin.get("/v1/areas/c-a").ok();
    assert_eq!(
        (&area["name"], &area["retired"]),
        (&json!("改了名字"), &json!(true))
    );
}

#[test]
fn a_retired_form_is_not_filled_in_and_its_records_are_read() {
    let (world, admin) = office();
    let id = add(&admin, "c-a-1", "matter", json!({ "summary": "井盖松动" }));
    let retire = |retired: bool| {
        admin
            .put("/v1/forms/matter/retired", &json!({ "retired": retired }))
            .ok()
    };
    assert!(retire(true)["retired"]["matter"].is_string());
    admin
        .post("/v1/records", &matter("c-a-1"))
        .refused(409, "form_retired");
    assert_eq!(admin.get(&format!("/v1/records/{id}")).status, 200);
    admin
        .put("/v1/forms/no-such/retired", &json!({ "retired": true }))
        .refused(404, "not_found");
    // It lasts over a restart, which reads it from the log.
    let world = world.reopen(api_support::config());
    let admin = world.admin();
    let forms = admin.get("/v1/forms").ok();
    assert_eq!(forms["retired"].as_object().unwrap().len(), 1, "{forms}");
    let back = json!({ "retired": false });
    let forms = admin.put("/v1/forms/matter/retired", &back).ok();
    assert_eq!(forms["retired"], json!({}));
    admin.post("/v1/records", &matter("c-a-1")).ok();
}
