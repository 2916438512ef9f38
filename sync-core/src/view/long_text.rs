//! Long texts: how a text that somebody gives whole becomes the operation that says so.
//!
//! What changes a part of what was there is the smallest splice, so that what others type meanwhile
//! stays. What keeps little of it is the text set whole: a splice in place of all there was, which
//! every replica tells by that, and which is a side of its own beside whatever else was done.

use std::collections::BTreeMap;

use crate::edit::{Op, Value};
use crate::ids::FieldKey;
use crate::schema::{FieldType, Form};
use crate::view::Cell;

/// The operation by which a long text reads like `to`; none when it does.
#[must_use]
pub fn set_text(field: FieldKey, cell: Option<&Cell>, to: &str) -> Option<Op> {
    match cell {
        Some(Cell::Text { text, sides, .. }) if !sides.is_empty() => Some(whole(field, text, to)),
        Some(Cell::Text { text, .. }) => between(field, text, to),
        _ => between(field, "", to),
    }
}

/// The text set in place of all there was.
fn whole(field: FieldKey, from: &str, to: &str) -> Op {
    Op::Splice {
        field,
        at: 0,
        delete: u32::try_from(from.chars().count()).unwrap_or(u32::MAX),
        insert: to.to_owned(),
    }
}

/// The smallest splice that makes `from` read like `to`, or the whole when it keeps less than half.
fn between(field: FieldKey, from: &str, to: &str) -> Option<Op> {
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
    if 2 * (head + tail) < old {
        return Some(whole(field, from, to));
    }
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

/// Writes what is meant for the text that is shown as what the rules take: each `Set` of a long
/// text as [`set_text`] has it, and a splice of a text in several sides as the shown side set whole,
/// with the change in it.
#[must_use]
pub fn as_splices<'a>(
    form: &Form,
    held: impl Fn(&FieldKey) -> Option<&'a Cell>,
    ops: Vec<Op>,
) -> Vec<Op> {
    let is_long = |key: &FieldKey| {
        form.field(key.as_str())
            .is_some_and(|f| matches!(f.kind, FieldType::LongText { .. }))
    };
    // Texts as the operations before left them; then of one piece.
    let mut texts: BTreeMap<FieldKey, String> = BTreeMap::new();
    let mut out = Vec::with_capacity(ops.len());
    for op in ops {
        match op {
            Op::Set {
                field,
                value: Value::Text(text),
            } if is_long(&field) => {
                out.extend(match texts.get(&field) {
                    Some(now) => between(field.clone(), now, &text),
                    None => set_text(field.clone(), held(&field), &text),
                });
                texts.insert(field, text);
            }
            Op::Splice {
                ref field,
                at: place,
                delete,
                ref insert,
            } => {
                let cell = held(field);
                let now = match texts.get(field) {
                    Some(now) => now,
                    None => cell.map_or("", Cell::shown_text),
                };
                let fits = (place as usize).saturating_add(delete as usize) <= now.chars().count();
                let after = spliced(now, place, delete, insert);
                match cell {
                    Some(Cell::Text { text, sides, .. })
                        if fits && !sides.is_empty() && !texts.contains_key(field) =>
                    {
                        out.push(whole(field.clone(), text, &after));
                    }
                    _ => out.push(op.clone()),
                }
                texts.insert(field.clone(), after);
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
            let op = between(key.clone(), from, to).unwrap();
            assert_eq!(apply(from, &op), to, "{from} -> {to}");
            let Op::Splice { delete, insert, .. } = &op else {
                unreachable!()
            };
            let n = *delete as usize + insert.chars().count();
            assert!(n <= touched, "{from} -> {to} touches {n}");
        }
        assert_eq!(between(key, "same", "same"), None);
    }

    #[test]
    fn a_text_that_keeps_less_than_half_is_set_whole() {
        let key = FieldKey::new("notes").unwrap();
        for (from, to, is_whole) in [
            ("灯不亮。", "电梯停了。", true),
            ("灯不亮。", "灯不亮。已报修。", false),
            ("灯不亮。", "三楼灯不亮。", false),
            ("abcd", "abxy", false),
            ("abcd", "axyz", true),
        ] {
            let op = between(key.clone(), from, to).unwrap();
            let all = u32::try_from(from.chars().count()).unwrap();
            let whole = matches!(op, Op::Splice { at: 0, delete, .. } if delete == all);
            assert_eq!(whole, is_whole, "{from} -> {to}");
            assert_eq!(apply(from, &op), to);
        }
    }

    #[test]
    fn what_is_typed_into_a_text_of_two_sides_goes_into_the_one_that_is_shown() {
        let key = FieldKey::new("notes").unwrap();
        let by = crate::ids::EntryRef {
            incarnation: crate::ids::IncarnationId::from_bytes([1; 16]),
            seq: 1,
        };
        let side = |text: &str| crate::view::Candidate {
            value: Value::Text(text.to_owned()),
            by,
        };
        let cell = Cell::Text {
            text: "电梯停了水管漏水".to_owned(),
            by: vec![by],
            sides: vec![side("电梯停了"), side("水管漏水")],
        };
        let form = crate::schema::builtin_forms().unwrap().remove(0);
        let splice = |at, insert: &str| Op::Splice {
            field: key.clone(),
            at,
            delete: 0,
            insert: insert.to_owned(),
        };
        let ops = vec![splice(4, "三天"), splice(6, "了")];
        assert_eq!(
            as_splices(&form, |_| Some(&cell), ops),
            vec![
                whole(key.clone(), "电梯停了水管漏水", "电梯停了三天"),
                splice(6, "了")
            ]
        );
    }
}
