//! The catalogue of matter kinds from a file: CSV with one kind a row, or JSON.
//!
//! Kinds of the file are added or replace those of the same code; kinds that it does not name stay as they are, since matters name them. What comes out is the next version, or nothing when nothing differs.

use std::collections::BTreeMap;
use std::io::Read;

use gridfold_sync_core::directory::{Catalogue, DirectoryChange, Evidence, ImportKind, MatterKind};
use gridfold_sync_core::ids::KindCode;
use gridfold_sync_core::limits::MAX_CATALOGUE_BYTES;
use gridfold_sync_core::schema::Label;

use super::act::{Act, format_of};
use super::{Column, Delimited, ImportError, Progress, Report, RowReason};
use crate::acts::catalogue::is_news;
use crate::node::Node;

const COLUMNS: [Column; 8] = [
    ("code", &["编码", "代码", "编号"]),
    ("label_zh", &["中文名称", "名称", "事项名称"]),
    ("label_en", &["英文名称"]),
    ("department", &["部门", "承办部门", "责任部门"]),
    (
        "deadline_hours",
        &["时限", "时限（小时）", "时限(小时)", "办理时限"],
    ),
    ("evidence", &["凭证", "证据", "要求"]),
    ("urgent", &["紧急", "加急"]),
    ("retired", &["停用", "已停用"]),
];
const REQUIRED: usize = 4;
/// The largest JSON file: one that is written with much white space.
const MAX_JSON_BYTES: u64 = 8 * MAX_CATALOGUE_BYTES as u64;

/// How a catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueFormat {
    /// `code,label_zh,label_en,department` and, if wanted, `deadline_hours,evidence,urgent,retired`.
    Csv,
    /// `{"kinds": […]}` or a list of kinds, as the API gives them.
    Json,
}

fn is_yes(text: &str, column: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "" | "no" | "false" | "0" | "n" | "否" => Ok(false),
        "yes" | "true" | "1" | "y" | "是" => Ok(true),
        _ => Err(format!("{column} is neither yes nor no")),
    }
}

fn read_row(values: Result<Vec<String>, RowReason>) -> Result<MatterKind, RowReason> {
    let values = values?;
    let [code, zh, en, department, hours, evidence, urgent, retired] = values.as_slice() else {
        return Err(RowReason::Width {
            values: values.len(),
            columns: COLUMNS.len(),
        });
    };
    let deadline_hours = match hours.as_str() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| "deadline_hours is not a whole number of hours")?,
        ),
    };
    Ok(MatterKind {
        code: KindCode::new(code).map_err(|_| RowReason::BadCode)?,
        label: Label {
            zh: zh.clone(),
            en: en.clone(),
        },
        department: department.clone(),
        deadline_hours,
        evidence: evidence
            .split([' ', ',', ';', '|', '+', '/', '、'])
            .filter(|word| !word.is_empty())
            .map(|word| Evidence::parse(&word.to_lowercase()))
            .collect(),
        urgent: is_yes(urgent, "urgent")?,
        retired: is_yes(retired, "retired")?,
        receipt: false,
        unknown: BTreeMap::new(),
    })
}

/// A line, or for JSON the number of the kind, with the kind or what is wrong.
type Row = (u64, Result<MatterKind, RowReason>);

fn csv_rows(file: impl Read, progress: Progress<'_>) -> Result<Vec<Row>, ImportError> {
    let mut table = Delimited::open(file, &COLUMNS, REQUIRED)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        progress(table.bytes_read());
        rows.push((row.line, read_row(row.values)));
    }
    Ok(rows)
}

