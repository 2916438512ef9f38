//! Whether an operation fits the form and the row it was made at.

use serde::{Deserialize, Serialize};

use crate::edit::{Decimal, Op, Value};
use crate::entry::RefusalCode;
use crate::ids::{FieldKey, SensitivityClass};
use crate::lifecycle::Actor;
use crate::limits::{
    MAX_COUNTER_STEP, MAX_GROUP_ITEMS, MAX_NOTE_CHARS, MAX_PERSON_NAME_CHARS, MAX_TEXT_CHARS,
};
use crate::receipt_number::ReceiptNumber;
use crate::schema::{Condition, Field, FieldMeaning, FieldType, Form, Role, StepMeaning};
use crate::time::parse_date;
use crate::view::{Cell, PartState};

/// A regular expression that a whole text must match, compiled when the form is read.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    compiled: regex_lite::Regex,
}

impl Pattern {
    /// Compiles an expression; it is anchored at both ends.
    ///
    /// # Errors
    /// The reason in words when it is no regular expression.
    pub fn new(source: &str) -> Result<Self, String> {
        // By itself first: `a)|(b` is no expression, though `^(?:a)|(b)$` is one.
        regex_lite::Regex::new(source).map_err(|e| e.to_string())?;
        let compiled = regex_lite::RegexBuilder::new(&format!("^(?:{source})$"))
            .size_limit(64 << 10)
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            source: source.to_owned(),
            compiled,
        })
    }
    /// Whether a text matches.
    /// The expression as the form has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// Checks one operation against the form, the stream's class, its author with their roles, and the row
/// it was made at, with the operations before it in the same edit already in the row.
///
/// # Errors
/// The stable code of the first rule broken.
pub fn check_op<'a>(
    form: &Form,
    class: SensitivityClass,
    actor: impl Into<Actor<'a>>,
    state: &PartState,
    op: &Op,
) -> Result<(), RefusalCode> {
    let actor = actor.into();
    let Some(key) = op.field() else {
        return check_record_op(form, class, &actor, state, op);
    };
    let roles = actor.roles;
    let field = form.field(key.as_str()).ok_or(RefusalCode::UnknownField)?;
    if form.class_of(field) != class {
        return Err(RefusalCode::WrongClass);
    }
    if field.meaning() == Some(FieldMeaning::Receipt) {
        return check_receipt(field, roles, state, op);
    }
    if !field.is_writable_by(roles) {
        return Err(RefusalCode::NotWritable);
    }
    match (op, &field.kind) {
        (Op::Unset { .. }, kind) if is_register(kind) => Ok(()),
        (Op::Set { value, .. }, kind) => check_value(kind, value),
        (
            Op::Splice {
                at, delete, insert, ..
            },
            FieldType::LongText { max_chars },
        ) => {
            let text = state.text(key.as_str());
            let length = text.chars().count();
            if (*at as usize).saturating_add(*delete as usize) > length {
                return Err(RefusalCode::PastEnd);
            }
            let after = length - *delete as usize + insert.chars().count();
            // A text that is already too long (two phones each wrote up to the limit) may still
            // be shortened.
            if after > (*max_chars as usize).min(MAX_TEXT_CHARS) && after > length {
                return Err(RefusalCode::TooLong);
            }
            Ok(())
        }
        (
            Op::Choose { choice, .. } | Op::Unchoose { choice, .. },
            FieldType::ChooseMany { choices },
        ) => {
            // A choice of a newer or older version may still be taken away.
            if matches!(op, Op::Choose { .. }) && !choices.iter().any(|c| c.key == *choice) {
                return Err(RefusalCode::OutOfRange);
            }
            Ok(())
        }
        (
            Op::ItemAdd { item, .. } | Op::ItemSet { item, .. },
            FieldType::Group { members, max_items },
        ) => {
            if let Some(Cell::Group(items)) = state.fields.get(key) {
                let present = items.values().filter(|i| i.present).count();
                if !items.get(item).is_some_and(|i| i.present)
                    && present >= (*max_items as usize).min(MAX_GROUP_ITEMS)
                {
                    return Err(RefusalCode::OutOfRange);
                }
            }
            if let Op::ItemSet { member, value, .. } = op {
                check_value(&find_member(members, member, roles)?.kind, value)?;
            }
            Ok(())
        }
        (Op::ItemUnset { member, .. }, FieldType::Group { members, .. }) => {
            find_member(members, member, roles).map(|_| ())
        }
        (Op::ItemRemove { .. }, FieldType::Group { .. }) => Ok(()),
        (Op::Count { by, .. }, FieldType::Counter { max_step }) => {
            if by.unsigned_abs() > max_step.unsigned_abs().min(MAX_COUNTER_STEP.unsigned_abs()) {
                return Err(RefusalCode::OutOfRange);
            }
            Ok(())
        }
        _ => Err(RefusalCode::WrongType),
    }
}

