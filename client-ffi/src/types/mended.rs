//! What is told of a store that was damaged.

use gridfold_sync_core::time::Timestamp;

/// The store was damaged and has been mended: what was not sent is all there, and what is not here
/// of the rest comes with the next sync. The damaged file lies beside the store until something is
/// erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedStore {
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Records that it still gave.
    pub records: u64,
    /// Whether every page with records was still there.
    pub complete: bool,
    /// What happened, what is safe and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
}
