//! What a street office does to a matter besides moving it on: over HTTP.

use crate::api_support::{Client, NOW, World};
use crate::town_support::add;
use serde_json::{Value, json};

struct Office {
    admin: Client,
    supervisor: Client,
    worker: Client,
    /// The worker's id.
    me: String,
    record: String,
    world: World,
}

fn office() -> Office {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, supervisor) = world.person(&admin, "steps-super", "supervisor", "c-a");
    let (me, worker) = world.person(&admin, "steps-worker", "worker", "c-a");
    let fields = json!({
        "kind": "light", "summary": "三号楼", "reported_at": "2026-06-13T05:50:34Z",
        "due_at": "2030-01-10T00:00:00Z",
    });
    let record = add(&admin, "c-a-1", "matter", fields);
    Office {
        supervisor,
        worker,
        me,
        admin,
        record,
        world,
    }
}

impl Office {
    fn read(&self, client: &Client) -> Value {
        client.get(&format!("/v1/records/{}", self.record)).ok()
    }

    fn tried(&self, client: &Client, action: &str, note: &str) -> crate::api_support::Reply {
        let path = format!("/v1/records/{}/transitions", self.record);
        client.post(&path, &json!({ "action": action, "note": note }))
    }

    fn step(&self, client: &Client, action: &str) -> Value {
        self.tried(client, action, "因为").ok()
    }

    fn offered(&self, client: &Client) -> Vec<String> {
        let body = self.read(client);
        let all = body["transitions"].as_array().unwrap().clone();
        let named = all.iter().map(|t| t["action"].as_str().unwrap().to_owned());
        named.collect()
    }

    fn listed(&self, client: &Client, query: &str) -> Vec<Value> {
        let page = client.get(&format!("/v1/records?{query}&count=true")).ok();
        let rows = page["records"].as_array().unwrap().clone();
        assert_eq!(page["total"], rows.len());
        rows
    }
}

