//! A record in the wrong grid is moved: it is made where it belongs with all that is in it, deleted where it was, and
//! whoever names the old one finds the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api_support::{Client, NOW, PASSWORD, Reply, World, config};
use crate::load::Gate;
use crate::town_support::{HOUR_MS, add, at, ids, page, visit};
use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::node::Node;
use gridfold_server::writer::Faults;
use gridfold_sync_core::ids::RecordId;
use serde_json::{Value, json};

/// `c-a` with the grids `c-a-1` and `c-a-2`, `c-b` with `c-b-1`.
fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn read(client: &Client, record: &str) -> Value {
    client.get(&format!("/v1/records/{record}")).ok()
}

fn move_to(client: &Client, record: &str, grid: &str) -> Reply {
    client.post(
        &format!("/v1/records/{record}/move"),
        &json!({ "grid": grid }),
    )
}

fn moved(client: &Client, record: &str, grid: &str) -> String {
    let done = move_to(client, record, grid).ok();
    done["record_id"].as_str().unwrap().to_owned()
}

fn household(client: &Client, grid: &str) -> String {
    let long: String = "巡查记录。".repeat(200);
    let record = add(
        client,
        grid,
        "household",
        json!({
            "address": "滨江道 1 号", "head_name": "王小明",
            "members": [{ "key": "m1", "name": "王大爷" }, { "key": "m2", "name": "李奶奶" }],
            "location": { "lat": 39.11, "lon": 117.21 }, "care_needs": ["elderly_alone"],
            "care_notes": "每周送药", "visits_made": 10, "notes": long,
        }),
    );
    let counted = json!({ "fields": { "visits_made": 17 } });
    client
        .patch(&format!("/v1/records/{record}"), &counted)
        .ok();
    record
}

#[test]
fn all_that_is_in_a_record_goes_along_and_what_refers_to_it_follows() {
    let (world, admin) = office();
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let old = household(&admin, "c-a-1");
    let near = visit(&admin, "c-a-1", &old);
    let matter = add(
        &admin,
        "c-a-2",
        "matter",
        json!({ "kind": "路灯", "summary": "灯不亮", "household": old }),
    );
    let before = read(&supervisor, &old);
    let done = move_to(&supervisor, &old, "c-a-2").ok();
    let new = done["record_id"].as_str().unwrap().to_owned();
    assert_eq!((&done["set_anew"], &done["left"]), (&json!(2), &json!([])));
    let after = read(&supervisor, &new);
    assert_eq!(after["fields"], before["fields"]);
    assert_eq!(after["grid"], "c-a-2");
    assert_eq!(after["moved_from"]["record_id"], json!(old));
    assert_eq!(after["moved_from"]["grid"], "c-a-1");
    assert_eq!(after["moved_from"]["user_name"], "li");
    let left = read(&supervisor, &old);
    assert_eq!(left["deleted"], true);
    assert_eq!(left["moved_to"]["record_id"], json!(new));
    assert_eq!(left["moved_to"]["grid"], "c-a-2");
    assert!(after["moved_to"].is_null() && left["moved_from"].is_null());
    for refers in [&near, &matter] {
        let read = read(&supervisor, refers);
        assert_eq!(read["household"], json!(new));
        assert_eq!(read["fields"]["household"], json!(new));
    }
    // It is visited as it was, and nothing of it is twice.
    assert!(after["last_visited_at"].is_string(), "{after}");
    let list = |query: &str| ids(&page(&supervisor, query));
    assert_eq!(list("form=household"), [new.as_str()]);
    assert_eq!(
        list(&format!("form=visit&household={old}")),
        [near.as_str()]
    );
    assert_eq!(
        list(&format!("form=visit&household={new}")),
        [near.as_str()]
    );
    // Both histories say it, and the audit does.
    let told = |record: &str| {
        let path = format!("/v1/records/{record}/history");
        let history = supervisor.header("accept-language", "zh").get(&path).ok();
        let entries = history["entries"].as_array().unwrap().clone();
        let moved = entries.iter().filter_map(|e| e["moved"].as_str());
        moved.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&old), ["移到c-a-2"]);
    assert!(told(&new).iter().all(|words| words == "从c-a-1移来"));
    assert!(!told(&new).is_empty());
    let audit = admin.get("/v1/audit?what=record.move&newest=true").ok();
    let row = audit.to_string();
    assert!(
        row.contains(&old) && row.contains(&new) && row.contains("c-a-2"),
        "{row}"
    );
}

