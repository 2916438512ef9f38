//! Reading the row back from a record's document.

use std::collections::{BTreeMap, HashMap};

use automerge::{Automerge, ObjId, ROOT, ReadDoc, Value as AmValue};

use crate::codec::Reader;
use crate::edit::{Op, Value};
use crate::entry::Entry;
use crate::ids::{ChoiceKey, EntryRef, FieldKey, ItemKey};
use crate::merge::document::bit;
use crate::merge::{MergeError, Merger};
use crate::view::{Candidate, Cell, GroupItem, PartState, TransitionMade};

/// Kinds of keys that hold a field, in the document's order.
const KINDS: [&str; 5] = ["c", "g", "n", "t", "v"];

/// The text or counter an operation changes.
fn touches(op: &Op) -> Option<&FieldKey> {
    match op {
        Op::Splice { field, .. } | Op::Count { field, .. } => Some(field),
        _ => None,
    }
}

/// Whether an operation is of the kind its field holds, so that no key of another kind lies under it.
fn fits(row: &PartState, op: &Op) -> bool {
    let Some(cell) = op.field().and_then(|field| row.fields.get(field)) else {
        return true;
    };
    match op {
        Op::Set { .. } | Op::Unset { .. } => matches!(cell, Cell::Register(_)),
        Op::Splice { .. } => matches!(cell, Cell::Text { .. }),
        Op::Choose { .. } | Op::Unchoose { .. } => matches!(cell, Cell::Choices(_)),
        Op::Count { .. } => matches!(cell, Cell::Counter { .. }),
        Op::ItemAdd { .. } | Op::ItemRemove { .. } => matches!(cell, Cell::Group(_)),
        Op::ItemSet { .. } | Op::ItemUnset { .. } => matches!(cell, Cell::Group(_)),
        Op::Transition { .. } | Op::Delete | Op::Restore => true,
    }
}

impl Merger {
    /// Reads the row.
    ///
    /// # Errors
    /// [`MergeError::Engine`] when the document is not what derivation makes; a defect.
    pub fn read(&self) -> Result<PartState, MergeError> {
        self.whole().read(&self.main_heads)
    }

    /// The row as it was at these heads, none of which was made after another. The document it is
    /// read from stays, so that an entry made there is derived on it.
    ///
    /// # Errors
    /// [`MergeError::MissingHeads`] when one of them is not in; else as [`Self::read`].
    pub fn row_at(&mut self, heads: &[EntryRef]) -> Result<PartState, MergeError> {
        if heads == self.main_heads {
            return self.read();
        }
        let nodes = self.nodes_of(heads)?;
        let inside = self.ancestors(&nodes);
        let doc = self.branch(heads, &inside)?;
        let row = Reading {
            of: self,
            doc: &doc,
            inside: Some(&inside),
        }
        .read(heads);
        self.keep_branch(heads.to_vec(), doc);
        row
    }

    fn whole(&self) -> Reading<'_> {
        Reading {
            of: self,
            doc: &self.main,
            inside: None,
        }
    }

    /// Adds an entry and reads back only what it touched: an entry changes no key of the document
    /// that none of its operations names. `row` is the row of all that is in already; one of
    /// anything else is read again whole.
    ///
    /// # Errors
    /// As [`Self::add`] and [`Self::read`].
    pub fn add_onto(&mut self, mut row: PartState, entry: &Entry) -> Result<PartState, MergeError> {
        let is_ours = row.entries as usize == self.nodes.len() && row.heads == self.main_heads;
        if !is_ours || self.contains(&entry.id()) || !entry.ops().iter().all(|op| fits(&row, op)) {
            self.add(entry)?;
            return self.read();
        }
        self.add(entry)?;
        let n = self.nodes.len() - 1;
        row.count(entry);
        let deps = &self.nodes[n].deps;
        let beside = deps.iter().filter(|&&d| self.nodes[d].children > 1).count();
        row.forks += u32::try_from(beside).unwrap_or(u32::MAX);
        row.forks += u32::from(deps.is_empty() && n > 0);
        row.heads.clone_from(&self.main_heads);
        let mut fields: Vec<&FieldKey> = entry.ops().iter().filter_map(Op::field).collect();
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            let mut touched = HashMap::new();
            if let Some(Cell::Text { by, .. } | Cell::Counter { by, .. }) = row.fields.remove(field)
            {
                touched.insert(field.clone(), by);
            }
            if entry.ops().iter().any(|op| touches(op) == Some(field)) {
                let by = touched.entry(field.clone()).or_default();
                let mut newest: Vec<usize> = by.iter().filter_map(|id| self.node(id)).collect();
                self.push_newest(&mut newest, n);
                *by = newest.iter().map(|&i| self.nodes[i].entry.id()).collect();
                by.sort_unstable();
            }
            for kind in KINDS {
                let key = format!("{kind}:{field}");
                let there = self.main.get(ROOT, key.as_str());
                if there.map_err(|_| MergeError::Engine)?.is_some() {
                    self.whole().read_key(&key, &mut row, &touched)?;
                }
            }
        }
        for op in entry.ops() {
            match op {
                Op::Delete | Op::Restore => row.deleted = self.whole().candidates(&ROOT, "d")?,
                Op::Transition { .. } => row.transitions = self.whole().transitions(),
                _ => {}
            }
        }
        row.beside = self.whole().beside();
        Ok(row)
    }
}

