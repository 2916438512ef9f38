//! For whoever watches the server: whether it lives, whether it takes requests, what it counts.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::auth::AUTH_DB_FILE_NAME;
use crate::clock::DoubtKind;
use crate::data_dir::LOG_DIR_NAME;
use crate::keys::KEYS_DB_FILE_NAME;
use crate::metrics::METRICS_CONTENT_TYPE;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::trouble::Trouble;

/// Damaged items of the log named at most.
const NAMED_AT_MOST: usize = 20;
/// Views that are behind for longer make the server not ready.
const READY_BEHIND: Duration = Duration::from_secs(2);

/// All is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

/// The server takes requests.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// `ok`, or `damaged` when requests are taken though something is to be restored.
    pub status: &'static str,
    /// Entries that were acknowledged and are not in lists yet.
    pub views_behind: u64,
    /// Files that are damaged, in words for the operator; what is not named is well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
    /// `behind` or `ahead` when the machine's clock is not believed; the server works, and goes by its own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<&'static str>,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The server takes requests: views and directory can be read, the views are level with the log or were a moment ago, and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, body = Ready), (status = 503, body = ProblemBody), (status = 507, body = ProblemBody)))]
pub async fn readyz(State(api): State<Api>) -> Answer<Json<Ready>> {
    if *api.stopping.borrow() {
        return Err(Problem::new(Code::Unavailable));
    }
    api.blocking(|node| {
        if let Some(what) = node.log.stopped() {
            return Err(
                Problem::new(Code::Unavailable).because(format!("the log takes no writes: {what}"))
            );
        }
        let lacking = node.directory.lacking();
        if !lacking.is_empty() {
            let named = lacking.iter().take(NAMED_AT_MOST).map(ToString::to_string);
            let named: Vec<String> = named.collect();
            return Err(Problem::new(Code::DirectoryDamaged).because(format!(
                "{} changes are missed: {}",
                lacking.len(),
                named.join("; ")
            )));
        }
        node.views.totals()?;
        let behind = node.following.behind();
        match behind {
            Some(behind) if behind.since > READY_BEHIND => {
                let code = match behind.trouble {
                    Trouble::Full => Code::DiskFull,
                    _ => Code::ViewsBehind,
                };
                Err(Problem::new(code).because(format!(
                    "the views lack {} entries since {} s: {}",
                    behind.entries,
                    behind.since.as_secs(),
                    behind.trouble
                )))
            }
            _ => {
                let keys = node.keys.damage().iter();
                let keys = keys.map(|d| format!("{KEYS_DB_FILE_NAME}: {d}"));
                let accounts = node.auth.damage.iter();
                let accounts = accounts.map(|d| format!("{AUTH_DB_FILE_NAME}: {d}"));
                let items = node.log.damage();
                let log = items
                    .iter()
                    .take(NAMED_AT_MOST)
                    .map(|d| format!("{LOG_DIR_NAME}: {}: {}", d.name(), d.reason));
                let damage: Vec<String> = keys.chain(accounts).chain(log).collect();
                Ok(Json(Ready {
                    status: if damage.is_empty() { "ok" } else { "damaged" },
                    views_behind: behind.map_or(0, |b| b.entries),
                    damage,
                    clock: node.clock_reading().doubt.map(DoubtKind::as_str),
                }))
            }
        }
    })
    .await
}

/// Metrics in the text format of Prometheus; no personal data.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()), responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(State(api): State<Api>) -> Answer<Response> {
    let metrics = api.metrics.clone();
    let text = api
        .blocking(move |node| {
            let behind = node.following.behind();
            metrics.views_behind(
                behind.map_or(0, |b| b.entries),
                behind.map_or(0, |b| b.since.as_secs().max(1)),
            );
            let directory = node.directory.current();
            // What watches the server must hear of views that cannot be read, too.
            if let Ok(totals) = node.views.totals() {
                let kinds = [
                    ("entries", totals.entries),
                    ("entries_refused", totals.refused),
                    ("entries_late", totals.late),
                    ("records", totals.records),
                    ("records_in_conflict", totals.in_conflict),
                    ("entries_quarantined", totals.quarantined),
                ];
                for (kind, count) in kinds {
                    metrics.holds(kind, count);
                }
            }
            let kinds = [
                ("areas", directory.areas().count() as u64),
                ("users", directory.users().count() as u64),
                ("devices", directory.devices().count() as u64),
                ("directory_revision", directory.revision),
                (
                    "directory_changes_missed",
                    node.directory.lacking().len() as u64,
                ),
                (
                    "clock_doubted",
                    u64::from(node.clock_reading().doubt.is_some()),
                ),
            ];
            for (kind, count) in kinds {
                metrics.holds(kind, count);
            }
            metrics.expose().map_err(|e| Problem::internal(&e))
        })
        .await?;
    Ok((
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static(METRICS_CONTENT_TYPE),
        )],
        text,
    )
        .into_response())
}
