//! Records as operations and as the JSON that a REST client would send.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::ids::{ChoiceKey, FieldKey, RecordId};
use gridfold_sync_core::time::Timestamp;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::json;

pub(crate) fn field(key: &str) -> FieldKey {
    FieldKey::new(key).unwrap()
}

pub(crate) fn set(key: &str, value: Value) -> Op {
    Op::Set {
        field: field(key),
        value,
    }
}

fn choice(rng: &mut StdRng, of: &[&str]) -> Value {
    Value::Choice(ChoiceKey::new(of[rng.random_range(0..of.len())]).unwrap())
}

const NEEDS: [&str; 5] = ["medicine", "repair", "meals", "escort", "advice"];
const FINDINGS: [&str; 6] = [
    "楼道堆物",
    "电线老化",
    "燃气软管过期",
    "灭火器失效",
    "无",
    "阳台杂物",
];

/// All 14 fields of a visit.
pub(crate) fn visit(
    rng: &mut StdRng,
    household: RecordId,
    at: Timestamp,
    notes: String,
) -> Vec<Op> {
    let day = (at.millis() / 86_400_000) as i32;
    let mut ops = vec![
        set("household", Value::Reference(household)),
        set(
            "visited_at",
            Value::DateTime(at.plus_millis(-60_000 * rng.random_range(1..40i64))),
        ),
        set(
            "purpose",
            choice(rng, &["routine", "care", "safety", "request", "notice"]),
        ),
        set("result", choice(rng, &["met", "absent", "declined"])),
        set("minutes", Value::Integer(rng.random_range(3..60))),
        set("people_met", Value::Integer(rng.random_range(0..5))),
        Op::Choose {
            field: field("needs"),
            choice: ChoiceKey::new(NEEDS[rng.random_range(0..5)]).unwrap(),
        },
        set("safety_checked", Value::Boolean(true)),
        set(
            "safety_finding",
            Value::Text(FINDINGS[rng.random_range(0..6)].to_owned()),
        ),
        set("follow_up", Value::Boolean(true)),
        set("follow_up_on", Value::Date(day + rng.random_range(3..30))),
        set(
            "temperature",
            Value::Decimal(Decimal {
                mantissa: rng.random_range(100..280),
                scale: 1,
            }),
        ),
        set(
            "location",
            Value::Geopoint {
                lat_e7: 399_000_000 + rng.random_range(0..40_000),
                lon_e7: 1_163_900_000 + rng.random_range(0..40_000),
            },
        ),
    ];
    ops.push(Op::Splice {
        field: field("notes"),
        at: 0,
        delete: 0,
        insert: notes,
    });
    ops
}

/// A change of one field, as follow-up work makes it.
pub(crate) fn small_edit(rng: &mut StdRng, at: Timestamp) -> Vec<Op> {
    vec![match rng.random_range(0..6) {
        0 => set("minutes", Value::Integer(rng.random_range(3..60))),
        1 => set("people_met", Value::Integer(rng.random_range(0..8))),
        2 => set("result", choice(rng, &["met", "absent", "declined"])),
        3 => set("follow_up", Value::Boolean(rng.random())),
        4 => set(
            "follow_up_on",
            Value::Date((at.millis() / 86_400_000) as i32 + rng.random_range(3..30)),
        ),
        _ => Op::Choose {
            field: field("needs"),
            choice: ChoiceKey::new(NEEDS[rng.random_range(0..5)]).unwrap(),
        },
    }]
}

/// Words typed at the start of the notes.
pub(crate) fn typed(words: String) -> Vec<Op> {
    vec![Op::Splice {
        field: field("notes"),
        at: 0,
        delete: 0,
        insert: words,
    }]
}

/// The object a REST client would send: the record's id and its fields by key.
pub(crate) fn json_of(record: RecordId, ops: &[Op]) -> serde_json::Value {
    let mut out = serde_json::Map::new();
    out.insert("id".into(), json!(record.to_string()));
    for op in ops {
        match op {
            Op::Set { field, value } => {
                let value = match value {
                    Value::Decimal(d) => json!(d.mantissa as f64 / 10f64.powi(i32::from(d.scale))),
                    other => other.to_json(),
                };
                out.insert(field.to_string(), value);
            }
            Op::Splice { field, insert, .. } => {
                out.insert(field.to_string(), json!(insert));
            }
            Op::Choose { field, choice } => {
                let all = out.entry(field.to_string()).or_insert_with(|| json!([]));
                all.as_array_mut().unwrap().push(json!(choice.as_str()));
            }
            _ => {}
        }
    }
    serde_json::Value::Object(out)
}

/// Bytes of JSON in one zstd-3 body.
pub(crate) fn zstd_json(json: &serde_json::Value) -> usize {
    zstd::bulk::compress(&serde_json::to_vec(json).unwrap(), 3)
        .unwrap()
        .len()
}
