//! The baseline: the same edits as automerge changes, parsed and applied to documents in memory.

use std::collections::HashMap;
use std::time::Duration;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{
    ActorId, AutoCommit, Automerge, Change, ObjType, ROOT, ReadDoc, ScalarValue, TextEncoding,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{IncarnationId, RecordId};

use super::site::cpu;

/// A document with a plain mapping of the form: registers as scalars, notes as text, choices as a map.
pub(crate) fn empty(by: IncarnationId) -> AutoCommit {
    AutoCommit::new_with_encoding(TextEncoding::UnicodeCodePoint)
        .with_actor(ActorId::from(&by.bytes()[..]))
}

/// Makes one change of these operations; gives its bytes.
pub(crate) fn change(doc: &mut AutoCommit, ops: &[Op], at: i64) -> Vec<u8> {
    for op in ops {
        match op {
            Op::Set { field, value } => {
                let (key, value) = (field.to_string(), scalar(value));
                doc.put(ROOT, key, value).unwrap();
            }
            Op::Splice {
                field,
                at,
                delete,
                insert,
            } => {
                let text = container(doc, &field.to_string(), ObjType::Text);
                doc.splice_text(&text, *at as usize, *delete as isize, insert)
                    .unwrap();
            }
            Op::Choose { field, choice } => {
                let map = container(doc, &field.to_string(), ObjType::Map);
                doc.put(&map, choice.as_str(), true).unwrap();
            }
            _ => {}
        }
    }
    doc.commit_with(CommitOptions::default().with_time(at));
    doc.get_last_local_change()
        .map_or_else(Vec::new, |mut c| c.bytes().to_vec())
}

fn container(doc: &mut AutoCommit, key: &str, kind: ObjType) -> automerge::ObjId {
    match doc.get(ROOT, key).unwrap() {
        Some((_, id)) => id,
        None => doc.put_object(ROOT, key, kind).unwrap(),
    }
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Text(t) => t.as_str().into(),
        Value::Integer(n) => (*n).into(),
        Value::Decimal(d) => (d.mantissa as f64 / 10f64.powi(i32::from(d.scale))).into(),
        Value::Boolean(b) => (*b).into(),
        Value::Date(d) => i64::from(*d).into(),
        Value::DateTime(at) => ScalarValue::Timestamp(at.millis()),
        Value::Choice(key) => key.as_str().into(),
        Value::Geopoint { lat_e7, lon_e7 } => {
            format!("{},{}", f64::from(*lat_e7) / 1e7, f64::from(*lon_e7) / 1e7).into()
        }
        Value::Reference(id) => ScalarValue::Bytes(id.bytes().to_vec()),
        Value::Person { user, name } => format!("{user} {name}").into(),
    }
}

/// Documents of records, kept loaded.
#[derive(Default)]
pub(crate) struct Rival {
    docs: HashMap<RecordId, Automerge>,
    pub(crate) took: Duration,
    pub(crate) edits: usize,
}

impl Rival {
    /// Parses and applies changes one by one; makes a record's document when it is new.
    pub(crate) fn apply(&mut self, changes: &[(RecordId, Vec<u8>)]) {
        let before = cpu();
        for (record, bytes) in changes {
            let change = Change::from_bytes(bytes.clone()).unwrap();
            self.docs
                .entry(*record)
                .or_insert_with(|| Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint))
                .apply_changes([change])
                .unwrap();
        }
        self.took += cpu() - before;
        self.edits += changes.len();
    }

    pub(crate) fn per_edit_us(&self) -> f64 {
        self.took.as_secs_f64() * 1e6 / self.edits as f64
    }
}
