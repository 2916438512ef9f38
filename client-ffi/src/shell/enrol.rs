//! Enrolment: a code makes this phone a device, or lets the device that it is go on.
//!
//! What enters: a code and a way to its server. What leaves: an account. With a code for the same
//! person the store goes on as it was; with another person's it begins anew, under a key of its
//! own, once nothing of the first one waits here. What never happens here: an edit lost or sent
//! under somebody else's name, or a record shown to another than whose phone it was.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gridfold_sync_core::codec::{array_from_hex, from_hex, to_hex};
use gridfold_sync_core::entry::{SignKey, enrolment_statement};
use gridfold_sync_core::ids::{RecordId, UserId};
use gridfold_sync_core::session::phone::{Fate, take_directory};
use zeroize::Zeroizing;

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::auto_sync::AutoSyncEvent;
use crate::shell::carry::at_server;
use crate::shell::http::{EnrolBegin, EnrolFinish, EnrolNonce, Enrolled, post, read, send};
use crate::shell::reply::Reply;
use crate::shell::state::{Account, State, begin, entry_row, put_account, put_directory, put_sync};
use crate::shell::store::{DRAFTS, Source};
use crate::shell::transport::AsyncTransport;

/// What the server shows of a device before it has another name.
const DEVICE_LABEL: &str = "phone";
/// The phone is another person's; its text says what to do.
const ANOTHERS_PHONE: &str = "anothers_phone";

/// A code that the server has answered once.
struct Begun {
    server_url: String,
    code: String,
    nonce: String,
}

impl Shell {
    pub(crate) async fn enrol(
        &self,
        transport: &dyn AsyncTransport,
        code_or_qr: &str,
    ) -> Result<Arc<Account>, ClientError> {
        // A sync that renews its session would put the one before back in place.
        let _syncing = self.syncing.lock().await;
        // No code is used up for a store that is not there.
        self.with_store(|_| Ok(()))?;
        let (server_url, code) = parse_code(code_or_qr);
        let nonce: EnrolNonce =
            post(transport, "/v1/enrol/begin", &EnrolBegin { code: &code }).await?;
        let begun = Begun {
            server_url,
            code,
            nonce: nonce.nonce,
        };
        let mine = self.state.read().bearings.account.clone();
        let anothers = |user: UserId| mine.as_ref().is_some_and(|account| account.user != user);
        let account = if nonce.user_id.is_some_and(anothers) {
            self.hand_on(transport, begun).await?
        } else {
            let key = self.state.read().key.clone();
            let (account, directory) = self.redeem(transport, begun, &key).await?;
            if anothers(account.user) {
                // A server of before does not say so at once. Its code is used up; nothing else is.
                return Err(ClientError::rejected(ANOTHERS_PHONE));
            }
            let account = Arc::new(account);
            self.commit(ChangeCause::Sync, |batch| {
                put_account(batch.tx, &account)?;
                batch.bearings.account = Some(Arc::clone(&account));
                take_directory(batch, &directory)?;
                put_sync(batch.tx, &batch.bearings.sync)
            })?;
            account
        };
        self.tell_auto_sync(AutoSyncEvent::SignedIn(true));
        Ok(account)
    }

    /// Proves the key, and reads whose device this is now and the directory.
    async fn redeem(
        &self,
        transport: &dyn AsyncTransport,
        begun: Begun,
        key: &SignKey,
    ) -> Result<(Account, Vec<u8>), ClientError> {
        let nonce = from_hex(&begun.nonce).ok_or_else(|| ClientError::internal("enrol/nonce"))?;
        let statement = enrolment_statement(&begun.code, &nonce, &key.public());
        let finish = EnrolFinish {
            code: &begun.code,
            nonce: &begun.nonce,
            public_key: to_hex(&key.public().0),
            signature: to_hex(&key.sign(&statement).0),
            label: DEVICE_LABEL,
        };
        let reply = send(transport, "/v1/enrol/finish", &finish).await?;
        if let (Reply::Problem(problem), Ok(account)) = (&reply, self.account())
            && problem.orders_wipe(&account)
        {
            self.wipe_as_told(transport).await?;
            return Err(ClientError::Revoked);
        }
        let enrolled: Enrolled = read(&reply.body()?)?;
        let server_key = array_from_hex(&enrolled.server_public_key)
            .ok_or_else(|| ClientError::internal("enrol/server_key"))?;
        let account = Account {
            user: enrolled.user_id,
            device: enrolled.device_id,
            user_name: enrolled.user_name,
            server_url: begun.server_url,
            server_key,
            access_token: enrolled.access_token,
            refresh_token: enrolled.refresh_token,
        };
        Ok((account, enrolled.directory.to_bytes()))
    }

