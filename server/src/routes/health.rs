//! For whoever watches the server: whether it lives, whether it takes requests, what it counts.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::clock::DoubtKind;
use crate::metrics::METRICS_CONTENT_TYPE;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// All is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// `behind` or `ahead` when the machine's clock is not believed; the server works, and goes by its own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<&'static str>,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health {
        status: "ok",
        clock: None,
    })
}

/// The server takes requests: views and directory can be read and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, body = Health), (status = 503, body = ProblemBody)))]
pub async fn readyz(State(api): State<Api>) -> Answer<Json<Health>> {
    if *api.stopping.borrow() {
        return Err(Problem::new(Code::Unavailable));
    }
    api.blocking(|node| {
        node.views
            .totals()
            .map_err(|_| Problem::new(Code::Unavailable))?;
        Ok(Json(Health {
            status: "ok",
            clock: node.clock_reading().doubt.map(DoubtKind::as_str),
        }))
    })
    .await
}

/// Metrics in the text format of Prometheus; no personal data.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()), responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(State(api): State<Api>) -> Answer<Response> {
    let metrics = api.metrics.clone();
    let text = api
        .blocking(move |node| {
            let totals = node.views.totals()?;
            let directory = node.directory.current();
            let kinds = [
                ("entries", totals.entries),
                ("entries_refused", totals.refused),
                ("entries_late", totals.late),
                ("records", totals.records),
                ("records_in_conflict", totals.in_conflict),
                ("entries_quarantined", totals.quarantined),
                ("areas", directory.areas().count() as u64),
                ("users", directory.users().count() as u64),
                ("devices", directory.devices().count() as u64),
                ("directory_revision", directory.revision),
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
