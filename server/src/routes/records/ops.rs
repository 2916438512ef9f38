//! Operations from JSON, typed by the form.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, FieldKey, ItemKey, RecordId, UserId};
use gridfold_sync_core::schema::{Field, FieldType, Form};
use gridfold_sync_core::time::{Timestamp, parse_date};
use gridfold_sync_core::view::{Cell, GroupItem, as_splices};
use serde_json::{Map, Value as Json, json};

use crate::admit::Parts;
use crate::problem::{Answer, Problem};

fn wrong(field: &str) -> Problem {
    Problem::from(RefusalCode::WrongType).because(format!("field {field}"))
}

fn find<'a>(form: &'a Form, key: &str) -> Answer<&'a Field> {
    form.field(key).ok_or_else(|| {
        Problem::from(RefusalCode::UnknownField).because(format!("form {}", form.code))
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range was checked: 180 × 10⁷ fits"
)]
fn degrees(json: Option<&Json>, most: f64) -> Option<i32> {
    let value = json?.as_f64()?;
    (value.is_finite() && value.abs() <= most).then(|| (value * 1e7).round() as i32)
}

/// Past this not every whole number is one that JSON's numbers hold.
const MOST_EXACT: f64 = 9_007_199_254_740_991.0;

/// A whole number, however a program writes it: 25.0 is 25 in JSON, and clients of languages that have
/// one type for all numbers of a union write it so.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range was checked: it fits"
)]
fn whole(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| {
        let number = json.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= MOST_EXACT).then_some(number as i64)
    })
}

/// A value of a field type from the JSON the API shows it as.
fn value_of(kind: &FieldType, json: &Json) -> Option<Value> {
    Some(match kind {
        FieldType::Text { .. } => Value::Text(json.as_str()?.to_owned()),
        FieldType::Integer { .. } => Value::Integer(whole(json)?),
        FieldType::Decimal { .. } => Value::Decimal(match json {
            Json::String(text) => Decimal::parse(text)?,
            Json::Number(number) => Decimal::parse(&number.to_string())?,
            _ => return None,
        }),
        FieldType::Boolean => Value::Boolean(json.as_bool()?),
        FieldType::Date { .. } => Value::Date(parse_date(json.as_str()?)?),
        FieldType::DateTime => Value::DateTime(Timestamp(
            json.as_str()?
                .parse::<jiff::Timestamp>()
                .ok()?
                .as_millisecond(),
        )),
        FieldType::ChooseOne { .. } => Value::Choice(ChoiceKey::new(json.as_str()?).ok()?),
        FieldType::Geopoint => Value::Geopoint {
            lat_e7: degrees(json.get("lat"), 90.0)?,
            lon_e7: degrees(json.get("lon"), 180.0)?,
        },
        FieldType::Reference { .. } => Value::Reference(RecordId::parse(json.as_str()?).ok()?),
        // Whom a name or an id stands for was found before: see `people`.
        FieldType::Person => match (json.get("user_id"), json.get("name")) {
            (Some(id), name) => Value::Person {
                user: UserId::parse(id.as_str()?).ok()?,
                name: name.and_then(Json::as_str).unwrap_or_default().to_owned(),
            },
            (None, Some(name)) => Value::Text(name.as_str()?.to_owned()),
            (None, None) => Value::Text(json.as_str()?.to_owned()),
        },
        FieldType::LongText { .. }
        | FieldType::ChooseMany { .. }
        | FieldType::Group { .. }
        | FieldType::Counter { .. } => {
            return None;
        }
    })
}

/// The operations that make a record's fields these: null empties a field, what is equal makes none.
///
/// # Errors
/// When a field is not in the form or its value does not fit.
pub(crate) fn ops_of_fields(
    form: &Form,
    parts: &Parts,
    fields: &Map<String, Json>,
) -> Answer<Vec<Op>> {
    let mut ops = Vec::new();
    for (key, json) in fields {
        let field = find(form, key)?;
        let class = form.class_of(field);
        let cell = parts
            .iter()
            .find(|(c, _)| *c == class)
            .and_then(|(_, part)| part.fields.get(&field.key));
        field_ops(field, cell, json, &mut ops).ok_or_else(|| wrong(key))?;
    }
    Ok(ops)
}

/// Operations as they are written: long texts by what changes of them.
pub(crate) fn written(form: &Form, parts: &Parts, ops: Vec<Op>) -> Vec<Op> {
    let held = |field: &FieldKey| parts.iter().find_map(|(_, part)| part.fields.get(field));
    as_splices(form, held, ops)
}