/// A document with those of the entries that it holds.
pub(super) struct Reading<'a> {
    pub(super) of: &'a Merger,
    pub(super) doc: &'a Automerge,
    /// One bit for each node in it; none when all are.
    inside: Option<&'a [u64]>,
}

impl Reading<'_> {
    /// The nodes in it, each after those it was made at.
    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> {
        let holds = |n: &usize| self.inside.is_none_or(|inside| bit(inside, *n));
        (0..self.of.nodes.len()).filter(holds)
    }

    fn read(&self, heads: &[EntryRef]) -> Result<PartState, MergeError> {
        let mut state = PartState::new(self.of.form.clone());
        let mut made_at = vec![0u32; self.of.nodes.len()];
        let mut roots = 0u32;
        for n in self.nodes() {
            let node = &self.of.nodes[n];
            state.count(&node.entry);
            for &dep in &node.deps {
                state.forks += u32::from(made_at[dep] > 0);
                made_at[dep] += 1;
            }
            roots += u32::from(node.deps.is_empty());
        }
        state.forks += roots.saturating_sub(1);
        state.heads = heads.to_vec();
        let touched = self.touched();
        for key in self.doc.keys(ROOT) {
            self.read_key(&key, &mut state, &touched)?;
        }
        state.transitions = self.transitions();
        state.beside = self.beside();
        Ok(state)
    }

    fn read_key(
        &self,
        key: &str,
        state: &mut PartState,
        touched: &HashMap<FieldKey, Vec<EntryRef>>,
    ) -> Result<(), MergeError> {
        let Some((kind, name)) = key.split_once(':') else {
            if key == "d" {
                state.deleted = self.candidates(&ROOT, key)?;
            }
            return Ok(());
        };
        let field = FieldKey::new(name).map_err(|_| MergeError::Engine)?;
        let by = || touched.get(&field).cloned().unwrap_or_default();
        let cell = match kind {
            "v" => Cell::Register(self.candidates(&ROOT, key)?),
            "n" => match self.doc.get(ROOT, key).map_err(|_| MergeError::Engine)? {
                Some((AmValue::Scalar(v), _)) => Cell::Counter {
                    value: v.as_i64().unwrap_or(0),
                    by: by(),
                },
                _ => return Err(MergeError::Engine),
            },
            _ => {
                let Some((AmValue::Object(_), object)) =
                    self.doc.get(ROOT, key).map_err(|_| MergeError::Engine)?
                else {
                    return Err(MergeError::Engine);
                };
                match kind {
                    "t" => Cell::Text {
                        text: self.doc.text(&object).map_err(|_| MergeError::Engine)?,
                        sides: self.sides(&object, &field, &by())?,
                        by: by(),
                    },
                    "c" => self.read_choices(&object)?,
                    _ => self.read_group(&object)?,
                }
            }
        };
        state.fields.insert(field, cell);
        Ok(())
    }

    fn read_choices(&self, object: &ObjId) -> Result<Cell, MergeError> {
        let mut map = BTreeMap::new();
        for key in self.doc.keys(object) {
            let by = self
                .writers(object, &key)?
                .first()
                .map(|(_, by)| *by)
                .ok_or(MergeError::Engine)?;
            map.insert(ChoiceKey::new(&key).map_err(|_| MergeError::Engine)?, by);
        }
        Ok(Cell::Choices(map))
    }

    fn read_group(&self, object: &ObjId) -> Result<Cell, MergeError> {
        let mut items: BTreeMap<ItemKey, GroupItem> = BTreeMap::new();
        for key in self.doc.keys(object) {
            let (item, member) = match key.split_once('/') {
                Some((item, member)) => (item, Some(member)),
                None => (key.as_str(), None),
            };
            let item = items
                .entry(ItemKey::new(item).map_err(|_| MergeError::Engine)?)
                .or_default();
            match member {
                None => item.present = true,
                Some(member) => {
                    let member = FieldKey::new(member).map_err(|_| MergeError::Engine)?;
                    item.members.insert(member, self.candidates(object, &key)?);
                }
            }
        }
        Ok(Cell::Group(items))
    }

    /// All values of a key with the entries that wrote them, the shown one first.
    fn writers(&self, object: &ObjId, key: &str) -> Result<Vec<(Vec<u8>, EntryRef)>, MergeError> {
        let mut all = Vec::new();
        for (value, id) in self
            .doc
            .get_all(object, key)
            .map_err(|_| MergeError::Engine)?
        {
            let hash = self.doc.hash_for_opid(&id).ok_or(MergeError::Engine)?;
            let node = self.of.by_hash.get(&hash).ok_or(MergeError::Engine)?;
            let bytes = value.as_bytes().ok_or(MergeError::Engine)?.to_vec();
            let ObjId::Id(counter, actor, _) = id else {
                return Err(MergeError::Engine);
            };
            all.push(((counter, actor), bytes, self.of.nodes[*node].entry.id()));
        }
        all.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(all.into_iter().map(|(_, bytes, by)| (bytes, by)).collect())
    }

    fn candidates(&self, object: &ObjId, key: &str) -> Result<Vec<Candidate>, MergeError> {
        self.writers(object, key)?
            .into_iter()
            .map(|(bytes, by)| {
                let value =
                    Value::decode(&mut Reader::new(&bytes)).map_err(|_| MergeError::Engine)?;
                Ok(Candidate { value, by })
            })
            .collect()
    }

    /// For texts and counters: the newest entries that changed each.
    fn touched(&self) -> HashMap<FieldKey, Vec<EntryRef>> {
        let mut newest: HashMap<&FieldKey, Vec<usize>> = HashMap::new();
        for i in self.nodes() {
            for op in self.of.nodes[i].entry.ops() {
                if let Some(field) = touches(op) {
                    self.of.push_newest(newest.entry(field).or_default(), i);
                }
            }
        }
        newest
            .into_iter()
            .map(|(field, of)| {
                let mut of: Vec<EntryRef> =
                    of.iter().map(|&i| self.of.nodes[i].entry.id()).collect();
                of.sort_unstable();
                (field.clone(), of)
            })
            .collect()
    }

    fn transitions(&self) -> Vec<TransitionMade> {
        let index_of = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
        let mut made = Vec::new();
        // Of each node: the newest with transitions at or before it, each with its last one.
        let mut newest: Vec<Vec<usize>> = vec![Vec::new(); self.of.nodes.len()];
        let mut last: HashMap<usize, u32> = HashMap::new();
        for i in self.nodes() {
            let node = &self.of.nodes[i];
            let before: Vec<usize> = node
                .deps
                .iter()
                .flat_map(|&d| &newest[d])
                .copied()
                .collect();
            let before = self.of.newest(&before);
            let by = node.entry.id();
            let mut after: Vec<(EntryRef, u32)> = before
                .iter()
                .map(|&j| {
                    (
                        self.of.nodes[j].entry.id(),
                        last.get(&j).copied().unwrap_or(0),
                    )
                })
                .collect();
            after.sort_unstable();
            for (index, op) in node.entry.ops().iter().enumerate() {
                if let Op::Transition { action, note } = op {
                    let index = index_of(index);
                    last.insert(i, index);
                    made.push(TransitionMade {
                        by,
                        index,
                        action: action.clone(),
                        note: note.clone(),
                        after: std::mem::replace(&mut after, vec![(by, index)]),
                    });
                }
            }
            newest[i] = if last.contains_key(&i) {
                vec![i]
            } else {
                before
            };
        }
        made.sort_by_key(|t| (t.by, t.index));
        made
    }
}
