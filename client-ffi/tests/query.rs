//! Lists: filters, text, order and pages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

use common::*;
use gridfold_client::{Query, Sort};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, RecordId};
use gridfold_sync_core::search::natural_key;

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
        }
    }
}
