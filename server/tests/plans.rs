//! Plans over HTTP and from files: who may publish them, what they are due for, that their tasks are made once, and tasks
//! that nobody owns.

use crate::api_support::{Client, World, config};
use crate::town_support::{add, at, ids, page};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

fn hardship() -> Value {
    json!({
        "code": "hardship", "version": 1,
        "label": { "zh": "每月走访困难户", "en": "Hardship visits" },
        "area": "c-a", "about": "household", "only": { "includes": ["care_needs", "low_income"] },
        "every": { "amount": 1, "unit": "months" }, "begins": "2020-01-01",
        "makes": { "form": "task", "priority": "urgent" },
        "done_by": "visit", "done_if": { "not": { "equals": ["result", "absent"] } },
    })
}

fn home(admin: &Client, grid: &str, name: &str, in_need: bool) -> String {
    let mut fields = json!({ "address": name });
    if in_need {
        fields["care_needs"] = json!(["low_income"]);
    }
    add(admin, grid, "household", fields)
}

fn visit(admin: &Client, of: &str, ms: i64, result: &str) {
    let fields = json!({ "household": of, "visited_at": at(ms), "result": result });
    add(admin, "c-a-1", "visit", fields);
}

fn due(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/plans/hardship/due{query}")).ok()
}

fn titles(due: &Value) -> Vec<String> {
    let items = due["items"].as_array().unwrap().iter();
    let mut all: Vec<String> = items
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

fn counts(due: &Value) -> [u64; 5] {
    ["of", "done", "due", "overdue", "begun"].map(|key| due["total"][key].as_u64().unwrap())
}

#[test]
fn whoever_supervises_an_area_publishes_its_plans_and_nobody_learns_what_ids_come_of() {
    let (world, admin) = office();
    let (_, worker) = world.person(&admin, "li", "worker", "c-a-1");
    let (boss_id, boss) = world.person(&admin, "wang", "supervisor", "c-a");
    let (_, auditor) = world.person(&admin, "sun", "auditor", "c-a");
    let plan = hardship();
    for caller in [&worker, &auditor] {
        caller.post("/v1/plans", &plan).refused(403, "forbidden");
    }
    let mut everywhere = plan.clone();
    everywhere.as_object_mut().unwrap().remove("area");
    boss.post("/v1/plans", &everywhere)
        .refused(403, "forbidden");
    let made = boss.post("/v1/plans", &plan);
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.ok();
    assert_eq!(made["makes"]["issuer"]["user"], json!(boss_id));
    let revision = world.node.directory.current().revision;
    for again in [&plan, &made] {
        assert_eq!(boss.post("/v1/plans", again).status, 200);
    }
    assert_eq!(world.node.directory.current().revision, revision);
    for caller in [&worker, &boss, &auditor, &admin] {
        let list = caller.get("/v1/plans");
        assert_eq!(list.ok()["plans"][0], made);
        assert!(!list.text().contains("seed"));
    }
    let seed = |world: &World| {
        world
            .node
            .directory
            .current()
            .plans()
            .next()
            .unwrap()
            .seed
            .clone()
    };
    let first = seed(&world);
    assert_eq!(first.len(), 32);

    let with = |key: &str, value: Value| {
        let mut next = plan.clone();
        next["version"] = json!(2);
        next[key] = value;
        next
    };
    for (body, status, code) in [
        (with("version", json!(3)), 409, "conflict"),
        (with("version", json!(1)), 409, "conflict"),
        (
            with("every", json!({ "amount": 0, "unit": "days" })),
            400,
            "bad_request",
        ),
        (with("about", json!("meeting")), 400, "bad_request"),
        (with("area", json!("c-x")), 403, "forbidden"),
        (json!({}), 400, "bad_request"),
    ] {
        if body["version"] == 1 {
            let mut other = body.clone();
            other["within_days"] = json!(3);
            boss.post("/v1/plans", &other).refused(status, code);
            continue;
        }
        boss.post("/v1/plans", &body).refused(status, code);
    }
    let refused = boss
        .header("accept-language", "zh-CN")
        .post("/v1/plans", &with("ends", json!("2019-01-01")));
    assert!(
        refused.text().contains("结束日期不能早于开始日期"),
        "{}",
        refused.text()
    );
    assert_eq!(
        admin
            .post("/v1/plans", &with("within_days", json!(10)))
            .status,
        201
    );
    assert_eq!(seed(&world), first, "what was made keeps its id");
    let world = world.reopen(config());
    let admin = world.admin();
    assert_eq!(admin.get("/v1/plans/hardship").ok()["version"], 2);
    assert_eq!(admin.get("/v1/plans/hardship?version=1").ok(), made);
    admin
        .get("/v1/plans/hardship?version=9")
        .refused(404, "not_found");
    assert!(admin.get("/v1/audit").text().contains("plan.publish"));
}

#[test]
fn a_plan_is_due_for_what_nobody_did_and_its_tasks_are_made_once() {
    let (world, admin) = office();
    let (li, _) = world.person(&admin, "li", "worker", "c-a-1");
    let (_, boss) = world.person(&admin, "wang", "supervisor", "c-a");
    let (_, other) = world.person(&admin, "zhao", "supervisor", "c-b");
    boss.post("/v1/plans", &hardship()).ok();
    let poor = home(&admin, "c-a-1", "1号", true);
    let seen = home(&admin, "c-a-1", "2号", true);
    let away = home(&admin, "c-a-2", "3号", true);
    home(&admin, "c-a-1", "4号", false);
    visit(&admin, &seen, 0, "met");
    visit(&admin, &away, 0, "absent");
    visit(&admin, &poor, -70 * DAY_MS, "met");
    let now = due(&boss, "");
    assert_eq!(counts(&now), [3, 1, 2, 0, 0]);
    assert_eq!(titles(&now), ["1号", "3号"]);
    assert_eq!(counts(&due(&boss, "?area=c-a-2")), [1, 0, 1, 0, 0]);
    // A period that is past: of it nobody saw to anything in time.
    let before = format!("?overdue=true&at={}", at(-40 * DAY_MS));
    assert_eq!(due(&boss, &before)["holds"], true);
    other
        .get("/v1/plans/hardship/due")
        .refused(404, "not_found");

    // Somebody begins one under the id that it has everywhere.
    let of_poor = now["items"].as_array().unwrap().iter();
    let of_poor = of_poor.clone().find(|item| item["title"] == "1号").unwrap();
    let task = of_poor["task_id"].as_str().unwrap().to_owned();
    let begun = json!({
        "grid": "c-a-1", "form": "task", "record_id": task,
        "fields": { "title": "每月走访困难户", "household": poor, "doer": { "user_id": li } },
    });
    assert_eq!(admin.post("/v1/records", &begun).status, 201);
    let rehearsal = boss
        .post("/v1/plans/hardship/make", &json!({ "dry_run": true }))
        .ok();
    assert_eq!(
        (&rehearsal["made"], &rehearsal["there"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(ids(&page(&admin, "form=task")).len(), 1);
    for made in [1, 0] {
        let done = boss.post("/v1/plans/hardship/make", &json!({})).ok();
        assert_eq!(done["made"], json!(made), "{done}");
    }
    assert_eq!(ids(&page(&admin, "form=task")).len(), 2);
    let made = ids(&page(&admin, "form=task"));
    let made = made.iter().find(|id| **id != task).unwrap();
    let read = admin.get(&format!("/v1/records/{made}")).ok();
    assert_eq!(read["fields"]["household"], json!(away));
    assert!(
        read["fields"]["plan"]
            .as_str()
            .unwrap()
            .starts_with("hardship/")
    );
    assert_eq!(counts(&due(&boss, "")), [3, 1, 2, 0, 2]);
    // Done, it is due no more; the household's page has it.
    let step = json!({ "action": "finish" });
    admin
        .post(&format!("/v1/records/{task}/transitions"), &step)
        .ok();
    assert_eq!(counts(&due(&boss, "")), [3, 2, 1, 0, 1]);
    assert!(ids(&page(&admin, &format!("household={poor}"))).contains(&task));
    // Who reads less than everything is told nothing by a condition.
    let (_, auditor) = world.person(&admin, "sun", "auditor", "c-a");
    assert_eq!(counts(&due(&auditor, "")), [0; 5]);
    let told = auditor.get(&format!("/v1/records/{task}"));
    assert!(!told.text().contains(&poor), "{}", told.text());
}

#[test]
fn tasks_that_nobody_owns_are_an_alarm_until_somebody_takes_them() {
    let (world, admin) = office();
    let (li, _) = world.person(&admin, "li", "worker", "c-a-1");
    let (wang, boss) = world.person(&admin, "wang", "supervisor", "c-a");
    let task = |doer: Value| {
        let fields = json!({ "title": "检查电梯", "doer": doer });
        add(&admin, "c-a-1", "task", fields)
    };
    let unowned = |client: &Client| {
        let found = client.get("/v1/unowned").ok();
        let tasks = found["tasks"].as_array().unwrap().iter();
        let tasks: Vec<String> = tasks
            .map(|row| row["record_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(found["total"], json!(tasks.len()));
        tasks
    };
    let nobody = task(Value::Null);
    let owned = task(json!({ "user_id": li }));
    task(json!("保安公司"));
    assert_eq!(unowned(&boss), [nobody.as_str()]);
    let grants = admin.get(&format!("/v1/grants?user={li}")).ok();
    let grant = grants["grants"].as_array().unwrap().iter();
    let grant = grant.clone().find(|g| g["user_id"] == json!(li)).unwrap()["grant_id"].clone();
    let path = format!("/v1/grants/{}/end", grant.as_str().unwrap());
    admin.post(&path, &json!({})).ok();
    let mut both = unowned(&boss);
    both.sort();
    let mut expected = [nobody.clone(), owned.clone()];
    expected.sort();
    assert_eq!(both, expected);
    // Pages fit together.
    let first = boss.get("/v1/unowned?limit=1").ok();
    let next = first["next"].as_str().unwrap();
    let second = boss.get(&format!("/v1/unowned?limit=1&cursor={next}")).ok();
    assert_ne!(first["tasks"][0], second["tasks"][0]);
    assert!(second["next"].is_null());

    // Declined, a task is with who handed it out, who works here.
    let fields = json!({ "fields": { "issuer": { "user_id": wang } } });
    admin.patch(&format!("/v1/records/{owned}"), &fields).ok();
    let step = json!({ "action": "decline", "note": "我不再负责这里" });
    admin
        .post(&format!("/v1/records/{owned}/transitions"), &step)
        .ok();
    assert_eq!(unowned(&boss), [nobody.as_str()]);
    let theirs = page(&boss, &format!("form=task&assignee={}", wang));
    assert_eq!(ids(&theirs), [owned.as_str()]);
    let (zhou, _) = world.person(&admin, "zhou", "worker", "c-a-1");
    let given = json!({ "fields": { "doer": { "user_id": zhou } } });
    admin.patch(&format!("/v1/records/{nobody}"), &given).ok();
    assert!(unowned(&boss).is_empty());
    // A sub-task is found by the task that it is a part of.
    let fields = json!({ "title": "买零件", "parent": nobody, "doer": { "user_id": zhou } });
    let part = add(&admin, "c-a-1", "task", fields);
    assert_eq!(ids(&page(&admin, &format!("about={nobody}"))), [part]);
}

#[test]
fn a_table_of_plans_is_refused_by_line_taken_whole_and_taken_back() {
    let (_world, admin) = office();
    let send = |file: &str| {
        let file = file.as_bytes();
        admin
            .send("POST", "/v1/plans/import", "text/csv", file)
            .ok()
    };
    let wrong = send(
        "编码,计划名称,频次,开始日期,生成表单,区域,对象表单,对象条件,路线\n\
         a,甲,每月,2026-01-01,task,c-a,household,care_needs=low_income|elderly_alone,\n\
         b,乙,有时,2026-01-01,task,c-a,household,,\n\
         c,丙,每年2次,2026-13-01,task,c-a,household,,\n\
         d,丁,每2周,2026-01-01,task,c-a,household,care_needs=,\n\
         a,戊,每月,2026-01-01,task,c-a,household,,\n\
         f,己,每天,2026-01-01,task,c-a,,,东门\n\
         g,庚,每3天,2026-01-01,nothing,c-a,household,,\n",
    );
    assert_eq!(
        (&wrong["added"], &wrong["refused"]),
        (&json!(1), &json!(6)),
        "{wrong}"
    );
    let rows = wrong["refusals"].as_array().unwrap().iter();
    let mut lines: Vec<u64> = rows.map(|row| row["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
    assert_eq!(admin.get("/v1/plans").ok()["plans"], json!([]));
    let good = "code,name_zh,name_en,every,begins,form,area,about,only,done_by,stops\n\
         a,甲,A,1 months,2026-01-01,task,c-a,household,care_needs=low_income|elderly_alone; dwelling=owner,visit,\n\
         p,巡逻,Patrol,每天,2026/1/1,task,c-a-1,,,,\"东门@39.1,117.2; 配电房\"\n";
    let taken = send(good);
    assert_eq!(
        (&taken["added"], &taken["refused"]),
        (&json!(2), &json!(0)),
        "{taken}"
    );
    let plans = admin.get("/v1/plans").ok()["plans"].clone();
    assert_eq!(plans[0]["every"], json!({ "amount": 1, "unit": "months" }));
    assert_eq!(
        plans[0]["only"]["all"][0]["any"][0],
        json!({ "includes": ["care_needs", "low_income"] })
    );
    assert_eq!(plans[1]["stops"][0]["lat_e7"], 391_000_000);
    // What is exported is what is imported, in both languages.
    for language in ["en", "zh-CN"] {
        let file = admin
            .header("accept-language", language)
            .get("/v1/plans/export?format=csv");
        let again = admin.send(
            "POST",
            "/v1/plans/import",
            "text/csv",
            file.text().as_bytes(),
        );
        let again = again.ok();
        assert_eq!(again["unchanged"], 2, "{language} {again}");
    }
    let import = taken["import_id"].as_str().unwrap();
    let undone = admin
        .post(&format!("/v1/imports/{import}/undo"), &json!({}))
        .ok();
    assert_eq!(undone["plans"], 2);
    let plans = admin.get("/v1/plans").ok()["plans"].clone();
    let retired = plans
        .as_array()
        .unwrap()
        .iter()
        .all(|plan| plan["retired"] == true);
    assert!(retired, "{plans}");
}
