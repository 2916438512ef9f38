//! What a record looks like in the API.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{EntryRef, FieldKey, StreamId};
use gridfold_sync_core::notice::{self, Edit, Teller};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{RecordView, differ};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use super::super::catalogue::{DeadlineBody, deadline_body};
use super::author::{Maker, user_name};
use super::conflicts::{Conflict, closing, values};
use super::moved::{MovedBody, merged_from, moved_from, moved_to, refer_to_present};
use super::ops::op_body;
use super::provenance::Provenance;
use super::steps::{StepTakenBody, TransitionBody, next_steps};
use crate::admit::Heads;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::{Caller, shapes};
use crate::views::{HistoryRow, ReadScope, RecordRow, StoredRecord};

/// One row of a list.
#[derive(Serialize, ToSchema)]
pub struct RecordRowBody {
    /// The record.
    pub record_id: String,
    /// Its grid.
    pub grid: String,
    /// Its form.
    pub form: String,
    /// What names it; empty when the caller may not read that.
    pub title: String,
    /// Its status, for forms that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Fields with more than one concurrent value.
    pub conflicts: u32,
    /// Required fields without a value.
    pub missing: u32,
    /// Whether it has a late edit of a reassigned worker.
    pub late: bool,
    /// The household it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::Place>)]
    pub location: Option<Json>,
    /// When it is due: as its field says, later by what it stood suspended since that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// The same, later by what the record took to arrive: no deadline counts before anybody here could know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_received_at: Option<String>,
    /// Since when it stands suspended: until it goes on no time passes for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<String>,
    /// How long it stood suspended before that, in milliseconds; absent when it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_ms: Option<i64>,
    /// The steps beside the status that stand, with who took them last. In a list only with `step` or `step_by`, and absent when there are none or where a record is answered to a write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepTakenBody>,
    /// What whoever is to handle it is called now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Their id; absent of somebody without an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<String>,
    /// Of a household: when it was last visited; absent when never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_visited_at: Option<String>,
    /// The state that is shown: what a write names as its `base`. In a list only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<String>,
    /// The fields that the request named, as far as the caller may read them.
    #[serde(rename = "fields", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = shapes::Fields, required = false)]
    pub fields: Option<Map<String, Json>>,
    /// When its work was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
    /// When it was first captured, by the clock of the device; never later than it was received. Of one that was moved to another grid: when it was first captured before that. Of fields that the caller may read, and absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// When it was last changed, by the clock of the device; never later than it was received; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
    /// When the server last received an edit of it; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// When the server received the first edit of it, which is the one that `captured_at` is of; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_received_at: Option<String>,
    /// Whether a device wrote to it by a clock that cannot have been right; absent when none did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_wrong: bool,
    /// Who wrote the first edit of it, of fields that the caller may read. In a list only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Maker>,
}

pub(crate) fn row_body(directory: &Directory, row: &RecordRow) -> RecordRowBody {
    let (assignee_id, assignee) = match &row.doer {
        Some(doer) => {
            let (id, name) = directory.called(doer);
            (id.map(|id| id.to_string()), Some(name))
        }
        None => (None, None),
    };
    RecordRowBody {
        record_id: row.record.to_string(),
        grid: row.grid.to_string(),
        form: row.form.to_string(),
        title: row.title.clone(),
        status: row.status.clone(),
        deleted: row.deleted,
        conflicts: row.conflicts,
        missing: row.missing,
        late: row.late,
        household: row
            .household
            .map(|h| directory.present_record(h).to_string()),
        location: row
            .location
            .map(|(lat_e7, lon_e7)| Value::Geopoint { lat_e7, lon_e7 }.to_json()),
        due_at: row.due.map(Timestamp::to_rfc3339),
        due_received_at: row.due_received.map(Timestamp::to_rfc3339),
        suspended_at: row.suspended.map(Timestamp::to_rfc3339),
        suspended_ms: Some(row.paused_ms).filter(|ms| *ms > 0),
        steps: Vec::new(),
        assignee,
        assignee_id,
        last_visited_at: row.visited.map(Timestamp::to_rfc3339),
        heads: None,
        fields: None,
        closed_at: row.closed.map(Timestamp::to_rfc3339),
        captured_at: row.captured.map(Timestamp::to_rfc3339),
        changed_at: row.changed.map(Timestamp::to_rfc3339),
        received_at: row.received.map(Timestamp::to_rfc3339),
        first_received_at: row.first_received.map(Timestamp::to_rfc3339),
        clock_wrong: row.clock_wrong,
        made_by: None,
    }
}