#[test]
fn a_status_is_reached_by_its_own_steps_and_was_reached_when_it_was() {
    let (world, admin) = office();
    let old = add(
        &admin,
        "c-a-1",
        "matter",
        json!({
            "kind": "路灯", "summary": "灯不亮", "reporter_name": "王小明",
            // More than one operation holds.
            "description": "三盏灯都不亮。".repeat(700),
        }),
    );
    let steps = format!("/v1/records/{old}/transitions");
    for (action, note) in [
        ("accept", ""),
        ("escalate", "要街道来"),
        ("handle", ""),
        ("close", ""),
    ] {
        let step = json!({ "action": action, "note": note });
        admin.post(&steps, &step).ok();
    }
    let closed = read(&admin, &old)["closed_at"].clone();
    world.clock.set(NOW.plus_millis(5 * HOUR_MS));
    let admin = world.admin();
    let new = moved(&admin, &old, "c-b-1");
    let after = read(&admin, &new);
    assert_eq!(after["status"], "closed");
    assert_eq!(after["closed_at"], closed);
    assert_eq!(after["fields"]["reporter_name"], "王小明");
    let description = after["fields"]["description"].as_str().unwrap();
    assert_eq!(description, "三盏灯都不亮。".repeat(700));
    let history = admin.get(&format!("/v1/records/{new}/history")).ok();
    assert!(history.to_string().contains("要街道来"), "{history}");
    // Where the mover may not make these steps there, nothing is done.
    let open = add(&admin, "c-a-1", "matter", json!({ "kind": "路灯" }));
    let accept = json!({ "action": "accept" });
    admin
        .post(&format!("/v1/records/{open}/transitions"), &accept)
        .ok();
    let (_, worker) = world.person(&admin, "zhang", "worker", "c-a");
    move_to(&worker, &open, "c-a-2").refused(422, "not_writable");
    assert_eq!(read(&admin, &open)["deleted"], false);
    assert!(read(&admin, &open)["moved_to"].is_null());
    assert_eq!(
        admin.get("/v1/refused").ok()["refused"],
        json!([]),
        "nothing waits"
    );
}

#[test]
fn the_same_move_again_is_one_move() {
    let (_world, admin) = office();
    let old = household(&admin, "c-a-1");
    let to = RecordId::from_parts(NOW, [7; 10]).to_string();
    let path = format!("/v1/records/{old}/move");
    let body = json!({ "grid": "c-a-2", "record_id": to });
    let first = admin.post(&path, &body).ok();
    assert_eq!(first["record_id"], json!(to));
    // A visit that names the old one comes later, and is shown as of the new one at once.
    let late = visit(&admin, "c-a-1", &old);
    assert_eq!(read(&admin, &late)["household"], json!(to));
    assert_eq!(
        ids(&page(&admin, &format!("form=visit&household={to}"))),
        [late.as_str()]
    );
    let again = admin.post(&path, &body).ok();
    assert_eq!(
        (&again["record_id"], &again["verdicts"]),
        (&json!(to), &json!([]))
    );
    assert_eq!(again["set_anew"], 1);
    let history = admin.get(&format!("/v1/records/{late}/history")).ok();
    assert_eq!(history["entries"].as_array().unwrap().len(), 2);
    assert_eq!(ids(&page(&admin, "form=household&deleted=true")).len(), 2);
    for (grid, id) in [
        ("c-b-1", Value::Null),
        (
            "c-a-2",
            json!(RecordId::from_parts(NOW, [8; 10]).to_string()),
        ),
    ] {
        let other = json!({ "grid": grid, "record_id": id });
        admin.post(&path, &other).refused(409, "conflict");
    }
    // By its name alone.
    let second = household(&admin, "c-a-1");
    let path = format!("/v1/records/{second}/move");
    let named = admin.header("idempotency-key", "m1");
    let grid = json!({ "grid": "c-a-2" });
    let first = named.post(&path, &grid).ok();
    let again = named.post(&path, &grid).ok();
    assert_eq!(first["record_id"], again["record_id"]);
    assert_eq!(first["verdicts"], again["verdicts"]);
    named
        .post(&path, &json!({ "grid": "c-b-1" }))
        .refused(409, "conflict");
    // It may go on from there, and both former ids mean the last.
    let third = moved(&admin, first["record_id"].as_str().unwrap(), "c-b-1");
    let named = visit(&admin, "c-a-1", &second);
    assert_eq!(read(&admin, &named)["household"], json!(third));
    assert_eq!(
        ids(&page(&admin, &format!("form=visit&household={third}"))),
        [named.as_str()]
    );
}

