//! For each field of a record: who gave it the value that is shown, on which phone, when captured and when received.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{EntryRef, StreamId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Cell, PartState};
use serde::Serialize;
use utoipa::ToSchema;

use super::author::user_name;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::StoredRecord;

/// Where a value comes from.
#[derive(Serialize, ToSchema)]
pub struct Provenance {
    /// The entry that set it last: its name in the history.
    pub entry: String,
    /// Who made it.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// On which device.
    pub device_id: String,
    /// When, by the clock of the device; never later than it was received.
    pub captured_at: String,
    /// What the clock of the device showed, where it cannot have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<String>,
    /// When the server received it.
    pub received_at: String,
}

/// The entries that made what a cell shows.
fn entries(cell: &Cell) -> Vec<EntryRef> {
    match cell {
        Cell::Register(candidates) => candidates.first().map(|c| c.by).into_iter().collect(),
        Cell::Text { sides, .. } if !sides.is_empty() => {
            sides.first().map(|side| side.by).into_iter().collect()
        }
        Cell::Text { by, .. } | Cell::Counter { by, .. } => by.clone(),
        Cell::Choices(map) => map.values().copied().collect(),
        Cell::Group(items) => items
            .values()
            .filter(|i| i.present)
            .flat_map(|i| i.members.values().filter_map(|c| c.first()).map(|c| c.by))
            .collect(),
    }
}

fn of_part(part: &PartState) -> BTreeMap<String, Vec<EntryRef>> {
    part.fields
        .iter()
        .map(|(key, cell)| (key.to_string(), entries(cell)))
        .collect()
}

/// By field, in the parts that were read for the caller. Of several entries the one that came last.
pub(super) fn of(
    node: &Node,
    caller: &Caller,
    record: &StoredRecord,
) -> Answer<BTreeMap<String, Provenance>> {
    let mut out = BTreeMap::new();
    for (class, part) in &record.parts {
        let stream = StreamId::new(record.row.grid.clone(), *class);
        let fields = of_part(part);
        let made = node
            .views
            .made(&stream, fields.values().flatten().copied())?;
        for (field, entries) in fields {
            let newest = entries
                .iter()
                .filter_map(|e| made.get(e).map(|m| (m.received, e, m)))
                .max_by_key(|(received, entry, _)| (*received, **entry));
            let Some((_, entry, made)) = newest else {
                continue;
            };
            out.insert(
                field,
                Provenance {
                    entry: entry.to_string(),
                    user_id: made.by.user.to_string(),
                    user_name: user_name(caller, made.by.user),
                    device_id: made.by.device.to_string(),
                    captured_at: made.captured.held_by(made.received).to_rfc3339(),
                    claimed_at: made
                        .captured
                        .is_implausible(made.received)
                        .then(|| made.captured.to_rfc3339()),
                    received_at: Timestamp::to_rfc3339(made.received),
                },
            );
        }
    }
    Ok(out)
}