/// These fields of a record, as far as they were read for the caller.
pub(crate) fn field_values(
    directory: &Directory,
    record: &StoredRecord,
    keys: &[FieldKey],
) -> Map<String, Json> {
    let forms = directory.forms();
    let form = forms.to_read(&record.row.form, record.row.form_version);
    let Some(form) = form else {
        return Map::new();
    };
    let parts = record.parts.iter().map(|(c, p)| (*c, p)).collect();
    let view = RecordView {
        record: record.row.record,
        form,
        parts,
    };
    let mut all = view.fields();
    refer_to_present(directory, form, &mut all);
    all.retain(|key, _| keys.iter().any(|k| k.as_str() == key));
    all
}

/// One record.
#[derive(Serialize, ToSchema)]
pub struct RecordBody {
    /// What lists show of it.
    #[serde(flatten)]
    pub row: RecordRowBody,
    /// Its fields by key, as far as the caller may read them.
    #[schema(value_type = shapes::Fields)]
    pub fields: Map<String, Json>,
    /// For each of them: who set it, on which device, when captured and when received. Absent where a record is answered to a write.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub provenance: BTreeMap<String, Provenance>,
    /// The classes of fields that the caller may read, also those in which nothing was written yet.
    pub classes: Vec<String>,
    /// Its conflicts.
    #[serde(rename = "conflict_list")]
    pub conflicts: Vec<Conflict>,
    /// What was written beside a deletion or a closing by those who did not know of it, until somebody decides. Absent where a record is answered to a write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written_beside: Vec<HistoryEntry>,
    /// Concurrent transitions, when there are several newest: each status that was reached.
    pub concurrent_statuses: Vec<String>,
    /// The transitions that the caller may make now.
    pub transitions: Vec<TransitionBody>,
    /// Required fields that have no value.
    pub missing_fields: Vec<String>,
    /// Where it went, when it was moved to another grid or merged into another record; this record is what was left there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<MovedBody>,
    /// Where it came from, when it was moved here from another grid; its history from before is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<MovedBody>,
    /// What was merged into it, each with its own history; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<MovedBody>,
    /// Of a matter: when it is due by the newest catalogue and calendar. What stands in the record stays, whatever changes here. Absent of a kind that is not known or whose time is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlineBody>,
}

/// When a matter is due by the newest catalogue and calendar.
fn deadline_of(
    directory: &Directory,
    view: &RecordView<'_>,
    captured: Option<Timestamp>,
) -> Option<DeadlineBody> {
    let (kind, urgency, reported) = view.asked_of_catalogue()?;
    let now = directory.due_now(kind, urgency, reported.or(captured)?, view.due())?;
    Some(deadline_body(&now))
}

/// A record as the caller sees it.
pub(crate) fn record_body(
    node: &Node,
    caller: &Caller,
    record: &StoredRecord,
    scope: &ReadScope,
) -> Answer<RecordBody> {
    let readable = caller
        .directory
        .readable(caller.user(), &record.row.grid, caller.now);
    let mut body = RecordBody {
        row: RecordRowBody {
            heads: Some(Heads::of(&scope.classes, &record.parts).to_string()),
            ..row_body(&caller.directory, &record.row)
        },
        fields: Map::new(),
        provenance: BTreeMap::new(),
        classes: scope.classes.iter().map(|c| c.name().to_owned()).collect(),
        conflicts: Vec::new(),
        written_beside: Vec::new(),
        concurrent_statuses: Vec::new(),
        transitions: Vec::new(),
        missing_fields: Vec::new(),
        moved_to: moved_to(caller, &record.row.record),
        moved_from: moved_from(caller, &record.row.record),
        merged_from: merged_from(caller, &record.row.record),
        deadline: None,
    };
    for (_, part) in &record.parts {
        for (path, candidates) in part.conflicts() {
            body.conflicts.push(Conflict {
                field: path.to_string(),
                values: values(candidates),
            });
        }
        let deletion = part.deletion();
        if differ(&deletion) {
            body.conflicts.push(Conflict {
                field: "deleted".to_owned(),
                values: values(&deletion),
            });
        }
    }
    let forms = caller.directory.forms();
    let form = forms.to_read(&record.row.form, record.row.form_version);
    let Some(form) = form else { return Ok(body) };
    let view = RecordView {
        record: record.row.record,
        form,
        parts: record
            .parts
            .iter()
            .map(|(class, part)| (*class, part))
            .collect(),
    };
    body.fields = view.fields();
    refer_to_present(&caller.directory, form, &mut body.fields);
    // Of a record of which nothing is read nothing is known to be missing.
    if !record.parts.is_empty() {
        body.missing_fields = view.missing_in(&readable);
    }
    body.deadline = deadline_of(&caller.directory, &view, record.row.captured);
    if let (Some(lifecycle), Some(main)) = (&form.lifecycle, view.main()) {
        let fold = lifecycle.fold(main);
        if fold.tips.len() > 1 {
            body.concurrent_statuses = fold.tips.iter().map(|t| t.status.to_string()).collect();
        }
        body.conflicts.extend(closing(&view));
        let stream = StreamId::new(record.row.grid.clone(), form.class);
        body.transitions = next_steps(node, caller, &stream, lifecycle, main)?;
    }
    Ok(body)
}

