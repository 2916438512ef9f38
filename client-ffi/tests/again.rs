//! What is kept while its form goes on, and what this phone itself does not take: drafts, refused
//! edits that are made again.

use crate::common::*;
use gridfold_client::{
    Client, ClientError, Draft, DraftId, DraftReason, RecordEdit, SavedDraft, SyncOptions,
    WhatBecame,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, RecordId};
use gridfold_sync_core::schema::{FieldType, Form};

fn draft(form: &str, ops: Vec<Op>) -> Draft {
    Draft {
        id: None,
        form: code(form),
        form_version: None,
        grid: grid(1),
        record: None,
        new_record: false,
        ops,
        app_state: String::new(),
    }
}

fn met(people: i64) -> Op {
    set("people_met", Value::Integer(people))
}

fn finding(text: &str) -> Op {
    set_text("safety_finding", text)
}

fn newest(phone: &Phone, form: &str) -> Form {
    let forms = phone.client.forms();
    forms.into_iter().find(|f| f.code == code(form)).unwrap()
}

/// Publishes the next version of a form, and takes it to the phone.
fn revise(server: &FakeServer, phone: &Phone, form: &str, change: impl FnOnce(&mut Form)) -> u32 {
    let mut form = newest(phone, form);
    form.version += 1;
    change(&mut form);
    let version = form.version;
    server.publish(form);
    assert!(phone.sync(server).directory_changed);
    version
}

fn without(field: &'static str) -> impl FnOnce(&mut Form) {
    move |form| form.fields.retain(|f| f.key.as_str() != field)
}

/// The code, the field, and what became of it.
fn told<T: std::fmt::Debug>(
    result: Result<T, ClientError>,
) -> (String, Option<String>, WhatBecame) {
    match result {
        Err(ClientError::Rejected {
            code,
            field,
            became,
        }) => (code, field, became),
        other => panic!("{other:?}"),
    }
}

fn the_draft(phone: &Phone) -> SavedDraft {
    let drafts = phone.client.drafts().unwrap();
    assert_eq!(drafts.len(), 1, "{drafts:?}");
    drafts.into_iter().next().unwrap()
}

fn kept_as<T: std::fmt::Debug>(
    result: Result<T, ClientError>,
) -> (String, Option<String>, DraftId) {
    match told(result) {
        (code, field, WhatBecame::Draft(id)) => (code, field, id),
        other => panic!("{other:?}"),
    }
}

fn field_of(phone: &Phone, record: RecordId, field: &str) -> serde_json::Value {
    phone.client.get(record).unwrap().fields[field].clone()
}

#[test]
fn a_draft_is_finished_under_the_version_it_was_begun_with() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let ops = vec![finding("楼道堆物"), met(3)];
    let id = a.client.save_draft(&draft("visit", ops)).unwrap();
    revise(&server, &a, "visit", without("people_met"));
    // It is shown with its own form's fields, and goes on with them.
    let kept = a.client.draft(id).unwrap().unwrap();
    assert_eq!(kept.form_version, 1);
    let own = a.client.form(&kept.form, kept.form_version).unwrap();
    assert!(own.field("people_met").is_some());
    assert!(newest(&a, "visit").field("people_met").is_none());
    let more = Draft {
        id: Some(id),
        ..draft("visit", vec![finding("楼道堆物"), met(4)])
    };
    a.client.save_draft(&more).unwrap();
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(field_of(&a, record, "people_met"), 4);
    assert_eq!(a.client.drafts(), Ok(vec![]));
    let report = a.sync(&server);
    assert_eq!((report.admitted, report.refused), (1, 0));
    assert_eq!(a.client.history(record)[0].form_version, 1);
    assert_alike(&server, &[&a]);
}

