//! What plans are due for on a phone: what is listed, in which order, what counts as done, and that two phones begin one task.

use crate::common::*;
use gridfold_client::{Beginning, Client, ClientError, DueQuery, DueTask, Query};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ChoiceKey, PlanCode, RecordId};
use gridfold_sync_core::plan::{DueOrder, Plan};
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value as Json, json};

/// 2026-06-12 in Beijing, by the phones' clocks.
const BEGINS: &str = "2026-06-01";

fn hardship() -> Json {
    json!({
        "code": "hardship", "version": 1, "label": { "zh": "每月走访困难户", "en": "Hardship visits" },
        "about": "household", "only": { "includes": ["care_needs", "low_income"] },
        "every": { "amount": 1, "unit": "months" }, "begins": BEGINS,
        "makes": { "form": "task", "priority": "urgent" },
        "done_by": "visit", "done_if": { "not": { "equals": ["result", "absent"] } }, "seed": "5eed",
    })
}

fn plan(json: &Json) -> Plan {
    Plan::from_json(&json.to_string()).unwrap()
}

fn plan_code(text: &str) -> PlanCode {
    PlanCode::new(text).unwrap()
}

fn home(phone: &Phone, name: &str, in_need: bool, place: Option<(i32, i32)>) -> RecordId {
    let mut ops = vec![set_text("address", name)];
    if in_need {
        ops.push(Op::Choose {
            field: key("care_needs"),
            choice: ChoiceKey::new("low_income").unwrap(),
        });
    }
    if let Some((lat_e7, lon_e7)) = place {
        ops.push(set("location", Value::Geopoint { lat_e7, lon_e7 }));
    }
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

fn visit(phone: &Phone, of: RecordId, at: Timestamp, result: &str) -> RecordId {
    let ops = vec![
        set("household", Value::Reference(of)),
        set("visited_at", Value::DateTime(at)),
        set("result", Value::Choice(ChoiceKey::new(result).unwrap())),
    ];
    phone
        .client
        .create_record(&grid(1), &code("visit"), ops)
        .unwrap()
}

fn due(client: &Client, query: &DueQuery) -> Vec<DueTask> {
    client.due(query).unwrap().items
}

fn titles(client: &Client) -> Vec<String> {
    let mut all: Vec<String> = due(client, &DueQuery::default())
        .into_iter()
        .map(|task| task.title)
        .collect();
    all.sort();
    all
}

fn of_record(plan: &str, record: RecordId) -> Beginning {
    Beginning {
        plan: plan_code(plan),
        period: None,
        record: Some(record),
        grid: None,
    }
}

#[test]
fn what_is_due_comes_of_records_and_goes_when_a_visit_counts_or_a_task_is_done() {
    let server = FakeServer::new();
    server.publish_plan(plan(&hardship()));
    let a = Phone::enrolled(&server, "张伟", 1);
    let now = |phone: &Phone| gridfold_client::Platform::now(&*phone.platform);
    let (poor, absent, seen) = (
        home(&a, "1号", true, None),
        home(&a, "2号", true, None),
        home(&a, "3号", true, None),
    );
    home(&a, "4号", false, None);
    assert_eq!(titles(&a.client), ["1号", "2号", "3号"]);
    assert!(
        a.client.records().len() == 4,
        "nothing is made by time alone"
    );
    let today = now(&a);
    visit(&a, absent, today, "absent");
    visit(&a, poor, today.plus_millis(-40 * 86_400_000), "met");
    let counts = visit(&a, seen, today, "met");
    assert_eq!(titles(&a.client), ["1号", "2号"]);
    // The visit is taken out, or its household no longer in need.
    a.client.edit(counts, vec![Op::Delete]).unwrap();
    assert_eq!(titles(&a.client), ["1号", "2号", "3号"]);
    let well = Op::Unchoose {
        field: key("care_needs"),
        choice: ChoiceKey::new("low_income").unwrap(),
    };
    a.client.edit(seen, vec![well]).unwrap();
    assert_eq!(titles(&a.client), ["1号", "2号"]);

    let task = a.client.begin_due(&of_record("hardship", poor)).unwrap();
    let again = a.client.begin_due(&of_record("hardship", poor)).unwrap();
    assert_eq!(task, again);
    let begun = due(&a.client, &DueQuery::default());
    assert_eq!(begun.iter().filter(|t| t.item.made).count(), 1);
    let detail = a.client.get(task).unwrap();
    assert_eq!(detail.fields["plan"], "hardship/2026-06-01");
    assert_eq!(detail.household, Some(poor));
    let me = a.client.identity().unwrap().user.to_string();
    assert_eq!(detail.fields["doer"]["user_id"], me);
    let mine = Query {
        mine: true,
        open: true,
        ..Query::default()
    };
    assert_eq!(a.client.count(mine), 1);
    a.client.transition(task, "finish", "").unwrap();
    assert_eq!(titles(&a.client), ["2号"]);
    // The next month all of it is due again.
    a.platform.advance(30 * 86_400_000);
    assert_eq!(titles(&a.client), ["1号", "2号"]);
    assert_ne!(
        a.client.begin_due(&of_record("hardship", poor)).unwrap(),
        task
    );
    // What is not due is not begun.
    for wrong in [of_record("hardship", task), of_record("nothing", poor)] {
        assert_eq!(a.client.begin_due(&wrong), Err(ClientError::NotFound));
    }
}

#[test]
fn two_phones_and_a_reopened_store_begin_one_task() {
    let server = FakeServer::new();
    let mut named = hardship();
    let a = Phone::enrolled(&server, "张伟", 1);
    let doer = a.client.identity().unwrap().user.to_string();
    named["makes"]["doer"] = json!({ "user": doer, "name": "张伟" });
    server.publish_plan(plan(&named));
    let mut free = hardship();
    free["code"] = json!("free");
    server.publish_plan(plan(&free));
    let b = Phone::enrolled(&server, "李娜", 2);
    let poor = home(&a, "1号", true, None);
    a.sync(&server);
    b.sync(&server);
    // Neither knows of the other's.
    let made: Vec<[RecordId; 2]> = [&a, &b]
        .iter()
        .map(|phone| {
            ["hardship", "free"].map(|plan| phone.client.begin_due(&of_record(plan, poor)).unwrap())
        })
        .collect();
    assert_eq!(made[0], made[1]);
    let [of_one, of_both] = made[0];
    b.client.transition(of_one, "acknowledge", "").unwrap();
    a.client.transition(of_one, "decline", "住户搬走").unwrap();
    for _ in 0..2 {
        a.sync(&server);
        b.sync(&server);
    }
    assert_eq!(server.records().len(), 3, "a household and two tasks");
    assert_alike(&server, &[&a, &b]);
    for phone in [&a, &b] {
        let task = phone.client.get(of_one).unwrap();
        assert!(task.conflicts.is_empty(), "{:?}", task.conflicts);
        assert_eq!(task.status.as_deref(), Some("declined"));
        assert_eq!(task.status_tips.len(), 2, "both stay to be seen");
        // Both went there: that is for a person to settle, and of one record.
        let both = phone.client.get(of_both).unwrap();
        let paths: Vec<&str> = both.conflicts.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, ["doer"]);
        assert_eq!(phone.client.status().refused, 0);
    }
}

