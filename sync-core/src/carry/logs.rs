//! The device logs of a bundle.

use crate::admission::PushedLog;
use crate::codec::{DecodeError, Reader, put_u64};
use crate::ids::Hash;
use crate::limits::{
    MAX_CARRY_ENTRIES, MAX_ENTRIES_PER_PUSH, MAX_LOGS_PER_PUSH, MAX_OPS_PER_MESSAGE,
};
use crate::wire::{StreamNames, Table, get_log, put_log};

/// Entries of one device log as a push would bring them, with what lets anybody verify them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedLog {
    /// The link of the device log before the first of the entries; zeros before the first of all.
    pub before: Hash,
    /// The entries and the device's signature over the newest link.
    pub log: PushedLog,
}

/// Appends the device logs of a carry bundle, each after the link before its first entry.
pub(super) fn put_carried(out: &mut Vec<u8>, logs: &[CarriedLog]) {
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
pub(super) fn get_carried(r: &mut Reader<'_>) -> Result<Vec<CarriedLog>, DecodeError> {
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
