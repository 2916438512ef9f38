//! Files by name over a few that the worker has open: browsers open a file only while somebody
//! waits, and rename none that is open. An index says which holds what.
//!
//! What enters: names and bytes. What leaves: places of files. The index is written in two places by
//! turns, each with its sum, so that a kill in the middle of a write leaves the one before; nothing
//! is in a file that no name leads to.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use sha2::{Digest, Sha256};

use crate::host::{self, FileTrouble};

/// The file with the index; all others are slots.
const INDEX: u32 = 0;
/// Files that the worker opens; a store has ten names at most.
const FILES: u32 = 13;
/// Where the second copy of the index begins.
const COPY_AT: u64 = 4096;
const MAGIC: &[u8; 8] = b"GFINDEX\x01";

#[derive(Debug, Clone, Default)]
struct Index {
    generation: u64,
    /// Tells this place from another one.
    place: [u8; 16],
    names: BTreeMap<String, u32>,
}

thread_local! {
    static HELD: RefCell<Index> = RefCell::default();
    static FLUSHES: Cell<u32> = const { Cell::new(0) };
}

pub(crate) fn flushes() -> u32 {
    FLUSHES.get()
}

fn trouble(trouble: FileTrouble) -> io::Error {
    match trouble {
        FileTrouble::Full => ErrorKind::StorageFull.into(),
        FileTrouble::Failed => io::Error::other("file"),
    }
}

pub(crate) fn read_at(slot: u32, at: u64, out: &mut [u8]) -> io::Result<()> {
    match host::file_read(slot, at, out).map_err(trouble)? {
        n if n == out.len() => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

pub(crate) fn write_at(slot: u32, at: u64, bytes: &[u8]) -> io::Result<()> {
    match host::file_write(slot, at, bytes).map_err(trouble)? {
        n if n == bytes.len() => Ok(()),
        // What was not taken found no room.
        _ => Err(ErrorKind::StorageFull.into()),
    }
}

pub(crate) fn flush(slot: u32) -> io::Result<()> {
    FLUSHES.set(FLUSHES.get().wrapping_add(1));
    host::file_flush(slot).map_err(trouble)
}

pub(crate) fn set_len(slot: u32, len: u64) -> io::Result<()> {
    host::file_truncate(slot, len).map_err(trouble)
}

pub(crate) fn len(slot: u32) -> io::Result<u64> {
    host::file_len(slot).map_err(trouble)
}

impl Index {
    fn encode(&self) -> Vec<u8> {
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

    /// The index at a place of its file, if it is whole there.
    fn read(at: u64) -> Option<Self> {
        let length = len(INDEX).ok()?.saturating_sub(at).min(COPY_AT);
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        read_at(INDEX, at, &mut bytes).ok()?;
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

    fn free(&self) -> Option<u32> {
        (INDEX + 1..FILES).find(|slot| !self.names.values().any(|taken| taken == slot))
    }
}

fn take<'a, const N: usize>(left: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = left.split_first_chunk::<N>()?;
    *left = rest;
    Some(taken)
}

/// Writes the index as it becomes; it is held only once it is durable.
fn put(mut index: Index) -> io::Result<()> {
    index.generation += 1;
    write_at(INDEX, (index.generation % 2) * COPY_AT, &index.encode())?;
    flush(INDEX)?;
    HELD.set(index);
    Ok(())
}

/// Reads the index, or makes one where all is empty; empties what no name leads to.
pub(crate) fn load() -> io::Result<()> {
    let copies = [Index::read(0), Index::read(COPY_AT)];
    match copies.into_iter().flatten().max_by_key(|i| i.generation) {
        Some(index) => HELD.set(index),
        None => {
            for slot in INDEX + 1..FILES {
                if len(slot)? > 0 {
                    return Err(ErrorKind::InvalidData.into());
                }
            }
            let mut place = [0; 16];
            host::random(&mut place);
            put(Index {
                place,
                ..Index::default()
            })?;
        }
    }
    for slot in INDEX + 1..FILES {
        if !HELD.with_borrow(|held| held.names.values().any(|taken| *taken == slot))
            && len(slot)? > 0
        {
            set_len(slot, 0)?;
        }
    }
    Ok(())
}

pub(crate) fn slot_of(name: &str) -> Option<u32> {
    HELD.with_borrow(|held| held.names.get(name).copied())
}

pub(crate) fn place() -> [u8; 16] {
    HELD.with_borrow(|held| held.place)
}

/// An empty slot that no name leads to yet.
pub(crate) fn free() -> io::Result<u32> {
    let free = HELD.with_borrow(Index::free);
    let slot = free.ok_or_else(|| io::Error::other("no file is free"))?;
    set_len(slot, 0)?;
    Ok(slot)
}

/// Has a name lead to a slot.
pub(crate) fn name(name: &str, slot: u32) -> io::Result<()> {
    let mut index = HELD.with_borrow(Clone::clone);
    index.names.insert(name.to_owned(), slot);
    put(index)
}

pub(crate) fn rename(from: &str, to: &str) -> io::Result<()> {
    let mut index = HELD.with_borrow(Clone::clone);
    let slot = index.names.remove(from).ok_or(ErrorKind::NotFound)?;
    let before = index.names.insert(to.to_owned(), slot);
    put(index)?;
    before.map_or(Ok(()), |slot| set_len(slot, 0))
}

pub(crate) fn remove(name: &str) -> io::Result<()> {
    let mut index = HELD.with_borrow(Clone::clone);
    let Some(slot) = index.names.remove(name) else {
        return Ok(());
    };
    put(index)?;
    set_len(slot, 0)?;
    flush(slot)
}
