//! Lists of records: filter, search, sort, page by cursor.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{RecordRowBody, row_body};
use crate::problem::{Answer, Problem, ProblemBody};
use crate::routes::{Api, Caller, Params, page_rows, read_time};
use crate::views::{RecordFilter, Sort};

/// Which records. All conditions hold together.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only these forms, separated by commas.
    pub form: Option<String>,
    /// Only the grids of this area.
    pub area: Option<String>,
    /// Only records about this household.
    pub household: Option<String>,
    /// Only these statuses, separated by commas.
    pub status: Option<String>,
    /// Words that must be in a text the caller may read; Chinese is found anywhere in a text.
    pub text: Option<String>,
    /// Changed at or after this time, by the clock of the device.
    pub from: Option<String>,
    /// Changed before this time, by the clock of the device.
    pub until: Option<String>,
    /// Received at or after this time of the server.
    pub received_from: Option<String>,
    /// Only with conflicts, or only without.
    pub conflict: Option<bool>,
    /// Only with late edits, or only without.
    pub late: Option<bool>,
    /// Whether records marked as deleted are listed too.
    #[serde(default)]
    pub deleted: bool,
    /// `changed`, `captured` or `received`; with a minus the newest first. `-changed` when left out.
    pub sort: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<RecordRowBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|w| !w.is_empty())
}

/// The filter of a query, within what the caller may see.
pub(crate) fn filter_of(caller: &Caller, query: &RecordQuery) -> Answer<RecordFilter> {
    let grids = match &query.area {
        Some(code) => {
            let area = AreaCode::new(code)
                .ok()
                .filter(|a| caller.directory.area(a).is_some() && caller.sees_area(a))
                .ok_or_else(Problem::not_found)?;
            Some(caller.directory.grids_in(Some(&area)))
        }
        None => None,
    };
    let scope = caller.scope(grids.as_deref().unwrap_or_default());
    let mut filter = RecordFilter::of(scope);
    if let Some(grids) = grids {
        // An area without grids has no records; an empty list would mean all.
        if grids.is_empty() {
            filter.scope.grids = Some(std::collections::BTreeSet::new());
        }
        filter.grids = grids;
    }
    filter.forms = words(query.form.as_deref())
        .map(FormCode::new)
        .collect::<Result<_, _>>()?;
    filter.statuses = words(query.status.as_deref()).map(str::to_owned).collect();
    filter.household = query
        .household
        .as_deref()
        .map(RecordId::parse)
        .transpose()?;
    filter.text = query.text.clone().filter(|t| !t.trim().is_empty());
    filter.from = query
        .from
        .as_deref()
        .map(|t| read_time(t, "from"))
        .transpose()?;
    filter.until = query
        .until
        .as_deref()
        .map(|t| read_time(t, "until"))
        .transpose()?;
    filter.received_from = query
        .received_from
        .as_deref()
        .map(|t| read_time(t, "received_from"))
        .transpose()?;
    filter.has_conflict = query.conflict;
    filter.late = query.late;
    filter.include_deleted = query.deleted;
    filter.sort = match &query.sort {
        Some(text) => Sort::parse(text).ok_or_else(|| {
            Problem::bad_request(
                "sort must be changed, captured or received, with or without a minus",
            )
        })?,
        None => Sort::default(),
    };
    filter.cursor.clone_from(&query.cursor);
    filter.limit = page_rows(query.limit)?;
    Ok(filter)
}

/// A page of the records the caller may see.
#[utoipa::path(get, path = "/v1/records", tag = "records", params(RecordQuery), responses((status = 200, body = RecordPage), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<RecordQuery>,
) -> Answer<Json<RecordPage>> {
    let filter = filter_of(&caller, &query)?;
    api.blocking(move |node| {
        let page = node.views.list(&filter)?;
        Ok(Json(RecordPage {
            records: page.rows.iter().map(row_body).collect(),
            next: page.next,
        }))
    })
    .await
}
