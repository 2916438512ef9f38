//! Merging: folding the entries of one record part into its row.
//!
//! A linear history never becomes a document: each edit changes the row ([`PartState::apply`]).
//! Only when entries are concurrent is the record's automerge document derived from them, asked to
//! merge, and read back into the same kind of row. Documents live inside this module and never
//! leave it: what replicas exchange is entries.

mod derive;
mod document;
mod graph;
mod read;
mod sides;

pub use document::Merger;

use crate::entry::{Entry, Target};
use crate::gather::Gather as _;
use crate::ids::{EntryRef, FormCode};
use crate::merge::graph::Graph;
use crate::view::PartState;

/// Why a set of entries cannot be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// An entry was made at an entry that is not in the set.
    #[error("an entry was made at a state that is not known here")]
    MissingHeads,
    /// The merge engine refused what admission had let through; a defect.
    #[error("the merge engine could not derive the record")]
    Engine,
}

/// Folds the admitted entries of one record part, in any order, into its row.
///
/// # Errors
/// [`MergeError::MissingHeads`] when an entry's heads are not among the entries.
pub fn fold(form: &FormCode, entries: &[Entry]) -> Result<PartState, MergeError> {
    let graph = Graph::new(entries)?;
    let mut state = PartState::new(form.clone());
    for &index in graph.order() {
        let entry = &entries[index];
        if !follows(&state, entry) {
            let mut merger = Merger::new(form.clone());
            for &index in graph.order() {
                merger.add(&entries[index])?;
            }
            return merger.read();
        }
        state.apply(entry);
    }
    Ok(state)
}

/// Folds those entries whose ancestors are all there; gives the row and what was left out. A phone
/// folds this way after one of its entries was refused: what it made after that waits for the
/// verdict that must follow.
///
/// # Errors
/// [`MergeError::Engine`] only.
pub fn fold_available(
    form: &FormCode,
    entries: &[Entry],
) -> Result<(PartState, Vec<EntryRef>), MergeError> {
    let mut kept: Vec<Entry> = entries.to_vec();
    let mut left_out = Vec::new();
    loop {
        let known: std::collections::BTreeSet<EntryRef> = kept.iter().map(Entry::id).gathered();
        let before = kept.len();
        kept.retain(|e| {
            let there = e.header.deps().iter().all(|d| known.contains(d));
            if !there {
                left_out.push(e.id());
            }
            there
        });
        if kept.len() == before {
            return fold(form, &kept).map(|state| (state, left_out));
        }
    }
}

/// The row as it was at these heads: the fold of their ancestors.
///
/// # Errors
/// [`MergeError::MissingHeads`] when a head is not among the entries.
pub fn state_at(
    form: &FormCode,
    entries: &[Entry],
    heads: &[EntryRef],
) -> Result<PartState, MergeError> {
    let graph = Graph::new(entries)?;
    let closure = graph.closure(heads).ok_or(MergeError::MissingHeads)?;
    let subset: Vec<Entry> = closure.into_iter().map(|i| entries[i].clone()).collect();
    fold(form, &subset)
}

/// Of these heads, those that no other of them was made after: they say the same state.
///
/// # Errors
/// [`MergeError::MissingHeads`] when a head is not among the entries.
pub fn newest_of(entries: &[Entry], heads: &[EntryRef]) -> Result<Vec<EntryRef>, MergeError> {
    let graph = Graph::new(entries)?;
    graph.newest(heads).ok_or(MergeError::MissingHeads)
}

/// Whether an entry continues the row directly.
#[must_use]
pub fn follows(state: &PartState, entry: &Entry) -> bool {
    match &entry.header.target {
        Target::New { .. } => state.entries == 0,
        Target::At(deps) => state.is_at_heads(deps),
    }
}