/// The number of a receipt is made with the record, by whoever may write records, and stays what it is.
fn check_receipt(
    field: &Field,
    roles: &[Role],
    state: &PartState,
    op: &Op,
) -> Result<(), RefusalCode> {
    let Op::Set { value, .. } = op else {
        return Err(RefusalCode::NotWritable);
    };
    check_value(&field.kind, value)?;
    let is_new = state.heads.is_empty() && !state.fields.contains_key(&field.key);
    if !is_new || !roles.iter().any(|r| r.may_write()) {
        return Err(RefusalCode::NotWritable);
    }
    match value {
        Value::Text(text) if ReceiptNumber::parse(text).is_some() => Ok(()),
        _ => Err(RefusalCode::OutOfRange),
    }
}

fn check_record_op(
    form: &Form,
    class: SensitivityClass,
    actor: &Actor<'_>,
    state: &PartState,
    op: &Op,
) -> Result<(), RefusalCode> {
    // The status and the deletion mark belong to the record as a whole: they live in its own class.
    if class != form.class {
        return Err(RefusalCode::WrongClass);
    }
    match op {
        Op::Transition { action, note } => {
            if note.chars().count() > MAX_NOTE_CHARS {
                return Err(RefusalCode::TooLong);
            }
            let lifecycle = form.lifecycle.as_ref().ok_or(RefusalCode::WrongType)?;
            let step = lifecycle.allowed(state, action, actor)?;
            let is_silent = step.note_needed && note.trim().is_empty();
            let grants = step.meaning() == Some(StepMeaning::Extend);
            if is_silent || (grants && !form.is_extended(state)) {
                return Err(RefusalCode::TransitionNotAllowed);
            }
            Ok(())
        }
        // An auditor reads; only who may write records may mark one as deleted.
        _ if actor.roles.iter().any(|r| r.may_write()) => Ok(()),
        _ => Err(RefusalCode::NotWritable),
    }
}

fn find_member<'a>(
    members: &'a [Field],
    key: &FieldKey,
    roles: &[Role],
) -> Result<&'a Field, RefusalCode> {
    let member = members
        .iter()
        .find(|m| m.key == *key)
        .ok_or(RefusalCode::UnknownField)?;
    if member.is_writable_by(roles) {
        Ok(member)
    } else {
        Err(RefusalCode::NotWritable)
    }
}

impl Field {
    /// Whether people with these roles may write it. A receipt's number is nobody's to write: it is made with the record.
    #[must_use]
    pub fn is_writable_by(&self, roles: &[Role]) -> bool {
        match &self.writable_by {
            _ if self.meaning() == Some(FieldMeaning::Receipt) => false,
            Some(allowed) => roles.iter().any(|r| allowed.contains(r)),
            None => roles.iter().any(|r| r.may_write()),
        }
    }
}

fn is_register(kind: &FieldType) -> bool {
    !matches!(
        kind,
        FieldType::LongText { .. }
            | FieldType::ChooseMany { .. }
            | FieldType::Group { .. }
            | FieldType::Counter { .. }
    )
}

