//! Entries as columns.
//!
//! A *shape* is a kind of operation on a field (`set notes`, `choose needs`). A *template* is the
//! list of shapes of one edit. Entries name a template; the values of each shape stand together in
//! that shape's own two columns, numbers and bytes.

use std::collections::HashMap;

use crate::codec::{DecodeError, Reader, put_bytes, put_i64, put_str, put_u64};
use crate::edit::{Decimal, Op, Value, encode_payload, payload_hash};
use crate::entry::{Entry, Header, Target};
use crate::ids::{
    ActionKey, ChoiceKey, EntryRef, FieldKey, FormCode, IncarnationId, ItemKey, RecordId,
};
use crate::limits::{
    MAX_BODY_DECODED_BYTES, MAX_DEPS, MAX_ITEMS_PER_PULL, MAX_NAME_BYTES, MAX_OPS_PER_EDIT,
};
use crate::time::Timestamp;
use crate::wire::tables::Table;

/// Most operations in one message: what a run-length bomb can make of a small body.
pub(super) const MAX_OPS_PER_MESSAGE: usize = 1 << 17;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shape {
    tag: u8,
    field: String,
    member: String,
    value: u8,
}

impl Shape {
    fn of(op: &Op) -> Self {
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
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.tag << 4 | self.value);
        if self.tag < 10 {
            put_str(out, &self.field);
        }
        if self.tag == 7 || self.tag == 8 {
            put_str(out, &self.member);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let byte = r.u8()?;
        let (tag, value) = (byte >> 4, byte & 15);
        let field = if tag < 10 {
            r.str(MAX_NAME_BYTES)?.to_owned()
        } else {
            String::new()
        };
        let member = if tag == 7 || tag == 8 {
            r.str(MAX_NAME_BYTES)?.to_owned()
        } else {
            String::new()
        };
        Ok(Self {
            tag,
            field,
            member,
            value,
        })
    }
}

/// The two columns of a shape, and what it needs to write small differences.
#[derive(Debug, Default)]
struct ShapeColumn {
    numbers: Vec<u8>,
    bytes: Vec<u8>,
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
            if self.seen.len() < MAX_WORDS {
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
        }
    }
    fn op(&mut self, op: &Op, claimed: Timestamp) {
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

/// Words a column remembers; past that they are sent in full.
const MAX_WORDS: usize = 256;

struct ShapeReader<'a> {
    shape: Shape,
    numbers: Reader<'a>,
    bytes: Reader<'a>,
    last: [i64; 2],
    seen: Vec<&'a [u8]>,
}

impl<'a> ShapeReader<'a> {
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
        let place = self.numbers.bounded(MAX_WORDS, "word")?;
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
        if self.seen.len() < MAX_WORDS {
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
            _ => return Err(DecodeError::OutOfRange("value tag")),
        })
    }
    fn op(&mut self, claimed: Timestamp) -> Result<Op, DecodeError> {
        let key = |text: &str| FieldKey::new(text).map_err(|_| DecodeError::OutOfRange("field"));
        let field = || key(&self.shape.field);
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
                let (field, member) = (field()?, key(&self.shape.member)?);
                Op::ItemSet {
                    field,
                    member,
                    item: self.item()?,
                    value: self.value(claimed)?,
                }
            }
            8 => {
                let (field, member) = (field()?, key(&self.shape.member)?);
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

/// Where an entry stands: sent beside the columns by whoever uses them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) incarnation: IncarnationId,
    pub(super) seq: u64,
}

/// Names kinds of things in the order they come, so that each is written once.
#[derive(Debug)]
struct Dictionary<T> {
    all: Vec<T>,
    index: HashMap<T, usize>,
}

impl<T: Clone + Eq + std::hash::Hash> Dictionary<T> {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            index: HashMap::new(),
        }
    }
    fn place(&mut self, thing: T) -> usize {
        if let Some(&i) = self.index.get(&thing) {
            return i;
        }
        self.all.push(thing.clone());
        self.index.insert(thing, self.all.len() - 1);
        self.all.len() - 1
    }
}