#[test]
fn a_draft_is_mended_to_the_newest_version_and_what_does_not_fit_is_named_and_kept() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let ops = vec![finding("楼道堆物"), met(3), splice("notes", 0, "老人独居")];
    let id = a.client.save_draft(&draft("visit", ops)).unwrap();
    let two = revise(&server, &a, "visit", without("people_met"));
    let mended = a.client.mend_draft(id).unwrap();
    assert_eq!(mended.form_version, two);
    assert_eq!(
        mended.ops,
        [finding("楼道堆物"), splice("notes", 0, "老人独居")]
    );
    let [misfit] = &mended.misfits[..] else {
        panic!("{:?}", mended.misfits)
    };
    assert_eq!(
        (&misfit.op, misfit.form_version, misfit.code.as_str()),
        (&met(3), 1, "unknown_field")
    );
    // It is still there when the screen saves over it, and after a restart.
    let again = Draft {
        id: Some(id),
        ..draft("visit", mended.ops.clone())
    };
    a.client.save_draft(&again).unwrap();
    let Phone {
        client,
        dir,
        platform,
    } = a;
    client.close();
    let client = Client::open(options(dir.path(), &platform)).unwrap();
    let kept = client.draft(id).unwrap().unwrap();
    assert_eq!((kept.form_version, &kept.misfits), (two, &mended.misfits));
    let record = client.commit_draft(id).unwrap();
    let a = Phone {
        client,
        dir,
        platform,
    };
    assert_eq!(a.client.get(record).unwrap().form_version, two);
    // What did not fit waits as a draft of the record, and can be written as it was typed.
    let left = the_draft(&a);
    assert_eq!(
        (left.id, left.record, left.new_record, left.form_version),
        (id, Some(record), false, 1)
    );
    assert_eq!((left.ops, left.misfits), (vec![met(3)], vec![]));
    // An undo gives back the whole draft.
    a.client.undo_last().unwrap();
    assert_eq!(the_draft(&a).ops.len(), 2);
    assert_eq!(a.client.get(record), None);
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(a.client.commit_draft(id), Ok(record));
    assert_eq!(a.client.drafts(), Ok(vec![]));
    let report = a.sync(&server);
    assert_eq!((report.admitted, report.refused), (2, 0));
    assert_eq!(server.canonical(record)["fields"]["people_met"], 3);
    assert_alike(&server, &[&a]);
}

#[test]
fn a_draft_of_which_nothing_fits_the_newest_version_is_finished_all_the_same() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let id = a.client.save_draft(&draft("visit", vec![met(3)])).unwrap();
    revise(&server, &a, "visit", without("people_met"));
    let mended = a.client.mend_draft(id).unwrap();
    assert_eq!((mended.ops.len(), mended.misfits.len()), (0, 1));
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(field_of(&a, record, "people_met"), 3);
    assert_eq!(a.client.drafts(), Ok(vec![]));
    assert_eq!(a.sync(&server).refused, 0);
}

#[test]
fn an_edit_of_a_record_is_drafted_and_finished_over_a_new_version_too() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = a
        .client
        .create_record(&grid(1), &code("visit"), vec![finding("无")])
        .unwrap();
    a.sync(&server);
    let edit = Draft {
        record: Some(record),
        ..draft("visit", vec![met(2)])
    };
    let id = a.client.save_draft(&edit).unwrap();
    revise(&server, &a, "visit", without("people_met"));
    assert_eq!(a.client.commit_draft(id), Ok(record));
    assert_eq!(a.sync(&server).refused, 0);
    assert_eq!(field_of(&a, record, "people_met"), 2);
    // A conflict in a field that is no more is settled all the same.
    a.client
        .choose(record, "people_met", Value::Integer(5))
        .unwrap();
    assert_eq!(field_of(&a, record, "people_met"), 5);
}

#[test]
fn a_screen_that_was_drawn_before_the_form_went_on_saves_with_its_version() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let drawn = newest(&a, "visit").version;
    revise(&server, &a, "visit", without("people_met"));
    let record = a
        .client
        .create_with_form_version(&grid(1), &code("visit"), drawn, vec![met(1)])
        .unwrap();
    a.client
        .edit_with_form_version(record, drawn, vec![met(2)])
        .unwrap();
    let change = vec![RecordEdit::Create {
        id: None,
        grid: grid(1),
        form: code("visit"),
        form_version: Some(drawn),
        ops: vec![met(3)],
    }];
    a.client.change(change).unwrap();
    // One that does not say becomes a draft of the version that has the fields, and is finished.
    let refused = a
        .client
        .create_record(&grid(1), &code("visit"), vec![met(4)]);
    let (why, field, id) = kept_as(refused);
    assert_eq!(
        (why.as_str(), field.as_deref()),
        ("unknown_field", Some("people_met"))
    );
    assert_eq!(the_draft(&a).form_version, drawn);
    let last = a.client.commit_draft(id).unwrap();
    assert_eq!(field_of(&a, last, "people_met"), 4);
    let report = a.sync(&server);
    assert_eq!((report.admitted, report.refused), (4, 0));
    assert_alike(&server, &[&a]);
}

