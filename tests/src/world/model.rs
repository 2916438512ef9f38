//! The reference: what a record must hold, worked out from the admitted edits and from who knew
//! what when they made them. No merge engine; only sets of edits and "was made after".

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::EntryRef;
use gridfold_sync_core::lifecycle::Lifecycle;
use gridfold_sync_core::view::{Candidate, Cell, PartState};

use super::steps::{Step, Steps};

/// One record in one class: its admitted edits in the order of the log.
#[derive(Default)]
pub(super) struct Reference {
    edits: Vec<Entry>,
    place: BTreeMap<EntryRef, usize>,
    /// Everything an edit was made after.
    past: Vec<BTreeSet<usize>>,
}

/// One write of a place that holds values: by which edit, and what; none empties it.
struct Write {
    edit: usize,
    value: Option<Value>,
}

impl Reference {
    /// Takes the next admitted edit in.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), String> {
        let mut past = BTreeSet::new();
        for dep in entry.header.deps() {
            let at = *self
                .place
                .get(dep)
                .ok_or_else(|| format!("{} was admitted without its head {dep}", entry.id()))?;
            past.insert(at);
            past.extend(&self.past[at]);
        }
        let at = self.edits.len();
        if self.place.insert(entry.id(), at).is_some() {
            return Err(format!("{} is in the log twice", entry.id()));
        }
        self.edits.push(entry.clone());
        self.past.push(past);
        Ok(())
    }

    fn after(&self, newer: usize, older: usize) -> bool {
        self.past[newer].contains(&older)
    }

    /// The last word of each edit on one place.
    fn writes(&self, of: impl Fn(&Op) -> Option<Option<Value>>) -> Vec<Write> {
        let mut out = Vec::new();
        for (edit, entry) in self.edits.iter().enumerate() {
            if let Some(value) = entry.ops().iter().filter_map(&of).next_back() {
                out.push(Write { edit, value });
            }
        }
        out
    }

    /// Writes that no other write was made after.
    fn newest<'a>(&self, writes: &'a [Write]) -> Vec<&'a Write> {
        writes
            .iter()
            .filter(|w| !writes.iter().any(|o| self.after(o.edit, w.edit)))
            .collect()
    }

    /// What is shown must be the values of the newest writes. A write of what its author already
    /// saw there says nothing new, and may go with what it repeated.
    fn check_values(
        &self,
        place: &str,
        shown: &[Candidate],
        of: impl Fn(&Op) -> Option<Option<Value>>,
    ) -> Result<(), String> {
        let writes = self.writes(&of);
        let newest = self.newest(&writes);
        for candidate in shown {
            if !newest
                .iter()
                .any(|w| w.value.as_ref() == Some(&candidate.value))
            {
                return Err(format!("{place} shows {candidate:?}, which was replaced"));
            }
        }
        for write in newest {
            let Some(value) = &write.value else { continue };
            let repeats = writes
                .iter()
                .any(|o| self.after(write.edit, o.edit) && o.value.as_ref() == Some(value))
                || self.edits[write.edit].ops().iter().filter_map(&of).count() > 1;
            if !repeats && !shown.iter().any(|c| c.value == *value) {
                let by = self.edits[write.edit].id();
                return Err(format!("{place} hides {value:?} of {by}"));
            }
        }
        Ok(())
    }

    /// Whether something put there stays: some putting of it that no taking away was made after.
    fn stays(&self, of: impl Fn(&Op) -> Option<bool>) -> bool {
        let writes = self.writes(|op| of(op).map(|put| put.then_some(Value::Boolean(true))));
        writes.iter().any(|w| {
            w.value.is_some()
                && !writes
                    .iter()
                    .any(|o| o.value.is_none() && self.after(o.edit, w.edit))
        })
    }

    fn all_ops(&self) -> impl Iterator<Item = &Op> {
        self.edits.iter().flat_map(|e| e.ops())
    }

    fn check_text(&self, field: &str, text: &str) -> Result<(), String> {
        let splices: Vec<_> = self
            .all_ops()
            .filter_map(|op| match op {
                Op::Splice {
                    field: f,
                    at,
                    delete,
                    insert,
                } if f.as_str() == field => Some((*at as usize, *delete as usize, insert)),
                _ => None,
            })
            .collect();
        let linear = (1..self.edits.len()).all(|i| self.past[i].len() == i);
        let wrong = |want: &str| Err(format!("{field} holds {text:?} and not {want:?}"));
        if linear {
            let mut chars: Vec<char> = Vec::new();
            for (at, delete, insert) in splices {
                chars.splice(at..at + delete, insert.chars());
            }
            let want: String = chars.into_iter().collect();
            return if want == text { Ok(()) } else { wrong(&want) };
        }
        let sorted = |text: String| {
            let mut chars: Vec<char> = text.chars().collect();
            chars.sort_unstable();
            chars
        };
        let typed: String = splices.iter().map(|(.., insert)| insert.as_str()).collect();
        if splices.iter().all(|(_, delete, _)| *delete == 0) {
            if sorted(typed.clone()) == sorted(text.to_owned()) {
                return Ok(());
            }
            return wrong(&typed);
        }
        let deleted: usize = splices.iter().map(|(_, delete, _)| delete).sum();
        let (length, most) = (text.chars().count(), typed.chars().count());
        // Two may delete the same letters: at least what is left of all deletions, at most all.
        if length <= most && length + deleted >= most {
            return Ok(());
        }
        wrong(&typed)
    }

    fn check_field(&self, field: &str, cell: Option<&Cell>) -> Result<(), String> {
        let is = |f: &gridfold_sync_core::ids::FieldKey| f.as_str() == field;
        match cell {
            Some(Cell::Text { text, .. }) => self.check_text(field, text),
            Some(Cell::Counter { value, .. }) => {
                let sum: i64 = self
                    .all_ops()
                    .filter_map(|op| match op {
                        Op::Count { field: f, by } if is(f) => Some(*by),
                        _ => None,
                    })
                    .sum();
                if sum == *value {
                    return Ok(());
                }
                Err(format!("{field} counts {value}; the edits add up to {sum}"))
            }
            Some(Cell::Choices(held)) => {
                let named: BTreeSet<_> = self
                    .all_ops()
                    .filter_map(|op| match op {
                        Op::Choose { field: f, choice } | Op::Unchoose { field: f, choice }
                            if is(f) =>
                        {
                            Some(choice)
                        }
                        _ => None,
                    })
                    .collect();
                for choice in named {
                    let want = self.stays(|op| match op {
                        Op::Choose {
                            field: f,
                            choice: c,
                        } if is(f) && c == choice => Some(true),
                        Op::Unchoose {
                            field: f,
                            choice: c,
                        } if is(f) && c == choice => Some(false),
                        _ => None,
                    });
                    if want != held.contains_key(choice) {
                        return Err(format!("{field}: {choice} should be chosen: {want}"));
                    }
                }
                Ok(())
            }
            Some(Cell::Group(_)) => self.check_group(field, cell),
            None if self.all_ops().any(|op| {
                op.field().is_some_and(is) && !matches!(op, Op::Set { .. } | Op::Unset { .. })
            }) =>
            {
                Err(format!("{field} is gone"))
            }
            Some(Cell::Register(_)) | None => {
                let shown = match cell {
                    Some(Cell::Register(shown)) => shown.as_slice(),
                    _ => &[],
                };
                self.check_values(field, shown, |op| match op {
                    Op::Set { field: f, value } if is(f) => Some(Some(value.clone())),
                    Op::Unset { field: f } if is(f) => Some(None),
                    _ => None,
                })
            }
        }
    }

    fn check_group(&self, field: &str, cell: Option<&Cell>) -> Result<(), String> {
        let Some(Cell::Group(held)) = cell else {
            return Ok(());
        };
        let is = |f: &gridfold_sync_core::ids::FieldKey| f.as_str() == field;
        let mut members = BTreeSet::new();
        let mut items = BTreeSet::new();
        for op in self.all_ops() {
            match op {
                Op::ItemSet {
                    field: f,
                    item,
                    member,
                    ..
                } if is(f) => {
                    items.insert(item);
                    members.insert((item, member));
                }
                Op::ItemAdd { field: f, item } if is(f) => {
                    items.insert(item);
                }
                _ => {}
            }
        }
        for item in items {
            let want = self.stays(|op| match op {
                Op::ItemAdd { field: f, item: i }
                | Op::ItemSet {
                    field: f, item: i, ..
                } if is(f) && i == item => Some(true),
                Op::ItemRemove { field: f, item: i } if is(f) && i == item => Some(false),
                _ => None,
            });
            if want != held.get(item).is_some_and(|i| i.present) {
                return Err(format!("{field}: item {item} should be there: {want}"));
            }
        }
        for (item, member) in members {
            let shown = held.get(item).and_then(|i| i.members.get(member));
            let place = format!("{field}/{item}/{member}");
            self.check_values(&place, shown.map_or(&[], Vec::as_slice), |op| match op {
                Op::ItemSet {
                    field: f,
                    item: i,
                    member: m,
                    value,
                } if is(f) && i == item && m == member => Some(Some(value.clone())),
                Op::ItemUnset {
                    field: f,
                    item: i,
                    member: m,
                } if is(f) && i == item && m == member => Some(None),
                _ => None,
            })?;
        }
        Ok(())
    }

    /// Holds where a row stands against the steps that were taken.
    pub(super) fn check_status(&self, table: &Lifecycle, part: &PartState) -> Result<(), String> {
        let mut steps: Vec<Step> = Vec::new();
        let mut of: Vec<usize> = Vec::new();
        for (edit, entry) in self.edits.iter().enumerate() {
            for (index, op) in (0..).zip(entry.ops()) {
                if let Op::Transition { action, .. } = op {
                    let knew = |s: &usize| of[*s] == edit || self.after(edit, of[*s]);
                    steps.push(Step {
                        by: entry.id(),
                        index,
                        action: action.clone(),
                        past: (0..steps.len()).filter(knew).collect(),
                    });
                    of.push(edit);
                }
            }
        }
        let want = Steps::new(table, steps).end();
        let fold = table.fold(part);
        let mut sides: Vec<String> = fold.tips.iter().map(|t| t.status.to_string()).collect();
        sides.sort();
        let have = (fold.status.to_string(), sides);
        if want != have {
            return Err(format!("stands at {have:?} and not at {want:?}"));
        }
        Ok(())
    }

    /// Holds a row against the edits.
    pub(super) fn check(&self, part: &PartState) -> Result<(), String> {
        if part.entries as usize != self.edits.len() {
            let (a, b) = (part.entries, self.edits.len());
            return Err(format!("the row has {a} entries, the log {b}"));
        }
        let mut heads: Vec<EntryRef> = (0..self.edits.len())
            .filter(|&e| !(0..self.edits.len()).any(|o| self.after(o, e)))
            .map(|e| self.edits[e].id())
            .collect();
        heads.sort_unstable();
        if heads != part.heads {
            return Err(format!("heads are {:?} and not {heads:?}", part.heads));
        }
        let fields: BTreeSet<&str> = self
            .all_ops()
            .filter_map(|op| op.field().map(|f| f.as_str()))
            .chain(part.fields.keys().map(|f| f.as_str()))
            .collect();
        for field in fields {
            self.check_field(field, part.fields.get(field))?;
        }
        self.check_values("deleted", &part.deleted, |op| match op {
            Op::Delete => Some(Some(Value::Boolean(true))),
            Op::Restore => Some(Some(Value::Boolean(false))),
            _ => None,
        })?;
        let mut made: Vec<(EntryRef, u32, String)> = Vec::new();
        for entry in &self.edits {
            for (index, op) in entry.ops().iter().enumerate() {
                if let Op::Transition { action, .. } = op {
                    made.push((
                        entry.id(),
                        u32::try_from(index).unwrap(),
                        action.to_string(),
                    ));
                }
            }
        }
        made.sort();
        let held: Vec<_> = part
            .transitions
            .iter()
            .map(|t| (t.by, t.index, t.action.to_string()))
            .collect();
        if made != held {
            return Err(format!("transitions are {held:?} and not {made:?}"));
        }
        Ok(())
    }
}
