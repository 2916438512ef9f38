//! The outbox as a push: which entries go into the next request, signed.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::admission::{ErasedPlace, PushedLog};
use gridfold_sync_core::entry::{Entry, Signature, head_statement, next_link};
use gridfold_sync_core::ids::{EntryRef, Hash, IncarnationId};
use gridfold_sync_core::limits::{MAX_ENTRIES_PER_PUSH, MAX_LOGS_PER_PUSH, MAX_OPS_PER_MESSAGE};

use crate::error::ClientError;
use crate::shell::rows::OutboxItem;
use crate::shell::rows::{EntryRow, StreamNo};
use crate::shell::state::{State, entry_row};
use crate::shell::store::Source;

/// Operations of one push, well under what a message may hold.
const PUSH_OPS: usize = MAX_OPS_PER_MESSAGE / 2;

/// A device log: a stream and who wrote.
pub(crate) type LogKey = (StreamNo, IncarnationId);

/// How much one push may bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PushCap {
    pub(crate) entries: usize,
    /// Of payloads, before compression.
    pub(crate) bytes: usize,
}

impl Default for PushCap {
    fn default() -> Self {
        Self {
            entries: MAX_ENTRIES_PER_PUSH,
            bytes: 1 << 20,
        }
    }
}

impl PushCap {
    pub(crate) fn halve(self) -> Option<Self> {
        (self.entries > 1).then_some(Self {
            entries: self.entries / 2,
            bytes: (self.bytes / 2).max(1_024),
        })
    }
}

/// What the phone remembers from one round trip of a sync to the next.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// Entries the server has but did not say its verdict on yet.
    pub(crate) sent: BTreeSet<(StreamNo, EntryRef)>,
    /// Where the server said that a log must be sent again from.
    pub(crate) resend_from: BTreeMap<LogKey, u64>,
    pub(crate) cap: PushCap,
    /// Most runs for a restored server in one request.
    pub(crate) runs: usize,
    /// The place after which the server's disk lost what is given back with the next request.
    pub(crate) lacks: Option<(StreamNo, u64)>,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            sent: BTreeSet::new(),
            resend_from: BTreeMap::new(),
            cap: PushCap::default(),
            runs: usize::MAX,
            lacks: None,
        }
    }
}

/// A push and what is in it.
#[derive(Debug, Default)]
pub(crate) struct Push {
    pub(crate) logs: Vec<PushedLog>,
    pub(crate) keys: Vec<LogKey>,
    /// Logs with an entry that is not here any more, and from which sequence.
    pub(crate) broken: Vec<(LogKey, u64)>,
    /// What of it is in the outbox, by order.
    pub(crate) orders: BTreeMap<u64, OutboxItem>,
}

impl Push {
    pub(crate) fn entries(&self) -> usize {
        self.logs.iter().map(|l| l.entries.len()).sum()
    }
    fn sign(&mut self, state: &State, key: LogKey, run: Run) -> Result<(), ClientError> {
        let Run {
            erased,
            entries,
            link,
        } = run;
        let mut log = PushedLog {
            stream: state.core.stream(key.0)?.clone(),
            incarnation: key.1,
            erased,
            entries,
            signature: Signature([0; 64]),
        };
        let Some(last) = log.last_seq() else {
            return Ok(());
        };
        let statement = head_statement(&log.stream, key.1, last, &link);
        log.signature = state.key.sign(&statement);
        self.logs.push(log);
        self.keys.push(key);
        Ok(())
    }
    pub(crate) fn ids(&self) -> impl Iterator<Item = (LogKey, EntryRef)> {
        self.keys
            .iter()
            .zip(&self.logs)
            .flat_map(|(key, log)| log.entries.iter().map(|e| (*key, e.id())))
    }
}

/// Whether anything waits that was not sent in this sync.
pub(crate) fn has_unsent(state: &State, sending: &Sending) -> bool {
    state
        .order_of
        .keys()
        .any(|waiting| !sending.sent.contains(waiting))
}

/// Entries of one device log that follow each other.
struct Piece {
    key: LogKey,
    from: u64,
    to: u64,
}

/// Places of a device log that go out under one signature: of erased ones what is left, then those
/// with words.
#[derive(Default)]
struct Run {
    erased: Vec<ErasedPlace>,
    entries: Vec<Entry>,
    /// After the last.
    link: Hash,
}

