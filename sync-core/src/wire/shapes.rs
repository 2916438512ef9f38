//! Kinds of operations, and the two columns that the values of each kind stand in.

use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::edit::{Decimal, Op, Value};
use crate::ids::{ActionKey, ChoiceKey, FieldKey, ItemKey, RecordId, UserId};
use crate::limits::{MAX_BODY_DECODED_BYTES, MAX_NAME_BYTES, MAX_WORDS_PER_COLUMN};
use crate::time::Timestamp;

/// The highest of [`crate::edit::Value::tag`].
const MAX_VALUE_TAG: u8 = 9;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    tag: u8,
    field: String,
    member: String,
    value: u8,
}

impl Shape {
    pub(super) fn of(op: &Op) -> Self {
        let (member, value) = match op {
            Op::Set { value, .. } => (String::new(), value.tag()),
            Op::ItemSet { member, value, .. } => (member.to_string(), value.tag()),
            Op::ItemUnset { member, .. } => (member.to_string(), 0),
            _ => (String::new(), 0),
        };
        Self {
            tag: op.tag(),
            field: op.field().map(ToString::to_string).unwrap_or_default(),
            member,
            value,
        }
    }
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.tag << 4 | self.value);
        if self.tag < 10 {
            put_str(out, &self.field);
        }
        if self.tag == 7 || self.tag == 8 {
            put_str(out, &self.member);
        }
    }
}

/// A shape that came: its names are made once and shared by all its operations.
#[derive(Debug)]
pub(super) struct KnownShape {
    tag: u8,
    field: Option<FieldKey>,
    member: Option<FieldKey>,
    value: u8,
}

impl KnownShape {
    pub(super) fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let byte = r.u8()?;
        let (tag, value) = (byte >> 4, byte & 15);
        if tag > 12 {
            return Err(DecodeError::OutOfRange("operation tag"));
        }
        if value > MAX_VALUE_TAG || (value != 0 && tag != 0 && tag != 7) {
            return Err(DecodeError::OutOfRange("value tag"));
        }
        let mut name = |there: bool| {
            there
                .then(|| {
                    FieldKey::new(r.str(MAX_NAME_BYTES)?)
                        .map_err(|_| DecodeError::OutOfRange("field"))
                })
                .transpose()
        };
        Ok(Self {
            tag,
            field: name(tag < 10)?,
            member: name(tag == 7 || tag == 8)?,
            value,
        })
    }
}

/// The two columns of a shape, and what it needs to write small differences.
#[derive(Debug, Default)]
pub(super) struct ShapeColumn {
    pub(super) numbers: Vec<u8>,
    pub(super) bytes: Vec<u8>,
    last: [i64; 2],
    seen: Vec<Vec<u8>>,
}

impl ShapeColumn {
    fn text(&mut self, text: &str) {
        put_u64(&mut self.numbers, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }
    fn delta(&mut self, slot: usize, n: i64) {
        put_i64(&mut self.numbers, n.wrapping_sub(self.last[slot]));
        self.last[slot] = n;
    }
    /// Something short that comes again: its place when it was there, else 0 and itself.
    fn word(&mut self, word: &[u8]) {
        if let Some(i) = self.seen.iter().position(|w| w == word) {
            put_u64(&mut self.numbers, i as u64 + 1);
        } else {
            put_u64(&mut self.numbers, 0);
            put_u64(&mut self.numbers, word.len() as u64);
            self.bytes.extend_from_slice(word);
            if self.seen.len() < MAX_WORDS_PER_COLUMN {
                self.seen.push(word.to_vec());
            }
        }
    }
    fn value(&mut self, value: &Value, claimed: Timestamp) {
        match value {
            Value::Text(text) => self.text(text),
            Value::Integer(n) => put_i64(&mut self.numbers, *n),
            Value::Decimal(d) => {
                self.delta(0, d.mantissa);
                self.numbers.push(d.scale);
            }
            Value::Boolean(b) => self.numbers.push(u8::from(*b)),
            Value::Date(day) => self.delta(0, i64::from(*day)),
            Value::DateTime(at) => {
                put_i64(
                    &mut self.numbers,
                    at.millis().wrapping_sub(claimed.millis()),
                );
            }
            Value::Choice(key) => self.word(key.as_str().as_bytes()),
            Value::Geopoint { lat_e7, lon_e7 } => {
                self.delta(0, i64::from(*lat_e7));
                self.delta(1, i64::from(*lon_e7));
            }
            Value::Reference(id) => self.word(&id.bytes()),
            Value::Person { user, name } => {
                self.word(&user.bytes());
                self.text(name);
            }
        }
    }
    pub(super) fn op(&mut self, op: &Op, claimed: Timestamp) {
        match op {
            Op::Set { value, .. } => self.value(value, claimed),
            Op::ItemSet { item, value, .. } => {
                self.word(item.as_str().as_bytes());
                self.value(value, claimed);
            }
            Op::Splice {
                at, delete, insert, ..
            } => {
                put_u64(&mut self.numbers, u64::from(*at));
                put_u64(&mut self.numbers, u64::from(*delete));
                self.text(insert);
            }
            Op::Choose { choice, .. } | Op::Unchoose { choice, .. } => {
                self.word(choice.as_str().as_bytes())
            }
            Op::ItemAdd { item, .. } | Op::ItemRemove { item, .. } | Op::ItemUnset { item, .. } => {
                self.word(item.as_str().as_bytes());
            }
            Op::Count { by, .. } => put_i64(&mut self.numbers, *by),
            Op::Transition { action, note } => {
                self.word(action.as_str().as_bytes());
                self.text(note);
            }
            Op::Unset { .. } | Op::Delete | Op::Restore => {}
        }
    }
}

pub(super) struct ShapeReader<'a> {
    shape: KnownShape,
    numbers: Reader<'a>,
    bytes: Reader<'a>,
    last: [i64; 2],
    seen: Vec<&'a [u8]>,
}