#[test]
fn whoever_may_delete_here_and_make_there_may_move_and_nobody_loses_what_they_do_not_see() {
    let (world, admin) = office();
    let old = household(&admin, "c-a-1");
    let nothing_happened = || {
        let read = read(&admin, &old);
        assert_eq!(
            (&read["deleted"], &read["moved_to"]),
            (&json!(false), &Value::Null)
        );
        assert_eq!(ids(&page(&admin, "form=household")).len(), 1);
    };
    // Not there, not at all, or not all of it.
    let (_, here) = world.person(&admin, "here", "supervisor", "c-a-1");
    move_to(&here, &old, "c-a-2").refused(404, "not_found");
    move_to(&here, &old, "c-a").refused(404, "not_found");
    let (_, auditor) = world.person(&admin, "auditor", "auditor", "c-a");
    move_to(&auditor, &old, "c-a-2").refused(404, "not_found");
    let (id, reads_there) = world.person(&admin, "reads", "worker", "c-a-1");
    let grant = json!({ "user_id": id, "role": "auditor", "area": "c-a-2" });
    admin.post("/v1/grants", &grant).ok();
    move_to(&reads_there, &old, "c-a-2").refused(403, "forbidden");
    nothing_happened();
    let matter = add(
        &admin,
        "c-a-1",
        "matter",
        json!({ "kind": "路灯", "reporter_phone": "13800000000", "due_at": at(0) }),
    );
    let (_, service) = world.person(&admin, "service", "service", "c-a");
    let told = move_to(&service, &matter, "c-a-2").refused(403, "forbidden");
    assert!(
        told["detail"].as_str().unwrap().contains("may not read"),
        "{told}"
    );
    let (_, worker) = world.person(&admin, "zhang", "worker", "c-a");
    let told = move_to(&worker, &matter, "c-a-2").refused(422, "not_writable");
    assert!(
        told["detail"].as_str().unwrap().contains("due_at"),
        "{told}"
    );
    assert_eq!(read(&admin, &matter)["deleted"], false);
    // Not into what is retired, not where it is, not what is deleted, not what has two sides.
    move_to(&admin, &old, "c-a-1").refused(409, "conflict");
    let area = |retired: bool| {
        let body = json!({ "parent": "c-b", "name": "c-b-1", "level": "grid", "retired": retired });
        admin.put("/v1/areas/c-b-1", &body).ok();
    };
    area(true);
    move_to(&admin, &old, "c-b-1").refused(409, "area_retired");
    area(false);
    let path = format!("/v1/records/{old}");
    let heads = read(&admin, &old)["heads"].clone();
    for address in ["一号", "二号"] {
        let edit = json!({ "fields": { "address": address }, "base": heads });
        admin.patch(&path, &edit).ok();
    }
    move_to(&admin, &old, "c-a-2").refused(409, "unsettled");
    nothing_happened();
    let both = read(&admin, &old);
    let by = both["conflict_list"][0]["values"][0]["by"].clone();
    let choice = json!({ "field": "address", "by": by });
    admin.post(&format!("{path}/choose"), &choice).ok();
    let of_another = read(&admin, &matter)["heads"].clone();
    let stale = json!({ "grid": "c-a-2", "base": of_another });
    admin
        .post(&format!("{path}/move"), &stale)
        .refused(412, "unknown_base");
    admin.delete(&path).ok();
    move_to(&admin, &old, "c-a-2").refused(409, "conflict");
    admin.post(&format!("{path}/restore"), &json!({})).ok();
    // A worker of both grids may.
    let new = moved(&worker, &old, "c-a-2");
    assert_eq!(read(&worker, &new)["fields"]["care_notes"], "每周送药");
    // What was written since somebody read it goes along.
    let seen = read(&admin, &new)["heads"].clone();
    let path = format!("/v1/records/{new}");
    admin
        .patch(&path, &json!({ "fields": { "head_name": "王小红" } }))
        .ok();
    let body = json!({ "grid": "c-a-1", "base": seen });
    let back = admin.post(&format!("{path}/move"), &body).ok();
    assert_eq!(back["record"]["fields"]["head_name"], "王小红");
}

