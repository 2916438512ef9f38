//! A record written again as a new one: the operations that make it read the same.
//!
//! What enters: a record's parts, and the roles of whoever writes it again. What leaves: edits, each
//! with the version of the form that it is valid under. What never happens here: a choice between
//! values that stand side by side, or anything left out unsaid; what cannot be written again is a problem.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::edit::{Op, Value, encode_payload};
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::{
    ActionKey, EntryRef, FieldKey, FormCode, RecordId, SensitivityClass,
};
use gridfold_sync_core::lifecycle::{Lifecycle, Transition};
use gridfold_sync_core::limits::{MAX_COUNTER_STEP, MAX_OPS_PER_EDIT, MAX_TRANSITIONS_PER_EDIT};
use gridfold_sync_core::schema::{
    FieldMeaning, FieldType, Form, FormSet, Role, StepMeaning, check_op,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Candidate, Cell, PartState, RecordView, TransitionMade};

use crate::admit::Parts;
use crate::problem::{Answer, Code, Problem};

/// Bytes of operations in one edit: well under what one may have.
const EDIT_BYTES: usize = 48 << 10;
/// Characters of a long text in one operation.
const TEXT_CHARS: usize = 4_000;
/// Steps that are made again one by one; of more the shortest way is taken.
const MAX_STEPS: usize = 64;
/// Steps of a counter that are made again.
const MAX_COUNTS: u64 = 500;

/// The record that is written again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Original<'a> {
    /// The forms there are.
    pub(crate) forms: &'a FormSet,
    /// Its form.
    pub(crate) form: &'a FormCode,
    /// All its parts.
    pub(crate) parts: &'a Parts,
    /// When its work was closed.
    pub(crate) closed: Option<Timestamp>,
    /// When it is due, where that is later than its field says: it stood suspended, which the new record did not.
    pub(crate) due: Option<Timestamp>,
}

/// An edit of the new record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    /// The version of the form that it is valid under.
    pub(crate) version: u32,
    /// What it does.
    pub(crate) ops: Vec<Op>,
}

/// A refusal of which nothing is kept, since nothing was written, with what it is about.
pub(super) fn refused(code: RefusalCode, what: &str) -> Problem {
    Problem::from(code).unkept().because(what)
}

impl<'a> Original<'a> {
    /// The edits that make a new record like it, by somebody with these roles.
    ///
    /// # Errors
    /// When values or steps stand side by side, or somebody with these roles may not write all of it.
    pub(crate) fn pieces(&self, roles: &[Role]) -> Answer<Vec<Piece>> {
        let version = self.parts.iter().map(|(_, part)| part.form_version).max();
        let form = self
            .forms
            .to_read(self.form, version.unwrap_or(1))
            .ok_or_else(|| refused(RefusalCode::UnknownForm, self.form.as_str()))?;
        let view = self.settled(form)?;
        let mut by_version: BTreeMap<u32, Vec<Op>> = BTreeMap::new();
        for (class, part) in self.parts {
            for (key, cell) in &part.fields {
                let ops = self.of_cell(key, cell)?;
                if let Some(first) = ops.first() {
                    let whole = whole_text(key, cell);
                    let told = whole.as_ref().unwrap_or(first);
                    let version = self.version_for(roles, *class, told, &ops)?;
                    by_version.entry(version).or_default().extend(ops);
                }
            }
        }
        if let (Some(at), Some(field)) = (self.due, form.field_for(FieldMeaning::Due)) {
            let ops = by_version.values_mut().flatten();
            for op in ops {
                match op {
                    Op::Set { field: of, value } if *of == field.key => {
                        *value = Value::DateTime(at)
                    }
                    _ => {}
                }
            }
        }
        let steps = self.steps(form, &view, roles)?;
        if let Some(at) = self.closed
            && let Some(op) = closed_then(form, &view, at)
            && let Ok(version) = self.version_for(roles, form.class, &op, &[])
        {
            by_version.entry(version).or_default().push(op);
        }
        let mut pieces = Vec::new();
        // The number of a receipt is made with a record, so it comes before anything else.
        pieces.extend(self.receipt(form, &mut by_version));
        // The newest first: it is the one that names the record.
        for (version, ops) in by_version.into_iter().rev() {
            cut(version, ops, &mut pieces);
        }
        for steps in steps.chunks(MAX_TRANSITIONS_PER_EDIT) {
            pieces.push(Piece {
                version: form.version,
                ops: steps.to_vec(),
            });
        }
        if pieces.is_empty() {
            return Err(refused(
                RefusalCode::Empty,
                "the record has no value at all",
            ));
        }
        Ok(pieces)
    }

    /// The edit that makes the number of the receipt, taken out of what else is written.
    fn receipt(&self, form: &Form, by_version: &mut BTreeMap<u32, Vec<Op>>) -> Option<Piece> {
        let field = &form.field_for(FieldMeaning::Receipt)?.key;
        by_version.iter_mut().find_map(|(version, ops)| {
            let at = ops.iter().position(|op| op.field() == Some(field))?;
            let ops = vec![ops.remove(at)];
            let version = *version;
            Some(Piece { version, ops })
        })
    }

