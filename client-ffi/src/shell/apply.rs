//! Applying a response: everything it says in one transaction, or nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::entry::{Item, Target, Verdict};
use gridfold_sync_core::ids::{EntryRef, FormCode, Hash, RecordId, StreamId};
use gridfold_sync_core::session::{Position, VerifiedPage, verify_pages};
use gridfold_sync_core::wire::{Directive, SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::shell::batch::{Batch, place};
use crate::shell::carry::forget_marks;
use crate::shell::outbox::{LogKey, Push};
use crate::shell::rows::{EntryRow, Fate, LogRefusal, NO_RECORD, Said, StreamNo};
use crate::shell::state::{Held, RecoverMark, put_directory, put_session};

/// What a response came to.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) pulled: u64,
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) directory_changed: bool,
    pub(crate) erased: Vec<StreamId>,
    /// More items follow, or where the phone stands has changed.
    pub(crate) more: bool,
    /// Something moved: another round trip may move more.
    pub(crate) moved: bool,
    pub(crate) too_large: bool,
    pub(crate) sent: Vec<(StreamNo, EntryRef)>,
    pub(crate) gaps: Vec<(LogKey, u64)>,
}

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
        let stands_anew = self.take_epoch(response)?;
        let pages = self.verify(response, &account.server_key(), stands_anew)?;
        out.more = stands_anew;
        out.moved |= stands_anew;
        if let Some((pages, receipt)) = pages {
            self.take_pages(&pages, &mut out)?;
            if let Some(receipt) = receipt {
                let ends = pages
                    .iter()
                    .map(|p| Ok((self.number(&p.stream)?, p.end.seq)))
                    .collect::<Result<Vec<_>, ClientError>>()?;
                self.put_receipt(&receipt, &ends)?;
            }
            self.take_problems(response, push, &pages, &mut out)?;
        }
        if request.epoch != 0 && request.epoch != response.epoch {
            // A restored server takes nothing before the phone knows where it stands.
            out.sent.clear();
        }
        self.take_seen(request, response, &mut out)?;
        self.take_erasures(request, response, &mut out)?;
        self.take_directives(response, &mut out)?;
        if response.resets.is_empty() {
            self.advance_recovery(request)?;
        }
        let told = &request.erased;
        self.core
            .session
            .erased
            .retain(|s| !told.contains(s) || out.erased.contains(s));
        out.moved |= !told.is_empty() || !request.recover.is_empty();
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
        Ok(())
    }

    /// Takes in where the server stands after a restore; tells whether this phone stands anew.
    fn take_epoch(&mut self, response: &SyncResponse) -> Result<bool, ClientError> {
        let ours = self.core.session.epoch;
        let changed = response.epoch != ours;
        self.core.session.epoch = response.epoch;
        if changed {
            forget_marks(self.tx)?;
        }
        if changed && ours == 0 {
            return Ok(false);
        }
        for reset in &response.resets {
            let stream = self.number(&reset.stream)?;
            let here = self.core.position(stream);
            let known = match reset.seq {
                0 => Some(Position::default()),
                seq if seq == here.seq => Some(here),
                seq if seq < here.seq => place(self.tx, stream, seq)?.map(|(_, at)| at),
                _ => None,
            };
            let same = known.is_some_and(|at| at.prefix == reset.prefix);
            if here.seq == 0 || (same && reset.seq == here.seq) {
                continue;
            }
            if same {
                let to = Position {
                    seq: reset.seq,
                    prefix: reset.prefix,
                };
                self.walk_back(stream, to)?;
                self.mark_recovery(stream, reset.seq, false);
            } else if reset.seq <= here.seq || !changed {
                self.walk_back(stream, Position::default())?;
                self.mark_recovery(stream, 0, true);
            }
        }
        Ok(changed || !response.resets.is_empty())
    }

    /// Proves the pages. None when they do not follow because this phone has just walked back.
    #[expect(clippy::type_complexity, reason = "the pair that verify_pages gives")]
    fn verify(
        &mut self,
        response: &SyncResponse,
        server: &gridfold_sync_core::entry::PublicKey,
        stands_anew: bool,
    ) -> Result<
        Option<(
            Vec<VerifiedPage>,
            Option<gridfold_sync_core::entry::Receipt>,
        )>,
        ClientError,
    > {
        let mut numbers: BTreeMap<StreamId, StreamNo> = BTreeMap::new();
        let mut rewind = Vec::new();
        for page in &response.pages {
            let stream = self.number(&page.stream)?;
            numbers.insert(page.stream.clone(), stream);
            let here = self.core.position(stream);
            if page.after == here.seq {
                continue;
            }
            if page.after == 0 {
                rewind.push(stream);
            } else if stands_anew {
                return Ok(None);
            } else {
                return Err(ClientError::internal("response/not_next"));
            }
        }
        for stream in rewind {
            self.walk_back(stream, Position::default())?;
            self.mark_recovery(stream, 0, true);
        }
        let number = |stream: &StreamId| numbers.get(stream).copied();
        verify_pages(
            response,
            server,
            |stream| number(stream).map_or_else(Position::default, |n| self.core.position(n)),
            |stream, id| self.entry(number(stream)?, id).ok()??.1.entry,
        )
        .map(Some)
        .map_err(|e| {
            ClientError::internal(match e {
                gridfold_sync_core::session::SessionError::NotNext => "response/not_next",
                gridfold_sync_core::session::SessionError::NotOurs => "response/not_ours",
                gridfold_sync_core::session::SessionError::Inconsistent => "response/inconsistent",
                gridfold_sync_core::session::SessionError::BadReceipt => "response/bad_receipt",
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
            if row.hash != item.entry_hash {
                // Both stand: ours is kept, theirs counts at the server.
                return Ok(());
            }
            let before = row.fate;
            row.fate = fate;
            row.said = Some(said);
            if row.entry.is_none() {
                row.entry = item.entry.clone();
            }
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
            }
            return Ok(());
        }
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
            // The verdicts come before the order; whatever still waits is sent first.
            let left = self.waiting().into_iter().any(|w| w.stream == stream);
            if !left {
                self.erase_stream(stream)?;
                out.erased.push(name.clone());
                out.moved = true;
            }
        }
        Ok(())
    }

    fn mark_recovery(&mut self, stream: StreamNo, after: u64, whole: bool) {
        let marks = &mut self.core.session.recover;
        marks.retain(|m| m.stream != stream);
        marks.push(RecoverMark {
            stream,
            after,
            whole,
        });
    }

    fn advance_recovery(&mut self, request: &SyncRequest) -> Result<(), ClientError> {
        for run in &request.recover {
            let Some(stream) = self.core.numbers.get(&run.stream).copied() else {
                continue;
            };
            let end = run.after + run.items.len() as u64;
            let marks = &mut self.core.session.recover;
            marks.retain(|m| !(m.whole && m.stream == stream));
            for mark in marks {
                if mark.stream == stream && mark.after == run.after {
                    mark.after = end;
                }
            }
        }
        Ok(())
    }
}
