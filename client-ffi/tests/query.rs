//! Lists: filters, text, order and pages.

use crate::common::*;
use gridfold_client::{Platform, Query, Sort};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, RecordId};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::search::natural_key;
use gridfold_sync_core::time::Timestamp;

fn world() -> (Phone, Vec<RecordId>) {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let mut records = Vec::new();
    for i in 0..12 {
        phone.platform.advance(1_000);
        let ops = vec![
            set_text("address", &format!("幸福路{i:02}号")),
            splice("notes", 0, "Quiet YARD"),
        ];
        records.push(
            phone
                .client
                .create_record(&grid(1 + i % 2), &code("household"), ops)
                .unwrap(),
        );
    }
    for (i, summary) in ["路灯不亮", "井盖松动", "噪音"].into_iter().enumerate() {
        phone.platform.advance(1_000);
        let ops = vec![
            set_text("summary", summary),
            set("household", Value::Reference(records[i])),
        ];
        records.push(
            phone
                .client
                .create_record(&grid(1), &code("matter"), ops)
                .unwrap(),
        );
    }
    (phone, records)
}

#[test]
fn filters_narrow_and_text_finds_words_and_parts_of_chinese() {
    let (phone, records) = world();
    let count = |query: Query| phone.client.count(query);
    let text = |t: &str| Query {
        text: Some(t.to_owned()),
        ..Query::default()
    };
    assert_eq!(count(Query::default()), 15);
    assert_eq!(
        count(Query {
            form: Some(code("matter")),
            ..Query::default()
        }),
        3
    );
    assert_eq!(
        count(Query {
            grid: Some(grid(2)),
            ..Query::default()
        }),
        6
    );
    assert_eq!(
        count(Query {
            household: Some(records[1]),
            ..Query::default()
        }),
        2
    );
    assert_eq!(count(text("幸福路")), 12);
    assert_eq!(count(text("盖松")), 1);
    assert_eq!(count(text("quiet yard")), 12);
    assert_eq!(count(text("没有")), 0);
    let status = |s: &str| Query {
        status: Some(s.to_owned()),
        ..Query::default()
    };
    assert_eq!(count(status("reported")), 3);
    let escalate = Op::Transition {
        action: ActionKey::new("escalate").unwrap(),
        note: String::new(),
    };
    phone.client.edit(records[12], vec![escalate]).unwrap();
    assert_eq!(
        (count(status("reported")), count(status("escalated"))),
        (2, 1)
    );
    phone.client.edit(records[0], vec![Op::Delete]).unwrap();
    assert_eq!(count(Query::default()), 14);
    assert_eq!(
        count(Query {
            include_deleted: true,
            ..Query::default()
        }),
        15
    );
    let all = phone
        .client
        .query(Query {
            sort: Sort::Captured,
            ..Query::default()
        })
        .items;
    let from = Query {
        from: Some(all[4].captured),
        ..Query::default()
    };
    let to = Query {
        to: Some(all[4].captured),
        ..Query::default()
    };
    assert_eq!((count(from), count(to)), (5, 9));
}

#[test]
fn pages_follow_each_other_in_every_order() {
    let (phone, _) = world();
    for sort in [Sort::Updated, Sort::Captured, Sort::Title] {
        let all = phone.client.query(Query {
            sort,
            limit: 100,
            ..Query::default()
        });
        assert_eq!((all.items.len(), all.total, all.next), (15, 15, None));
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = phone.client.query(Query {
                sort,
                limit: 4,
                after,
                ..Query::default()
            });
            assert_eq!(page.total, 15);
            paged.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, all.items);
        match sort {
            Sort::Title => assert!(
                paged
                    .windows(2)
                    .all(|w| natural_key(&w[0].title) <= natural_key(&w[1].title))
            ),
            Sort::Captured => assert!(paged.windows(2).all(|w| w[0].captured >= w[1].captured)),
            Sort::Updated => assert!(paged.windows(2).all(|w| w[0].updated >= w[1].updated)),
            Sort::Due => panic!("it leaves records out"),
        }
    }
}

/// A task, by what it says of its doer and due time.
fn task(
    phone: &Phone,
    title: &str,
    doer: &str,
    due: Option<i64>,
    about: Option<RecordId>,
) -> RecordId {
    let mut ops = vec![set_text("title", title), set_text("doer", doer)];
    ops.extend(due.map(|due| set("due_at", Value::DateTime(Timestamp(due)))));
    ops.extend(about.map(|of| set("matter", Value::Reference(of))));
    phone
        .client
        .create_record(&grid(1), &code("task"), ops)
        .unwrap()
}

const HOUR: i64 = 3_600_000;