/// Appends the columns of entries, without their places. Entries whose payload was erased cannot
/// be sent this way; the caller keeps them out.
pub(super) fn put_entries(
    out: &mut Vec<u8>,
    entries: &[&Entry],
    incarnations: &mut Table<IncarnationId>,
) {
    let mut shapes: Dictionary<Shape> = Dictionary::new();
    let mut templates: Dictionary<Vec<usize>> = Dictionary::new();
    let mut forms: Dictionary<(String, u32)> = Dictionary::new();
    let (mut targets, mut records, mut forms_of, mut claims, mut deps, mut templates_of) = (
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    );
    let mut columns: Vec<ShapeColumn> = Vec::new();
    let mut last_claim = 0i64;
    for entry in entries {
        let header = &entry.header;
        let claimed = header.claimed;
        put_i64(&mut claims, claimed.millis().wrapping_sub(last_claim));
        last_claim = claimed.millis();
        let form = match &header.target {
            Target::New { record, form } => {
                targets.push(0);
                put_record(&mut records, record, claimed);
                form.to_string()
            }
            Target::At(heads) => {
                put_u64(&mut targets, heads.len() as u64);
                for head in heads {
                    if head.incarnation == entry.incarnation {
                        put_u64(&mut deps, 0);
                        put_i64(&mut deps, (header.seq as i64).wrapping_sub(head.seq as i64));
                    } else {
                        put_u64(&mut deps, incarnations.place(head.incarnation) + 1);
                        put_u64(&mut deps, head.seq);
                    }
                }
                String::new()
            }
        };
        put_u64(
            &mut forms_of,
            forms.place((form, header.form_version)) as u64,
        );
        let template: Vec<usize> = entry
            .ops()
            .iter()
            .map(|op| shapes.place(Shape::of(op)))
            .collect();
        columns.resize_with(shapes.all.len(), ShapeColumn::default);
        for (op, shape) in entry.ops().iter().zip(&template) {
            columns[*shape].op(op, claimed);
        }
        put_u64(&mut templates_of, templates.place(template) as u64);
    }
    put_u64(out, forms.all.len() as u64);
    for (form, version) in &forms.all {
        put_str(out, form);
        put_u64(out, u64::from(*version));
    }
    put_u64(out, shapes.all.len() as u64);
    for shape in &shapes.all {
        shape.put(out);
    }
    put_u64(out, templates.all.len() as u64);
    for template in &templates.all {
        put_u64(out, template.len() as u64);
        for shape in template {
            put_u64(out, *shape as u64);
        }
    }
    for column in [&targets, &records, &forms_of, &claims, &deps, &templates_of] {
        put_bytes(out, column);
    }
    for column in &columns {
        put_bytes(out, &column.numbers);
    }
    for column in &columns {
        put_bytes(out, &column.bytes);
    }
}

