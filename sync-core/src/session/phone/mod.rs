//! The phone's half of a session: the next request from what is held, and what an answer changes.
//!
//! What enters: what a phone holds ([`Held`]), a budget, the time and chance, and the bytes that
//! came back. What leaves: the bytes of the next request, and steps that a shell takes in one
//! transaction ([`Holder`]). What never happens here: waiting, disk, network, a clock or chance of
//! its own. So a phone's shell, one in a browser and a test run exactly the same session.
//!
//! A sync is a [`PhoneSession`]: [`PhoneSession::next`] until it asks, [`PhoneSession::send`], then
//! by what came back [`PhoneSession::says_otherwise`], [`PhoneSession::shrink`] or
//! [`PhoneSession::read`]; [`apply()`] in a transaction; [`PhoneSession::learn`] and
//! [`PhoneSession::goes_on`]. A cut anywhere leaves what is held as it was before the round trip:
//! the next sync says the same again, and the server passes over what it has.

mod again;
mod apply;
mod debts;
mod held;
mod push;
mod request;
mod state;

use std::collections::{BTreeMap, BTreeSet};

pub use apply::{Answered, apply, take_directory};
pub use held::{
    Again, Fate, Filed, Held, HeldEntry, Holder, LogRefusal, Peer, Said, Step, Waiting,
};
pub use push::{Push, link_after, payload_size};
pub use request::{Asker, Asking, Next, Repair};
pub use state::{Applied, LogKey, SyncState};

use push::{PushCap, Sending};

use crate::limits::{MAX_ITEMS_PER_PULL, MAX_RESETS_PER_SYNC};
use crate::session::SessionError;
use crate::wire::{
    ERASED_WIRE_VERSION, RecoverRun, SIGNED_WIRE_VERSION, SyncRequest, SyncResponse,
};

/// What is left of a budget below which another round trip is not worth its headers.
const SMALLEST_TRIP_BYTES: u64 = 1_024;

/// What a sync may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes both ways; 0 for any number.
    pub budget_bytes: u64,
    /// Round trips.
    pub max_round_trips: u32,
}

/// What a sync has cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Round trips.
    pub round_trips: u32,
    /// Bytes of requests.
    pub bytes_up: u64,
    /// Bytes of answers.
    pub bytes_down: u64,
}

/// What came back is not the word of this phone's server: nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAnswer;

/// What is done about a request that was too large.
#[derive(Debug)]
pub enum Shrunk<S> {
    /// The next one is smaller.
    Smaller,
    /// One run does not fit alone and cannot be given back.
    Repair(Repair<S>),
    /// It cannot be smaller.
    Cannot,
}

/// Whether another round trip is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesOn {
    /// Another round trip may move more.
    Yes,
    /// Nothing is left to do.
    Done,
    /// Something is left, but nothing moves now.
    Stuck,
}

/// Up to where streams were given back to a server whose disk had lost some of them: once, since
/// one that did not take it asks again and again.
pub type Given<S> = BTreeMap<S, u64>;

/// One sync.
#[derive(Debug)]
pub struct PhoneSession<S: Ord> {
    limits: Limits,
    spent: Spent,
    sending: Sending<S>,
    gaps_seen: BTreeSet<(LogKey<S>, u64)>,
    /// The server knows perhaps only the first version.
    first_version: bool,
    /// Answers with resets so far.
    resets: u32,
    /// The last round trip moved something.
    moved: bool,
}

impl<S: Copy + Ord + std::fmt::Debug> PhoneSession<S> {
    /// A sync that may cost as much, of which some is spent.
    #[must_use]
    pub fn new(limits: Limits, spent: Spent) -> Self {
        Self {
            limits,
            spent,
            sending: Sending::default(),
            gaps_seen: BTreeSet::new(),
            first_version: false,
            resets: 0,
            moved: false,
        }
    }

