//! Households that are there twice are proposed by what they are called and what else is the same, decided by a person,
//! and a decision can be taken back.

use crate::api_support::{Client, World};
use crate::town_support::add;
use serde_json::{Value, json};

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn home(client: &Client, grid: &str, address: &str, name: &str, phone: &str) -> String {
    let mut fields = json!({ "address": address });
    for (key, text) in [("head_name", name), ("phone", phone)] {
        if !text.is_empty() {
            fields[key] = json!(text);
        }
    }
    add(client, grid, "household", fields)
}

fn proposed(client: &Client, query: &str) -> Value {
    client
        .get(&format!("/v1/households/duplicates?{query}"))
        .ok()
}

/// The pairs, each with the smaller id first: all of it is written in one moment here.
fn pairs(page: &Value) -> Vec<([String; 2], Value)> {
    let pairs = page["pairs"].as_array().unwrap().iter();
    let id = |row: &Value| row["record_id"].as_str().unwrap().to_owned();
    pairs
        .map(|p| (both(&id(&p["one"]), &id(&p["other"])), p["same"].clone()))
        .collect()
}

fn both(one: &str, other: &str) -> [String; 2] {
    let mut both = [one.to_owned(), other.to_owned()];
    both.sort();
    both
}

#[test]
fn what_is_written_otherwise_and_means_the_same_is_proposed_and_nothing_else() {
    let (world, admin) = office();
    let one = home(&admin, "c-a-1", "滨江道 12号 3-402", "王小明", "");
    let wide = home(&admin, "c-a-2", "滨江道１２号３－４０２", "wxm", "");
    // Beside it, in the same stair.
    home(&admin, "c-a-1", "滨江道 12号 3-403", "李奶奶", "");
    // Two of one name are two people.
    home(&admin, "c-a-1", "和平路 1 号", "张伟", "");
    home(&admin, "c-a-1", "南京路 9 号", "张伟", "");
    // In one grid, called by less of the address, under one number.
    let short = home(&admin, "c-b-1", "幸福里", "赵敏", "13800000001");
    let long = home(&admin, "c-b-1", "幸福里 8 号楼", "", "138-0000-0001");
    let found = proposed(&admin, "");
    assert_eq!(
        pairs(&found),
        [
            (both(&one, &wide), json!(["address", "head_name"])),
            (both(&short, &long), json!(["phone"])),
        ],
        "{found}"
    );
    assert_eq!(
        (&found["total"], &found["is_part"]),
        (&json!(2), &json!(false))
    );
    let first = proposed(&admin, "limit=1");
    let next = first["next"].as_str().unwrap();
    assert_eq!(
        pairs(&proposed(&admin, &format!("limit=1&cursor={next}"))),
        pairs(&found)[1..]
    );
    assert_eq!(pairs(&proposed(&admin, "area=c-b")).len(), 1);
    // Nobody hears of a household that they may not read.
    let (_, li) = world.person(&admin, "li", "supervisor", "c-b");
    assert_eq!(pairs(&proposed(&li, "")).len(), 1);
    let (_, worker) = world.person(&admin, "zhang", "worker", "c-b-1");
    worker
        .get("/v1/households/duplicates")
        .refused(403, "forbidden");
    // Merged they are one.
    let body = json!({ "into": one });
    admin.post(&format!("/v1/records/{wide}/merge"), &body).ok();
    assert_eq!(pairs(&proposed(&admin, "")).len(), 1);
}

#[test]
fn a_decision_stands_until_it_is_taken_back() {
    let (world, admin) = office();
    let one = home(&admin, "c-a-1", "滨江道 1 号", "王小明", "");
    let other = home(&admin, "c-b-1", "滨江道 1 号", "王大明", "");
    let decide = |client: &Client, distinct: bool| {
        let body = json!({ "one": other, "other": one, "distinct": distinct });
        client.post("/v1/households/duplicates/decide", &body)
    };
    // Whoever leads one of both grids alone knows nothing of the other.
    let (_, li) = world.person(&admin, "li", "supervisor", "c-a");
    decide(&li, true).refused(404, "not_found");
    assert_eq!(pairs(&proposed(&admin, "")).len(), 1);
    assert_eq!(decide(&admin, true).status, 204);
    assert_eq!(pairs(&proposed(&admin, "")).len(), 0);
    let put = pairs(&proposed(&admin, "distinct=true"));
    assert_eq!(put[0].0, both(&one, &other));
    let world = world.reopen(crate::api_support::config());
    let admin = world.admin();
    assert_eq!(
        pairs(&proposed(&admin, "")).len(),
        0,
        "it outlasts a restart"
    );
    assert_eq!(decide(&admin, false).status, 204);
    assert_eq!(pairs(&proposed(&admin, "")).len(), 1);
    assert_eq!(pairs(&proposed(&admin, "distinct=true")).len(), 0);
    let itself = json!({ "one": one, "other": one, "distinct": true });
    admin
        .post("/v1/households/duplicates/decide", &itself)
        .refused(400, "bad_request");
    let audit = admin
        .get("/v1/audit?what=duplicate.decide&newest=true")
        .ok();
    assert_eq!(audit["rows"].as_array().map(Vec::len), Some(2), "{audit}");
}
