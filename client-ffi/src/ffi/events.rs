//! Events, as an app in another language hears them.

use crate::ffi::records::{RecordDetail, RecordPage};
use crate::ffi::sync_hub::SyncState;

/// What happened.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum ClientEvent {
    /// Records changed.
    Changed {
        /// Which; empty when `everything` is set.
        record_ids: Vec<String>,
        /// Whether a sync brought it, or an edit on this phone.
        by_sync: bool,
        /// Too many to name: read again whatever is shown.
        everything: bool,
    },
    /// The watched record now reads like this; none when it is not here any more.
    Record {
        /// The record.
        record: Option<RecordDetail>,
    },
    /// The watched page now reads like this.
    List {
        /// The page.
        page: RecordPage,
    },
    /// A sync began, got further or ended.
    Sync {
        /// How it stands.
        state: SyncState,
    },
}
