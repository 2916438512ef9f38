//! Every type of field takes what it should and refuses the rest with the code of the rule broken.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{
    ActionKey, ChoiceKey, FieldKey, FormCode, IncarnationId, ItemKey, RecordId, SensitivityClass,
};
use gridfold_sync_core::limits::{
    MAX_COUNTER_STEP, MAX_GROUP_ITEMS, MAX_NOTE_CHARS, MAX_TEXT_CHARS,
};
use gridfold_sync_core::schema::{Form, Pattern, Role, check_op, missing_required, visible};
use gridfold_sync_core::time::{Timestamp, parse_date};
use gridfold_sync_core::view::PartState;
use serde_json::json;

use RefusalCode::{
    NotWritable, OutOfRange, PastEnd, TooLong, TransitionNotAllowed, UnknownField, WrongClass,
    WrongType,
};
use SensitivityClass::{General, Personal};

fn label() -> serde_json::Value {
    json!({ "zh": "字段", "en": "Field" })
}

fn form() -> Form {
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
fn decimal(t: &str) -> Value {
    Value::Decimal(Decimal::parse(t).unwrap())
}
fn day(t: &str) -> Value {
    Value::Date(parse_date(t).unwrap())
}
fn pick(of: &str) -> ChoiceKey {
    ChoiceKey::new(of).unwrap()
}
fn splice(at: u32, delete: u32, insert: &str) -> Op {
    Op::Splice {
        field: key("long"),
        at,
        delete,
        insert: insert.to_owned(),
    }
}
fn add(group: &str, item: &str) -> Op {
    Op::ItemAdd {
        field: key(group),
        item: ItemKey::new(item).unwrap(),
    }
}
fn member(item: &str, name: &str, value: Value) -> Op {
    Op::ItemSet {
        field: key("group"),
        item: ItemKey::new(item).unwrap(),
        member: key(name),
        value,
    }
}
fn act(action: &str, note: &str) -> Op {
    Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: note.to_owned(),
    }
}

/// The row after one edit with these operations.
fn row(ops: Vec<Op>) -> PartState {
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

fn check(state: &PartState, op: &Op) -> Result<(), RefusalCode> {
    check_op(&form(), General, &[Role::Worker], state, op)
}

#[track_caller]
fn accepts(ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        assert_eq!(check(&row(vec![]), &op), Ok(()), "{op:?}");
    }
}
#[track_caller]
fn refuses(code: RefusalCode, ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        assert_eq!(check(&row(vec![]), &op), Err(code), "{op:?}");
    }
}

fn sample_values() -> Vec<(&'static str, Value)> {
    vec![
        ("text", text("甲")),
        ("integer", Value::Integer(1)),
        ("decimal", decimal("1.5")),
        ("boolean", Value::Boolean(true)),
        ("date", day("2025-01-01")),
        ("moment", Value::DateTime(Timestamp(1))),
        ("one", Value::Choice(pick("a"))),
        (
            "place",
            Value::Geopoint {
                lat_e7: 1,
                lon_e7: 1,
            },
        ),
        ("other", Value::Reference(RecordId::from_bytes([2; 16]))),
    ]
}

#[test]
fn each_single_value_field_takes_its_own_kind_of_value_and_no_other() {
    for (field, _) in sample_values() {
        for (kind, value) in sample_values() {
            let expected = if field == kind {
                Ok(())
            } else {
                Err(WrongType)
            };
            assert_eq!(
                check(&row(vec![]), &set(field, value)),
                expected,
                "{kind} in {field}"
            );
        }
        accepts([Op::Unset { field: key(field) }]);
    }
}

#[test]
fn containers_take_no_set_or_unset_and_single_values_no_container_operation() {
    for container in ["long", "many", "group", "counter"] {
        refuses(
            WrongType,
            sample_values().into_iter().map(|(_, v)| set(container, v)),
        );
        refuses(
            WrongType,
            [Op::Unset {
                field: key(container),
            }],
        );
    }
    let of_containers = |f: &str| {
        let (field, item, member) = (key(f), ItemKey::new("i").unwrap(), key("name"));
        vec![
            (
                "long",
                Op::Splice {
                    field: field.clone(),
                    at: 0,
                    delete: 0,
                    insert: String::new(),
                },
            ),
            (
                "many",
                Op::Choose {
                    field: field.clone(),
                    choice: pick("a"),
                },
            ),
            (
                "many",
                Op::Unchoose {
                    field: field.clone(),
                    choice: pick("a"),
                },
            ),
            (
                "group",
                Op::ItemAdd {
                    field: field.clone(),
                    item: item.clone(),
                },
            ),
            (
                "group",
                Op::ItemRemove {
                    field: field.clone(),
                    item: item.clone(),
                },
            ),
            (
                "group",
                Op::ItemSet {
                    field: field.clone(),
                    item: item.clone(),
                    member: member.clone(),
                    value: text("x"),
                },
            ),
            (
                "group",
                Op::ItemUnset {
                    field: field.clone(),
                    item,
                    member,
                },
            ),
            ("counter", Op::Count { field, by: 1 }),
        ]
    };
    for name in [
        "text", "integer", "boolean", "long", "many", "group", "counter",
    ] {
        for (fits, op) in of_containers(name) {
            let expected = if fits == name { Ok(()) } else { Err(WrongType) };
            assert_eq!(check(&row(vec![]), &op), expected, "{op:?}");
        }
    }
}

