//! What the views hold of an erased record goes: its row, its parts, its words. Its entries stay as names and hashes, and its bytes leave the file with the cleaning that follows.

use gridfold_sync_core::ids::RecordId;
use rusqlite::TransactionBehavior;

use crate::views::clean;
use crate::views::counted::Counted;
use crate::views::record_columns::{Columns, find_row};
use crate::views::{ViewsError, ViewsWriter};

impl ViewsWriter {
    /// Takes a record out of the views. One that is not there any more is no error.
    ///
    /// # Errors
    /// When SQLite fails; then it is to be called again.
    pub fn erase(&mut self, record: RecordId) -> Result<(), ViewsError> {
        self.end_reads();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(row) = find_row(&tx, &record)? else {
            return Ok(());
        };
        if !row.columns.live {
            return Ok(());
        }
        if row.words != 0 {
            tx.execute("DELETE FROM search WHERE rowid = ?1", [row.id])?;
        }
        for table in ["parts", "steps", "measured", "chosen"] {
            tx.execute(&format!("DELETE FROM {table} WHERE record = ?1"), [row.id])?;
        }
        tx.execute(
            "UPDATE records SET live = 0, deleted = 0, status = NULL, conflicts = 0, late = 0, title = '', title_class = 0, title_key = '',
             household = NULL, household_class = 0, lat = NULL, lon = NULL, place_class = 0, cell = NULL, missing = 0,
             work = 0, means = 0, due = NULL, due_received = NULL, doer = NULL, happened = NULL, closed = NULL, about = NULL, about_class = 0, visited = 0, words = 0, receipt = NULL, suspended = NULL, paused = 0,
             late_general = 0, conflicts_general = 0, missing_general = 0
             WHERE id = ?1",
            [row.id],
        )?;
        let mut counted = Counted::default();
        counted.moved(record, &row.columns, &Columns::default());
        counted.write(&tx)?;
        // A tile without records would still tell that one lay there.
        tx.execute_batch("DELETE FROM tally WHERE n = 0; DELETE FROM places WHERE n = 0;")?;
        clean::mark(&tx)?;
        self.faulty.before_commit()?;
        tx.commit()?;
        Ok(())
    }
}
