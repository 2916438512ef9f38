//! What the demo counts at the end: nothing lost, everyone the same.

use std::collections::BTreeMap;

use gridfold_server::node::Node;
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::view::RecordView;
use serde_json::Value as Json;

use super::phone::Phone;
use super::town::DemoError;

/// The counts.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Records at the server.
    pub records: u64,
    /// Entries at the server, refused ones included.
    pub edits: u64,
    /// Records with a conflict that nobody has settled yet.
    pub conflicts: u64,
    /// Entries that were refused.
    pub refused: u64,
    /// Entries that came after their author's grant had ended and were kept.
    pub late: u64,
    /// Refused entries by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Edits that a phone acknowledged and that are neither admitted nor kept as refused.
    pub lost: u64,
    /// Whether every record is the same on every phone that holds it and at the server.
    pub replicas_equal: bool,
    /// Records compared, over all phones.
    pub compared: u64,
    /// Records that differ, by phone.
    pub differing: Vec<String>,
}

/// The record as the server's views hold it, in the shape that phones give.
fn server_canonical(node: &Node, record: &RecordId) -> Result<Option<Json>, DemoError> {
    let Some(stored) = node.views.record(record, &ReadScope::all())? else {
        return Ok(None);
    };
    let directory = node.directory.current();
    let version = stored
        .parts
        .iter()
        .map(|(_, p)| p.form_version)
        .max()
        .unwrap_or(1);
    let form = directory
        .forms()
        .get(&stored.row.form, version)
        .cloned()
        .ok_or("a record of an unknown form")?;
    let parts = stored
        .parts
        .iter()
        .map(|(class, part)| (*class, part))
        .collect();
    Ok(Some(
        RecordView {
            record: *record,
            form: &form,
            parts,
        }
        .canonical(),
    ))
}

/// Counts and compares.
///
/// # Errors
/// When views or a phone cannot be read.
pub fn check(node: &Node, phones: &[Phone]) -> Result<Outcome, DemoError> {
    let totals = node.views.totals()?;
    let mut outcome = Outcome {
        records: totals.records,
        edits: totals.entries,
        conflicts: totals.in_conflict,
        refused: totals.refused,
        late: totals.late,
        replicas_equal: true,
        ..Outcome::default()
    };
    let mut cursor = None;
    loop {
        let page = node
            .views
            .refused(&ReadScope::all(), cursor.as_deref(), 500)?;
        for row in &page.rows {
            *outcome
                .reasons
                .entry(row.code.as_str().to_owned())
                .or_default() += 1;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    for phone in phones {
        let client = phone.client()?;
        let device = client
            .identity()
            .ok_or("a phone that is not enrolled")?
            .device;
        let mut expected: BTreeMap<RecordId, usize> = BTreeMap::new();
        for edit in &phone.acknowledged {
            let entries = expected.entry(edit.record).or_default();
            *entries = edit.entries.max(*entries);
        }
        for (record, entries) in expected {
            let history = node.views.history(&record, &ReadScope::all())?;
            let there = history.iter().filter(|h| h.author.device == device).count();
            outcome.lost += entries.saturating_sub(there) as u64;
        }
        for record in client.records() {
            outcome.compared += 1;
            let here = client.canonical(record);
            if server_canonical(node, &record)?.as_ref() != Some(&here) {
                outcome.replicas_equal = false;
                outcome.differing.push(format!("{}: {record}", phone.name));
            }
        }
    }
    // The other way round: a phone holds every record of its grids.
    for phone in phones {
        let client = phone.client()?;
        let held: std::collections::BTreeSet<RecordId> = client.records().into_iter().collect();
        let mut filter = RecordFilter::of(ReadScope::all());
        filter.grids = client.grids();
        filter.include_deleted = true;
        if filter.grids.is_empty() {
            continue;
        }
        node.views.for_each_record(&filter, |stored| {
            if !held.contains(&stored.row.record) {
                outcome.replicas_equal = false;
                outcome
                    .differing
                    .push(format!("{} lacks {}", phone.name, stored.row.record));
            }
            true
        })?;
    }
    Ok(outcome)
}
