//! Device logs, as a request pushes them and as a carry bundle takes them along.

use crate::admission::PushedLog;
use crate::carry::CarriedLog;
use crate::codec::{DecodeError, Reader, put_u64};
use crate::entry::Signature;
use crate::ids::{Hash, IncarnationId};
use crate::limits::{
    MAX_CARRY_ENTRIES, MAX_ENTRIES_PER_PUSH, MAX_LOGS_PER_PUSH, MAX_OPS_PER_MESSAGE,
};
use crate::wire::columns::{Place, get_entries, put_entries};
use crate::wire::tables::{StreamNames, Table};

pub(super) fn put_log(
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

pub(super) fn get_log(
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

/// Appends the device logs of a carry bundle, each after the link before its first entry.
pub(crate) fn put_carried(out: &mut Vec<u8>, logs: &[CarriedLog]) {
    let mut incarnations = Table::with_known(Vec::new());
    let mut names = StreamNames::default();
    let mut tail = Vec::new();
    put_u64(&mut tail, logs.len() as u64);
    for carried in logs {
        tail.extend_from_slice(&carried.before.0);
        put_log(&mut tail, &carried.log, &mut names, &mut incarnations);
    }
    incarnations.put(out);
    out.extend_from_slice(&tail);
}

/// Reads what [`put_carried`] wrote.
pub(crate) fn get_carried(r: &mut Reader<'_>) -> Result<Vec<CarriedLog>, DecodeError> {
    let incarnations = Table::get(r, Vec::new())?;
    let mut names = StreamNames::default();
    let (mut entries_left, mut ops_left) = (MAX_CARRY_ENTRIES, MAX_OPS_PER_MESSAGE);
    let n = r.count(MAX_LOGS_PER_PUSH, "device logs")?;
    let mut logs = Vec::with_capacity(n);
    for _ in 0..n {
        let before = Hash(r.array()?);
        let room = entries_left.min(MAX_ENTRIES_PER_PUSH);
        let mut left = room;
        let log = get_log(r, &mut names, &incarnations, &mut left, &mut ops_left)?;
        entries_left -= room - left;
        logs.push(CarriedLog { before, log });
    }
    Ok(logs)
}
