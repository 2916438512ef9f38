//! The audit, for those who run the installation.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::enrol::write_hex;
use super::{Api, Caller, Params, page_rows};
use crate::problem::{Answer, ProblemBody};

/// One row.
#[derive(Serialize, ToSchema)]
pub struct AuditBody {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Who, by id.
    pub user_id: String,
    /// On which device.
    pub device_id: String,
    /// What, as a dotted word.
    pub what: String,
    /// To what: `kind:id`, separated by spaces.
    pub scope: String,
    /// The hash of this row and all before it.
    pub hash: String,
}

/// A page of the audit, oldest first.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditBody>,
    /// To be given as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Where to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Rows after this one.
    #[serde(default)]
    pub after: u64,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// Who did what, by ids. For an admin everywhere.
#[utoipa::path(get, path = "/v1/audit", tag = "operation", params(AuditQuery), responses((status = 200, body = AuditPage), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> Answer<Json<AuditPage>> {
    caller.require_operator()?;
    let limit = page_rows(query.limit)?;
    api.blocking(move |node| {
        let rows = node
            .auth
            .audit
            .page(query.after, u32::try_from(limit).unwrap_or(u32::MAX))?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|r| r.seq);
        let rows = rows
            .into_iter()
            .map(|r| AuditBody {
                seq: r.seq,
                at: Timestamp(r.at_ms).to_rfc3339(),
                user_id: r.who.user.to_string(),
                device_id: r.who.device.to_string(),
                what: r.what,
                scope: r.scope,
                hash: write_hex(&r.hash),
            })
            .collect();
        Ok(Json(AuditPage { rows, next }))
    })
    .await
}
