//! The outbox as a push: which entries go into the next request, signed.

use std::collections::{BTreeMap, BTreeSet};

use super::held::{Held, HeldEntry};
use super::state::LogKey;
use crate::admission::{ErasedPlace, PushedLog};
use crate::edit::encode_payload;
use crate::entry::{Entry, SignKey, Signature, head_statement, next_link};
use crate::ids::{EntryRef, Hash};
use crate::limits::{MAX_ENTRIES_PER_PUSH, MAX_LOGS_PER_PUSH, MAX_OPS_PER_MESSAGE};

/// Operations of one push, well under what a message may hold.
const PUSH_OPS: usize = MAX_OPS_PER_MESSAGE / 2;

/// How much one push may bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct PushCap {
    pub(super) entries: usize,
    /// Of payloads, before compression.
    pub(super) bytes: usize,
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
    pub(super) fn halve(self) -> Option<Self> {
        (self.entries > 1).then_some(Self {
            entries: self.entries / 2,
            bytes: (self.bytes / 2).max(1_024),
        })
    }
}

/// What the phone remembers of its entries from one round trip of a sync to the next.
#[derive(Debug, Clone)]
pub(super) struct Sending<S: Ord> {
    /// Entries the server has but did not say its verdict on yet.
    pub(super) sent: BTreeSet<(S, EntryRef)>,
    /// Where the server said that a log must be sent again from.
    pub(super) resend_from: BTreeMap<LogKey<S>, u64>,
    pub(super) cap: PushCap,
    /// Most runs for a restored server in one request.
    pub(super) runs: usize,
    /// The place after which the server's disk lost what is given back with the next request.
    pub(super) lacks: Option<(S, u64)>,
}

impl<S: Ord> Default for Sending<S> {
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
#[derive(Debug, Clone)]
pub struct Push<S> {
    /// The logs.
    pub logs: Vec<PushedLog>,
    /// Of each, in the store's own names.
    pub keys: Vec<LogKey<S>>,
    /// Logs with an entry that is not here any more, and from which sequence.
    pub(super) broken: Vec<(LogKey<S>, u64)>,
}

impl<S> Default for Push<S> {
    fn default() -> Self {
        Self {
            logs: Vec::new(),
            keys: Vec::new(),
            broken: Vec::new(),
        }
    }
}

impl<S: Copy> Push<S> {
    /// How many entries it has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.logs.iter().map(|l| l.entries.len()).sum()
    }

    /// The names of its entries, with their logs.
    pub fn ids(&self) -> impl Iterator<Item = (LogKey<S>, EntryRef)> {
        self.keys
            .iter()
            .zip(&self.logs)
            .flat_map(|(key, log)| log.entries.iter().map(|e| (*key, e.id())))
    }

    fn sign<H: Held<Stream = S>>(
        &mut self,
        held: &H,
        sign: &SignKey,
        key: LogKey<S>,
        run: Run,
    ) -> Result<(), H::Error> {
        let Run {
            erased,
            entries,
            link,
        } = run;
        let mut log = PushedLog {
            stream: held.stream(key.0)?,
            incarnation: key.1,
            erased,
            entries,
            signature: Signature([0; 64]),
        };
        let Some(last) = log.last_seq() else {
            return Ok(());
        };
        let statement = head_statement(&log.stream, key.1, last, &link);
        log.signature = sign.sign(&statement);
        self.logs.push(log);
        self.keys.push(key);
        Ok(())
    }
}

/// Whether anything waits that was not sent in this sync.
pub(super) fn has_unsent<H: Held>(held: &H, sending: &Sending<H::Stream>) -> bool {
    held.waiting()
        .any(|waiting| !sending.sent.contains(&(waiting.stream, waiting.id)))
}

