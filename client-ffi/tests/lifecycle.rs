//! What may be done next, transitions, and comments.

use crate::common::*;
use gridfold_client::{ClientError, NextTransition, WhatBecame};
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
        (next[0].label_zh.as_str(), next[0].to_label_en.as_str()),
        ("签收", "Acknowledged")
    );
    assert_eq!(
        (
            next[0].to.as_str(),
            next[0].note_expected,
            next[1].note_expected
        ),
        ("acknowledged", false, true)
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
