//! The sync loop: build a request, make one call, apply the answer, until nothing moves.
//!
//! What enters: a transport and what the sync may cost. What leaves: a report. A cut at any byte
//! leaves the store as it was before the round trip: the next one says the same again, and the
//! server passes over what it has.

use std::collections::BTreeSet;
use std::time::Duration;

use gridfold_sync_core::ids::StreamId;
use gridfold_sync_core::limits::{CURSOR_PREFIX_BYTES, MAX_ITEMS_PER_PULL};
use gridfold_sync_core::session::Position;
use gridfold_sync_core::wire::{
    Cursor, Directive, PhoneReport, RecoverRun, SyncRequest, SyncResponse, Trip,
};

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::answer::Talk;
use crate::shell::applied::Applied;
use crate::shell::debts::{asks_at, recover_run};
use crate::shell::http::{Refresh, Tokens, read, send};
use crate::shell::outbox::{self, Push, PushCap, Sending};
use crate::shell::reply::{Reply, offline};
use crate::shell::rows::StreamNo;
use crate::shell::state::{Account, put_account};
use crate::shell::transport::{HttpRequest, Transport};
use crate::types::{Progress, RetryPolicy, SyncOptions, SyncReport};

/// What is left of a budget below which another round trip is not worth its headers.
const SMALLEST_TRIP_BYTES: u64 = 1_024;

/// Items and operations of all runs for a restored server in one request; with a push they stay
/// under what a message may hold.
const RECOVER_ITEMS: usize = 8_192;
const RECOVER_OPS: usize = 60_000;

impl Shell {
    pub(crate) fn run_sync(
        &self,
        transport: &dyn Transport,
        options: &SyncOptions<'_>,
    ) -> Result<SyncReport, ClientError> {
        let _syncing = self.syncing.lock();
        let mut report = SyncReport::default();
        let mut sending = Sending::default();
        let before = self.state.read().core.instance.incarnation;
        let mut gaps_seen = BTreeSet::new();
        let mut talk = Talk::default();
        // What is carried for others goes first; its failures never keep own edits waiting.
        let carrying = match self.carry_out(transport, options.budget_bytes, &mut report) {
            Err(revoked @ ClientError::Revoked) => return Err(revoked),
            other => other.unwrap_or(false),
        };
        loop {
            options.check_cancelled()?;
            let used = report.bytes_up + report.bytes_down;
            let spent = options.budget_bytes > 0
                && used.saturating_add(SMALLEST_TRIP_BYTES) > options.budget_bytes
                && report.round_trips > 0;
            if report.round_trips >= options.max_round_trips || spent {
                report.more = true;
                break;
            }
            let left = options.budget_bytes.saturating_sub(used);
            let (mut request, push) = self.request(&sending, options.budget_bytes, left)?;
            if !push.broken.is_empty() {
                self.rename_broken(&push)?;
                continue;
            }
            if !self.mark_handed_out(&push)? {
                continue;
            }
            let exchanged = talk.exchange(self, transport, &mut request, &mut report)?;
            let body = match exchanged.reply {
                Reply::Body(body) => body,
                Reply::Problem(problem) if problem.status == 413 => {
                    self.shrink(&request, &mut sending)?;
                    continue;
                }
                Reply::Narrow => {
                    // Not the server's word: it is no reason to give anything up.
                    sending.cap = sending
                        .cap
                        .halve()
                        .ok_or(ClientError::Offline { retry_after: None })?;
                    sending.runs = (sending.runs / 2).max(1);
                    continue;
                }
                Reply::Problem(problem) => return Err(problem.into()),
            };
            report.bytes_down += body.len() as u64;
            let answer = talk.read(self, &request, &exchanged.asked, &body)?;
            if answer.directives.contains(&Directive::Wipe) {
                self.wipe_as_told(transport)?;
                report.wiped = true;
                return Ok(report);
            }
            if let Some(place) = sending.lacks.take() {
                self.note_given(place, request.recover.first());
            }
            let applied = self.apply(&request, &push, &answer)?;
            let again = self.learn(&applied, &push, &mut sending, &mut gaps_seen, &mut report)?;
            if let Some(progress) = options.progress {
                progress(Progress {
                    round_trips: report.round_trips,
                    pushed: report.pushed,
                    pending: self.state.read().outbox.len() as u64,
                    pulled: report.pulled,
                    bytes: report.bytes_up + report.bytes_down,
                });
            }
            if !again {
                break;
            }
        }
        // What is not tidied now is tidied next time.
        let _ = self.carry_settle();
        report.more |= carrying;
        report.new_incarnation = self.state.read().core.instance.incarnation != before;
        Ok(report)
    }

