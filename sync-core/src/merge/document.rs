//! Deriving a record's automerge document from its entries, and reading the row back from it.
//!
//! Keys of the document: `v:F` a register, `d` the deletion mark, `t:F` a text, `c:F` the choices,
//! `g:F` the items of a group (`item` for presence, `item/member` for members), `n:F` a counter,
//! `~` a mark that every edit leaves, so that every entry has exactly one change even when all its
//! operations change nothing. Transitions are a set that only grows, keyed by entry: their union
//! needs no engine, so they are folded beside the document.

use std::collections::{BTreeMap, HashMap};

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId, Automerge, Change, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue,
    TextEncoding, Value as AmValue,
};
use sha2::{Digest, Sha256};

use crate::codec::Reader;
use crate::edit::{Op, Value};
use crate::entry::Entry;
use crate::ids::{ChoiceKey, EntryRef, FieldKey, FormCode, Hash, ItemKey};
use crate::merge::MergeError;
use crate::view::{Candidate, Cell, GroupItem, PartState, TransitionMade};

/// The engine stores times as differences, which must not overflow; a claim may be any number.
const MAX_TIME: i64 = 1 << 53;

/// How many side branches stay derived, so that a chain made offline forks once and not once per entry.
const MAX_BRANCHES: usize = 4;

/// A record's document under derivation. Entries go in one by one, after those they were made at.
#[derive(Debug)]
pub struct Merger {
    form: FormCode,
    main: Automerge,
    main_heads: Vec<EntryRef>,
    branches: Vec<(Vec<EntryRef>, Automerge)>,
    nodes: Vec<Node>,
    index: HashMap<EntryRef, usize>,
    by_hash: HashMap<ChangeHash, usize>,
}

#[derive(Debug)]
struct Node {
    entry: Entry,
    hash: ChangeHash,
    /// One bit per node at or before this one.
    ancestors: Vec<u64>,
    children: u32,
}

impl Merger {
    /// An empty document.
    #[must_use]
    pub fn new(form: FormCode) -> Self {
        Self {
            form,
            main: empty(),
            main_heads: Vec::new(),
            branches: Vec::new(),
            nodes: Vec::new(),
            index: HashMap::new(),
            by_hash: HashMap::new(),
        }
    }

    /// Whether an entry is in already.
    #[must_use]
    pub fn contains(&self, id: &EntryRef) -> bool {
        self.index.contains_key(id)
    }

    /// The hash of the automerge change derived from an entry: equal on every replica.
    #[must_use]
    pub fn change_hash(&self, id: &EntryRef) -> Option<Hash> {
        self.index.get(id).map(|&i| Hash(self.nodes[i].hash.0))
    }

    /// Derives an entry's change and merges it. An entry that is in already changes nothing.
    ///
    /// # Errors
    /// [`MergeError::MissingHeads`] when it was made at an entry that is not in.
    pub fn add(&mut self, entry: &Entry) -> Result<(), MergeError> {
        if self.contains(&entry.id()) {
            return Ok(());
        }
        let deps = entry.header.deps();
        let dep_nodes: Vec<usize> = deps
            .iter()
            .map(|d| self.index.get(d).copied())
            .collect::<Option<_>>()
            .ok_or(MergeError::MissingHeads)?;
        let hash = if deps == self.main_heads {
            derive(&mut self.main, entry)?
        } else {
            let mut branch = match self.branches.iter().position(|(heads, _)| heads == deps) {
                Some(i) => self.branches.remove(i).1,
                None if deps.is_empty() => empty(),
                None => {
                    let heads: Vec<ChangeHash> =
                        dep_nodes.iter().map(|&i| self.nodes[i].hash).collect();
                    self.main.fork_at(&heads).map_err(|_| MergeError::Engine)?
                }
            };
            let hash = derive(&mut branch, entry)?;
            let changes: Vec<Change> = branch
                .get_changes(&self.main.get_heads())
                .into_iter()
                .filter(|c| self.main.get_change_by_hash(&c.hash()).is_none())
                .collect();
            self.main
                .apply_changes(changes)
                .map_err(|_| MergeError::Engine)?;
            self.branches.push((vec![entry.id()], branch));
            if self.branches.len() > MAX_BRANCHES {
                self.branches.remove(0);
            }
            hash
        };
        self.remember(entry, hash, &dep_nodes);
        Ok(())
    }

