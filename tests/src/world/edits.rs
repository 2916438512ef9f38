//! What people type: random operations that fit a form, and some that do not.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::ids::{ChoiceKey, ItemKey, RecordId, SensitivityClass, UserId};
use gridfold_sync_core::schema::{Field, FieldType, Form, StepMeaning};
use gridfold_sync_core::time::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

/// Values come from few, so that people often type the same.
fn value(rng: &mut StdRng, kind: &FieldType, bad: bool) -> Value {
    if bad {
        return match rng.random_range(0..3) {
            0 => Value::Integer(99_999_999),
            1 => Value::Text("x".repeat(400)),
            _ => Value::Choice(ChoiceKey::new("no_such_choice").unwrap()),
        };
    }
    match kind {
        FieldType::Integer { min, .. } => {
            Value::Integer(min.unwrap_or(0) + rng.random_range(0..40))
        }
        FieldType::Decimal { .. } => Value::Decimal(Decimal {
            mantissa: rng.random_range(-50..50),
            scale: rng.random_range(0..2),
        }),
        FieldType::Boolean => Value::Boolean(rng.random()),
        FieldType::Date { .. } => Value::Date(rng.random_range(20_000..20_010)),
        FieldType::DateTime => Value::DateTime(Timestamp(
            1_780_000_000_000 + rng.random_range(0..5) * 1_000,
        )),
        FieldType::ChooseOne { choices } => {
            Value::Choice(choices[rng.random_range(0..choices.len())].key.clone())
        }
        FieldType::Geopoint => Value::Geopoint {
            lat_e7: rng.random_range(300_000_000..300_000_004),
            lon_e7: 1_200_000_000,
        },
        FieldType::Reference { .. } => Value::Reference(RecordId::from_parts(
            Timestamp(1),
            [rng.random_range(0..3); 10],
        )),
        FieldType::Person if rng.random() => {
            let who = rng.random_range(0..3);
            Value::Person {
                user: UserId::from_parts(Timestamp(2), [who; 10]),
                name: format!("person {who}"),
            }
        }
        // A digit fits every pattern of the built-in forms when repeated.
        _ => Value::Text(format!("{}", 100 + rng.random_range(0..12))),
    }
}

fn long_text(rng: &mut StdRng, field: &Field, fields: &Map<String, Json>) -> Op {
    let now = fields.get(field.key.as_str()).and_then(Json::as_str);
    let length = now.map_or(0, |t| t.chars().count());
    let at = rng.random_range(0..=length);
    let delete = match rng.random_range(0..4) {
        0 => rng.random_range(0..=(length - at).min(6)),
        _ => 0,
    };
    let words = ["走访", "漏水", "ok ", "é", "👩‍👧", "abc"];
    Op::Splice {
        field: field.key.clone(),
        at: u32::try_from(at).unwrap(),
        delete: u32::try_from(delete).unwrap(),
        insert: words[rng.random_range(0..words.len())].to_owned(),
    }
}

fn group(rng: &mut StdRng, field: &Field, members: &[Field]) -> Op {
    let item = ItemKey::new(&format!("i{}", rng.random_range(0..4))).unwrap();
    let name = field.key.clone();
    let member = &members[rng.random_range(0..members.len())];
    match rng.random_range(0..8) {
        0 => Op::ItemAdd { field: name, item },
        1 | 2 => Op::ItemRemove { field: name, item },
        3 => Op::ItemUnset {
            field: name,
            item,
            member: member.key.clone(),
        },
        _ => Op::ItemSet {
            field: name,
            item,
            member: member.key.clone(),
            value: value(rng, &member.kind, false),
        },
    }
}

fn field_op(rng: &mut StdRng, field: &Field, fields: &Map<String, Json>, bad: bool) -> Op {
    let name = field.key.clone();
    match &field.kind {
        FieldType::LongText { .. } => long_text(rng, field, fields),
        FieldType::ChooseMany { choices } => {
            let choice = choices[rng.random_range(0..choices.len())].key.clone();
            if rng.random_range(0..5) < 3 {
                Op::Choose {
                    field: name,
                    choice,
                }
            } else {
                Op::Unchoose {
                    field: name,
                    choice,
                }
            }
        }
        FieldType::Counter { max_step } => Op::Count {
            field: name,
            by: rng.random_range(-(*max_step).min(5)..=(*max_step).min(10)),
        },
        FieldType::Group { members, .. } => group(rng, field, members),
        kind if rng.random_range(0..8) > 0 => Op::Set {
            field: name,
            value: value(rng, kind, bad),
        },
        _ => Op::Unset { field: name },
    }
}

/// One to four operations on a record that shows these fields; now and then bad ones.
pub(super) fn random_ops(rng: &mut StdRng, form: &Form, fields: &Map<String, Json>) -> Vec<Op> {
    let bad = rng.random_range(0..25) == 0;
    let mut ops: Vec<Op> = Vec::new();
    for _ in 0..rng.random_range(1..=4) {
        let record_wide = rng.random_range(0..6) == 0;
        let op = match (&form.lifecycle, record_wide) {
            (Some(lifecycle), true) if rng.random_range(0..4) > 0 => {
                // What grants more time writes more than it says.
                let steps: Vec<_> = lifecycle
                    .steps()
                    .filter(|t| t.meaning() != Some(StepMeaning::Extend))
                    .collect();
                let row = steps[rng.random_range(0..steps.len())];
                Op::Transition {
                    action: row.action.clone(),
                    note: "办".to_owned(),
                }
            }
            (_, true) if rng.random_range(0..3) == 0 => Op::Delete,
            (_, true) => Op::Restore,
            _ => {
                let field = &form.fields[rng.random_range(0..form.fields.len())];
                // A position in a text is chosen once: the text is other after it.
                if ops.iter().any(|op| op.field() == Some(&field.key)) {
                    continue;
                }
                field_op(rng, field, fields, bad)
            }
        };
        ops.push(op);
    }
    ops
}

/// The operations by the class they fall into, as both sides of the wire must split them.
pub(super) fn by_class(form: &Form, ops: &[Op]) -> Vec<(SensitivityClass, Vec<Op>)> {
    SensitivityClass::ALL
        .into_iter()
        .filter_map(|class| {
            let of: Vec<Op> = ops
                .iter()
                .filter(|op| match op.field() {
                    None => form.class == class,
                    Some(key) => form
                        .field(key.as_str())
                        .is_some_and(|f| form.class_of(f) == class),
                })
                .cloned()
                .collect();
            (!of.is_empty()).then_some((class, of))
        })
        .collect()
}