/// A phone whose edit was refused because its grant had ended, and came back.
fn refused(server: &FakeServer, ops: Vec<Op>) -> Phone {
    let a = Phone::enrolled(server, "甲", 1);
    let user = a.client.identity().unwrap().user;
    a.client
        .create_record(&grid(1), &code("visit"), ops)
        .unwrap();
    server.end_grant(user, "c", 400);
    a.sync(server);
    assert_eq!(a.client.refused().len(), 1);
    server.grant(user, "c");
    a.sync(server);
    a
}

#[test]
fn a_refused_edit_is_made_again_over_a_new_version() {
    let server = FakeServer::new();
    let a = refused(&server, vec![finding("楼道堆物"), met(3)]);
    revise(&server, &a, "visit", without("people_met"));
    let [kept] = &a.client.refused()[..] else {
        panic!("one")
    };
    assert_eq!((kept.form.as_str(), kept.form_version), ("visit", 1));
    a.client.retry_refused(&kept.stream, kept.entry).unwrap();
    assert!(a.client.refused().is_empty());
    assert_eq!(field_of(&a, kept.record, "people_met"), 3);
    assert_eq!(a.sync(&server).refused, 0);
    assert_alike(&server, &[&a]);
}

#[test]
fn a_refused_edit_becomes_a_draft_that_is_mended_and_finished() {
    let server = FakeServer::new();
    let a = refused(&server, vec![finding("楼道堆物"), met(3)]);
    let two = revise(&server, &a, "visit", without("people_met"));
    let kept = a.client.refused().remove(0);
    let id = a.client.refused_as_draft(&kept.stream, kept.entry).unwrap();
    assert!(a.client.refused().is_empty());
    let made = the_draft(&a);
    assert_eq!(
        (made.id, made.record, made.new_record, made.form_version),
        (id, Some(kept.record), true, 1)
    );
    let reason = DraftReason {
        code: kept.code.clone(),
        field: None,
    };
    assert_eq!(made.reason, Some(reason));
    assert_eq!(
        a.client.refused_as_draft(&kept.stream, kept.entry),
        Err(ClientError::NotFound)
    );
    let mended = a.client.mend_draft(id).unwrap();
    assert_eq!(
        (mended.form_version, mended.ops, mended.misfits.len()),
        (two, vec![finding("楼道堆物")], 1)
    );
    // It is made under the id that it had, so that what refers to it finds it.
    assert_eq!(a.client.commit_draft(id), Ok(kept.record));
    assert_eq!(a.sync(&server).refused, 0);
    assert_eq!(the_draft(&a).ops, [met(3)]);
    assert_alike(&server, &[&a]);
}