    fn remember(&mut self, entry: &Entry, hash: ChangeHash, dep_nodes: &[usize]) {
        let n = self.nodes.len();
        let mut ancestors = vec![0u64; n / 64 + 1];
        for &d in dep_nodes {
            self.nodes[d].children += 1;
            for (word, of) in ancestors.iter_mut().zip(&self.nodes[d].ancestors) {
                *word |= of;
            }
        }
        ancestors[n / 64] |= 1 << (n % 64);
        self.main_heads.retain(|h| !entry.header.deps().contains(h));
        let place = self.main_heads.partition_point(|h| *h < entry.id());
        self.main_heads.insert(place, entry.id());
        self.index.insert(entry.id(), n);
        self.by_hash.insert(hash, n);
        self.nodes.push(Node {
            entry: entry.clone(),
            hash,
            ancestors,
            children: 0,
        });
    }

    fn is_ancestor(&self, older: usize, newer: usize) -> bool {
        self.nodes[newer]
            .ancestors
            .get(older / 64)
            .is_some_and(|word| word >> (older % 64) & 1 == 1)
    }

    /// Of these nodes, those that no other of them was made after.
    fn newest(&self, nodes: &[usize]) -> Vec<usize> {
        nodes
            .iter()
            .copied()
            .filter(|&a| !nodes.iter().any(|&b| a != b && self.is_ancestor(a, b)))
            .collect()
    }

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
        let mut nodes: HashMap<FieldKey, Vec<usize>> = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate() {
            for op in node.entry.ops() {
                if let Op::Splice { field, .. } | Op::Count { field, .. } = op {
                    let of = nodes.entry(field.clone()).or_default();
                    if of.last() != Some(&i) {
                        of.push(i);
                    }
                }
            }
        }
        nodes
            .into_iter()
            .map(|(field, of)| {
                let mut newest: Vec<EntryRef> = self
                    .newest(&of)
                    .into_iter()
                    .map(|i| self.nodes[i].entry.id())
                    .collect();
                newest.sort_unstable();
                (field, newest)
            })
            .collect()
    }

    fn transitions(&self) -> Vec<TransitionMade> {
        let with: Vec<usize> = (0..self.nodes.len())
            .filter(|&i| {
                self.nodes[i]
                    .entry
                    .ops()
                    .iter()
                    .any(|op| matches!(op, Op::Transition { .. }))
            })
            .collect();
        let last_index = |node: usize| {
            let ops = self.nodes[node].entry.ops();
            ops.iter()
                .rposition(|op| matches!(op, Op::Transition { .. }))
                .unwrap_or(0)
        };
        let mut made = Vec::new();
        for &i in &with {
            let before: Vec<usize> = with
                .iter()
                .copied()
                .filter(|&j| j != i && self.is_ancestor(j, i))
                .collect();
            let mut after: Vec<(EntryRef, u32)> = self
                .newest(&before)
                .into_iter()
                .map(|j| {
                    (
                        self.nodes[j].entry.id(),
                        u32::try_from(last_index(j)).unwrap_or(u32::MAX),
                    )
                })
                .collect();
            after.sort_unstable();
            let by = self.nodes[i].entry.id();
            for (index, op) in self.nodes[i].entry.ops().iter().enumerate() {
                if let Op::Transition { action, note } = op {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    let next = vec![(by, index)];
                    let after = std::mem::replace(&mut after, next);
                    made.push(TransitionMade {
                        by,
                        index,
                        action: action.clone(),
                        note: note.clone(),
                        after,
                    });
                }
            }
        }
        made.sort_by_key(|t| (t.by, t.index));
        made
    }
}

fn empty() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint)
}

/// The container a kind of operation needs, made the same by every replica.
fn container(op: &Op) -> Option<(String, Option<ObjType>)> {
    Some(match op {
        Op::Splice { field, .. } => (format!("t:{field}"), Some(ObjType::Text)),
        Op::Choose { field, .. } | Op::Unchoose { field, .. } => {
            (format!("c:{field}"), Some(ObjType::Map))
        }
        Op::ItemAdd { field, .. }
        | Op::ItemRemove { field, .. }
        | Op::ItemSet { field, .. }
        | Op::ItemUnset { field, .. } => (format!("g:{field}"), Some(ObjType::Map)),
        Op::Count { field, .. } => (format!("n:{field}"), None),
        Op::Set { .. } | Op::Unset { .. } | Op::Transition { .. } | Op::Delete | Op::Restore => {
            return None;
        }
    })
}

