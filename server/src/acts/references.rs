//! References to a record that goes on as another one: where they are, and how they are set anew.
//!
//! What enters: the two ids, and who sets them. What leaves: the records that refer to the former one,
//! and edits by which they refer to the new one. What never happens here: a look at what the person
//! may not read, or a choice between values that stand side by side.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass, UserId};
use gridfold_sync_core::schema::{FieldMeaning, FieldType, Form, check_op};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Candidate, Cell, PartState};

use crate::admit::{Base, ConsoleEdit, Parts, Wish};
use crate::node::Node;
use crate::problem::{Answer, Code};
use crate::views::{ReadScope, RecordFilter, RecordRow};

/// Rows read at a time.
const PAGE_ROWS: usize = 500;
/// Records that are looked at for references that no index has.
const MAX_LOOKED_AT: usize = 20_000;

/// What refers to a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct References<'a> {
    /// The record.
    pub(crate) to: RecordId,
    /// What it goes on as.
    pub(crate) now: RecordId,
    /// Who sets them.
    pub(crate) user: UserId,
    /// When.
    pub(crate) at: Timestamp,
    /// Grids that are looked through for references that no index has.
    pub(crate) grids: [&'a AreaCode; 2],
}

/// A record that refers to another.
#[derive(Debug, Clone)]
pub(crate) struct Referring {
    pub(crate) record: RecordId,
    grid: AreaCode,
    form: FormCode,
    /// Whether it can be set anew.
    pub(crate) may_be_set: bool,
    /// Why the old record stays named in it: the person may not write it, or has to choose first.
    pub(crate) left: Option<Code>,
}

fn is_reference(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Reference { .. })
}

/// Whether a form has references that no list looks for: members of groups, and what is neither the
/// household nor the one other record that it is about.
fn has_others(form: &Form) -> bool {
    let household = form.field_for(FieldMeaning::Household).map(|f| &f.key);
    let about: Vec<_> = form.about_fields().map(|f| &f.key).collect();
    form.fields.iter().any(|field| match &field.kind {
        FieldType::Group { members, .. } => members.iter().any(|m| is_reference(&m.kind)),
        kind if is_reference(kind) => {
            Some(&field.key) != household && about.as_slice() != [&field.key]
        }
        _ => false,
    })
}

/// Whether a field refers to a record and to nothing beside it.
fn refers(held: &[Candidate], to: RecordId) -> bool {
    matches!(held, [one] if one.value == Value::Reference(to))
}

/// Whether a reference to a record is one of several values of a field.
fn is_beside(parts: &Parts, classes: &BTreeSet<SensitivityClass>, to: RecordId) -> bool {
    let among =
        |held: &[Candidate]| held.len() > 1 && held.iter().any(|c| c.value == Value::Reference(to));
    let readable = parts.iter().filter(|(class, _)| classes.contains(class));
    readable
        .flat_map(|(_, part)| part.fields.values())
        .any(|cell| match cell {
            Cell::Register(held) => among(held),
            Cell::Group(items) => {
                let items = items.values().filter(|item| item.present);
                items
                    .flat_map(|item| item.members.values())
                    .any(|held| among(held))
            }
            _ => false,
        })
}

/// The operations by which a record refers to `now` wherever it refers to `to` and to nothing beside it.
fn set_anew(
    parts: &Parts,
    classes: &BTreeSet<SensitivityClass>,
    to: RecordId,
    now: RecordId,
) -> Vec<Op> {
    let value = Value::Reference(now);
    let mut ops = Vec::new();
    let readable = parts.iter().filter(|(class, _)| classes.contains(class));
    for (field, cell) in readable.flat_map(|(_, part)| &part.fields) {
        match cell {
            Cell::Register(held) if refers(held, to) => {
                ops.push(Op::Set {
                    field: field.clone(),
                    value: value.clone(),
                });
            }
            Cell::Group(items) => {
                for (item, held) in items.iter().filter(|(_, held)| held.present) {
                    let members = held.members.iter();
                    let found = members.filter(|(_, held)| refers(held, to));
                    ops.extend(found.map(|(member, _)| Op::ItemSet {
                        field: field.clone(),
                        item: item.clone(),
                        member: member.clone(),
                        value: value.clone(),
                    }));
                }
            }
            _ => {}
        }
    }
    ops
}

