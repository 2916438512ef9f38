//! Forms of an organisation's own, in which no name is that of a built-in form: what they say of
//! what things are for gives them due lists, counts, a map and an overview like the built-in ones.

use std::collections::BTreeMap;

use crate::api_support::{Client, NOW, World};
use crate::town_support::{DAY_MS, HOUR_MS, add, at, page};
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::views::ReadScope;
use gridfold_sync_core::schema::{Form, builtin_forms};
use serde_json::{Map, Value, json};

const CODES: [(&str, &str); 5] = [
    ("household", "dwelling"),
    ("visit", "call"),
    ("matter", "complaint"),
    ("task", "errand"),
    ("meeting", "gathering"),
];

/// The names of a world: its own, or those of the built-in forms.
struct Names {
    own: bool,
    codes: BTreeMap<&'static str, &'static str>,
    /// Of fields, statuses and actions, by the built-in form's code and name.
    within: BTreeMap<(String, String), String>,
}

/// Gives every field, status and action of the newest built-in forms another name.
fn renamed() -> (Names, Vec<Value>) {
    let codes: BTreeMap<&str, &str> = CODES.into_iter().collect();
    let mut newest: BTreeMap<String, Form> = BTreeMap::new();
    for form in builtin_forms().unwrap() {
        newest.insert(form.code.to_string(), form);
    }
    let mut within = BTreeMap::new();
    let mut forms = Vec::new();
    for (code, form) in newest {
        let mut form: Value = serde_json::from_str(&form.to_json()).unwrap();
        form["code"] = json!(codes[code.as_str()]);
        form["version"] = json!(1);
        let mut rename = |of: &mut Value, prefix: &str| {
            let was = of.as_str().unwrap().to_owned();
            let name = match within.get(&(code.clone(), was.clone())) {
                Some(known) => String::clone(known),
                None => format!("{prefix}{}", within.len()),
            };
            *of = json!(name);
            within.insert((code.clone(), was), name);
        };
        for field in form["fields"].as_array_mut().unwrap() {
            rename(&mut field["key"], "f");
            if let Some(other) = field.get_mut("form") {
                *other = json!(codes[other.as_str().unwrap()]);
            }
            // What shows a field names another one; it is not what this is about.
            field.as_object_mut().unwrap().remove("visible_if");
        }
        rename(&mut form["title"], "f");
        if let Some(lifecycle) = form.get_mut("lifecycle") {
            for status in lifecycle["statuses"].as_array_mut().unwrap() {
                rename(&mut status["key"], "s");
            }
            rename(&mut lifecycle["initial"], "s");
            for steps in ["transitions", "asides"] {
                let steps = lifecycle.get_mut(steps).and_then(Value::as_array_mut);
                for step in steps.into_iter().flatten() {
                    rename(&mut step["action"], "a");
                    if step["to"].is_string() {
                        rename(&mut step["to"], "s");
                    }
                    let lists = [
                        "from",
                        "needs",
                        "other_than",
                        "other_than_writers_of",
                        "answers",
                    ];
                    for list in lists {
                        let names = step.get_mut(list).and_then(Value::as_array_mut);
                        for name in names.into_iter().flatten() {
                            rename(name, "n");
                        }
                    }
                    // Looking for where it leads left a null.
                    step.as_object_mut().unwrap().retain(|_, of| !of.is_null());
                }
            }
        }
        forms.push(form);
    }
    let own = true;
    (Names { own, codes, within }, forms)
}

impl Names {
    fn builtin() -> Self {
        Self {
            own: false,
            codes: BTreeMap::new(),
            within: BTreeMap::new(),
        }
    }
    fn code<'a>(&self, code: &'a str) -> &'a str {
        if self.own { self.codes[code] } else { code }
    }
    fn of(&self, code: &str, name: &str) -> String {
        if self.own {
            self.within[&(code.to_owned(), name.to_owned())].clone()
        } else {
            name.to_owned()
        }
    }
    fn fields(&self, code: &str, fields: Value) -> Value {
        let Value::Object(fields) = fields else {
            panic!("fields are an object")
        };
        let named = fields.into_iter().map(|(k, v)| (self.of(code, &k), v));
        Value::Object(named.collect::<Map<_, _>>())
    }
}

