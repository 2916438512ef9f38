//! Syncing again while the server cannot be reached, for callers that may wait.

use std::time::Duration;

use crate::error::ClientError;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::backoff::wait_after;
use crate::shell::transport::{Blocking, Transport, at_once};
use crate::types::{RetryPolicy, SyncOptions, SyncReport};

impl Shell {
    pub(crate) fn sync_with_retry(
        &self,
        transport: &dyn Transport,
        policy: RetryPolicy,
        options: &SyncOptions<'_>,
        sleep: &dyn Fn(Duration),
    ) -> Result<SyncReport, ClientError> {
        let first = Duration::from_millis(policy.base_ms.max(1));
        let most = Duration::from_millis(policy.max_ms).max(first);
        let mut failures = 0;
        loop {
            match at_once(self.sync(&Blocking(transport), options)) {
                Err(ClientError::Offline { retry_after }) if failures + 1 < policy.max_attempts => {
                    let chance = u64::from_be_bytes(random(&*self.platform));
                    let wait = wait_after(failures, first, most, chance);
                    let asked = Duration::from_secs(retry_after.unwrap_or_default());
                    options.check_cancelled()?;
                    sleep(wait.max(asked));
                    options.check_cancelled()?;
                    failures += 1;
                }
                done => return done,
            }
        }
    }
}
