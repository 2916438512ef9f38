//! Groups, classes, roles, transitions and conditions: the rules around a field's value.

use crate::schema_probe::{accepts, act, add, check, form, key, member, refuses, row, set, text};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::RefusalCode::{
    NotWritable, OutOfRange, TooLong, TransitionNotAllowed, UnknownField, WrongClass, WrongType,
};
use gridfold_sync_core::ids::{
    ItemKey,
    SensitivityClass::{General, Personal},
};
use gridfold_sync_core::limits::{MAX_GROUP_ITEMS, MAX_NOTE_CHARS};
use gridfold_sync_core::schema::{Role, check_op, missing_required, visible};
use serde_json::json;

#[test]
fn a_group_holds_no_more_items_than_allowed_also_by_bringing_removed_ones_back() {
    let remove = Op::ItemRemove {
        field: key("group"),
        item: ItemKey::new("i1").unwrap(),
    };
    let full = row(vec![member("i1", "name", text("x")), add("group", "i2")]);
    assert_eq!(check(&full, &add("group", "i3")), Err(OutOfRange));
    assert_eq!(
        check(&full, &member("i3", "name", text("x"))),
        Err(OutOfRange)
    );
    assert_eq!(check(&full, &member("i2", "name", text("x"))), Ok(()));
    assert_eq!(check(&full, &add("group", "i1")), Ok(()));
    let mut ops = vec![member("i1", "name", text("x")), add("group", "i2"), remove];
    assert_eq!(check(&row(ops.clone()), &add("group", "i1")), Ok(()));
    ops.push(add("group", "i3"));
    assert_eq!(
        check(&row(ops.clone()), &add("group", "i1")),
        Err(OutOfRange)
    );
    assert_eq!(
        check(&row(ops), &member("i1", "name", text("y"))),
        Err(OutOfRange)
    );
    let most = row((0..MAX_GROUP_ITEMS)
        .map(|i| add("many_items", &format!("i{i}")))
        .collect());
    assert_eq!(check(&most, &add("many_items", "more")), Err(OutOfRange));
}

#[test]
fn members_have_their_own_rules_and_writers() {
    accepts([member("i", "name", text("abc"))]);
    refuses(TooLong, [member("i", "name", text("abcd"))]);
    refuses(WrongType, [member("i", "name", Value::Integer(1))]);
    refuses(UnknownField, [member("i", "nothing", text("x"))]);
    refuses(NotWritable, [member("i", "ok", Value::Boolean(true))]);
    let (field, item) = (key("group"), ItemKey::new("i").unwrap());
    refuses(
        NotWritable,
        [Op::ItemUnset {
            field: field.clone(),
            item: item.clone(),
            member: key("ok"),
        }],
    );
    refuses(
        UnknownField,
        [Op::ItemUnset {
            field,
            item,
            member: key("no"),
        }],
    );
    let by_supervisor = member("i", "ok", Value::Boolean(true));
    let allowed = check_op(
        &form(),
        General,
        &[Role::Supervisor],
        &row(vec![]),
        &by_supervisor,
    );
    assert_eq!(allowed, Ok(()));
}

#[test]
fn fields_are_written_in_their_class_by_those_who_may() {
    let check = |class, role, op: &Op| check_op(&form(), class, &[role], &row(vec![]), op);
    let private = set("private", text("x"));
    assert_eq!(check(Personal, Role::Worker, &private), Ok(()));
    assert_eq!(check(General, Role::Worker, &private), Err(WrongClass));
    assert_eq!(
        check(Personal, Role::Worker, &set("text", text("x"))),
        Err(WrongClass)
    );
    assert_eq!(
        check(General, Role::Worker, &set("nothing", text("x"))),
        Err(UnknownField)
    );
    for role in Role::ALL {
        let open = if role == Role::Auditor {
            Err(NotWritable)
        } else {
            Ok(())
        };
        assert_eq!(
            check(General, role, &set("text", text("x"))),
            open,
            "{role:?}"
        );
        let named = matches!(role, Role::Supervisor | Role::Auditor);
        let due = if named { Ok(()) } else { Err(NotWritable) };
        assert_eq!(
            check(General, role, &set("due", text("x"))),
            due,
            "{role:?}"
        );
        for mark in [Op::Delete, Op::Restore] {
            assert_eq!(check(General, role, &mark), open, "{role:?} {mark:?}");
            assert_eq!(check(Personal, role, &mark), Err(WrongClass));
        }
    }
    assert_eq!(
        check_op(&form(), General, &[], &row(vec![]), &Op::Delete),
        Err(NotWritable)
    );
    let both = [Role::Auditor, Role::Worker];
    assert_eq!(
        check_op(&form(), General, &both, &row(vec![]), &Op::Delete),
        Ok(())
    );
}

