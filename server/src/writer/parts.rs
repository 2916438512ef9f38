//! What the writer works with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gridfold_sync_core::entry::SignKey;
use gridfold_sync_core::ids::{IncarnationId, RecordId};

use crate::admit::WriteError;
use crate::clock::Clock;
use crate::directory::DirectoryService;
use crate::keys::RecordKeys;
use crate::log::Log;
use crate::notify::Notify;
use crate::project::Follower;
use crate::push::Herald;
use crate::views::Views;

/// What the writer works with.
pub struct WriterParts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Keys of records.
    pub keys: Arc<RecordKeys>,
    /// The directory.
    pub directory: Arc<DirectoryService>,
    /// The views, and how they follow the log.
    pub(crate) follower: Follower,
    /// The same views, to tell what a push will cost.
    pub views: Views,
    /// Where followers listen.
    pub notify: Notify,
    /// Where it is said what may concern somebody's phone; none where phones are not told.
    pub(crate) herald: Option<Herald>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The server's signing key.
    pub server_key: SignKey,
    /// The incarnation under which the console writes.
    pub console: IncarnationId,
    /// How long one job is worked on while others wait.
    pub turn: Duration,
    /// The time that one device may take ahead of its share.
    pub most: Duration,
    /// Where the simulation stops the thread as a crash would; never set in a server.
    pub faults: Option<Faults>,
}

/// Asked at each step of a batch, by its name; true stops the writer there, as a crash would.
pub type Faults = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

impl fmt::Debug for WriterParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterParts").finish_non_exhaustive()
    }
}

impl WriterParts {
    /// Destroys the key of a record that the directory names as erased, so that nothing of it is
    /// admitted any more, and takes it out of the views.
    pub(super) fn erase(&mut self, record: RecordId) -> Result<(), WriteError> {
        self.keys.destroy(record.0)?;
        Ok(self.follower.erase(record)?)
    }
}