/// Checks a value against a field type's rules.
fn check_value(kind: &FieldType, value: &Value) -> Result<(), RefusalCode> {
    let within = |ok: bool| {
        if ok {
            Ok(())
        } else {
            Err(RefusalCode::OutOfRange)
        }
    };
    match (kind, value) {
        (FieldType::Text { max_chars, pattern }, Value::Text(text)) => {
            if text.chars().count() > (*max_chars as usize).min(MAX_TEXT_CHARS) {
                return Err(RefusalCode::TooLong);
            }
            within(pattern.as_ref().is_none_or(|p| p.matches(text)))
        }
        (FieldType::Integer { min, max }, Value::Integer(n)) => {
            within(min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max))
        }
        (FieldType::Decimal { min, max, scale }, Value::Decimal(d)) => {
            let bound = |b: &Option<String>| b.as_deref().and_then(Decimal::parse);
            within(
                d.scale <= *scale
                    && bound(min).is_none_or(|m| d.compare(m).is_ge())
                    && bound(max).is_none_or(|m| d.compare(m).is_le()),
            )
        }
        (FieldType::Boolean, Value::Boolean(_))
        | (FieldType::Reference { .. }, Value::Reference(_)) => Ok(()),
        (FieldType::Date { min, max }, Value::Date(day)) => {
            let bound = |b: &Option<String>| b.as_deref().and_then(parse_date);
            within(
                (-719_162..=2_932_896).contains(day)
                    && bound(min).is_none_or(|m| *day >= m)
                    && bound(max).is_none_or(|m| *day <= m),
            )
        }
        (FieldType::DateTime, Value::DateTime(at)) => {
            within((-62_135_596_800_000..=253_402_300_799_999).contains(&at.millis()))
        }
        // Somebody without an account, or one whom a version before called by name.
        (FieldType::Person, Value::Text(name) | Value::Person { name, .. }) => {
            if name.chars().count() > MAX_PERSON_NAME_CHARS {
                return Err(RefusalCode::TooLong);
            }
            Ok(())
        }
        (FieldType::ChooseOne { choices }, Value::Choice(key)) => {
            within(choices.iter().any(|c| c.key == *key))
        }
        (FieldType::Geopoint, Value::Geopoint { lat_e7, lon_e7 }) => {
            within(lat_e7.unsigned_abs() <= 900_000_000 && lon_e7.unsigned_abs() <= 1_800_000_000)
        }
        _ => Err(RefusalCode::WrongType),
    }
}

/// Whether a field is shown, given the values of its record in the JSON shape of the API.
#[must_use]
pub fn visible(condition: &Condition, values: &serde_json::Map<String, serde_json::Value>) -> bool {
    match condition {
        Condition::Equals(field, value) => values.get(field.as_str()) == Some(value),
        Condition::Includes(field, choice) => values
            .get(field.as_str())
            .and_then(serde_json::Value::as_array)
            .is_some_and(|all| all.iter().any(|c| c.as_str() == Some(choice.as_str()))),
        Condition::Present(field) => values.get(field.as_str()).is_some_and(|v| !v.is_null()),
        Condition::Not(inner) => !visible(inner, values),
        Condition::All(of) => of.iter().all(|c| visible(c, values)),
        Condition::Any(of) => of.iter().any(|c| visible(c, values)),
    }
}

/// The required and visible fields that a record lacks. A record may lack them: what was typed is
/// kept and the record is shown as incomplete.
#[must_use]
pub fn missing_required(
    form: &Form,
    values: &serde_json::Map<String, serde_json::Value>,
) -> Vec<FieldKey> {
    form.fields
        .iter()
        .filter(|f| f.required && f.visible_if.as_ref().is_none_or(|c| visible(c, values)))
        .filter(|f| match values.get(f.key.as_str()) {
            None | Some(serde_json::Value::Null) => true,
            Some(serde_json::Value::String(s)) => s.is_empty(),
            Some(serde_json::Value::Array(a)) => a.is_empty(),
            Some(_) => false,
        })
        .map(|f| f.key.clone())
        .collect()
}
