//! Where the sessions of a phone with its server stand, kept from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{EntryRef, FormCode, IncarnationId, RecordId, StreamId};
use crate::session::Debt;
use crate::time::Timestamp;

/// A device log: a stream and who wrote.
pub type LogKey<S> = (S, IncarnationId);

/// What a phone remembers of its server from one sync to the next, stored with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncState<S: Ord> {
    /// The epoch of the server's log.
    pub epoch: u64,
    /// When the server last answered, by the phone's clock.
    pub last_sync: Option<Timestamp>,
    /// How far the server's clock is ahead of the phone's, in milliseconds.
    pub clock_skew_ms: i64,
    /// Streams erased here that the server was not told of yet.
    pub erased: Vec<StreamId>,
    /// What the server lacks of streams since it was restored.
    #[serde(default = "BTreeMap::new")]
    pub debts: BTreeMap<S, Debt>,
    /// Streams of such a server that were not read to their end yet.
    #[serde(default = "BTreeSet::new")]
    pub unread: BTreeSet<S>,
    /// Streams that may be read again after this phone had begun to leave them.
    #[serde(default = "BTreeSet::new")]
    pub regained: BTreeSet<S>,
    /// Revision of the newest mark of what supervisors have seen.
    #[serde(default)]
    pub seen: u64,
    /// Revision up to which what was erased is gone here.
    #[serde(default)]
    pub erasures: u64,
    /// Records that were erased while something of them still waited to be decided on.
    #[serde(default)]
    pub erasing: BTreeSet<RecordId>,
    /// Forms of records that a restored server does not have, while something written to them here
    /// waits to be decided on.
    #[serde(default)]
    pub forms_of_waiting: BTreeMap<RecordId, FormCode>,
    /// The key of the server that was heard to sign an answer: it does so always.
    #[serde(default)]
    pub signed_by: Option<[u8; 32]>,
}

impl<S: Ord> Default for SyncState<S> {
    fn default() -> Self {
        Self {
            epoch: 0,
            last_sync: None,
            clock_skew_ms: 0,
            erased: Vec::new(),
            debts: BTreeMap::new(),
            unread: BTreeSet::new(),
            regained: BTreeSet::new(),
            seen: 0,
            erasures: 0,
            erasing: BTreeSet::new(),
            forms_of_waiting: BTreeMap::new(),
            signed_by: None,
        }
    }
}

impl<S: Ord> SyncState<S> {
    /// Whether something is owed or not read to its end, so that an answer which says nothing
    /// still says something.
    #[must_use]
    pub fn is_healing(&self) -> bool {
        !self.debts.is_empty() || !self.unread.is_empty()
    }

    /// Takes in when the server answered, by both clocks.
    pub fn answered(&mut self, here: Timestamp, there: Timestamp) {
        self.last_sync = Some(here);
        self.clock_skew_ms = there.millis().saturating_sub(here.millis());
    }
}

/// What a response came to.
#[derive(Debug, Clone)]
pub struct Applied<S: Ord> {
    /// Items taken.
    pub pulled: u64,
    /// Own entries that were admitted.
    pub admitted: u64,
    /// Own entries that were refused.
    pub refused: u64,
    /// Whether a directory came.
    pub directory_changed: bool,
    /// Streams erased.
    pub erased: Vec<StreamId>,
    /// More items follow, or where the phone stands has changed.
    pub more: bool,
    /// Something moved: another round trip may move more.
    pub moved: bool,
    /// The server takes no push of this size.
    pub too_large: bool,
    /// Entries that the server has.
    pub sent: Vec<(S, EntryRef)>,
    /// Logs that it lacks something of, and from which sequence on.
    pub gaps: Vec<(LogKey<S>, u64)>,
    /// Places after which the server's disk lost what this phone holds.
    pub lacks: Vec<(S, u64)>,
    /// Streams that wait until the server's disk is healed.
    pub held: BTreeSet<S>,
}

impl<S: Ord> Default for Applied<S> {
    fn default() -> Self {
        Self {
            pulled: 0,
            admitted: 0,
            refused: 0,
            directory_changed: false,
            erased: Vec::new(),
            more: false,
            moved: false,
            too_large: false,
            sent: Vec::new(),
            gaps: Vec::new(),
            lacks: Vec::new(),
            held: BTreeSet::new(),
        }
    }
}
