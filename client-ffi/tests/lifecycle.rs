//! What may be done next, transitions, and comments.

use crate::common::*;
use gridfold_client::{ClientError, NextTransition, Platform, Query, WhatBecame};
use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::schema::Role;

fn make(phone: &Phone, form: &str, field: &str, text: &str) -> RecordId {
    phone
        .client
        .create_record(&grid(1), &code(form), vec![set_text(field, text)])
        .unwrap()
}

fn actions(next: &[NextTransition]) -> Vec<&str> {
    next.iter().map(|t| t.action.as_str()).collect()
}

fn rejected(code: &str) -> Result<(), ClientError> {
    Err(ClientError::Rejected {
        code: code.to_owned(),
        field: None,
        became: WhatBecame::Nothing,
    })
}

#[test]
fn each_role_is_told_what_it_may_do_next() {
    let server = FakeServer::new();
    let worker = Phone::enrolled(&server, "甲", 1);
    let supervisor = Phone::enrolled_as(&server, "主管", 2, Role::Supervisor);
    let task = make(&supervisor, "task", "title", "走访独居老人");
    supervisor.sync(&server);
    worker.sync(&server);
    let next = worker.client.next_transitions(task).unwrap();
    assert_eq!(
        actions(&next),
        ["acknowledge", "decline", "hand_over", "finish"]
    );
    assert_eq!(
        (next[0].label_zh.as_str(), next[0].to_label_en.as_deref()),
        ("签收", Some("Acknowledged"))
    );
    assert_eq!(
        (
            next[0].to.as_ref().map(|to| to.as_str()),
            next[0].note_expected,
            next[1].note_expected
        ),
        (Some("acknowledged"), false, true)
    );
    assert_eq!(
        worker.client.transition(task, "confirm", ""),
        rejected("transition_not_allowed")
    );
    worker.client.acknowledge(task).unwrap();
    assert_eq!(
        worker.client.get(task).unwrap().status.as_deref(),
        Some("acknowledged")
    );
    assert_eq!(
        actions(&worker.client.next_transitions(task).unwrap()),
        ["decline", "hand_over", "finish"]
    );
    assert_eq!(
        worker.client.acknowledge(task),
        rejected("transition_not_allowed")
    );
    worker
        .client
        .transition(task, "finish", "都走到了")
        .unwrap();
    assert_eq!(
        actions(&worker.client.next_transitions(task).unwrap()),
        [""; 0]
    );
    worker.sync(&server);
    supervisor.sync(&server);
    assert_eq!(
        actions(&supervisor.client.next_transitions(task).unwrap()),
        ["reissue", "confirm"]
    );
    assert_alike(&server, &[&worker, &supervisor]);
    let home = make(&worker, "household", "address", "1号楼");
    assert_eq!(worker.client.next_transitions(home), Ok(vec![]));
    assert_eq!(worker.client.acknowledge(home), rejected("wrong_type"));
    let nowhere = worker.client.new_record_id();
    assert_eq!(
        worker.client.next_transitions(nowhere),
        Err(ClientError::NotFound)
    );
}

#[test]
fn a_transition_says_what_it_still_needs() {
    let server = FakeServer::new();
    let boss = Phone::enrolled_as(&server, "主管", 1, Role::Supervisor);
    let matter = make(&boss, "matter", "summary", "路灯不亮");
    for action in ["accept", "dispatch", "handle"] {
        boss.client.transition(matter, action, "").unwrap();
    }
    let reply = |phone: &Phone| {
        let next = phone.client.next_transitions(matter).unwrap();
        next.into_iter()
            .find(|t| t.action.as_str() == "reply")
            .unwrap()
    };
    assert_eq!(reply(&boss).needs, [key("reply")]);
    assert_eq!(
        boss.client.transition(matter, "reply", ""),
        rejected("transition_not_allowed")
    );
    boss.client
        .edit(matter, vec![splice("reply", 0, "已修好")])
        .unwrap();
    assert_eq!(reply(&boss).needs, []);
    boss.client.transition(matter, "reply", "").unwrap();
    assert_eq!(
        boss.client.get(matter).unwrap().status.as_deref(),
        Some("replied")
    );
    boss.sync(&server);
    assert_alike(&server, &[&boss]);
}

#[test]
fn comments_made_at_once_all_stay_and_are_their_authors() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let matter = make(&a, "matter", "summary", "路灯不亮");
    a.sync(&server);
    b.sync(&server);
    a.client.comment(matter, "去看过了").unwrap();
    a.client.comment(matter, "灯泡坏了").unwrap();
    b.platform.advance(60_000);
    b.client.comment(matter, "已报修").unwrap();
    for phone in [&a, &b, &a] {
        phone.sync(&server);
    }
    assert_alike(&server, &[&a, &b]);
    for phone in [&a, &b] {
        let comments = phone.client.comments(matter).unwrap();
        let said: Vec<(&str, Option<&str>)> = comments
            .iter()
            .map(|c| (c.text.as_str(), c.user_name.as_deref()))
            .collect();
        assert_eq!(
            said,
            [
                ("去看过了", Some("甲")),
                ("灯泡坏了", Some("甲")),
                ("已报修", Some("乙"))
            ]
        );
        assert!(comments.iter().all(|c| c.at.is_some()));
        assert_eq!(phone.client.get(matter).unwrap().conflicts, []);
    }
    let home = make(&a, "household", "address", "1号楼");
    assert_eq!(a.client.comment(home, "你好"), rejected("no_comments"));
    assert_eq!(a.client.comment(matter, " "), rejected("empty"));
    assert_eq!(
        a.client.comment(a.client.new_record_id(), "你好"),
        Err(ClientError::NotFound)
    );
}

