//! The direct way: an edit made at the record's heads changes the row by itself.
//!
//! It must give what automerge gives for the same history; `tests/` compares the two on random
//! histories. The one rule worth knowing: setting the value that is already shown makes no new
//! value in automerge, it only takes the other candidates away; so the provenance stays.

use crate::edit::{Op, Value};
use crate::entry::Entry;
use crate::ids::EntryRef;
use crate::view::{Candidate, Cell, GroupItem, PartState, TransitionMade};

impl PartState {
    /// Whether an entry made at these heads can be applied directly.
    #[must_use]
    pub fn is_at_heads(&self, deps: &[EntryRef]) -> bool {
        self.heads == deps
    }

    /// Applies an entry made at exactly the present heads.
    ///
    /// Operations that do not fit (a splice past the end, a kind of container that is not there)
    /// change nothing: admission keeps them out, and a replica must never stop on one.
    pub fn apply(&mut self, entry: &Entry) {
        let by = entry.id();
        for (index, op) in entry.ops().iter().enumerate() {
            self.apply_op(op, by, index);
        }
        self.close_entry(entry);
    }

    /// Ends the direct application of an entry: it is the one head now.
    pub(crate) fn close_entry(&mut self, entry: &Entry) {
        self.heads.clear();
        self.heads.push(entry.id());
        if entry.ops().iter().any(Op::decides) {
            // Whoever decides at the heads has seen all that was written beside other decisions.
            self.beside.clear();
        }
        self.count(entry);
    }

    /// Counts an entry that was folded in by either way.
    pub(crate) fn count(&mut self, entry: &Entry) {
        self.entries += 1;
        self.ops = self
            .ops
            .saturating_add(u32::try_from(entry.ops().len()).unwrap_or(u32::MAX));
        self.form_version = self.form_version.max(entry.header.form_version);
        self.weight = entry
            .ops()
            .iter()
            .fold(self.weight, |sum, op| sum.saturating_add(op.weight()));
        let newest = self.authors.entry(entry.incarnation).or_default();
        *newest = entry.header.seq.max(*newest);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of operation")]
    pub(crate) fn apply_op(&mut self, op: &Op, by: EntryRef, index: usize) {
        match op {
            Op::Set { field, value } => {
                let cell = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Register(Vec::new()));
                if let Cell::Register(candidates) = cell {
                    set(candidates, value, by);
                }
            }
            Op::Unset { field } => {
                if matches!(self.fields.get(field), Some(Cell::Register(_))) {
                    self.fields.remove(field);
                }
            }
            Op::Splice {
                field,
                at,
                delete,
                insert,
            } => {
                let cell = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Text {
                        text: String::new(),
                        by: Vec::new(),
                        sides: Vec::new(),
                    });
                if let Cell::Text {
                    text,
                    by: touched,
                    sides,
                } = cell
                {
                    splice(text, *at as usize, *delete as usize, insert);
                    *touched = vec![by];
                    // Whoever changes it at the heads has seen all sides of it.
                    sides.clear();
                }
            }
            Op::Choose { field, choice } => {
                if let Cell::Choices(map) = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Choices(Default::default()))
                {
                    map.insert(choice.clone(), by);
                }
            }
            Op::Unchoose { field, choice } => {
                if let Cell::Choices(map) = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Choices(Default::default()))
                {
                    map.remove(choice);
                }
            }
            Op::ItemAdd { field, item }
            | Op::ItemRemove { field, item }
            | Op::ItemSet { field, item, .. }
            | Op::ItemUnset { field, item, .. } => {
                let cell = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Group(Default::default()));
                if let Cell::Group(items) = cell {
                    if matches!(op, Op::ItemRemove { .. } | Op::ItemUnset { .. })
                        && !items.contains_key(item)
                    {
                        return;
                    }
                    apply_item(items.entry(item.clone()).or_default(), op, by);
                    items.retain(|_, item| item.present || !item.members.is_empty());
                }
            }
            Op::Count { field, by: step } => {
                let cell = self
                    .fields
                    .entry(field.clone())
                    .or_insert_with(|| Cell::Counter {
                        value: 0,
                        by: Vec::new(),
                    });
                if let Cell::Counter { value, by: touched } = cell {
                    *value = value.saturating_add(*step);
                    *touched = vec![by];
                }
            }
            Op::Transition { action, note } => {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let place = self
                    .transitions
                    .partition_point(|t| (t.by, t.index) < (by, index));
                // Made after all others that are here; after one of its own edit, after that alone.
                let after = match place.checked_sub(1).map(|i| &self.transitions[i]) {
                    Some(own) if own.by == by => vec![(by, own.index)],
                    _ => self.transition_tips(),
                };
                let made = TransitionMade {
                    by,
                    index,
                    action: action.clone(),
                    note: note.clone(),
                    after,
                };
                self.transitions.insert(place, made);
            }
            Op::Delete => set(&mut self.deleted, &Value::Boolean(true), by),
            Op::Restore => set(&mut self.deleted, &Value::Boolean(false), by),
        }
    }

    /// The transitions that no other was made after, sorted.
    #[must_use]
    pub fn transition_tips(&self) -> Vec<(EntryRef, u32)> {
        tips(&self.transitions)
    }
}

/// The transitions that no other was made after, sorted.
pub(crate) fn tips(transitions: &[TransitionMade]) -> Vec<(EntryRef, u32)> {
    let mut covered: Vec<(EntryRef, u32)> = transitions
        .iter()
        .flat_map(|t| t.after.iter().copied())
        .collect();
    covered.sort_unstable();
    let mut tips: Vec<_> = transitions
        .iter()
        .map(|t| (t.by, t.index))
        .filter(|t| covered.binary_search(t).is_err())
        .collect();
    tips.sort_unstable();
    tips
}

fn set(candidates: &mut Vec<Candidate>, value: &Value, by: EntryRef) {
    if candidates
        .first()
        .is_some_and(|shown| shown.value == *value)
    {
        candidates.truncate(1);
        return;
    }
    candidates.clear();
    candidates.push(Candidate {
        value: value.clone(),
        by,
    });
}

fn apply_item(item: &mut GroupItem, op: &Op, by: EntryRef) {
    match op {
        Op::ItemAdd { .. } => item.present = true,
        Op::ItemRemove { .. } => item.present = false,
        Op::ItemSet { member, value, .. } => {
            item.present = true;
            set(item.members.entry(member.clone()).or_default(), value, by);
        }
        Op::ItemUnset { member, .. } => {
            item.members.remove(member);
        }
        Op::Set { .. }
        | Op::Unset { .. }
        | Op::Splice { .. }
        | Op::Choose { .. }
        | Op::Unchoose { .. }
        | Op::Count { .. }
        | Op::Transition { .. }
        | Op::Delete
        | Op::Restore => {}
    }
}

/// Replaces `delete` scalar values at `at`; out of range changes nothing.
fn splice(text: &mut String, at: usize, delete: usize, insert: &str) {
    let Some(start) = char_offset(text, at) else {
        return;
    };
    let Some(length) = char_offset(&text[start..], delete) else {
        return;
    };
    text.replace_range(start..start + length, insert);
}

/// The byte offset of the `n`th scalar value; the end counts, past it is `None`.
pub(crate) fn char_offset(text: &str, n: usize) -> Option<usize> {
    if text.is_ascii() {
        return (n <= text.len()).then_some(n);
    }
    text.char_indices()
        .map(|(i, _)| i)
        .chain(std::iter::once(text.len()))
        .nth(n)
}
