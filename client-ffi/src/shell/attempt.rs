//! How the last attempt to sync went. Kept in memory: after a start nothing is known.

use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::reply::{Reply, offline};
use crate::shell::sync::{SYNC_CONTENT_TYPE, SYNC_PATH};
use crate::shell::transport::{AsyncTransport, HttpRequest};
use crate::types::{Reach, SyncOptions, SyncReport};

/// What is known of the last attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    pub(crate) reach: Reach,
    pub(crate) at: Option<Timestamp>,
    pub(crate) error: Option<String>,
}

impl Shell {
    /// Syncs and remembers how it went.
    pub(crate) async fn sync(
        &self,
        transport: &dyn AsyncTransport,
        options: &SyncOptions<'_>,
    ) -> Result<SyncReport, ClientError> {
        let result = self
            .run_sync(transport, options)
            .await
            .map_err(|e| match e {
                // A transport that was told to give up is no broken connection.
                ClientError::Offline { .. } => options.check_cancelled().err().unwrap_or(e),
                other => other,
            });
        // Whatever a sync met that the store was taken from, that is the reason.
        let result = match result {
            Err(_) if self.is_closed() => Err(ClientError::Closed),
            other => other,
        };
        let reach = match &result {
            Ok(_) => Some(Reach::Reachable),
            Err(ClientError::Offline { retry_after: None }) => Some(Reach::Unreachable),
            // It answered, if only to refuse.
            Err(
                ClientError::Offline { .. }
                | ClientError::SignInRequired
                | ClientError::Revoked
                | ClientError::UpdateRequired
                | ClientError::Rejected { .. },
            ) => Some(Reach::Reachable),
            Err(_) => None,
        };
        let mut attempt = self.attempt.lock();
        if let Some(reach) = reach {
            attempt.reach = reach;
            attempt.at = Some(self.platform.now());
        }
        attempt.error = result.as_ref().err().map(|e| e.code().to_owned());
        result
    }
    /// Unless the last attempt since the start met the server, asks whether it is there; what it says is no matter.
    ///
    /// # Errors
    /// [`ClientError::Offline`] when nobody answers, or not the server.
    pub(crate) async fn knock(&self, transport: &dyn AsyncTransport) -> Result<(), ClientError> {
        if !transport.knocks() || self.attempt.lock().reach == Reach::Reachable {
            return Ok(());
        }
        let response = transport
            .call(HttpRequest {
                method: "GET".to_owned(),
                path: SYNC_PATH.to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
            })
            .await
            .map_err(offline)?;
        Reply::of(response, SYNC_CONTENT_TYPE).map(|_| ())
    }
}
