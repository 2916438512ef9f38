//! The API over HTTP: what each caller may do and see, and what is answered when not.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use crate::api_support;
use crate::api_support::carry::{CARRY, Parcel};
use crate::api_support::{Client, PASSWORD, World, config};
use axum::Router;
use axum::routing::get;
use gridfold_server::problem::{Answer, Code};
use gridfold_server::routes::Api;
use gridfold_server::trouble::{Store, StoreFaults, Trouble};
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::carry::CarryKind;
use gridfold_sync_core::edit::{Op, Value as Field};
use gridfold_sync_core::entry::{Entry, SignKey, Target, head_statement, next_link};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, FieldKey, FormCode, Hash, IncarnationId, RecordId, SensitivityClass,
    StreamId,
};
use gridfold_sync_core::wire::SyncRequest;
use serde_json::{Value, json};

const SYNC: &str = "application/vnd.gridfold.sync";

fn matter(client: &Client, grid: &str, summary: &str) -> String {
    let made = client.post(
        "/v1/records",
        &json!({ "grid": grid, "form": "matter", "fields": {
            "kind": "噪音", "summary": summary, "reported_at": "2026-06-13T05:50:34Z",
            "reporter_name": "王小明", "location": { "lat": 39.1, "lon": 117.2 },
        }}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    made.ok()["record"]["record_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What is answered to whoever has the number of a receipt, or none.
fn receipts(nobody: &Client, admin: &Client) {
    let look = |number: &str| nobody.post("/v1/receipts/look", &json!({ "number": number }));
    look("12345").refused(422, "receipt_mistyped");
    look("00000000000000000098").refused(404, "receipt_unknown");
    let version = admin.get("/v1/catalogue").ok()["version"].as_u64().unwrap() + 1;
    let mut kinds = admin.get("/v1/catalogue").ok()["kinds"].clone();
    let shows = json!({
        "code": "shows", "label": { "zh": "可查询", "en": "Shows" }, "department": "d", "receipt": true,
    });
    kinds.as_array_mut().unwrap().push(shows);
    let catalogue = json!({ "version": version, "kinds": kinds });
    admin.post("/v1/catalogue", &catalogue).ok();
    let made = json!({ "grid": "c-a-1", "form": "matter", "fields": { "kind": "shows" } });
    let record = admin.post("/v1/records", &made).ok()["record"].clone();
    let rating = json!({ "number": record["fields"]["receipt"], "satisfaction": "fair" });
    let say = || nobody.post("/v1/receipts/answer", &rating);
    say().refused(409, "receipt_not_now");
    let path = format!(
        "/v1/records/{}/transitions",
        record["record_id"].as_str().unwrap()
    );
    for action in ["accept", "handle"] {
        admin.post(&path, &json!({ "action": action })).ok();
    }
    say().ok();
    say().refused(409, "receipt_said");
}

fn list(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/v1/records?{query}")).ok()["records"]
        .as_array()
        .unwrap()
        .clone()
}

fn push(seed: u8, who: u128, record: RecordId, place: &str) -> Vec<u8> {
    let key = SignKey::from_seed(&[seed; 32]);
    let stream = StreamId::new(AreaCode::new("c-a-1").unwrap(), SensitivityClass::General);
    let incarnation =
        IncarnationId::from_parts(api_support::NOW, who.to_be_bytes()[6..].try_into().unwrap());
    let set = |field: &str, text: &str| Op::Set {
        field: FieldKey::new(field).unwrap(),
        value: Field::Text(text.to_owned()),
    };
    let target = Target::New {
        record,
        form: FormCode::new("matter").unwrap(),
    };
    let ops = vec![set("kind", "路灯"), set("place", place)];
    let entry = Entry::new(incarnation, 1, target, 1, api_support::NOW, ops);
    let link = next_link(&Hash::default(), &entry.hash(&stream));
    let signature = key.sign(&head_statement(&stream, incarnation, 1, &link));
    let log = PushedLog {
        erased: Vec::new(),
        stream,
        incarnation,
        entries: vec![entry],
        signature,
    };
    SyncRequest {
        logs: vec![log],
        ..empty()
    }
    .encode()
}

fn empty() -> SyncRequest {
    SyncRequest {
        epoch: 0,
        directory: [0; 8],
        budget_kib: 0,
        cursors: Vec::new(),
        erased: Vec::new(),
        logs: Vec::new(),
        recover: Vec::new(),
        seen: None,
        report: None,
        trip: None,
    }
}

#[test]
fn a_record_is_made_found_changed_and_moved_on() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let first = matter(&admin, "c-a-1", "和平区滨江道路灯不亮");
    let second = matter(&admin, "c-b-1", "Loud music");
    assert_eq!(list(&admin, "text=滨江").len(), 1);
    assert_eq!(list(&admin, "text=%E8%B7%AF%E7%81%AF%E4%B8%8D").len(), 1);
    assert_eq!(
        list(&admin, "text=小明").len(),
        2,
        "an admin may read the reporter"
    );
    assert_eq!(list(&admin, "area=c-b")[0]["record_id"], second);
    assert_eq!(list(&admin, "form=visit").len(), 0);
    assert_eq!(list(&admin, "area=c").len(), 2);
    let page = admin.get("/v1/records?limit=1&sort=captured").ok();
    let next = page["next"].as_str().unwrap();
    let rest = admin
        .get(&format!("/v1/records?limit=1&sort=captured&cursor={next}"))
        .ok();
    assert_ne!(
        page["records"][0]["record_id"],
        rest["records"][0]["record_id"]
    );
    assert!(rest["next"].is_null());

    let path = format!("/v1/records/{first}");
    let changed = admin
        .patch(
            &path,
            &json!({ "fields": { "place": "滨江道 1 号", "description": "三盏灯都不亮" } }),
        )
        .ok();
    assert_eq!(changed["record"]["fields"]["description"], "三盏灯都不亮");
    let again = admin
        .patch(&path, &json!({ "fields": { "place": "滨江道 1 号" } }))
        .ok();
    assert_eq!(again["verdicts"], json!([]), "what is equal makes no edit");
    admin
        .patch(&path, &json!({ "fields": { "nonsense": 1 } }))
        .refused(422, "unknown_field");
    admin
        .patch(&path, &json!({ "fields": { "place": 7 } }))
        .refused(422, "wrong_type");
    admin
        .patch(&path, &json!({ "operations": [{ "op": "fly" }] }))
        .refused(400, "bad_request");
    let long = "x".repeat(301);
    admin
        .patch(&path, &json!({ "fields": { "summary": long } }))
        .refused(422, "too_long");

    let moved = admin
        .post(
            &format!("{path}/transitions"),
            &json!({ "action": "accept", "note": "好" }),
        )
        .ok();
    assert_eq!(moved["record"]["status"], "accepted");
    admin
        .post(
            &format!("{path}/transitions"),
            &json!({ "action": "close" }),
        )
        .refused(422, "transition_not_allowed");
    assert_eq!(list(&admin, "status=accepted,closed").len(), 1);
    admin.delete(&path).ok();
    assert_eq!(list(&admin, "").len(), 1);
    assert_eq!(list(&admin, "deleted=true").len(), 2);
    admin.post(&format!("{path}/restore"), &json!({})).ok();

    let history = admin.get(&format!("{path}/history")).ok();
    let entries = history["entries"].as_array().unwrap();
    let verdicts: BTreeSet<&str> = entries
        .iter()
        .map(|e| e["verdict"].as_str().unwrap())
        .collect();
    assert!(verdicts.contains("refused") && verdicts.contains("admitted"));
    assert!(
        entries
            .iter()
            .all(|e| e["user_name"] == "admin" && e["received_at"].is_string())
    );

    // The same id makes the same record.
    let new = json!({ "grid": "c-a-1", "form": "matter", "record_id": second, "fields": { "kind": "x" } });
    admin.post("/v1/records", &new).refused(422, "another_grid");

    let refused = admin.get("/v1/refused").ok();
    let all = refused["refused"].as_array().unwrap();
    assert!(
        all.iter()
            .any(|r| r["refusal"] == "transition_not_allowed" && r["refusal_text"].is_string())
    );
    let pick = all
        .iter()
        .find(|r| r["refusal"] == "transition_not_allowed")
        .unwrap();
    let settle = |how: &str| {
        admin.post(
            "/v1/refused/settle",
            &json!({ "stream": pick["stream"], "entry": pick["entry"], "how": how }),
        )
    };
    settle("adopt").refused(422, "transition_not_allowed");
    admin
        .post(
            &format!("{path}/transitions"),
            &json!({ "action": "handle" }),
        )
        .ok();
    assert_eq!(settle("adopt").ok()["record"]["status"], "closed");
    settle("dismiss").refused(409, "conflict");
    settle("eat").refused(400, "bad_request");
}

#[test]
fn phones_enrol_sync_and_their_conflicts_are_settled() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (worker, _) = world.person(&admin, "worker", "worker", "c-a");
    let a = world.phone(&admin, &worker, 1);
    let b = world.phone(&admin, &worker, 2).ok();
    assert_eq!(a.ok()["user_name"], "worker");
    assert_eq!(a.ok()["directory"]["areas"].as_array().unwrap().len(), 4);
    assert_eq!(a.ok()["fingerprint"].as_str().unwrap().len(), 9);
    let (phone_a, phone_b) = (world.anonymous().with(&a.ok()), world.anonymous().with(&b));
    let idle = phone_a.send("POST", "/v1/sync", SYNC, &empty().encode());
    assert_eq!(
        (idle.status, idle.headers["content-type"].to_str().unwrap()),
        (200, SYNC)
    );
    phone_a
        .send("POST", "/v1/sync", "application/json", b"{}")
        .refused(415, "unsupported_media_type");
    phone_a
        .send("POST", "/v1/sync", SYNC, b"nonsense")
        .refused(400, "bad_request");
    admin
        .send("POST", "/v1/sync", SYNC, &empty().encode())
        .refused(403, "forbidden");

    let record = RecordId::from_parts(api_support::NOW, [9; 10]);
    let mut events = follow(&world, &admin);
    assert_eq!(
        phone_a
            .send("POST", "/v1/sync", SYNC, &push(1, 1, record, "东门"))
            .status,
        200
    );
    assert_eq!(
        phone_b
            .send("POST", "/v1/sync", SYNC, &push(2, 2, record, "西门"))
            .status,
        200
    );
    read_until(&mut events, "c-a-1/0");

    let path = format!("/v1/records/{record}");
    let seen = admin.get(&path).ok();
    let conflict = seen["conflict_list"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["field"] == "place")
        .unwrap()
        .clone();
    assert_eq!(conflict["values"].as_array().unwrap().len(), 2);
    assert_eq!(list(&admin, "conflict=true").len(), 1);
    let loser = &conflict["values"][1];
    let chosen = admin
        .post(
            &format!("{path}/choose"),
            &json!({ "field": "place", "by": loser["by"] }),
        )
        .ok();
    assert_eq!(chosen["record"]["fields"]["place"], loser["value"]);
    assert_eq!(chosen["record"]["conflict_list"], json!([]));
    admin
        .post(
            &format!("{path}/choose"),
            &json!({ "field": "place", "by": loser["by"] }),
        )
        .refused(404, "not_found");

    // A phone refreshes without a proof; a revoked one is told so at its next request.
    let fresh = world
        .anonymous()
        .post("/v1/token", &json!({ "refresh_token": b["refresh_token"] }))
        .ok();
    assert_eq!(fresh["device_id"], b["device_id"]);
    let revoke = format!("/v1/devices/{}/revoke", b["device_id"].as_str().unwrap());
    assert_eq!(
        admin.post(&revoke, &json!({ "wipe": true })).ok()["state"],
        "wiped"
    );
    phone_b
        .send("POST", "/v1/sync", SYNC, &empty().encode())
        .refused(403, "device_wiped");
    let token = json!({ "refresh_token": fresh["refresh_token"] });
    world
        .anonymous()
        .post("/v1/token", &token)
        .refused(403, "device_wiped");
    let devices = admin.get(&format!("/v1/devices?user_id={worker}")).ok();
    assert_eq!(devices["devices"][0]["label"], "a phone");
    // A user who is disabled cannot sync either.
    admin
        .patch(&format!("/v1/users/{worker}"), &json!({ "active": false }))
        .ok();
    phone_a
        .send("POST", "/v1/sync", SYNC, &empty().encode())
        .refused(403, "device_revoked");
}

fn follow(world: &World, client: &Client) -> TcpStream {
    let mut stream = TcpStream::connect(world.address).unwrap();
    let token = client.token.as_ref().unwrap();
    write!(
        stream,
        "GET /v1/changes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    read_until(&mut stream, "event: ready");
    stream
}

fn read_until(stream: &mut TcpStream, needle: &str) {
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    let (mut seen, mut chunk) = (String::new(), [0; 1024]);
    while !seen.contains(needle) {
        let n = stream.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "ended before {needle}: {seen}");
        seen.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
}

#[test]
fn nobody_sees_or_does_more_than_their_grants() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, supervisor) = world.person(&admin, "super", "supervisor", "c-a");
    let (auditor_id, auditor) = world.person(&admin, "audit", "auditor", "c");
    let (worker_id, worker) = world.person(&admin, "worker", "worker", "c-a-1");
    let (near, far) = (matter(&admin, "c-a-1", "近"), matter(&admin, "c-b-1", "远"));

    assert_eq!(list(&supervisor, "").len(), 1);
    assert_eq!(list(&supervisor, "area=c").len(), 1);
    for path in [
        format!("/v1/records/{far}"),
        format!("/v1/records/{far}/history"),
    ] {
        let hidden = supervisor.get(&path).refused(404, "not_found");
        let absent = supervisor
            .get(&format!("/v1/records/{}", RecordId::from_bytes([1; 16])))
            .refused(404, "not_found");
        assert_eq!(hidden["title"], absent["title"]);
    }
    supervisor
        .patch(&format!("/v1/records/{far}"), &json!({ "fields": {} }))
        .refused(404, "not_found");
    supervisor
        .get("/v1/records?area=c-b")
        .refused(404, "not_found");
    supervisor.get("/v1/areas/c-b-1").refused(404, "not_found");
    let new = json!({ "grid": "c-b-1", "form": "matter", "fields": { "kind": "x" } });
    supervisor
        .post("/v1/records", &new)
        .refused(404, "not_found");

    // An auditor reads no personal field, by whatever way.
    let seen = auditor.get(&format!("/v1/records/{near}")).ok();
    assert_eq!(seen["classes"], json!(["general"]));
    assert!(seen["fields"]["reporter_name"].is_null());
    assert_eq!(list(&auditor, "text=小明").len(), 0);
    for path in [
        format!("/v1/records/{near}/history"),
        "/v1/export/records?format=csv".to_owned(),
        "/v1/export/records?format=ndjson".to_owned(),
        "/v1/export/records?format=geojson".to_owned(),
    ] {
        assert!(!auditor.get(&path).text().contains("王小明"), "{path}");
        assert!(admin.get(&path).text().contains("王小明"), "{path}");
    }
    assert!(
        !supervisor
            .get("/v1/export/records?format=csv")
            .text()
            .contains('远')
    );
    auditor
        .patch(
            &format!("/v1/records/{near}"),
            &json!({ "fields": { "place": "x" } }),
        )
        .refused(422, "not_writable");

    // Grants, users, devices.
    let grant = |who: &Client, role: &str, area: Option<&str>| {
        who.post(
            "/v1/grants",
            &json!({ "user_id": worker_id, "role": role, "area": area }),
        )
    };
    grant(&worker, "worker", Some("c-a-1")).refused(403, "forbidden");
    grant(&supervisor, "supervisor", Some("c-a")).refused(403, "forbidden");
    grant(&supervisor, "worker", Some("c-b")).refused(404, "not_found");
    grant(&supervisor, "worker", None).refused(403, "forbidden");
    let given = grant(&supervisor, "worker", Some("c-a-2")).ok();
    assert_eq!(list(&worker, "area=c-a-2").len(), 0);
    supervisor
        .post(
            &format!("/v1/grants/{}/end", given["grant_id"].as_str().unwrap()),
            &json!({}),
        )
        .ok();
    worker.get("/v1/records?area=c-b").refused(404, "not_found");
    let admin_id = admin.get("/v1/me").ok()["user_id"].clone();
    supervisor
        .post("/v1/devices/invite", &json!({ "user_id": admin_id }))
        .refused(404, "not_found");
    supervisor
        .post("/v1/devices/invite", &json!({ "user_id": auditor_id }))
        .refused(404, "not_found");
    supervisor
        .put(
            &format!("/v1/users/{auditor_id}/password"),
            &json!({ "password": PASSWORD }),
        )
        .refused(404, "not_found");
    supervisor
        .post("/v1/devices/invite", &json!({ "user_id": worker_id }))
        .ok();
    supervisor
        .put(
            "/v1/areas/c-a-9",
            &json!({ "parent": "c-a", "name": "x", "level": "grid" }),
        )
        .refused(403, "forbidden");
    worker
        .post("/v1/users", &json!({ "name": "x" }))
        .refused(403, "forbidden");
    worker.get("/v1/audit").refused(403, "forbidden");
    worker.get("/v1/refused").refused(403, "forbidden");
    admin
        .patch(
            &format!("/v1/users/{}", admin_id.as_str().unwrap()),
            &json!({ "active": false }),
        )
        .refused(409, "conflict");
    let audited = admin.get("/v1/audit?limit=500").text();
    assert!(audited.contains("grant.end") && audited.contains("records.export"));
    assert!(!audited.contains("王小明") && !audited.contains("worker\""));

    // A restricted field that is read is audited.
    let house = admin.post("/v1/records", &json!({ "grid": "c-a-1", "form": "household", "fields": { "address": "一号楼", "care_notes": "独居" } })).ok();
    let house = house["record"]["record_id"].as_str().unwrap().to_owned();
    worker.get(&format!("/v1/records/{house}")).ok();
    assert!(
        admin
            .get("/v1/audit?limit=500")
            .text()
            .contains(&format!("record:{house}"))
    );
    // The ways out: signing out ends the access token.
    worker.post("/v1/sign-out", &json!({})).ok();
    worker.get("/v1/me").refused(403, "device_revoked");
}

#[test]
fn every_code_is_answered() {
    let more: Router<Api> = Router::new()
        .route("/boom", get(boom))
        .route("/slow", get(std::future::pending::<()>));
    let mut settings = config();
    settings.server.request_timeout_s = 5;
    settings.limits.devices_per_worker = 1;
    settings.limits.body_bytes = 10_000;
    let world = World::with(settings.clone(), more);
    let admin = world.admin();
    world.areas(&admin);
    let nobody = world.anonymous();
    nobody.get("/boom").refused(500, "internal");
    nobody.get("/slow").refused(408, "timeout");
    nobody.get("/v1/nothing").refused(404, "not_found");
    nobody.delete("/v1/me").refused(405, "method_not_allowed");
    nobody.get("/v1/me").refused(401, "unauthorized");
    admin.get("/v1/records?limit=0").refused(400, "bad_request");
    admin.get("/v1/records?limit=x").refused(400, "bad_request");
    admin
        .get("/v1/records?cursor=x")
        .refused(400, "bad_request");
    admin
        .send("POST", "/v1/users", "application/json", b"{")
        .refused(400, "bad_request");
    admin
        .send("POST", "/v1/users", "text/plain", b"{}")
        .refused(415, "unsupported_media_type");
    admin
        .send("POST", "/v1/users", "application/json", &[b' '; 10_001])
        .refused(413, "too_large");
    let (worker, person) = world.person(&admin, "worker", "worker", "c-a");
    person.get("/v1/audit").refused(403, "forbidden");
    let new = json!({ "grid": "c-a-1", "form": "matter", "fields": { "kind": "x" } });
    let of = |made: &Value, key: &str| made["record"][key].as_str().unwrap().to_owned();
    let (one, other) = (
        admin.post("/v1/records", &new).ok(),
        admin.post("/v1/records", &new).ok(),
    );
    let foreign = json!({ "fields": { "kind": "y" }, "base": of(&other, "heads") });
    admin
        .patch(&format!("/v1/records/{}", of(&one, "record_id")), &foreign)
        .refused(412, "unknown_base");
    let user = json!({ "name": "x", "login": "worker", "password": PASSWORD });
    admin.post("/v1/users", &user).refused(409, "login_taken");
    let itself = json!({ "parent": "c-a", "name": "A", "level": "street" });
    admin.put("/v1/areas/c-a", &itself).refused(409, "conflict");
    let task = json!({ "grid": "c-a-1", "form": "task", "fields": { "title": "t" } });
    let made = admin.post("/v1/records", &task).ok();
    let path = format!(
        "/v1/records/{}",
        made["record"]["record_id"].as_str().unwrap()
    );
    admin
        .post(&format!("{path}/erase"), &json!({ "reason": "asked for" }))
        .ok();
    admin.get(&path).refused(410, "record_erased");
    admin
        .put(
            &format!("/v1/users/{worker}/password"),
            &json!({ "password": "short" }),
        )
        .refused(422, "weak_password");
    let phone = world.phone(&admin, &worker, 1).ok();
    world.phone(&admin, &worker, 2).refused(409, "device_limit");
    let again = world.phone(&admin, &worker, 1).ok();
    assert_eq!(
        again["device_id"], phone["device_id"],
        "a phone is one device"
    );
    let (neighbour, _) = world.person(&admin, "neighbour", "worker", "c-a");
    world
        .phone(&admin, &neighbour, 1)
        .refused(409, "anothers_phone");
    let mut parcel = Parcel::new(&phone, 1, RecordId::from_parts(api_support::NOW, [9; 10]));
    let carry = |bytes: &[u8]| admin.send("POST", "/v1/carry", CARRY, bytes);
    let whole = parcel.sealed();
    carry(&whole[..40]).refused(422, "carry_damaged");
    let mut newer = whole.clone();
    newer[7] = 2;
    carry(&newer).refused(422, "carry_unknown_version");
    let other = SignKey::from_seed(&[9; 32]).public();
    carry(&parcel.sealed_to(CarryKind::Server, other)).refused(422, "carry_not_for_us");
    carry(&parcel.sealed_to(CarryKind::Colleagues, parcel.server)).refused(422, "carry_not_for_us");
    parcel.body.logs[0].before = Hash([1; 32]);
    carry(&parcel.sealed()).refused(422, "carry_bad_signature");
    parcel.body.author = DeviceId::from_parts(api_support::NOW, [7; 10]);
    carry(&parcel.sealed()).refused(422, "carry_author_unknown");
    carry(&[0; 10_001]).refused(413, "too_large");
    let revoke = format!(
        "/v1/devices/{}/revoke",
        phone["device_id"].as_str().unwrap()
    );
    admin.post(&revoke, &json!({ "wipe": true })).ok();
    admin
        .send("POST", "/v1/carry", CARRY, &whole)
        .refused(422, "carry_author_revoked");
    // Not even by a new code.
    let order = world.phone(&admin, &worker, 1).refused(403, "device_wiped");
    assert_eq!(order["wipe"]["device_id"], phone["device_id"]);
    let phone = world.anonymous().with(&again);
    phone.get("/v1/me").refused(403, "device_wiped");
    world.enrol("01234-56789", 3).refused(400, "bad_code");
    admin
        .patch(&format!("/v1/users/{worker}"), &json!({ "active": false }))
        .ok();
    person.get("/v1/me").refused(403, "device_revoked");
    let (_, giver) = world.person(&admin, "giver", "supervisor", "c-a");
    let given = json!({ "name": "x", "login": "given", "password": PASSWORD });
    let given = giver.post("/v1/users", &given).ok()["user_id"].clone();
    let more = json!({ "user_id": given, "role": "admin", "access": "ask" });
    admin.post("/v1/grants", &more).refused(409, "access_ends");
    admin
        .post("/v1/users", &json!({ "name": "giver", "namesake": "ask" }))
        .refused(409, "namesake");
    let two_sided = admin.post("/v1/records", &new).ok();
    let path = format!("/v1/records/{}", of(&two_sided, "record_id"));
    for kind in ["y", "z"] {
        let edit = json!({ "fields": { "kind": kind }, "base": of(&two_sided, "heads") });
        admin.patch(&path, &edit).ok();
    }
    admin
        .post(&format!("{path}/move"), &json!({ "grid": "c-a-2" }))
        .refused(409, "unsettled");
    let street = json!({ "parent": "c", "name": "c-b", "level": "street", "retired": true });
    admin.put("/v1/areas/c-b", &street).ok();
    let of = |grid: &str, form: &str| json!({ "grid": grid, "form": form, "fields": {} });
    admin
        .post("/v1/records", &of("c-b-1", "matter"))
        .refused(409, "area_retired");
    let retired = json!({ "retired": true });
    admin.put("/v1/forms/meeting/retired", &retired).ok();
    admin
        .post("/v1/records", &of("c-a-1", "meeting"))
        .refused(409, "form_retired");
    let wrong = json!({ "login": "admin", "password": "wrong" });
    nobody
        .post("/v1/sign-in", &wrong)
        .refused(401, "sign_in_failed");
    let delayed = (0..7)
        .map(|_| nobody.post("/v1/sign-in", &wrong))
        .find(|reply| reply.status != 401)
        .unwrap();
    assert!(
        delayed.refused(429, "sign_in_delayed")["retry_after_s"]
            .as_u64()
            .unwrap()
            >= 1
    );
    assert!(delayed.headers.contains_key("retry-after"));
    receipts(&nobody, &admin);
    let api = world.server.as_ref().unwrap().api.clone();
    let all = gridfold_server::middleware::MAX_REQUESTS_UNDER_WAY;
    api.intake.room.forget_permits(all);
    assert!(
        nobody.get("/v1/me").refused(503, "unavailable")["retryable"]
            .as_bool()
            .unwrap()
    );
    nobody.get("/healthz").ok();
    drop(api);

    let failing = Arc::new(Mutex::new(None));
    let asked = Arc::clone(&failing);
    let faults: StoreFaults = Arc::new(move |store| {
        let failing: Option<(Store, Trouble)> = *asked.lock().unwrap();
        failing.filter(|(which, _)| *which == store).map(|f| f.1)
    });
    let world = world.reopen_failing(settings.clone(), Some(faults));
    let again = world
        .anonymous()
        .with(&json!({ "access_token": admin.token }));
    let invite = json!({ "user_id": again.get("/v1/me").ok()["user_id"] });
    for (trouble, code) in [
        (Trouble::Io, "storage_failed"),
        (Trouble::Damaged, "storage_damaged"),
    ] {
        *failing.lock().unwrap() = Some((Store::Accounts, trouble));
        let refused = again.post("/v1/devices/invite", &invite);
        refused.refused(503, code);
        assert!(refused.headers.contains_key("retry-after"), "{code}");
    }
    *failing.lock().unwrap() = None;
    world.areas(&again);
    *failing.lock().unwrap() = Some((Store::Views, Trouble::Busy));
    let record = json!({ "grid": "c-a-1", "form": "matter", "fields": { "kind": "x" } });
    again.post("/v1/records", &record).ok();
    again
        .post("/v1/records", &record)
        .refused(503, "views_behind");

    settings.log.min_free_mib = 1 << 40;
    settings.limits.address_requests_per_minute = 3;
    let world = world.reopen(settings);
    let admin = world
        .anonymous()
        .with(&json!({ "access_token": admin.token }));
    admin
        .post("/v1/users", &json!({ "name": "x" }))
        .refused(507, "disk_full");
    let nobody = world.anonymous();
    for _ in 0..3 {
        nobody.get("/v1/me").refused(401, "unauthorized");
    }
    let limited = nobody.get("/v1/me");
    assert_eq!(limited.refused(429, "rate_limited")["retry_after_s"], 20);
    assert_eq!(limited.headers["retry-after"], "20");

    nobody
        .header("origin", "https://evil.example")
        .header("cookie", "__Host-gridfold=x")
        .post("/v1/users", &json!({ "name": "x" }))
        .refused(403, "csrf");
    let world = world.reopen(config()).reopen_lacking_a_change(config());
    let nobody = world.anonymous();
    nobody.get("/v1/me").refused(503, "directory_damaged");
    let reached = world.codes.lock().unwrap().clone();
    let all: BTreeSet<String> = Code::ALL.iter().map(|c| c.as_str().to_owned()).collect();
    assert_eq!(
        all.difference(&reached).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "never reached"
    );
    let documented =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md")).unwrap();
    for code in &all {
        assert!(
            documented.contains(&format!("| `{code}` |")),
            "docs/API.md lacks {code}"
        );
    }
}

async fn boom() -> Answer<String> {
    panic!("a defect")
}

#[test]
fn what_every_answer_has_and_what_none_has() {
    let world = World::new();
    let admin = world.admin();
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs/",
        "/.well-known/jwks.json",
        "/v1/me",
    ] {
        let reply = admin.get(path);
        assert_eq!(reply.status, 200, "{path}");
        for header in [
            "x-request-id",
            "x-content-type-options",
            "referrer-policy",
            "content-security-policy",
        ] {
            assert!(reply.headers.contains_key(header), "{path} {header}");
        }
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'")
        );
    }
    let page = admin.get("/docs/").text() + &admin.get("/docs/swagger-initializer.js").text();
    assert!(
        page.contains("/openapi.json") && !page.contains("https://"),
        "{page}"
    );
    let metrics = admin.get("/metrics").text();
    assert!(
        metrics.contains("gridfold_http_requests_total{") && metrics.contains("route=\"/v1/me\"")
    );
    assert!(metrics.contains("gridfold_items{kind=\"users\"} 1"));
    // Texts follow the language asked for; Chinese when none is.
    let mut stream = TcpStream::connect(world.address).unwrap();
    write!(
        stream,
        "GET /v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(
        text.contains("content-language: zh-CN") && text.contains("登录"),
        "{text}"
    );
}

