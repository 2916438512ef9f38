//! What is said of a record that was moved to another grid or merged into another: where it went, where it came from,
//! and which record its former id means.

use gridfold_sync_core::directory::{Directory, MovedRecord};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{AreaCode, RecordId};
use gridfold_sync_core::notice;
use gridfold_sync_core::schema::{Field, FieldType, Form};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::routes::Caller;
use crate::views::HistoryRow;

/// The other end of a move.
#[derive(Serialize, ToSchema)]
pub struct MovedBody {
    /// The record there; absent when the caller may not know of its grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// Its grid; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// When it was moved.
    pub at: String,
    /// Who moved it.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// Whether it was merged into a record that was there already; absent when it was moved.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}

fn body(caller: &Caller, record: RecordId, grid: &AreaCode, moved: &MovedRecord) -> MovedBody {
    let is_known = caller.scope_of_grid(grid).is_some();
    let user = caller.directory.user(&moved.by);
    MovedBody {
        record_id: is_known.then(|| record.to_string()),
        grid: is_known.then(|| grid.to_string()),
        at: moved.at.to_rfc3339(),
        user_id: moved.by.to_string(),
        user_name: user.map_or_else(String::new, |user| user.name.clone()),
        merged: moved.merged,
    }
}

/// Where a record went, if it was moved.
pub(super) fn moved_to(caller: &Caller, record: &RecordId) -> Option<MovedBody> {
    let moved = caller.directory.moved_record(record)?;
    Some(body(caller, moved.to, &moved.grid, moved))
}

/// Where a record came from, if it was moved.
pub(super) fn moved_from(caller: &Caller, record: &RecordId) -> Option<MovedBody> {
    let (former, moved) = caller.directory.moved_from(record)?;
    Some(body(caller, former, &moved.from_grid, moved))
}

/// The records that were merged into one.
pub(super) fn merged_from(caller: &Caller, record: &RecordId) -> Vec<MovedBody> {
    let merged = caller.directory.merged_into(record);
    merged
        .map(|(former, moved)| body(caller, former, &moved.from_grid, moved))
        .collect()
}

/// The record that one goes on as, for whoever may read its grid.
pub(crate) fn goes_on_as(caller: &Caller, record: &RecordId) -> Option<RecordId> {
    let moved = caller.directory.moved_record(record)?;
    let is_known = caller.scope_of_grid(&moved.grid).is_some();
    is_known.then(|| caller.directory.present_record(*record))
}

fn name_of(caller: &Caller, grid: &AreaCode) -> String {
    let area = caller
        .directory
        .area(grid)
        .filter(|_| caller.sees_area(grid));
    match area {
        // A grid that is called like another one is told with what it lies in.
        Some(area) => {
            let grids = caller.directory.grids_in(None);
            let way = caller.directory.told_apart(&grids).remove(grid);
            way.map_or_else(|| area.name.clone(), |way| format!("{way} / {}", area.name))
        }
        None => notice::text("some_other_grid", caller.locale).to_owned(),
    }
}

/// What an entry says of a move besides what its operations do: that it went, or came.
pub(super) fn words(caller: &Caller, record: &RecordId, row: &HistoryRow) -> Option<String> {
    let entry = row.entry.as_ref()?;
    let is_of = |moved: &MovedRecord| row.author.user == moved.by && row.claimed == moved.at;
    let deletes = || entry.ops().iter().any(|op| matches!(op, Op::Delete));
    let makes = || matches!(entry.header.target, Target::New { .. });
    let directory = &caller.directory;
    let mut merged = directory.merged_into(record);
    if merged.any(|(_, moved)| is_of(moved)) {
        return Some(notice::text("merged_here", caller.locale).to_owned());
    }
    let (code, grid) = match (directory.moved_record(record), directory.moved_from(record)) {
        (Some(moved), _) if is_of(moved) && moved.merged && deletes() => {
            return Some(notice::text("merged_away", caller.locale).to_owned());
        }
        (Some(moved), _) if is_of(moved) && deletes() => ("moved_away", &moved.grid),
        (_, Some((_, moved))) if is_of(moved) && makes() => ("moved_here", &moved.from_grid),
        _ => return None,
    };
    let grid = name_of(caller, grid);
    Some(notice::say(code, caller.locale, &[("grid", &grid)]))
}

/// Has references mean the records that are there now.
pub(super) fn refer_to_present(directory: &Directory, form: &Form, fields: &mut Map<String, Json>) {
    for field in &form.fields {
        let Some(json) = fields.get_mut(field.key.as_str()) else {
            continue;
        };
        match &field.kind {
            FieldType::Reference { .. } => present(directory, json),
            FieldType::Group { members, .. } => {
                let items = json.as_array_mut().into_iter().flatten();
                for item in items.filter_map(Json::as_object_mut) {
                    for member in members.iter().filter(|m| is_reference(m)) {
                        if let Some(json) = item.get_mut(member.key.as_str()) {
                            present(directory, json);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_reference(field: &Field) -> bool {
    matches!(field.kind, FieldType::Reference { .. })
}

fn present(directory: &Directory, json: &mut Json) {
    let named = json.as_str().and_then(|text| RecordId::parse(text).ok());
    if let Some(record) = named.filter(|record| directory.moved_record(record).is_some()) {
        *json = directory.present_record(record).to_string().into();
    }
}