#[test]
fn what_the_mover_may_not_write_is_named_and_shown_as_of_the_new_record() {
    let (world, admin) = office();
    let old = household(&admin, "c-a-1");
    let hidden = visit(&admin, "c-b-1", &old);
    let (id, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let done = move_to(&supervisor, &old, "c-a-2").ok();
    assert_eq!((&done["set_anew"], &done["left"]), (&json!(0), &json!([])));
    let new = done["record_id"].clone();
    let read_hidden = read(&admin, &hidden);
    assert_eq!(read_hidden["household"], new);
    assert_eq!(read_hidden["fields"]["household"], new);
    // With a right to read it, it is named.
    let matter = add(
        &admin,
        "c-b-1",
        "matter",
        json!({ "kind": "路灯", "household": new }),
    );
    let grant = json!({ "user_id": id, "role": "auditor", "area": "c-b" });
    admin.post("/v1/grants", &grant).ok();
    let done = move_to(&supervisor, new.as_str().unwrap(), "c-a-1").ok();
    assert_eq!(
        done["left"],
        json!([{ "record_id": matter, "code": "forbidden" }])
    );
    assert_eq!(read(&admin, &matter)["household"], done["record_id"]);
    assert_eq!(
        admin.get("/v1/refused").ok()["refused"],
        json!([]),
        "nothing was tried in vain"
    );
    // Whoever reads one grid alone is told that it went, and not where.
    let (_, here) = world.person(&admin, "here", "supervisor", "c-a-2");
    let told = read(&here, new.as_str().unwrap());
    assert_eq!(told["deleted"], true);
    assert!(told["moved_to"]["at"].is_string() && told["moved_to"]["grid"].is_null());
    assert!(told["moved_to"]["record_id"].is_null());
}

#[test]
fn an_edit_that_comes_after_the_move_is_kept_and_told_with_the_new_record() {
    let (world, admin) = office();
    let old = household(&admin, "c-a-1");
    let path = format!("/v1/records/{old}");
    let heads = read(&admin, &old)["heads"].clone();
    let (_, worker) = world.person(&admin, "zhang", "worker", "c-a");
    let new = moved(&admin, &old, "c-a-2");
    world.clock.set(NOW.plus_millis(HOUR_MS / 12));
    // In a class without the mark of deletion.
    let notes = json!({ "fields": { "care_notes": "改为每天送药" }, "base": heads });
    worker.patch(&path, &notes).ok();
    let told = admin.get("/v1/attention?kind=late").ok();
    assert_eq!(told["counts"]["late"], 1, "{told}");
    let item = &told["items"][0];
    assert_eq!(item["moved_to"], json!(new));
    assert_eq!(item["record"], json!(old));
    assert_eq!(item["user_name"], "zhang");
    assert!(item["words"].to_string().contains("改为每天"), "{item}");
    assert!(
        read(&admin, &old)["written_beside"]
            .to_string()
            .contains("改为每天")
    );
    let away = json!({ "kind": "late", "id": item["id"] });
    assert_eq!(admin.post("/v1/attention/settle", &away).status, 204);
    assert_eq!(admin.get("/v1/attention").ok()["counts"]["late"], 0);
    assert!(read(&admin, &old)["written_beside"].is_null());
    // In its own class it stands beside the deletion, as with any that was deleted.
    let name = json!({ "fields": { "head_name": "王小红" }, "base": heads });
    worker.patch(&path, &name).ok();
    let told = admin.get("/v1/attention?kind=conflict").ok();
    let item = &told["items"][0];
    assert_eq!(
        (&item["record"], &item["moved_to"]),
        (&json!(old), &json!(new))
    );
    assert!(item["words"].to_string().contains("王小红"), "{item}");
    assert_eq!(read(&admin, &new)["fields"]["head_name"], "王小明");
}

#[test]
fn a_field_that_the_form_dropped_and_one_of_a_group_go_along() {
    let (_world, admin) = office();
    let form = |version: u32, fields: Value| {
        json!({
            "code": "lamp", "version": version, "label": { "zh": "路灯", "en": "Lamp" },
            "class": "general", "title": "name", "fields": fields,
        })
    };
    let label = json!({ "zh": "x", "en": "x" });
    let name = json!({ "key": "name", "label": label, "type": "text" });
    let dropped = json!({ "key": "colour", "label": label, "type": "text" });
    let beside = json!({ "key": "beside", "label": label, "type": "group", "members": [
        { "key": "lamp", "label": label, "type": "reference", "form": "lamp" },
    ] });
    let first = form(1, json!([name, dropped, beside]));
    admin.post("/v1/forms", &first).ok();
    let old = add(
        &admin,
        "c-a-1",
        "lamp",
        json!({ "name": "一号灯", "colour": "白" }),
    );
    let other = add(
        &admin,
        "c-a-1",
        "lamp",
        json!({ "name": "二号灯", "beside": [{ "key": "a", "lamp": old }] }),
    );
    admin
        .post("/v1/forms", &form(2, json!([name, beside])))
        .ok();
    let path = format!("/v1/records/{old}");
    admin
        .patch(&path, &json!({ "fields": { "name": "一号路灯" } }))
        .ok();
    let done = move_to(&admin, &old, "c-a-2").ok();
    assert_eq!(done["set_anew"], 1);
    let after = read(&admin, done["record_id"].as_str().unwrap());
    assert_eq!(
        after["fields"],
        json!({ "name": "一号路灯", "colour": "白" })
    );
    let other = read(&admin, &other);
    assert_eq!(other["fields"]["beside"][0]["lamp"], done["record_id"]);
}

#[test]
fn what_a_record_was_before_is_erased_with_it() {
    let (_world, admin) = office();
    let old = household(&admin, "c-a-1");
    let new = moved(&admin, &old, "c-a-2");
    let reason = json!({ "reason": "asked for" });
    admin
        .post(&format!("/v1/records/{new}/erase"), &reason)
        .ok();
    for gone in [&old, &new] {
        admin
            .get(&format!("/v1/records/{gone}"))
            .refused(410, "record_erased");
    }
    let erased = admin.get("/v1/erasures").ok();
    assert_eq!(erased["erasures"].as_array().unwrap().len(), 2);
}

/// A world whose writer asks at each step of a batch whether it is to stop there, as a crash would.
fn with_faults(faults: Faults) -> World {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
    let password = Password::new(PASSWORD);
    let node = Node::init(dir.path(), config(), as_clock(), "admin", &password);
    node.unwrap().shutdown();
    let node = Node::open_with(dir.path(), config(), as_clock(), Some(faults)).unwrap();
    World::of(dir, clock, node, Router::new())
}

/// One that stops at a step once it is told to.
fn stopping(at: &'static str, now: &Arc<AtomicBool>) -> World {
    let now = Arc::clone(now);
    with_faults(Arc::new(move |step| {
        step == at && now.load(Ordering::SeqCst)
    }))
}

#[test]
fn what_somebody_writes_while_it_is_moved_goes_along() {
    let gate = Arc::new(Gate::default());
    let at_gate = Arc::clone(&gate);
    let world = with_faults(Arc::new(move |step| {
        if step == "admit" {
            at_gate.pass();
        }
        false
    }));
    let admin = world.admin();
    world.areas(&admin);
    let old = household(&admin, "c-a-1");
    let path = format!("/v1/records/{old}");
    let to = RecordId::from_parts(NOW, [7; 10]).to_string();
    gate.set(true);
    std::thread::scope(|scope| {
        let edit = json!({ "fields": { "head_name": "王小红" } });
        let edited = scope.spawn({
            let (admin, path) = (admin.clone(), path.clone());
            move || admin.patch(&path, &edit).ok()
        });
        gate.wait_for_somebody();
        // It reads the record as it was before the edit, and comes to the writer after it.
        let body = json!({ "grid": "c-a-2", "record_id": to });
        let moved = scope.spawn({
            let (admin, path) = (admin.clone(), format!("{path}/move"));
            move || admin.post(&path, &body).ok()
        });
        while world.node.writer.waiting() == 0 {
            std::thread::yield_now();
        }
        gate.set(false);
        edited.join().unwrap();
        let moved = moved.join().unwrap();
        assert_eq!(moved["record"]["fields"]["head_name"], "王小红");
    });
    assert_eq!(read(&admin, &old)["conflict_list"], json!([]));
    assert_eq!(ids(&page(&admin, "form=household")), [to.as_str()]);
}

#[test]
fn a_crash_leaves_all_of_a_move_or_nothing() {
    for (step, is_there) in [
        ("admit", false),
        ("append", false),
        ("project", true),
        ("answer", true),
    ] {
        let stops = Arc::new(AtomicBool::new(false));
        let world = stopping(step, &stops);
        let admin = world.admin();
        world.areas(&admin);
        let old = household(&admin, "c-a-1");
        let visit = visit(&admin, "c-a-1", &old);
        let to = RecordId::from_parts(NOW, [7; 10]).to_string();
        let body = json!({ "grid": "c-a-2", "record_id": to });
        let path = format!("/v1/records/{old}/move");
        stops.store(true, Ordering::SeqCst);
        admin.post(&path, &body).refused(503, "unavailable");
        let world = world.reopen(config());
        let admin = world.admin();
        let left = read(&admin, &old);
        assert_eq!(left["deleted"], json!(is_there), "{step}");
        assert_eq!(
            left["moved_to"]["record_id"] == json!(to),
            is_there,
            "{step}"
        );
        assert_eq!(
            admin.get(&format!("/v1/records/{to}")).status == 200,
            is_there,
            "{step}"
        );
        let named = if is_there { &to } else { &old };
        assert_eq!(
            read(&admin, &visit)["fields"]["household"],
            json!(named),
            "{step}"
        );
        // Asked again it is done, once.
        admin.post(&path, &body).ok();
        assert_eq!(read(&admin, &to)["fields"]["visits_made"], 17, "{step}");
        assert_eq!(
            ids(&page(&admin, "form=household")),
            [to.as_str()],
            "{step}"
        );
    }
}

#[test]
fn what_was_moved_was_first_written_when_it_was_and_by_who_made_it() {
    let (world, admin) = office();
    let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
    let old = household(&admin, "c-a-1");
    let other = household(&admin, "c-a-1");
    let times = |row: &Value| [row["captured_at"].clone(), row["first_received_at"].clone()];
    let was = times(&read(&supervisor, &old));
    assert_eq!(was, [json!(at(0)), json!(at(0))]);
    world.clock.set(NOW.plus_millis(HOUR_MS / 12));
    let between = moved(&supervisor, &old, "c-a-2");
    world.clock.set(NOW.plus_millis(HOUR_MS / 6));
    let new = moved(&supervisor, &between, "c-a-1");
    let now = read(&supervisor, &new);
    assert_eq!(times(&now), was);
    // That it was moved is told besides.
    assert_eq!(now["moved_from"]["at"], json!(at(HOUR_MS / 6)));
    assert_eq!(now["changed_at"], json!(at(HOUR_MS / 6)));
    for query in ["", "&fields=address"] {
        let found = page(&supervisor, &format!("id={new}&made_by=true{query}"));
        let row = &found["records"][0];
        assert_eq!(times(row), was, "{query}");
        assert_eq!(row["made_by"]["user_name"], "admin");
    }
    let file = "/v1/export/records?format=csv&columns=captured_at,record_id&fields=";
    let file = supervisor.get(&format!("{file}&id={new}")).text();
    assert!(file.contains(&at(0)) && file.contains(&new), "{file}");
    // What it was merged from does not make it older.
    let kept = times(&read(&supervisor, &other));
    supervisor
        .post(
            &format!("/v1/records/{new}/merge"),
            &json!({ "into": other }),
        )
        .ok();
    assert_eq!(times(&read(&supervisor, &other)), kept);
}