/// Entries of one device log that follow each other.
struct Piece<S> {
    key: LogKey<S>,
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
pub(super) fn build<H: Held>(
    held: &H,
    sign: &SignKey,
    sending: &Sending<H::Stream>,
    cap: PushCap,
) -> Result<Push<H::Stream>, H::Error> {
    let mut push = Push::default();
    let pieces = pieces(held, sending, cap, &mut push)?;
    let mut resend_from = sending.resend_from.clone();
    let mut left = cap.entries.max(1);
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
            let found = held.entry(stream, &id)?.map(|(_, found)| found);
            let Some((found, after)) = linked(held, stream, found)? else {
                push.broken.push((key, seq));
                break;
            };
            match found.entry.filter(|e| e.ops.is_some()) {
                Some(entry) => {
                    ops_left = ops_left.saturating_sub(entry.ops().len());
                    run.entries.push(entry);
                }
                None => {
                    if !run.entries.is_empty() {
                        push.sign(held, sign, key, std::mem::take(&mut run))?;
                    }
                    let hash = found.hash;
                    run.erased.push(ErasedPlace { seq, hash });
                }
            }
            run.link = after;
            left -= 1;
            if push.logs.len() + 1 >= MAX_LOGS_PER_PUSH {
                break;
            }
        }
        push.sign(held, sign, key, run)?;
        if push.logs.len() >= MAX_LOGS_PER_PUSH {
            break;
        }
    }
    Ok(push)
}

/// What of the outbox fits, by log.
fn pieces<H: Held>(
    held: &H,
    sending: &Sending<H::Stream>,
    cap: PushCap,
    push: &mut Push<H::Stream>,
) -> Result<Vec<Piece<H::Stream>>, H::Error> {
    let mut pieces: Vec<Piece<H::Stream>> = Vec::new();
    // The piece that grows, of each stream, and how far each log has come.
    let mut growing: BTreeMap<H::Stream, usize> = BTreeMap::new();
    let mut reached: BTreeMap<LogKey<H::Stream>, u64> = BTreeMap::new();
    let (mut entries, mut bytes) = (0usize, 0usize);
    let none = cap.entries == 0;
    for item in held.waiting().filter(|_| !none) {
        // What is owed of a stream comes first: an edit must not be refused for heads that the
        // server gets back only now.
        let owed = held.state().debts.contains_key(&item.stream);
        if owed || sending.sent.contains(&(item.stream, item.id)) {
            continue;
        }
        let key = (item.stream, item.id.incarnation);
        let Some((_, found)) = held.entry(item.stream, &item.id)? else {
            push.broken.push((key, item.id.seq));
            continue;
        };
        entries += 1;
        bytes += 64 + found.entry.as_ref().map_or(0, payload_size);
        let known = growing.get(&item.stream).copied();
        let known = known.filter(|at| pieces[*at].key == key);
        let full = entries > cap.entries
            || (bytes > cap.bytes && entries > 1)
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
    Ok(pieces)
}

/// An entry with the link after it; none when it, or one before it, is not here.
fn linked<H: Held>(
    held: &H,
    stream: H::Stream,
    found: Option<HeldEntry>,
) -> Result<Option<(HeldEntry, Hash)>, H::Error> {
    let Some(found) = found else { return Ok(None) };
    let after = match found.link {
        Some(after) => Some(after),
        None => link_at(held, stream, found.id)?,
    };
    Ok(after.map(|after| (found, after)))
}

/// The link of a device log after an entry; none when it, or one before it, is not here.
///
/// # Errors
/// When the store does not answer.
pub fn link_after<H: Held>(
    held: &H,
    stream: H::Stream,
    id: EntryRef,
) -> Result<Option<Hash>, H::Error> {
    let found = held.entry(stream, &id)?.map(|(_, found)| found);
    Ok(linked(held, stream, found)?.map(|(_, after)| after))
}

/// The link after an entry that came back from the server: a former life of this store wrote it,
/// and under its own name nobody takes it for another one.
fn link_at<H: Held>(held: &H, stream: H::Stream, id: EntryRef) -> Result<Option<Hash>, H::Error> {
    let mut link = Hash::default();
    for seq in 1..=id.seq {
        let before = EntryRef { seq, ..id };
        let Some((_, found)) = held.entry(stream, &before)? else {
            return Ok(None);
        };
        link = next_link(&link, &found.hash);
    }
    Ok(Some(link))
}

/// Bytes of an entry's payload, before compression.
#[must_use]
pub fn payload_size(entry: &Entry) -> usize {
    entry
        .ops
        .as_deref()
        .map_or(0, |ops| encode_payload(ops).len())
}
