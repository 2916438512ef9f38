//! An import is an act: it is listed, and taken back as far as nobody has touched what it made.

use crate::api_support::{Client, World, config};
use crate::town_support::{add, ids, page};
use gridfold_server::import::{
    CatalogueFormat, MatterOptions, Report, RowClock, import_catalogue, import_matters,
};
use gridfold_server::node::Node;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, UserId};
use serde_json::{Value, json};

/// `c-a` with the grids `c-a-1` and so on.
fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn import(admin: &Client, file: &str) -> Value {
    let kind = "application/octet-stream";
    admin
        .send("POST", "/v1/areas/import", kind, file.as_bytes())
        .ok()
}

fn undo(admin: &Client, id: &str, dry_run: bool) -> Value {
    let path = format!("/v1/imports/{id}/undo");
    admin.post(&path, &json!({ "dry_run": dry_run })).ok()
}

fn area(admin: &Client, code: &str) -> Value {
    admin.get(&format!("/v1/areas/{code}")).ok()
}

fn is_retired(admin: &Client, code: &str) -> bool {
    area(admin, code)["retired_at"].is_string()
}

const HEADER: &str = "unique_key,created_date,closed_date,agency,complaint_type,descriptor,location_type,incident_zip,city,borough,latitude,longitude";

/// Matters as a command imports them: under a console of their own.
fn matters(node: &Node, rows: &[&str]) -> Report {
    let (_, user) = node.auth.accounts.logins().unwrap().remove(0);
    let device = node.auth.devices.create_console(user, 0).unwrap();
    let options = MatterOptions {
        author: Author {
            device: DeviceId(device),
            user: UserId(user),
        },
        clock: RowClock::new("America/New_York").unwrap(),
        dry_run: false,
    };
    let file = format!("{HEADER}\n{}\n", rows.join("\n"));
    import_matters(node, file.as_bytes(), &options, &mut |_| {}).unwrap()
}

const NOISE: &str = "1,2026-06-13T01:50:34.000,,NYPD,Noise - Residential,Loud Music,House,10452,BRONX,BRONX,40.8,-73.9";
const HOLE: &str = "2,2026-06-12T10:00:00.000,2026-06-13T01:00:00.000,DOT,Street Condition,Pothole,Street,11385,RIDGEWOOD,QUEENS,40.7,-73.9";
const LIGHT: &str =
    "3,2026-06-11T10:00:00.000,,DOT,Street Light,Out,Street,11385,RIDGEWOOD,QUEENS,40.7,-73.9";

