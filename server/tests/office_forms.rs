//! A street office's own registers: ready-made forms are taken into use and worked with, and a meeting goes from the
//! wish to the answer.

use crate::api_support::Client;
use crate::town_support::{Town, add, at, ids, page};
use serde_json::{Value, json};

fn offered(client: &Client) -> Vec<Value> {
    let list = client.get("/v1/forms/offered").ok();
    list["forms"].as_array().unwrap().clone()
}
fn codes(forms: &[Value]) -> Vec<&str> {
    forms.iter().map(|f| f["code"].as_str().unwrap()).collect()
}
fn step(client: &Client, record: &str, action: &str) -> crate::api_support::Reply {
    let body = json!({ "action": action });
    client.post(&format!("/v1/records/{record}/transitions"), &body)
}
fn status(client: &Client, record: &str) -> Value {
    client.get(&format!("/v1/records/{record}")).ok()["status"].clone()
}
fn with_registers() -> Town {
    let town = Town::new();
    for form in offered(&town.admin) {
        assert_eq!(town.admin.post("/v1/forms", &form).status, 201);
    }
    town
}

#[test]
fn what_is_taken_into_use_is_offered_no_more() {
    let town = Town::new();
    let all = offered(&town.admin);
    assert_eq!(
        codes(&all),
        ["resident", "volunteer", "volunteering", "resource"]
    );
    // Whoever may not publish forms may not take one either.
    assert_eq!(town.supervisor.post("/v1/forms", &all[0]).status, 403);
    assert_eq!(town.admin.post("/v1/forms", &all[0]).status, 201);
    assert_eq!(
        codes(&offered(&town.supervisor)),
        ["volunteer", "volunteering", "resource"]
    );
}

#[test]
fn a_resident_belongs_to_the_household_and_is_hidden_from_who_may_not_read_people() {
    let town = with_registers();
    let resident = add(
        &town.supervisor,
        "c-a-1",
        "resident",
        json!({ "name": "王秀英", "household": town.household, "consent": "given", "care": ["lives_alone"] }),
    );
    let around = format!("household={}&form=resident", town.household);
    assert_eq!(
        ids(&page(&town.supervisor, &around)),
        std::slice::from_ref(&resident)
    );
    // An auditor reads neither the name nor the household.
    assert_eq!(ids(&page(&town.auditor, &around)), [] as [String; 0]);
    let text = town.auditor.get(&format!("/v1/records/{resident}")).text();
    assert!(
        !text.contains("王秀英") && !text.contains("lives_alone"),
        "{text}"
    );
}

#[test]
fn a_volunteers_hours_are_confirmed_by_a_supervisor_and_by_nobody_else() {
    let town = with_registers();
    let (_, worker) = town.world.person(&town.admin, "chen", "worker", "c-a-1");
    let volunteer = add(
        &worker,
        "c-a-1",
        "volunteer",
        json!({ "name": "李建国", "skills": ["repair"], "consent": true }),
    );
    assert_eq!(step(&worker, &volunteer, "welcome").status, 200);
    let service = add(
        &worker,
        "c-a-1",
        "volunteering",
        json!({ "what": "修水龙头", "volunteer": volunteer, "matter": town.late_matter, "skill": "repair" }),
    );
    assert_eq!(step(&worker, &service, "agree").status, 200);
    // Without hours nobody was of service.
    assert_eq!(step(&worker, &service, "serve").status, 422);
    let set = |client: &Client, fields: Value| {
        client.patch(
            &format!("/v1/records/{service}"),
            &json!({ "fields": fields }),
        )
    };
    set(&worker, json!({ "hours": "2.5" })).ok();
    assert_eq!(step(&worker, &service, "serve").status, 200);
    assert_eq!(set(&worker, json!({ "hours_confirmed": "9" })).status, 422);
    assert_eq!(step(&worker, &service, "confirm").status, 422);
    set(&town.supervisor, json!({ "hours_confirmed": "2.0" })).ok();
    assert_eq!(step(&town.supervisor, &service, "confirm").status, 200);
    set(&worker, json!({ "thanks": "谢谢您" })).ok();
    assert_eq!(step(&worker, &service, "thank").status, 200);
    assert_eq!(status(&town.supervisor, &service), "thanked");
    // What was done for a matter is found from it.
    let about = format!("about={}&form=volunteering", town.late_matter);
    assert_eq!(ids(&page(&worker, &about)), [service]);
}

#[test]
fn a_meeting_goes_from_the_wish_to_the_answer() {
    let town = Town::new();
    let meeting = add(
        &town.supervisor,
        "c-a-1",
        "meeting",
        json!({ "topic": "加装电梯", "wish": town.late_matter, "held_at": at(0) }),
    );
    let of_it = format!("about={}&means=meeting", town.late_matter);
    assert_eq!(
        ids(&page(&town.supervisor, &of_it)),
        std::slice::from_ref(&meeting)
    );
    assert_eq!(step(&town.supervisor, &meeting, "announce").status, 200);
    assert_eq!(step(&town.supervisor, &meeting, "hold").status, 200);
    // Minutes that nobody wrote are confirmed by nobody.
    assert_eq!(step(&town.supervisor, &meeting, "confirm").status, 422);
    let resolved = json!([{
        "key": "d1", "what": "先做入户调查", "outcome": "adopted", "in_favour": 18, "against": 2,
        "dissent": "一层住户担心采光", "task": town.task, "reply": "两周内答复"
    }]);
    town.supervisor
        .patch(
            &format!("/v1/records/{meeting}"),
            &json!({ "fields": { "minutes": "到会二十人。", "decisions": resolved } }),
        )
        .ok();
    for (action, then) in [("confirm", "minuted"), ("answer", "answered")] {
        assert_eq!(step(&town.supervisor, &meeting, action).status, 200);
        assert_eq!(status(&town.supervisor, &meeting), then);
    }
    let read = town.supervisor.get(&format!("/v1/records/{meeting}")).ok();
    assert_eq!(read["fields"]["decisions"][0]["task"], json!(town.task));
    assert_eq!(
        read["fields"]["decisions"][0]["dissent"],
        "一层住户担心采光"
    );
}
