//! Reading what is carried.

use gridfold_sync_core::gather::Gather as _;
use std::collections::BTreeSet;

use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, RecordId};

use super::rows::{CarriedRow, at_server, bundles, carried, receipts};
use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::rows::NO_RECORD;
use crate::shell::state::{Bearings, State, entry_row};
use crate::shell::store::Rx;
use crate::types::{CarriedEdit, CarriedReceipt, CarryHeld};
use crate::types::{EntryState, HistoryEntry};

fn user_name(bearings: &Bearings, author: &Author) -> Option<String> {
    bearings.held.as_ref()?.user_name(author.user)
}

/// Whose device it is, as far as the directory held here says.
fn author_of(bearings: &Bearings, device: DeviceId) -> Option<Author> {
    let colleagues = &bearings.held.as_ref()?.scope.colleagues;
    let colleague = colleagues
        .iter()
        .find(|c| c.devices.iter().any(|d| d.id == device))?;
    Some(Author {
        device,
        user: colleague.user,
    })
}

/// Entries of others that did not arrive through the server.
fn not_arrived(rx: &Rx<'_>, prefix: &[u8]) -> Result<Vec<CarriedRow>, ClientError> {
    let mut rows = Vec::new();
    for row in carried(rx, prefix)? {
        let here = entry_row(rx, row.stream, &row.row.id)?;
        if here.is_none_or(|(_, known)| known.hash != row.row.hash) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The entries of a record that colleagues handed over, for its history.
pub(crate) fn carried_history(
    rx: &Rx<'_>,
    bearings: &Bearings,
    record: &RecordId,
) -> Result<Vec<HistoryEntry>, ClientError> {
    let mut out = Vec::new();
    for row in not_arrived(rx, &record.bytes())? {
        let Some(entry) = row.row.entry else { continue };
        out.push(HistoryEntry {
            stream: bearings.stream(row.stream)?.clone(),
            entry: row.row.id,
            device: Some(row.author.device),
            user: Some(row.author.user),
            user_name: user_name(bearings, &row.author),
            claimed: entry.header.claimed,
            received: None,
            form_version: entry.header.form_version,
            state: EntryState::Carried,
            delivery: None,
            made_at: entry.header.deps().to_vec(),
            ops: entry.ops.unwrap_or_default(),
        });
    }
    Ok(out)
}

/// Which of the records that wait are known to be at the server with all that waits of them.
pub(crate) fn those_at_server(
    rx: &Rx<'_>,
    state: &State,
) -> Result<BTreeSet<RecordId>, ClientError> {
    let marks = at_server(rx)?;
    if marks.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut there: BTreeSet<RecordId> = state.pending.keys().copied().gathered();
    for item in state.outbox.values() {
        let mark = marks.get(&(item.stream, item.id.incarnation));
        if mark.is_none_or(|seq| item.id.seq > *seq) {
            there.remove(&item.record);
        }
    }
    Ok(there)
}

/// Whether all of a record's entries that wait are known to be at the server.
pub(crate) fn is_at_server(
    rx: &Rx<'_>,
    state: &State,
    record: &RecordId,
) -> Result<bool, ClientError> {
    Ok(state.pending.contains_key(record) && those_at_server(rx, state)?.contains(record))
}

impl Shell {
    pub(crate) fn carried(&self) -> Result<Vec<CarriedEdit>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let bearings = &state.bearings;
            let mut out = Vec::new();
            for row in not_arrived(rx, &[])? {
                let Some(entry) = row.row.entry else { continue };
                out.push(CarriedEdit {
                    bundle: row.bundle,
                    stream: bearings.stream(row.stream)?.clone(),
                    entry: row.row.id,
                    record: Some(row.record).filter(|r| r.bytes() != NO_RECORD),
                    device: row.author.device,
                    user: row.author.user,
                    user_name: user_name(bearings, &row.author),
                    claimed: entry.header.claimed,
                    form_version: entry.header.form_version,
                    ops: entry.ops.unwrap_or_default(),
                });
            }
            out.sort_by_key(|e| (e.claimed, e.entry));
            Ok(out)
        })
    }

    pub(crate) fn carry_held(&self) -> Result<Vec<CarryHeld>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let held = bundles(rx)?.into_iter().map(|bundle| CarryHeld {
                id: bundle.id,
                bytes: bundle.content.len() as u64,
                author: bundle.author.map(|a| a.user),
                author_name: bundle.author.and_then(|a| user_name(&state.bearings, &a)),
                refused: bundle.refused,
            });
            Ok(held.collect())
        })
    }

    pub(crate) fn carry_receipts(&self) -> Result<Vec<CarriedReceipt>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let kept = receipts(rx)?.into_iter().map(|receipt| {
                let author = author_of(&state.bearings, receipt.device);
                CarriedReceipt {
                    id: receipt.id,
                    device: receipt.device,
                    user: author.map(|a| a.user),
                    user_name: author.and_then(|a| user_name(&state.bearings, &a)),
                    bytes: receipt.bytes,
                }
            });
            Ok(kept.collect())
        })
    }
}
