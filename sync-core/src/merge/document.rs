//! Deriving a record's automerge document from its entries.
//!
//! Keys of the document: `v:F` a register, `d` the deletion mark, `t:F` a text, `c:F` the choices,
//! `g:F` the items of a group (`item` for presence, `item/member` for members), `n:F` a counter,
//! `~` a mark that every edit leaves, so that every entry has exactly one change even when all its
//! operations change nothing. Transitions are a set that only grows, keyed by entry: their union
//! needs no engine, so they are folded beside the document.

use std::collections::{HashMap, HashSet};

use automerge::{ActorId, Automerge, Change, ChangeHash};

use crate::entry::Entry;
use crate::ids::{EntryRef, FieldKey, FormCode, Hash, IncarnationId};
use crate::merge::MergeError;
use crate::merge::derive::{Derived, derive, empty};

/// How many side branches stay derived, so that a chain made offline forks once and not once per entry.
const MAX_BRANCHES: usize = 4;
/// Every so many ancestors the document is kept, so that a branch starts near where it forks.
const SNAPSHOT_EVERY: u32 = 32;

/// A record's document under derivation. Entries go in one by one, after those they were made at.
#[derive(Debug)]
pub struct Merger {
    pub(super) form: FormCode,
    pub(super) main: Automerge,
    pub(super) main_heads: Vec<EntryRef>,
    branches: Vec<(Vec<EntryRef>, Automerge)>,
    /// Documents of exactly a node and its ancestors.
    snapshots: Vec<(usize, Automerge)>,
    pub(super) nodes: Vec<Node>,
    index: HashMap<EntryRef, usize>,
    pub(super) by_hash: HashMap<ChangeHash, usize>,
    /// Containers made so far.
    geneses: HashSet<ChangeHash>,
    own: HashMap<IncarnationId, Vec<usize>>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) entry: Entry,
    hash: ChangeHash,
    /// The containers it was the first to need in its line, then its own change.
    changes: Vec<Change>,
    /// The texts it set whole.
    whole: Vec<FieldKey>,
    /// One bit per node at or before this one.
    pub(super) ancestors: Vec<u64>,
    pub(super) deps: Vec<usize>,
    pub(super) children: u32,
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
            snapshots: Vec::new(),
            nodes: Vec::new(),
            index: HashMap::new(),
            by_hash: HashMap::new(),
            geneses: HashSet::new(),
            own: HashMap::new(),
        }
    }

    /// Whether an entry is in already.
    #[must_use]
    pub fn contains(&self, id: &EntryRef) -> bool {
        self.index.contains_key(id)
    }

    pub(super) fn node(&self, id: &EntryRef) -> Option<usize> {
        self.index.get(id).copied()
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
        let dep_nodes = self.nodes_of(deps)?;
        let ancestors = self.ancestors(&dep_nodes);
        let actor = self.actor(entry, &ancestors);
        let count: u32 = ancestors.iter().map(|w| w.count_ones()).sum();
        let node = self.nodes.len();
        let snapshot = |doc: &Automerge| {
            (count % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1).then(|| (node, doc.clone()))
        };
        let derived = if deps == self.main_heads {
            let derived = derive(&mut self.main, actor, entry)?;
            self.snapshots.extend(snapshot(&self.main));
            derived
        } else {
            let mut branch = self.branch(deps, &ancestors)?;
            let derived = derive(&mut branch, actor, entry)?;
            let fresh: Vec<Change> = derived
                .changes
                .iter()
                .filter(|c| !self.geneses.contains(&c.hash()))
                .cloned()
                .collect();
            self.main
                .apply_changes(fresh)
                .map_err(|_| MergeError::Engine)?;
            self.snapshots.extend(snapshot(&branch));
            self.keep_branch(vec![entry.id()], branch);
            derived
        };
        self.remember(entry, derived, dep_nodes, ancestors)
    }

    pub(super) fn nodes_of(&self, heads: &[EntryRef]) -> Result<Vec<usize>, MergeError> {
        let nodes: Option<_> = heads.iter().map(|h| self.node(h)).collect();
        nodes.ok_or(MergeError::MissingHeads)
    }

    /// Of these heads, those that no other of them was made after.
    ///
    /// # Errors
    /// [`MergeError::MissingHeads`] when one of them is not in.
    pub fn newest_of(&self, heads: &[EntryRef]) -> Result<Vec<EntryRef>, MergeError> {
        let newest = self.newest(&self.nodes_of(heads)?);
        Ok(newest.iter().map(|&n| self.nodes[n].entry.id()).collect())
    }

    /// Takes the document of exactly these heads and their ancestors from those kept, or makes it.
    pub(super) fn branch(
        &mut self,
        heads: &[EntryRef],
        ancestors: &[u64],
    ) -> Result<Automerge, MergeError> {
        match self.branches.iter().position(|(of, _)| of == heads) {
            Some(i) => Ok(self.branches.remove(i).1),
            None => self.document_of(ancestors),
        }
    }

    /// Keeps a branch in place of the one that was needed longest ago.
    pub(super) fn keep_branch(&mut self, heads: Vec<EntryRef>, doc: Automerge) {
        self.branches.push((heads, doc));
        if self.branches.len() > MAX_BRANCHES {
            self.branches.remove(0);
        }
    }

    /// The document of exactly these ancestors: the fullest one kept that holds no others, and
    /// what it lacks.
    fn document_of(&self, ancestors: &[u64]) -> Result<Automerge, MergeError> {
        let kept = self
            .snapshots
            .iter()
            .filter(|(node, _)| bit(ancestors, *node))
            .max_by_key(|(node, _)| {
                let all = self.nodes[*node].ancestors.iter();
                (all.map(|w| w.count_ones()).sum::<u32>(), *node)
            });
        let (has, mut doc): (&[u64], Automerge) = match kept {
            Some((node, doc)) => (&self.nodes[*node].ancestors, doc.clone()),
            None => (&[], empty()),
        };
        let lacks: Vec<Change> = (0..self.nodes.len())
            .filter(|&n| bit(ancestors, n) && !bit(has, n))
            .flat_map(|n| self.nodes[n].changes.iter().cloned())
            .collect();
        doc.apply_changes(lacks).map_err(|_| MergeError::Engine)?;
        Ok(doc)
    }

    /// The incarnation, as long as its entries are one line. One that was made without an earlier
    /// entry of its own incarnation (only a broken or hostile device does that) is an actor of its
    /// own: automerge takes no two lines of one actor, and the record must not stop on it.
    fn actor(&self, entry: &Entry, ancestors: &[u64]) -> ActorId {
        let one_line = self
            .own
            .get(&entry.incarnation)
            .is_none_or(|own| own.iter().all(|&n| bit(ancestors, n)));
        if one_line {
            ActorId::from(&entry.incarnation.bytes()[..])
        } else {
            ActorId::from(&entry.id().to_bytes()[..])
        }
    }

    pub(super) fn ancestors(&self, deps: &[usize]) -> Vec<u64> {
        let mut ancestors = vec![0u64; self.nodes.len() / 64 + 1];
        for &d in deps {
            for (word, of) in ancestors.iter_mut().zip(&self.nodes[d].ancestors) {
                *word |= of;
            }
        }
        ancestors
    }

    fn remember(
        &mut self,
        entry: &Entry,
        Derived { changes, whole }: Derived,
        deps: Vec<usize>,
        mut ancestors: Vec<u64>,
    ) -> Result<(), MergeError> {
        let n = self.nodes.len();
        let (own, geneses) = changes.split_last().ok_or(MergeError::Engine)?;
        let hash = own.hash();
        self.geneses.extend(geneses.iter().map(Change::hash));
        for &d in &deps {
            self.nodes[d].children += 1;
        }
        ancestors[n / 64] |= 1 << (n % 64);
        self.main_heads.retain(|h| !entry.header.deps().contains(h));
        let place = self.main_heads.partition_point(|h| *h < entry.id());
        self.main_heads.insert(place, entry.id());
        self.index.insert(entry.id(), n);
        self.by_hash.insert(hash, n);
        self.own.entry(entry.incarnation).or_default().push(n);
        self.nodes.push(Node {
            entry: entry.clone(),
            hash,
            changes,
            whole,
            ancestors,
            deps,
            children: 0,
        });
        Ok(())
    }

    /// Whether it set this text whole.
    pub(super) fn sets_whole(&self, node: usize, field: &FieldKey) -> bool {
        self.nodes[node].whole.contains(field)
    }

    /// The change of a node, and how many came before it.
    pub(super) fn place(&self, node: usize) -> (ChangeHash, u32) {
        let node = &self.nodes[node];
        let before = node.ancestors.iter().map(|w| w.count_ones()).sum();
        (node.hash, before)
    }

    pub(super) fn is_ancestor(&self, older: usize, newer: usize) -> bool {
        bit(&self.nodes[newer].ancestors, older)
    }

    /// Of these nodes, those that no other of them was made after.
    pub(super) fn newest(&self, nodes: &[usize]) -> Vec<usize> {
        let mut newest: Vec<usize> = Vec::new();
        for &n in nodes {
            self.push_newest(&mut newest, n);
        }
        newest
    }

    /// Adds a node to some of which none was made after another, and keeps them so.
    pub(super) fn push_newest(&self, newest: &mut Vec<usize>, n: usize) {
        if newest.iter().any(|&m| self.is_ancestor(n, m)) {
            return;
        }
        newest.retain(|&m| !self.is_ancestor(m, n));
        newest.push(n);
    }
}

pub(super) fn bit(words: &[u64], n: usize) -> bool {
    words
        .get(n / 64)
        .is_some_and(|word| word >> (n % 64) & 1 == 1)
}
