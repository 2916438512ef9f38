//! What is to be written, and what was not.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId};

use crate::shell::begun::BegunAt;

/// What is to be written: where, of which form, and what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) record: &'a RecordId,
    pub(crate) grid: &'a AreaCode,
    pub(crate) form: &'a FormCode,
    pub(crate) ops: &'a [Op],
    /// What its person saw; nothing where that is what is here.
    pub(crate) begun_at: Option<&'a BegunAt>,
}

/// What this phone did not take.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// The record it edits, or makes under that id; none when it makes one under any.
    pub(crate) record: Option<RecordId>,
    /// Whether it makes it.
    pub(crate) is_new: bool,
    pub(crate) grid: AreaCode,
    pub(crate) form: FormCode,
    pub(crate) version: Option<u32>,
    pub(crate) ops: Vec<Op>,
}
