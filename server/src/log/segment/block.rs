//! A block: consecutive items of one stream, compressed together. Items enter and leave as they came; the table of
//! a frame says whose items a block holds and what the chain was before and after them, so that what a lost block
//! held can be named, and what takes its place can be proven.

use gridfold_sync_core::codec::{Reader, put_bytes, put_u64};

use crate::log::{
    codec::chain,
    types::{Hash32, Head, Item, MAX_ITEM_BYTES, MAX_STREAM_NAME_BYTES, StreamName},
};

/// Bytes of items compressed together: what the loss of one block costs at most, unless one item is larger.
pub(super) const BLOCK_BYTES: usize = 8 * 1024;
/// Bytes of blocks in one frame, about.
pub(super) const FRAME_BYTES: usize = 128 * 1024;
/// Blocks in one frame at most.
pub(super) const FRAME_BLOCKS: usize = 256;
/// Items in one block at most.
pub(super) const BLOCK_ITEMS: usize = 1024;
const LEVEL: i32 = 1;
/// What stands in the place of items that are lost.
const LOST_BODY: [u8; 1] = [0];
const MAX_RAW_BYTES: usize = 2 * (BLOCK_BYTES + MAX_ITEM_BYTES + BLOCK_ITEMS * 80);

/// One line of a frame's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlockEntry {
    pub(super) stream: StreamName,
    /// Seq of its first item.
    pub(super) first: u64,
    pub(super) count: u64,
    /// Prefix before its first item, and of its last.
    pub(super) before: Hash32,
    pub(super) end: Hash32,
    /// Where it lies in the frame's body.
    pub(super) at: usize,
    pub(super) len: usize,
    raw: usize,
}

impl BlockEntry {
    /// Seq of its last item.
    pub(super) fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }

    /// Whether it stands for items that were lost before it was written: fewer bytes than any item has.
    pub(super) fn is_lost(&self) -> bool {
        self.len == LOST_BODY.len() && self.raw == LOST_BODY.len()
    }
}

/// A frame being filled.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) entries: Vec<BlockEntry>,
    pub(super) body: Vec<u8>,
}

impl Blocks {
    pub(super) fn is_full(&self) -> bool {
        self.body.len() >= FRAME_BYTES || self.entries.len() >= FRAME_BLOCKS
    }

    /// Adds a block of these items, which follow each other.
    pub(super) fn push(
        &mut self,
        zstd: &mut zstd::bulk::Compressor<'_>,
        stream: &StreamName,
        before: Hash32,
        items: &[Item],
    ) {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return;
        };
        let mut raw = Vec::with_capacity(items.iter().map(|i| i.bytes.len() + 72).sum());
        for item in items {
            raw.extend_from_slice(&item.key);
            raw.extend_from_slice(&item.item_hash);
            put_bytes(&mut raw, &item.bytes);
        }
        // What does not shrink stays as it is.
        let packed = zstd
            .compress(&raw)
            .ok()
            .filter(|packed| packed.len() < raw.len());
        let bytes = packed.as_deref().unwrap_or(&raw);
        self.entries.push(BlockEntry {
            stream: stream.clone(),
            first: first.seq,
            count: items.len() as u64,
            before,
            end: last.prefix,
            at: self.body.len(),
            len: bytes.len(),
            raw: raw.len(),
        });
        self.body.extend_from_slice(bytes);
    }

    /// Adds a block that holds the places of lost items and the chain around them.
    pub(super) fn push_lost(&mut self, stream: &StreamName, before: Head, end: Head) {
        self.entries.push(BlockEntry {
            stream: stream.clone(),
            first: before.seq + 1,
            count: end.seq - before.seq,
            before: before.prefix,
            end: end.prefix,
            at: self.body.len(),
            len: LOST_BODY.len(),
            raw: LOST_BODY.len(),
        });
        self.body.extend_from_slice(&LOST_BODY);
    }

    pub(super) fn table(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() * 110);
        put_u64(&mut out, self.entries.len() as u64);
        for entry in &self.entries {
            put_bytes(&mut out, entry.stream.as_bytes());
            put_u64(&mut out, entry.first);
            put_u64(&mut out, entry.count);
            out.extend_from_slice(&entry.before);
            out.extend_from_slice(&entry.end);
            put_u64(&mut out, entry.len as u64);
            put_u64(&mut out, entry.raw as u64);
        }
        out
    }
}

pub(super) fn compressor() -> std::io::Result<zstd::bulk::Compressor<'static>> {
    zstd::bulk::Compressor::new(LEVEL)
}

/// The lines of a table; `None` when it is none, which its checksum makes a defect.
pub(super) fn entries(table: &[u8]) -> Option<Vec<BlockEntry>> {
    let mut r = Reader::new(table);
    let n = r.u64().ok()?;
    let mut at = 0;
    let mut out = Vec::new();
    for _ in 0..n {
        let stream = StreamName::new(r.bytes(MAX_STREAM_NAME_BYTES).ok()?).ok()?;
        let (first, count) = (r.u64().ok()?, r.u64().ok()?);
        let (before, end) = (r.array().ok()?, r.array().ok()?);
        let len = usize::try_from(r.u64().ok()?).ok()?;
        let raw = usize::try_from(r.u64().ok()?).ok()?;
        out.push(BlockEntry {
            stream,
            first,
            count,
            before,
            end,
            at,
            len,
            raw,
        });
        at += len;
    }
    r.finish().ok()?;
    Some(out)
}

/// The items of a block, when its bytes, its count and its chain agree with the table.
pub(super) fn decode(entry: &BlockEntry, bytes: &[u8]) -> Option<Vec<Item>> {
    let unpacked;
    let raw = if entry.len == entry.raw {
        bytes
    } else {
        if entry.raw > MAX_RAW_BYTES {
            return None;
        }
        unpacked = zstd::bulk::decompress(bytes, entry.raw).ok()?;
        &unpacked
    };
    let mut r = Reader::new(raw);
    let mut prefix = entry.before;
    let mut items = Vec::with_capacity(usize::try_from(entry.count).ok()?.min(BLOCK_ITEMS));
    for seq in entry.first..entry.first.checked_add(entry.count)? {
        let (key, item_hash) = (r.array().ok()?, r.array().ok()?);
        let bytes = r.bytes(MAX_ITEM_BYTES).ok()?.to_vec();
        prefix = chain(&prefix, &item_hash);
        items.push(Item {
            seq,
            key,
            item_hash,
            prefix,
            bytes,
        });
    }
    r.finish().ok()?;
    (prefix == entry.end).then_some(items)
}
