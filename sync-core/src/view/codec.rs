//! Bytes of a row, for stores that keep it. Private to one replica: never on the wire.

use std::collections::BTreeMap;

use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::edit::Value;
use crate::ids::{ActionKey, ChoiceKey, EntryRef, FieldKey, FormCode, IncarnationId, ItemKey};
use crate::limits::{
    MAX_NAME_BYTES, MAX_PAYLOAD_BYTES, MAX_RECORD_BYTES, MAX_RECORD_ENTRIES, MAX_RECORD_OPS,
};
use crate::view::{Candidate, Cell, GroupItem, PartState, TransitionMade};

const STATE_VERSION: u8 = 3;
/// Rows from before what is beside a deletion was kept: they have none.
const STATE_VERSION_BEFORE: u8 = 2;

struct Writer {
    out: Vec<u8>,
    incarnations: Vec<IncarnationId>,
}

impl Writer {
    fn entry(&mut self, id: EntryRef) {
        let index = match self.incarnations.iter().position(|i| *i == id.incarnation) {
            Some(index) => index,
            None => {
                self.incarnations.push(id.incarnation);
                self.incarnations.len() - 1
            }
        };
        put_u64(&mut self.out, index as u64);
        put_u64(&mut self.out, id.seq);
    }
    fn entries(&mut self, ids: &[EntryRef]) {
        put_u64(&mut self.out, ids.len() as u64);
        for id in ids {
            self.entry(*id);
        }
    }
    fn candidates(&mut self, candidates: &[Candidate]) {
        put_u64(&mut self.out, candidates.len() as u64);
        for c in candidates {
            c.value.encode(&mut self.out);
            self.entry(c.by);
        }
    }
    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Register(candidates) => {
                self.out.push(0);
                self.candidates(candidates);
            }
            Cell::Text { text, by, sides } => {
                self.out.push(if sides.is_empty() { 1 } else { 5 });
                put_str(&mut self.out, text);
                self.entries(by);
                if !sides.is_empty() {
                    self.candidates(sides);
                }
            }
            Cell::Choices(map) => {
                self.out.push(2);
                put_u64(&mut self.out, map.len() as u64);
                for (choice, by) in map {
                    put_str(&mut self.out, choice.as_str());
                    self.entry(*by);
                }
            }
            Cell::Group(items) => {
                self.out.push(3);
                put_u64(&mut self.out, items.len() as u64);
                for (key, item) in items {
                    put_str(&mut self.out, key.as_str());
                    self.out.push(u8::from(item.present));
                    put_u64(&mut self.out, item.members.len() as u64);
                    for (member, candidates) in &item.members {
                        put_str(&mut self.out, member.as_str());
                        self.candidates(candidates);
                    }
                }
            }
            Cell::Counter { value, by } => {
                self.out.push(4);
                put_i64(&mut self.out, *value);
                self.entries(by);
            }
        }
    }
}

struct StateReader<'a> {
    r: Reader<'a>,
    incarnations: Vec<IncarnationId>,
}

impl StateReader<'_> {
    fn entry(&mut self) -> Result<EntryRef, DecodeError> {
        let index = self.r.bounded(self.incarnations.len(), "incarnation")?;
        let incarnation = *self
            .incarnations
            .get(index)
            .ok_or(DecodeError::OutOfRange("incarnation"))?;
        Ok(EntryRef {
            incarnation,
            seq: self.r.u64()?,
        })
    }
    fn entries(&mut self) -> Result<Vec<EntryRef>, DecodeError> {
        let n = self.r.count(MAX_RECORD_ENTRIES, "entries")?;
        (0..n).map(|_| self.entry()).collect()
    }
    fn candidates(&mut self) -> Result<Vec<Candidate>, DecodeError> {
        let n = self.r.count(MAX_RECORD_ENTRIES, "candidates")?;
        (0..n)
            .map(|_| {
                Ok(Candidate {
                    value: Value::decode(&mut self.r)?,
                    by: self.entry()?,
                })
            })
            .collect()
    }
    fn field(&mut self) -> Result<FieldKey, DecodeError> {
        FieldKey::new(self.r.str(MAX_NAME_BYTES)?).map_err(|_| DecodeError::OutOfRange("field"))
    }
    fn cell(&mut self) -> Result<Cell, DecodeError> {
        Ok(match self.r.u8()? {
            0 => Cell::Register(self.candidates()?),
            tag @ (1 | 5) => Cell::Text {
                text: self.r.str(MAX_RECORD_BYTES * 2)?.to_owned(),
                by: self.entries()?,
                sides: if tag == 1 {
                    Vec::new()
                } else {
                    self.candidates()?
                },
            },
            2 => {
                let n = self.r.count(MAX_RECORD_OPS, "choices")?;
                let mut map = BTreeMap::new();
                for _ in 0..n {
                    let key = ChoiceKey::new(self.r.str(MAX_NAME_BYTES)?)
                        .map_err(|_| DecodeError::OutOfRange("choice"))?;
                    map.insert(key, self.entry()?);
                }
                Cell::Choices(map)
            }
            3 => {
                let n = self.r.count(MAX_RECORD_OPS, "items")?;
                let mut items = BTreeMap::new();
                for _ in 0..n {
                    let key = ItemKey::new(self.r.str(MAX_NAME_BYTES)?)
                        .map_err(|_| DecodeError::OutOfRange("item"))?;
                    let mut item = GroupItem {
                        present: self.r.u8()? != 0,
                        members: BTreeMap::new(),
                    };
                    for _ in 0..self.r.count(MAX_RECORD_OPS, "members")? {
                        let member = self.field()?;
                        item.members.insert(member, self.candidates()?);
                    }
                    items.insert(key, item);
                }
                Cell::Group(items)
            }
            4 => Cell::Counter {
                value: self.r.i64()?,
                by: self.entries()?,
            },
            _ => return Err(DecodeError::OutOfRange("cell")),
        })
    }
}