#[test]
fn areas_that_a_file_made_are_retired_and_those_that_it_changed_are_as_before() {
    let (world, admin) = office();
    let file = "code,parent,name,level\nc-a-1,c-a,改错的名字,grid\nc-c,c,新街道,street\nc-c-1,c-c,新一网格,grid\nc-c-2,c-c,新二网格,grid\nc-x-1,c-x,没有上级,grid\n";
    let before = area(&admin, "c-a-1");
    let done = import(&admin, file);
    let id = done["import_id"].as_str().unwrap();
    let listed = admin.get("/v1/imports").ok();
    let told = &listed["imports"][0];
    assert_eq!(
        (&told["import_id"], &told["kind"], &told["format"]),
        (&json!(id), &json!("areas"), &json!("csv"))
    );
    assert_eq!(told["by"]["user_name"], "admin");
    assert_eq!(
        [
            &told["rows"],
            &told["added"],
            &told["changed"],
            &told["refused"]
        ],
        [&json!(5), &json!(3), &json!(1), &json!(1)]
    );
    assert!(told["ended"] == true && told["undone_at"].is_null());
    // Somebody put one of them to use, and another was corrected.
    add(&admin, "c-c-2", "matter", json!({ "kind": "路灯" }));
    let would = undo(&admin, id, true);
    assert_eq!(
        (&would["areas"], &would["left_count"]),
        (&json!(2), &json!(2))
    );
    assert!(!is_retired(&admin, "c-c-1"), "only said");
    let done = undo(&admin, id, false);
    assert_eq!(done["areas"], 2);
    assert_eq!(
        done["left"],
        json!([
            { "thing": "area", "id": "c-c-2", "why": "in_use" },
            { "thing": "area", "id": "c-c", "why": "in_use" },
        ])
    );
    assert_eq!(area(&admin, "c-a-1"), before);
    assert!(is_retired(&admin, "c-c-1") && !is_retired(&admin, "c-c-2"));
    // Again it changes nothing, also after a restart.
    let world = world.reopen(config());
    let admin = world.admin();
    let revision = world.node.directory.current().revision;
    let again = undo(&admin, id, false);
    assert_eq!(
        (&again["areas"], &again["left_count"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(world.node.directory.current().revision, revision);
    let told = &admin.get("/v1/imports").ok()["imports"][0];
    assert!(told["undone_at"].is_string(), "{told}");
    assert_eq!(told["undone_by"]["user_name"], "admin");
    let audit = admin.get("/v1/audit?what=import.undo&newest=true").ok();
    assert!(audit.to_string().contains(id), "{audit}");
}

#[test]
fn what_somebody_changed_since_stays_as_they_left_it() {
    let (_world, admin) = office();
    let file = "code,parent,name,level\nc-a-1,c-a,改错的名字,grid\nc-a-9,c-a,九网格,grid\n";
    let id = import(&admin, file)["import_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (code, name) in [("c-a-1", "一网格"), ("c-a-9", "新九网格")] {
        let body = json!({ "parent": "c-a", "name": name, "level": "grid" });
        admin.put(&format!("/v1/areas/{code}"), &body).ok();
    }
    let done = undo(&admin, &id, false);
    assert_eq!(
        (&done["areas"], &done["left_count"]),
        (&json!(0), &json!(2))
    );
    let whys: Vec<&str> = done["left"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["why"].as_str().unwrap())
        .collect();
    assert_eq!(whys, ["changed", "changed"]);
    assert_eq!(area(&admin, "c-a-1")["name"], "一网格");
    assert!(!is_retired(&admin, "c-a-9"));
    // A file that changes nothing is no act, and neither is a look.
    let same = "code,parent,name,level\nc-a-9,c-a,新九网格,grid\n";
    assert!(import(&admin, same)["import_id"].is_null());
    assert_eq!(
        admin.get("/v1/imports").ok()["imports"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    admin
        .post(
            "/v1/imports/00000000-0000-7000-8000-000000000000/undo",
            &json!({}),
        )
        .refused(404, "not_found");
}

#[test]
fn matters_that_nobody_touched_are_deleted_and_the_others_are_named() {
    let (world, admin) = office();
    let report = matters(&world.node, &[NOISE, HOLE, LIGHT]);
    assert_eq!((report.added, report.areas_added), (3, 5));
    let id = report.import_id.unwrap();
    let of = |text: &str| ids(&page(&admin, &format!("form=matter&text={text}"))).remove(0);
    let (noise, hole, light) = (of("Noise"), of("Pothole"), of("Light"));
    let edit = json!({ "fields": { "place": "三号楼" } });
    admin.patch(&format!("/v1/records/{noise}"), &edit).ok();
    add(
        &admin,
        "c-a-1",
        "task",
        json!({ "title": "看看", "matter": hole }),
    );
    // The same file again, with a correction, is an import of its own.
    let corrected = LIGHT.replace("Out", "Flickering");
    let second = matters(&world.node, &[&corrected]);
    assert_eq!((second.added, second.changed), (0, 1));
    let second = second.import_id.unwrap();
    let done = undo(&admin, &second, false);
    assert_eq!(done["records"], 0);
    assert_eq!(
        done["left"],
        json!([{ "thing": "record", "id": light, "why": "was_there" }])
    );
    let would = undo(&admin, &id, true);
    assert_eq!((&would["records"], &would["areas"]), (&json!(0), &json!(0)));
    let mut left: Vec<(String, String)> = would["left"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["thing"] == "record")
        .map(|l| {
            (
                l["id"].as_str().unwrap().to_owned(),
                l["why"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    left.sort();
    let mut expected = vec![
        (noise, "changed".to_owned()),
        (hole, "in_use".to_owned()),
        (light, "changed".to_owned()),
    ];
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn matters_and_their_areas_go_with_their_import_and_come_back_with_the_next() {
    let (world, admin) = office();
    let mine = add(&admin, "c-a-1", "matter", json!({ "kind": "路灯" }));
    let id = matters(&world.node, &[NOISE, HOLE]).import_id.unwrap();
    let would = undo(&admin, &id, true);
    assert_eq!(
        (&would["records"], &would["areas"], &would["left_count"]),
        (&json!(2), &json!(5), &json!(0))
    );
    let done = undo(&admin, &id, false);
    assert_eq!(
        (&done["records"], &done["areas"], &done["left_count"]),
        (&json!(2), &json!(5), &json!(0))
    );
    assert_eq!(ids(&page(&admin, "form=matter")), [mine.as_str()]);
    assert!(is_retired(&admin, "nyc-bronx-10452") && is_retired(&admin, "nyc"));
    let again = undo(&admin, &id, false);
    assert_eq!(
        (&again["records"], &again["areas"], &again["left_count"]),
        (&json!(0), &json!(0), &json!(0))
    );
    // They are marked, not gone.
    assert_eq!(ids(&page(&admin, "form=matter&deleted=true")).len(), 3);
}

#[test]
fn kinds_that_a_file_added_are_retired_and_those_that_it_changed_are_as_before() {
    let (world, admin) = office();
    let catalogue = || {
        let read = admin.get("/v1/catalogue").ok();
        let kinds = read["kinds"].as_array().unwrap().clone();
        let of = move |code: &str| kinds.iter().find(|k| k["code"] == code).cloned();
        (read["version"].clone(), of)
    };
    let file = |text: &str| {
        let text = format!("code,label_zh,label_en,department\n{text}");
        import_catalogue(
            &world.node,
            text.as_bytes(),
            CatalogueFormat::Csv,
            false,
            &mut |_| {},
        )
        .unwrap()
    };
    file("lamp,路灯,Lamp,市政\nlift,电梯,Lift,房管\n");
    let was = catalogue().1("lamp");
    let id = file("lamp,路灯坏,Lamp,城管\ntree,树木,Tree,园林\nlift,电梯,Lift,物业\n")
        .import_id
        .unwrap();
    file("lift,电梯停,Lift,物业\n");
    let done = undo(&admin, &id, false);
    assert_eq!(done["kinds"], 2);
    assert_eq!(
        done["left"],
        json!([{ "thing": "kind", "id": "lift", "why": "changed" }])
    );
    let (version, of) = catalogue();
    assert_eq!(of("lamp"), was);
    assert_eq!(of("tree").unwrap()["retired"], true);
    assert_eq!(of("lift").unwrap()["label"]["zh"], "电梯停");
    let again = undo(&admin, &id, false);
    assert_eq!(
        (&again["kinds"], &again["left_count"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(catalogue().0, version);
}
