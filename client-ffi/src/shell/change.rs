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

/// The code of a record that is to be made and is there.
pub(crate) const RECORD_EXISTS: &str = "record_exists";

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
                    return Err(ClientError::rejected(RECORD_EXISTS));
                }
                let write = Write {
                    record: &record,
                    grid: &grid,
                    form: &form,
                    ops: &ops,
                    begun_at: None,
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
        let (again, mut at) = (edits.clone(), 0);
        let made = self.commit_change(|batch| {
            let mut take = |(part, edit)| {
                at = part;
                batch.take_edit(edit, self.new_record_id())
            };
            edits.into_iter().enumerate().map(&mut take).collect()
        });
        made.map_err(|error| self.change_or_drafts(error, again, at))
    }
}
