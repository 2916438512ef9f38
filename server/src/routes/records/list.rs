//! Lists of records: filter, search, sort, page by cursor.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{FieldKey, RecordId};
use serde::Serialize;
use utoipa::ToSchema;

use super::author::{Maker, user_name};
use super::query::read_fields;
use super::steps::step_body;
use super::{RecordQuery, RecordRowBody, field_values, filter_of, row_body};
use crate::admit::Heads;
use crate::auth::AuditScope;
use crate::node::Node;
use crate::problem::{Answer, ProblemBody};
use crate::routes::{Api, Caller, Params};
use crate::views::{Page, ReadScope, RecordFilter};

/// How far a list is counted.
pub const MAX_COUNT: u64 = 10_000;

/// A page of records.
#[derive(Serialize, ToSchema)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<RecordRowBody>,
    /// How many there are on all pages, when `count` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether there are more than `total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_is_floor: Option<bool>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A page of the records the caller may see. Fields of the restricted class that are named in `fields` are audited as read.
#[utoipa::path(get, path = "/v1/records", operation_id = "list_records", tag = "records", params(RecordQuery), responses((status = 200, body = RecordPage), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<RecordQuery>,
) -> Answer<Json<RecordPage>> {
    let filter = filter_of(&caller, &query)?;
    let (keys, is_restricted) =
        read_fields(&caller, query.fields.as_deref(), &filter.scope.classes)?;
    api.blocking(move |node| {
        if is_restricted {
            let scope = AuditScope::of("class", "restricted").and("rows", filter.limit);
            caller.audit(node, "records.read-restricted", scope)?;
        }
        let mut page = page(node, &caller, &filter, &keys, query.heads)?;
        if query.made_by {
            name_makers(node, &caller, &filter, &mut page.rows)?;
        }
        if query.step.is_some() || query.step_by.is_some() {
            name_steps(node, &caller, &filter.scope, &mut page.rows)?;
        }
        let total = if query.count {
            Some(node.views.count(&filter, MAX_COUNT)?)
        } else {
            None
        };
        Ok(Json(RecordPage {
            records: page.rows,
            total: total.map(|t| t.n),
            total_is_floor: total.map(|t| t.is_floor),
            next: page.next,
        }))
    })
    .await
}

/// Says of each row who wrote its first edit.
fn name_makers(
    node: &Node,
    caller: &Caller,
    filter: &RecordFilter,
    rows: &mut [RecordRowBody],
) -> Answer<()> {
    let ids = rows
        .iter()
        .map(|row| RecordId::parse(&row.record_id))
        .collect::<Result<Vec<_>, _>>()?;
    // Who moved a record did not make it.
    let ids: Vec<RecordId> = ids
        .into_iter()
        .map(|id| caller.directory.first_record(id))
        .collect();
    let makers = node.views.makers(&ids, &filter.scope)?;
    for (row, id) in rows.iter_mut().zip(&ids) {
        row.made_by = makers.get(id).map(|user| Maker {
            user_id: user.to_string(),
            user_name: user_name(caller, *user),
        });
    }
    Ok(())
}

/// Says of each row which steps beside the status stand, and who took them.
pub(super) fn name_steps<'a>(
    node: &Node,
    caller: &Caller,
    scope: &ReadScope,
    rows: impl IntoIterator<Item = &'a mut RecordRowBody>,
) -> Answer<()> {
    for row in rows {
        let id = RecordId::parse(&row.record_id)?;
        let taken = node.views.steps(&[id], scope)?;
        let taken = taken.into_values().flatten();
        row.steps = taken
            .map(|step| step_body(caller, &row.form, &step))
            .collect();
    }
    Ok(())
}

fn page(
    node: &Node,
    caller: &Caller,
    filter: &RecordFilter,
    keys: &[FieldKey],
    heads: bool,
) -> Answer<Page<RecordRowBody>> {
    if keys.is_empty() && !heads {
        let mut page = node.views.list(filter)?;
        for row in &mut page.rows {
            node.views
                .keep_first_times(&caller.directory, &filter.scope, row)?;
        }
        return Ok(Page {
            rows: page
                .rows
                .iter()
                .map(|row| row_body(&caller.directory, row))
                .collect(),
            next: page.next,
        });
    }
    let mut page = node.views.list_full(filter)?;
    for record in &mut page.rows {
        node.views
            .keep_first_times(&caller.directory, &filter.scope, &mut record.row)?;
    }
    let rows = page.rows.iter().map(|record| RecordRowBody {
        fields: (!keys.is_empty()).then(|| field_values(&caller.directory, record, keys)),
        heads: heads.then(|| Heads::of(&filter.scope.classes, &record.parts).to_string()),
        ..row_body(&caller.directory, &record.row)
    });
    Ok(Page {
        rows: rows.collect(),
        next: page.next,
    })
}
