//! Post: at each sync what is held goes to the server first, and what it says is kept.

use std::collections::BTreeSet;

use gridfold_sync_core::carry::{Bundle, CarryFile, CarryKind, CarryReceipt};

use super::rows::{HeldBundle, at_server, bundles, name_of, put_mark};
use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::reply::Reply;
use crate::shell::state::entry_row;
use crate::shell::store::{CARRIED, CARRY, Source};
use crate::shell::transport::AsyncTransport;
use crate::types::SyncReport;

/// Bundles of one sync, well under the requests that a server lets a phone make in a minute: its
/// own edits must find room too.
const POSTS_PER_SYNC: usize = 16;
const CARRY_PATH: &str = "/v1/carry";
const CARRY_CONTENT_TYPE: &str = "application/vnd.gridfold.carry";

/// What one post came to.
enum Posted {
    Delivered(CarryReceipt),
    /// For good: it is not sent again.
    Refused(String),
    /// The server cannot take it now.
    Later,
}

impl Shell {
    /// Takes what is held to the server; tells whether another sync at once would take more. What
    /// goes wrong is tried again at the next one; only a device that may no longer sync at all is
    /// told so.
    pub(crate) async fn carry_out(
        &self,
        transport: &dyn AsyncTransport,
        budget: u64,
        report: &mut SyncReport,
    ) -> Result<bool, ClientError> {
        let held = self.read(|rx| {
            let any = !rx.keys(CARRY, &[])?.is_empty();
            if any { bundles(rx) } else { Ok(Vec::new()) }
        })?;
        let mut posts = 0;
        for bundle in held.into_iter().filter(|b| b.refused.is_none()) {
            if posts == POSTS_PER_SYNC {
                return Ok(true);
            }
            let Some(body) = self.sealed_to_server(&bundle)? else {
                continue;
            };
            let used = report.bytes_up + report.bytes_down + body.len() as u64;
            if budget > 0 && used > budget {
                continue;
            }
            posts += 1;
            report.bytes_up += body.len() as u64;
            match self.post_bundle(transport, &bundle, body, report).await? {
                Posted::Later => return Ok(false),
                Posted::Refused(code) => {
                    let refused = HeldBundle {
                        refused: Some(code),
                        ..bundle
                    };
                    self.commit(ChangeCause::Sync, |batch| {
                        batch.tx.put(CARRY, &refused.key(), &refused.encode())
                    })?;
                }
                Posted::Delivered(receipt) => {
                    self.commit(ChangeCause::Sync, |batch| {
                        batch.take_carry_receipt(&receipt)?;
                        batch.tx.delete(CARRY, &bundle.key())
                    })?;
                    report.carried += 1;
                }
            }
        }
        Ok(false)
    }

    /// The bytes to post. A colleague's bundle is sealed to the server under the same id.
    fn sealed_to_server(&self, bundle: &HeldBundle) -> Result<Option<Vec<u8>>, ClientError> {
        if bundle.author.is_none() {
            return Ok(Some(bundle.content.clone()));
        }
        let account = self.state.read().bearings.account.clone();
        let account = account.ok_or(ClientError::SignInRequired)?;
        let seed = zeroize::Zeroizing::new(random::<32>(&*self.platform));
        let sealed = Bundle::seal(
            bundle.id,
            CarryKind::Server,
            &bundle.content,
            &[account.server_key()],
            &seed,
        );
        Ok(sealed.ok().map(|b| b.encode()))
    }

    async fn post_bundle(
        &self,
        transport: &dyn AsyncTransport,
        bundle: &HeldBundle,
        body: Vec<u8>,
        report: &mut SyncReport,
    ) -> Result<Posted, ClientError> {
        let body = match self
            .call(transport, CARRY_PATH, CARRY_CONTENT_TYPE, body)
            .await?
        {
            Reply::Body(body) => body,
            Reply::Problem(problem) if matches!(problem.status, 413 | 422) => {
                return Ok(Posted::Refused(problem.code));
            }
            Reply::Problem(_) | Reply::Narrow => return Ok(Posted::Later),
        };
        report.bytes_down += body.len() as u64;
        let server = self.account()?.server_key();
        Ok(match CarryFile::decode(&body) {
            Ok(CarryFile::Receipt(receipt))
                if receipt.id == bundle.id && receipt.verify(&server) =>
            {
                Posted::Delivered(receipt)
            }
            // A body that was cut is a broken connection.
            _ => Posted::Later,
        })
    }

    /// Lets go of carried entries that arrived through the server or may not be held any more, and
    /// of marks that say nothing new. An idle sync writes nothing.
    pub(crate) fn carry_settle(&self) -> Result<(), ClientError> {
        let idle =
            self.read(|rx| Ok(rx.keys(CARRIED, &[])?.is_empty() && at_server(rx)?.is_empty()))?;
        if idle {
            return Ok(());
        }
        self.commit(ChangeCause::Sync, |batch| {
            let followed = batch.bearings.held.as_ref().map(|h| h.streams());
            let followed = followed.unwrap_or_default();
            let mut touched = BTreeSet::new();
            for row in super::rows::carried(batch.tx, &[])? {
                let here = entry_row(batch.tx, row.stream, &row.row.id)?;
                let arrived = here.is_some_and(|(_, known)| known.hash == row.row.hash);
                if arrived || !followed.contains(batch.bearings.stream(row.stream)?) {
                    batch.tx.delete(CARRIED, &row.key())?;
                    touched.insert(row.record);
                }
            }
            for record in touched {
                if batch.record(&record)?.is_some() {
                    batch.touch(&record);
                }
            }
            for ((stream, incarnation), _) in at_server(batch.tx)? {
                let waits = batch
                    .outbox()
                    .any(|i| i.stream == stream && i.id.incarnation == incarnation);
                if !waits {
                    put_mark(batch.tx, stream, incarnation, 0)?;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn carry_drop(
        &self,
        id: gridfold_sync_core::ids::CarryId,
    ) -> Result<(), ClientError> {
        self.commit(ChangeCause::Local, |batch| {
            let mut found = false;
            for prefix in [
                super::rows::bundle_prefix(id),
                super::rows::receipt_prefix(id),
            ] {
                found |= !batch.tx.keys(CARRY, &prefix)?.is_empty();
                batch.tx.delete_all(CARRY, &prefix)?;
            }
            for (key, value) in batch.tx.scan(CARRIED, &[])? {
                if !value.starts_with(&id.bytes()) {
                    continue;
                }
                found = true;
                batch.tx.delete(CARRIED, &key)?;
                let record = name_of(&key)?.record;
                if batch.record(&record)?.is_some() {
                    batch.touch(&record);
                }
            }
            if found {
                Ok(())
            } else {
                Err(ClientError::NotFound)
            }
        })
    }
}
