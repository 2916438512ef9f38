//! A report as a table for a file.

use gridfold_sync_core::notice::Locale;

use super::shape::{ReportCell, ReportPair, ReportResult};
use crate::export::Table;
use crate::words::said;

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
}

/// The cells of a measure: of a share with what it comes of, of hours with within what nine of ten are.
fn cells(unit: &str, cell: Option<&ReportCell>) -> Vec<String> {
    let Some(cell) = cell else {
        return vec![String::new(); width(unit)];
    };
    match unit {
        "share" => vec![
            number(cell.value.map(|share| share * 100.0), 1),
            cell.n.to_string(),
            cell.of.unwrap_or_default().to_string(),
        ],
        "hours" => vec![
            number(cell.value, 2),
            number(cell.most, 2),
            cell.n.to_string(),
        ],
        "points" => vec![number(cell.value, 1), cell.n.to_string()],
        _ => vec![cell.n.to_string()],
    }
}

fn width(unit: &str) -> usize {
    match unit {
        "share" | "hours" => 3,
        "points" => 2,
        _ => 1,
    }
}

fn headings(result: &ReportResult, locale: Locale) -> Vec<String> {
    let mut out: Vec<String> = result.groups.iter().map(|g| g.label.clone()).collect();
    if out.is_empty() {
        out.push(String::new());
    }
    let times: &[bool] = match result.days_before {
        Some(_) => &[false, true],
        None => &[false],
    };
    for measure in &result.measures {
        for is_before in times {
            let name = match is_before {
                true => said!("report_before", what = &measure.label).text(locale),
                false => measure.label.clone(),
            };
            let counted = said!("report_column_n", what = &name).text(locale);
            let of = said!("report_column_of", what = &name).text(locale);
            match measure.unit.as_str() {
                "share" => {
                    out.push(said!("report_column_percent", what = &name).text(locale));
                    out.extend([counted, of]);
                }
                "hours" => {
                    out.push(said!("report_column_median", what = &name).text(locale));
                    out.push(said!("report_column_most", what = &name).text(locale));
                    out.push(counted);
                }
                "points" => out.extend([name, counted]),
                _ => out.push(name),
            }
        }
    }
    out
}

fn line(result: &ReportResult, mut line: Vec<String>, pairs: &[ReportPair]) -> Vec<String> {
    for (measure, pair) in result.measures.iter().zip(pairs) {
        line.extend(cells(&measure.unit, Some(&pair.now)));
        if result.days_before.is_some() {
            line.extend(cells(&measure.unit, pair.before.as_ref()));
        }
    }
    line
}

/// The rows, then all of it; what it is of stands below.
pub(super) fn table(result: &ReportResult, locale: Locale) -> Table {
    let groups = result.groups.len();
    let mut rows: Vec<Vec<String>> = result
        .rows
        .iter()
        .map(|row| {
            let keys = row.keys.iter().map(|key| key.label.clone()).collect();
            line(result, keys, &row.cells)
        })
        .collect();
    let mut all = vec![said!("report_all").text(locale)];
    all.resize(groups.max(1), String::new());
    rows.push(line(result, all, &result.all));
    let days = &result.days;
    let mut of = said!(
        "report_of",
        name = &result.name,
        from = &days.from,
        to = &days.to
    )
    .text(locale);
    if let Some(before) = &result.days_before {
        let against = said!("report_against", from = &before.from, to = &before.to);
        of.push_str(&against.text(locale));
    }
    let mut notes = vec![vec![of]];
    if result.left_out > 0 {
        notes.push(vec![
            said!("report_left_out", n = result.left_out).text(locale),
        ]);
    }
    let columns = headings(result, locale);
    for mut note in notes {
        note.resize(columns.len(), String::new());
        rows.push(note);
    }
    let first = groups.max(1);
    Table::of_numbers(&said!("sheet_report"), columns, rows, first, locale)
}
