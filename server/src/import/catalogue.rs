//! The catalogue of matter kinds from a file: CSV with one kind a row, or JSON.
//!
//! Kinds of the file are added or replace those of the same code; kinds that it does not name stay as they are, since matters name them. What comes out is the next version, or nothing when nothing differs. One row that is wrong keeps the whole file out, so that nobody works with half a list.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use gridfold_sync_core::calendar::Unit;
use gridfold_sync_core::directory::{
    Catalogue, CatalogueError, DirectoryChange, Evidence, ImportKind, KindDeadline, MatterKind,
    Urgency,
};
use gridfold_sync_core::ids::{KindCode, UserId};
use gridfold_sync_core::limits::MAX_CATALOGUE_BYTES;
use gridfold_sync_core::schema::Label;

use super::act::{Act, format_of};
use super::{Column, Delimited, ImportError, Progress, Report, RowReason, duration};
use crate::acts::catalogue::{explain, is_news};
use crate::node::Node;
use crate::words::said;

pub(super) const COLUMNS: [Column; 13] = [
    ("code", &["编码", "代码", "编号", "事项编码"]),
    ("label_zh", &["中文名称", "名称", "事项名称"]),
    ("label_en", &["英文名称"]),
    ("department", &["部门", "承办部门", "责任部门"]),
    ("parent", &["上级编码", "上级", "上级代码"]),
    ("deadline_hours", &["时限（小时）", "时限(小时)"]),
    ("deadline", &["时限", "办理时限", "deadlines"]),
    ("warn", &["提前提醒", "提醒", "预警"]),
    ("evidence", &["凭证", "证据", "要求", "办结凭证"]),
    ("urgency", &["紧急程度", "等级"]),
    ("urgent", &["紧急", "加急"]),
    ("retired", &["停用", "已停用"]),
    ("receipt", &["回执", "居民查询"]),
];
const RECEIPT: usize = 12;
const REQUIRED: usize = 4;
/// The shortest that a kind can be said in, in bytes of JSON.
const LEAST_KIND_BYTES: usize = r#"{"code":"a","label":{"zh":"a","en":"a"}}"#.len();
/// The largest JSON file: one that is written with much white space.
const MAX_JSON_BYTES: u64 = 8 * MAX_CATALOGUE_BYTES as u64;

/// How a catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueFormat {
    /// `code,label_zh,label_en,department` and, if wanted, `parent,deadline,warn,deadline_hours,evidence,urgency,urgent,retired,receipt`; CSV or a workbook.
    Csv,
    /// `{"kinds": […]}` or a list of kinds, as the API gives them.
    Json,
}

pub(super) fn is_yes(text: &str, column: &'static str) -> Result<bool, RowReason> {
    match text.to_lowercase().as_str() {
        "" | "no" | "false" | "0" | "n" | "否" => Ok(false),
        "yes" | "true" | "1" | "y" | "是" => Ok(true),
        _ => Err(said!("row_not_yes_or_no", column = column).into()),
    }
}

/// What offices call each evidence in Chinese.
const EVIDENCE_ZH: [(&str, Evidence); 11] = [
    ("文字", Evidence::Text),
    ("照片", Evidence::Photo),
    ("图片", Evidence::Photo),
    ("视频", Evidence::Video),
    ("录音", Evidence::Audio),
    ("音频", Evidence::Audio),
    ("位置", Evidence::Location),
    ("定位", Evidence::Location),
    ("签名", Evidence::Signature),
    ("签字", Evidence::Signature),
    ("文件", Evidence::Document),
];

fn evidence_called(word: &str) -> Evidence {
    let zh = EVIDENCE_ZH.iter().find(|(zh, _)| *zh == word);
    zh.map_or_else(
        || Evidence::parse(&word.to_lowercase()),
        |(_, evidence)| evidence.clone(),
    )
}

