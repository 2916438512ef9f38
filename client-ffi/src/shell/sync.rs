//! The sync loop: build a request, make one call, apply the answer, until nothing moves.
//!
//! What enters: a transport and what the sync may cost. What leaves: a report. A cut at any byte
//! leaves the store as it was before the round trip: the next one says the same again, and the
//! server passes over what it has.

use gridfold_sync_core::session::phone::{
    self, Answered, Applied, Asker, Asking, GoesOn, Limits, Next, PhoneSession, Push, Repair,
    Shrunk, Spent,
};
use gridfold_sync_core::wire::{Directive, SyncResponse};

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::http::{Refresh, Tokens, read, send};
use crate::shell::reply::{Reply, offline};
use crate::shell::rows::StreamNo;
use crate::shell::session::Reading;
use crate::shell::state::{Account, State, put_account, put_sync};
use crate::shell::transport::{AsyncTransport, HttpRequest};
use crate::shell::undo::Leaving;
use crate::types::{Progress, SyncOptions, SyncReport};

pub(crate) const SYNC_PATH: &str = "/v1/sync";
pub(crate) const SYNC_CONTENT_TYPE: &str = "application/vnd.gridfold.sync";

impl SyncReport {
    fn take(&mut self, spent: Spent) {
        self.round_trips = spent.round_trips;
        self.bytes_up = spent.bytes_up;
        self.bytes_down = spent.bytes_down;
    }
}

impl Shell {
    pub(crate) async fn run_sync(
        &self,
        transport: &dyn AsyncTransport,
        options: &SyncOptions<'_>,
    ) -> Result<SyncReport, ClientError> {
        let _syncing = self.syncing.lock().await;
        let mut report = SyncReport::default();
        let before = self.state.read().bearings.instance.incarnation;
        // What is carried for others goes first; its failures never keep own edits waiting.
        let carrying = match self
            .carry_out(transport, options.budget_bytes, &mut report)
            .await
        {
            Err(revoked @ ClientError::Revoked) => return Err(revoked),
            other => other.unwrap_or(false),
        };
        let limits = Limits {
            budget_bytes: options.budget_bytes,
            max_round_trips: options.max_round_trips,
        };
        let spent = Spent {
            round_trips: report.round_trips,
            bytes_up: report.bytes_up,
            bytes_down: report.bytes_down,
        };
        let mut session = PhoneSession::new(limits, spent);
        loop {
            options.check_cancelled()?;
            if session.is_spent() {
                report.more = true;
                break;
            }
            let (mut asking, leaving) = match self.next_request(&session)? {
                (Next::Ask(asking), leaving) => (asking, leaving),
                (Next::Repair(repair), _) => {
                    self.repair(&repair)?;
                    continue;
                }
            };
            if self.is_first_to_take(&leaving) {
                self.knock(transport).await?;
            }
            if !self.mark_handed_out(&leaving)? {
                continue;
            }
            let Some(body) = self.exchange(transport, &mut session, &mut asking).await? else {
                continue;
            };
            let account = self.account()?;
            let answer = session
                .read(&account.peer(), &asking, &body)
                .map_err(|_| ClientError::Offline { retry_after: None })?;
            report.take(session.spent());
            if answer.directives.contains(&Directive::Wipe) {
                self.wipe_as_told(transport).await?;
                report.wiped = true;
                return Ok(report);
            }
            let applied = self.apply(&account, &asking, &answer)?;
            report.pushed += asking.push.entries() as u64;
            report.admitted += applied.admitted;
            report.refused += applied.refused;
            report.pulled += applied.pulled;
            report.directory_changed |= applied.directory_changed;
            report.erased_streams.extend(applied.erased.iter().cloned());
            let repair = session.learn(&asking, &applied, &mut self.given.lock())?;
            self.repair(&repair)?;
            let goes_on = self
                .read_settled(|rx, state| Ok(session.goes_on(&Reading::of(rx, state), &applied)))?;
            report.more = goes_on == GoesOn::Stuck;
            if let Some(progress) = options.progress {
                progress(Progress {
                    round_trips: report.round_trips,
                    pushed: report.pushed,
                    pending: self.state.read().outbox.len() as u64,
                    pulled: report.pulled,
                    bytes: report.bytes_up + report.bytes_down,
                });
            }
            if goes_on != GoesOn::Yes {
                break;
            }
        }
        report.take(session.spent());
        // What is not tidied now is tidied next time.
        let _ = self.carry_settle();
        report.more |= carrying;
        report.new_incarnation = self.state.read().bearings.instance.incarnation != before;
        Ok(report)
    }

