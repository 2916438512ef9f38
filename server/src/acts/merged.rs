//! Merging a duplicate: what the record that stays gets from the one that goes on in it (`acts/moved.rs`).
//!
//! What enters: both records, and the fields in which the one that goes stands. What leaves: edits of the one that
//! stays, and the fields that it does not have from the other. What never happens here: a value that somebody wrote
//! replaced by another without being named.

use std::collections::BTreeSet;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Author, RefusalCode};
use gridfold_sync_core::ids::{FieldKey, RecordId, SensitivityClass, UserId};
use gridfold_sync_core::schema::{FieldMeaning, Form, Role, check_op};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Cell, PartState, as_splices};

use super::copied::{Original, Piece, cut, refused, shown, whole_text};
use crate::admit::Parts;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views::{ReadScope, StoredRecord};
use crate::words::{Said, said};

/// What the record that stays gets.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) pieces: Vec<Piece>,
    pub(super) not_taken: Vec<FieldKey>,
}

pub(super) fn conflict(said: Said) -> Problem {
    Problem::new(Code::Conflict).because_in(said)
}

/// Whether somebody may read all that a record has.
pub(super) fn reads_all(
    directory: &Directory,
    (user, now): (UserId, Timestamp),
    stored: &StoredRecord,
) -> bool {
    let readable = directory.readable(user, &stored.row.grid, now);
    let mut parts = stored.parts.iter();
    parts.all(|(class, _)| readable.contains(class))
}

/// The record that stays, if this one can be merged into it.
pub(super) fn other(
    node: &Node,
    directory: &Directory,
    (author, now): (Author, Timestamp),
    stored: &StoredRecord,
    into: RecordId,
) -> Answer<StoredRecord> {
    if into == stored.row.record {
        return Err(conflict(said!("merge_of_itself")));
    }
    let other = node
        .views
        .record(&into, &ReadScope::all())?
        .filter(|other| {
            !directory
                .readable(author.user, &other.row.grid, now)
                .is_empty()
        })
        .ok_or_else(Problem::not_found)?;
    if other.row.form != stored.row.form {
        return Err(conflict(said!("merge_other_form")));
    }
    if other.row.deleted || directory.moved_record(&into).is_some() {
        return Err(conflict(said!("merge_into_deleted")));
    }
    // What would be named as not taken, or replaced, they must have seen.
    match reads_all(directory, (author.user, now), &other) {
        true => Ok(other),
        false => Err(Problem::new(Code::Forbidden).because_in(said!("merge_not_all_readable"))),
    }
}

fn is_empty(cell: &Cell) -> bool {
    match cell {
        Cell::Register(held) => held.is_empty(),
        Cell::Text { .. } => cell.shown_text().is_empty(),
        Cell::Choices(chosen) => chosen.is_empty(),
        Cell::Group(items) => !items.values().any(|item| item.present),
        Cell::Counter { value, .. } => *value == 0,
    }
}

/// Whether both read the same.
fn is_same(one: &Cell, other: &Cell) -> bool {
    match (one, other) {
        (Cell::Register(one), Cell::Register(other)) => shown(one) == shown(other),
        (Cell::Text { .. }, Cell::Text { .. }) => one.shown_text() == other.shown_text(),
        _ => false,
    }
}

/// What is wanted of one field of the record that stays; nothing when its own value stands.
fn wanted_of(
    original: &Original<'_>,
    (key, cell): (&FieldKey, &Cell),
    own: Option<&Cell>,
    is_named: bool,
) -> Answer<Option<Vec<Op>>> {
    let mut ops = original.of_cell(key, cell)?;
    Ok(match (cell, own) {
        // What was counted in one place and in the other, and what was chosen in either, holds together.
        (Cell::Counter { .. }, _) => Some(ops),
        (Cell::Choices(_), own) => {
            if let Some(Cell::Choices(chosen)) = own {
                ops.retain(
                    |op| !matches!(op, Op::Choose { choice, .. } if chosen.contains_key(choice)),
                );
            }
            Some(ops)
        }
        (_, None) => Some(ops),
        (_, Some(own)) if is_empty(own) || is_named => Some(ops),
        (_, Some(own)) if is_same(cell, own) => Some(Vec::new()),
        _ => None,
    })
}

/// The edits by which one record gets what it lacks of another, and what is named of it.
///
/// # Errors
/// When values of the one that goes stand side by side, or a field that is named may not be written.
pub(super) fn fill(
    original: &Original<'_>,
    into: &Parts,
    roles: &[Role],
    named: &BTreeSet<FieldKey>,
) -> Answer<Filled> {
    let form = original
        .forms
        .latest(original.form)
        .ok_or_else(|| refused(RefusalCode::UnknownForm, original.form.as_str()))?;
    original.settled(form)?;
    if let Some(unknown) = named.iter().find(|key| form.field(key.as_str()).is_none()) {
        return Err(refused(
            RefusalCode::UnknownField,
            &format!("field {unknown}"),
        ));
    }
    let empty = PartState::new(original.form.clone());
    let own = |class: SensitivityClass, key: &FieldKey| {
        let part = into.iter().find(|(of, _)| *of == class);
        part.and_then(|(_, part)| part.fields.get(key))
    };
    let (mut out, mut all) = (Filled::default(), Vec::new());
    for (class, part) in original.parts {
        for (key, cell) in part.fields.iter().filter(|(_, cell)| !is_empty(cell)) {
            let is_named = named.contains(key);
            let field = form.field(key.as_str());
            if field.is_none_or(|field| form.class_of(field) != *class) {
                out.not_taken.push(key.clone());
                continue;
            }
            // A number stays with the record that it was made with, and leads on from there.
            let is_receipt = field.is_some_and(|f| f.meaning() == Some(FieldMeaning::Receipt));
            if is_receipt && !is_named {
                continue;
            }
            let Some(ops) = wanted_of(original, (key, cell), own(*class, key), is_named)? else {
                out.not_taken.push(key.clone());
                continue;
            };
            let whole = whole_text(key, cell);
            let mut checked = whole.iter().chain(ops.iter().filter(|_| whole.is_none()));
            let why = checked.find_map(|op| check_op(form, *class, roles, &empty, op).err());
            match why {
                None => all.extend(in_place(form, (key, cell), own(*class, key), ops)),
                Some(code) if is_named => return Err(refused(code, &format!("field {key}"))),
                Some(_) => out.not_taken.push(key.clone()),
            }
        }
    }
    if !all.is_empty() {
        cut(form.version, all, &mut out.pieces);
    }
    Ok(out)
}

/// A long text comes whole in place of another.
fn in_place(
    form: &Form,
    (key, cell): (&FieldKey, &Cell),
    own: Option<&Cell>,
    ops: Vec<Op>,
) -> Vec<Op> {
    let is_text = matches!(cell, Cell::Text { .. });
    if ops.is_empty() || !is_text || own.is_none_or(is_empty) {
        return ops;
    }
    let whole = Op::Set {
        field: key.clone(),
        value: Value::Text(cell.shown_text().to_owned()),
    };
    as_splices(form, |_| own, vec![whole])
}