/// The deadlines of a row, each with its warning.
fn read_deadlines(
    cell: &str,
    warn: &str,
    urgencies: &[Urgency],
) -> Result<Vec<KindDeadline>, RowReason> {
    let mut deadlines: Vec<KindDeadline> = duration::deadlines("deadline", cell, urgencies)?
        .into_iter()
        .map(|(urgency, within)| KindDeadline {
            urgency,
            within,
            warn: None,
        })
        .collect();
    for (urgency, before) in duration::deadlines("warn", warn, urgencies)? {
        let own = deadlines
            .iter_mut()
            .find(|deadline| deadline.urgency == urgency);
        let what = || {
            urgency
                .as_ref()
                .map_or_else(|| warn.to_owned(), ToString::to_string)
        };
        let alone = || RowReason::from(said!("row_warning_alone", what = what()));
        own.ok_or_else(alone)?.warn = Some(before);
    }
    Ok(deadlines)
}

fn read_row(
    values: Result<Vec<String>, RowReason>,
    urgencies: &[Urgency],
) -> Result<MatterKind, RowReason> {
    let values = values?;
    let [
        code,
        zh,
        en,
        department,
        parent,
        hours,
        deadline,
        warn,
        evidence,
        urgency,
        urgent,
        retired,
        receipt,
    ] = values.as_slice()
    else {
        return Err(RowReason::Width {
            values: values.len(),
            columns: COLUMNS.len(),
        });
    };
    let whole_hours = || RowReason::from(said!("row_not_hours", column = "deadline_hours"));
    let hours = match hours.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| whole_hours())?),
    };
    let mut deadlines = read_deadlines(deadline, warn, urgencies)?;
    // As it has always been written: hours alone are no list.
    let is_plain =
        |d: &KindDeadline| d.urgency.is_none() && d.warn.is_none() && d.within.unit == Unit::Hours;
    let plain = deadlines.iter().position(is_plain);
    let hours = match (hours, plain) {
        (None, Some(at)) => Some(deadlines.remove(at).within.amount),
        (hours, _) => hours,
    };
    Ok(MatterKind {
        code: KindCode::new(code).map_err(|_| RowReason::BadCode)?,
        parent: match parent.as_str() {
            "" => None,
            text => Some(KindCode::new(text).map_err(|_| RowReason::BadParent)?),
        },
        label: Label {
            zh: zh.clone(),
            en: en.clone(),
        },
        department: department.clone(),
        deadline_hours: hours,
        deadlines,
        evidence: evidence
            .split([' ', ',', ';', '|', '+', '/', '、', '，', '；'])
            .filter(|word| !word.is_empty())
            .map(evidence_called)
            .collect(),
        urgency: match urgency.as_str() {
            "" => None,
            text => Some(duration::urgency_called(text, urgencies)?),
        },
        urgent: is_yes(urgent, "urgent")?,
        retired: is_yes(retired, "retired")?,
        receipt: is_yes(receipt, "receipt")?,
        unknown: BTreeMap::new(),
    })
}

/// A line, or for JSON the number of the kind, with the kind or what is wrong.
type Row = (u64, Result<MatterKind, RowReason>);