#[test]
fn an_invitation_names_the_address_that_was_asked_unless_another_is_configured() {
    let invited = |world: &World, client: &Client| {
        let user = client.get("/v1/me").ok()["user_id"].clone();
        let made = client
            .post("/v1/devices/invite", &json!({ "user_id": user }))
            .ok();
        assert_eq!(
            made["qr"].as_str().unwrap().matches(&world.base).count(),
            1,
            "{made}"
        );
        made["qr"].as_str().unwrap().to_owned()
    };
    // The server listens elsewhere than its settings say, as with `--listen`.
    let world = World::new();
    assert_ne!(world.base, world.node.config.public_url());
    invited(&world, &world.admin());
    invited(&world, &world.page("admin"));
    let mut named = config();
    named.server.public_url = Some("https://grid.example.org".to_owned());
    let world = world.reopen(named);
    let user = world.admin().get("/v1/me").ok()["user_id"].clone();
    let made = world
        .admin()
        .post("/v1/devices/invite", &json!({ "user_id": user }))
        .ok();
    let qr = made["qr"].as_str().unwrap();
    assert!(
        qr.starts_with("gridfold:1:https://grid.example.org:"),
        "{qr}"
    );
}

#[test]
fn the_description_tells_of_every_answer_and_names_each_operation_once() {
    let description: Value =
        serde_json::from_str(&gridfold_server::routes::openapi::to_json()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{method} {path}: {id} is another's already");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let what = format!("{method} {path} {status}");
                assert!(
                    !answer["description"]
                        .as_str()
                        .unwrap_or_default()
                        .is_empty(),
                    "{what}"
                );
                let kinds = answer["content"].as_object().into_iter().flatten();
                for (kind, body) in kinds {
                    let is_problem = kind == "application/problem+json";
                    assert_eq!(is_problem, !status.starts_with('2'), "{what}: {kind}");
                    assert_ne!(body["schema"], json!({ "type": "object" }), "{what}");
                }
            }
        }
    }
}