    /// Takes the outcome of a round trip in; tells whether another one is worth it.
    fn learn(
        &self,
        applied: &Applied,
        push: &Push,
        sending: &mut Sending,
        gaps_seen: &mut BTreeSet<(outbox::LogKey, u64)>,
        report: &mut SyncReport,
    ) -> Result<bool, ClientError> {
        report.pushed += push.entries() as u64;
        report.admitted += applied.admitted;
        report.refused += applied.refused;
        report.pulled += applied.pulled;
        report.directory_changed |= applied.directory_changed;
        report.erased_streams.extend(applied.erased.iter().cloned());
        let mut moved = applied.moved;
        for (stream, id) in &applied.sent {
            sending.sent.insert((*stream, *id));
            sending.resend_from.remove(&(*stream, id.incarnation));
        }
        for (key, expected) in &applied.gaps {
            moved = true;
            if gaps_seen.insert((*key, *expected)) {
                sending.resend_from.insert(*key, *expected);
            } else {
                // Sending again from there did not help: the log goes on under another name.
                sending.resend_from.remove(key);
                self.commit(ChangeCause::Sync, |b| b.reauthor(key.0, key.1, 0))?;
            }
        }
        if applied.too_large {
            moved = true;
            sending.cap = sending
                .cap
                .halve()
                .ok_or_else(|| ClientError::internal("response/too_large"))?;
        }
        let gave = self.gave.lock();
        let mut lacks = applied.lacks.iter();
        let is_new =
            |(stream, after): &&(StreamNo, u64)| gave.get(stream).is_none_or(|upto| after >= upto);
        sending.lacks = lacks.find(is_new).copied();
        drop(gave);
        if sending.lacks.is_some() {
            // The server may have taken nothing of a log while it lacked what went before.
            sending.sent.clear();
            moved = true;
        }
        let state = self.state.read();
        let mut unread = state.core.session.unread.iter();
        let wanted = applied.more
            || outbox::has_unsent(&state, sending)
            || sending.lacks.is_some()
            || !state.core.session.erased.is_empty()
            || !state.core.session.debts.is_empty()
            || unread.any(|stream| !applied.held.contains(stream));
        report.more = wanted && !moved;
        Ok(wanted && moved)
    }

    fn apply(
        &self,
        request: &SyncRequest,
        push: &Push,
        answer: &SyncResponse,
    ) -> Result<Applied, ClientError> {
        let healing = {
            let session = &self.state.read().core.session;
            !session.debts.is_empty() || !session.unread.is_empty()
        };
        if answer.says_nothing(request) && !healing {
            // An idle sync costs no write.
            let now = self.platform.now();
            let session = &mut self.state.write().core.session;
            session.last_sync = Some(now);
            session.clock_skew_ms = answer.now.millis().saturating_sub(now.millis());
            return Ok(Applied::default());
        }
        self.commit(ChangeCause::Sync, |batch| {
            batch.apply(request, push, answer)
        })
    }

    /// Notes up to where a stream was given back: as far as the run went, or none could.
    fn note_given(&self, (stream, after): (StreamNo, u64), run: Option<&RecoverRun>) {
        let items = run.map_or(MAX_ITEMS_PER_PULL, |run| run.items.len());
        let upto = after.saturating_add(items.max(1) as u64);
        self.gave.lock().insert(stream, upto);
    }