fn json_rows(file: impl Read, progress: Progress<'_>) -> Result<Vec<Row>, ImportError> {
    let mut bytes = Vec::new();
    file.take(MAX_JSON_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(super::TableError::Io)?;
    progress(bytes.len() as u64);
    let whole = |reason: String| ImportError::Json(reason);
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(whole(format!("it is larger than {MAX_JSON_BYTES} bytes")));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut json: serde_json::Value =
        serde_json::from_slice(text).map_err(|e| whole(e.to_string()))?;
    let kinds = match json.get_mut("kinds") {
        Some(kinds) => kinds.take(),
        None => json,
    };
    let serde_json::Value::Array(kinds) = kinds else {
        return Err(whole("it has no list `kinds`".to_owned()));
    };
    Ok((1..)
        .zip(kinds)
        .map(|(n, kind)| {
            let read = serde_json::from_value(kind);
            (
                n,
                read.map_err(|e| format!("kind {n} of the list: {e}").into()),
            )
        })
        .collect())
}

/// Imports a catalogue.
///
/// # Errors
/// When the file cannot be read or the directory not be written; nothing is then changed.
pub fn import_catalogue(
    node: &Node,
    file: impl Read,
    format: CatalogueFormat,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    let (told, file) = format_of(file)?;
    let told = match format {
        CatalogueFormat::Csv => told,
        CatalogueFormat::Json => "json",
    };
    let rows = match format {
        CatalogueFormat::Csv => csv_rows(file, progress)?,
        CatalogueFormat::Json => json_rows(file, progress)?,
    };
    let mut report = Report {
        dry_run,
        rows: rows.len() as u64,
        ..Report::default()
    };
    let directory = node.directory.current();
    let newest = directory.catalogue();
    let was = newest.map_or(&[][..], |c| c.kinds.as_slice());
    // Kinds that the file does not name stand: what it names must be told apart from them.
    let named: Vec<&KindCode> = rows
        .iter()
        .filter_map(|(_, row)| row.as_ref().ok().map(|kind| &kind.code))
        .collect();
    let standing: Vec<&MatterKind> = was.iter().filter(|k| !named.contains(&&k.code)).collect();
    let mut taken: Vec<(u64, MatterKind)> = Vec::new();
    for (line, row) in &rows {
        let kind = match row {
            // A table does not say it: what shows goes on showing.
            Ok(kind) if told != "json" => &MatterKind {
                receipt: was.iter().any(|k| k.code == kind.code && k.receipt),
                ..kind.clone()
            },
            Ok(kind) => kind,
            Err(reason) => {
                report.refuse(*line, reason.clone());
                continue;
            }
        };
        if let Err(error) = kind.check() {
            report.refuse(*line, error.to_string());
        } else if let Some((first, same)) = taken.iter().find(|(_, k)| k.code == kind.code) {
            if same == kind {
                report.duplicates += 1;
            } else {
                let (key, first) = (kind.code.to_string(), *first);
                report.refuse(*line, RowReason::Twice { key, line: first });
            }
        } else if let Some(other) = taken
            .iter()
            .map(|(_, k)| k)
            .chain(standing.iter().copied())
            .find(|k| k.clashes_with(kind))
        {
            let reason = format!("{} has the same name as {}", kind.code, other.code);
            report.refuse(*line, reason);
        } else {
            taken.push((*line, kind.clone()));
        }
    }
    for (_, kind) in &taken {
        match was.iter().find(|k| k.code == kind.code) {
            None => report.added += 1,
            Some(known) if known == kind => report.unchanged += 1,
            Some(_) => report.changed += 1,
        }
    }
    let mut kinds: Vec<MatterKind> = taken.into_iter().map(|(_, kind)| kind).collect();
    for kind in was {
        if !kinds.iter().any(|k| k.code == kind.code) {
            kinds.push(kind.clone());
        }
    }
    if report.added + report.changed == 0 {
        return Ok(report);
    }
    let catalogue = Catalogue {
        version: newest.map_or(1, |c| c.version.saturating_add(1)),
        kinds,
        unknown: newest.map(|c| c.unknown.clone()).unwrap_or_default(),
    };
    catalogue
        .check_follows(newest.map(AsRef::as_ref))
        .map_err(ImportError::Catalogue)?;
    if !dry_run {
        publish(node, told, catalogue, &mut report)?;
    }
    Ok(report)
}

/// Publishes what came out, as an import.
fn publish(
    node: &Node,
    format: &str,
    catalogue: Catalogue,
    report: &mut Report,
) -> Result<(), ImportError> {
    let failed = |reason: String| ImportError::Node { line: 0, reason };
    let mut act = Act::new(node, ImportKind::Catalogue, format, None, None)?;
    let mut all = act.with(vec![DirectoryChange::Catalogue {
        catalogue: Box::new(catalogue.clone()),
    }]);
    all.extend(act.end(report));
    node.directory
        .change(all)
        .map_err(|e| failed(e.to_string()))?;
    // Of two that came at once for one version the first stands.
    is_news(&node.directory.current(), &catalogue).map_err(|e| failed(e.to_string()))?;
    Ok(())
}