    /// The record as it reads, when nothing of it waits to be chosen.
    pub(super) fn settled(&self, form: &'a Form) -> Answer<RecordView<'a>> {
        let parts = self.parts.iter();
        let view = RecordView {
            record: RecordId::from_bytes([0; 16]),
            form,
            parts: parts.map(|(class, part)| (*class, part)).collect(),
        };
        match view.conflict_count() {
            0 => Ok(view),
            _ => Err(Problem::new(Code::Unsettled)),
        }
    }

    fn versions(&self) -> impl Iterator<Item = &'a Form> {
        let (forms, code) = (self.forms, self.form);
        let mut versions: Vec<&'a Form> = forms
            .iter()
            .map(|f| &**f)
            .filter(|f| f.code == *code)
            .collect();
        versions.sort_by_key(|form| std::cmp::Reverse(form.version));
        versions.into_iter()
    }

    /// The newest version under which a field can be written as it is. What the newest of all does not
    /// let these roles write they do not write under an older one.
    fn version_for(
        &self,
        roles: &[Role],
        class: SensitivityClass,
        told: &Op,
        all: &[Op],
    ) -> Answer<u32> {
        let field = told.field().map_or_else(String::new, ToString::to_string);
        let empty = PartState::new(self.form.clone());
        let mut why = RefusalCode::UnknownField;
        for form in self.versions() {
            let others = all.iter().filter(|op| !matches!(op, Op::Splice { .. }));
            let checked = std::iter::once(told)
                .chain(others)
                .try_for_each(|op| check_op(form, class, roles, &empty, op));
            match checked {
                Ok(()) => return Ok(form.version),
                Err(code @ RefusalCode::NotWritable) => {
                    why = code;
                    break;
                }
                Err(code) if why == RefusalCode::UnknownField => why = code,
                Err(_) => {}
            }
        }
        Err(refused(why, &format!("field {field}")))
    }

    pub(super) fn of_cell(&self, key: &FieldKey, cell: &Cell) -> Answer<Vec<Op>> {
        let field = || key.clone();
        Ok(match cell {
            Cell::Register(candidates) => shown(candidates)
                .map(|value| Op::Set {
                    field: field(),
                    value,
                })
                .into_iter()
                .collect(),
            Cell::Text { .. } => splices(key, cell.shown_text()),
            Cell::Choices(chosen) => chosen
                .keys()
                .map(|choice| Op::Choose {
                    field: field(),
                    choice: choice.clone(),
                })
                .collect(),
            Cell::Group(items) => {
                let mut ops = Vec::new();
                for (item, held) in items.iter().filter(|(_, held)| held.present) {
                    ops.push(Op::ItemAdd {
                        field: field(),
                        item: item.clone(),
                    });
                    for (member, candidates) in &held.members {
                        ops.extend(shown(candidates).map(|value| Op::ItemSet {
                            field: field(),
                            item: item.clone(),
                            member: member.clone(),
                            value,
                        }));
                    }
                }
                ops
            }
            Cell::Counter { value, .. } => self.counts(key, *value)?,
        })
    }

    /// The steps by which a counter comes to where it is.
    fn counts(&self, key: &FieldKey, value: i64) -> Answer<Vec<Op>> {
        let most = self
            .versions()
            .find_map(|form| match form.field(key.as_str())?.kind {
                FieldType::Counter { max_step } => Some(max_step.unsigned_abs()),
                _ => None,
            });
        let most = most.unwrap_or(1).clamp(1, MAX_COUNTER_STEP.unsigned_abs());
        if value.unsigned_abs().div_ceil(most) > MAX_COUNTS {
            return Err(refused(RefusalCode::OutOfRange, &format!("field {key}")));
        }
        let step = i64::try_from(most).unwrap_or(i64::MAX);
        let (mut left, mut ops) = (value, Vec::new());
        while left != 0 {
            let by = left.clamp(-step, step);
            left -= by;
            ops.push(Op::Count {
                field: key.clone(),
                by,
            });
        }
        Ok(ops)
    }

    /// The steps that lead to the status: those that were made, or the shortest way there when these
    /// roles may not make all of them.
    fn steps(&self, form: &Form, view: &RecordView<'_>, roles: &[Role]) -> Answer<Vec<Op>> {
        let (Some(lifecycle), Some(main)) = (&form.lifecycle, view.main()) else {
            return Ok(Vec::new());
        };
        let status = lifecycle.fold(main).status;
        if let Some(made) = made_again(lifecycle, main, roles, status) {
            return Ok(made);
        }
        let may = |t: &Transition| {
            let leads_as_said =
                !matches!(t.meaning(), Some(StepMeaning::Extend | StepMeaning::Resume));
            let says_enough = !t.note_needed && leads_as_said;
            let may = says_enough && roles.iter().any(|role| t.roles.contains(role));
            may && t.lacking(main).next().is_none()
        };
        let way = lifecycle.way_to(&lifecycle.initial, status, may);
        let way = way.ok_or_else(|| {
            refused(
                RefusalCode::NotWritable,
                &format!("no steps that you may make lead to the status {status}"),
            )
        })?;
        let steps = way.into_iter().map(|step| Op::Transition {
            action: step.action.clone(),
            note: String::new(),
        });
        Ok(steps.collect())
    }
}