impl PartState {
    /// Bytes that [`PartState::from_bytes`] reads: the incarnations named, then the row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer {
            out: Vec::with_capacity(512),
            incarnations: Vec::new(),
        };
        put_str(&mut w.out, self.form.as_str());
        for n in [self.form_version, self.entries, self.ops, self.forks] {
            put_u64(&mut w.out, u64::from(n));
        }
        put_u64(&mut w.out, self.weight);
        w.entries(&self.heads);
        put_u64(&mut w.out, self.authors.len() as u64);
        for (incarnation, seq) in &self.authors {
            w.entry(EntryRef {
                incarnation: *incarnation,
                seq: *seq,
            });
        }
        put_u64(&mut w.out, self.fields.len() as u64);
        for (field, cell) in &self.fields {
            put_str(&mut w.out, field.as_str());
            w.cell(cell);
        }
        w.candidates(&self.deleted);
        w.entries(&self.beside);
        put_u64(&mut w.out, self.transitions.len() as u64);
        for t in &self.transitions {
            w.entry(t.by);
            put_u64(&mut w.out, u64::from(t.index));
            put_str(&mut w.out, t.action.as_str());
            put_str(&mut w.out, &t.note);
            put_u64(&mut w.out, t.after.len() as u64);
            for (by, index) in &t.after {
                w.entry(*by);
                put_u64(&mut w.out, u64::from(*index));
            }
        }
        let mut out = Vec::with_capacity(w.out.len() + 24 * w.incarnations.len() + 2);
        out.push(STATE_VERSION);
        put_u64(&mut out, w.incarnations.len() as u64);
        for incarnation in &w.incarnations {
            out.extend_from_slice(&incarnation.bytes());
        }
        out.extend_from_slice(&w.out);
        out
    }

    /// Reads a stored row.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are damaged or of another version; rebuild the row then.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        if version != STATE_VERSION && version != STATE_VERSION_BEFORE {
            return Err(DecodeError::UnknownVersion);
        }
        let n = r.count(MAX_RECORD_ENTRIES, "incarnations")?;
        let incarnations = (0..n)
            .map(|_| Ok(IncarnationId::from_bytes(r.array()?)))
            .collect::<Result<Vec<_>, DecodeError>>()?;
        let mut r = StateReader { r, incarnations };
        let form =
            FormCode::new(r.r.str(MAX_NAME_BYTES)?).map_err(|_| DecodeError::OutOfRange("form"))?;
        let mut state = Self::new(form);
        state.form_version = r.r.u32()?;
        state.entries = r.r.u32()?;
        state.ops = r.r.u32()?;
        state.forks = r.r.u32()?;
        state.weight = r.r.u64()?;
        state.heads = r.entries()?;
        for author in r.entries()? {
            state.authors.insert(author.incarnation, author.seq);
        }
        for _ in 0..r.r.count(MAX_RECORD_OPS, "fields")? {
            let field = r.field()?;
            state.fields.insert(field, r.cell()?);
        }
        state.deleted = r.candidates()?;
        if version == STATE_VERSION {
            state.beside = r.entries()?;
        }
        for _ in 0..r.r.count(MAX_RECORD_OPS, "transitions")? {
            let by = r.entry()?;
            let index = r.r.u32()?;
            let action = ActionKey::new(r.r.str(MAX_NAME_BYTES)?)
                .map_err(|_| DecodeError::OutOfRange("action"))?;
            let note = r.r.str(MAX_PAYLOAD_BYTES)?.to_owned();
            let n = r.r.count(MAX_RECORD_OPS, "transitions")?;
            let after = (0..n)
                .map(|_| Ok((r.entry()?, r.r.u32()?)))
                .collect::<Result<Vec<_>, DecodeError>>()?;
            state.transitions.push(TransitionMade {
                by,
                index,
                action,
                note,
                after,
            });
        }
        r.r.finish()?;
        Ok(state)
    }
}
