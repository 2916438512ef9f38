//! The index of a pool: which file holds what.
//!
//! What enters and leaves: its bytes. It is written in two places by turns, each with its sum, so
//! that what ends a write in the middle leaves the one before.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// How many files a pool needs: one for the index, and two more than a store has names.
pub const POOL_SLOTS: u32 = 13;
/// The file with the index; all others are for what it names.
pub(super) const SLOT: u32 = 0;
/// Where the two copies of the index begin, each shorter than what is between them.
pub(super) const PLACES: [u64; 2] = [0, 4096];
const MAGIC: &[u8; 8] = b"GFINDEX\x01";

/// The files that are for what the index names.
pub(super) fn others() -> std::ops::Range<u32> {
    SLOT + 1..POOL_SLOTS
}

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub(super) generation: u64,
    /// Tells this pool from another one.
    pub(super) place: [u8; 16],
    pub(super) names: BTreeMap<String, u32>,
}

impl Index {
    /// The first one of a pool.
    pub(super) fn of(place: [u8; 16]) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    /// Where it stands in its file.
    pub(super) fn place_in_file(&self) -> u64 {
        PLACES[usize::from(self.generation % 2 == 1)]
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.place);
        for (name, slot) in &self.names {
            out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            out.push(u8::try_from(*slot).unwrap_or(u8::MAX));
            out.extend_from_slice(name.as_bytes());
        }
        out.push(0);
        let sum: [u8; 32] = Sha256::digest(&out).into();
        out.extend_from_slice(&sum);
        out
    }

    /// Of what follows one of its places, the index that begins there, if it is whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut left = bytes.strip_prefix(MAGIC)?;
        let generation = u64::from_be_bytes(*take::<8>(&mut left)?);
        let place = *take::<16>(&mut left)?;
        let mut names = BTreeMap::new();
        loop {
            let [length] = *take::<1>(&mut left)?;
            if length == 0 {
                break;
            }
            let [slot] = *take::<1>(&mut left)?;
            let (name, rest) = left.split_at_checked(usize::from(length))?;
            left = rest;
            names.insert(String::from_utf8(name.to_vec()).ok()?, u32::from(slot));
        }
        let read = bytes.len() - left.len();
        let sum = take::<32>(&mut left)?;
        let index = Self {
            generation,
            place,
            names,
        };
        (Sha256::digest(&bytes[..read])[..] == sum[..]).then_some(index)
    }

    /// A file that no name leads to.
    pub(super) fn free(&self) -> Option<u32> {
        others().find(|slot| !self.names.values().any(|taken| taken == slot))
    }
}

fn take<'a, const N: usize>(left: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = left.split_first_chunk::<N>()?;
    *left = rest;
    Some(taken)
}
