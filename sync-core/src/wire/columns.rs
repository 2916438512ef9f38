//! Entries as columns.
//!
//! A *shape* is a kind of operation on a field (`set notes`, `choose needs`). A *template* is the
//! list of shapes of one edit. Entries name a template; the values of each shape stand together in
//! that shape's own two columns, numbers and bytes.

use std::collections::HashMap;

use crate::codec::{DecodeError, Reader, put_bytes, put_i64, put_str, put_u64};
use crate::edit::{encode_payload, payload_hash};
use crate::entry::{Entry, Header, Target};
use crate::ids::{EntryRef, FormCode, IncarnationId, RecordId};
use crate::limits::{
    MAX_BODY_DECODED_BYTES, MAX_DEPS, MAX_ITEMS_PER_PULL, MAX_NAME_BYTES, MAX_OPS_PER_EDIT,
    MAX_OPS_PER_MESSAGE,
};
use crate::time::Timestamp;
use crate::wire::shapes::{KnownShape, Shape, ShapeColumn, ShapeReader};
use crate::wire::tables::Table;

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
#[expect(
    clippy::too_many_lines,
    reason = "column after column, in the order they have on the wire"
)]
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
        .map(|_| KnownShape::get(r))
        .collect::<Result<Vec<_>, _>>()?;
    let n = r.count(MAX_ITEMS_PER_PULL, "templates")?;
    let mut templates = Vec::with_capacity(n);
    let mut left = MAX_OPS_PER_MESSAGE;
    for _ in 0..n {
        let n = r.count(MAX_OPS_PER_EDIT, "operations")?;
        left = left
            .checked_sub(n)
            .ok_or(DecodeError::TooLarge("operations"))?;
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
        .map(|(shape, (numbers, bytes))| ShapeReader::new(shape, numbers, bytes))
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
        shape.finish()?;
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
