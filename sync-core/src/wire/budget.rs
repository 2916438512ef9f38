//! What a message may still carry, so that whatever is put into it can be read again.

use crate::edit::Op;
use crate::entry::Item;
use crate::limits::{MAX_ITEMS_PER_MESSAGE, MAX_ITEMS_PER_PULL, MAX_OPS_PER_MESSAGE};

/// Bytes that an item takes besides its heads and operations.
const ITEM_BYTES: u64 = 128;
/// Bytes of a head.
const HEAD_BYTES: u64 = 24;
/// Bytes of an operation besides its text and names.
const OP_BYTES: u64 = 16;

/// Counts the items of a response. A page is closed when [`PageBudget::take`] says no: its readers
/// refuse a message with more items or operations than the limits, however few bytes they take.
#[derive(Debug, Clone)]
pub struct PageBudget {
    bytes: u64,
    ops: usize,
    items: usize,
    in_page: usize,
    taken: bool,
}

impl PageBudget {
    /// A budget for one message of about this many uncompressed bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes: bytes as u64,
            ops: MAX_OPS_PER_MESSAGE,
            items: MAX_ITEMS_PER_MESSAGE,
            in_page: MAX_ITEMS_PER_PULL,
            taken: false,
        }
    }

    /// Begins the next page of the message.
    pub fn next_page(&mut self) {
        self.in_page = MAX_ITEMS_PER_PULL;
    }

    /// Whether the item still fits; it is counted if so. The first of a message always fits.
    #[must_use]
    pub fn take(&mut self, item: &Item) -> bool {
        let (heads, ops) = item
            .entry
            .as_ref()
            .map_or((0, &[][..]), |e| (e.header.deps().len(), e.ops()));
        let text = ops.iter().map(Op::weight).fold(0, u64::saturating_add);
        let bytes = ITEM_BYTES
            .saturating_add(HEAD_BYTES * heads as u64)
            .saturating_add(OP_BYTES * ops.len() as u64)
            .saturating_add(text);
        let fits = self.items > 0
            && self.in_page > 0
            && (!self.taken || (bytes <= self.bytes && ops.len() <= self.ops));
        if fits {
            self.bytes = self.bytes.saturating_sub(bytes);
            self.ops = self.ops.saturating_sub(ops.len());
            self.items -= 1;
            self.in_page -= 1;
            self.taken = true;
        }
        fits
    }
}
