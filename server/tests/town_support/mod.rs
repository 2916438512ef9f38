//! A town of two streets with a few records of each kind, asked over HTTP: what the tests of the dashboard share.
#![allow(dead_code, reason = "each test uses a part")]

use crate::api_support::{Client, NOW, World};
use serde_json::{Value, json};

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

pub(crate) fn add(client: &Client, grid: &str, form: &str, fields: Value) -> String {
    let made = client.post(
        "/v1/records",
        &json!({ "grid": grid, "form": form, "fields": fields }),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    made.ok()["record"]["record_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) fn at(ms: i64) -> String {
    NOW.plus_millis(ms).to_rfc3339()
}

pub(crate) fn page(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/records?{query}")).ok()
}

pub(crate) fn ids(page: &Value) -> Vec<String> {
    page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["record_id"].as_str().unwrap().to_owned())
        .collect()
}

/// All ids of a list, read two rows at a time.
pub(crate) fn walk(client: &Client, query: &str) -> Vec<String> {
    let (mut out, mut next) = (Vec::new(), String::new());
    loop {
        let found = page(client, &format!("{query}&limit=2{next}"));
        out.extend(ids(&found));
        match found["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return out,
        }
    }
}

/// A world of two streets with a few records of each kind, and who sees what.
pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) admin: Client,
    pub(crate) supervisor: Client,
    pub(crate) auditor: Client,
    pub(crate) household: String,
    pub(crate) unvisited: String,
    pub(crate) visit: String,
    pub(crate) late_matter: String,
    pub(crate) early_matter: String,
    pub(crate) closed_matter: String,
    pub(crate) task: String,
    pub(crate) elsewhere: String,
}

impl Town {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let admin = world.admin();
        world.areas(&admin);
        let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
        let (_, auditor) = world.person(&admin, "fang", "auditor", "c-a");
        let household = add(
            &admin,
            "c-a-1",
            "household",
            json!({
                "address": "滨江道 1 号", "location": { "lat": 39.11, "lon": 117.21 },
                "care_needs": ["elderly_alone"],
            }),
        );
        let unvisited = add(
            &admin,
            "c-a-2",
            "household",
            json!({ "address": "滨江道 2 号" }),
        );
        let visit = add(
            &admin,
            "c-a-1",
            "visit",
            json!({ "household": household, "visited_at": at(-2 * HOUR_MS), "purpose": "routine" }),
        );
        let matter = |summary: &str, due: i64, who: &str, lat: f64| {
            add(
                &admin,
                "c-a-1",
                "matter",
                json!({
                    "kind": "路灯", "summary": summary, "reported_at": at(-3 * DAY_MS), "due_at": at(due),
                    "assignee": who, "location": { "lat": lat, "lon": 117.2 }, "reporter_name": "王小明",
                }),
            )
        };
        let late_matter = matter("b 逾期", -HOUR_MS, "Wu", 39.1);
        let early_matter = matter("a 未到期", DAY_MS, "Zhao", 39.1001);
        let closed_matter = matter("c 已办", -HOUR_MS, "Wu", 39.3);
        for action in ["accept", "dispatch", "handle", "close"] {
            admin
                .post(
                    &format!("/v1/records/{closed_matter}/transitions"),
                    &json!({ "action": action }),
                )
                .ok();
        }
        let task = add(
            &admin,
            "c-a-1",
            "task",
            json!({ "title": "t", "due_at": at(HOUR_MS) }),
        );
        let elsewhere = add(
            &admin,
            "c-b-1",
            "matter",
            json!({
                "kind": "噪音", "summary": "d", "reported_at": at(0), "due_at": at(-HOUR_MS),
                "location": { "lat": 39.5, "lon": 117.5 },
            }),
        );
        Self {
            world,
            admin,
            supervisor,
            auditor,
            household,
            unvisited,
            visit,
            late_matter,
            early_matter,
            closed_matter,
            task,
            elsewhere,
        }
    }
}

/// A visit to a household.
pub(crate) fn visit(client: &Client, grid: &str, household: &str) -> String {
    add(
        client,
        grid,
        "visit",
        json!({ "household": household, "visited_at": at(-HOUR_MS), "purpose": "routine" }),
    )
}