/// Reads the columns of entries that stand at these places. `ops_left` is what the message may
/// still make of operations.
pub(super) fn get_entries(
    r: &mut Reader<'_>,
    places: &[Place],
    incarnations: &Table<IncarnationId>,
    ops_left: &mut usize,
) -> Result<Vec<Entry>, DecodeError> {
    let n = r.count(MAX_ITEMS_PER_PULL, "forms")?;
    let mut forms = Vec::with_capacity(n);
    for _ in 0..n {
        let code = r.str(MAX_NAME_BYTES)?;
        let code = if code.is_empty() {
            None
        } else {
            Some(FormCode::new(code).map_err(|_| DecodeError::OutOfRange("form"))?)
        };
        forms.push((code, r.u32()?));
    }
    let n = r.count(MAX_OPS_PER_MESSAGE, "shapes")?;
    let shapes = (0..n)
        .map(|_| Shape::get(r))
        .collect::<Result<Vec<_>, _>>()?;
    let n = r.count(MAX_ITEMS_PER_PULL, "templates")?;
    let mut templates = Vec::with_capacity(n);
    for _ in 0..n {
        let n = r.count(MAX_OPS_PER_EDIT, "operations")?;
        let template = (0..n)
            .map(|_| r.bounded(shapes.len().saturating_sub(1), "shape"))
            .collect::<Result<Vec<_>, _>>()?;
        if template.iter().any(|s| *s >= shapes.len()) {
            return Err(DecodeError::OutOfRange("shape"));
        }
        templates.push(template);
    }
    let mut column = || r.bytes(MAX_BODY_DECODED_BYTES).map(Reader::new);
    let (mut targets, mut records, mut forms_of) = (column()?, column()?, column()?);
    let (mut claims, mut deps, mut templates_of) = (column()?, column()?, column()?);
    let numbers = (0..shapes.len())
        .map(|_| column())
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = (0..shapes.len())
        .map(|_| column())
        .collect::<Result<Vec<_>, _>>()?;
    let mut shapes: Vec<ShapeReader<'_>> = shapes
        .into_iter()
        .zip(numbers.into_iter().zip(bytes))
        .map(|(shape, (numbers, bytes))| ShapeReader {
            shape,
            numbers,
            bytes,
            last: [0; 2],
            seen: Vec::new(),
        })
        .collect();
    let mut last_claim = 0i64;
    let mut entries = Vec::with_capacity(places.len());
    for place in places {
        last_claim = last_claim.wrapping_add(claims.i64()?);
        let claimed = Timestamp(last_claim);
        let (code, form_version) = forms
            .get(forms_of.bounded(MAX_ITEMS_PER_PULL, "form")?)
            .ok_or(DecodeError::OutOfRange("form"))?;
        let heads = targets.bounded(MAX_DEPS, "heads")?;
        let target = if heads == 0 {
            let record = get_record(&mut records, claimed)?;
            Target::New {
                record,
                form: code.clone().ok_or(DecodeError::OutOfRange("form"))?,
            }
        } else {
            let mut at = Vec::with_capacity(heads);
            for _ in 0..heads {
                at.push(match deps.u64()? {
                    0 => EntryRef {
                        incarnation: place.incarnation,
                        seq: (place.seq as i64).wrapping_sub(deps.i64()?) as u64,
                    },
                    other => EntryRef {
                        incarnation: incarnations.at(other - 1)?,
                        seq: deps.u64()?,
                    },
                });
            }
            if !at.windows(2).all(|w| w[0] < w[1]) {
                return Err(DecodeError::OutOfRange("heads are not in order"));
            }
            Target::At(at)
        };
        let template = templates
            .get(templates_of.bounded(MAX_ITEMS_PER_PULL, "template")?)
            .ok_or(DecodeError::OutOfRange("template"))?;
        *ops_left = ops_left
            .checked_sub(template.len())
            .ok_or(DecodeError::TooLarge("operations"))?;
        let mut ops = Vec::with_capacity(template.len());
        for shape in template {
            ops.push(shapes[*shape].op(claimed)?);
        }
        let payload = payload_hash(&encode_payload(&ops));
        let header = Header {
            seq: place.seq,
            target,
            form_version: *form_version,
            claimed,
            payload,
        };
        entries.push(Entry {
            incarnation: place.incarnation,
            header,
            ops: Some(ops),
        });
    }
    for left in [targets, records, forms_of, claims, deps, templates_of] {
        left.finish()?;
    }
    for shape in shapes {
        shape.numbers.finish()?;
        shape.bytes.finish()?;
    }
    Ok(entries)
}

/// A record id: its millisecond against the claimed time, then its other ten bytes.
fn put_record(out: &mut Vec<u8>, record: &RecordId, claimed: Timestamp) {
    let bytes = record.bytes();
    let mut millis = [0u8; 8];
    millis[2..].copy_from_slice(&bytes[..6]);
    put_i64(
        out,
        claimed
            .millis()
            .wrapping_sub(u64::from_be_bytes(millis) as i64),
    );
    out.extend_from_slice(&bytes[6..]);
}

fn get_record(r: &mut Reader<'_>, claimed: Timestamp) -> Result<RecordId, DecodeError> {
    let millis = claimed.millis().wrapping_sub(r.i64()?);
    if !(0..1 << 48).contains(&millis) {
        return Err(DecodeError::OutOfRange("record id"));
    }
    let mut bytes = [0u8; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(r.take(10)?);
    Ok(RecordId::from_bytes(bytes))
}
