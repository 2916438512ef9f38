//! What may be done to a record next, and comments.

use gridfold_sync_core::ids::RecordId;

use super::Client;
use crate::error::ClientError;
use crate::types::{Comment, NextTransition, StandingStep};

impl Client {
    /// The transitions that this user may make on a record as it stands here, in the order of its
    /// form. One whose `needs` is not empty is refused until those fields have values.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn next_transitions(&self, record: RecordId) -> Result<Vec<NextTransition>, ClientError> {
        self.shell.next_transitions(&record)
    }

    /// The steps that stand on a record, the newest first: those beside its status that nothing answered since, with
    /// who urged, supervises or follows it and asks for more time; and the one by which it was resolved on the spot.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn standing_steps(&self, record: RecordId) -> Result<Vec<StandingStep>, ClientError> {
        self.shell.standing_steps(&record)
    }

    /// Makes a transition; durable when this returns.
    ///
    /// # Errors
    /// As [`Client::edit`], with `transition_not_allowed` when the form has no such transition
    /// from here, or a field that it needs has no value.
    pub fn transition(
        &self,
        record: RecordId,
        action: &str,
        note: &str,
    ) -> Result<(), ClientError> {
        self.shell.transition(&record, action, note)
    }

    /// Tells the issuer of a task that it was taken note of.
    ///
    /// # Errors
    /// As [`Client::transition`].
    pub fn acknowledge(&self, record: RecordId) -> Result<(), ClientError> {
        self.shell.transition(&record, "acknowledge", "")
    }

    /// Comments on a record. Comments that several people make at once all stay.
    ///
    /// # Errors
    /// As [`Client::edit`], with `no_comments` when its form takes none.
    pub fn comment(&self, record: RecordId, text: &str) -> Result<(), ClientError> {
        self.shell.comment(&record, text)
    }

    /// The comments on a record, oldest first.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn comments(&self, record: RecordId) -> Result<Vec<Comment>, ClientError> {
        self.shell.comments(&record)
    }
}
