//! Signing out.

use super::Client;
use crate::error::ClientError;
use crate::shell::transport::Transport;
use crate::types::SignedOut;

impl Client {
    /// Ends the session: tells the server, if it can be reached, and erases everything here, first
    /// the key. The client is of no use afterwards.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with `unsent_edits` while edits wait to be sent, refused ones are
    /// not settled, or there are drafts, unless `discard_unsent` says that they may be lost.
    pub fn sign_out(
        &self,
        transport: &dyn Transport,
        discard_unsent: bool,
    ) -> Result<SignedOut, ClientError> {
        self.shell.sign_out(transport, discard_unsent)
    }
}
