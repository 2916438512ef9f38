//! Signing out: the server is told, then everything here is erased, key first.
//!
//! What enters: a transport that may have no connection. What leaves: an empty directory, and
//! whether the server was told. What never happens here: losing unsent work that nobody agreed to
//! lose.

use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::reply::{JSON, Problem, Reply};
use crate::shell::state::Account;
use crate::shell::store::{DRAFTS, Source};
use crate::shell::transport::{AsyncTransport, HttpRequest};
use crate::types::SignedOut;

#[derive(Serialize)]
struct SignOut<'a> {
    refresh_token: &'a str,
}

impl Shell {
    pub(crate) async fn sign_out(
        &self,
        transport: &dyn AsyncTransport,
        discard_unsent: bool,
    ) -> Result<SignedOut, ClientError> {
        let _syncing = self.syncing.lock().await;
        self.leave(discard_unsent)?;
        let server_told = self.tell_sign_out(transport).await;
        let erased = self.wipe();
        self.leaving.store(false, Ordering::Release);
        erased?;
        Ok(SignedOut { server_told })
    }

    /// From here on nothing is written by the person, unless there is something to lose.
    fn leave(&self, discard_unsent: bool) -> Result<(), ClientError> {
        let _writing = self.writing.lock();
        if !discard_unsent {
            let drafts = self.read(|rx| Ok(rx.keys(DRAFTS, &[])?.len()))?;
            let state = self.state.read();
            if drafts > 0 || !state.outbox.is_empty() || !state.bearings.refused.is_empty() {
                return Err(ClientError::rejected("unsent_edits"));
            }
        }
        self.leaving.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the server says that the session has ended.
    async fn tell_sign_out(&self, transport: &dyn AsyncTransport) -> bool {
        for _ in 0..2 {
            let Ok(account) = self.account() else {
                return false;
            };
            let Some(answer) = send(transport, &account).await else {
                return false;
            };
            match answer {
                Ok(()) => return true,
                // It had ended before.
                Err(problem) if problem.is_revoked() || problem.is_wiped() => return true,
                Err(problem) if problem.status == 401 => {
                    match self.renew(transport, &account).await {
                        Ok(()) => {}
                        Err(ClientError::SignInRequired | ClientError::Revoked) => return true,
                        Err(_) => return false,
                    }
                }
                Err(_) => return false,
            }
        }
        false
    }
}

async fn send(transport: &dyn AsyncTransport, account: &Account) -> Option<Result<(), Problem>> {
    let body = SignOut {
        refresh_token: &account.refresh_token,
    };
    let response = transport
        .call(HttpRequest {
            method: "POST".to_owned(),
            path: "/v1/sign-out".to_owned(),
            headers: vec![
                (
                    "authorization".to_owned(),
                    format!("Bearer {}", account.access_token),
                ),
                ("content-type".to_owned(), JSON.to_owned()),
            ],
            body: serde_json::to_vec(&body).ok()?,
        })
        .await
        .ok()?;
    Reply::done(&response)
}
