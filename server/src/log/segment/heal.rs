//! Healing: items that were damaged, given back by whoever has them, proven by key and chain before they are
//! written. What is not proven changes nothing.

use super::{
    block::{BlockEntry, entries},
    commit::{Group, Span},
    fold::{index_item, key_pair, read_known},
    frame::{Kind, frame_at},
    log::SegmentLog,
    run::{Map, Place},
    shared::{FRAME_READ_BYTES, Now, Shared},
};
use crate::log::{
    codec::chain,
    error::LogError,
    types::{Hash32, Item, NewItem, StreamName},
};

impl Shared {
    /// The line of a block in its frame's table, which often outlives the block.
    fn entry(&self, stream: &StreamName, place: Place) -> Option<BlockEntry> {
        let offset = u64::from(place.offset);
        let span = offset..offset + FRAME_READ_BYTES;
        let bytes = self.files.read(place.segment, span).ok()?;
        let frame = frame_at(&bytes, self.home(place.segment))?;
        entries(&frame.head.table)?
            .into_iter()
            .nth(usize::from(place.block))
            .filter(|entry| entry.stream == *stream && entry.first == place.first)
    }

    /// The prefix at a seq, though its item may be damaged: as far as anything whole tells it.
    pub(super) fn prefix_told(&self, stream: &StreamName, seq: u64) -> Option<Hash32> {
        if let Ok(Some(prefix)) = self.prefix_at(stream, seq) {
            return Some(prefix);
        }
        let (own, next) = {
            let state = self.state.read();
            (state.place(stream, seq), state.place(stream, seq + 1))
        };
        let own = own
            .and_then(|place| self.entry(stream, place))
            .filter(|entry| entry.last() == seq)
            .map(|entry| entry.end);
        own.or_else(|| {
            next.and_then(|place| self.entry(stream, place))
                .filter(|entry| entry.first == seq + 1)
                .map(|entry| entry.before)
        })
    }

    fn is_damaged(&self, stream: &StreamName, seq: u64) -> bool {
        let state = self.state.read();
        state.damage.contains_key(&(stream.clone(), seq))
    }
}

impl SegmentLog {
    pub(super) fn heal_run(
        &self,
        stream: &StreamName,
        first: u64,
        items: Vec<NewItem>,
    ) -> Result<u64, LogError> {
        let shared = &self.shared;
        let not_proven = |seq| LogError::NotProven {
            stream: stream.clone(),
            seq,
        };
        let head = shared.state.read().head(stream);
        let end = first.saturating_add(items.len() as u64);
        if first == 0 || end > head.seq.saturating_add(1) {
            return Err(not_proven(first));
        }
        let mut prefix = shared
            .prefix_told(stream, first - 1)
            .ok_or_else(|| not_proven(first))?;
        let mut spans: Vec<Span> = Vec::new();
        // Damaged items that nothing has proven yet, with the prefix before them.
        let mut waiting = Span::default();
        for (new, seq) in items.into_iter().zip(first..) {
            let before = prefix;
            prefix = chain(&prefix, &new.item_hash);
            // A block that nobody has read yet may be damaged too.
            let stored = shared.item(stream, seq);
            if !shared.is_damaged(stream, seq) {
                let stored = stored?;
                if (stored.key, stored.prefix) != (new.key, prefix) {
                    return Err(not_proven(seq));
                }
                // It is whole, and proves those before it by the chain.
                prove(&mut spans, &mut waiting);
                continue;
            }
            if waiting.items.is_empty() {
                waiting.before = before;
            }
            let known = shared
                .pair(&key_pair(stream, &new.key))?
                .and_then(|value| read_known(&value));
            let told = shared.prefix_told(stream, seq);
            let by_index = known.map(|(at, start)| at == seq && prefix.starts_with(&start));
            let by_chain = told.map(|told| told == prefix);
            if by_index == Some(false) || by_chain == Some(false) {
                return Err(not_proven(seq));
            }
            waiting.items.push(Item {
                seq,
                key: new.key,
                item_hash: new.item_hash,
                prefix,
                bytes: new.bytes,
            });
            if by_index.is_some() || by_chain.is_some() {
                prove(&mut spans, &mut waiting);
            }
        }
        let healed = spans.iter().map(|span| span.items.len() as u64).sum();
        if let Some(item) = waiting.items.first()
            && healed == 0
        {
            return Err(not_proven(item.seq));
        }
        if healed == 0 {
            return Ok(0);
        }
        let stream = stream.clone();
        self.alone(move |writer| {
            writer.check_running()?;
            let mut pairs = Map::new();
            let now = std::sync::Arc::clone(&writer.shared);
            for item in spans.iter().flat_map(|span| &span.items) {
                let indexer = now.indexer.as_deref();
                index_item(&mut pairs, indexer, &Now(&now), &stream, item)?;
            }
            let group: Group = spans
                .into_iter()
                .map(|span| (stream.clone(), span))
                .collect();
            writer.write(Kind::Healed, &group, pairs)
        })?;
        Ok(healed)
    }
}

/// Moves what was waiting for a proof to what is proven.
fn prove(spans: &mut Vec<Span>, waiting: &mut Span) {
    if !waiting.items.is_empty() {
        spans.push(std::mem::take(waiting));
    }
}
