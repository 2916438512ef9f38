//! A form with a field of every type, and operations on it by short names.
#![allow(dead_code, reason = "each test file uses a part")]

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{
    ActionKey, ChoiceKey, FieldKey, FormCode, IncarnationId, ItemKey, RecordId,
    SensitivityClass::General,
};
use gridfold_sync_core::schema::{Form, Role, check_op};
use gridfold_sync_core::time::{Timestamp, parse_date};
use gridfold_sync_core::view::PartState;
use serde_json::json;

pub(crate) fn label() -> serde_json::Value {
    json!({ "zh": "字段", "en": "Field" })
}

pub(crate) fn form() -> Form {
    let choices = json!([{ "key": "a", "label": label() }, { "key": "b", "label": label() }]);
    let field = |key: &str, kind: &str, rest: serde_json::Value| {
        let mut field = json!({ "key": key, "label": label(), "type": kind });
        for (name, value) in rest.as_object().unwrap() {
            field[name] = value.clone();
        }
        field
    };
    let members = json!([
        field("name", "text", json!({ "max_chars": 3 })),
        field("ok", "boolean", json!({ "writable_by": ["supervisor"] })),
    ]);
    let form = json!({
        "code": "probe", "version": 1, "label": label(), "class": "general", "fields": [
            field("text", "text", json!({ "max_chars": 4, "required": true })),
            field("phone", "text", json!({ "pattern": "[0-9]{3,5}|none" })),
            field("wide", "text", json!({ "max_chars": 4_000_000 })),
            field("long", "long_text", json!({ "max_chars": 5 })),
            field("integer", "integer", json!({ "min": -2, "max": 3 })),
            field("free", "integer", json!({})),
            field("decimal", "decimal", json!({ "min": "-1.5", "max": "2.50", "scale": 2 })),
            field("boolean", "boolean", json!({})),
            field("date", "date", json!({ "min": "2024-02-29", "max": "2026-12-31" })),
            field("any_date", "date", json!({})),
            field("moment", "date_time", json!({})),
            field("one", "choose_one", json!({ "choices": choices })),
            field("many", "choose_many", json!({ "choices": choices })),
            field("place", "geopoint", json!({})),
            field("other", "reference", json!({ "form": "household" })),
            field("who", "person", json!({})),
            field("group", "group", json!({ "members": members, "max_items": 2 })),
            field("many_items", "group", json!({ "members": members, "max_items": 4_000_000 })),
            field("counter", "counter", json!({ "max_step": 10 })),
            field("fast", "counter", json!({ "max_step": i64::MAX })),
            field("private", "text", json!({ "class": "personal" })),
            field("due", "text", json!({ "writable_by": ["supervisor", "auditor"] })),
        ],
        "lifecycle": {
            "initial": "new",
            "statuses": [{ "key": "new", "label": label(), "rank": 1 }, { "key": "old", "label": label(), "rank": 2 }],
            "transitions": [{ "action": "age", "label": label(), "from": ["new"], "to": "old", "roles": ["worker"] }],
        },
    });
    Form::from_json(&form.to_string()).unwrap()
}

pub(crate) fn key(name: &str) -> FieldKey {
    FieldKey::new(name).unwrap()
}
pub(crate) fn set(name: &str, value: Value) -> Op {
    Op::Set {
        field: key(name),
        value,
    }
}
pub(crate) fn text(t: &str) -> Value {
    Value::Text(t.to_owned())
}
pub(crate) fn decimal(t: &str) -> Value {
    Value::Decimal(Decimal::parse(t).unwrap())
}
pub(crate) fn day(t: &str) -> Value {
    Value::Date(parse_date(t).unwrap())
}
pub(crate) fn pick(of: &str) -> ChoiceKey {
    ChoiceKey::new(of).unwrap()
}
pub(crate) fn splice(at: u32, delete: u32, insert: &str) -> Op {
    Op::Splice {
        field: key("long"),
        at,
        delete,
        insert: insert.to_owned(),
    }
}
pub(crate) fn add(group: &str, item: &str) -> Op {
    Op::ItemAdd {
        field: key(group),
        item: ItemKey::new(item).unwrap(),
    }
}
pub(crate) fn member(item: &str, name: &str, value: Value) -> Op {
    Op::ItemSet {
        field: key("group"),
        item: ItemKey::new(item).unwrap(),
        member: key(name),
        value,
    }
}
pub(crate) fn act(action: &str, note: &str) -> Op {
    Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: note.to_owned(),
    }
}

/// The row after one edit with these operations.
pub(crate) fn row(ops: Vec<Op>) -> PartState {
    let code = FormCode::new("probe").unwrap();
    let mut state = PartState::new(code.clone());
    let target = Target::New {
        record: RecordId::from_bytes([1; 16]),
        form: code,
    };
    let who = IncarnationId::from_bytes([1; 16]);
    state.apply(&Entry::new(who, 1, target, 1, Timestamp(0), ops));
    state
}

pub(crate) fn check(state: &PartState, op: &Op) -> Result<(), RefusalCode> {
    check_op(&form(), General, &[Role::Worker], state, op)
}

#[track_caller]
pub(crate) fn accepts(ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        assert_eq!(check(&row(vec![]), &op), Ok(()), "{op:?}");
    }
}
#[track_caller]
pub(crate) fn refuses(code: RefusalCode, ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        assert_eq!(check(&row(vec![]), &op), Err(code), "{op:?}");
    }
}
