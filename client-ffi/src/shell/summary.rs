//! Summaries: a record under its newest form, and what lists show of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::ids::{EntryRef, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::schema::{Form, Label};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView};

use crate::error::ClientError;
use crate::shell::rows::{RecordRow, Row, StreamNo};
use crate::shell::state::{Bearings, entry_row};
use crate::shell::store::Source;

/// A form for records whose own is not known here: all fields are shown by key.
fn unknown_form(code: &FormCode) -> Form {
    Form {
        code: code.clone(),
        version: 0,
        label: Label {
            zh: code.to_string(),
            en: code.to_string(),
        },
        class: SensitivityClass::General,
        means: None,
        fields: Vec::new(),
        title: None,
        lifecycle: None,
        unknown: BTreeMap::new(),
    }
}

/// Reads a record under its newest form.
pub(crate) fn with_view<T>(
    bearings: &Bearings,
    record: &RecordId,
    row: &RecordRow,
    f: impl FnOnce(&RecordView<'_>) -> T,
) -> T {
    let (form, parts) = parts_of(bearings, row);
    f(&RecordView {
        record: *record,
        form: &form,
        parts,
    })
}

/// The newest form of a record, and its parts by class.
fn parts_of<'a>(
    bearings: &Bearings,
    row: &'a RecordRow,
) -> (Arc<Form>, Vec<(SensitivityClass, &'a PartState)>) {
    let known = bearings.held.as_ref().and_then(|h| h.form(&row.row.form));
    let form = known.map_or_else(|| Arc::new(unknown_form(&row.row.form)), Arc::clone);
    let mut parts: Vec<(SensitivityClass, &PartState)> = row
        .parts
        .iter()
        .filter_map(|(stream, part)| Some((bearings.stream(*stream).ok()?.class, part)))
        .collect();
    parts.sort_by_key(|(class, _)| *class);
    (form, parts)
}

/// When entries of the main part of a record were made, as their phones say and never after they came, as far as
/// its work asks: where it ever stood suspended.
fn times(
    source: &impl Source,
    bearings: &Bearings,
    record: &RecordId,
    record_row: &RecordRow,
) -> Result<BTreeMap<EntryRef, Timestamp>, ClientError> {
    let asked = with_view(bearings, record, record_row, |view| {
        let asked = RefCell::new(Vec::new());
        // Nothing is known yet: it says what it asks for, and asks for no more when it knows.
        let _ = view.work(|entry| {
            asked.borrow_mut().push(*entry);
            Some(Timestamp(0))
        });
        let class = view.form.class;
        asked
            .into_inner()
            .into_iter()
            .map(move |id| (class, id))
            .collect::<Vec<_>>()
    });
    let mut times = BTreeMap::new();
    for (class, id) in asked {
        let streams = record_row.parts.keys().copied();
        for stream in streams.filter(|no| bearings.stream(*no).is_ok_and(|s| s.class == class)) {
            let Some((_, row)) = entry_row(source, stream, &id)? else {
                continue;
            };
            let claimed = row.entry.map(|entry| entry.header.claimed);
            let at = match (claimed, row.said) {
                (Some(claimed), Some(said)) => Some(claimed.held_by(said.received)),
                (claimed, _) => claimed,
            };
            times.extend(at.map(|at| (id, at)));
        }
    }
    Ok(times)
}

/// Writes anew what lists show of a record.
pub(crate) fn summarise(
    source: &impl Source,
    bearings: &Bearings,
    record: &RecordId,
    record_row: &mut RecordRow,
) -> Result<(), ClientError> {
    let times = times(source, bearings, record, record_row)?;
    let streams: Vec<StreamNo> = record_row.parts.keys().copied().collect();
    let old = &record_row.row;
    let row = with_view(bearings, record, record_row, |view| Row {
        form: old.form.clone(),
        grid: old.grid.clone(),
        household: view.household(),
        status: view.status(),
        title: view.title(),
        captured: old.captured,
        updated: old.updated,
        conflicts: u32::try_from(view.conflict_count()).unwrap_or(u32::MAX),
        deleted: view.is_deleted(),
        search: view.search_words(),
        own: old.own,
        seen: old.seen,
        streams,
        work: Some(view.work(|entry| times.get(entry).copied())),
    });
    record_row.row = row;
    Ok(())
}