    /// What it has cost so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.spent
    }

    fn left(&self) -> u64 {
        let used = self.spent.bytes_up + self.spent.bytes_down;
        self.limits.budget_bytes.saturating_sub(used)
    }

    /// Whether it may not cost more.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        let begun = self.spent.round_trips > 0;
        let budget = self.limits.budget_bytes > 0 && self.left() < SMALLEST_TRIP_BYTES && begun;
        budget || self.spent.round_trips >= self.limits.max_round_trips
    }

    /// What it does next, from what is held.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn next<H: Held<Stream = S>>(
        &self,
        held: &H,
        asker: Asker<'_>,
    ) -> Result<Next<S>, H::Error> {
        let mut cap = self.sending.cap;
        let has_budget = self.limits.budget_bytes > 0;
        if has_budget {
            let bytes = usize::try_from(self.left() / 2).unwrap_or(usize::MAX);
            cap.bytes = cap.bytes.min(bytes.max(1));
        }
        let mut next = request::build(held, asker, &self.sending, cap)?;
        if let Next::Ask(asking) = &mut next {
            if has_budget {
                asking.request.budget_kib = (self.left() / 1_024).max(1);
            }
            let mut debts = held.state().debts.values();
            if debts.any(|d| d.common().is_none()) {
                // A page that answers a question about a debt is not used.
                asking.request.budget_kib = 1;
            }
        }
        Ok(next)
    }

    /// The bytes to send, counted.
    pub fn send(&mut self, asking: &mut Asking<S>) -> Vec<u8> {
        if self.first_version {
            speak_first_version(&mut asking.request);
        }
        asking.asked = asking.request.encode();
        self.spent.bytes_up += asking.asked.len() as u64;
        self.spent.round_trips += 1;
        asking.asked.clone()
    }

    /// The server does not understand the request. One of before answers so to a version that it
    /// does not know: the same is said in the first one, unless this server was ever heard to sign.
    /// Tells whether it is to be sent again, at once and not as another turn: what a sync may cost
    /// must not keep it from ever getting through.
    pub fn says_otherwise(&mut self, asking: &mut Asking<S>, server_signs: bool) -> bool {
        if asking.request.seen.is_some() && !server_signs {
            self.first_version = true;
            return true;
        }
        if asking.request.version() == ERASED_WIRE_VERSION {
            // It asks for what is missing then, and the log goes on under another name.
            asking.request.leave_erased_out();
            return true;
        }
        false
    }

    /// The server says that the request was too large: first fewer runs for a restored server,
    /// then a smaller push.
    pub fn shrink<H: Held<Stream = S>>(
        &mut self,
        held: &H,
        asking: &Asking<S>,
        given: &mut Given<S>,
    ) -> Shrunk<S> {
        if let Some(place) = self.sending.lacks.take() {
            // Others may have it in smaller pieces.
            note_given(given, place, None);
            return Shrunk::Smaller;
        }
        match asking.request.recover.as_slice() {
            [] => match self.sending.cap.halve() {
                Some(cap) => {
                    self.sending.cap = cap;
                    Shrunk::Smaller
                }
                None => Shrunk::Cannot,
            },
            [run] if asking.request.logs.is_empty() => match held.known(&run.stream) {
                Some(stream) => Shrunk::Repair(Repair {
                    unproved: vec![(stream, run.after)],
                    broken: Vec::new(),
                }),
                None => Shrunk::Cannot,
            },
            runs => {
                self.sending.runs = (runs.len() / 2).max(1);
                self.sending.cap = self.sending.cap.halve().unwrap_or(PushCap {
                    entries: 0,
                    bytes: 0,
                });
                Shrunk::Smaller
            }
        }
    }

    /// Somebody between the two takes no body of this size. It is not the server's word, so it is
    /// no reason to give anything up. Tells whether smaller ones are left to try.
    pub fn narrow(&mut self) -> bool {
        self.sending.runs = (self.sending.runs / 2).max(1);
        match self.sending.cap.halve() {
            Some(cap) => {
                self.sending.cap = cap;
                true
            }
            None => false,
        }
    }

    /// Reads the body that came back.
    ///
    /// # Errors
    /// A body that was cut, or is not the server's, is a broken connection; so is one of another
    /// version, since a server answers in the version of the request, and one that begins anew
    /// again and again.
    pub fn read(
        &mut self,
        peer: &Peer,
        asking: &Asking<S>,
        body: &[u8],
    ) -> Result<SyncResponse, NotAnAnswer> {
        self.spent.bytes_down += body.len() as u64;
        let request = &asking.request;
        let answer = SyncResponse::decode(body, request, peer.author);
        let mut answer = answer.map_err(|_| NotAnAnswer)?;
        if request.version() < SIGNED_WIRE_VERSION {
            // Nobody knows who ordered it.
            answer.directives.clear();
            answer.erasures = None;
        } else if !answer.is_proved(request, &asking.asked, peer.author, &peer.server) {
            return Err(NotAnAnswer);
        }
        if !answer.resets.is_empty() {
            self.resets += 1;
            if self.resets > MAX_RESETS_PER_SYNC {
                return Err(NotAnAnswer);
            }
        }
        Ok(answer)
    }

    /// Takes in the outcome of a round trip. Tells which logs go on under another name.
    ///
    /// # Errors
    /// [`SessionError::TooLarge`] when one edit alone is too large for the server.
    pub fn learn(
        &mut self,
        asking: &Asking<S>,
        applied: &Applied<S>,
        given: &mut Given<S>,
    ) -> Result<Repair<S>, SessionError> {
        if let Some(place) = self.sending.lacks.take() {
            note_given(given, place, asking.request.recover.first());
        }
        self.moved = applied.moved;
        for (stream, id) in &applied.sent {
            self.sending.sent.insert((*stream, *id));
            self.sending.resend_from.remove(&(*stream, id.incarnation));
        }
        let mut broken = Vec::new();
        for (key, expected) in &applied.gaps {
            self.moved = true;
            if self.gaps_seen.insert((*key, *expected)) {
                self.sending.resend_from.insert(*key, *expected);
            } else {
                // Sending again from there did not help: the log goes on under another name.
                self.sending.resend_from.remove(key);
                broken.push((*key, 0));
            }
        }
        if applied.too_large {
            self.moved = true;
            let cap = self.sending.cap.halve();
            self.sending.cap = cap.ok_or(SessionError::TooLarge)?;
        }
        let is_new =
            |(stream, after): &&(S, u64)| given.get(stream).is_none_or(|upto| after >= upto);
        self.sending.lacks = applied.lacks.iter().find(is_new).copied();
        if self.sending.lacks.is_some() {
            // The server may have taken nothing of a log while it lacked what went before.
            self.sending.sent.clear();
            self.moved = true;
        }
        Ok(Repair {
            unproved: Vec::new(),
            broken,
        })
    }

    /// Whether another round trip is worth it.
    pub fn goes_on<H: Held<Stream = S>>(&self, held: &H, applied: &Applied<S>) -> GoesOn {
        let state = held.state();
        let mut unread = state.unread.iter();
        let wanted = applied.more
            || push::has_unsent(held, &self.sending)
            || self.sending.lacks.is_some()
            || !state.erased.is_empty()
            || !state.debts.is_empty()
            || unread.any(|stream| !applied.held.contains(stream));
        match (wanted, self.moved) {
            (false, _) => GoesOn::Done,
            (true, true) => GoesOn::Yes,
            (true, false) => GoesOn::Stuck,
        }
    }
}

impl<S> Repair<S> {
    /// Whether nothing has to be set right.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unproved.is_empty() && self.broken.is_empty()
    }
}

/// Sets a store right, in one transaction.
///
/// # Errors
/// When the store does not take it.
pub fn repair<H: Holder>(
    holder: &mut H,
    peer: &Peer,
    repair: &Repair<H::Stream>,
) -> Result<(), H::Error> {
    debts::settle_unproved(holder, &repair.unproved)?;
    again::rename_broken(holder, &repair.broken, peer.author.device)
}

/// Notes up to where a stream was given back: as far as the run went, or none could.
fn note_given<S: Ord>(given: &mut Given<S>, (stream, after): (S, u64), run: Option<&RecoverRun>) {
    let items = run.map_or(MAX_ITEMS_PER_PULL, |run| run.items.len());
    let upto = after.saturating_add(items.max(1) as u64);
    given.insert(stream, upto);
}

fn speak_first_version(request: &mut SyncRequest) {
    (request.seen, request.report, request.trip) = (None, None, None);
}