fn csv_rows(
    file: impl Read,
    before: &Catalogue,
    progress: Progress<'_>,
) -> Result<Vec<Row>, ImportError> {
    let mut table = Delimited::open(file, &COLUMNS, REQUIRED)?;
    let (urgencies, says_receipt) = (before.urgencies(), table.has(RECEIPT));
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        progress(table.bytes_read());
        let mut kind = read_row(row.values, &urgencies);
        // A table from before this column was there does not end what shows.
        if let (Ok(kind), false) = (&mut kind, says_receipt) {
            let known = before.kinds.iter().find(|known| known.code == kind.code);
            kind.receipt = known.is_some_and(|known| known.receipt);
        }
        rows.push((row.line, kind));
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

/// Imports a catalogue in the name of the operator.
///
/// # Errors
/// As [`import_catalogue_by`].
pub fn import_catalogue(
    node: &Node,
    file: impl Read,
    format: CatalogueFormat,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    import_catalogue_by(None, node, file, format, dry_run, progress)
}

/// Imports a catalogue.
///
/// # Errors
/// When the file cannot be read or the directory not be written; nothing is then changed.
pub fn import_catalogue_by(
    by: Option<UserId>,
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
    let directory = node.directory.current();
    let newest = directory.catalogue();
    let empty = Catalogue {
        version: 0,
        urgencies: Vec::new(),
        kinds: Vec::new(),
        unknown: BTreeMap::new(),
    };
    let before = newest.map_or(&empty, AsRef::as_ref);
    let rows = match format {
        CatalogueFormat::Csv => csv_rows(file, before, progress)?,
        CatalogueFormat::Json => json_rows(file, progress)?,
    };
    let least = rows.len().saturating_mul(LEAST_KIND_BYTES);
    if least > MAX_CATALOGUE_BYTES {
        return Err(ImportError::Catalogue(CatalogueError::TooLarge(least)));
    }
    let mut report = Report {
        dry_run,
        rows: rows.len() as u64,
        ..Report::default()
    };
    let taken = told_apart(&rows, before, &mut report);
    let mut catalogue = Catalogue {
        version: before.version.saturating_add(1),
        kinds: taken.iter().map(|(_, kind)| kind.clone()).collect(),
        ..before.clone()
    };
    for kind in &before.kinds {
        if catalogue.kind(kind.code.as_str()).is_none() {
            catalogue.kinds.push(kind.clone());
        }
    }
    for (line, kind) in &taken {
        if let Err(error) = catalogue.check_place(kind) {
            report.refuse(*line, explain(&error));
        }
    }
    // A list with a hole in it is no list.
    if report.refused > 0 {
        return Ok(report);
    }
    for (_, kind) in &taken {
        match before.kind(kind.code.as_str()) {
            None => report.added += 1,
            Some(known) if known == kind => report.unchanged += 1,
            Some(_) => report.changed += 1,
        }
    }
    if report.added + report.changed == 0 {
        return Ok(report);
    }
    catalogue
        .check_follows(newest.map(AsRef::as_ref))
        .map_err(ImportError::Catalogue)?;
    if !dry_run {
        publish(node, (told, by), catalogue, &mut report)?;
    }
    Ok(report)
}

/// The kinds of the rows that can stand beside each other and beside those that the file does not name.
fn told_apart(rows: &[Row], before: &Catalogue, report: &mut Report) -> Vec<(u64, MatterKind)> {
    let named: BTreeSet<&KindCode> = rows
        .iter()
        .filter_map(|(_, row)| row.as_ref().ok().map(|kind| &kind.code))
        .collect();
    let standing = before.kinds.iter().filter(|k| !named.contains(&k.code));
    let mut all: Vec<(u64, MatterKind)> = standing.map(|kind| (0, kind.clone())).collect();
    for (line, row) in rows {
        let kind = match row {
            Ok(kind) => kind,
            Err(reason) => {
                report.refuse(*line, reason.clone());
                continue;
            }
        };
        if let Err(error) = kind.check() {
            report.refuse(*line, explain(&error));
        } else if let Some((first, same)) = all.iter().find(|(_, k)| k.code == kind.code) {
            if same == kind {
                report.duplicates += 1;
            } else {
                let (key, first) = (kind.code.to_string(), *first);
                report.refuse(*line, RowReason::Twice { key, line: first });
            }
        } else if let Some((_, other)) = all.iter().find(|(_, k)| k.clashes_with(kind)) {
            let (kind, other) = (kind.code.as_str(), other.code.as_str());
            report.refuse(*line, said!("row_same_name", kind = kind, other = other));
        } else {
            all.push((*line, kind.clone()));
        }
    }
    // Lines are counted from 1.
    all.retain(|(line, _)| *line > 0);
    all
}

/// Publishes what came out, as an import.
fn publish(
    node: &Node,
    (format, by): (&str, Option<UserId>),
    catalogue: Catalogue,
    report: &mut Report,
) -> Result<(), ImportError> {
    let failed = |reason: String| ImportError::Node { line: 0, reason };
    let mut act = Act::new(node, ImportKind::Catalogue, format, by, None)?;
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
