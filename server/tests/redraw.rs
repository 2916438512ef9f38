//! Grids are redrawn: given to another worker, split and merged, as one act with a date that is rehearsed first, goes
//! on after a restart, and has what phones bring later go along.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::api_support::{Client, NOW, World, config, push_matter};
use crate::town_support::{HOUR_MS, add, at, ids, page, visit};
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value, json};

struct Office {
    world: World,
    admin: Client,
    /// Works in `c-a-1`.
    zhang: String,
    /// Works in `c-a-2`.
    wang: String,
}

fn worker(admin: &Client, name: &str, area: Option<&str>) -> String {
    let user = admin.post("/v1/users", &json!({ "name": name })).ok();
    let id = user["user_id"].as_str().unwrap().to_owned();
    if let Some(area) = area {
        let grant = json!({ "user_id": id, "role": "worker", "area": area });
        admin.post("/v1/grants", &grant).ok();
    }
    id
}

impl Office {
    fn new() -> Self {
        let world = World::new();
        let admin = world.admin();
        world.areas(&admin);
        let zhang = worker(&admin, "张伟", Some("c-a-1"));
        let wang = worker(&admin, "王芳", Some("c-a-2"));
        Self {
            world,
            admin,
            zhang,
            wang,
        }
    }

    fn task(&self, grid: &str, title: &str, doer: &str, about: Option<&str>) -> String {
        let mut fields = json!({ "title": title, "doer": doer });
        if let Some(about) = about {
            fields["matter"] = json!(about);
        }
        add(&self.admin, grid, "task", fields)
    }

    fn household(&self, grid: &str, address: &str, lat: f64) -> String {
        let fields = json!({ "address": address, "location": { "lat": lat, "lon": 117.2 } });
        add(&self.admin, grid, "household", fields)
    }

    fn count(&self, query: &str) -> usize {
        ids(&page(&self.admin, &format!("limit=500&{query}"))).len()
    }

