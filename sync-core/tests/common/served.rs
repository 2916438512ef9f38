//! A server in memory, as the core's answer asks for it: a log of decisions, with faults to order.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::rc::Rc;

use gridfold_sync_core::admission::Decision;
use gridfold_sync_core::directory::{Directory, DirectoryScope, ScopeDocument};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Author, Entry, Item, SignKey};
use gridfold_sync_core::ids::{DeviceId, RecordId, StreamId, UserId};
use gridfold_sync_core::session::server::{Found, Head, Opened, PrefixAt, Served};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::SeenNews;

use super::facts::MemoryFacts;

/// What an item weighs besides its operations.
const ITEM_BYTES: usize = 128;

/// What a server knows, at one moment.
#[derive(Debug)]
pub struct MemoryServed<'a> {
    pub facts: &'a MemoryFacts,
    pub epoch: u64,
    pub now: Timestamp,
    pub key: &'a SignKey,
    /// Items read at a time.
    pub page_items: usize,
    /// Places whose item the disk lost.
    pub damaged: BTreeSet<(StreamId, u64)>,
    /// Records whose key the disk lost.
    pub keyless: BTreeSet<RecordId>,
    /// Whether the keys of erased records are destroyed.
    pub keys_are_gone: bool,
    /// How much supervisors have seen, if they look at all.
    pub seen: Option<u64>,
    /// How often it was asked how far a stream goes.
    pub heads_asked: Rc<Cell<usize>>,
}

impl<'a> MemoryServed<'a> {
    pub fn new(facts: &'a MemoryFacts, epoch: u64, now: Timestamp, key: &'a SignKey) -> Self {
        Self {
            facts,
            epoch,
            now,
            key,
            page_items: usize::MAX,
            damaged: BTreeSet::new(),
            keyless: BTreeSet::new(),
            keys_are_gone: true,
            seen: None,
            heads_asked: Rc::default(),
        }
    }

    fn found(
        &self,
        stream: &StreamId,
        seq: u64,
        decision: &Decision,
        to: DeviceId,
    ) -> Option<Found> {
        if decision.record.is_some_and(|r| self.keyless.contains(&r)) {
            return None;
        }
        let id = decision.entry.id();
        let shown = decision.verdict.is_admitted() || decision.author.device == to;
        // Of some only the hash was given back after a restore.
        let is_here = decision.entry != Entry::hollow(id);
        let ops = decision.entry.ops.as_deref().unwrap_or_default();
        Some(Found {
            item: Item {
                id,
                author: decision.author,
                received: decision.received,
                verdict: decision.verdict,
                entry_hash: decision.hash,
                entry: (shown && is_here).then(|| decision.entry.clone()),
            },
            prefix: self.facts.prefix(stream, seq).unwrap_or_default(),
            bytes: ITEM_BYTES + ops.iter().map(Op::weight).sum::<u64>() as usize,
        })
    }
}

impl Served for MemoryServed<'_> {
    type Error = Infallible;

    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn directory(&self) -> &Directory {
        &self.facts.directory
    }
    fn key(&self) -> &SignKey {
        self.key
    }
    fn head(&self, stream: &StreamId) -> Result<Head, Infallible> {
        self.heads_asked.set(self.heads_asked.get() + 1);
        let seq = self.facts.newest(stream);
        let prefix = self.facts.prefix(stream, seq).unwrap_or_default();
        Ok(Head { seq, prefix })
    }
    fn prefix_at(&self, stream: &StreamId, seq: u64) -> Result<PrefixAt, Infallible> {
        if self.damaged.contains(&(stream.clone(), seq)) {
            return Ok(PrefixAt::Damaged);
        }
        let prefix = self.facts.prefix(stream, seq);
        Ok(prefix.map_or(PrefixAt::Past, PrefixAt::Is))
    }
    fn read(
        &self,
        stream: &StreamId,
        after: u64,
        (max_items, _): (usize, usize),
        device: DeviceId,
    ) -> Result<Option<impl Iterator<Item = Opened<Infallible>>>, Infallible> {
        let is_damaged = |seq: u64| self.damaged.contains(&(stream.clone(), seq));
        if is_damaged(after + 1) {
            return Ok(None);
        }
        let log = self.facts.log.get(stream).map_or(&[][..], Vec::as_slice);
        let stream = stream.clone();
        let whole = (after + 1..)
            .zip(log.iter().skip(after as usize))
            .take_while(move |(seq, _)| !is_damaged(*seq));
        Ok(Some(whole.take(max_items.min(self.page_items)).map(
            move |(seq, decision)| Ok(self.found(&stream, seq, decision, device)),
        )))
    }
    fn streams(&self) -> Result<impl Iterator<Item = StreamId>, Infallible> {
        Ok(self.facts.log.keys().cloned())
    }
    fn damage(&self) -> impl Iterator<Item = (StreamId, u64)> {
        self.damaged.iter().cloned()
    }
    fn has_key(&self, _: RecordId) -> Result<bool, Infallible> {
        Ok(!self.keys_are_gone)
    }
    fn directory_news(&self, user: UserId, held: [u8; 8]) -> Option<ScopeDocument> {
        let scope = self.facts.directory.scope(user, self.now).to_bytes();
        (DirectoryScope::digest_of(&scope) != held).then(|| scope.into())
    }
    fn seen_news(&self, _: Author, known: Option<u64>) -> Result<Option<SeenNews>, Infallible> {
        let news = self.seen.filter(|_| known != self.seen);
        Ok(news.map(|revision| SeenNews {
            revision,
            ..SeenNews::default()
        }))
    }
}
