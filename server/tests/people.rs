//! Who may act on whom, and what becomes of a person's access when they are granted more.

use crate::api_support;
use crate::api_support::{Client, PASSWORD, World};
use serde_json::{Value, json};

const ANOTHER: &str = "copper lantern 93 harbour";

/// Two streets with a supervisor each, and who is admin everywhere.
struct Office {
    world: World,
    operator: Client,
    a: Client,
    b: Client,
}

impl Office {
    fn new() -> Self {
        let world = World::new();
        let operator = world.admin();
        world.areas(&operator);
        let (_, a) = world.person(&operator, "sup-a", "supervisor", "c-a");
        let (_, b) = world.person(&operator, "sup-b", "supervisor", "c-b");
        Self {
            world,
            operator,
            a,
            b,
        }
    }

    /// A person with an account and no grant.
    fn added_by(&self, who: &Client, login: &str) -> String {
        let given = json!({ "name": login, "login": login, "password": PASSWORD });
        let user = who.post("/v1/users", &given).ok();
        user["user_id"].as_str().unwrap().to_owned()
    }

    fn grant(who: &Client, user: &str, role: &str, area: Option<&str>, more: &Value) -> Value {
        let mut body = json!({ "user_id": user, "role": role, "area": area });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        who.post("/v1/grants", &body).ok()
    }

    fn signs_in(&self, login: &str, password: &str) -> bool {
        let given = json!({ "login": login, "password": password });
        self.world.anonymous().post("/v1/sign-in", &given).status == 200
    }
}

/// Every act on a person, with what it answers.
fn acts(who: &Client, user: &str) -> Vec<(&'static str, u16)> {
    let invite = json!({ "user_id": user });
    let password = json!({ "password": ANOTHER });
    let grant = json!({ "user_id": user, "role": "worker", "area": "c-a-1" });
    vec![
        ("see", who.get(&format!("/v1/users/{user}")).status),
        ("invite", who.post("/v1/devices/invite", &invite).status),
        (
            "invitations",
            who.get(&format!("/v1/devices/invite?user_id={user}"))
                .status,
        ),
        (
            "password",
            who.put(&format!("/v1/users/{user}/password"), &password)
                .status,
        ),
        (
            "rename",
            who.patch(&format!("/v1/users/{user}"), &json!({ "name": "taken" }))
                .status,
        ),
        (
            "disable",
            who.patch(&format!("/v1/users/{user}"), &json!({ "active": false }))
                .status,
        ),
        ("grant", who.post("/v1/grants", &grant).status),
    ]
}

#[track_caller]
fn assert_none(who: &Client, user: &str, what: &str) {
    for (act, status) in acts(who, user) {
        assert!(
            matches!(status, 403 | 404),
            "{what}: {act} answered {status}"
        );
    }
    let listed = who.get("/v1/users?limit=500").text();
    assert!(!listed.contains(user), "{what}: listed");
}

#[test]
fn nobody_is_taken_over_whatever_their_grants_are_at_the_moment() {
    let office = Office::new();
    let (a, b, operator) = (&office.a, &office.b, &office.operator);
    let new = office.added_by(b, "new-of-b");
    assert_none(a, &new, "before their first grant");
    let (old, _) = office.world.person(operator, "old-of-b", "worker", "c-b-1");
    let grants = operator.get(&format!("/v1/grants?user_id={old}")).ok();
    let id = grants["grants"][0]["grant_id"].as_str().unwrap();
    operator
        .post(&format!("/v1/grants/{id}/end"), &json!({}))
        .ok();
    assert_none(a, &old, "after their last grant");
    let later = json!({ "from": "2030-01-01T00:00:00Z" });
    let coming = office.added_by(operator, "coming");
    Office::grant(operator, &coming, "supervisor", Some("c-b"), &later);
    assert_none(a, &coming, "about to be granted more");
    let deputy = office.added_by(operator, "deputy");
    assert_none(a, &deputy, "added by who is above");
    for login in ["new-of-b", "old-of-b", "coming", "deputy"] {
        assert!(office.signs_in(login, PASSWORD), "{login} is as before");
        assert!(!office.signs_in(login, ANOTHER), "{login} was taken over");
    }
    // Who added them may, and who is above everybody.
    for who in [b, operator] {
        let invite = json!({ "user_id": new });
        who.post("/v1/devices/invite", &invite).ok();
    }
}

