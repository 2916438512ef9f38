//! Applying a response: everything it says in one transaction, or nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::entry::{Item, PublicKey, Receipt, Target, Verdict};
use gridfold_sync_core::ids::{FormCode, Hash, RecordId, StreamId};
use gridfold_sync_core::session::{Position, SessionError, VerifiedPage, verify_pages};
use gridfold_sync_core::wire::{Directive, SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::shell::applied::Applied;
use crate::shell::batch::Batch;
use crate::shell::debts::asks_at;
use crate::shell::outbox::{LogKey, Push};
use crate::shell::rows::{EntryRow, Fate, LogRefusal, NO_RECORD, Said, StreamNo};
use crate::shell::state::{Held, put_directory, put_session};

impl Batch<'_> {
    pub(crate) fn apply(
        &mut self,
        request: &SyncRequest,
        push: &Push,
        response: &SyncResponse,
    ) -> Result<Applied, ClientError> {
        let mut out = Applied::default();
        let account = self
            .core
            .account
            .clone()
            .ok_or(ClientError::SignInRequired)?;
        if let Some(bytes) = &response.directory {
            self.take_directory(bytes)?;
            out.directory_changed = true;
            out.moved = true;
        }
        let (pages, receipt) = self.verify(request, response, &account.server_key())?;
        let anew = request.epoch != 0 && request.epoch != response.epoch;
        self.take_standing(request, response, &mut out)?;
        let mut taken = Vec::with_capacity(pages.len());
        for page in pages {
            let stream = self.number(&page.stream)?;
            // Of a stream that something is owed of, and the answer to a question about a debt.
            let follows = page.end.seq == self.core.position(stream).seq + page.items.len() as u64;
            if follows && !self.core.session.debts.contains_key(&stream) {
                taken.push(page);
            }
        }
        self.take_pages(&taken, &mut out)?;
        if let Some(receipt) = receipt {
            let ends = taken
                .iter()
                .map(|p| Ok((self.number(&p.stream)?, p.end.seq)))
                .collect::<Result<Vec<_>, ClientError>>()?;
            if !ends.is_empty() {
                self.put_receipt(&receipt, &ends)?;
            }
        }
        if !anew {
            // A restored server takes nothing before the phone knows where it stands.
            self.take_problems(response, push, &taken, &mut out)?;
        }
        self.take_lacks(response, &mut out);
        self.sweep(request, response, &mut out)?;
        self.take_seen(request, response, &mut out)?;
        self.take_erasures(request, response, &mut out)?;
        self.take_directives(response, &mut out)?;
        self.forget_forms();
        let told = &request.erased;
        self.core
            .session
            .erased
            .retain(|s| !told.contains(s) || out.erased.contains(s));
        out.moved |= !told.is_empty();
        let now = self.platform.now();
        self.core.session.last_sync = Some(now);
        self.core.session.clock_skew_ms = response.now.millis().saturating_sub(now.millis());
        if response.proof.is_some() {
            self.core.session.signed_by = Some(account.server_key);
        }
        put_session(self.tx, &self.core.session)?;
        Ok(out)
    }

    pub(crate) fn take_directory(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let read_before = self.core.held.as_ref().map(|h| h.streams());
        let held = Held::of(bytes).map_err(|_| ClientError::internal("response/directory"))?;
        let mut changed: BTreeSet<FormCode> = BTreeSet::new();
        for code in held.scope.forms.iter().map(|f| &f.code) {
            let before = self.core.held.as_ref().and_then(|h| h.form(code));
            if before != held.form(code) {
                changed.insert(code.clone());
            }
        }
        let stale: Vec<RecordId> = self
            .state
            .rows
            .iter()
            .filter(|(_, row)| changed.contains(&row.form))
            .map(|(record, _)| *record)
            .collect();
        for record in stale {
            self.record(&record)?;
            self.touch(&record);
        }
        put_directory(self.tx, bytes)?;
        self.core.held = Some(Arc::new(held));
        self.take_regained(&read_before.unwrap_or_default())
    }

    /// Proves the pages, each from where the request asked it on.
    fn verify(
        &self,
        request: &SyncRequest,
        response: &SyncResponse,
        server: &PublicKey,
    ) -> Result<(Vec<VerifiedPage>, Option<Receipt>), ClientError> {
        let mut asked: BTreeMap<&StreamId, Position> = BTreeMap::new();
        for cursor in &request.cursors {
            if let Some(stream) = self.core.numbers.get(&cursor.stream) {
                asked.insert(&cursor.stream, asks_at(self.tx, &self.core, *stream)?);
            }
        }
        verify_pages(
            response,
            server,
            |stream| asked.get(stream).copied().unwrap_or_default(),
            |stream, id| {
                self.entry(*self.core.numbers.get(stream)?, id)
                    .ok()??
                    .1
                    .entry
            },
        )
        .map_err(|e| {
            ClientError::internal(match e {
                SessionError::NotNext => "response/not_next",
                SessionError::NotOurs => "response/not_ours",
                SessionError::Inconsistent => "response/inconsistent",
                SessionError::BadReceipt => "response/bad_receipt",
            })
        })
    }

    fn take_pages(&mut self, pages: &[VerifiedPage], out: &mut Applied) -> Result<(), ClientError> {
        for page in pages {
            let stream = self.number(&page.stream)?;
            // Another copy of this store wrote under the same names: ours get new ones first.
            let mut forks: BTreeMap<LogKey, u64> = BTreeMap::new();
            for (item, _) in &page.items {
                if let Some((_, row)) = self.entry(stream, &item.id)?
                    && row.hash != item.entry_hash
                    && row.fate == Fate::Pending
                {
                    let key = (stream, item.id.incarnation);
                    let first = forks.entry(key).or_insert(item.id.seq);
                    *first = (*first).min(item.id.seq);
                }
            }
            for ((stream, incarnation), from) in forks {
                self.reauthor(stream, incarnation, from)?;
            }
            let mut seq = self.core.position(stream).seq;
            for (item, prefix) in &page.items {
                seq += 1;
                self.take_item(stream, item, seq, *prefix, out)?;
            }
            self.set_position(stream, page.end)?;
            out.pulled += page.items.len() as u64;
            out.more |= page.more;
            out.moved |= !page.items.is_empty();
        }
        Ok(())
    }

    fn take_item(
        &mut self,
        stream: StreamNo,
        item: &Item,
        seq: u64,
        prefix: Hash,
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        self.put_place(stream, Position { seq, prefix }, &item.id)?;
        let said = Said {
            author: item.author,
            received: item.received,
            verdict: item.verdict,
            place: seq,
        };
        let fate = Fate::Decided(item.verdict);
        let ours = self
            .core
            .account
            .as_ref()
            .is_some_and(|a| a.device == item.author.device);
        if let Some((record, mut row)) = self.entry(stream, &item.id)? {
            if row.hash != item.entry_hash && self.core.is_own(item.id.incarnation) {
                // Both stand: ours is kept, theirs counts at the server.
                return Ok(());
            }
            if record.bytes() == NO_RECORD && !self.core.is_own(item.id.incarnation) {
                // It came before its record was known, by its verdict only or after such ones.
                self.drop_entry(&record, stream, &item.id)?;
                return self.take_new(stream, item, said, ours);
            }
            if row.hash != item.entry_hash {
                // What its author wrote there on the server's log of before is not part of it.
                self.let_go(&record, stream, &row)?;
                return self.take_new(stream, item, said, ours);
            }
            let before = row.fate;
            row.fate = fate;
            row.said = Some(said);
            self.put_entry(&record, stream, &row)?;
            if self.core.is_own(item.id.incarnation) {
                self.dequeue(stream, &item.id)?;
            }
            if before == Fate::Pending {
                match item.verdict {
                    Verdict::Admitted { .. } => out.admitted += 1,
                    Verdict::Refused(_) => out.refused += 1,
                }
                // The row says that nothing waits any more.
                self.record(&record)?;
                self.touch(&record);
            }
            if before.counts() && !fate.counts() {
                if ours {
                    self.keep_refused(&record, stream, &row)?;
                }
                self.refold(&record, stream)?;
            } else if !before.counts() && fate.counts() {
                self.drop_refused(stream, item.id)?;
                self.refold(&record, stream)?;
            } else if fate.counts() && !self.has_part(&record, stream)? {
                // Mended: what was here of the record was not all of it.
                self.refold(&record, stream)?;
            }
            return Ok(());
        }
        self.take_new(stream, item, said, ours)
    }

    /// Files an entry that is not here yet.
    fn take_new(
        &mut self,
        stream: StreamNo,
        item: &Item,
        said: Said,
        ours: bool,
    ) -> Result<(), ClientError> {
        let fate = Fate::Decided(item.verdict);
        let record = match item.entry.as_ref().map(|e| &e.header.target) {
            Some(Target::New { record, .. }) => Some(*record),
            Some(Target::At(deps)) => match deps.first() {
                Some(dep) => self
                    .entry(stream, dep)?
                    .map(|(record, _)| record)
                    .filter(|r| r.bytes() != NO_RECORD),
                None => None,
            },
            None => None,
        };
        let filed = record.unwrap_or_else(|| RecordId::from_bytes(NO_RECORD));
        let row = EntryRow {
            id: item.id,
            hash: item.entry_hash,
            fate,
            link: None,
            said: Some(said),
            entry: item.entry.clone(),
        };
        self.file_entry(&filed, stream, &row)?;
        if let (Some(record), Some(entry)) = (record, &item.entry) {
            if fate.counts() {
                self.fold_in(&record, stream, entry)?;
                if self.core.session.unread.contains(&stream) {
                    // Entries that were made at this one may be here already.
                    self.refold(&record, stream)?;
                }
            } else if ours {
                self.keep_refused(&record, stream, &row)?;
            }
        }
        // Written by another copy of this store, or by this one before it was restored.
        if item.id.incarnation == self.core.instance.incarnation {
            self.renew_incarnation()?;
        }
        Ok(())
    }

    fn take_problems(
        &mut self,
        response: &SyncResponse,
        push: &Push,
        pages: &[VerifiedPage],
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        let mut troubled: BTreeSet<LogKey> = BTreeSet::new();
        for notice in &response.problems {
            let stream = self.number(&notice.stream)?;
            let key = (stream, notice.incarnation);
            troubled.insert(key);
            let why = match notice.problem {
                LogProblem::Gap { expected } => {
                    out.gaps.push((key, expected));
                    continue;
                }
                LogProblem::TooLarge => {
                    out.too_large = true;
                    continue;
                }
                LogProblem::Forked => {
                    // What the server already has of it comes with the pages that follow.
                    let all_here = !pages.iter().any(|p| p.stream == notice.stream && p.more);
                    if all_here {
                        self.reauthor(stream, notice.incarnation, 0)?;
                        out.moved = true;
                    }
                    continue;
                }
                LogProblem::BadSignature => LogRefusal::BadSignature,
                LogProblem::NotYourLog => LogRefusal::NotYourLog,
                LogProblem::UnknownStream => LogRefusal::UnknownStream,
            };
            out.refused += self.refuse_log(stream, notice.incarnation, why)?;
            out.moved = true;
        }
        let cleared = push.keys.iter().zip(&push.logs);
        out.moved |= cleared
            .into_iter()
            .any(|(key, log)| !log.erased.is_empty() && !troubled.contains(key));
        for (key, id) in push.ids() {
            if !troubled.contains(&key) {
                out.sent.push((key.0, id));
                out.moved = true;
            }
        }
        Ok(())
    }

    fn take_directives(
        &mut self,
        response: &SyncResponse,
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        for directive in &response.directives {
            let Directive::Erase(name) = directive else {
                continue;
            };
            let Some(stream) = self.core.numbers.get(name).copied() else {
                // Never held here: say so.
                if !self.core.session.erased.contains(name) {
                    self.core.session.erased.push(name.clone());
                }
                continue;
            };
            // The verdicts come before the order; whatever still waits is sent first, and what a
            // restored server lacks is given back.
            let left = self.waiting().into_iter().any(|w| w.stream == stream);
            let owed = self.core.session.debts.contains_key(&stream);
            if !left && !owed {
                self.erase_stream(stream)?;
                out.erased.push(name.clone());
                out.moved = true;
            }
        }
        Ok(())
    }
}