impl References<'_> {
    fn classes(&self, directory: &Directory, grid: &AreaCode) -> BTreeSet<SensitivityClass> {
        directory
            .readable(self.user, grid, self.at)
            .into_iter()
            .collect()
    }

    /// The records that refer to it as far as the person may read that, deleted ones left out.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn found(&self, node: &Node, directory: &Directory) -> Answer<Vec<Referring>> {
        let mut found: BTreeMap<RecordId, Referring> = BTreeMap::new();
        for by_household in [true, false] {
            let mut filter = RecordFilter::of(ReadScope::all());
            if by_household {
                filter.household = vec![self.to];
            } else {
                filter.about = vec![self.to];
            }
            self.look(node, directory, filter, &mut found)?;
        }
        let others = directory.forms().iter().filter(|form| has_others(form));
        let forms: BTreeSet<FormCode> = others.map(|form| form.code.clone()).collect();
        if !forms.is_empty() {
            let mut filter = RecordFilter::of(ReadScope::all());
            filter.forms = forms.into_iter().collect();
            filter.grids = self.grids.iter().map(|grid| (*grid).clone()).collect();
            self.look(node, directory, filter, &mut found)?;
        }
        found.remove(&self.to);
        found.remove(&self.now);
        Ok(found.into_values().collect())
    }

    fn look(
        &self,
        node: &Node,
        directory: &Directory,
        mut filter: RecordFilter,
        found: &mut BTreeMap<RecordId, Referring>,
    ) -> Answer<()> {
        filter.limit = PAGE_ROWS;
        let mut looked_at = 0;
        node.views.for_each_record(&filter, |record| {
            looked_at += 1;
            let classes = self.classes(directory, &record.row.grid);
            let ops = set_anew(&record.parts, &classes, self.to, self.now);
            let row = record.row;
            let unwritable = self.unwritable(directory, &row, &ops);
            let beside = is_beside(&record.parts, &classes, self.to).then_some(Code::Conflict);
            let referring = Referring {
                record: row.record,
                grid: row.grid,
                form: row.form,
                may_be_set: !ops.is_empty() && unwritable.is_none(),
                left: unwritable.or(beside),
            };
            if referring.may_be_set || referring.left.is_some() {
                found.insert(row.record, referring);
            }
            looked_at < MAX_LOOKED_AT
        })?;
        Ok(())
    }

    /// Why the person may not write these operations, if they may not: what is known beforehand is not
    /// tried, since what was tried and refused waits for somebody.
    fn unwritable(&self, directory: &Directory, row: &RecordRow, ops: &[Op]) -> Option<Code> {
        if ops.is_empty() {
            return None;
        }
        let roles = directory.roles_in(self.user, Some(&row.grid), self.at);
        if !roles.iter().any(|role| role.may_write()) {
            return Some(Code::Forbidden);
        }
        let refused = |code| Some(Code::Refused(code));
        let Some(form) = directory.forms().latest(&row.form) else {
            return refused(RefusalCode::UnknownForm);
        };
        let Ok(by_class) = form.by_class(ops.to_vec()) else {
            return refused(RefusalCode::UnknownField);
        };
        let empty = PartState::new(row.form.clone());
        let mut all = by_class
            .iter()
            .flat_map(|(class, ops)| ops.iter().map(|op| (*class, op)));
        all.find_map(|(class, op)| check_op(form, class, &roles, &empty, op).err())
            .and_then(refused)
    }

    /// The edit by which a record refers to what it goes on as. Whether it still refers to it is
    /// reckoned when it is written.
    pub(crate) fn edit(&self, directory: &Directory, of: &Referring) -> ConsoleEdit {
        let (to, now) = (self.to, self.now);
        let classes = self.classes(directory, &of.grid);
        ConsoleEdit {
            record: of.record,
            grid: of.grid.clone(),
            form: of.form.clone(),
            base: Base::Newest(None),
            wish: Wish::reckoned(move |_, parts| Ok(set_anew(parts, &classes, to, now))),
            claimed: self.at,
        }
    }
}