#[test]
fn one_is_told_whom_one_may_act_on() {
    let office = Office::new();
    office
        .world
        .person(&office.operator, "mine", "worker", "c-a-1");
    office
        .world
        .person(&office.operator, "above", "admin", "c-a");
    let phones_only = office
        .a
        .post("/v1/users", &json!({ "name": "phones-only" }))
        .ok();
    let mut told = Vec::new();
    for who in [&office.a, &office.b, &office.operator] {
        let listed = who.get("/v1/users?limit=500").ok();
        let me = who.get("/v1/me").ok()["user_id"].clone();
        // One's own account is another matter.
        let others = listed["users"].as_array().unwrap().iter();
        for user in others.filter(|u| u["user_id"] != me) {
            let may_manage = user["may_manage"].as_bool().unwrap();
            let id = user["user_id"].as_str().unwrap();
            let invite = json!({ "user_id": id });
            let status = who.post("/v1/devices/invite", &invite).status;
            assert_eq!(may_manage, status == 201, "{}: {status}", user["name"]);
            assert!(user["has_login"].is_null(), "of one user alone");
            let one = who.get(&format!("/v1/users/{id}")).ok();
            let login = may_manage.then_some(id != phones_only["user_id"].as_str().unwrap());
            assert_eq!(one["has_login"], json!(login), "{}", user["name"]);
            told.push(may_manage);
        }
    }
    assert!(told.contains(&true) && told.contains(&false));
}

#[test]
fn one_worker_of_two_streets_is_nobodys_of_one() {
    let office = Office::new();
    let (both, _) = office
        .world
        .person(&office.operator, "both", "worker", "c-a-1");
    let invite = json!({ "user_id": both });
    office.a.post("/v1/devices/invite", &invite).ok();
    let grant = Office::grant(&office.operator, &both, "worker", Some("c-b-1"), &json!({}));
    office
        .a
        .post("/v1/devices/invite", &invite)
        .refused(403, "forbidden");
    // Their work in one's own street can be ended all the same, and elsewhere not.
    let own = office.a.get(&format!("/v1/grants?user_id={both}")).ok();
    let own = own["grants"][0]["grant_id"].as_str().unwrap();
    office
        .a
        .post(&format!("/v1/grants/{own}/end"), &json!({}))
        .ok();
    let other = grant["grant_id"].as_str().unwrap();
    office
        .a
        .post(&format!("/v1/grants/{other}/end"), &json!({}))
        .refused(404, "not_found");
    // Nor does it help that the work there has ended.
    office
        .operator
        .post(&format!("/v1/grants/{other}/end"), &json!({}))
        .ok();
    office
        .a
        .post("/v1/devices/invite", &invite)
        .refused(403, "forbidden");
}

#[test]
fn what_lists_say_of_who_may_act_is_what_the_acts_answer() {
    let office = Office::new();
    let listed = |who: &Client, list: &str, user: &str| {
        let rows = who.get(&format!("/v1/{list}?limit=500")).ok();
        let rows = rows[list].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["user_id"] == *user);
        row.unwrap_or_else(|| panic!("{user} is not in {list}"))["may_manage"]
            .as_bool()
            .unwrap()
    };
    let (own, _) = office
        .world
        .person(&office.operator, "own", "worker", "c-a-1");
    let (both, _) = office
        .world
        .person(&office.operator, "both", "worker", "c-a-1");
    let phone = office.world.phone(&office.operator, &both, 9).ok();
    Office::grant(&office.operator, &both, "worker", Some("c-b-1"), &json!({}));
    for user in [&own, &both] {
        let invited = office
            .a
            .post("/v1/devices/invite", &json!({ "user_id": user }));
        let says = listed(&office.a, "users", user);
        assert_eq!(says, invited.status == 201, "{user}: {}", invited.status);
    }
    assert!(listed(&office.a, "users", &own));
    assert!(!listed(&office.a, "phones", &both));
    let device = phone["device_id"].as_str().unwrap();
    let revoke = format!("/v1/devices/{device}/revoke");
    office
        .a
        .post(&revoke, &json!({ "wipe": false }))
        .refused(403, "forbidden");
    assert!(listed(&office.operator, "phones", &both));
    // A phone that waits for somebody says what can be done with it, and to whom nothing, nothing.
    office
        .operator
        .post(&revoke, &json!({ "wipe": false }))
        .ok();
    for (who, actions) in [
        (&office.operator, json!(["wipe", "settle"])),
        (&office.a, json!([])),
    ] {
        let waiting = who.get("/v1/attention?kind=phone").ok();
        assert_eq!(waiting["items"][0]["actions"], actions);
    }
}

