//! Lists of the administration as tables: what an import of one answers, and the file of one.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::notice::Locale;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::areas::RefusedRow;
use crate::export::{Format, Table};
use crate::import::Report;
use crate::problem::{Answer, Problem};

/// How the file is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// `csv`, which begins with the mark by which spreadsheets know UTF-8, or `xlsx`.
    pub format: String,
}

/// What an import did, or would do. With a row that is wrong it does nothing.
#[derive(Serialize, ToSchema)]
pub struct TableImport {
    /// Whether nothing was written because only that was asked.
    pub dry_run: bool,
    /// The id by which it can be taken back; absent when it changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// What is new.
    pub added: u64,
    /// What was there and differs.
    pub changed: u64,
    /// What was there as it is.
    pub unchanged: u64,
    /// Rows that say again what another says.
    pub duplicates: u64,
    /// How many rows are wrong.
    pub refused: u64,
    /// The first of them.
    pub refusals: Vec<RefusedRow>,
}

pub(super) fn table_import(report: Report, locale: Locale) -> TableImport {
    let refusals = report.refusals.into_iter().map(|note| RefusedRow {
        line: note.line,
        reason: note.reason.text(locale),
    });
    TableImport {
        dry_run: report.dry_run,
        import_id: report.import_id,
        rows: report.rows,
        added: report.added,
        changed: report.changed,
        unchanged: report.unchanged,
        duplicates: report.duplicates,
        refused: report.refused,
        refusals: refusals.collect(),
    }
}

/// A table as a file.
pub(super) fn table_answer(
    query: &TableQuery,
    name: &str,
    table: impl FnOnce() -> Table,
) -> Answer<Response> {
    let wrong = || Problem::bad_request("format must be csv or xlsx");
    let format = Format::parse(&query.format, true).ok_or_else(wrong)?;
    let table = table();
    let bytes = match format {
        Format::Csv { .. } => table.csv(),
        Format::Xlsx => table.xlsx(),
        Format::Ndjson | Format::GeoJson => return Err(wrong()),
    };
    let bytes = bytes.map_err(|e| Problem::internal(&e))?;
    let file = format!("attachment; filename=\"{name}.{}\"", format.extension());
    let file = HeaderValue::from_str(&file).map_err(|e| Problem::internal(&e))?;
    let kind = HeaderValue::from_static(format.content_type());
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, bytes).into_response())
}
