//! Export: what the server is not known to have, sealed for whoever is to carry it.

use gridfold_sync_core::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::carry::{Bundle, CarriedLog, CarryBody, CarryError, CarryKind};
use gridfold_sync_core::entry::{Entry, PublicKey, head_statement};
use gridfold_sync_core::ids::{CarryId, DeviceId, EntryRef, Hash, StreamId};
use gridfold_sync_core::limits::{
    MAX_CARRY_ENTRIES, MAX_CARRY_RECIPIENTS, MAX_ENTRIES_PER_PUSH, MAX_LOGS_PER_PUSH,
    MAX_OPS_PER_MESSAGE,
};

use super::rejected;
use super::rows::at_server;
use gridfold_sync_core::session::phone::{self, LogKey};

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::rows::{OutboxItem, StreamNo};
use crate::shell::state::{Bearings, HeldDirectory, entry_row};
use crate::shell::store::Source;
use crate::types::{CarryBundle, CarryTo};

/// Operations of one bundle, well under what it may hold.
const CARRY_OPS: usize = MAX_OPS_PER_MESSAGE / 2;
/// Device logs of one bundle; a long one comes in several pieces, for which the rest is room.
const CARRY_LOGS: usize = MAX_LOGS_PER_PUSH / 2;

/// Who may open a bundle, and which streams go into it.
struct Recipients {
    kind: CarryKind,
    keys: Vec<PublicKey>,
    streams: BTreeSet<StreamId>,
}

fn phones(held: &HeldDirectory, own: DeviceId, of: impl Fn(usize) -> bool) -> Vec<PublicKey> {
    held.scope
        .colleagues
        .iter()
        .enumerate()
        .filter(|(i, _)| of(*i))
        .flat_map(|(_, colleague)| &colleague.devices)
        .filter(|device| device.id != own)
        .filter_map(|device| device.key())
        .take(MAX_CARRY_RECIPIENTS)
        .collect()
}

fn recipients(
    bearings: &Bearings,
    to: &CarryTo,
    waiting: BTreeSet<StreamId>,
) -> Option<Recipients> {
    let account = bearings.account.as_ref()?;
    let held = bearings.held.as_ref()?;
    let colleagues = &held.scope.colleagues;
    let (keys, streams) = match to {
        CarryTo::Server => {
            return Some(Recipients {
                kind: CarryKind::Server,
                keys: vec![account.server_key()],
                streams: waiting,
            });
        }
        CarryTo::Colleague(user) => {
            let colleague = colleagues.iter().find(|c| c.user == *user)?;
            let streams: BTreeSet<StreamId> = waiting
                .into_iter()
                .filter(|s| colleague.may_read(s, &held.directory))
                .gathered();
            let keys = phones(held, account.device, |i| colleagues[i].user == *user);
            (keys, streams)
        }
        CarryTo::Grid(grid) => {
            let streams: BTreeSet<StreamId> =
                waiting.into_iter().filter(|s| s.grid == *grid).gathered();
            // One ciphertext for all: only who may read all of it gets the key.
            let keys = phones(held, account.device, |i| {
                streams
                    .iter()
                    .all(|s| colleagues[i].may_read(s, &held.directory))
            });
            (keys, streams)
        }
    };
    Some(Recipients {
        kind: CarryKind::Colleagues,
        keys,
        streams,
    })
    .filter(|r| !r.keys.is_empty() && !r.streams.is_empty())
}

/// What goes into a bundle.
#[derive(Default)]
struct Taken {
    logs: Vec<CarriedLog>,
    /// Past the last order of the outbox that is in it.
    below: u64,
}

impl Taken {
    fn entries(&self) -> usize {
        self.logs.iter().map(|l| l.log.entries.len()).sum()
    }
}

