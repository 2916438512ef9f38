//! Reading the row back from a record's document.

use std::collections::{BTreeMap, HashMap};

use automerge::{ObjId, ROOT, ReadDoc, Value as AmValue};

use crate::codec::Reader;
use crate::edit::{Op, Value};
use crate::ids::{ChoiceKey, EntryRef, FieldKey, ItemKey};
use crate::merge::{MergeError, Merger};
use crate::view::{Candidate, Cell, GroupItem, PartState, TransitionMade};

impl Merger {
    /// Reads the row.
    ///
    /// # Errors
    /// [`MergeError::Engine`] when the document is not what derivation makes; a defect.
    pub fn read(&self) -> Result<PartState, MergeError> {
        let mut state = PartState::new(self.form.clone());
        let mut roots = 0u32;
        for node in &self.nodes {
            state.count(&node.entry);
            state.forks += node.children.saturating_sub(1);
            roots += u32::from(node.entry.header.deps().is_empty());
        }
        state.forks += roots.saturating_sub(1);
        state.heads.clone_from(&self.main_heads);
        let touched = self.touched();
        for key in self.main.keys(ROOT) {
            self.read_key(&key, &mut state, &touched)?;
        }
        state.transitions = self.transitions();
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
            "n" => match self.main.get(ROOT, key).map_err(|_| MergeError::Engine)? {
                Some((AmValue::Scalar(v), _)) => Cell::Counter {
                    value: v.as_i64().unwrap_or(0),
                    by: by(),
                },
                _ => return Err(MergeError::Engine),
            },
            _ => {
                let Some((AmValue::Object(_), object)) =
                    self.main.get(ROOT, key).map_err(|_| MergeError::Engine)?
                else {
                    return Err(MergeError::Engine);
                };
                match kind {
                    "t" => Cell::Text {
                        text: self.main.text(&object).map_err(|_| MergeError::Engine)?,
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
        for key in self.main.keys(object) {
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
        for key in self.main.keys(object) {
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
            .main
            .get_all(object, key)
            .map_err(|_| MergeError::Engine)?
        {
            let hash = self.main.hash_for_opid(&id).ok_or(MergeError::Engine)?;
            let node = self.by_hash.get(&hash).ok_or(MergeError::Engine)?;
            let bytes = value.as_bytes().ok_or(MergeError::Engine)?.to_vec();
            let ObjId::Id(counter, actor, _) = id else {
                return Err(MergeError::Engine);
            };
            all.push(((counter, actor), bytes, self.nodes[*node].entry.id()));
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
        for (i, node) in self.nodes.iter().enumerate() {
            for op in node.entry.ops() {
                if let Op::Splice { field, .. } | Op::Count { field, .. } = op {
                    self.push_newest(newest.entry(field).or_default(), i);
                }
            }
        }
        newest
            .into_iter()
            .map(|(field, of)| {
                let mut of: Vec<EntryRef> = of.iter().map(|&i| self.nodes[i].entry.id()).collect();
                of.sort_unstable();
                (field.clone(), of)
            })
            .collect()
    }

    fn transitions(&self) -> Vec<TransitionMade> {
        let index_of = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
        let mut made = Vec::new();
        // Of each node: the newest with transitions at or before it, each with its last one.
        let mut newest: Vec<Vec<usize>> = Vec::with_capacity(self.nodes.len());
        let mut last: HashMap<usize, u32> = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let before: Vec<usize> = node
                .deps
                .iter()
                .flat_map(|&d| &newest[d])
                .copied()
                .collect();
            let before = self.newest(&before);
            let by = node.entry.id();
            let mut after: Vec<(EntryRef, u32)> = before
                .iter()
                .map(|&j| (self.nodes[j].entry.id(), last.get(&j).copied().unwrap_or(0)))
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
            newest.push(if last.contains_key(&i) {
                vec![i]
            } else {
                before
            });
        }
        made.sort_by_key(|t| (t.by, t.index));
        made
    }
}
