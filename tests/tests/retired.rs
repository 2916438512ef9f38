//! An area is retired while a phone is away: what was made without knowing of it is taken, and once the phone knows it
//! keeps what is typed as a draft and says why.

use crate::town::{Town, area};
use gridfold_client::{Client, ClientError};
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{FieldKey, FormCode, RecordId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

fn set(field: &str, text: &str) -> Op {
    Op::Set {
        field: FieldKey::new(field).unwrap(),
        value: Value::Text(text.to_owned()),
    }
}

fn matter(phone: &Client, grid: &str) -> Result<RecordId, ClientError> {
    let form = FormCode::new("matter").unwrap();
    phone.create_record(&area(grid), &form, vec![set("summary", "路灯不亮")])
}

fn retire(town: &Town, at: Option<Timestamp>) {
    let change = DirectoryChange::AreaRetired {
        area: area("g1"),
        at,
    };
    town.node.directory.change(vec![change]).unwrap();
}

fn code_of(refused: Result<RecordId, ClientError>) -> String {
    match refused {
        Err(ClientError::Rejected { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_phone_that_did_not_know_loses_nothing_and_one_that_knows_makes_nothing_new() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::new(&dir.path().join("server"));
    let worker = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&dir.path().join("phone"), worker);
    town.sync(&phone);
    retire(&town, Some(town.later()));
    // Away: it makes a record, edits it, and both are taken.
    let made = matter(&phone, "g1").unwrap();
    let report = town.sync(&phone);
    assert_eq!((report.admitted, report.refused), (1, 0), "{report:?}");
    // Now it knows.
    assert_eq!(code_of(matter(&phone, "g1")), "area_retired");
    let drafts = phone.drafts().unwrap();
    assert_eq!(drafts.len(), 1, "what was typed is a draft");
    // What is there goes on.
    phone
        .edit(made, vec![set("summary", "路灯不亮,已报修")])
        .unwrap();
    assert_eq!(town.sync(&phone).admitted, 1);
    // Used again, the draft becomes the record that it was to be.
    retire(&town, None);
    town.sync(&phone);
    phone.commit_draft(drafts[0].id).unwrap();
    let report = town.sync(&phone);
    assert_eq!((report.admitted, report.refused), (1, 0), "{report:?}");
    assert_eq!(phone.drafts(), Ok(vec![]));
}

#[test]
fn a_form_that_is_retired_is_not_filled_in_on_a_phone_that_knows() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::new(&dir.path().join("server"));
    let worker = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&dir.path().join("phone"), worker);
    let change = DirectoryChange::FormRetired {
        form: FormCode::new("matter").unwrap(),
        at: Some(town.later()),
    };
    town.node.directory.change(vec![change]).unwrap();
    town.sync(&phone);
    assert_eq!(code_of(matter(&phone, "g1")), "form_retired");
}