/// Takes from the outbox in its order. Each log's entries are dense, as its chain asks for; where
/// logs of one stream take turns, each turn is a piece of its own, so that whatever an edit was
/// made at goes before it.
pub(crate) fn build(
    source: &impl Source,
    state: &State,
    sending: &Sending,
) -> Result<Push, ClientError> {
    let mut push = Push::default();
    let mut pieces: Vec<Piece> = Vec::new();
    // The piece that grows, of each stream, and how far each log has come.
    let mut growing: BTreeMap<StreamNo, usize> = BTreeMap::new();
    let mut reached: BTreeMap<LogKey, u64> = BTreeMap::new();
    let (mut entries, mut bytes) = (0usize, 0usize);
    let none = sending.cap.entries == 0;
    for item in state.outbox.values().filter(|_| !none) {
        // What is owed of a stream comes first: an edit must not be refused for heads that the
        // server gets back only now.
        let owed = state.core.session.debts.contains_key(&item.stream);
        if owed || sending.sent.contains(&(item.stream, item.id)) {
            continue;
        }
        let key = (item.stream, item.id.incarnation);
        let Some((_, row)) = entry_row(source, item.stream, &item.id)? else {
            push.broken.push((key, item.id.seq));
            continue;
        };
        entries += 1;
        bytes += 64 + row.entry.as_ref().map_or(0, payload_size);
        let known = growing.get(&item.stream).copied();
        let known = known.filter(|at| pieces[*at].key == key);
        let full = entries > sending.cap.entries
            || (bytes > sending.cap.bytes && entries > 1)
            || (known.is_none() && pieces.len() >= MAX_LOGS_PER_PUSH);
        if full {
            break;
        }
        match known {
            Some(at) => {
                let piece = &mut pieces[at];
                piece.from = piece.from.min(item.id.seq);
                piece.to = piece.to.max(item.id.seq);
            }
            None => {
                let from = reached.get(&key).map_or(item.id.seq, |end| end + 1);
                growing.insert(item.stream, pieces.len());
                pieces.push(Piece {
                    key,
                    from: from.min(item.id.seq),
                    to: item.id.seq,
                });
            }
        }
        let end = reached.entry(key).or_insert(item.id.seq);
        *end = (*end).max(item.id.seq);
    }
    let mut resend_from = sending.resend_from.clone();
    let mut left = sending.cap.entries.max(1);
    let mut ops_left = PUSH_OPS;
    for Piece { key, mut from, to } in pieces {
        if let Some(again) = resend_from.remove(&key) {
            from = from.min(again);
        }
        let (stream, incarnation) = key;
        // Words and what is left of erased ones take turns: each turn is signed at its end.
        let mut run = Run::default();
        for seq in from..=to {
            if left == 0 || ops_left == 0 {
                break;
            }
            let id = EntryRef { incarnation, seq };
            let row = entry_row(source, stream, &id)?.map(|(_, row)| row);
            let Some((row, after)) = linked(source, stream, row)? else {
                push.broken.push((key, seq));
                break;
            };
            match row.entry.filter(|e| e.ops.is_some()) {
                Some(entry) => {
                    ops_left = ops_left.saturating_sub(entry.ops().len());
                    run.entries.push(entry);
                }
                None => {
                    if !run.entries.is_empty() {
                        push.sign(state, key, std::mem::take(&mut run))?;
                    }
                    let hash = row.hash;
                    run.erased.push(ErasedPlace { seq, hash });
                }
            }
            run.link = after;
            left -= 1;
            if push.logs.len() + 1 >= MAX_LOGS_PER_PUSH {
                break;
            }
        }
        push.sign(state, key, run)?;
        if push.logs.len() >= MAX_LOGS_PER_PUSH {
            break;
        }
    }
    let orders = push.ids().filter_map(|((stream, _), id)| {
        let order = state.order_of.get(&(stream, id))?;
        Some((*order, *state.outbox.get(order)?))
    });
    push.orders = orders.collect();
    Ok(push)
}

/// A row with the link after it; none when the row, or one before it, is not here.
fn linked(
    source: &impl Source,
    stream: StreamNo,
    row: Option<EntryRow>,
) -> Result<Option<(EntryRow, Hash)>, ClientError> {
    let Some(row) = row else { return Ok(None) };
    let after = match row.link {
        Some(after) => Some(after),
        None => link_at(source, stream, row.id)?,
    };
    Ok(after.map(|after| (row, after)))
}

/// The link after an entry that came back from the server: a former life of this store wrote it,
/// and under its own name nobody takes it for another one.
pub(crate) fn link_at(
    source: &impl Source,
    stream: StreamNo,
    id: EntryRef,
) -> Result<Option<Hash>, ClientError> {
    let mut link = Hash::default();
    for seq in 1..=id.seq {
        let before = EntryRef { seq, ..id };
        let Some((_, row)) = entry_row(source, stream, &before)? else {
            return Ok(None);
        };
        link = next_link(&link, &row.hash);
    }
    Ok(Some(link))
}

pub(crate) fn payload_size(entry: &Entry) -> usize {
    entry
        .ops
        .as_deref()
        .map_or(0, |ops| gridfold_sync_core::edit::encode_payload(ops).len())
}
