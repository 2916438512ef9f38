//! What somebody wrote beside a deletion or a closing that they did not know of, or to a record that had been moved away: told, with its words, until a person decides.

use gridfold_sync_core::ids::{EntryRef, SensitivityClass};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{RecordView, differ};

use super::find::form_of;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::{HistoryRow, ReadScope, StoredRecord};

fn view_of<'a>(caller: &'a Caller, record: &'a StoredRecord) -> Option<RecordView<'a>> {
    Some(RecordView {
        record: record.row.record,
        form: form_of(caller, &record.row)?,
        parts: record.parts.iter().map(|(c, p)| (*c, p)).collect(),
    })
}

/// The entries that whoever deleted or closed a record did not know of.
fn entries<'a>(caller: &'a Caller, record: &'a StoredRecord) -> &'a [EntryRef] {
    let Some(view) = view_of(caller, record) else {
        return &[];
    };
    match view.main() {
        Some(main) if differ(&main.deletion()) => &main.beside,
        _ => view.beside_closing(),
    }
}

/// The same with what they wrote, in the order in which they came.
pub(crate) fn written_beside(
    node: &Node,
    caller: &Caller,
    record: &StoredRecord,
    scope: &ReadScope,
) -> Answer<Vec<HistoryRow>> {
    let beside = entries(caller, record);
    let since = since_moved(node, caller, record)?;
    if beside.is_empty() && since.is_none() {
        return Ok(Vec::new());
    }
    let mut history = node.views.history(&record.row.record, scope)?;
    history.retain(|row| {
        let is_late = since.is_some_and(|(at, class)| {
            row.received > at && row.stream.class != class && row.verdict.is_admitted()
        });
        is_late || beside.contains(&row.id)
    });
    Ok(history)
}

/// Of a record that was moved away and is marked as deleted: since when, and the class in which the mark
/// is. What was written in another class stands beside no mark, so that only the time tells.
fn since_moved(
    node: &Node,
    caller: &Caller,
    record: &StoredRecord,
) -> Answer<Option<(Timestamp, SensitivityClass)>> {
    let id = &record.row.record;
    let (Some(moved), Some(form)) = (
        caller
            .directory
            .moved_record(id)
            .filter(|_| record.row.deleted),
        form_of(caller, &record.row),
    ) else {
        return Ok(None);
    };
    let away = node.desk.put_away.of("late")?;
    let away = away.get(&id.to_string()).map(|at| Timestamp(*at));
    Ok(Some((
        away.map_or(moved.at, |at| at.max(moved.at)),
        form.class,
    )))
}
