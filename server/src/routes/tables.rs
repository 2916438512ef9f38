//! Lists of the administration as tables: the import of one, and the file of one.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::directory::{Area, Directory, ImportKind};
use gridfold_sync_core::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Caller};
use crate::auth::AuditScope;
use crate::export::{Format, Table};
use crate::import::{FirstRows, ImportError, Report, first_rows};
use crate::node::Node;
use crate::problem::{Answer, Problem};

/// How to import.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Whether only what would be done is told.
    #[serde(default)]
    pub dry_run: bool,
}

/// How the file is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// `csv`, which begins with the mark by which spreadsheets know UTF-8, or `xlsx`.
    pub format: String,
}

/// An area that an import changes.
#[derive(Serialize, ToSchema)]
pub struct ChangedAreaBody {
    /// Its line in the file.
    pub line: u64,
    /// Its code.
    pub code: String,
    /// What it was.
    pub was: AreaSaid,
    /// What it is to be.
    pub is: AreaSaid,
}

/// What is said of an area.
#[derive(Serialize, ToSchema, PartialEq, Eq)]
pub struct AreaSaid {
    /// The name.
    pub name: String,
    /// The level.
    pub level: String,
    /// What it lies in by name; absent at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lies_in: Option<String>,
}

fn area_said(directory: &Directory, area: &Area) -> AreaSaid {
    let parent = area.parent.as_ref();
    AreaSaid {
        name: area.name.clone(),
        level: area.level.clone(),
        // One that the file makes has no name here yet.
        lies_in: parent.map(|code| match directory.area(code) {
            Some(parent) => parent.name.clone(),
            None => code.to_string(),
        }),
    }
}

/// A row that was not taken.
#[derive(Serialize, ToSchema)]
pub struct RefusedRow {
    /// Its line.
    pub line: u64,
    /// Why, in the language of the request.
    pub reason: String,
}

/// A column of a file that is to be imported.
#[derive(Serialize, ToSchema)]
pub struct FirstColumnBody {
    /// What the file calls it.
    pub heading: String,
    /// What it is taken for; absent for one that is passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "code")]
    pub column: Option<String>,
}

/// A row of a file that is to be imported.
#[derive(Serialize, ToSchema)]
pub struct FirstRowBody {
    /// Its line.
    pub line: u64,
    /// A value for each column, as it is read; what is longer than 100 characters ends with an ellipsis.
    pub values: Vec<String>,
}

/// How a file begins.
#[derive(Serialize, ToSchema)]
pub struct FirstRowsBody {
    /// Its columns, in its order.
    pub columns: Vec<FirstColumnBody>,
    /// The first five rows that have as many values as there are columns.
    pub rows: Vec<FirstRowBody>,
}

impl From<FirstRows> for FirstRowsBody {
    fn from(first: FirstRows) -> Self {
        let columns = first.columns.into_iter().map(|column| FirstColumnBody {
            heading: column.heading,
            column: column.column.map(str::to_owned),
        });
        let rows = first.rows.into_iter().map(|row| FirstRowBody {
            line: row.line,
            values: row.values,
        });
        Self {
            columns: columns.collect(),
            rows: rows.collect(),
        }
    }
}

/// What an import did, or would do.
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
    /// How many rows are wrong and were not taken; of a catalogue and a calendar nothing is taken then.
    pub refused: u64,
    /// The first of them.
    pub refusals: Vec<RefusedRow>,
    /// The first of the areas that changed, as they were and as they are to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangedAreaBody>,
    /// How the file begins; only when nothing was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub first: Option<FirstRowsBody>,
}

/// Takes a file for an admin everywhere, by an import that is given who imports, the file, and whether only to tell.
pub(super) async fn take(
    api: &Api,
    caller: Caller,
    (kind, action): (ImportKind, &'static str),
    (file, query): (Bytes, ImportQuery),
    import: impl FnOnce(Option<UserId>, &Node, &[u8], bool) -> Result<Report, ImportError>
    + Send
    + 'static,
) -> Answer<Json<TableImport>> {
    caller.require_operator()?;
    api.blocking(move |node| {
        if !query.dry_run {
            caller.audit(node, action, AuditScope::of("bytes", file.len()))?;
        }
        let before = node.directory.current();
        let report = import(Some(caller.user()), node, &file, query.dry_run)?;
        let changes = report.changes.iter().map(|change| ChangedAreaBody {
            line: change.line,
            code: change.was.code.to_string(),
            was: area_said(&before, &change.was),
            is: area_said(&before, &change.is),
        });
        let refusals = report.refusals.iter().map(|note| RefusedRow {
            line: note.line,
            reason: note.reason.text(caller.locale),
        });
        let first = query.dry_run.then(|| first_rows(kind, &*file)).transpose();
        let first = first.map_err(ImportError::from)?;
        Ok(Json(TableImport {
            first: first.map(FirstRowsBody::from),
            dry_run: report.dry_run,
            rows: report.rows,
            added: report.added,
            changed: report.changed,
            unchanged: report.unchanged,
            duplicates: report.duplicates,
            refused: report.refused,
            refusals: refusals.collect(),
            changes: changes.collect(),
            import_id: report.import_id,
        }))
    })
    .await
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
