//! From the types of the boundary to those of the core and back. Nothing here panics on input.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::ids::{
    ActionKey, AreaCode, ChoiceKey, EntryRef, FieldKey, FormCode, ItemKey, RecordId, StreamId,
    UserId,
};
use gridfold_sync_core::time::{Timestamp, format_date, parse_date};
use gridfold_sync_core::view::Cell;

use crate::error::ClientError as Inner;
use crate::ffi::types::{FieldContent, FieldValue, GroupItem, Operation};

/// An argument that is not what it should be.
pub(crate) const MALFORMED: &str = "malformed_argument";

/// Parts of a degree that a geopoint is kept to.
const DEGREE: f64 = 1e7;

pub(crate) fn malformed(argument: &str) -> Inner {
    Inner::rejected_at(MALFORMED, Some(argument.to_owned()))
}

pub(crate) fn record_id(text: &str) -> Result<RecordId, Inner> {
    RecordId::parse(text).map_err(|_| malformed("record_id"))
}
pub(crate) fn user_id(text: &str) -> Result<UserId, Inner> {
    UserId::parse(text).map_err(|_| malformed("user_id"))
}
pub(crate) fn area(text: &str) -> Result<AreaCode, Inner> {
    AreaCode::new(text).map_err(|_| malformed("grid"))
}
pub(crate) fn form(text: &str) -> Result<FormCode, Inner> {
    FormCode::new(text).map_err(|_| malformed("form"))
}
pub(crate) fn action(text: &str) -> Result<ActionKey, Inner> {
    ActionKey::new(text).map_err(|_| malformed("action"))
}
/// A refused edit's id is its stream and entry.
pub(crate) fn refused_id(stream: &StreamId, entry: &EntryRef) -> String {
    format!("{}!{entry}", stream.name())
}
pub(crate) fn parse_refused_id(text: &str) -> Result<(StreamId, EntryRef), Inner> {
    text.split_once('!')
        .and_then(|(stream, entry)| Some((StreamId::parse(stream)?, EntryRef::parse(entry)?)))
        .ok_or_else(|| malformed("refused_id"))
}

fn field(text: &str) -> Result<FieldKey, Inner> {
    FieldKey::new(text).map_err(|_| malformed("field"))
}
fn item(text: &str) -> Result<ItemKey, Inner> {
    ItemKey::new(text).map_err(|_| malformed("item"))
}
fn choice(text: &str) -> Result<ChoiceKey, Inner> {
    ChoiceKey::new(text).map_err(|_| malformed("choice"))
}

fn degrees(value: f64, bound: f64) -> Option<i32> {
    if !value.is_finite() || value.abs() > bound {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "180 degrees times 1e7 fit into 32 bits"
    )]
    let scaled = (value * DEGREE).round() as i32;
    Some(scaled)
}

/// A place in degrees as records have it; none outside the world.
pub(crate) fn ground(latitude: f64, longitude: f64) -> Option<(i32, i32)> {
    Some((degrees(latitude, 90.0)?, degrees(longitude, 180.0)?))
}

/// The same the other way round.
pub(crate) fn degrees_of((lat_e7, lon_e7): (i32, i32)) -> (f64, f64) {
    (f64::from(lat_e7) / DEGREE, f64::from(lon_e7) / DEGREE)
}

pub(crate) fn value_in(value: FieldValue, of: &str) -> Result<Value, Inner> {
    let bad = || malformed(of);
    Ok(match value {
        FieldValue::Text { text } => Value::Text(text),
        FieldValue::Integer { number } => Value::Integer(number),
        FieldValue::Decimal { number } => Value::Decimal(Decimal::parse(&number).ok_or_else(bad)?),
        FieldValue::Boolean { yes } => Value::Boolean(yes),
        FieldValue::Date { date } => Value::Date(parse_date(&date).ok_or_else(bad)?),
        FieldValue::DateTime { at_ms } => Value::DateTime(Timestamp(at_ms)),
        FieldValue::Choice { key } => Value::Choice(choice(&key)?),
        FieldValue::Geopoint {
            latitude,
            longitude,
        } => Value::Geopoint {
            lat_e7: degrees(latitude, 90.0).ok_or_else(bad)?,
            lon_e7: degrees(longitude, 180.0).ok_or_else(bad)?,
        },
        FieldValue::Reference { record_id: id } => {
            Value::Reference(RecordId::parse(&id).map_err(|_| bad())?)
        }
        FieldValue::Person { user_id, name } => Value::Person {
            user: UserId::parse(&user_id).map_err(|_| bad())?,
            name,
        },
    })
}

pub(crate) fn value_out(value: &Value) -> FieldValue {
    match value {
        Value::Text(text) => FieldValue::Text { text: text.clone() },
        Value::Integer(number) => FieldValue::Integer { number: *number },
        Value::Decimal(number) => FieldValue::Decimal {
            number: number.to_string(),
        },
        Value::Boolean(yes) => FieldValue::Boolean { yes: *yes },
        Value::Date(days) => FieldValue::Date {
            date: format_date(i64::from(*days)),
        },
        Value::DateTime(at) => FieldValue::DateTime { at_ms: at.millis() },
        Value::Choice(key) => FieldValue::Choice {
            key: key.to_string(),
        },
        Value::Geopoint { lat_e7, lon_e7 } => FieldValue::Geopoint {
            latitude: f64::from(*lat_e7) / DEGREE,
            longitude: f64::from(*lon_e7) / DEGREE,
        },
        Value::Reference(record) => FieldValue::Reference {
            record_id: record.to_string(),
        },
        Value::Person { user, name } => FieldValue::Person {
            user_id: user.to_string(),
            name: name.clone(),
        },
    }
}