impl<'a> ShapeReader<'a> {
    pub(super) fn new(shape: KnownShape, numbers: Reader<'a>, bytes: Reader<'a>) -> Self {
        Self {
            shape,
            numbers,
            bytes,
            last: [0; 2],
            seen: Vec::new(),
        }
    }
    /// Checks that nothing is left of either column.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        self.numbers.finish()?;
        self.bytes.finish()
    }
    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let n = self.numbers.bounded(MAX_BODY_DECODED_BYTES, "text")?;
        std::str::from_utf8(self.bytes.take(n)?).map_err(|_| DecodeError::NotUtf8)
    }
    fn delta(&mut self, slot: usize) -> Result<i64, DecodeError> {
        let n = self.last[slot].wrapping_add(self.numbers.i64()?);
        self.last[slot] = n;
        Ok(n)
    }
    fn word(&mut self) -> Result<&'a [u8], DecodeError> {
        let place = self.numbers.bounded(MAX_WORDS_PER_COLUMN, "word")?;
        if place > 0 {
            return self
                .seen
                .get(place - 1)
                .copied()
                .ok_or(DecodeError::OutOfRange("word"));
        }
        let n = self.numbers.bounded(MAX_NAME_BYTES, "word")?;
        let word = self.bytes.take(n)?;
        if self.seen.contains(&word) {
            return Err(DecodeError::OutOfRange("word sent twice"));
        }
        if self.seen.len() < MAX_WORDS_PER_COLUMN {
            self.seen.push(word);
        }
        Ok(word)
    }
    fn name(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.word()?).map_err(|_| DecodeError::NotUtf8)
    }
    fn item(&mut self) -> Result<ItemKey, DecodeError> {
        ItemKey::new(self.name()?).map_err(|_| DecodeError::OutOfRange("item"))
    }
    fn choice(&mut self) -> Result<ChoiceKey, DecodeError> {
        ChoiceKey::new(self.name()?).map_err(|_| DecodeError::OutOfRange("choice"))
    }
    fn value(&mut self, claimed: Timestamp) -> Result<Value, DecodeError> {
        let small = |n: i64| i32::try_from(n).map_err(|_| DecodeError::OutOfRange("i32"));
        Ok(match self.shape.value {
            0 => Value::Text(self.text()?.to_owned()),
            1 => Value::Integer(self.numbers.i64()?),
            2 => {
                let (mantissa, scale) = (self.delta(0)?, self.numbers.u8()?);
                if scale > 18 {
                    return Err(DecodeError::OutOfRange("decimal scale"));
                }
                Value::Decimal(Decimal { mantissa, scale })
            }
            3 => match self.numbers.u8()? {
                0 => Value::Boolean(false),
                1 => Value::Boolean(true),
                _ => return Err(DecodeError::OutOfRange("boolean")),
            },
            4 => Value::Date(small(self.delta(0)?)?),
            5 => Value::DateTime(Timestamp(
                self.numbers.i64()?.wrapping_add(claimed.millis()),
            )),
            6 => Value::Choice(self.choice()?),
            7 => Value::Geopoint {
                lat_e7: small(self.delta(0)?)?,
                lon_e7: small(self.delta(1)?)?,
            },
            8 => {
                let bytes: [u8; 16] = self
                    .word()?
                    .try_into()
                    .map_err(|_| DecodeError::OutOfRange("reference"))?;
                Value::Reference(RecordId::from_bytes(bytes))
            }
            9 => {
                let bytes: [u8; 16] = self
                    .word()?
                    .try_into()
                    .map_err(|_| DecodeError::OutOfRange("person"))?;
                Value::Person {
                    user: UserId::from_bytes(bytes),
                    name: self.text()?.to_owned(),
                }
            }
            _ => return Err(DecodeError::OutOfRange("value tag")),
        })
    }
    pub(super) fn op(&mut self, claimed: Timestamp) -> Result<Op, DecodeError> {
        let known = |key: &Option<FieldKey>| key.clone().ok_or(DecodeError::OutOfRange("field"));
        let field = || known(&self.shape.field);
        Ok(match self.shape.tag {
            0 => Op::Set {
                field: field()?,
                value: self.value(claimed)?,
            },
            1 => Op::Unset { field: field()? },
            2 => Op::Splice {
                field: field()?,
                at: self.numbers.u32()?,
                delete: self.numbers.u32()?,
                insert: self.text()?.to_owned(),
            },
            3 => Op::Choose {
                field: field()?,
                choice: self.choice()?,
            },
            4 => Op::Unchoose {
                field: field()?,
                choice: self.choice()?,
            },
            5 => Op::ItemAdd {
                field: field()?,
                item: self.item()?,
            },
            6 => Op::ItemRemove {
                field: field()?,
                item: self.item()?,
            },
            7 => {
                let (field, member) = (field()?, known(&self.shape.member)?);
                Op::ItemSet {
                    field,
                    member,
                    item: self.item()?,
                    value: self.value(claimed)?,
                }
            }
            8 => {
                let (field, member) = (field()?, known(&self.shape.member)?);
                Op::ItemUnset {
                    field,
                    member,
                    item: self.item()?,
                }
            }
            9 => Op::Count {
                field: field()?,
                by: self.numbers.i64()?,
            },
            10 => Op::Transition {
                action: ActionKey::new(self.name()?)
                    .map_err(|_| DecodeError::OutOfRange("action"))?,
                note: self.text()?.to_owned(),
            },
            11 => Op::Delete,
            12 => Op::Restore,
            _ => return Err(DecodeError::OutOfRange("operation tag")),
        })
    }
}