    /// One round trip, until the server understands what is asked. None when the request has to be
    /// built anew.
    async fn exchange(
        &self,
        transport: &dyn AsyncTransport,
        session: &mut PhoneSession<StreamNo>,
        asking: &mut Asking<StreamNo>,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        loop {
            let asked = session.send(asking);
            match self
                .call(transport, SYNC_PATH, SYNC_CONTENT_TYPE, asked)
                .await?
            {
                Reply::Body(body) => return Ok(Some(body)),
                Reply::Problem(problem)
                    if problem.status == 400
                        && session.says_otherwise(asking, self.server_signs()?) => {}
                Reply::Problem(problem) if problem.status == 413 => {
                    let shrunk = self.read_settled(|rx, state| {
                        let held = Reading::of(rx, state);
                        Ok(session.shrink(&held, asking, &mut self.given.lock()))
                    })?;
                    match shrunk {
                        Shrunk::Smaller => {}
                        Shrunk::Repair(repair) => self.repair(&repair)?,
                        Shrunk::Cannot => return Err(ClientError::internal("http/413")),
                    }
                    return Ok(None);
                }
                Reply::Narrow if session.narrow() => return Ok(None),
                Reply::Narrow => return Err(ClientError::Offline { retry_after: None }),
                Reply::Problem(problem) => return Err(problem.into()),
            }
        }
    }

    fn next_request(
        &self,
        session: &PhoneSession<StreamNo>,
    ) -> Result<(Next<StreamNo>, Leaving), ClientError> {
        self.read_settled(|rx, state| {
            let asker = Asker {
                sign: &state.key,
                now: self.platform.now(),
                nonce: random(&*self.platform),
                library: env!("CARGO_PKG_VERSION"),
            };
            let next = session.next(&Reading::of(rx, state), asker)?;
            let leaving = match &next {
                Next::Ask(asking) => leaving(state, &asking.push),
                Next::Repair(_) => Leaving::default(),
            };
            Ok((next, leaving))
        })
    }

    fn repair(&self, repair: &Repair<StreamNo>) -> Result<(), ClientError> {
        if repair.is_empty() {
            return Ok(());
        }
        let peer = self.account()?.peer();
        self.commit(ChangeCause::Sync, |batch| {
            phone::repair(batch, &peer, repair)?;
            put_sync(batch.tx, &batch.bearings.sync)
        })
    }

    fn apply(
        &self,
        account: &Account,
        asking: &Asking<StreamNo>,
        response: &SyncResponse,
    ) -> Result<Applied<StreamNo>, ClientError> {
        let (request, push) = (&asking.request, &asking.push);
        let now = self.platform.now();
        if response.says_nothing(request) && !self.state.read().bearings.sync.is_healing() {
            // An idle sync costs no write.
            let sync = &mut self.state.write().bearings.sync;
            sync.answered(now, response.now);
            return Ok(Applied::default());
        }
        let answered = Answered {
            request,
            push,
            response,
        };
        self.commit(ChangeCause::Sync, |batch| {
            let applied = phone::apply(batch, &account.peer(), answered, now)?;
            put_sync(batch.tx, &batch.bearings.sync)?;
            Ok(applied)
        })
    }

    /// Whether the server of this account was heard to sign an answer.
    fn server_signs(&self) -> Result<bool, ClientError> {
        let server = self.account()?.server_key;
        Ok(self.state.read().bearings.sync.signed_by == Some(server))
    }

    pub(crate) fn account(&self) -> Result<std::sync::Arc<Account>, ClientError> {
        self.state
            .read()
            .bearings
            .account
            .clone()
            .ok_or(ClientError::SignInRequired)
    }

    /// One call with a valid token, answered in the media type of its body; a token that ended is
    /// renewed once.
    pub(crate) async fn call(
        &self,
        transport: &dyn AsyncTransport,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, ClientError> {
        self.call_by("POST", transport, path, content_type, body)
            .await
    }

    /// The same by a method that is said.
    pub(crate) async fn call_by(
        &self,
        method: &str,
        transport: &dyn AsyncTransport,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, ClientError> {
        let mut renewed = false;
        loop {
            let account = self.account()?;
            let response = transport
                .call(HttpRequest {
                    method: method.to_owned(),
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
                .await
                .map_err(offline)?;
            let problem = match Reply::of(response, content_type)? {
                Reply::Problem(problem) => problem,
                other => return Ok(other),
            };
            if problem.orders_wipe(&account) {
                self.wipe_as_told(transport).await?;
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
            self.renew(transport, &account).await?;
            renewed = true;
        }
    }

    pub(crate) async fn renew(
        &self,
        transport: &dyn AsyncTransport,
        account: &Account,
    ) -> Result<(), ClientError> {
        let refresh = Refresh {
            refresh_token: &account.refresh_token,
        };
        let body = match send(transport, "/v1/token", &refresh).await? {
            Reply::Problem(problem) if problem.orders_wipe(account) => {
                self.wipe_as_told(transport).await?;
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
            batch.bearings.account = Some(std::sync::Arc::new(account));
            Ok(())
        })
    }
}

/// What of the outbox a push takes along.
fn leaving(state: &State, push: &Push<StreamNo>) -> Leaving {
    let orders = push.ids().filter_map(|((stream, _), id)| {
        let order = state.order_of.get(&(stream, id))?;
        Some((*order, *state.outbox.get(order)?))
    });
    orders.collect()
}