    /// Begins anew for another person.
    async fn hand_on(
        &self,
        transport: &dyn AsyncTransport,
        begun: Begun,
    ) -> Result<Arc<Account>, ClientError> {
        {
            let _writing = self.writing.lock();
            if self.something_waits()? {
                return Err(ClientError::rejected(ANOTHERS_PHONE));
            }
            // What the first one would still write would be erased.
            self.leaving.store(true, Ordering::Release);
        }
        let seed = Zeroizing::new(random::<32>(&*self.platform));
        let done = self
            .redeem(transport, begun, &SignKey::from_seed(&seed))
            .await
            .and_then(|(account, directory)| {
                self.begin_anew(&seed, &account, &directory)?;
                Ok(Arc::new(account))
            });
        self.leaving.store(false, Ordering::Release);
        done
    }

    /// Whether the store holds what only it has: edits that are not at the server, neither sent nor
    /// carried, and drafts. What the server refused is there, for a supervisor to take or put away.
    fn something_waits(&self) -> Result<bool, ClientError> {
        self.read(|rx| {
            if !rx.keys(DRAFTS, &[])?.is_empty() {
                return Ok(true);
            }
            let marks = at_server(rx)?;
            let state = self.state.read();
            let carried = |stream, incarnation, seq| {
                marks.get(&(stream, incarnation)).is_some_and(|m| seq <= *m)
            };
            let mut waiting = state.outbox.values();
            if waiting.any(|item| !carried(item.stream, item.id.incarnation, item.id.seq)) {
                return Ok(true);
            }
            for (stream, id) in state.bearings.refused.keys() {
                let fate = entry_row(rx, *stream, id)?.map(|(_, row)| row.fate);
                if !matches!(fate, Some(Fate::Decided(_))) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Empties the store and begins it for this account, in one transaction.
    fn begin_anew(
        &self,
        seed: &[u8; 32],
        account: &Account,
        directory: &[u8],
    ) -> Result<(), ClientError> {
        if self.is_damaged() {
            return Err(ClientError::damaged("found while reading"));
        }
        let writing = self.writing.lock();
        let gone: Vec<RecordId> = self.state.read().rows.keys().copied().collect();
        self.with_store(|store| {
            let binding = store.binding()?;
            let written = store.write(|tx| {
                tx.empty()?;
                begin(tx, seed, binding, &*self.platform)?;
                tx.drop_aside()?;
                put_account(tx, account)?;
                put_directory(tx, directory)
            });
            if store.has_failed() {
                self.failed.store(true, Ordering::Release);
            }
            written?;
            *self.state.write() = State::load(store, &*self.platform)?;
            Ok(())
        })?;
        drop(writing);
        self.subscriptions.tell(ChangeCause::Sync, &gone);
        Ok(())
    }
}

/// The server and the code that a QR text or a typed code names.
pub(crate) fn parse_code(text: &str) -> (String, String) {
    let text = text.trim();
    let (url, code) = text
        .strip_prefix("gridfold:1:")
        .and_then(|rest| rest.rsplit_once(':'))
        .unwrap_or(("", text));
    let code = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect::<String>()
        .to_uppercase();
    (url.to_owned(), code)
}
