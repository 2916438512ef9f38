//! What somebody wrote beside a deletion or a closing that they did not know of: told, with its words, until a person decides.

use gridfold_sync_core::ids::EntryRef;
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
    if beside.is_empty() {
        return Ok(Vec::new());
    }
    let mut history = node.views.history(&record.row.record, scope)?;
    history.retain(|row| beside.contains(&row.id));
    Ok(history)
}