#[test]
fn who_is_above_who_added_somebody_may_act_on_them() {
    let office = Office::new();
    let (_, district) = office
        .world
        .person(&office.operator, "district", "admin", "c-a");
    let new = office.added_by(&office.a, "new-of-a");
    let invite = json!({ "user_id": new });
    district.post("/v1/devices/invite", &invite).ok();
    let (_, elsewhere) = office
        .world
        .person(&office.operator, "elsewhere", "admin", "c-b");
    elsewhere
        .post("/v1/devices/invite", &invite)
        .refused(404, "not_found");
}

#[test]
fn what_a_giver_could_not_give_ends_with_the_grant() {
    let office = Office::new();
    let (a, operator) = (&office.a, &office.operator);
    let person = office.added_by(a, "of-a");
    let phone = office.world.phone(a, &person, 5).ok();
    let phone = office.world.anonymous().with(&phone);
    let invite = json!({ "user_id": person });
    let code = a.post("/v1/devices/invite", &invite).ok();
    let code = code["code"].as_str().unwrap().to_owned();
    let session = office.world.sign_in("of-a");
    let page = office.world.page("of-a");

    // What their giver may give too changes nothing.
    let given = Office::grant(a, &person, "worker", Some("c-a-1"), &json!({}));
    assert!(given["access"].is_null(), "{given}");
    phone.get("/v1/me").ok();

    // Asked first, nothing is granted and nothing ends.
    let ask = json!({ "user_id": person, "role": "worker", "area": "c-b-1", "access": "ask" });
    operator
        .post("/v1/grants", &ask)
        .refused(409, "access_ends");
    phone
        .get("/v1/records?area=c-b-1")
        .refused(404, "not_found");
    session.get("/v1/me").ok();

    let given = Office::grant(operator, &person, "worker", Some("c-b-1"), &json!({}));
    assert_eq!(given["access"], "ended");
    phone.get("/v1/me").refused(403, "device_revoked");
    session.get("/v1/me").refused(403, "device_revoked");
    assert_eq!(page.get("/v1/me").status, 401);
    assert!(!office.signs_in("of-a", PASSWORD));
    assert_eq!(office.world.enrol(&code, 6).status, 400, "a code of before");

    // Given anew by somebody above, it stays with what they may give.
    let password = json!({ "password": ANOTHER });
    operator
        .put(&format!("/v1/users/{person}/password"), &password)
        .ok();
    let given = Office::grant(operator, &person, "supervisor", Some("c-b"), &json!({}));
    assert!(given["access"].is_null(), "{given}");
    assert!(office.signs_in("of-a", ANOTHER));
}

#[test]
fn access_is_kept_on_the_word_of_who_grants() {
    let office = Office::new();
    let (a, operator) = (&office.a, &office.operator);
    let person = office.added_by(a, "of-a");
    let phone = office.world.phone(a, &person, 5).ok();
    let phone = office.world.anonymous().with(&phone);
    let keep = json!({ "access": "keep" });
    let given = Office::grant(operator, &person, "worker", Some("c-b-1"), &keep);
    assert_eq!(given["access"], "kept");
    phone.get("/v1/me").ok();
    // From then on it is theirs.
    let given = Office::grant(operator, &person, "admin", None, &json!({}));
    assert!(given["access"].is_null(), "{given}");
    assert!(office.signs_in("of-a", PASSWORD));
    let wrong = json!({ "user_id": person, "role": "worker", "area": "c-a-1", "access": "x" });
    operator
        .post("/v1/grants", &wrong)
        .refused(400, "bad_request");
}

