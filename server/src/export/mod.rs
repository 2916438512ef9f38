//! Export: records as CSV, NDJSON or GeoJSON, one at a time, so that memory stays the same however many there are; as a workbook, which is made in memory and so holds no more than [`MAX_XLSX_ROWS`].
//!
//! What enters is what the reader may see, already limited to their areas and classes; nothing here looks at grants.

mod cell;
mod csv;
mod labels;
mod table;
mod xlsx;

pub use csv::{all_columns, is_column};
pub use labels::Labels;
pub use table::{Table, calendar_table, catalogue_table, plan_table};
pub use xlsx::MAX_XLSX_ROWS;

use std::io::{self, Write};
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{FieldKey, FormCode, SensitivityClass};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use serde_json::{Map, Value as Json, json};

use self::labels::Labeller;
use crate::views::{RecordFilter, StoredRecord, Views, ViewsError};

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, one column for each field. In a file for people, with words or with the mark for spreadsheets, cells that a spreadsheet would run as formulas are quoted with an apostrophe.
    Csv {
        /// Whether the file begins with the mark by which spreadsheets know UTF-8.
        bom: bool,
    },
    /// One JSON object a line.
    Ndjson,
    /// A workbook: a sheet of records, and one for each group of items; every text is text, never a formula.
    Xlsx,
    /// One feature collection; records without a place have no geometry.
    GeoJson,
}

impl Format {
    /// Reads `csv`, `xlsx`, `ndjson` or `geojson`.
    #[must_use]
    pub fn parse(text: &str, bom: bool) -> Option<Self> {
        Some(match text {
            "csv" => Self::Csv { bom },
            "xlsx" => Self::Xlsx,
            "ndjson" => Self::Ndjson,
            "geojson" => Self::GeoJson,
            _ => return None,
        })
    }
    /// The content type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson",
            Self::GeoJson => "application/geo+json",
        }
    }
    /// The end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
            Self::GeoJson => "geojson",
        }
    }
}

/// Which columns were picked; of a kind that was not, all. And how they are to be written.
#[derive(Debug, Clone, Default)]
pub struct Picked {
    /// Columns besides the fields, as [`is_column`] knows them.
    pub columns: Option<Vec<String>>,
    /// Fields.
    pub fields: Option<Vec<FieldKey>>,
    /// Words instead of codes, in a table.
    pub labels: Option<Labels>,
}