    /// The request was too large: first fewer runs for a restored server, then a smaller push.
    fn shrink(&self, request: &SyncRequest, sending: &mut Sending) -> Result<(), ClientError> {
        if let Some(place) = sending.lacks.take() {
            // Others may have it in smaller pieces.
            self.note_given(place, None);
            return Ok(());
        }
        match request.recover.as_slice() {
            [] => {
                sending.cap = sending
                    .cap
                    .halve()
                    .ok_or_else(|| ClientError::internal("http/413"))?;
                Ok(())
            }
            [run] if request.logs.is_empty() => {
                // One run that does not fit alone cannot be given back.
                let (lost, common) = (run.stream.clone(), run.after);
                self.commit(ChangeCause::Sync, |batch| {
                    let stream = batch.number(&lost)?;
                    batch.settle_unproved(&[(stream, common)])
                })
            }
            runs => {
                sending.runs = (runs.len() / 2).max(1);
                sending.cap = sending.cap.halve().unwrap_or(PushCap {
                    entries: 0,
                    bytes: 0,
                });
                Ok(())
            }
        }
    }

    /// Logs that cannot be sent whole any more go on under a new incarnation.
    fn rename_broken(&self, push: &Push) -> Result<(), ClientError> {
        self.commit(ChangeCause::Sync, |batch| {
            for ((stream, incarnation), from) in &push.broken {
                batch.reauthor(*stream, *incarnation, *from)?;
                // An outbox line without its entry points at nothing.
                for item in batch.waiting() {
                    if item.stream == *stream && batch.entry(*stream, &item.id)?.is_none() {
                        batch.dequeue(*stream, &item.id)?;
                    }
                }
            }
            Ok(())
        })
    }

    fn request(
        &self,
        sending: &Sending,
        budget: u64,
        left: u64,
    ) -> Result<(SyncRequest, Push), ClientError> {
        let mut cap = sending.cap;
        if budget > 0 {
            let bytes = usize::try_from(left / 2).unwrap_or(usize::MAX);
            cap.bytes = cap.bytes.min(bytes.max(1));
        }
        let (mut request, push, dead, asking) = self.read_settled(|rx, state| {
            let core = &state.core;
            let capped = Sending {
                cap,
                ..sending.clone()
            };
            let push = outbox::build(rx, state, &capped)?;
            let mut streams: BTreeSet<StreamId> =
                core.held.as_ref().map(|h| h.streams()).unwrap_or_default();
            let waiting = state.outbox.values().map(|item| &item.stream);
            for stream in core.cursors.keys().chain(waiting) {
                streams.insert(core.stream(*stream)?.clone());
            }
            let cursors = streams
                .into_iter()
                .filter(|s| !core.session.erased.contains(s))
                .map(|stream| {
                    let at = match core.numbers.get(&stream) {
                        Some(number) => asks_at(rx, core, *number)?,
                        None => Position::default(),
                    };
                    let mut prefix = [0; CURSOR_PREFIX_BYTES];
                    prefix.copy_from_slice(&at.prefix.0[..CURSOR_PREFIX_BYTES]);
                    Ok(Cursor {
                        stream,
                        seq: at.seq,
                        prefix,
                    })
                })
                .collect::<Result<Vec<_>, ClientError>>()?;
            let (mut recover, mut dead) = (Vec::new(), Vec::new());
            let (mut items, mut ops) = (0, 0);
            for (stream, debt) in &core.session.debts {
                let Some(common) = debt.common() else {
                    continue;
                };
                if recover.len() >= sending.runs {
                    break;
                }
                let Some(run) = recover_run(rx, core, *stream, common, debt.given())? else {
                    dead.push((*stream, common));
                    continue;
                };
                items += run.items.len();
                ops += run
                    .items
                    .iter()
                    .filter_map(|i| i.entry.as_ref())
                    .map(|e| e.ops().len())
                    .sum::<usize>();
                // The first always goes; the rest waits for the next round trip.
                if !recover.is_empty() && (items > RECOVER_ITEMS || ops > RECOVER_OPS) {
                    break;
                }
                recover.push(run);
            }
            if let Some((stream, after)) = sending.lacks
                && core.session.debts.is_empty()
            {
                recover.extend(recover_run(rx, core, stream, after, after)?);
            }
            let request = SyncRequest {
                epoch: core.session.epoch,
                directory: core.held.as_ref().map_or([0; 8], |h| h.digest),
                budget_kib: 0,
                cursors,
                erased: core.session.erased.clone(),
                logs: push.logs.clone(),
                recover,
                seen: Some(core.session.seen),
                report: Some(PhoneReport {
                    erasures: core.session.erasures,
                    pending: (state.outbox.len() as u64).saturating_sub(push.entries() as u64),
                    clock: self.platform.now(),
                    library: env!("CARGO_PKG_VERSION").to_owned(),
                }),
                trip: Some(Trip {
                    nonce: random(&*self.platform),
                }),
            };
            let asking = core.session.debts.values().any(|d| d.common().is_none());
            Ok((request, push, dead, asking))
        })?;
        if budget > 0 {
            request.budget_kib = (left / 1_024).max(1);
        }
        if asking {
            // A page that answers a question about a debt is not used.
            request.budget_kib = 1;
        }
        if !dead.is_empty() {
            self.commit(ChangeCause::Sync, |batch| batch.settle_unproved(&dead))?;
            // From where the phone stands now.
            return self.request(sending, budget, left);
        }
        Ok((request, push))
    }