#[test]
fn the_description_changes_only_on_purpose() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/openapi.json");
    let now = gridfold_server::routes::openapi::to_json();
    if std::env::var_os("GRIDFOLD_TEST_UPDATE").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let then = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        now == then,
        "the API's description changed: look at the difference, then run\n  GRIDFOLD_TEST_UPDATE=1 cargo test --workspace --test server api_walk the_description"
    );
}

#[test]
fn stopping_finishes_what_was_begun_and_ends_the_feeds() {
    let mut world = World::new();
    let admin = world.admin();
    let mut events = follow(&world, &admin);
    let server = world.server.take().unwrap();
    world.runtime.block_on(server.stop());
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).unwrap();
    assert!(
        TcpStream::connect(world.address).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn a_phone_that_signs_out_never_comes_back_and_others_of_its_user_stay() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (user, _) = world.person(&admin, "wu", "worker", "c-a-1");
    let session = world.phone(&admin, &user, 1).ok();
    let other = world.phone(&admin, &user, 2).ok();
    let phone = world.anonymous().with(&session);
    phone.get("/v1/me").ok();
    let token = json!({ "refresh_token": session["refresh_token"] });
    assert_eq!(phone.post("/v1/sign-out", &token).status, 204);
    phone.get("/v1/me").refused(403, "device_revoked");
    assert_eq!(phone.post("/v1/sign-out", &token).status, 403);
    let renewed = world.anonymous().post("/v1/token", &token);
    assert!(matches!(renewed.status, 401 | 403), "{}", renewed.status);
    world.anonymous().with(&other).get("/v1/me").ok();
    let audit = admin.get("/v1/audit?limit=500").text();
    assert!(audit.contains("session.end"));
    assert!(!audit.contains("device.revoke"), "nobody revoked it");
}

#[test]
fn a_phone_that_was_revoked_by_mistake_goes_on_with_a_new_code() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (worker, _) = world.person(&admin, "worker", "worker", "c-a");
    let first = world.phone(&admin, &worker, 1).ok();
    let device = first["device_id"].as_str().unwrap().to_owned();
    let phone = world.anonymous().with(&first);
    phone.get("/v1/me").ok();
    admin
        .post(&format!("/v1/devices/{device}/revoke"), &json!({}))
        .ok();
    phone.get("/v1/me").refused(403, "device_revoked");
    let again = world.phone(&admin, &worker, 1).ok();
    assert_eq!(again["device_id"].as_str(), Some(device.as_str()));
    let phone = world.anonymous().with(&again);
    phone.get("/v1/me").ok();
    // It brings what it wrote before, under its own name.
    api_support::push_matter(&phone, 1, api_support::NOW);
    let devices = admin.get(&format!("/v1/devices?user_id={worker}")).ok();
    let devices = devices["devices"].as_array().unwrap().clone();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0]["state"], "active");
    let audit = admin.get("/v1/audit?limit=100").ok().to_string();
    assert!(audit.contains("device.reactivate"));
}