#[test]
fn what_this_phone_does_not_take_is_a_draft_and_the_error_says_so() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let choice = |key: &str| set("purpose", Value::Choice(ChoiceKey::new(key).unwrap()));
    let wrong = vec![finding("楼道堆物"), choice("no_such_choice")];
    let refused = a
        .client
        .create_record(&grid(1), &code("visit"), wrong.clone());
    let (why, field, id) = kept_as(refused);
    assert_eq!(
        (why.as_str(), field.as_deref()),
        ("out_of_range", Some("purpose"))
    );
    assert!(a.client.records().is_empty() && a.client.refused().is_empty());
    assert_eq!(a.client.status().pending, 0);
    let kept = the_draft(&a);
    assert_eq!((kept.id, kept.record, &kept.ops), (id, None, &wrong));
    let reason = kept.reason.unwrap();
    assert_eq!(
        (reason.code.as_str(), reason.field.as_deref()),
        ("out_of_range", Some("purpose"))
    );
    // As it is it is refused again, and stays; mended and committed it is a record.
    assert_eq!(kept_as(a.client.commit_draft(id)).2, id);
    let mended = Draft {
        id: Some(id),
        ..draft("visit", vec![finding("楼道堆物"), choice("care")])
    };
    a.client.save_draft(&mended).unwrap();
    assert_eq!(the_draft(&a).reason, None);
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(a.client.drafts(), Ok(vec![]));
    a.sync(&server);
    assert_alike(&server, &[&a]);

    // The same of an edit, of a comment, and of a step with a note.
    let long = "长".repeat(201);
    let (why, _, id) = kept_as(a.client.edit(record, vec![finding(&long)]));
    assert_eq!(why, "too_long");
    let kept = the_draft(&a);
    assert_eq!(
        (kept.id, kept.record, kept.new_record),
        (id, Some(record), false)
    );
    a.client.discard_draft(id).unwrap();
    let ops = vec![set_text("summary", "路灯不亮")];
    let matter = a
        .client
        .create_record(&grid(1), &code("matter"), ops)
        .unwrap();
    let (why, _, id) = kept_as(a.client.transition(matter, "reply", "已经答复过了"));
    assert_eq!(why, "transition_not_allowed");
    a.client.discard_draft(id).unwrap();
    let (_, _, id) = kept_as(a.client.comment(matter, &"长".repeat(5_000)));
    a.client.discard_draft(id).unwrap();
}

#[test]
fn what_nobody_typed_is_no_draft_and_what_is_too_large_for_one_is_not_said_to_be_kept() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let ops = vec![set_text("summary", "路灯不亮")];
    let matter = a
        .client
        .create_record(&grid(1), &code("matter"), ops)
        .unwrap();
    let step = Op::Transition {
        action: ActionKey::new("reply").unwrap(),
        note: String::new(),
    };
    let not_kept = |result: Result<(), ClientError>| {
        let (why, _, became) = told(result);
        assert_eq!(became, WhatBecame::Nothing, "{why}");
        assert_eq!(a.client.drafts().unwrap().len(), 0, "{why}");
    };
    not_kept(a.client.edit(matter, vec![step.clone()]));
    not_kept(a.client.edit(matter, vec![]));
    not_kept(
        a.client
            .edit(matter, vec![set_text("summary", &"长".repeat(40_000))]),
    );
    let wrong = vec![RecordEdit::Edit {
        record: matter,
        form_version: None,
        ops: vec![step],
    }];
    not_kept(a.client.change(wrong).map(|_| ()));
}

#[test]
fn a_refused_edit_that_is_refused_here_again_stays_and_is_said_to() {
    let server = FakeServer::new();
    let a = refused(&server, vec![finding("楼道堆物")]);
    let user = a.client.identity().unwrap().user;
    server.end_grant(user, "c", 400);
    a.client.sync(&*server, &SyncOptions::default()).unwrap();
    let kept = a.client.refused().remove(0);
    let again = a.client.retry_refused(&kept.stream, kept.entry);
    assert_eq!(
        told(again),
        ("no_grant".to_owned(), None, WhatBecame::Refused)
    );
    assert_eq!(a.client.refused(), vec![kept]);
    assert_eq!(a.client.drafts(), Ok(vec![]));
}

#[test]
fn what_only_the_newest_version_takes_is_written_with_that() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let long = finding(&"长".repeat(250));
    let refused = a.client.create_record(&grid(1), &code("visit"), vec![long]);
    let (why, _, id) = kept_as(refused);
    assert_eq!(why, "too_long");
    let two = revise(&server, &a, "visit", |form| {
        let field = form
            .fields
            .iter_mut()
            .find(|f| f.key.as_str() == "safety_finding");
        if let FieldType::Text { max_chars, .. } = &mut field.unwrap().kind {
            *max_chars = 500;
        }
    });
    let record = a.client.commit_draft(id).unwrap();
    assert_eq!(a.client.history(record)[0].form_version, two);
    assert_eq!(a.sync(&server).refused, 0);
}