#[test]
fn transitions_need_a_lifecycle_a_place_in_it_and_a_short_note() {
    accepts([act("age", ""), act("age", &"注".repeat(MAX_NOTE_CHARS))]);
    refuses(TooLong, [act("age", &"注".repeat(MAX_NOTE_CHARS + 1))]);
    refuses(TransitionNotAllowed, [act("rest", "")]);
    let aged = row(vec![act("age", "")]);
    assert_eq!(check(&aged, &act("age", "")), Err(TransitionNotAllowed));
    assert_eq!(
        check_op(&form(), Personal, &[Role::Worker], &aged, &act("age", "")),
        Err(WrongClass)
    );
    let mut without = form();
    without.lifecycle = None;
    let refused = check_op(&without, General, &[Role::Worker], &aged, &act("age", ""));
    assert_eq!(refused, Err(WrongType));
}

#[test]
fn conditions_see_the_values_of_the_record() {
    let values = json!({ "a": true, "b": ["x", "y"], "c": null, "n": 3, "t": "甲" });
    let values = values.as_object().unwrap();
    for (condition, expected) in [
        (json!({ "equals": ["a", true] }), true),
        (json!({ "equals": ["a", false] }), false),
        (json!({ "equals": ["n", 3] }), true),
        (json!({ "equals": ["t", "甲"] }), true),
        (json!({ "equals": ["missing", null] }), false),
        (json!({ "includes": ["b", "y"] }), true),
        (json!({ "includes": ["b", "z"] }), false),
        (json!({ "includes": ["t", "y"] }), false),
        (json!({ "present": "a" }), true),
        (json!({ "present": "c" }), false),
        (json!({ "present": "missing" }), false),
        (json!({ "not": { "present": "c" } }), true),
        (
            json!({ "all": [{ "present": "a" }, { "present": "c" }] }),
            false,
        ),
        (
            json!({ "any": [{ "present": "a" }, { "present": "c" }] }),
            true,
        ),
        (json!({ "all": [] }), true),
        (json!({ "any": [] }), false),
    ] {
        let read = serde_json::from_value(condition.clone()).unwrap();
        assert_eq!(visible(&read, values), expected, "{condition}");
    }
}

#[test]
fn what_is_required_and_visible_is_missing_until_it_has_a_value() {
    let mut form = form();
    for name in ["long", "many", "group", "boolean"] {
        let field = form
            .fields
            .iter_mut()
            .find(|f| f.key.as_str() == name)
            .unwrap();
        field.required = true;
        let shown = json!({ "equals": ["integer", 1] });
        field.visible_if = Some(serde_json::from_value(shown).unwrap());
    }
    let missing = |values: serde_json::Value| -> Vec<String> {
        let missing = missing_required(&form, values.as_object().unwrap());
        missing.iter().map(ToString::to_string).collect()
    };
    assert_eq!(missing(json!({})), ["text"]);
    assert_eq!(missing(json!({ "text": "" })), ["text"]);
    assert_eq!(missing(json!({ "text": "x" })), [""; 0]);
    assert_eq!(
        missing(json!({ "text": "x", "integer": 1, "many": [], "long": "" })),
        ["long", "boolean", "many", "group"]
    );
    assert_eq!(
        missing(
            json!({ "text": "x", "integer": 1, "many": ["a"], "long": "x", "group": [{}], "boolean": false })
        ),
        [""; 0]
    );
}