    pub(crate) fn account(&self) -> Result<std::sync::Arc<Account>, ClientError> {
        self.state
            .read()
            .core
            .account
            .clone()
            .ok_or(ClientError::SignInRequired)
    }

    /// One call with a valid token, answered in the media type of its body; a token that ended is
    /// renewed once.
    pub(crate) fn call(
        &self,
        transport: &dyn Transport,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, ClientError> {
        let mut renewed = false;
        loop {
            let account = self.account()?;
            let response = transport
                .call(HttpRequest {
                    method: "POST".to_owned(),
                    path: path.to_owned(),
                    headers: vec![
                        (
                            "authorization".to_owned(),
                            format!("Bearer {}", account.access_token),
                        ),
                        ("content-type".to_owned(), content_type.to_owned()),
                    ],
                    body: body.clone(),
                })
                .map_err(offline)?;
            let problem = match Reply::of(response, content_type)? {
                Reply::Problem(problem) => problem,
                other => return Ok(other),
            };
            if problem.orders_wipe(&account) {
                self.wipe_as_told(transport)?;
            }
            if problem.is_wiped() || problem.is_revoked() {
                return Err(ClientError::Revoked);
            }
            if problem.status != 401 {
                return Ok(Reply::Problem(problem));
            }
            if renewed {
                return Err(ClientError::SignInRequired);
            }
            self.renew(transport, &account)?;
            renewed = true;
        }
    }

    pub(crate) fn renew(
        &self,
        transport: &dyn Transport,
        account: &Account,
    ) -> Result<(), ClientError> {
        let refresh = Refresh {
            refresh_token: &account.refresh_token,
        };
        let body = match send(transport, "/v1/token", &refresh)? {
            Reply::Problem(problem) if problem.orders_wipe(account) => {
                self.wipe_as_told(transport)?;
                return Err(ClientError::Revoked);
            }
            reply => reply.body().map_err(|e| match e {
                ClientError::Rejected { .. } => ClientError::SignInRequired,
                other => other,
            })?,
        };
        let tokens: Tokens = read(&body)?;
        let mut account = account.clone();
        account.access_token = tokens.access_token;
        account.refresh_token = tokens.refresh_token;
        self.commit(ChangeCause::Sync, |batch| {
            put_account(batch.tx, &account)?;
            batch.core.account = Some(std::sync::Arc::new(account));
            Ok(())
        })
    }

    pub(crate) fn sync_with_retry(
        &self,
        transport: &dyn Transport,
        policy: RetryPolicy,
        options: &SyncOptions<'_>,
        sleep: &dyn Fn(Duration),
    ) -> Result<SyncReport, ClientError> {
        let mut wait = policy.base_ms.max(1);
        for attempt in 1.. {
            match self.sync(transport, options) {
                Err(ClientError::Offline { retry_after }) if attempt < policy.max_attempts => {
                    // Half of the wait is fixed, half is chance, so that phones do not come back
                    // together.
                    let chance = u64::from_be_bytes(random(&*self.platform)) % (wait / 2 + 1);
                    let asked = retry_after.unwrap_or(0).saturating_mul(1_000);
                    options.check_cancelled()?;
                    sleep(Duration::from_millis((wait / 2 + chance).max(asked)));
                    options.check_cancelled()?;
                    wait = wait.saturating_mul(2).min(policy.max_ms.max(1));
                }
                done => return done,
            }
        }
        Err(ClientError::Offline { retry_after: None })
    }
}
