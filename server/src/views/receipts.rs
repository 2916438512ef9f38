//! Records by the number of a receipt.

use gridfold_sync_core::ids::RecordId;

use crate::views::{Views, ViewsError};

/// Records of one number that are looked at: numbers are drawn, so there is one unless somebody copied it.
const MAX_OF_A_NUMBER: i64 = 8;

impl Views {
    /// The records that have a number, deleted ones too, the one that was received first before others.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub(crate) fn of_receipt(&self, number: &str) -> Result<Vec<RecordId>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT record FROM records WHERE receipt = ?1 AND live = 1 ORDER BY first_received, id LIMIT ?2",
            )?;
            let rows = statement.query_map((number, MAX_OF_A_NUMBER), |r| r.get(0))?;
            rows.map(|row| Ok(RecordId::from_bytes(row?))).collect()
        })
    }
}