pub(crate) fn content_out(cell: &Cell) -> Option<FieldContent> {
    Some(match cell {
        Cell::Register(candidates) => FieldContent::Value {
            value: value_out(&candidates.first()?.value),
        },
        Cell::Text { .. } => FieldContent::LongText {
            text: cell.shown_text().to_owned(),
        },
        Cell::Choices(chosen) => FieldContent::Choices {
            keys: chosen.keys().map(ToString::to_string).collect(),
        },
        Cell::Counter { value, .. } => FieldContent::Count { total: *value },
        Cell::Group(items) => FieldContent::Items {
            items: items
                .iter()
                .filter(|(_, item)| item.present)
                .map(|(key, item)| GroupItem {
                    key: key.to_string(),
                    members: item
                        .members
                        .iter()
                        .filter_map(|(member, sides)| {
                            Some((member.to_string(), value_out(&sides.first()?.value)))
                        })
                        .collect(),
                })
                .collect(),
        },
    })
}

/// Operations of an edit.
pub(crate) fn ops_in(operations: Vec<Operation>) -> Result<Vec<Op>, Inner> {
    operations.into_iter().map(op_in).collect()
}

fn op_in(operation: Operation) -> Result<Op, Inner> {
    Ok(match operation {
        Operation::Set { field: key, value } => Op::Set {
            value: value_in(value, &key)?,
            field: field(&key)?,
        },
        Operation::Unset { field: key } => Op::Unset {
            field: field(&key)?,
        },
        Operation::Splice {
            field: key,
            at,
            delete,
            insert,
        } => Op::Splice {
            field: field(&key)?,
            at,
            delete,
            insert,
        },
        // The shell writes what differs from the text as it stands when the edit is made.
        Operation::SetLongText { field: key, text } => Op::Set {
            field: field(&key)?,
            value: Value::Text(text),
        },
        Operation::Choose {
            field: key,
            choice: c,
        } => Op::Choose {
            field: field(&key)?,
            choice: choice(&c)?,
        },
        Operation::Unchoose {
            field: key,
            choice: c,
        } => Op::Unchoose {
            field: field(&key)?,
            choice: choice(&c)?,
        },
        Operation::AddItem {
            field: key,
            item: i,
        } => Op::ItemAdd {
            field: field(&key)?,
            item: item(&i)?,
        },
        Operation::RemoveItem {
            field: key,
            item: i,
        } => Op::ItemRemove {
            field: field(&key)?,
            item: item(&i)?,
        },
        Operation::SetMember {
            field: key,
            item: i,
            member,
            value,
        } => Op::ItemSet {
            value: value_in(value, &member)?,
            field: field(&key)?,
            item: item(&i)?,
            member: field(&member)?,
        },
        Operation::UnsetMember {
            field: key,
            item: i,
            member,
        } => Op::ItemUnset {
            field: field(&key)?,
            item: item(&i)?,
            member: field(&member)?,
        },
        Operation::Count { field: key, by } => Op::Count {
            field: field(&key)?,
            by,
        },
        Operation::Transition { action: key, note } => Op::Transition {
            action: action(&key)?,
            note,
        },
        Operation::Delete => Op::Delete,
        Operation::Restore => Op::Restore,
    })
}

pub(crate) fn op_out(op: &Op) -> Operation {
    let text = |key: &FieldKey| key.to_string();
    match op {
        Op::Set { field, value } => Operation::Set {
            field: text(field),
            value: value_out(value),
        },
        Op::Unset { field } => Operation::Unset { field: text(field) },
        Op::Splice {
            field,
            at,
            delete,
            insert,
        } => Operation::Splice {
            field: text(field),
            at: *at,
            delete: *delete,
            insert: insert.clone(),
        },
        Op::Choose { field, choice } => Operation::Choose {
            field: text(field),
            choice: choice.to_string(),
        },
        Op::Unchoose { field, choice } => Operation::Unchoose {
            field: text(field),
            choice: choice.to_string(),
        },
        Op::ItemAdd { field, item } => Operation::AddItem {
            field: text(field),
            item: item.to_string(),
        },
        Op::ItemRemove { field, item } => Operation::RemoveItem {
            field: text(field),
            item: item.to_string(),
        },
        Op::ItemSet {
            field,
            item,
            member,
            value,
        } => Operation::SetMember {
            field: text(field),
            item: item.to_string(),
            member: text(member),
            value: value_out(value),
        },
        Op::ItemUnset {
            field,
            item,
            member,
        } => Operation::UnsetMember {
            field: text(field),
            item: item.to_string(),
            member: text(member),
        },
        Op::Count { field, by } => Operation::Count {
            field: text(field),
            by: *by,
        },
        Op::Transition { action, note } => Operation::Transition {
            action: action.to_string(),
            note: note.clone(),
        },
        Op::Delete => Operation::Delete,
        Op::Restore => Operation::Restore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_off_the_globe_and_numbers_that_are_none_are_malformed() {
        for (latitude, longitude) in [
            (90.1, 0.0),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            let value = FieldValue::Geopoint {
                latitude,
                longitude,
            };
            assert_eq!(value_in(value, "location"), Err(malformed("location")));
        }
        let value = FieldValue::Decimal {
            number: "1e9".to_owned(),
        };
        assert_eq!(
            value_in(value, "temperature"),
            Err(malformed("temperature"))
        );
    }
}