/// A town with records of each form, and who asks.
struct Town {
    _world: World,
    names: Names,
    clients: Vec<(&'static str, Client)>,
    records: Vec<(&'static str, String)>,
}

impl Town {
    fn new(names: Names, forms: &[Value]) -> Self {
        let world = World::new();
        let admin = world.admin();
        world.areas(&admin);
        for form in forms {
            let reply = admin.post("/v1/forms", form);
            assert_eq!(reply.status, 201, "{}", reply.text());
        }
        let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
        let (_, auditor) = world.person(&admin, "fang", "auditor", "c-a");
        let mut town = Self {
            _world: world,
            names,
            records: Vec::new(),
            clients: vec![
                ("admin", admin),
                ("supervisor", supervisor),
                ("auditor", auditor),
            ],
        };
        town.fill();
        town
    }

    fn add(&mut self, name: &'static str, grid: &str, code: &str, fields: Value) -> String {
        let fields = self.names.fields(code, fields);
        let id = add(&self.clients[0].1, grid, self.names.code(code), fields);
        self.records.push((name, id.clone()));
        id
    }

    fn act(&self, id: &str, code: &str, actions: &[&str]) {
        for action in actions {
            let action = self.names.of(code, action);
            let path = format!("/v1/records/{id}/transitions");
            self.clients[0]
                .1
                .post(&path, &json!({ "action": action }))
                .ok();
        }
    }

    fn fill(&mut self) {
        let home = self.add(
            "home",
            "c-a-1",
            "household",
            json!({ "address": "滨江道 1 号", "location": { "lat": 39.11, "lon": 117.21 } }),
        );
        self.add(
            "quiet",
            "c-a-2",
            "household",
            json!({ "address": "滨江道 2 号" }),
        );
        self.add(
            "visit",
            "c-a-1",
            "visit",
            json!({ "household": home, "visited_at": at(-2 * HOUR_MS), "purpose": "routine" }),
        );
        let matter = |due: i64, who: &str, lat: f64| {
            json!({
                "kind": "路灯", "summary": "s", "reported_at": at(-3 * DAY_MS), "due_at": at(due),
                "assignee": who, "location": { "lat": lat, "lon": 117.2 }, "household": home,
            })
        };
        let late = self.add("late", "c-a-1", "matter", matter(-HOUR_MS, "Wu", 39.1));
        self.add("early", "c-a-1", "matter", matter(DAY_MS, "Zhao", 39.1001));
        let done = self.add("done", "c-a-1", "matter", matter(-HOUR_MS, "Wu", 39.2));
        self.act(&done, "matter", &["accept", "dispatch", "handle"]);
        let closed = self.add("closed", "c-a-1", "matter", matter(-HOUR_MS, "Wu", 39.3));
        self.act(
            &closed,
            "matter",
            &["accept", "dispatch", "handle", "close"],
        );
        let mut written = matter(-HOUR_MS, "Wu", 39.4);
        written["closed_at"] = json!(at(-DAY_MS));
        let written = self.add("written", "c-a-2", "matter", written);
        self.act(&written, "matter", &["accept", "handle", "close"]);
        self.add("elsewhere", "c-b-1", "matter", matter(-HOUR_MS, "", 39.5));
        let task = |title: &str, due: i64| json!({ "title": title, "due_at": at(due), "doer": "Ma", "matter": late });
        self.add("new_task", "c-a-1", "task", task("a", HOUR_MS));
        let taken = self.add("late_task", "c-a-2", "task", task("b", -HOUR_MS));
        self.act(&taken, "task", &["acknowledge"]);
        let finished = self.add("done_task", "c-a-2", "task", task("c", -HOUR_MS));
        self.act(&finished, "task", &["acknowledge", "finish"]);
        self.add(
            "meeting",
            "c-a-1",
            "meeting",
            json!({ "topic": "t", "held_at": at(-DAY_MS) }),
        );
    }

    fn id(&self, name: &str) -> &str {
        let found = self.records.iter().find(|(n, _)| *n == name);
        &found.unwrap().1
    }

    fn name(&self, id: &Value) -> &str {
        let found = self.records.iter().find(|(_, of)| *id == json!(of));
        found.map_or("none", |(name, _)| name)
    }

    /// What a list finds, each with what its row says.
    fn list(&self, client: &Client, query: &str) -> Vec<Value> {
        let rows = page(client, &format!("{query}&count=true"));
        assert_eq!(rows["total"], rows["records"].as_array().unwrap().len());
        let row = |r: &Value| {
            json!({
                "name": self.name(&r["record_id"]), "title": r["title"], "due": r["due_at"],
                "doer": r["assignee"], "visited": r["last_visited_at"], "closed": r["closed_at"],
                "household": self.name(&r["household"]), "place": r["location"],
            })
        };
        rows["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(row)
            .collect()
    }

    /// All that is asked, by who asks and what.
    fn answers(&self) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        for (who, client) in &self.clients {
            let mut put = |what: &str, answer: Value| {
                out.insert(format!("{who}: {what}"), answer);
            };
            let mut overview = client.get("/v1/overview?days=7").ok();
            overview["phones"].take();
            put("overview", overview);
            let of = |what: &str, name| format!("{what}={}", self.id(name));
            for (what, name) in [("household", "home"), ("about", "late")] {
                put(what, json!(self.list(client, &of(what, name))));
            }
            for query in [
                "sort=due",
                "sort=-due",
                "overdue=captured&sort=due",
                "overdue=received&sort=due",
                "means=matter&overdue=captured",
                "means=matter&open=true&sort=due",
                "means=task&open=true&sort=title",
                "means=household&sort=title",
                "means=visit&happened_from=2026-01-01T00:00:00Z",
                "means=matter&happened_from=2026-01-01T00:00:00Z&sort=title",
                "means=meeting&happened_from=2026-01-01T00:00:00Z",
                "means=matter&closed_from=2026-01-01T00:00:00Z",
                "closed_from=2026-01-01T00:00:00Z",
                "unacknowledged=true",
                "not_visited_days=7",
                "not_visited_days=7&means=matter",
                "assignee=Wu&sort=due",
                "assignee=Ma&sort=title",
                "due_before=2026-06-13T06:00:00Z&sort=due",
                "bbox=117.1,39.0,117.3,39.15",
            ] {
                put(query, json!(self.list(client, query)));
            }
            for of in [
                "zoom=16",
                "zoom=10",
                "zoom=16&means=matter",
                "zoom=16&overdue=captured",
            ] {
                let map = client.get(&format!("/v1/map?bbox=110,30,120,45&{of}")).ok();
                let clusters = map["clusters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|c| json!([c["lon"], c["lat"], c["count"], self.name(&c["id"])]));
                put(of, clusters.collect());
            }
        }
        out
    }
}

#[test]
fn own_forms_are_listed_and_counted_like_the_builtin_ones() {
    let (names, forms) = renamed();
    let own = Town::new(names, &forms);
    let builtin = Town::new(Names::builtin(), &[]);
    let (own, builtin) = (own.answers(), builtin.answers());
    for (what, answer) in &builtin {
        assert_eq!(&own[what], answer, "{what}");
    }
    // Both of nothing would be equal, too.
    let o = &builtin["supervisor: overview"];
    for (what, n) in [
        ("visits_today", 1),
        ("visits_week", 1),
        ("matters_open", 3),
        ("matters_overdue_captured", 1),
        ("matters_overdue_received", 1),
        ("tasks_open", 3),
        ("tasks_unacknowledged", 1),
        ("tasks_overdue", 1),
        ("households", 2),
    ] {
        assert_eq!(o[what], n, "{what}");
    }
    assert_eq!(o["households_not_visited"]["count"], 1);
    let closed = |days: &Value| {
        let days = days["trend"].as_array().unwrap().iter();
        days.map(|d| d["matters_closed"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(closed(o), [0, 0, 0, 0, 0, 1, 1]);
    let empty = |query: &str| {
        let found = &builtin[&format!("supervisor: {query}")];
        found.as_array().unwrap().is_empty()
    };
    assert!(empty("not_visited_days=7&means=matter") && !empty("unacknowledged=true"));
    assert!(!empty("zoom=16&overdue=captured") && !empty("assignee=Ma&sort=title"));
    let names = |query: &str| -> Vec<String> {
        let found = builtin[&format!("supervisor: {query}")].as_array().unwrap();
        found
            .iter()
            .map(|r| r["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("overdue=captured&sort=due").len(), 2);
    assert_eq!(
        names("means=visit&happened_from=2026-01-01T00:00:00Z"),
        ["visit"]
    );
}

#[test]
fn what_an_own_form_holds_closer_is_in_no_list_of_who_may_not_read_it() {
    let (names, mut forms) = renamed();
    let complaint = forms.iter_mut().find(|f| f["code"] == "complaint").unwrap();
    let (due, doer) = (names.of("matter", "due_at"), names.of("matter", "assignee"));
    for field in complaint["fields"].as_array_mut().unwrap() {
        if field["key"] == json!(due) || field["key"] == json!(doer) {
            field["class"] = json!("personal");
        }
    }
    // More time cannot be granted by a step of another class than the time.
    for steps in ["transitions", "asides"] {
        let steps = complaint["lifecycle"][steps].as_array_mut().unwrap();
        steps.retain(|step| step["means"] != "extend");
    }
    let town = Town::new(names, &forms);
    for (who, client) in &town.clients {
        for query in [
            "overdue=captured&means=matter",
            "assignee=Wu",
            "means=matter&due_before=2030-01-01T00:00:00Z",
        ] {
            assert!(town.list(client, query).is_empty(), "{who}: {query}");
        }
        let o = client.get("/v1/overview").ok();
        assert_eq!(o["matters_overdue_captured"], 0, "{who}");
        assert!(o["matters_open"].as_u64().unwrap() > 0, "{who}");
        assert_eq!(o["tasks_overdue"], 1, "{who}");
    }
}

#[test]
fn a_form_that_cannot_mean_what_it_says_is_refused_in_both_languages() {
    let world = World::new();
    let admin = world.admin();
    let (_, forms) = renamed();
    let complaint = forms.iter().find(|f| f["code"] == "complaint").unwrap();
    let due = complaint["fields"].as_array().unwrap().iter();
    let due = due.clone().position(|f| f["means"] == "due").unwrap();
    let refused = |change: &dyn Fn(&mut Value), status: u16, en: &str, zh: &str| {
        let mut form = complaint.clone();
        change(&mut form);
        let mut reader = admin.clone();
        for (language, words) in [("en", en), ("zh-CN", zh)] {
            reader.headers = vec![("accept-language", language.to_owned())];
            let reply = reader.post("/v1/forms", &form);
            assert_eq!(reply.status, status, "{}", reply.text());
            assert!(reply.text().contains(words), "{}", reply.text());
        }
    };
    let field = |at: usize, means: &'static str| {
        move |form: &mut Value| form["fields"][at]["means"] = json!(means)
    };
    refused(
        &field(0, "dew"),
        400,
        "write one of household about",
        "不认识",
    );
    refused(
        &field(due, "doer"),
        400,
        "only person, text can",
        "只有 person, text 可以",
    );
    refused(
        &field(due, "closed"),
        400,
        "like a field before it",
        "请去掉其中一个",
    );
    refused(
        &|form| form["lifecycle"]["statuses"][0]["done"] = json!(true),
        400,
        "is the first",
        "第一个状态",
    );
    admin.post("/v1/forms", complaint).ok();
    refused(
        &|form| (form["version"], form["means"]) = (json!(2), json!("task")),
        409,
        "make a new form",
        "另建一个表单",
    );
    admin
        .get("/v1/records?means=dew")
        .refused(400, "bad_request");
}

#[test]
fn a_server_founded_before_forms_said_what_things_are_for_counts_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let clock = || std::sync::Arc::new(ManualClock::at(NOW));
    let mut config = Config::default();
    config.log.min_free_mib = 16;
    // The log of such a server holds the forms as they were written then.
    let before: Vec<Form> = builtin_forms()
        .unwrap()
        .into_iter()
        .map(|mut form| {
            if form.version > 3 || (form.code.as_str(), form.version) == ("meeting", 2) {
                return form;
            }
            form.means = None;
            for field in &mut form.fields {
                field.means = None;
            }
            for status in form.lifecycle.iter_mut().flat_map(|l| &mut l.statuses) {
                status.done = false;
            }
            for step in form.lifecycle.iter_mut().flat_map(|l| &mut l.transitions) {
                step.means = None;
            }
            form
        })
        .collect();
    let node = Node::create_with(dir.path(), config.clone(), clock(), before).unwrap();
    let revision = node.directory.current().revision;
    drop(node);
    let node = Node::open(dir.path(), config, clock()).unwrap();
    let directory = node.directory.current();
    assert_eq!(directory.revision, revision, "nothing is published twice");
    for form in builtin_forms().unwrap() {
        let known = directory.forms().get(&form.code, form.version).unwrap();
        assert_eq!(**known, form);
    }
    assert!(node.views.counts(&ReadScope::all()).unwrap().is_empty());
}

#[test]
fn a_form_sent_again_changes_nothing_and_of_two_for_one_version_the_first_stands() {
    let world = World::new();
    let admin = world.admin();
    let (_, forms) = renamed();
    let form = forms.iter().find(|f| f["code"] == "errand").unwrap();
    assert_eq!(admin.post("/v1/forms", form).status, 201);
    let revision = world.node.directory.current().revision;
    assert_eq!(admin.post("/v1/forms", form).status, 200);
    assert_eq!(world.node.directory.current().revision, revision);
    // Whichever comes first, nobody is told that theirs was published when it was not.
    for round in 0..16 {
        let told: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let both = ["one", "other"].map(|name| {
                let (mut form, admin) = (form.clone(), admin.clone());
                form["code"] = json!(format!("errand_{round}"));
                form["label"]["en"] = json!(name);
                scope.spawn(move || (admin.post("/v1/forms", &form).status, form["label"].clone()))
            });
            both.map(|one| one.join().unwrap()).into()
        });
        let published: Vec<&(u16, Value)> = told.iter().filter(|(s, _)| *s == 201).collect();
        assert_eq!(published.len(), 1, "{told:?}");
        assert!(told.iter().all(|(s, _)| [201, 409].contains(s)), "{told:?}");
        let stands = admin.get(&format!("/v1/forms/errand_{round}/latest")).ok();
        assert_eq!(stands["label"], published[0].1);
    }
}
