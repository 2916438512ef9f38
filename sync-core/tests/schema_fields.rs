//! Every type of field takes what it should and refuses the rest with the code of the rule broken.

use crate::schema_probe::{
    accepts, check, day, decimal, key, pick, refuses, row, set, splice, text,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::RefusalCode::{OutOfRange, PastEnd, TooLong, WrongType};
use gridfold_sync_core::ids::{ItemKey, RecordId, UserId};
use gridfold_sync_core::limits::{MAX_COUNTER_STEP, MAX_PERSON_NAME_CHARS, MAX_TEXT_CHARS};
use gridfold_sync_core::schema::Pattern;
use gridfold_sync_core::time::Timestamp;

fn person(name: &str) -> Value {
    Value::Person {
        user: UserId::from_bytes([3; 16]),
        name: name.to_owned(),
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
        ("who", person("张伟")),
    ]
}

#[test]
fn each_single_value_field_takes_its_own_kind_of_value_and_no_other() {
    for (field, _) in sample_values() {
        for (kind, value) in sample_values() {
            // Somebody without an account has a name and no id.
            let expected = if field == kind || (field, kind) == ("who", "text") {
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
fn a_person_has_a_name_that_is_not_too_long() {
    for made in [person, text as fn(&str) -> Value] {
        let named = |n: usize| set("who", made(&"字".repeat(n)));
        // As any text that is written to be emptied.
        accepts([named(0), named(1), named(MAX_PERSON_NAME_CHARS)]);
        refuses(TooLong, [named(MAX_PERSON_NAME_CHARS + 1)]);
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