/// One entry of a history.
#[derive(Serialize, ToSchema)]
pub struct HistoryEntry {
    /// Its name.
    pub entry: String,
    /// Its stream, `grid/class-number`.
    pub stream: String,
    /// Its place there.
    pub seq: u64,
    /// The class of what it touches.
    pub class: String,
    /// Who.
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
    /// `admitted`, `late` or `refused`.
    pub verdict: String,
    /// Why it was refused: the stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Why it was refused, in the language asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_text: Option<String>,
    /// The entries it was made after.
    pub made_at: Vec<String>,
    /// Whether its content was erased.
    pub erased: bool,
    /// What it does, one sentence for each operation, in the language asked for.
    pub words: Vec<String>,
    /// That the record went to another grid with it, or came from one, in the language asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<String>,
    /// For each operation the values that its author found in the field it sets: one, or several that stood
    /// side by side. Empty for a field that was empty, and for operations of another kind.
    #[schema(value_type = Vec<Vec<shapes::FieldValue>>)]
    pub found: Vec<Vec<Json>>,
    /// What it does.
    #[schema(value_type = Vec<shapes::Operation>)]
    pub operations: Vec<Json>,
}

/// A history.
#[derive(Serialize, ToSchema)]
pub struct HistoryBody {
    /// The record.
    pub record_id: String,
    /// Its entries, in the order the server received them.
    pub entries: Vec<HistoryEntry>,
}

/// What the clock of a device showed, where that cannot be right.
pub(crate) fn shown_by_a_wrong_clock(row: &HistoryRow) -> Option<String> {
    let is_wrong = row.claimed.is_implausible(row.received);
    is_wrong.then(|| row.claimed.to_rfc3339())
}

pub(crate) fn entry_body(
    caller: &Caller,
    teller: &mut Teller<'_>,
    row: &HistoryRow,
) -> HistoryEntry {
    let refusal = match row.verdict {
        Verdict::Refused(code) => Some(code),
        Verdict::Admitted { .. } => None,
    };
    let verdict = match row.verdict {
        Verdict::Admitted { late: false } => "admitted",
        Verdict::Admitted { late: true } => "late",
        Verdict::Refused(_) => "refused",
    };
    let deps = row
        .entry
        .as_ref()
        .map_or(&[] as &[EntryRef], |e| e.header.deps());
    let told = teller.tell(&Edit {
        class: row.stream.class,
        id: row.id,
        deps,
        ops: row.entry.as_ref().map_or(&[] as &[Op], |e| e.ops()),
        admitted: row.verdict.is_admitted(),
    });
    let (words, found): (Vec<String>, Vec<Vec<Value>>) = told
        .into_iter()
        .map(|told| (told.words, told.found))
        .unzip();
    HistoryEntry {
        entry: row.id.to_string(),
        stream: row.stream.name(),
        seq: row.seq,
        class: row.stream.class.name().to_owned(),
        user_id: row.author.user.to_string(),
        user_name: user_name(caller, row.author.user),
        device_id: row.author.device.to_string(),
        captured_at: row.claimed.held_by(row.received).to_rfc3339(),
        claimed_at: shown_by_a_wrong_clock(row),
        received_at: row.received.to_rfc3339(),
        verdict: verdict.to_owned(),
        refusal: refusal.map(|c| c.as_str().to_owned()),
        refusal_text: refusal.map(|c| {
            let kept = if row.author.user == caller.user() {
                notice::Kept::Refused
            } else {
                notice::Kept::OfOthers
            };
            notice::text_of(c.as_str(), caller.locale, kept).to_owned()
        }),
        made_at: deps.iter().map(ToString::to_string).collect(),
        words,
        moved: None,
        found: found
            .iter()
            .map(|values| values.iter().map(Value::to_json).collect())
            .collect(),
        erased: row.entry.as_ref().is_none_or(|e| e.ops.is_none()),
        operations: row
            .entry
            .as_ref()
            .map_or(&[] as &[Op], |e| e.ops())
            .iter()
            .map(op_body)
            .collect(),
    }
}