fn field_ops(field: &Field, cell: Option<&Cell>, json: &Json, ops: &mut Vec<Op>) -> Option<()> {
    let key = || field.key.clone();
    match &field.kind {
        FieldType::LongText { .. } => {
            let new = if json.is_null() { "" } else { json.as_str()? };
            // [`written`] makes of it what differs.
            ops.push(Op::Set {
                field: key(),
                value: Value::Text(new.to_owned()),
            });
        }
        FieldType::ChooseMany { .. } => {
            let empty = Vec::new();
            let wanted = if json.is_null() {
                &empty
            } else {
                json.as_array()?
            };
            let wanted: Vec<ChoiceKey> = wanted
                .iter()
                .map(|c| ChoiceKey::new(c.as_str()?).ok())
                .collect::<Option<_>>()?;
            let chosen: Vec<&ChoiceKey> = match cell {
                Some(Cell::Choices(map)) => map.keys().collect(),
                _ => Vec::new(),
            };
            ops.extend(
                chosen
                    .iter()
                    .filter(|c| !wanted.contains(c))
                    .map(|c| Op::Unchoose {
                        field: key(),
                        choice: (*c).clone(),
                    }),
            );
            ops.extend(
                wanted
                    .iter()
                    .filter(|c| !chosen.contains(c))
                    .map(|c| Op::Choose {
                        field: key(),
                        choice: c.clone(),
                    }),
            );
        }
        FieldType::Group { members, .. } => group_ops(&field.key, members, cell, json, ops)?,
        FieldType::Counter { .. } => {
            let now = match cell {
                Some(Cell::Counter { value, .. }) => *value,
                _ => 0,
            };
            let by = whole(json)?.checked_sub(now)?;
            if by != 0 {
                ops.push(Op::Count { field: key(), by });
            }
        }
        kind => {
            let candidates = match cell {
                Some(Cell::Register(candidates)) => candidates.as_slice(),
                _ => &[],
            };
            if json.is_null() {
                if !candidates.is_empty() {
                    ops.push(Op::Unset { field: key() });
                }
            } else {
                let value = value_of(kind, json)?;
                // With several candidates, setting the one shown settles the conflict.
                if candidates.len() != 1 || candidates[0].value != value {
                    ops.push(Op::Set {
                        field: key(),
                        value,
                    });
                }
            }
        }
    }
    Some(())
}

fn group_ops(
    field: &FieldKey,
    members: &[Field],
    cell: Option<&Cell>,
    json: &Json,
    ops: &mut Vec<Op>,
) -> Option<()> {
    let empty = Vec::new();
    let wanted = if json.is_null() {
        &empty
    } else {
        json.as_array()?
    };
    let present = |item: &ItemKey| -> Option<&GroupItem> {
        match cell {
            Some(Cell::Group(items)) => items.get(item).filter(|i| i.present),
            _ => None,
        }
    };
    let mut kept = Vec::new();
    for object in wanted {
        let object = object.as_object()?;
        let item = ItemKey::new(object.get("key")?.as_str()?).ok()?;
        let was = present(&item);
        if was.is_none() {
            ops.push(Op::ItemAdd {
                field: field.clone(),
                item: item.clone(),
            });
        }
        for (name, json) in object.iter().filter(|(name, _)| *name != "key") {
            let member = members.iter().find(|m| m.key.as_str() == name)?;
            let shown = was
                .and_then(|i| i.members.get(&member.key))
                .and_then(|c| c.first())
                .map(|c| &c.value);
            let (field, item, key) = (field.clone(), item.clone(), member.key.clone());
            if json.is_null() {
                if shown.is_some() {
                    ops.push(Op::ItemUnset {
                        field,
                        item,
                        member: key,
                    });
                }
            } else {
                let value = value_of(&member.kind, json)?;
                if shown != Some(&value) {
                    ops.push(Op::ItemSet {
                        field,
                        item,
                        member: key,
                        value,
                    });
                }
            }
        }
        kept.push(item);
    }
    if let Some(Cell::Group(items)) = cell {
        for (item, _) in items
            .iter()
            .filter(|(key, item)| item.present && !kept.contains(key))
        {
            ops.push(Op::ItemRemove {
                field: field.clone(),
                item: item.clone(),
            });
        }
    }
    Some(())
}

