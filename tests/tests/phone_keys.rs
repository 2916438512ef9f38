//! The organisation demands that its workers' phones are opened by their person alone: a phone knows it with its next
//! sync, and nothing of it is lost or held back.

use crate::town::{Town, area};
use gridfold_sync_core::directory::{DirectoryChange, KeyRule};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{FieldKey, FormCode};
use gridfold_sync_core::schema::Role;

#[test]
fn a_phone_knows_with_its_next_sync_whether_its_person_alone_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::new(&dir.path().join("server"));
    let worker = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&dir.path().join("phone"), worker);
    assert!(!phone.key_by_person(), "before it has heard anything");
    town.sync(&phone);
    assert!(!phone.key_by_person());

    let say = |rule: Option<KeyRule>| {
        let change = DirectoryChange::PhoneKeys { rule };
        town.node.directory.change(vec![change]).unwrap();
    };
    say(Some(KeyRule {
        by: worker,
        at: town.later(),
    }));
    let summary = Op::Set {
        field: FieldKey::new("summary").unwrap(),
        value: Value::Text("路灯不亮".to_owned()),
    };
    let matter = FormCode::new("matter").unwrap();
    let made = phone.create_record(&area("g1"), &matter, vec![summary]);
    let report = town.sync(&phone);
    assert_eq!((report.admitted, report.refused), (1, 0), "{report:?}");
    assert!(phone.key_by_person());
    assert!(phone.get(made.unwrap()).is_some());

    say(None);
    town.sync(&phone);
    assert!(!phone.key_by_person());
}
