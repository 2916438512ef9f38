//! Keys and values as bytes. A key is one letter for the kind, the stream's name behind its length, then the
//! place in it, big-endian, so that a stream's items lie in sequence. Every value is a version byte and a CRC-32
//! over the key and the value's body, so that an item read from a wrong place is as wrong as a flipped bit.

use sha2::{Digest as _, Sha256};

use super::types::{Hash32, Head, Item, StreamName};

const VERSION: u8 = 1;
const PREFIX_DOMAIN: &[u8] = b"gridfold prefix v1";
const ITEM_HEADER_BYTES: usize = 32 * 3;

/// Kinds of keys.
pub(super) const ITEM: u8 = b'i';
pub(super) const INDEX: u8 = b'k';
pub(super) const HEAD: u8 = b'h';
pub(super) const DAMAGE: u8 = b'd';
pub(super) const SET_ASIDE: u8 = b'x';
/// Pairs of the indexer.
pub(super) const INDEXED: u8 = b'f';

/// Key of the log's epoch.
pub(super) const EPOCH_KEY: &[u8] = b"m/epoch";
/// Key of the indexer's version; absent while the index is being made.
pub(super) const INDEXER_KEY: &[u8] = b"m/indexer";

/// The next prefix of a chain.
#[must_use]
pub fn chain(prefix: &Hash32, item_hash: &Hash32) -> Hash32 {
    let mut hasher = Sha256::new();
    hasher.update(PREFIX_DOMAIN);
    hasher.update(prefix);
    hasher.update(item_hash);
    hasher.finalize().into()
}

pub(super) fn stream_key(kind: u8, stream: &StreamName) -> Vec<u8> {
    let name = stream.as_bytes();
    let mut key = Vec::with_capacity(2 + name.len() + 34);
    key.push(kind);
    // A name has at most 64 bytes.
    key.push(name.len() as u8);
    key.extend_from_slice(name);
    key
}

/// Key of everything at one seq: its parts follow it by two more bytes.
pub(super) fn seq_key(kind: u8, stream: &StreamName, seq: u64) -> Vec<u8> {
    let mut key = stream_key(kind, stream);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

pub(super) fn index_key(stream: &StreamName, key: &Hash32) -> Vec<u8> {
    let mut out = stream_key(INDEX, stream);
    out.extend_from_slice(key);
    out
}

/// The first key after all keys that start with `prefix`.
pub(super) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 128]
}

/// The stream in a key, and what follows it.
pub(super) fn split_key(key: &[u8]) -> Option<(StreamName, &[u8])> {
    let len = usize::from(*key.get(1)?);
    let name = key.get(2..2 + len)?;
    Some((StreamName::new(name).ok()?, key.get(2 + len..)?))
}

/// The seq at the start of what follows the stream in a key.
pub(super) fn split_seq(rest: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*rest.first_chunk()?))
}

/// Version, CRC-32 over place and body, body.
pub(super) fn seal(place: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(5 + body.len());
    out.push(VERSION);
    out.extend_from_slice(&crc(place, body).to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// The body, when version and checksum are right for this place.
pub(super) fn unseal<'a>(place: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (header, body) = value.split_first_chunk::<5>()?;
    let [version, sum @ ..] = *header;
    (version == VERSION && u32::from_le_bytes(sum) == crc(place, body)).then_some(body)
}

fn crc(place: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[VERSION]);
    hasher.update(place);
    hasher.update(body);
    hasher.finalize()
}

/// The whole value of an item, before it is cut into parts.
pub(super) fn encode_item(stream: &StreamName, item: &Item) -> Vec<u8> {
    let mut body = Vec::with_capacity(ITEM_HEADER_BYTES + item.bytes.len());
    body.extend_from_slice(&item.key);
    body.extend_from_slice(&item.item_hash);
    body.extend_from_slice(&item.prefix);
    body.extend_from_slice(&item.bytes);
    seal(&seq_key(ITEM, stream, item.seq), &body)
}

/// The item in a whole value, when its checksum is right.
pub(super) fn decode_item(stream: &StreamName, seq: u64, value: &[u8]) -> Option<Item> {
    let body = unseal(&seq_key(ITEM, stream, seq), value)?;
    let (key, body) = body.split_first_chunk()?;
    let (item_hash, body) = body.split_first_chunk()?;
    let (prefix, bytes) = body.split_first_chunk()?;
    Some(Item {
        seq,
        key: *key,
        item_hash: *item_hash,
        prefix: *prefix,
        bytes: bytes.to_vec(),
    })
}

/// Keys and values of the parts of a value, each at most `max` bytes; a value has at least one part.
pub(super) fn parts(
    kind: u8,
    stream: &StreamName,
    seq: u64,
    value: &[u8],
    max: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let place = seq_key(kind, stream, seq);
    let chunks = value.chunks(max.max(1)).zip(0_u16..);
    chunks
        .map(|(chunk, part)| {
            let mut key = place.clone();
            key.extend_from_slice(&part.to_be_bytes());
            (key, chunk.to_vec())
        })
        .collect()
}

/// What the key index knows of an item, enough to prove a copy of it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) seq: u64,
    pub(super) prefix: Hash32,
    pub(super) sum: u32,
}

impl IndexEntry {
    pub(super) fn of(item: &Item) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&item.item_hash);
        hasher.update(&item.bytes);
        Self {
            seq: item.seq,
            prefix: item.prefix,
            sum: hasher.finalize(),
        }
    }

    pub(super) fn encode(&self, place: &[u8]) -> Vec<u8> {
        let mut body = Vec::with_capacity(44);
        body.extend_from_slice(&self.seq.to_le_bytes());
        body.extend_from_slice(&self.prefix);
        body.extend_from_slice(&self.sum.to_le_bytes());
        seal(place, &body)
    }

    pub(super) fn decode(place: &[u8], value: &[u8]) -> Option<Self> {
        let (seq, body) = unseal(place, value)?.split_first_chunk()?;
        let (prefix, body) = body.split_first_chunk()?;
        let sum = body.try_into().ok()?;
        Some(Self {
            seq: u64::from_le_bytes(*seq),
            prefix: *prefix,
            sum: u32::from_le_bytes(sum),
        })
    }
}

/// The end of a stream as stored, and kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct HeadState {
    pub(super) head: Head,
    pub(super) xor: Hash32,
}

impl HeadState {
    /// The head after one more item.
    pub(super) fn push(&mut self, key: &Hash32, prefix: Hash32) {
        self.head = Head {
            seq: self.head.seq + 1,
            prefix,
        };
        for (sum, byte) in self.xor.iter_mut().zip(key) {
            *sum ^= byte;
        }
    }

    pub(super) fn encode(&self, place: &[u8]) -> Vec<u8> {
        let mut body = Vec::with_capacity(72);
        body.extend_from_slice(&self.head.seq.to_le_bytes());
        body.extend_from_slice(&self.head.prefix);
        body.extend_from_slice(&self.xor);
        seal(place, &body)
    }

    pub(super) fn decode(place: &[u8], value: &[u8]) -> Option<Self> {
        let (seq, body) = unseal(place, value)?.split_first_chunk()?;
        let (prefix, body) = body.split_first_chunk()?;
        let xor = body.try_into().ok()?;
        Some(Self {
            head: Head {
                seq: u64::from_le_bytes(*seq),
                prefix: *prefix,
            },
            xor,
        })
    }
}
