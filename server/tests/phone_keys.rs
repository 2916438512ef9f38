//! Whether phones are opened by their person alone: who demands it, and who sees it.

use crate::api_support::World;
use serde_json::json;

#[test]
fn an_admin_demands_it_others_see_it_and_the_audit_has_each_change_once() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let of = |said: &serde_json::Value| (said["by_person"].clone(), said["user_name"].clone());
    let free = (json!(false), json!(null));
    assert_eq!(of(&supervisor.get("/v1/phone-keys").ok()), free);
    let demand = |yes: bool| json!({ "by_person": yes });
    supervisor
        .put("/v1/phone-keys", &demand(true))
        .refused(403, "forbidden");
    for _ in 0..2 {
        let said = admin.put("/v1/phone-keys", &demand(true)).ok();
        assert_eq!(of(&said), (json!(true), json!("admin")));
        assert!(said["changed_at"].is_string());
    }
    assert_eq!(
        of(&supervisor.get("/v1/phone-keys").ok()),
        (json!(true), json!("admin"))
    );
    assert_eq!(of(&admin.put("/v1/phone-keys", &demand(false)).ok()), free);
    let audit = admin.get("/v1/audit?newest=true&what=phone_keys.set").ok();
    let scopes: Vec<&str> = audit["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["scope"].as_str().unwrap())
        .collect();
    assert_eq!(scopes, ["by_person:false", "by_person:true"]);
}
