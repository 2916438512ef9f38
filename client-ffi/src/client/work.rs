//! Changes, undo and drafts.

use gridfold_sync_core::ids::RecordId;

use super::Client;
use crate::error::ClientError;
use crate::types::{Draft, DraftId, RecordEdit, SavedDraft, UndoneChange};

impl Client {
    /// A new id for a record that a change is about to make.
    #[must_use]
    pub fn new_record_id(&self) -> RecordId {
        self.shell.new_record_id()
    }

    /// Makes several edits and records as one change, durable when this returns: all or nothing.
    /// Tells the record of each edit.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with the code of the rule that does not allow one of them: each part
    /// is then a draft, of which the error names the one that was not allowed; or
    /// [`ClientError::NotFound`].
    pub fn change(&self, edits: Vec<RecordEdit>) -> Result<Vec<RecordId>, ClientError> {
        self.shell.change(edits)
    }

    /// Takes back the newest change of this phone as if it had never been made, as long as none of
    /// it was ever sent. A draft or refused edit that it used up is there again.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with `nothing_to_undo` when nothing waits to be sent, with
    /// `already_sent` when it may have left the phone, even if it never arrived.
    pub fn undo_last(&self) -> Result<UndoneChange, ClientError> {
        self.shell.undo_last()
    }

    /// Saves a draft, durable when this returns, in place of the one with its id.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with `draft_too_large` or `too_many_drafts`.
    pub fn save_draft(&self, draft: &Draft) -> Result<DraftId, ClientError> {
        self.shell.save_draft(draft)
    }

    /// All drafts, last saved first.
    ///
    /// # Errors
    /// [`ClientError::DamagedStore`].
    pub fn drafts(&self) -> Result<Vec<SavedDraft>, ClientError> {
        self.shell.drafts()
    }

    /// A draft.
    ///
    /// # Errors
    /// [`ClientError::DamagedStore`].
    pub fn draft(&self, id: DraftId) -> Result<Option<SavedDraft>, ClientError> {
        self.shell.draft(id)
    }

    /// Lets a draft go.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn discard_draft(&self, id: DraftId) -> Result<(), ClientError> {
        self.shell.discard_draft(id)
    }

    /// Makes a draft's edit and removes the draft, both or neither: under the version of the form
    /// that it was typed with, or the newest where only that takes it. What was set aside when it
    /// was mended stays behind as a draft of the record.
    ///
    /// # Errors
    /// As [`Client::create_record`] and [`Client::edit`]; the draft stays then.
    pub fn commit_draft(&self, id: DraftId) -> Result<RecordId, ClientError> {
        self.shell.commit_draft(id)
    }

    /// Makes a draft one of the newest version of its form. What does not fit there is named in
    /// [`SavedDraft::misfits`] and stays with it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or [`ClientError::Rejected`] with `unknown_form` or `no_grant`;
    /// the draft stays as it is then.
    pub fn mend_draft(&self, id: DraftId) -> Result<SavedDraft, ClientError> {
        self.shell.mend_draft(id)
    }
}
