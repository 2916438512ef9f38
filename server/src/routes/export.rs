//! Exports over HTTP, streamed.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::overview::zone;
use super::records::{RecordQuery, filter_of, read_fields};
use super::{Api, Caller, Params};
use crate::auth::AuditScope;
use crate::export::{
    Format, Labels, MAX_XLSX_ROWS, Picked, all_columns, export_records, is_column, is_restricted,
};
use crate::middleware::MAX_EXPORTS_PER_DEVICE;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::views::RecordFilter;
use crate::words::said;

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks a slow reader may be behind; the export then waits.
const CHUNKS: usize = 4;
/// How long a reader may leave a chunk; an export that is not read ends.
const CHUNK_TIME: Duration = Duration::from_secs(20);
/// When a caller may ask again who has as many exports under way as they may.
const EXPORT_RETRY_S: u64 = 10;

/// How to export. The conditions and the order are those of the list of records, so that the file is what a list shows; by when it was captured when no order is named.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv`, `xlsx` (at most 50,000 records), `ndjson` or `geojson`.
    pub format: String,
    /// Whether a CSV file begins with the mark by which spreadsheets know UTF-8.
    #[serde(default)]
    pub bom: bool,
    /// `all`, or only these columns besides the fields, separated by commas, in this order: `record_id grid form status deleted conflicts late captured_at changed_at received_at title made_by missing household due_at due_received_at assignee last_visited_at closed_at clock_wrong`. The first ten when left out.
    pub columns: Option<String>,
    /// `labels` puts words in the place of codes in a CSV file or a workbook: headings, areas, forms, statuses, choices, titles of records referred to, times of a zone. `keys` when left out.
    pub headings: Option<String>,
    /// With `labels`: the zone of the times, by its name, such as `Asia/Shanghai`, so that summer time is that of each moment, or in minutes ahead of UTC; the server's when left out.
    pub tz: Option<String>,
}

/// Hands what is written to the answer, and waits while the reader is slow.
struct Chunks {
    out: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
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
        let sent = self.out.send_timeout(Ok(chunk), CHUNK_TIME);
        match self.runtime.block_on(sent) {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(_)) => Err(io::ErrorKind::TimedOut.into()),
            Err(SendTimeoutError::Closed(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// All records of a filter as a file. The export is audited; it holds what the caller may read.
#[utoipa::path(get, path = "/v1/export/records", operation_id = "export_records", tag = "records", params(ExportQuery, RecordQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
    (status = 413, description = "too_large: more records than a workbook holds", body = ProblemBody),
))]
pub async fn records(
    State(api): State<Api>,
    caller: Caller,
    Params(how): Params<ExportQuery>,
    Params(query): Params<RecordQuery>,
) -> Answer<Response> {
    let format = Format::parse(&how.format, how.bom)
        .ok_or_else(|| Problem::bad_request("format must be csv, xlsx, ndjson or geojson"))?;
    let crowded = || Problem::new(Code::RateLimited).after(EXPORT_RETRY_S);
    let one = api
        .intake
        .exports
        .begin(caller.actor.device, MAX_EXPORTS_PER_DEVICE);
    let one = one.ok_or_else(crowded)?;
    let room = Arc::clone(&api.intake.export_room).try_acquire_owned();
    let room = room.map_err(|_| Problem::new(Code::Unavailable).after(EXPORT_RETRY_S))?;
    let filter = filter_of(
        &caller,
        &RecordQuery {
            sort: query.sort.clone().or_else(|| Some("captured".to_owned())),
            cursor: None,
            limit: None,
            ..query.clone()
        },
    )?;
    let mut picked = picked(&caller, &how, &query, &filter)?;
    picked.labels = match how.headings.as_deref() {
        None | Some("keys") => None,
        Some("labels") => Some(Labels {
            locale: caller.locale,
            zone: zone(&api.node, how.tz.as_deref())?,
            scope: filter.scope.clone(),
        }),
        Some(_) => return Err(Problem::bad_request("headings must be keys or labels")),
    };
    let class = if is_restricted(&filter) {
        "restricted"
    } else {
        "personal-or-general"
    };
    let who = caller.clone();
    let counted = filter.clone();
    api.blocking(move |node| {
        let most = u64::from(MAX_XLSX_ROWS);
        if format == Format::Xlsx && node.views.count(&counted, most)?.n_is_over(most) {
            return Err(Problem::new(Code::TooLarge)
                .because_in(said!("workbook_too_many", most = MAX_XLSX_ROWS)));
        }
        who.audit(node, "records.export", AuditScope::of("class", class))
    })
    .await?;
    let (out, chunks) = mpsc::channel(CHUNKS);
    let runtime = Handle::current();
    let node = Arc::clone(&api.node);
    tokio::task::spawn_blocking(move || {
        let mut sink = Chunks {
            out: out.clone(),
            runtime,
            waiting: Vec::with_capacity(2 * CHUNK_BYTES),
        };
        let done = export_records(
            &node.views,
            &caller.directory,
            &filter,
            format,
            &picked,
            &mut sink,
            &mut |_| {},
        );
        if let Err(error) = done {
            tracing::warn!(reason = %error, "an export did not finish");
            // The reader must not take a part for the whole.
            let _ = out.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        drop((one, room));
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

fn picked(
    caller: &Caller,
    how: &ExportQuery,
    query: &RecordQuery,
    filter: &RecordFilter,
) -> Answer<Picked> {
    let fields = match &query.fields {
        None => None,
        some => Some(read_fields(caller, some.as_deref(), &filter.scope.classes)?.0),
    };
    let columns = match how.columns.as_deref() {
        None => None,
        Some("all") => Some(all_columns().map(str::to_owned).collect()),
        Some(text) => {
            let columns: Vec<String> = text
                .split(',')
                .map(str::trim)
                .filter(|c| !c.is_empty())
                .map(str::to_owned)
                .collect();
            if let Some(wrong) = columns.iter().find(|c| !is_column(c)) {
                return Err(Problem::bad_request(format!("there is no column {wrong}")));
            }
            Some(columns)
        }
    };
    Ok(Picked {
        columns,
        fields,
        labels: None,
    })
}
