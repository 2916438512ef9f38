//! What projection hands to the views.

use gridfold_sync_core::entry::{Author, Verdict};
use gridfold_sync_core::ids::{EntryRef, FormCode, Hash, RecordId, StreamId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;

/// One entry to be written into the views.
#[derive(Debug, Clone)]
pub struct ProjectedEntry {
    /// Its stream.
    pub stream: StreamId,
    /// Its place there.
    pub seq: u64,
    /// The prefix there.
    pub prefix: Hash,
    /// Its name.
    pub id: EntryRef,
    /// Its hash.
    pub hash: Hash,
    /// Who made it.
    pub author: Author,
    /// The device's clock.
    pub claimed: Timestamp,
    /// The server's clock.
    pub received: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// The record, when it could be told.
    pub record: Option<RecordId>,
    /// Its form, when it could be told.
    pub form: Option<FormCode>,
    /// The record's row with it, when admitted.
    pub state: Option<PartState>,
}