#[test]
fn a_password_that_somebody_else_set_is_not_made_ones_own_in_its_session() {
    let office = Office::new();
    let person = office.added_by(&office.a, "of-a");
    let stranger = office.world.sign_in("of-a");
    let change = json!({ "password": ANOTHER, "current": PASSWORD });
    stranger
        .put(&format!("/v1/users/{person}/password"), &change)
        .ok();
    let own = office.world.anonymous().post(
        "/v1/sign-in",
        &json!({ "login": "of-a", "password": ANOTHER }),
    );
    let own = office.world.anonymous().with(&own.ok());
    own.post("/v1/devices/invite", &json!({ "user_id": person }))
        .ok();
    let given = Office::grant(&office.operator, &person, "admin", None, &json!({}));
    assert_eq!(given["access"], "ended");
    assert!(!office.signs_in("of-a", ANOTHER));
    own.get("/v1/me").refused(403, "device_revoked");
}

#[test]
fn invitations_are_known_to_who_may_invite_and_can_be_taken_back() {
    let office = Office::new();
    let (worker, own) = office
        .world
        .person(&office.operator, "of-b", "worker", "c-b-1");
    let made = office
        .b
        .post("/v1/devices/invite", &json!({ "user_id": worker }))
        .ok();
    let id = made["enrolment_id"].as_str().unwrap();
    let path = format!("/v1/devices/invite/{id}");
    let listed = |who: &Client| who.get("/v1/devices/invite").text().contains(id);
    let code = made["code"].as_str().unwrap();
    for who in [&office.b, &office.operator, &own] {
        assert!(listed(who));
        assert_eq!(who.get(&path).ok()["status"], "waiting");
        assert!(!who.get("/v1/devices/invite").text().contains(code));
    }
    let (_, auditor) = office
        .world
        .person(&office.operator, "audit", "auditor", "c-b");
    for who in [&office.a, &auditor] {
        assert!(!listed(who));
        who.get(&path).refused(404, "not_found");
        assert_eq!(who.delete(&path).status, 404);
    }
    assert_eq!(office.b.delete(&path).status, 204);
    assert!(!listed(&office.b));
    assert_eq!(office.b.get(&path).ok()["status"], "dead");
    assert_eq!(office.world.enrol(code, 7).status, 400);
}

#[test]
fn browsers_are_told_to_come_by_tls_only_where_it_is_spoken() {
    let hsts = |reply: &api_support::Reply| {
        let value = reply.headers.get("strict-transport-security");
        value.map(|v| v.to_str().unwrap().to_owned())
    };
    let plain = World::new();
    assert_eq!(hsts(&plain.anonymous().get("/healthz")), None);
    let mut settings = api_support::config();
    settings.server.public_url = Some("https://grid.example".to_owned());
    let world = World::with(settings, axum::Router::new());
    let proxied = world.anonymous();
    let year = Some("max-age=31536000".to_owned());
    for path in ["/healthz", "/v1/me", "/nowhere", "/openapi.json"] {
        assert_eq!(hsts(&proxied.get(path)), year, "{path}");
    }
    let forwarded = |proto| hsts(&proxied.header("x-forwarded-proto", proto).get("/healthz"));
    assert_eq!(forwarded("https"), year);
    assert_eq!(forwarded("http"), None);
}

#[test]
fn a_second_person_of_one_name_is_asked_about() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let add = |client: &Client, namesake: Option<&str>| {
        client.post(
            "/v1/users",
            &json!({ "name": "王芳", "namesake": namesake }),
        )
    };
    let first = add(&admin, Some("ask")).ok();
    add(&admin, Some("ask")).refused(409, "namesake");
    add(&admin, Some("sure")).refused(400, "bad_request");
    let second = add(&admin, Some("add")).ok();
    assert_ne!(first["user_id"], second["user_id"]);
    // Who may not know of them is told nothing.
    let (_, li) = world.person(&admin, "li", "supervisor", "c-b");
    add(&li, Some("ask")).ok();
}

#[test]
fn people_are_listed_by_name_and_a_page_goes_on_where_the_last_one_ended() {
    let world = World::new();
    let admin = world.admin();
    for name in ["网格员10", "网格员2", "Zoe", "网格员1", "anna", "网格员2"] {
        admin.post("/v1/users", &json!({ "name": name })).ok();
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/users?limit=2{cursor}")).ok();
        let users = page["users"].as_array().unwrap().iter();
        names.extend(users.map(|u| u["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let in_order = "admin anna Zoe 网格员1 网格员2 网格员2 网格员10";
    assert_eq!(names.join(" "), in_order);
    admin
        .get("/v1/users?cursor=somebody")
        .refused(400, "bad_request");
}
