//! What a request still says of erased entries: their places in device logs, and their headers in
//! runs for a restored server.

use crate::admission::{ErasedPlace, PushedLog};
use crate::codec::{DecodeError, Reader, put_bytes, put_u64};
use crate::entry::{Entry, Header, Item};
use crate::ids::Hash;
use crate::limits::{MAX_DEPS, MAX_ENTRIES_PER_PUSH, MAX_ITEMS_PER_MESSAGE, MAX_NAME_BYTES};
use crate::wire::recover::RecoverRun;

/// No header is longer: its heads or its name, and what else it says in 128 bytes.
const MAX_HEADER_BYTES: usize = 128 + MAX_NAME_BYTES + 26 * MAX_DEPS;

/// Whether an item has its header and no words: they were erased.
pub(super) fn is_erased(item: &Item) -> bool {
    item.entry.as_ref().is_some_and(|entry| entry.ops.is_none())
}

/// Appends the places of logs whose words were erased, of each log that has such: the number of the
/// log, how many, the first sequence, their hashes.
pub(super) fn put_erased(out: &mut Vec<u8>, logs: &[PushedLog]) {
    let of = logs.iter().enumerate();
    let of: Vec<_> = of.filter(|(_, log)| !log.erased.is_empty()).collect();
    put_u64(out, of.len() as u64);
    for (number, log) in of {
        put_u64(out, number as u64);
        put_u64(out, log.erased.len() as u64);
        put_u64(out, log.erased.first().map_or(0, |place| place.seq));
        for place in &log.erased {
            out.extend_from_slice(&place.hash.0);
        }
    }
}

/// Reads what [`put_erased`] wrote.
pub(super) fn get_erased(r: &mut Reader<'_>, logs: &mut [PushedLog]) -> Result<(), DecodeError> {
    let mut left = MAX_ENTRIES_PER_PUSH;
    let n = r.bounded(logs.len(), "device logs")?;
    for _ in 0..n {
        let number = r.bounded(logs.len().saturating_sub(1), "device log")?;
        let log = logs
            .get_mut(number)
            .ok_or(DecodeError::OutOfRange("device log"))?;
        let count = r.bounded(left, "erased places")?;
        left -= count;
        let first = r.u64()?;
        if count == 0 || !log.erased.is_empty() {
            return Err(DecodeError::OutOfRange("erased places"));
        }
        for i in 0..count as u64 {
            log.erased.push(ErasedPlace {
                seq: first.wrapping_add(i),
                hash: Hash(r.array()?),
            });
        }
    }
    Ok(())
}

/// Appends the headers of erased items in runs: the number of the run, that of the item, the header.
pub(super) fn put_headers(out: &mut Vec<u8>, runs: &[RecoverRun]) {
    let all: Vec<_> = runs
        .iter()
        .enumerate()
        .flat_map(|(run, of)| of.items.iter().enumerate().map(move |(at, i)| (run, at, i)))
        .filter(|(.., item)| is_erased(item))
        .collect();
    put_u64(out, all.len() as u64);
    for (run, at, item) in all {
        put_u64(out, run as u64);
        put_u64(out, at as u64);
        let header = item.entry.as_ref().map(|e| e.header.encode());
        put_bytes(out, &header.unwrap_or_default());
    }
}

/// Reads what [`put_headers`] wrote. Whether a header is its item's is for who takes the run to
/// check, by its hash.
pub(super) fn get_headers(r: &mut Reader<'_>, runs: &mut [RecoverRun]) -> Result<(), DecodeError> {
    let n = r.count(MAX_ITEMS_PER_MESSAGE, "headers")?;
    for _ in 0..n {
        let run = usize::try_from(r.u64()?).ok().and_then(|n| runs.get_mut(n));
        let at = usize::try_from(r.u64()?);
        let item = run.zip(at.ok()).and_then(|(run, at)| run.items.get_mut(at));
        let item = item.ok_or(DecodeError::OutOfRange("item"))?;
        if item.entry.is_some() {
            return Err(DecodeError::OutOfRange("header of an item that is whole"));
        }
        let mut bytes = Reader::new(r.bytes(MAX_HEADER_BYTES)?);
        let header = Header::decode(&mut bytes)?;
        bytes.finish()?;
        item.entry = Some(Entry {
            incarnation: item.id.incarnation,
            header,
            ops: None,
        });
    }
    Ok(())
}
