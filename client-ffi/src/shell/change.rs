//! Changes: what a person did in one go, over one record or several, all of it or nothing.
//!
//! What enters: edits and new records. What leaves: one transaction whose entries share a change
//! id. What never happens here: half a change on disk.

use gridfold_sync_core::ids::RecordId;

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::writing::Write;
use crate::types::{MAX_EDITS_PER_CHANGE, RecordEdit};

impl Batch<'_> {
    fn take_edit(&mut self, edit: RecordEdit, new: RecordId) -> Result<RecordId, ClientError> {
        match edit {
            RecordEdit::Create {
                id,
                grid,
                form,
                form_version,
                ops,
            } => {
                let record = id.unwrap_or(new);
                if self.record(&record)?.is_some() {
                    return Err(ClientError::rejected("record_exists"));
                }
                let write = Write {
                    record: &record,
                    grid: &grid,
                    form: &form,
                    ops: &ops,
                };
                self.write_edit(write, form_version)?;
                Ok(record)
            }
            RecordEdit::Edit {
                record,
                form_version,
                ops,
            } => {
                self.edit_known(&record, form_version, ops)?;
                Ok(record)
            }
        }
    }
}

impl Shell {
    pub(crate) fn new_record_id(&self) -> RecordId {
        RecordId::from_parts(self.platform.now(), random(&*self.platform))
    }

    /// Commits what a person did as one change.
    pub(crate) fn commit_change<T>(
        &self,
        f: impl FnOnce(&mut Batch<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        self.commit(ChangeCause::Local, |batch| {
            batch.begin_change()?;
            f(batch)
        })
    }

    pub(crate) fn change(&self, edits: Vec<RecordEdit>) -> Result<Vec<RecordId>, ClientError> {
        if edits.is_empty() {
            return Err(ClientError::rejected("empty"));
        }
        if edits.len() > MAX_EDITS_PER_CHANGE {
            return Err(ClientError::rejected("change_too_large"));
        }
        self.commit_change(|batch| {
            edits
                .into_iter()
                .map(|edit| batch.take_edit(edit, self.new_record_id()))
                .collect()
        })
    }
}
