//! Exports over HTTP, streamed.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::records::{RecordQuery, filter_of};
use super::{Api, Caller, Params};
use crate::auth::Scope;
use crate::export::{Format, export_records, is_restricted};
use crate::problem::{Answer, Problem, ProblemBody};

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks a slow reader may be behind; the export then waits.
const CHUNKS: usize = 4;

/// What to export, and how. Conditions as in the list of records.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv`, `ndjson` or `geojson`.
    pub format: String,
    /// Whether a CSV file begins with the mark by which spreadsheets know UTF-8.
    #[serde(default)]
    pub bom: bool,
    /// Only these forms, separated by commas.
    pub form: Option<String>,
    /// Only the grids of this area.
    pub area: Option<String>,
    /// Only these statuses, separated by commas.
    pub status: Option<String>,
    /// Words that must be in a text the caller may read.
    pub text: Option<String>,
    /// Changed at or after this time, by the clock of the device.
    pub from: Option<String>,
    /// Changed before this time, by the clock of the device.
    pub until: Option<String>,
    /// Whether records marked as deleted are exported too.
    #[serde(default)]
    pub deleted: bool,
}

/// Hands what is written to the answer, and waits while the reader is slow.
struct Chunks {
    out: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.waiting));
        self.out
            .blocking_send(Ok(chunk))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// All records of a filter as a file. The export is audited; it holds what the caller may read.
#[utoipa::path(get, path = "/v1/export/records", tag = "records", params(ExportQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
))]
pub async fn records(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ExportQuery>,
) -> Answer<Response> {
    let format = Format::parse(&query.format, query.bom)
        .ok_or_else(|| Problem::bad_request("format must be csv, ndjson or geojson"))?;
    let filter = filter_of(
        &caller,
        &RecordQuery {
            form: query.form,
            area: query.area,
            status: query.status,
            text: query.text,
            from: query.from,
            until: query.until,
            deleted: query.deleted,
            sort: Some("captured".to_owned()),
            ..RecordQuery::default()
        },
    )?;
    let class = if is_restricted(&filter) {
        "restricted"
    } else {
        "personal-or-general"
    };
    let who = caller.clone();
    api.blocking(move |node| who.audit(node, "records.export", Scope::of("class", class)))
        .await?;
    let (out, chunks) = mpsc::channel(CHUNKS);
    let node = std::sync::Arc::clone(&api.node);
    tokio::task::spawn_blocking(move || {
        let mut sink = Chunks {
            out: out.clone(),
            waiting: Vec::with_capacity(2 * CHUNK_BYTES),
        };
        let done = export_records(
            &node.views,
            &caller.directory,
            &filter,
            format,
            &mut sink,
            &mut |_| {},
        );
        if let Err(error) = done {
            tracing::warn!(reason = %error, "an export did not finish");
            // The reader must not take a part for the whole.
            let _ = out.blocking_send(Err(io::ErrorKind::UnexpectedEof.into()));
        }
    });
    let name = format!("attachment; filename=\"records.{}\"", format.extension());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.content_type()),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(chunks))).into_response())
}
