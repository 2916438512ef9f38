//! The room a record has: what one may hold at most, told before an edit and after it.
//!
//! The phone asks before it stores an edit, the server before it admits one.

use crate::edit::Op;
use crate::limits::{
    MAX_RECORD_BYTES, MAX_RECORD_ENTRIES, MAX_RECORD_FORK_WEIGHT, MAX_RECORD_FORKS, MAX_RECORD_OPS,
    MAX_RECORD_TRANSITIONS, MAX_RECORD_WEIGHT,
};
use crate::view::PartState;

/// Whether a record has no room for an edit of these operations. One that is not made at the
/// record's heads is one fork more.
pub(super) fn is_full(part: &PartState, ops: &[Op], direct: bool) -> bool {
    part.entries as usize >= MAX_RECORD_ENTRIES
        || part.ops as usize + ops.len() > MAX_RECORD_OPS
        || part.transitions.len() + transitions(ops) > MAX_RECORD_TRANSITIONS
        || (!direct && too_forked(part))
}

fn too_forked(part: &PartState) -> bool {
    let forks = u64::from(part.forks) + 1;
    forks > MAX_RECORD_FORKS as u64
        || forks.saturating_mul(part.weight) > MAX_RECORD_FORK_WEIGHT as u64
}

/// Whether a record of this weight gets too heavy to merge with these operations.
pub(super) fn is_too_heavy(weight: u64, ops: &[Op]) -> bool {
    let weight = ops
        .iter()
        .fold(weight, |sum, op| sum.saturating_add(op.weight()));
    weight > MAX_RECORD_WEIGHT as u64
}

/// Whether a record holds more text than one may.
pub(super) fn is_too_long(after: &PartState) -> bool {
    after.text_bytes() > MAX_RECORD_BYTES
}

pub(super) fn transitions(ops: &[Op]) -> usize {
    ops.iter()
        .filter(|op| matches!(op, Op::Transition { .. }))
        .count()
}