/// The change that makes a container: fixed actor, no time, no dependencies, so that two phones
/// that write a text for the first time write the same one.
fn genesis(key: &str, kind: Option<ObjType>) -> Result<Change, MergeError> {
    let mut doc = empty();
    let mut h = Sha256::new();
    h.update(b"gridfold genesis v1");
    h.update(key.as_bytes());
    doc.set_actor(ActorId::from(&h.finalize()[..16]));
    let mut tx = doc.transaction();
    match kind {
        Some(kind) => tx.put_object(ROOT, key, kind).map(|_| ()),
        None => tx.put(ROOT, key, ScalarValue::counter(0)),
    }
    .map_err(|_| MergeError::Engine)?;
    tx.commit_with(CommitOptions::default().with_time(0));
    doc.get_last_local_change().ok_or(MergeError::Engine)
}

/// Makes the entry's change in a document that holds exactly what the entry was made at.
fn derive(doc: &mut Automerge, entry: &Entry) -> Result<ChangeHash, MergeError> {
    for op in entry.ops() {
        if let Some((key, kind)) = container(op)
            && doc
                .get(ROOT, key.as_str())
                .map_err(|_| MergeError::Engine)?
                .is_none()
        {
            doc.apply_changes([genesis(&key, kind)?])
                .map_err(|_| MergeError::Engine)?;
        }
    }
    doc.set_actor(ActorId::from(&entry.incarnation.bytes()[..]));
    let mut tx = doc.transaction();
    let mark = entry.id().to_bytes().to_vec();
    tx.put(ROOT, "~", ScalarValue::Bytes(mark.clone()))
        .map_err(|_| MergeError::Engine)?;
    for op in entry.ops() {
        run(&mut tx, op, &mark).map_err(|_| MergeError::Engine)?;
    }
    let claimed = entry.header.claimed.millis();
    let options = CommitOptions::default().with_time(claimed.clamp(-MAX_TIME, MAX_TIME));
    tx.commit_with(options).0.ok_or(MergeError::Engine)
}

fn run(tx: &mut Transaction<'_>, op: &Op, mark: &[u8]) -> Result<(), automerge::AutomergeError> {
    let scalar = |value: &Value| {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        ScalarValue::Bytes(bytes)
    };
    let object = match container(op) {
        Some((key, Some(_))) => match tx.get(ROOT, key)? {
            Some((_, id)) => id,
            None => return Ok(()),
        },
        _ => ROOT,
    };
    let remove = |tx: &mut Transaction<'_>, object: &ObjId, key: &str| match tx.get(object, key)? {
        Some(_) => tx.delete(object, key),
        None => Ok(()),
    };
    match op {
        Op::Set { field, value } => tx.put(ROOT, format!("v:{field}"), scalar(value)),
        Op::Unset { field } => remove(tx, &ROOT, &format!("v:{field}")),
        Op::Splice {
            at, delete, insert, ..
        } => {
            let (at, delete) = (*at as usize, *delete as usize);
            if at.saturating_add(delete) > tx.length(&object) {
                return Ok(());
            }
            tx.splice_text(&object, at, isize::try_from(delete).unwrap_or(0), insert)
        }
        // The value is the edit's own mark: an equal value would make no operation, and a choice
        // chosen again would then lose against its concurrent removal.
        Op::Choose { choice, .. } => {
            tx.put(&object, choice.as_str(), ScalarValue::Bytes(mark.to_vec()))
        }
        Op::Unchoose { choice, .. } => remove(tx, &object, choice.as_str()),
        Op::ItemAdd { item, .. } => {
            tx.put(&object, item.as_str(), ScalarValue::Bytes(mark.to_vec()))
        }
        Op::ItemRemove { item, .. } => remove(tx, &object, item.as_str()),
        Op::ItemSet {
            item,
            member,
            value,
            ..
        } => {
            tx.put(&object, item.as_str(), ScalarValue::Bytes(mark.to_vec()))?;
            tx.put(&object, format!("{item}/{member}"), scalar(value))
        }
        Op::ItemUnset { item, member, .. } => remove(tx, &object, &format!("{item}/{member}")),
        Op::Count { field, by } => tx.increment(ROOT, format!("n:{field}"), *by),
        Op::Delete => tx.put(ROOT, "d", scalar(&Value::Boolean(true))),
        Op::Restore => tx.put(ROOT, "d", scalar(&Value::Boolean(false))),
        Op::Transition { .. } => Ok(()),
    }
}