    fn grants_of(&self, user: &str) -> Vec<String> {
        // A token outlives no day.
        let found = self
            .world
            .admin()
            .get(&format!("/v1/grants?active=true&user_id={user}"));
        let grants = found.ok()["grants"].as_array().unwrap().clone();
        grants
            .iter()
            .map(|g| g["area"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn ask(client: &Client, lines: Value, more: Value) -> Value {
    let mut body = json!({ "lines": lines });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    client.post("/v1/areas/redraw", &body).ok()
}

/// The redrawing as it is once it is in a state.
fn until(client: &Client, id: &Value, state: &str) -> Value {
    let path = format!("/v1/areas/redraws/{}", id.as_str().unwrap());
    let began = Instant::now();
    loop {
        let now = client.get(&path).ok();
        if now["state"] == state {
            return now;
        }
        assert!(began.elapsed() < Duration::from_secs(240), "{now}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_merge_does_what_its_rehearsal_said_and_what_a_phone_brings_later_goes_along() {
    let office = Office::new();
    let Office {
        world,
        admin,
        zhang,
        wang,
    } = &office;
    let phone = world.phone(admin, zhang, 7).ok();
    let phone = world.anonymous().with(&phone);
    let home = office.household("c-a-1", "滨江道 1 号", 39.11);
    let seen = visit(admin, "c-a-1", &home);
    let matter = add(
        admin,
        "c-a-1",
        "matter",
        json!({ "kind": "路灯", "summary": "灯不亮", "household": home }),
    );
    let task = office.task("c-a-1", "检查电梯", zhang, None);
    let line = json!([{ "act": "merge", "from": "c-a-1", "to": "c-a-2" }]);
    let told = ask(admin, line.clone(), json!({ "rehearse": true }));
    let would = &told["lines"][0];
    assert!(
        told["redraw_id"].is_null() && told["state"] == "rehearsed",
        "{told}"
    );
    assert_eq!(
        (&would["moved"], &would["handed"], &would["left_count"]),
        (&json!(4), &json!(1), &json!(0)),
        "{told}"
    );
    assert_eq!(
        would["forms"],
        json!({ "household": 1, "visit": 1, "matter": 1, "task": 1 })
    );
    assert_eq!(
        (&would["ends"], &would["begins"]),
        (&json!([zhang]), &json!([]))
    );
    // The one worker of the other grid takes the work.
    assert_eq!(would["to_user"], json!(wang));
    assert_eq!(office.count("area=c-a-1"), 4, "a rehearsal changes nothing");
    assert_eq!(office.grants_of(zhang), ["c-a-1"]);

    let begun = ask(admin, line, json!({}));
    let done = until(admin, &begun["redraw_id"], "done");
    assert_eq!(
        (&done["lines"][0]["moved"], &done["lines"][0]["handed"]),
        (&json!(4), &json!(1)),
        "{done}"
    );
    assert_eq!(
        (office.count("area=c-a-1"), office.count("area=c-a-2")),
        (0, 4)
    );
    assert_eq!(admin.get("/v1/areas/c-a-1").ok()["retired"], true);
    assert_eq!(office.grants_of(zhang), Vec::<String>::new());
    // The counts of both are right, and what is about the household still is.
    assert_eq!(office.count(&format!("open=true&assignee={zhang}")), 0);
    assert_eq!(
        office.count(&format!("open=true&assignee={wang}&form=task")),
        1
    );
    let now = admin.get(&format!("/v1/records/{home}")).ok();
    let home_now = now["moved_to"]["record_id"].as_str().unwrap().to_owned();
    for form in ["visit", "matter"] {
        assert_eq!(
            office.count(&format!("form={form}&household={home_now}")),
            1,
            "{form}"
        );
    }
    for old in [&seen, &matter, &task] {
        let was = admin.get(&format!("/v1/records/{old}")).ok();
        assert_eq!(was["moved_to"]["grid"], "c-a-2", "{was}");
    }
    // Written before without signal, it comes late and goes where the others went, and says that it was late.
    let late = push_matter(&phone, 7, NOW.plus_millis(-HOUR_MS));
    let began = Instant::now();
    let there = loop {
        let was = admin.get(&format!("/v1/records/{late}")).ok();
        if let Some(to) = was["moved_to"]["record_id"].as_str() {
            assert_eq!(was["late"], true, "{was}");
            break to.to_owned();
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it stays in the grid that is no more"
        );
        sleep(Duration::from_millis(100));
    };
    assert_eq!(
        admin.get(&format!("/v1/records/{there}")).ok()["grid"],
        "c-a-2"
    );
    let audit = admin
        .get("/v1/audit?what=redraw.begin&newest=true")
        .ok()
        .to_string();
    assert!(
        audit.contains(begun["redraw_id"].as_str().unwrap()),
        "{audit}"
    );
}

#[test]
fn a_split_takes_what_is_meant_with_what_belongs_to_it_and_leaves_the_rest() {
    let office = Office::new();
    let (admin, zhang, wang) = (&office.admin, &office.zhang, &office.wang);
    let north = office.household("c-a-1", "北街 1 号", 39.20);
    let south = office.household("c-a-1", "南街 1 号", 39.10);
    for home in [&north, &south] {
        visit(admin, "c-a-1", home);
        let matter = add(
            admin,
            "c-a-1",
            "matter",
            json!({ "kind": "路灯", "household": home, "assignee": zhang }),
        );
        office.task("c-a-1", "随访", zhang, Some(&matter));
    }
    let ways = [
        json!({ "records": [north] }),
        json!({ "within": "117.1,39.15;117.3,39.15;117.3,39.25;117.1,39.25" }),
        json!({ "words": "北街" }),
    ];
    for way in &ways {
        let mut line = json!({ "act": "split", "from": "c-a-1", "to": "c-a-2" });
        for (key, value) in way.as_object().unwrap() {
            line[key] = value.clone();
        }
        let told = ask(admin, json!([line]), json!({ "rehearse": true }));
        assert_eq!(told["lines"][0]["moved"], 4, "{way}: {told}");
        assert_eq!(told["lines"][0]["handed"], 2, "{way}: {told}");
    }
    let line = json!([{ "act": "split", "from": "c-a-1", "to": "c-a-2", "words": "北街" }]);
    let begun = ask(admin, line, json!({}));
    let done = until(admin, &begun["redraw_id"], "done");
    assert_eq!(done["lines"][0]["moved"], 4, "{done}");
    assert_eq!(
        (office.count("area=c-a-1"), office.count("area=c-a-2")),
        (4, 4)
    );
    assert_eq!(
        office.count(&format!("open=true&assignee={zhang}&area=c-a-1")),
        2
    );
    assert_eq!(
        office.count(&format!("open=true&assignee={wang}&area=c-a-2")),
        2
    );
    assert_eq!(office.grants_of(zhang), ["c-a-1"], "the rest stays theirs");
    assert_eq!(admin.get("/v1/areas/c-a-1").ok()["retired"], false);
    // What is written later about a household that went goes after it.
    let late = visit(admin, "c-a-1", &north);
    let began = Instant::now();
    while admin.get(&format!("/v1/records/{late}")).ok()["moved_to"].is_null() {
        assert!(began.elapsed() < Duration::from_secs(60), "it stays behind");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_line_that_cannot_be_is_named_and_nothing_is_begun_unless_the_rest_is_wanted() {
    let office = Office::new();
    let (world, admin, zhang, wang) = (&office.world, &office.admin, &office.zhang, &office.wang);
    let (_, li) = world.person(admin, "li", "supervisor", "c-a");
    let (_, worker) = world.person(admin, "wu", "worker", "c-a-1");
    let lines = json!([
        { "act": "hand", "from": "c-a-1", "from_user": zhang, "to_user": wang },
        { "act": "split", "from": "c-a-2", "to": "c-b-1", "words": "街" },
        { "act": "merge", "from": "c-a-2", "to": "c-a-1" },
        { "act": "split", "from": "c-a-1", "to": "c-a-2" },
        { "act": "split", "from": "c-a-1", "to": "c-a-1", "words": "街" },
        { "act": "hand", "from": "c-a-1", "from_user": zhang, "to_user": zhang },
        { "act": "give", "from": "c-a-1" },
    ]);
    assert_eq!(
        worker
            .post("/v1/areas/redraw", &json!({ "lines": lines }))
            .status,
        403
    );
    let all = ask(&li, lines.clone(), json!({}));
    assert_eq!(
        (&all["state"], all["redraw_id"].is_null()),
        (&json!("refused"), true),
        "{all}"
    );
    let refused: Vec<bool> = all["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["refused"].is_string())
        .collect();
    assert_eq!(
        refused,
        [false, true, true, true, true, true, true],
        "{all}"
    );
    assert!(
        all["lines"][1]["refused"]
            .as_str()
            .unwrap()
            .contains("c-b-1"),
        "{all}"
    );
    assert_eq!(office.grants_of(zhang), ["c-a-1"]);
    let chinese = li.header("accept-language", "zh");
    let told = ask(&chinese, lines.clone(), json!({ "rehearse": true }));
    assert!(
        told["lines"][2]["refused"]
            .as_str()
            .unwrap()
            .contains("管理员"),
        "{told}"
    );

    let task = office.task("c-a-1", "检查电梯", zhang, None);
    let part = ask(&li, lines, json!({ "partly": true }));
    let done = until(&li, &part["redraw_id"], "done");
    assert_eq!(done["lines"].as_array().unwrap().len(), 1);
    assert_eq!(done["lines"][0]["handed"], 1, "{done}");
    assert_eq!(
        admin.get(&format!("/v1/records/{task}")).ok()["assignee_id"],
        json!(wang)
    );
    assert_eq!(office.grants_of(zhang), Vec::<String>::new());
    let mut both = office.grants_of(wang);
    both.sort();
    assert_eq!(both, ["c-a-1", "c-a-2"]);
    // Whoever leads elsewhere hears nothing of it.
    let (_, sun) = world.person(admin, "sun", "supervisor", "c-b");
    let path = format!("/v1/areas/redraws/{}", part["redraw_id"].as_str().unwrap());
    sun.get(&path).refused(404, "not_found");
    assert_eq!(sun.get("/v1/areas/redraws").ok()["redraws"], json!([]));
    li.post(&format!("{path}/stop"), &json!({}))
        .refused(409, "conflict");
    for at in [at(-HOUR_MS), at(500 * 24 * HOUR_MS)] {
        let body = json!({ "at": at, "lines": [{ "act": "hand", "from": "c-a-1" }] });
        admin
            .post("/v1/areas/redraw", &body)
            .refused(400, "bad_request");
    }
}

#[test]
fn a_date_is_waited_for_and_until_then_all_of_it_is_taken_back() {
    let office = Office::new();
    let (world, admin, zhang, wang) = (&office.world, &office.admin, &office.zhang, &office.wang);
    let task = office.task("c-a-1", "检查电梯", zhang, None);
    let doer =
        |admin: &Client| admin.get(&format!("/v1/records/{task}")).ok()["assignee_id"].clone();
    let lines = json!([{ "act": "hand", "from": "c-a-1", "from_user": zhang, "to_user": wang }]);
    let day = 24 * HOUR_MS;
    let begun = ask(admin, lines.clone(), json!({ "at": at(day) }));
    assert_eq!(begun["state"], "waiting");
    // One without a date that came after it is done, so this one's turn has come and it waited.
    let (zhao, qian) = (
        worker(admin, "赵敏", Some("c-b-1")),
        worker(admin, "钱进", None),
    );
    let other = json!([{ "act": "hand", "from": "c-b-1", "from_user": zhao, "to_user": qian }]);
    let now = ask(admin, other, json!({}));
    until(admin, &now["redraw_id"], "done");
    assert_eq!(doer(admin), json!(zhang));
    assert_eq!(
        (office.grants_of(zhang), office.grants_of(wang)),
        (vec!["c-a-1".to_owned()], vec!["c-a-2".to_owned()])
    );
    // The grid is not redrawn a second time meanwhile.
    let again = ask(admin, lines.clone(), json!({}));
    assert_eq!(again["state"], "refused", "{again}");
    let path = format!(
        "/v1/areas/redraws/{}/stop",
        begun["redraw_id"].as_str().unwrap()
    );
    assert_eq!(admin.post(&path, &json!({})).ok()["state"], "stopped");
    world.clock.set(Timestamp(NOW.millis() + 2 * day));
    let admin = &world.admin();
    assert_eq!(
        (office.grants_of(zhang), office.grants_of(wang)),
        (vec!["c-a-1".to_owned()], vec!["c-a-2".to_owned()])
    );
    let begun = ask(admin, lines, json!({ "at": at(3 * day) }));
    world.clock.set(Timestamp(NOW.millis() + 3 * day));
    let admin = &world.admin();
    until(admin, &begun["redraw_id"], "done");
    assert_eq!(doer(admin), json!(wang));
}

#[test]
fn a_restart_goes_on_with_a_merge_and_nothing_is_there_twice() {
    let office = Office::new();
    for n in 0..40 {
        let home = office.household("c-a-1", &format!("北街 {n} 号"), 39.1);
        visit(&office.admin, "c-a-1", &home);
    }
    let line = json!([{ "act": "merge", "from": "c-a-1", "to": "c-a-2" }]);
    let begun = ask(&office.admin, line, json!({}));
    let began = Instant::now();
    while office.count("area=c-a-2") == 0 {
        assert!(began.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(20));
    }
    let world = office.world.reopen(config());
    let admin = world.admin();
    let done = until(&admin, &begun["redraw_id"], "done");
    assert_eq!(
        (&done["lines"][0]["moved"], &done["lines"][0]["left_count"]),
        (&json!(80), &json!(0)),
        "{done}"
    );
    let count = |query: &str| ids(&page(&admin, &format!("limit=500&{query}"))).len();
    assert_eq!((count("area=c-a-1"), count("area=c-a-2")), (0, 80));
    assert_eq!(count("area=c-a-2&form=household"), 40);
}
