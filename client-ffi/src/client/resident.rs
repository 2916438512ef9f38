//! What whoever reported something is given in hand.

use gridfold_sync_core::ids::RecordId;

use super::Client;
use crate::error::ClientError;
use crate::types::ResidentReceipt;

impl Client {
    /// The receipt of a record for whoever reported it. None when it has none: its form or kind does not show, did not
    /// when it was made or does not any more, or it was deleted.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::DamagedStore`].
    pub fn resident_receipt(
        &self,
        record: RecordId,
    ) -> Result<Option<ResidentReceipt>, ClientError> {
        self.shell.resident_receipt(&record)
    }
}