/// An operation as JSON, as [`ops_of_json`] reads it.
pub(super) fn op_body(op: &Op) -> Json {
    match op {
        Op::Set { field, value } => {
            json!({ "op": "set", "field": field, "value": value.to_json() })
        }
        Op::Unset { field } => json!({ "op": "unset", "field": field }),
        Op::Splice {
            field,
            at,
            delete,
            insert,
        } => {
            json!({ "op": "splice", "field": field, "at": at, "delete": delete, "insert": insert })
        }
        Op::Choose { field, choice } => json!({ "op": "choose", "field": field, "choice": choice }),
        Op::Unchoose { field, choice } => {
            json!({ "op": "unchoose", "field": field, "choice": choice })
        }
        Op::ItemAdd { field, item } => json!({ "op": "item_add", "field": field, "item": item }),
        Op::ItemRemove { field, item } => {
            json!({ "op": "item_remove", "field": field, "item": item })
        }
        Op::ItemSet {
            field,
            item,
            member,
            value,
        } => {
            json!({ "op": "item_set", "field": field, "item": item, "member": member, "value": value.to_json() })
        }
        Op::ItemUnset {
            field,
            item,
            member,
        } => {
            json!({ "op": "item_unset", "field": field, "item": item, "member": member })
        }
        Op::Count { field, by } => json!({ "op": "count", "field": field, "by": by }),
        Op::Transition { action, note } => {
            json!({ "op": "transition", "action": action, "note": note })
        }
        Op::Delete => json!({ "op": "delete" }),
        Op::Restore => json!({ "op": "restore" }),
    }
}

/// Operations as the history shows them.
///
/// # Errors
/// When one is not an operation or does not fit the form.
pub(crate) fn ops_of_json(form: &Form, given: &[Json]) -> Answer<Vec<Op>> {
    given.iter().map(|json| op_of_json(form, json)).collect()
}

fn op_of_json(form: &Form, json: &Json) -> Answer<Op> {
    let text = |key: &str| {
        json.get(key)
            .and_then(Json::as_str)
            .ok_or_else(|| Problem::bad_request(format!("an operation lacks `{key}`")))
    };
    let number = |key: &str| {
        json.get(key)
            .and_then(Json::as_u64)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| Problem::bad_request(format!("an operation lacks the number `{key}`")))
    };
    let op = text("op")?;
    match op {
        "transition" => {
            let note = json
                .get("note")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned();
            return Ok(Op::Transition {
                action: ActionKey::new(text("action")?)?,
                note,
            });
        }
        "delete" => return Ok(Op::Delete),
        "restore" => return Ok(Op::Restore),
        _ => {}
    }
    let field = find(form, text("field")?)?;
    let key = field.key.clone();
    let value = |kind: &FieldType| {
        json.get("value")
            .and_then(|v| value_of(kind, v))
            .ok_or_else(|| wrong(field.key.as_str()))
    };
    let item = || -> Answer<ItemKey> { Ok(ItemKey::new(text("item")?)?) };
    let member = || -> Answer<&Field> {
        let FieldType::Group { members, .. } = &field.kind else {
            return Err(wrong(field.key.as_str()));
        };
        let name = text("member")?;
        members
            .iter()
            .find(|m| m.key.as_str() == name)
            .ok_or_else(|| wrong(field.key.as_str()))
    };
    Ok(match op {
        "set" => Op::Set {
            field: key,
            value: value(&field.kind)?,
        },
        "unset" => Op::Unset { field: key },
        "splice" => Op::Splice {
            field: key,
            at: number("at")?,
            delete: number("delete")?,
            insert: text("insert")?.to_owned(),
        },
        "choose" => Op::Choose {
            field: key,
            choice: ChoiceKey::new(text("choice")?)?,
        },
        "unchoose" => Op::Unchoose {
            field: key,
            choice: ChoiceKey::new(text("choice")?)?,
        },
        "item_add" => Op::ItemAdd {
            field: key,
            item: item()?,
        },
        "item_remove" => Op::ItemRemove {
            field: key,
            item: item()?,
        },
        "item_set" => {
            let member = member()?;
            Op::ItemSet {
                field: key,
                item: item()?,
                member: member.key.clone(),
                value: value(&member.kind)?,
            }
        }
        "item_unset" => Op::ItemUnset {
            field: key,
            item: item()?,
            member: member()?.key.clone(),
        },
        "count" => {
            let by = json
                .get("by")
                .and_then(whole)
                .ok_or_else(|| wrong(field.key.as_str()))?;
            Op::Count { field: key, by }
        }
        _ => return Err(Problem::bad_request("there is no such operation")),
    })
}
