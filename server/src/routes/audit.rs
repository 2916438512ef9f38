//! The audit, for those who run the installation.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Caller, Params, page_rows};
use crate::problem::{Answer, Problem, ProblemBody};

/// One row.
#[derive(Serialize, ToSchema)]
pub struct AuditBody {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Who, by id.
    pub user_id: String,
    /// Their name, with `newest` alone; the audit itself knows nobody's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_name: String,
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
    /// To be given as `after`, or with `newest` as `before`, for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Where to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Rows after this one, the oldest first.
    #[serde(default)]
    pub after: u64,
    /// Whether the newest come first instead.
    #[serde(default)]
    pub newest: bool,
    /// With `newest`: rows before this one.
    pub before: Option<u64>,
    /// With `newest`: only what this user did.
    pub user_id: Option<String>,
    /// With `newest`: only this act, such as `device.revoke`.
    pub what: Option<String>,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// Who did what, by ids. For an admin everywhere.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "operation", params(AuditQuery), responses((status = 200, body = AuditPage), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> Answer<Json<AuditPage>> {
    caller.require_operator()?;
    let limit = page_rows(query.limit)?;
    let user = query
        .user_id
        .as_deref()
        .map(|text| UserId::parse(text).map_err(|_| Problem::not_found()))
        .transpose()?;
    api.blocking(move |node| {
        let most = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = if query.newest {
            let (user, what) = (user.map(|u| u.0), query.what.as_deref());
            node.auth.audit.newest(query.before, user, what, most)?
        } else {
            node.auth.audit.page(query.after, most)?
        };
        let name = |user| {
            let user = caller.directory.user(&UserId(user));
            user.map_or_else(String::new, |u| u.name.clone())
        };
        let next = rows.last().filter(|_| rows.len() == limit).map(|r| r.seq);
        let rows = rows
            .into_iter()
            .map(|r| AuditBody {
                seq: r.seq,
                at: Timestamp(r.at_ms).to_rfc3339(),
                user_name: if query.newest {
                    name(r.who.user)
                } else {
                    String::new()
                },
                user_id: r.who.user.to_string(),
                device_id: r.who.device.to_string(),
                what: r.what,
                scope: r.scope,
                hash: to_hex(&r.hash),
            })
            .collect();
        Ok(Json(AuditPage { rows, next }))
    })
    .await
}