impl Picked {
    /// Leaves what was picked of a record as JSON.
    fn leave(&self, object: &mut Map<String, Json>) {
        if let Some(columns) = &self.columns {
            object.retain(|key, _| key == "fields" || columns.contains(key));
        }
        if let (Some(keys), Some(Json::Object(fields))) = (&self.fields, object.get_mut("fields")) {
            fields.retain(|key, _| keys.iter().any(|k| k.as_str() == key));
        }
    }
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The views could not be read.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// A workbook holds fewer rows.
    #[error("a workbook holds at most {MAX_XLSX_ROWS} records: narrow the filter, or take CSV")]
    TooMany,
    /// The workbook could not be made.
    #[error("cannot make the workbook: {0}")]
    Workbook(String),
    /// What was exported could not be written.
    #[error("cannot write the export: {0}")]
    Io(#[from] io::Error),
}

/// Writes all records of a filter and says how many.
///
/// # Errors
/// When the views cannot be read or `out` does not take more.
pub fn export_records(
    views: &Views,
    directory: &Arc<Directory>,
    filter: &RecordFilter,
    format: Format,
    picked: &Picked,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ExportError> {
    let forms = forms_of(directory, &filter.forms);
    let labels = picked.labels.as_ref();
    let mut labeller = Labeller::new(labels, directory, views, &forms);
    let for_people = labels.is_some() || matches!(format, Format::Csv { bom: true });
    let columns = csv::Columns::of(&forms, &filter.scope.classes, picked, for_people);
    let mut book = xlsx::Book::new(&columns);
    let heading = |name: String| labeller.heading(&name);
    match format {
        Format::Csv { bom } => {
            if bom {
                out.write_all("\u{feff}".as_bytes())?;
            }
            columns.write_header(heading, out)?;
        }
        Format::Xlsx => book.write_header(&labeller)?,
        Format::Ndjson => {}
        Format::GeoJson => out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?,
    }
    // Each costs a question of its own.
    let names_makers = match format {
        Format::Csv { .. } | Format::Xlsx => columns.has("made_by"),
        Format::Ndjson | Format::GeoJson => {
            let picked = picked.columns.as_ref();
            picked.is_some_and(|columns| columns.iter().any(|c| c == "made_by"))
        }
    };
    let (mut count, mut failed) = (0u64, None);
    views.for_each_record(filter, |mut record| {
        if let Err(error) = views.keep_first_times(directory, &filter.scope, &mut record.row) {
            failed = Some(error.into());
            return false;
        }
        let mut object = plain(directory, &record);
        if names_makers {
            // Who moved a record did not make it.
            let first = directory.first_record(record.row.record);
            match views.makers(&[first], &filter.scope) {
                Ok(makers) => {
                    let maker = makers.get(&first).map(ToString::to_string);
                    object.insert("made_by".to_owned(), maker.into());
                }
                Err(error) => {
                    failed = Some(error.into());
                    return false;
                }
            }
        }
        labeller.begin(&record.row);
        let written = match format {
            Format::Csv { .. } => columns
                .write_record(&object, &mut labeller, out)
                .map_err(ExportError::from),
            Format::Xlsx => book.write_record(&object, &mut labeller),
            Format::Ndjson => {
                picked.leave(&mut object);
                write_line(&object, out).map_err(ExportError::from)
            }
            Format::GeoJson => {
                picked.leave(&mut object);
                write_feature(&record, &object, count == 0, out).map_err(ExportError::from)
            }
        };
        count += 1;
        progress(count);
        match written {
            Ok(()) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if format == Format::GeoJson {
        out.write_all(b"\n]}\n")?;
    }
    if format == Format::Xlsx {
        out.write_all(&book.finish()?)?;
    }
    out.flush()?;
    Ok(count)
}

/// All versions of the forms, of each the newest first: a field that a revision dropped is still in records of before.
fn forms_of(directory: &Directory, wanted: &[FormCode]) -> Vec<Arc<Form>> {
    let all = directory.forms().iter();
    let mut found: Vec<Arc<Form>> = all
        .filter(|f| wanted.is_empty() || wanted.contains(&f.code))
        .cloned()
        .collect();
    found.sort_by(|a, b| a.code.cmp(&b.code).then(b.version.cmp(&a.version)));
    found
}

/// The fields of a record by key, as the API shows them.
fn fields(directory: &Directory, record: &StoredRecord) -> Map<String, Json> {
    let forms = directory.forms();
    let form = forms.to_read(&record.row.form, record.row.form_version);
    form.map_or_else(Map::new, |form| {
        let parts = record
            .parts
            .iter()
            .map(|(class, part)| (*class, part))
            .collect();
        RecordView {
            record: record.row.record,
            form,
            parts,
        }
        .fields()
    })
}

fn plain(directory: &Directory, record: &StoredRecord) -> Map<String, Json> {
    let row = &record.row;
    let assignee = row.doer.as_ref().map(|doer| directory.called(doer).1);
    let all = json!({
        "record_id": row.record.to_string(),
        "grid": row.grid.as_str(),
        "form": row.form.as_str(),
        "status": row.status,
        "deleted": row.deleted,
        "conflicts": row.conflicts,
        "late": row.late,
        "title": row.title,
        "missing": row.missing,
        "household": row.household.map(|h| directory.present_record(h).to_string()),
        "due_at": row.due.map(Timestamp::to_rfc3339),
        "due_received_at": row.due_received.map(Timestamp::to_rfc3339),
        "assignee": assignee,
        "last_visited_at": row.visited.map(Timestamp::to_rfc3339),
        "closed_at": row.closed.map(Timestamp::to_rfc3339),
        "captured_at": row.captured.map(Timestamp::to_rfc3339),
        "changed_at": row.changed.map(Timestamp::to_rfc3339),
        "received_at": row.received.map(Timestamp::to_rfc3339),
        "clock_wrong": row.clock_wrong,
        "fields": fields(directory, record),
    });
    match all {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn write_line(object: &Map<String, Json>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

fn write_feature(
    record: &StoredRecord,
    object: &Map<String, Json>,
    first: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let geometry = record.row.location.map_or(Json::Null, |(lat, lon)| {
        json!({ "type": "Point", "coordinates": [f64::from(lon) / 1e7, f64::from(lat) / 1e7] })
    });
    let feature = json!({
        "type": "Feature",
        "id": record.row.record.to_string(),
        "geometry": geometry,
        "properties": object,
    });
    out.write_all(if first { b"\n" } else { b",\n" })?;
    serde_json::to_writer(&mut *out, &feature)?;
    Ok(())
}

/// Whether an export of these classes holds what needs a reason to be read.
#[must_use]
pub fn is_restricted(filter: &RecordFilter) -> bool {
    filter.scope.classes.contains(&SensitivityClass::Restricted)
}