#[test]
fn texts_are_measured_in_scalar_values_and_matched_whole() {
    accepts([
        set("text", text("一二三四")),
        set("text", text("")),
        set("text", text("👩‍👧x")),
    ]);
    refuses(
        TooLong,
        [set("text", text("一二三四五")), set("text", text("👩‍👧👩‍👧"))],
    );
    accepts(["123", "12345", "none"].map(|t| set("phone", text(t))));
    refuses(
        OutOfRange,
        ["12", "123456", "123x", "xnone", "none\n", ""].map(|t| set("phone", text(t))),
    );
    accepts([set("wide", text(&"长".repeat(MAX_TEXT_CHARS)))]);
    refuses(
        TooLong,
        [set("wide", text(&"长".repeat(MAX_TEXT_CHARS + 1)))],
    );
}

#[test]
fn a_pattern_cannot_break_out_of_its_anchors() {
    assert!(Pattern::new("a)|(?:b").is_err());
    assert!(Pattern::new("(").is_err());
    let either = Pattern::new("a|b").unwrap();
    assert!(either.matches("a") && either.matches("b"));
    assert!(!either.matches("ax") && !either.matches("xb"));
}

#[test]
fn numbers_keep_to_their_bounds() {
    accepts([-2, 0, 3].map(|n| set("integer", Value::Integer(n))));
    refuses(
        OutOfRange,
        [-3, 4, i64::MIN, i64::MAX].map(|n| set("integer", Value::Integer(n))),
    );
    accepts([i64::MIN, i64::MAX].map(|n| set("free", Value::Integer(n))));
    accepts(["-1.5", "-1.50", "2.5", "2.50", "0"].map(|d| set("decimal", decimal(d))));
    refuses(
        OutOfRange,
        ["-1.51", "2.51", "3", "1.500"].map(|d| set("decimal", decimal(d))),
    );
}

#[test]
fn days_moments_places_and_choices_keep_to_their_range() {
    accepts(["2024-02-29", "2026-12-31"].map(|d| set("date", day(d))));
    refuses(
        OutOfRange,
        ["2024-02-28", "2027-01-01"].map(|d| set("date", day(d))),
    );
    accepts(["0001-01-01", "9999-12-31"].map(|d| set("any_date", day(d))));
    let days = [day("0001-01-01"), day("9999-12-31")];
    let [Value::Date(first), Value::Date(last)] = days else {
        panic!()
    };
    refuses(
        OutOfRange,
        [first - 1, last + 1, i32::MIN, i32::MAX].map(|d| set("any_date", Value::Date(d))),
    );
    let (first, last) = (
        i64::from(first) * 86_400_000,
        (i64::from(last) + 1) * 86_400_000 - 1,
    );
    let moment = |ms| set("moment", Value::DateTime(Timestamp(ms)));
    accepts([first, 0, last].map(moment));
    refuses(
        OutOfRange,
        [first - 1, last + 1, i64::MIN, i64::MAX].map(moment),
    );
    let place = |lat_e7, lon_e7| set("place", Value::Geopoint { lat_e7, lon_e7 });
    accepts([
        place(900_000_000, -1_800_000_000),
        place(-900_000_000, 1_800_000_000),
    ]);
    refuses(
        OutOfRange,
        [
            place(900_000_001, 0),
            place(0, -1_800_000_001),
            place(i32::MIN, i32::MIN),
        ],
    );
    refuses(OutOfRange, [set("one", Value::Choice(pick("c")))]);
}

#[test]
fn a_choice_outside_the_list_can_only_be_taken_away() {
    let field = key("many");
    refuses(
        OutOfRange,
        [Op::Choose {
            field: field.clone(),
            choice: pick("z"),
        }],
    );
    accepts([Op::Unchoose {
        field,
        choice: pick("z"),
    }]);
}

#[test]
fn a_splice_stays_inside_the_text_and_under_its_length() {
    accepts([splice(0, 0, "一二三四五")]);
    refuses(TooLong, [splice(0, 0, "一二三四五六")]);
    refuses(
        PastEnd,
        [
            splice(1, 0, "x"),
            splice(0, 1, ""),
            splice(u32::MAX, u32::MAX, ""),
        ],
    );
    let three = row(vec![splice(0, 0, "一二三")]);
    for (op, expected) in [
        (splice(3, 0, "四五"), Ok(())),
        (splice(1, 2, "四五六七"), Ok(())),
        (splice(3, 0, "四五六"), Err(TooLong)),
        (splice(4, 0, ""), Err(PastEnd)),
        (splice(2, 2, ""), Err(PastEnd)),
    ] {
        assert_eq!(check(&three, &op), expected, "{op:?}");
    }
    // Two phones filled it together: it may be shortened, and not grow.
    let over = row(vec![splice(0, 0, "一二三四五六七八")]);
    assert_eq!(check(&over, &splice(0, 1, "")), Ok(()));
    assert_eq!(check(&over, &splice(0, 1, "x")), Ok(()));
    assert_eq!(check(&over, &splice(0, 0, "x")), Err(TooLong));
}

#[test]
fn counters_step_no_further_than_allowed() {
    let step = |name: &str, by| Op::Count {
        field: key(name),
        by,
    };
    accepts([10, -10, 0].map(|by| step("counter", by)));
    refuses(
        OutOfRange,
        [11, -11, i64::MIN, i64::MAX].map(|by| step("counter", by)),
    );
    accepts([step("fast", MAX_COUNTER_STEP)]);
    refuses(
        OutOfRange,
        [step("fast", MAX_COUNTER_STEP + 1), step("fast", i64::MIN)],
    );
}

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