#[test]
fn records_of_the_first_version_take_comments_and_edits_of_both() {
    let server = FakeServer::with_forms(1);
    let a = Phone::enrolled(&server, "甲", 1);
    let matter = make(&a, "matter", "summary", "路灯不亮");
    a.sync(&server);
    assert_eq!(a.client.comment(matter, "还没有"), rejected("no_comments"));
    server.publish_builtin();
    assert!(a.sync(&server).directory_changed);
    assert_eq!(a.client.get(matter).unwrap().fields["summary"], "路灯不亮");
    a.client.comment(matter, "现在有了").unwrap();
    a.client
        .edit_with_form_version(matter, 1, vec![set_text("place", "东门")])
        .unwrap();
    let report = a.sync(&server);
    assert_eq!((report.admitted, report.refused), (2, 0));
    assert_eq!(a.client.comments(matter).unwrap().len(), 1);
    assert_alike(&server, &[&a]);
}

/// Two phones without signal: what one takes back the other does; and both see the same of it.
#[test]
fn a_recall_meets_the_handling_that_did_not_know_of_it() {
    let server = FakeServer::new();
    let boss = Phone::enrolled_as(&server, "主管", 1, Role::Supervisor);
    let worker = Phone::enrolled(&server, "甲", 2);
    let matter = make(&boss, "matter", "summary", "路灯不亮");
    for action in ["accept", "dispatch"] {
        boss.client.transition(matter, action, "").unwrap();
    }
    let next = |phone: &Phone| phone.client.next_transitions(matter).unwrap();
    let offers = |phone: &Phone, action: &str| actions(&next(phone)).contains(&action);
    let recall = |phone: &Phone| {
        next(phone)
            .into_iter()
            .find(|t| t.action.as_str() == "recall")
    };
    assert_eq!(recall(&boss).unwrap().to.unwrap().as_str(), "accepted");
    boss.sync(&server);
    worker.sync(&server);
    assert!(!offers(&worker, "recall"), "it was not theirs");
    assert_eq!(
        worker.client.transition(matter, "recall", ""),
        rejected("transition_not_allowed")
    );
    boss.client.transition(matter, "recall", "").unwrap();
    worker.client.transition(matter, "handle", "").unwrap();
    boss.client.transition(matter, "follow", "").unwrap();
    boss.sync(&server);
    worker.sync(&server);
    boss.sync(&server);
    assert_alike(&server, &[&boss, &worker]);
    for phone in [&boss, &worker] {
        let detail = phone.client.get(matter).unwrap();
        assert_eq!(detail.status.as_deref(), Some("handled"));
        let tips: Vec<&str> = detail
            .status_tips
            .iter()
            .map(|t| t.status.as_str())
            .collect();
        assert_eq!(
            tips,
            ["handled", "accepted"],
            "the following is none of them"
        );
        assert!(!offers(phone, "recall"), "two stand beside each other");
    }
    // The check is another person's, on the phone already.
    assert!(!offers(&worker, "inspect") && offers(&boss, "inspect"));
    boss.client.transition(matter, "inspect", "").unwrap();
    boss.sync(&server);
    worker.sync(&server);
    assert_eq!(worker.client.get(matter).unwrap().status_tips, []);
    assert_alike(&server, &[&boss, &worker]);
}

#[test]
fn a_matter_that_stands_suspended_is_not_overdue_and_more_time_is_granted_with_the_step() {
    let server = FakeServer::new();
    let boss = Phone::enrolled_as(&server, "主管", 1, Role::Supervisor);
    let worker = Phone::enrolled(&server, "甲", 2);
    let due = |phone: &Phone, hours: i64| {
        Value::DateTime(phone.platform.now().plus_millis(hours * 3_600_000))
    };
    let matter = make(&boss, "matter", "summary", "路灯不亮");
    boss.client
        .edit(matter, vec![set("due_at", due(&boss, 2))])
        .unwrap();
    for action in ["accept", "dispatch"] {
        boss.client.transition(matter, action, "").unwrap();
    }
    let list = |phone: &Phone, overdue: bool| {
        let query = Query {
            overdue,
            ..Query::default()
        };
        phone.client.query(query).items
    };
    assert_eq!(
        boss.client.transition(matter, "suspend", ""),
        rejected("transition_not_allowed")
    );
    boss.client.transition(matter, "suspend", "等配件").unwrap();
    boss.sync(&server);
    worker.sync(&server);
    for phone in [&boss, &worker] {
        phone.platform.advance(5 * 3_600_000);
        assert_eq!(list(phone, true).len(), 0);
        assert!(list(phone, false)[0].work.suspended.is_some());
    }
    worker.client.transition(matter, "resume", "").unwrap();
    let work = list(&worker, false)[0].work.clone();
    assert_eq!(work.suspended, None);
    // Two devices say when it began and ended; their clocks are some milliseconds apart.
    let apart = work.paused_ms - 5 * 3_600_000;
    assert!(apart.abs() < 1_000, "{apart} ms");
    assert_eq!(list(&worker, true).len(), 0);
    let until = due(&worker, 48);
    worker
        .client
        .edit(matter, vec![set("asked_due", until.clone())])
        .unwrap();
    worker
        .client
        .transition(matter, "ask_extension", "还要两天")
        .unwrap();
    worker.sync(&server);
    boss.sync(&server);
    boss.client
        .transition(matter, "grant_extension", "")
        .unwrap();
    boss.sync(&server);
    worker.sync(&server);
    let fields = worker.client.get(matter).unwrap().fields;
    assert_eq!(fields["due_at"], until.to_json());
    assert_alike(&server, &[&boss, &worker]);
}