#[test]
fn who_urged_and_who_follows_is_listed_until_it_is_answered() {
    let office = office();
    let (supervisor, worker) = (&office.supervisor, &office.worker);
    office.step(&office.admin, "accept");
    assert!(office.listed(supervisor, "step=urge").is_empty());
    office.step(supervisor, "urge");
    office.step(worker, "follow");
    let me = &office.me;
    let urged = office.listed(worker, "step=urge");
    assert_eq!(urged[0]["record_id"], office.record.as_str());
    assert_eq!(urged[0]["status"], "accepted");
    let steps = urged[0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    let urge = steps.iter().find(|s| s["action"] == "urge").unwrap();
    assert_eq!(
        (&urge["label"], &urge["user_name"]),
        (&json!("Urge"), &json!("steps-super"))
    );
    assert_eq!(
        office
            .listed(worker, &format!("step=follow&step_by={me}"))
            .len(),
        1
    );
    assert_eq!(office.listed(worker, &format!("step_by={me}")).len(), 1);
    assert!(
        office
            .listed(worker, &format!("step=urge&step_by={me}"))
            .is_empty()
    );
    assert_eq!(
        office
            .listed(worker, "step=follow&step_by=steps-worker")
            .len(),
        1
    );
    assert!(office.listed(worker, "step_by=nobody").is_empty());
    assert!(
        office.read(worker)["concurrent_statuses"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    office.step(worker, "handle");
    office.step(worker, "unfollow");
    assert!(office.listed(supervisor, "step=urge,follow").is_empty());
    assert!(office.read(worker)["steps"].is_null());
}

#[test]
fn a_matter_stands_suspended_and_is_due_later_for_it() {
    let office = office();
    let (supervisor, worker) = (&office.supervisor, &office.worker);
    office.step(&office.admin, "accept");
    office.step(&office.admin, "dispatch");
    office
        .tried(supervisor, "suspend", "")
        .refused(422, "transition_not_allowed");
    office.step(supervisor, "suspend");
    let body = office.read(worker);
    assert_eq!(body["status"], "suspended");
    assert!(body["suspended_at"].is_string() && body["suspended_ms"].is_null());
    // It is past its time, and no time passes for it.
    let late = json!({ "fields": { "due_at": "2026-01-01T00:00:00Z" } });
    let path = format!("/v1/records/{}", office.record);
    supervisor.patch(&path, &late).ok();
    assert_eq!(
        office.listed(supervisor, "overdue=captured").len(),
        1,
        "it was late before"
    );
    supervisor
        .patch(
            &path,
            &json!({ "fields": { "due_at": "2040-01-01T00:00:00Z" } }),
        )
        .ok();
    assert!(office.listed(supervisor, "overdue=captured").is_empty());
    assert_eq!(office.listed(supervisor, "open=true").len(), 1);
    office.world.clock.set(NOW.plus_millis(30));
    office.step(worker, "resume");
    let body = office.read(worker);
    assert_eq!(body["status"], "dispatched");
    assert!(body["suspended_at"].is_null());
    assert!(body["suspended_ms"].as_i64().unwrap() >= 30);
    assert_eq!(body["fields"]["due_at"], "2040-01-01T00:00:00.000Z");
    assert!(body["due_at"].as_str().unwrap() > "2040-01-01T00:00:00.000Z");
}

#[test]
fn more_time_is_asked_for_and_granted_by_another() {
    let office = office();
    let (supervisor, worker) = (&office.supervisor, &office.worker);
    office.step(&office.admin, "accept");
    office
        .tried(worker, "ask_extension", "等配件")
        .refused(422, "transition_not_allowed");
    let path = format!("/v1/records/{}", office.record);
    worker
        .patch(
            &path,
            &json!({ "fields": { "asked_due": "2030-02-01T00:00:00Z" } }),
        )
        .ok();
    office.step(worker, "ask_extension");
    assert_eq!(office.listed(supervisor, "step=ask_extension").len(), 1);
    assert!(
        !office
            .offered(worker)
            .contains(&"grant_extension".to_owned())
    );
    office.step(supervisor, "grant_extension");
    let body = office.read(worker);
    assert_eq!(body["due_at"], "2030-02-01T00:00:00.000Z");
    assert_eq!(body["status"], "accepted");
    assert!(office.listed(supervisor, "step=ask_extension").is_empty());
}

#[test]
fn a_step_is_recalled_by_whoever_took_it_and_checked_by_another() {
    let office = office();
    let (supervisor, worker) = (&office.supervisor, &office.worker);
    office.step(supervisor, "accept");
    assert!(office.offered(supervisor).contains(&"recall".to_owned()));
    assert!(!office.offered(worker).contains(&"recall".to_owned()));
    office
        .tried(worker, "recall", "")
        .refused(422, "transition_not_allowed");
    let recall = office.read(supervisor)["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["action"] == "recall")
        .unwrap()
        .clone();
    assert_eq!(recall["to"], "reported");
    let after = office.tried(supervisor, "recall", "").ok();
    assert_eq!(after["record"]["status"], "reported");
    office.step(supervisor, "accept");
    office.step(worker, "handle");
    office
        .tried(supervisor, "recall", "")
        .refused(422, "transition_not_allowed");
    assert!(!office.offered(worker).contains(&"inspect".to_owned()));
    office
        .tried(worker, "inspect", "")
        .refused(422, "transition_not_allowed");
    office.step(supervisor, "inspect");
    office.step(supervisor, "close");
    assert_eq!(office.read(worker)["status"], "closed");
    // What goes to another grid keeps its status, whoever took which step.
    let path = format!("/v1/records/{}/move", office.record);
    let moved = office.admin.post(&path, &json!({ "grid": "c-a-2" })).ok();
    assert_eq!(moved["record"]["status"], "closed");
}

/// Whoever moves it takes along what stands beside its status, and says whose it was; a following is its person's own.
#[test]
fn a_move_takes_along_what_stands() {
    let office = office();
    office.step(&office.supervisor, "accept");
    office.step(&office.supervisor, "supervise");
    office.step(&office.admin, "urge");
    office.step(&office.worker, "follow");
    let path = format!("/v1/records/{}/move", office.record);
    let moved = office.admin.post(&path, &json!({ "grid": "c-a-2" })).ok();
    assert_eq!(moved["record"]["status"], "accepted");
    let to = moved["record"]["record_id"].as_str().unwrap();
    let stands = |step: &str| -> Vec<String> {
        let rows = office.listed(&office.admin, &format!("step={step}"));
        let ids = rows
            .iter()
            .map(|r| r["record_id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    assert_eq!(stands("supervise"), [to]);
    assert_eq!(stands("urge"), [to]);
    assert!(stands("follow").is_empty());
    let history = office.admin.get(&format!("/v1/records/{to}/history")).ok();
    let told = history.to_string();
    assert!(told.contains("steps-super: 因为"), "{told}");
    assert!(!told.contains("admin: 因为"), "{told}");
}

/// Done on the spot is found as resolved in the grid, also once it is closed, and no longer when it was not done.
#[test]
fn what_was_resolved_in_the_grid_is_listed() {
    let office = office();
    let (supervisor, worker) = (&office.supervisor, &office.worker);
    office.step(worker, "resolve");
    office.step(supervisor, "close");
    let found = office.listed(supervisor, "step=resolve&closed_from=2020-01-01T00:00:00Z");
    assert_eq!(found[0]["steps"][0]["user_name"], "steps-worker");
    office.step(supervisor, "reopen");
    assert!(office.listed(supervisor, "step=resolve").is_empty());
}

/// It goes on where it stood, and is not verified by who wrote it.
#[test]
fn what_was_suspended_goes_on_where_it_stood_and_a_report_is_verified_by_another() {
    let office = office();
    office
        .tried(&office.admin, "verify", "")
        .refused(422, "transition_not_allowed");
    assert!(!office.offered(&office.admin).contains(&"verify".to_owned()));
    office.step(&office.worker, "verify");
    office.step(&office.supervisor, "accept");
    office.step(&office.supervisor, "suspend");
    let next = office.read(&office.worker)["transitions"].clone();
    let all = next.as_array().unwrap();
    let resume = all.iter().find(|t| t["action"] == "resume").unwrap();
    assert_eq!(resume["to"], "accepted");
    office.step(&office.worker, "resume");
    assert_eq!(office.read(&office.worker)["status"], "accepted");
    // A move takes the same way.
    let path = format!("/v1/records/{}/move", office.record);
    let moved = office.admin.post(&path, &json!({ "grid": "c-a-2" })).ok();
    assert_eq!(moved["record"]["status"], "accepted");
}

#[test]
fn a_move_keeps_the_time_that_a_matter_stood_suspended() {
    let office = office();
    office.step(&office.admin, "accept");
    office.step(&office.admin, "dispatch");
    office.step(&office.admin, "suspend");
    office.world.clock.set(NOW.plus_millis(20));
    office.step(&office.admin, "resume");
    let before = office.read(&office.admin)["due_at"].clone();
    let path = format!("/v1/records/{}/move", office.record);
    let moved = office.admin.post(&path, &json!({ "grid": "c-a-2" })).ok();
    assert_eq!(before, "2030-01-10T00:00:00.020Z");
    assert_eq!(moved["record"]["due_at"], before);
    assert_eq!(moved["record"]["fields"]["due_at"], before);
}