#[test]
fn a_list_is_by_need_time_or_distance_whole_pages_and_ones_own() {
    let server = FakeServer::new();
    server.publish_plan(plan(&hardship()));
    let mut all = hardship();
    all["code"] = json!("everyone");
    all["only"] = Json::Null;
    all["makes"] = json!({ "form": "task", "priority": "normal" });
    all["every"] = json!({ "amount": 2, "unit": "times_a_year" });
    all["within_days"] = json!(5);
    server.publish_plan(plan(&all));
    let mut patrol = hardship();
    for gone in ["about", "only", "done_by", "done_if"] {
        patrol.as_object_mut().unwrap().remove(gone);
    }
    patrol["code"] = json!("patrol");
    patrol["area"] = json!("g2");
    patrol["stops"] = json!([{ "name": "东门", "lat_e7": 391_000_000, "lon_e7": 1_172_000_000 }]);
    patrol["every"] = json!({ "amount": 1, "unit": "days" });
    server.publish_plan(plan(&patrol));
    let a = Phone::enrolled(&server, "张伟", 1);
    let near = home(&a, "近", false, Some((391_001_000, 1_172_001_000)));
    let far = home(&a, "远", true, Some((392_000_000, 1_173_000_000)));
    let nowhere = home(&a, "无", false, None);
    let ask = |order: DueOrder| DueQuery {
        order,
        from: Some((391_000_000, 1_172_000_000)),
        ..DueQuery::default()
    };
    let named = |order| -> Vec<(String, String)> {
        due(&a.client, &ask(order))
            .into_iter()
            .map(|t| (t.item.plan.to_string(), t.title))
            .collect()
    };
    let pair = |plan: &str, title: &str| (plan.to_owned(), title.to_owned());
    let by_distance = named(DueOrder::Distance);
    assert_eq!(by_distance[0], pair("patrol", "g2"));
    assert_eq!(by_distance[1], pair("everyone", "近"));
    assert_eq!(by_distance[4], pair("everyone", "无"));
    let by_need = named(DueOrder::Need);
    assert_eq!(by_need.len(), 5);
    assert!(
        by_need[..2].contains(&pair("hardship", "远")),
        "{by_need:?}"
    );
    let items = due(&a.client, &ask(DueOrder::Time));
    // The second half of the year has not begun, and the five days of the first are over since long.
    assert!(items[0].overdue && items[0].item.plan.as_str() == "everyone");
    let late = DueQuery {
        overdue: true,
        ..DueQuery::default()
    };
    assert_eq!(due(&a.client, &late).len(), 3);
    let metres = |record: RecordId| {
        let of = |t: &&DueTask| t.item.subject == gridfold_sync_core::plan::Subject::Record(record);
        items.iter().find(of).unwrap().item.distance_m
    };
    assert!(metres(near).unwrap() < 100 && metres(far).unwrap() > 10_000);
    assert_eq!(metres(nowhere), None);
    let mut paged = Vec::new();
    let mut query = DueQuery {
        limit: 2,
        ..ask(DueOrder::Time)
    };
    loop {
        let page = a.client.due(&query).unwrap();
        assert_eq!(page.total, 5);
        paged.extend(page.items.into_iter().map(|t| t.item.record));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let whole: Vec<RecordId> = items.iter().map(|t| t.item.record).collect();
    assert_eq!(paged, whole);
    // The patrol is begun with its stops to tick off.
    let beginning = Beginning {
        plan: plan_code("patrol"),
        period: None,
        record: None,
        grid: Some(grid(2)),
    };
    let task = a.client.begin_due(&beginning).unwrap();
    let steps = a.client.get(task).unwrap().fields["steps"].clone();
    assert_eq!(steps[0]["what"], "东门");
    let handed = vec![set("doer", Value::Text("保安公司".into()))];
    a.client.edit(task, handed).unwrap();
    let mine = DueQuery {
        mine: true,
        ..DueQuery::default()
    };
    assert_eq!(due(&a.client, &mine).len(), 4);
    // A plan that is laid down is due for nothing.
    let mut retired = patrol.clone();
    retired["version"] = json!(2);
    retired["retired"] = json!(true);
    server.publish_plan(plan(&retired));
    a.sync(&server);
    assert_eq!(due(&a.client, &DueQuery::default()).len(), 4);
}
