//! What a response of the server came to.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::{EntryRef, StreamId};

use crate::shell::outbox::LogKey;
use crate::shell::rows::StreamNo;

/// What a response came to.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) pulled: u64,
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) directory_changed: bool,
    pub(crate) erased: Vec<StreamId>,
    /// More items follow, or where the phone stands has changed.
    pub(crate) more: bool,
    /// Something moved: another round trip may move more.
    pub(crate) moved: bool,
    pub(crate) too_large: bool,
    pub(crate) sent: Vec<(StreamNo, EntryRef)>,
    pub(crate) gaps: Vec<(LogKey, u64)>,
    /// Places after which the server's disk lost what this phone holds.
    pub(crate) lacks: Vec<(StreamNo, u64)>,
    /// Streams that wait until the server's disk is healed.
    pub(crate) held: BTreeSet<StreamNo>,
}