#[test]
fn work_is_found_by_whose_it_is_and_when_it_is_due() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let now = phone.platform.now().millis();
    let ops = vec![set_text("summary", "路灯不亮")];
    let matter = phone
        .client
        .create_record(&grid(1), &code("matter"), ops)
        .unwrap();
    let late = task(&phone, "一", "甲", Some(now - HOUR), Some(matter));
    let soon = task(&phone, "二", "甲", Some(now + 24 * HOUR), None);
    let far = task(&phone, "三", "甲", Some(now + 200 * HOUR), None);
    let theirs = task(&phone, "四", "乙", Some(now - 2 * HOUR), Some(matter));
    let open = task(&phone, "五", "甲", None, None);
    let find = |query: Query| {
        let page = phone.client.query(query.clone());
        assert_eq!(
            page.total,
            phone.client.count(query),
            "a list and its count"
        );
        let mut found: Vec<_> = page.items.into_iter().map(|i| i.record).collect();
        found.sort_unstable();
        found
    };
    let mine = Query {
        mine: true,
        ..Query::default()
    };
    let overdue = Query {
        overdue: true,
        ..Query::default()
    };
    assert_eq!(find(mine.clone()), [late, soon, far, open]);
    assert_eq!(find(overdue.clone()), [late, theirs]);
    assert_eq!(
        find(Query {
            mine: true,
            ..overdue.clone()
        }),
        [late]
    );
    assert_eq!(
        find(Query {
            due_soon: true,
            ..Query::default()
        }),
        [soon]
    );
    assert_eq!(
        find(Query {
            due_before: Some(Timestamp(now + 100 * HOUR)),
            ..Query::default()
        }),
        [late, soon, theirs]
    );
    assert_eq!(
        find(Query {
            about: Some(matter),
            ..Query::default()
        }),
        [late, theirs]
    );
    // Due first first, page by page; what has no due time is left out.
    let mut by_due = Query {
        sort: Sort::Due,
        limit: 1,
        ..Query::default()
    };
    let mut order = Vec::new();
    loop {
        let page = phone.client.query(by_due.clone());
        assert_eq!(page.total, 4);
        order.extend(page.items.iter().map(|i| i.record));
        match page.next {
            Some(next) => by_due.after = Some(next),
            None => break,
        }
    }
    assert_eq!(order, [theirs, late, soon, far]);

    // What is done is not overdue; what is closed is no work.
    phone.client.acknowledge(late).unwrap();
    assert_eq!(find(overdue.clone()), [late, theirs]);
    phone.client.transition(late, "finish", "").unwrap();
    assert_eq!(find(overdue.clone()), [theirs]);
    let open_work = Query {
        open: true,
        form: Some(code("task")),
        ..Query::default()
    };
    assert_eq!(find(open_work.clone()).len(), 5);
    // Time goes on by itself.
    phone.platform.advance(25 * HOUR);
    assert_eq!(find(overdue.clone()), [soon, theirs]);
    // As the server's clock has it, once it is known.
    let summary = phone.client.query(mine.clone()).items.remove(0);
    assert_eq!(summary.work.doer.as_deref(), Some("甲"));
    phone.sync(&server);
    assert!(phone.client.status().clock_skew_ms < -20 * HOUR);
    assert_eq!(find(overdue), [theirs]);
}

#[test]
fn work_goes_by_what_the_form_says_and_not_by_names() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let form = r#"{"code":"repair","version":1,"label":{"zh":"维修","en":"Repair"},"class":"general",
      "fields":[
        {"key":"who","label":{"zh":"谁","en":"Who"},"type":"text","means":"doer"},
        {"key":"assignee","label":{"zh":"甲方","en":"Other"},"type":"text"},
        {"key":"till","label":{"zh":"到","en":"Till"},"type":"date_time","means":"due"},
        {"key":"secret","label":{"zh":"密","en":"S"},"type":"text","class":"personal"}],
      "lifecycle":{"initial":"new","statuses":[
        {"key":"new","label":{"zh":"新","en":"New"},"rank":1},
        {"key":"end","label":{"zh":"完","en":"End"},"rank":2,"closed":true}],
       "transitions":[{"action":"stop","label":{"zh":"停","en":"Stop"},"from":["new"],"to":"end","roles":["worker"]}]}}"#;
    let mut form = Form::from_json(form).unwrap();
    server.publish(form.clone());
    phone.sync(&server);
    let now = phone.platform.now().millis();
    let make = |who: &str, other: &str| {
        let ops = vec![
            set_text("who", who),
            set_text("assignee", other),
            set("till", Value::DateTime(Timestamp(now - HOUR))),
        ];
        let made = phone.client.create_record(&grid(1), &code("repair"), ops);
        made.unwrap()
    };
    let (mine, theirs) = (make("甲", "乙"), make("乙", "甲"));
    let of_me = Query {
        mine: true,
        ..Query::default()
    };
    let overdue = Query {
        overdue: true,
        ..Query::default()
    };
    let found = |query: &Query| -> Vec<RecordId> {
        let items = phone.client.query(query.clone()).items;
        items.into_iter().map(|i| i.record).collect()
    };
    assert_eq!(found(&of_me), [mine]);
    assert_eq!(found(&overdue).len(), 2);
    phone.client.transition(mine, "stop", "").unwrap();
    assert_eq!(found(&overdue), [theirs]);
    // A new version that says otherwise is gone by at once.
    form.version = 2;
    let (who, assignee) = (form.fields[0].means.take(), &mut form.fields[1]);
    assignee.means = who;
    server.publish(form);
    phone.sync(&server);
    assert_eq!(found(&of_me), [theirs]);
}

#[test]
fn my_work_is_mine_by_id_and_a_name_that_two_have_is_nobodys() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let me = phone.client.directory().user;
    let by_name = task(&phone, "一", "甲", None, None);
    let ops = vec![
        set_text("title", "二"),
        set(
            "doer",
            Value::Person {
                user: me,
                name: "甲甲".to_owned(),
            },
        ),
    ];
    let made = phone.client.create_record(&grid(1), &code("task"), ops);
    let by_id = made.unwrap();
    let found = || -> Vec<RecordId> {
        let query = Query {
            mine: true,
            ..Query::default()
        };
        let items = phone.client.query(query).items;
        let mut found: Vec<_> = items.into_iter().map(|i| i.record).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(found(), [by_name, by_id]);
    let _namesake = Phone::enrolled(&server, "甲", 2);
    phone.sync(&server);
    assert_eq!(found(), [by_id]);
}