/// Takes entries in the outbox's order; each device log's are dense, as its chain asks for.
fn take(
    source: &impl Source,
    batch: &Batch<'_>,
    items: &[(u64, OutboxItem)],
    cap: usize,
) -> Result<Taken, ClientError> {
    let mut order: Vec<LogKey<StreamNo>> = Vec::new();
    let mut wanted: BTreeMap<LogKey<StreamNo>, (u64, u64)> = BTreeMap::new();
    for (_, item) in items.iter().take(cap) {
        let key = (item.stream, item.id.incarnation);
        if !wanted.contains_key(&key) && order.len() >= CARRY_LOGS {
            break;
        }
        let range = wanted.entry(key).or_insert_with(|| {
            order.push(key);
            (item.id.seq, item.id.seq)
        });
        range.0 = range.0.min(item.id.seq);
        range.1 = range.1.max(item.id.seq);
    }
    let (mut entries_left, mut ops_left) = (cap, CARRY_OPS);
    let mut taken = Taken::default();
    let mut last: BTreeMap<LogKey<StreamNo>, u64> = BTreeMap::new();
    for key in order {
        let (stream, incarnation) = key;
        let Some((from, to)) = wanted.get(&key).copied() else {
            continue;
        };
        let name = batch.bearings.stream(stream)?.clone();
        let link_after = |seq: u64| match seq {
            0 => Ok(Some(Hash::default())),
            seq => phone::link_after(batch, stream, EntryRef { incarnation, seq }),
        };
        // A log whose chain is not whole here waits for the sync, which gives it another name.
        let Some(mut before) = link_after(from - 1)? else {
            continue;
        };
        let mut run: Vec<Entry> = Vec::new();
        let mut close = |run: &mut Vec<Entry>, before: &mut Hash, after: Hash| {
            if let Some(end) = run.last() {
                let statement = head_statement(&name, incarnation, end.header.seq, &after);
                taken.logs.push(CarriedLog {
                    before: *before,
                    log: PushedLog {
                        erased: Vec::new(),
                        stream: name.clone(),
                        incarnation,
                        signature: batch.state.key.sign(&statement),
                        entries: std::mem::take(run),
                    },
                });
                *before = after;
            }
        };
        let mut link = before;
        for seq in from..=to {
            let id = EntryRef { incarnation, seq };
            let entry = entry_row(source, stream, &id)?
                .and_then(|(_, row)| row.entry)
                .filter(|e| e.ops.is_some());
            let (Some(entry), Some(after)) = (entry, link_after(seq)?) else {
                break;
            };
            if entries_left == 0 || entry.ops().len() > ops_left {
                break;
            }
            if run.len() == MAX_ENTRIES_PER_PUSH {
                close(&mut run, &mut before, link);
            }
            entries_left -= 1;
            ops_left -= entry.ops().len();
            run.push(entry);
            link = after;
            last.insert(key, seq);
        }
        close(&mut run, &mut before, link);
    }
    taken.below = items
        .iter()
        .filter(|(_, item)| {
            last.get(&(item.stream, item.id.incarnation))
                .is_some_and(|seq| item.id.seq <= *seq)
        })
        .map(|(order, _)| order + 1)
        .max()
        .unwrap_or(0);
    Ok(taken)
}

impl Shell {
    pub(crate) fn carry_export(&self, to: &CarryTo) -> Result<CarryBundle, ClientError> {
        let id = CarryId::from_parts(self.platform.now(), random(&*self.platform));
        let seed = zeroize::Zeroizing::new(random::<32>(&*self.platform));
        // In a transaction: no edit changes while it goes out.
        self.commit(ChangeCause::Local, |batch| {
            let account = batch
                .bearings
                .account
                .clone()
                .ok_or(ClientError::SignInRequired)?;
            let marks = at_server(batch.tx)?;
            let mut items: Vec<(u64, OutboxItem)> = batch
                .state
                .outbox
                .iter()
                .filter(|(_, item)| {
                    let key = (item.stream, item.id.incarnation);
                    marks.get(&key).is_none_or(|seq| item.id.seq > *seq)
                })
                .map(|(order, item)| (*order, *item))
                .collect();
            let mut waiting = BTreeSet::new();
            for (_, item) in &items {
                waiting.insert(batch.bearings.stream(item.stream)?.clone());
            }
            if waiting.is_empty() {
                return Err(rejected(CarryError::Nothing));
            }
            let recipients = recipients(&batch.bearings, to, waiting)
                .ok_or_else(|| rejected(CarryError::Nobody))?;
            items.retain(|(_, item)| {
                let stream = batch.bearings.stream(item.stream);
                stream.is_ok_and(|s| recipients.streams.contains(s))
            });
            let mut cap = items.len().min(MAX_CARRY_ENTRIES);
            loop {
                let taken = take(batch.tx, batch, &items, cap)?;
                let entries = taken.entries();
                if entries == 0 {
                    return Err(rejected(CarryError::Nothing));
                }
                let below = taken.below;
                let body = CarryBody {
                    author: account.device,
                    logs: taken.logs,
                };
                let sealed =
                    Bundle::seal(id, recipients.kind, &body.encode(), &recipients.keys, &seed);
                let bundle = match sealed {
                    Err(CarryError::TooLarge) if cap > 1 => {
                        cap = entries.min(cap).div_ceil(2).min(cap - 1);
                        continue;
                    }
                    other => other.map_err(rejected)?,
                };
                // Durable before any byte of it leaves.
                batch.hand_out_below(below)?;
                return Ok(CarryBundle {
                    id,
                    bytes: bundle.encode(),
                    entries: entries as u64,
                    left: items.len().saturating_sub(entries) as u64,
                });
            }
        })
    }
}
