//! What a phone gives back.

use crate::entry::{Item, PublicKey, Receipt, ReceiptStream, next_prefix};
use crate::ids::{Hash, StreamId};

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

impl RecoverRun {
    /// What the server signed for of the stream, when it was this server.
    #[must_use]
    pub fn proof(&self, server: &PublicKey) -> Option<&ReceiptStream> {
        let of = self
            .receipt
            .streams
            .iter()
            .find(|s| s.stream == self.stream);
        of.filter(|_| self.receipt.verify(server))
    }

    /// Whether the items, after this prefix, are those that were signed for.
    #[must_use]
    pub fn leads_to(&self, proof: &ReceiptStream, before: Hash) -> bool {
        let mut prefix = before;
        for item in &self.items {
            if !item.is_consistent(&self.stream) {
                return false;
            }
            prefix = next_prefix(&prefix, &item.hash());
        }
        let end = self.after.saturating_add(self.items.len() as u64);
        end == proof.seq && prefix == proof.prefix
    }
}
