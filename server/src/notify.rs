//! Notify: "stream S is at N", to whoever follows. Never data, and a notice may get lost: who
//! follows asks for what it lacks.

use gridfold_sync_core::ids::StreamId;
use tokio::sync::broadcast;

/// A stream has new items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMoved {
    /// The stream.
    pub stream: StreamId,
    /// Its newest place.
    pub seq: u64,
}

/// Notices a follower may be behind before it misses some.
const CAPACITY: usize = 1_024;

/// Where notices come from.
#[derive(Debug, Clone)]
pub struct Notify {
    sender: broadcast::Sender<StreamMoved>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(CAPACITY).0,
        }
    }
}

impl Notify {
    /// Follows from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<StreamMoved> {
        self.sender.subscribe()
    }
    /// Tells all followers.
    pub fn moved(&self, stream: StreamId, seq: u64) {
        // Nobody following is no error.
        let _ = self.sender.send(StreamMoved { stream, seq });
    }
}