/// The value that is shown of a field; there is only one.
pub(super) fn shown(candidates: &[Candidate]) -> Option<Value> {
    candidates.first().map(|candidate| candidate.value.clone())
}

/// A long text as one operation: what the rules say of its length.
pub(super) fn whole_text(key: &FieldKey, cell: &Cell) -> Option<Op> {
    matches!(cell, Cell::Text { .. }).then(|| Op::Splice {
        field: key.clone(),
        at: 0,
        delete: 0,
        insert: cell.shown_text().to_owned(),
    })
}

/// A long text in parts that one edit each can hold.
fn splices(key: &FieldKey, text: &str) -> Vec<Op> {
    let chars: Vec<char> = text.chars().collect();
    let parts = chars.chunks(TEXT_CHARS).enumerate();
    parts
        .map(|(n, part)| Op::Splice {
            field: key.clone(),
            at: u32::try_from(n * TEXT_CHARS).unwrap_or(u32::MAX),
            delete: 0,
            insert: part.iter().collect(),
        })
        .collect()
}

/// When a record was closed, written down in the field that is for it when nobody did: the steps are
/// made again now, and must not say that it was closed today.
fn closed_then(form: &Form, view: &RecordView<'_>, at: Timestamp) -> Option<Op> {
    let field = form.field_for(FieldMeaning::Closed)?;
    let is_for_all = form.class_of(field) == form.class && view.value(field).is_none();
    is_for_all.then(|| Op::Set {
        field: field.key.clone(),
        value: Value::DateTime(at),
    })
}

/// The steps of a record as they were made, if they lead to the same status and these roles may make them. Those that
/// stood beside the status are taken again apart from them (`acts/asides.rs`).
fn made_again(
    lifecycle: &Lifecycle,
    main: &PartState,
    roles: &[Role],
    to: &ActionKey,
) -> Option<Vec<Op>> {
    if main.transitions.len() > MAX_STEPS {
        return None;
    }
    let is_suspended = |key: &ActionKey| lifecycle.status(key).is_some_and(|s| s.suspended);
    let mut at = &lifecycle.initial;
    // Where it stood before it was suspended.
    let mut ran = at;
    let mut ops = Vec::with_capacity(main.transitions.len());
    for made in in_order(&main.transitions) {
        let aside = lifecycle.asides.iter().find(|t| t.action == made.action);
        match aside.map(Transition::meaning) {
            // What was taken back is not done again.
            Some(Some(StepMeaning::Recall)) => return None,
            Some(_) => continue,
            None => {}
        }
        let step = lifecycle.transitions.iter().find(|t| {
            t.action == made.action
                && t.from.contains(at)
                && roles.iter().any(|role| t.roles.contains(role))
                && t.meaning() != Some(StepMeaning::Extend)
                && t.lacking(main).next().is_none()
        })?;
        let goes_on = step.meaning() == Some(StepMeaning::Resume);
        at = if goes_on { ran } else { step.to.as_ref()? };
        if !is_suspended(at) {
            ran = at;
        }
        ops.push(Op::Transition {
            action: made.action.clone(),
            note: made.note.clone(),
        });
    }
    (at == to).then_some(ops)
}

/// Each step after those it was made after.
fn in_order(made: &[TransitionMade]) -> Vec<&TransitionMade> {
    let mut done: BTreeSet<(EntryRef, u32)> = BTreeSet::new();
    let mut out = Vec::with_capacity(made.len());
    while out.len() < made.len() {
        let next = made.iter().find(|t| {
            !done.contains(&(t.by, t.index))
                && t.after
                    .iter()
                    .all(|of| done.contains(of) || !made.iter().any(|t| (t.by, t.index) == *of))
        });
        let Some(next) = next else { break };
        done.insert((next.by, next.index));
        out.push(next);
    }
    out
}

/// Operations in edits that the rules take.
pub(super) fn cut(version: u32, ops: Vec<Op>, pieces: &mut Vec<Piece>) {
    let (mut held, mut bytes) = (Vec::new(), 0);
    for op in ops {
        let more = encode_payload(std::slice::from_ref(&op)).len();
        if !held.is_empty() && (bytes + more > EDIT_BYTES || held.len() >= MAX_OPS_PER_EDIT) {
            let ops = std::mem::take(&mut held);
            pieces.push(Piece { version, ops });
            bytes = 0;
        }
        bytes += more;
        held.push(op);
    }
    if !held.is_empty() {
        pieces.push(Piece { version, ops: held });
    }
}
