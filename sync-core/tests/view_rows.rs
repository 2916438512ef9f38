//! Rows put together as records: what the API, lists, search and the simulation see of them.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{
    ChoiceKey, FieldKey, FormCode, IncarnationId, ItemKey, RecordId,
    SensitivityClass::{General, Personal, Restricted},
};
use gridfold_sync_core::schema::{Form, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView};
use serde_json::{Value as Json, json};

fn form(code: &str) -> Form {
    let forms = builtin_forms().unwrap();
    forms.into_iter().find(|f| f.code.as_str() == code).unwrap()
}
fn key(name: &str) -> FieldKey {
    FieldKey::new(name).unwrap()
}
fn set(name: &str, value: Value) -> Op {
    Op::Set {
        field: key(name),
        value,
    }
}
fn text(t: &str) -> Value {
    Value::Text(t.to_owned())
}
fn member(item: &str, name: &str, value: Value) -> Op {
    Op::ItemSet {
        field: key("members"),
        item: ItemKey::new(item).unwrap(),
        member: key(name),
        value,
    }
}
fn row(code: &str, ops: Vec<Op>) -> PartState {
    let form = FormCode::new(code).unwrap();
    let mut state = PartState::new(form.clone());
    let target = Target::New {
        record: RecordId::from_bytes([1; 16]),
        form,
    };
    let who = IncarnationId::from_bytes([9; 16]);
    state.apply(&Entry::new(who, 1, target, 1, Timestamp(0), ops));
    state
}

#[test]
fn a_household_of_two_parts_is_one_record() {
    let form = form("household");
    let personal = row(
        "household",
        vec![
            set("address", text("幸福路 3 号")),
            set(
                "location",
                Value::Geopoint {
                    lat_e7: 391_000_000,
                    lon_e7: -1,
                },
            ),
            member("i1", "name", text("老王")),
            member("i2", "name", text("gone")),
            Op::ItemRemove {
                field: key("members"),
                item: ItemKey::new("i2").unwrap(),
            },
            Op::Count {
                field: key("visits_made"),
                by: 3,
            },
            set("from_a_newer_form", Value::Boolean(true)),
        ],
    );
    let restricted = row(
        "household",
        vec![
            Op::Splice {
                field: key("care_notes"),
                at: 0,
                delete: 0,
                insert: "独居".to_owned(),
            },
            Op::Choose {
                field: key("care_needs"),
                choice: ChoiceKey::new("elderly_alone").unwrap(),
            },
            Op::Delete,
        ],
    );
    let record = RecordId::from_bytes([1; 16]);
    let view = RecordView {
        record,
        form: &form,
        parts: vec![(Restricted, &restricted), (Personal, &personal)],
    };
    let expected = json!({
        "address": "幸福路 3 号",
        "location": { "lat": 39.1, "lon": -1e-7 },
        "members": [{ "key": "i1", "name": "老王" }],
        "visits_made": 3,
        "from_a_newer_form": true,
        "care_notes": "独居",
        "care_needs": ["elderly_alone"],
    });
    assert_eq!(Json::Object(view.fields()), expected);
    assert_eq!(view.title(), "幸福路 3 号");
    assert_eq!(view.location(), Some((391_000_000, -1)));
    assert_eq!(view.household(), Some(record));
    assert_eq!(view.missing(), [""; 0]);
    assert!(
        !view.is_deleted(),
        "the mark counts in the form's own class"
    );
    let search = view.search_words();
    assert!(
        search.contains(" 幸 福 路 3 号 ")
            && search.contains(" 独 居 ")
            && search.contains(" 老 王 ")
    );
    assert!(!search.contains("gone"), "a removed item is not found");
    assert_eq!((view.status(), view.conflict_count()), (None, 0));
    // Who may not see the personal part sees nothing of it.
    let less = RecordView {
        record,
        form: &form,
        parts: vec![(Restricted, &restricted)],
    };
    assert_eq!(less.title(), "");
    assert_eq!(less.missing(), ["address"]);
    assert!(less.main().is_none());
}

#[test]
fn every_value_has_its_json() {
    let id = RecordId::from_bytes([1; 16]);
    for (value, expected) in [
        (text("甲"), json!("甲")),
        (Value::Integer(-3), json!(-3)),
        (
            Value::Decimal(Decimal {
                mantissa: -150,
                scale: 2,
            }),
            json!("-1.50"),
        ),
        (Value::Boolean(false), json!(false)),
        (Value::Date(19_782), json!("2024-02-29")),
        (
            Value::DateTime(Timestamp(1)),
            json!("1970-01-01T00:00:00.001Z"),
        ),
        (Value::Choice(ChoiceKey::new("a").unwrap()), json!("a")),
        (
            Value::Geopoint {
                lat_e7: 5,
                lon_e7: -1_800_000_000,
            },
            json!({ "lat": 5e-7, "lon": -180.0 }),
        ),
        (Value::Reference(id), json!(id.to_string())),
    ] {
        assert_eq!(value.to_json(), expected);
    }
}

#[test]
fn a_visit_leads_to_its_household_and_asks_for_what_is_visible() {
    let form = form("visit");
    let household = RecordId::from_bytes([5; 16]);
    let state = row(
        "visit",
        vec![
            set("household", Value::Reference(household)),
            set("visited_at", Value::DateTime(Timestamp(0))),
        ],
    );
    let view = RecordView {
        record: RecordId::from_bytes([1; 16]),
        form: &form,
        parts: vec![(Personal, &state)],
    };
    assert_eq!(view.household(), Some(household));
    assert_eq!(view.missing(), ["purpose"]);
    assert_eq!(view.location(), None);
}

#[test]
fn a_matter_has_its_status_before_and_after_its_first_part_comes() {
    let form = form("matter");
    let record = RecordId::from_bytes([1; 16]);
    let none = RecordView {
        record,
        form: &form,
        parts: vec![],
    };
    assert_eq!(none.status().as_deref(), Some("reported"));
    let action = "accept".to_owned().try_into().unwrap();
    let state = row(
        "matter",
        vec![
            Op::Transition {
                action,
                note: String::new(),
            },
            Op::Delete,
        ],
    );
    let view = RecordView {
        record,
        form: &form,
        parts: vec![(General, &state)],
    };
    assert_eq!(view.status().as_deref(), Some("accepted"));
    assert!(view.is_deleted());
    let canonical = view.canonical();
    assert_eq!(canonical["status"], "accepted");
    assert_eq!(canonical["deleted"], true);
    assert_eq!(
        canonical["parts"][0]["heads"],
        json!([state.heads[0].to_string()])
    );
}

#[test]
fn the_size_of_a_row_counts_all_its_text() {
    let state = row(
        "household",
        vec![
            set("address", text("1234567890")),
            Op::Splice {
                field: key("notes"),
                at: 0,
                delete: 0,
                insert: "一二三".to_owned(),
            },
        ],
    );
    assert_eq!(state.text_bytes(), 19);
    let with_item = row("household", vec![member("i1", "name", text("12345"))]);
    assert_eq!(with_item.text_bytes(), 37);
}
