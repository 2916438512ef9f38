//! The next request, from what is held.

use crate::gather::Gather as _;
use std::collections::BTreeSet;

use super::debts::{asks_at, recover_run};
use super::held::Held;
use super::push::{self, Push, PushCap, Sending};
use super::state::LogKey;
use crate::entry::SignKey;
use crate::ids::StreamId;
use crate::limits::CURSOR_PREFIX_BYTES;
use crate::session::Position;
use crate::time::Timestamp;
use crate::wire::{Cursor, PhoneReport, RecoverRun, SyncRequest, Trip};

/// Items and operations of all runs for a restored server in one request; with a push they stay
/// under what a message may hold.
const RECOVER_ITEMS: usize = 8_192;
const RECOVER_OPS: usize = 60_000;

/// What a request says besides what is held.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The device's key.
    pub sign: &'a SignKey,
    /// The phone's clock.
    pub now: Timestamp,
    /// Random.
    pub nonce: [u8; 8],
    /// Version of the library.
    pub library: &'a str,
}

/// What a sync does next.
#[derive(Debug)]
pub enum Next<S: Ord> {
    /// It asks the server.
    Ask(Box<Asking<S>>),
    /// It sets its own store right first, and then builds the request anew.
    Repair(Repair<S>),
}

/// A request, and what of it is a push.
#[derive(Debug)]
pub struct Asking<S> {
    /// The request.
    pub request: SyncRequest,
    /// What of it is a push.
    pub push: Push<S>,
    /// The bytes that were sent last.
    pub asked: Vec<u8>,
}

/// What of a store has to be set right before it can be told of.
#[derive(Debug)]
pub struct Repair<S> {
    /// Debts of which nothing more can be proved, by the place that both chains hold.
    pub(super) unproved: Vec<(S, u64)>,
    /// Logs that cannot be sent whole any more, and from which sequence.
    pub(super) broken: Vec<(LogKey<S>, u64)>,
}

/// Builds the next request.
pub(super) fn build<H: Held>(
    held: &H,
    asker: Asker<'_>,
    sending: &Sending<H::Stream>,
    cap: PushCap,
) -> Result<Next<H::Stream>, H::Error> {
    let mut push = push::build(held, asker.sign, sending, cap)?;
    let (recover, unproved) = runs(held, sending)?;
    let broken = std::mem::take(&mut push.broken);
    if !unproved.is_empty() || !broken.is_empty() {
        return Ok(Next::Repair(Repair { unproved, broken }));
    }
    let state = held.state();
    let pending = held.waiting().count().saturating_sub(push.entries());
    let request = SyncRequest {
        epoch: state.epoch,
        directory: held.directory_digest(),
        budget_kib: 0,
        cursors: cursors(held)?,
        erased: state.erased.clone(),
        logs: push.logs.clone(),
        recover,
        seen: Some(state.seen),
        report: Some(PhoneReport {
            erasures: state.erasures,
            pending: pending as u64,
            clock: asker.now,
            library: asker.library.to_owned(),
        }),
        trip: Some(Trip { nonce: asker.nonce }),
    };
    Ok(Next::Ask(Box::new(Asking {
        request,
        push,
        asked: Vec::new(),
    })))
}

/// Where each stream is asked on from: those that may be read, those that are here, and those that
/// something waits for.
fn cursors<H: Held>(held: &H) -> Result<Vec<Cursor>, H::Error> {
    let mut streams: BTreeSet<StreamId> = held.follows().into_iter().gathered();
    let begun = held.begun().into_iter().map(|(stream, _)| stream);
    let mut named: BTreeSet<H::Stream> = begun.gathered();
    named.extend(held.waiting().map(|item| item.stream));
    for stream in named {
        streams.insert(held.stream(stream)?);
    }
    let erased = &held.state().erased;
    let asked = streams.into_iter().filter(|s| !erased.contains(s));
    asked
        .map(|stream| {
            let at = match held.known(&stream) {
                Some(known) => asks_at(held, known)?,
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
        .collect()
}

/// Runs for a server that lacks something, and the debts of which nothing more can be proved.
type Runs<S> = (Vec<RecoverRun>, Vec<(S, u64)>);

fn runs<H: Held>(held: &H, sending: &Sending<H::Stream>) -> Result<Runs<H::Stream>, H::Error> {
    let (mut recover, mut dead) = (Vec::new(), Vec::new());
    let (mut items, mut ops) = (0, 0);
    let debts = &held.state().debts;
    for (stream, debt) in debts {
        let Some(common) = debt.common() else {
            continue;
        };
        if recover.len() >= sending.runs {
            break;
        }
        let Some(run) = recover_run(held, *stream, common, debt.given())? else {
            dead.push((*stream, common));
            continue;
        };
        items += run.items.len();
        let entries = run.items.iter().filter_map(|i| i.entry.as_ref());
        ops += entries.map(|e| e.ops().len()).sum::<usize>();
        // The first always goes; the rest waits for the next round trip.
        if !recover.is_empty() && (items > RECOVER_ITEMS || ops > RECOVER_OPS) {
            break;
        }
        recover.push(run);
    }
    if let Some((stream, after)) = sending.lacks
        && debts.is_empty()
    {
        recover.extend(recover_run(held, stream, after, after)?);
    }
    Ok((recover, dead))
}
