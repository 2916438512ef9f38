//! What plans are due for.

use gridfold_sync_core::ids::RecordId;

use super::Client;
use crate::error::ClientError;
use crate::types::{Beginning, DueQuery, DueTask, Page};

impl Client {
    /// What plans are due for in their period of today, on the records held here: what nobody has done, by a task of the
    /// plan or by a record that counts for it.
    ///
    /// # Errors
    /// [`ClientError::DamagedStore`].
    pub fn due(&self, query: &DueQuery) -> Result<Page<DueTask>, ClientError> {
        self.shell.due(query)
    }

    /// Begins something that a plan is due for: makes its task, which is this user's where the plan names nobody, or gives
    /// the one that is there. Whoever makes it makes the same record, on whichever phone; durable when this returns.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is no such plan here, or it is not due for that;
    /// [`ClientError::Rejected`] as [`Client::create_record`].
    pub fn begin_due(&self, of: &Beginning) -> Result<RecordId, ClientError> {
        self.shell.begin_due(of)
    }
}
