//! What a phone gives back.

use crate::entry::{Item, Receipt};
use crate::ids::StreamId;

/// Items that a server signed for and no longer has: it was restored from a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverRun {
    /// The receipt that proves them.
    pub receipt: Receipt,
    /// The stream.
    pub stream: StreamId,
    /// The items follow this place, up to the place that the receipt names.
    pub after: u64,
    /// The items.
    pub items: Vec<Item>,
}
