//! Long texts: a text that is set whole is written as what differs, so that it merges.
//!
//! What enters: operations of an edit and the record as it stands in the same transaction. What
//! leaves: operations in which each `Set` of a long text has become a splice.

use std::collections::BTreeMap;

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::FieldKey;
use gridfold_sync_core::schema::{FieldType, Form};
use gridfold_sync_core::view::PartState;

/// The smallest splice that makes `from` read like `to`; none when they are equal.
fn splice_between(field: FieldKey, from: &str, to: &str) -> Option<Op> {
    if from == to {
        return None;
    }
    let same = |(a, b): &(char, char)| a == b;
    let old = from.chars().count();
    let new = to.chars().count();
    let head = from.chars().zip(to.chars()).take_while(same).count();
    let tail = from
        .chars()
        .rev()
        .zip(to.chars().rev())
        .take(old.min(new) - head)
        .take_while(same)
        .count();
    Some(Op::Splice {
        field,
        at: u32::try_from(head).unwrap_or(u32::MAX),
        delete: u32::try_from(old - head - tail).unwrap_or(u32::MAX),
        insert: to.chars().skip(head).take(new - head - tail).collect(),
    })
}

/// The text after a splice; positions past the end are for the rules to refuse.
fn spliced(text: &str, at: u32, delete: u32, insert: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(at as usize).collect();
    out.push_str(insert);
    out.extend(chars.skip(delete as usize));
    out
}

/// Writes each `Set` of a long text as a splice against the text after the operations before it.
pub(crate) fn as_splices(form: &Form, at: &PartState, ops: Vec<Op>) -> Vec<Op> {
    let is_long = |key: &FieldKey| {
        form.field(key.as_str())
            .is_some_and(|f| matches!(f.kind, FieldType::LongText { .. }))
    };
    let mut texts: BTreeMap<FieldKey, String> = BTreeMap::new();
    let mut out = Vec::with_capacity(ops.len());
    for op in ops {
        match op {
            Op::Set {
                field,
                value: Value::Text(text),
            } if is_long(&field) => {
                let now = texts
                    .get(&field)
                    .map_or_else(|| at.text(field.as_str()), String::as_str);
                out.extend(splice_between(field.clone(), now, &text));
                texts.insert(field, text);
            }
            Op::Splice {
                ref field,
                at: place,
                delete,
                ref insert,
            } => {
                let now = texts
                    .get(field)
                    .map_or_else(|| at.text(field.as_str()), String::as_str);
                let after = spliced(now, place, delete, insert);
                texts.insert(field.clone(), after);
                out.push(op);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(from: &str, op: &Op) -> String {
        let Op::Splice {
            at, delete, insert, ..
        } = op
        else {
            panic!("no splice");
        };
        let chars: Vec<char> = from.chars().collect();
        let (at, end) = (*at as usize, (*at + *delete) as usize);
        let mut out: String = chars[..at].iter().collect();
        out.push_str(insert);
        out.extend(&chars[end..]);
        out
    }

    #[test]
    fn a_splice_between_two_texts_makes_the_second_and_touches_only_what_differs() {
        let key = FieldKey::new("notes").unwrap();
        for (from, to, touched) in [
            ("", "老人独居", 4),
            ("老人独居", "", 4),
            ("老人独居,电灯坏", "老人独居,水管坏", 4),
            ("aaaa", "aaaaa", 1),
            ("aaaaa", "aaaa", 1),
            ("abcab", "abab", 1),
            ("😀😀", "😀x😀", 1),
            ("ab", "ba", 4),
        ] {
            let op = splice_between(key.clone(), from, to).unwrap();
            assert_eq!(apply(from, &op), to, "{from} -> {to}");
            let Op::Splice { delete, insert, .. } = &op else {
                unreachable!()
            };
            let n = *delete as usize + insert.chars().count();
            assert!(n <= touched, "{from} -> {to} touches {n}");
        }
        assert_eq!(splice_between(key, "same", "same"), None);
    }
}
