//! Device logs, as a request pushes them and as a carry bundle takes them along.

use crate::admission::PushedLog;
use crate::codec::{DecodeError, Reader, put_u64};
use crate::entry::Signature;
use crate::ids::IncarnationId;
use crate::wire::columns::{Place, get_entries, put_entries};
use crate::wire::tables::{StreamNames, Table};

pub(crate) fn put_log(
    out: &mut Vec<u8>,
    log: &PushedLog,
    names: &mut StreamNames,
    incarnations: &mut Table<IncarnationId>,
) {
    names.put(out, &log.stream);
    put_u64(out, incarnations.place(log.incarnation));
    put_u64(out, log.entries.first().map_or(0, |e| e.header.seq));
    put_u64(out, log.entries.len() as u64);
    let entries: Vec<_> = log.entries.iter().collect();
    put_entries(out, &entries, incarnations);
    out.extend_from_slice(&log.signature.0);
}

pub(crate) fn get_log(
    r: &mut Reader<'_>,
    names: &mut StreamNames,
    incarnations: &Table<IncarnationId>,
    entries_left: &mut usize,
    ops_left: &mut usize,
) -> Result<PushedLog, DecodeError> {
    let stream = names.get(r)?;
    let incarnation = incarnations.at(r.u64()?)?;
    let first = r.u64()?;
    let count = r.bounded(*entries_left, "entries")?;
    *entries_left -= count;
    let places: Vec<Place> = (0..count as u64)
        .map(|i| Place {
            incarnation,
            seq: first.wrapping_add(i),
        })
        .collect();
    let entries = get_entries(r, &places, incarnations, ops_left)?;
    Ok(PushedLog {
        stream,
        incarnation,
        erased: Vec::new(),
        entries,
        signature: Signature(r.array()?),
    })
}
