//! Days of the working calendar from a table: `date,kind` and, if wanted, `name_zh,name_en,hours,source`.
//!
//! Public days (`holiday`, `make_up`) are the arrangement of their year: a year that the file names so is replaced whole.
//! Own days (`closed`, `open`) replace those of the same date, `usual` takes one away; what the file does not name stays.
//! One row that is wrong keeps the whole file out.

use std::collections::BTreeMap;
use std::io::Read;

use gridfold_sync_core::calendar::{
    ArrangedDay, Arrangement, Calendar, CalendarError, Day, Interval, Minute, OwnDay,
};
use gridfold_sync_core::directory::{DirectoryChange, ImportKind};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::limits::MAX_CALENDAR_BYTES;
use gridfold_sync_core::schema::Label;

use super::act::{Act, format_of};
use super::{Column, Delimited, ImportError, Progress, Report, RowReason};
use crate::acts::calendar::{as_published, explain, is_news};
use crate::node::Node;
use crate::words::said;

pub(super) const COLUMNS: [Column; 6] = [
    ("date", &["日期"]),
    ("kind", &["类别", "类型"]),
    ("name_zh", &["名称", "节日", "中文名称", "name"]),
    ("name_en", &["英文名称"]),
    ("hours", &["工作时间", "时段"]),
    ("source", &["来源", "文号"]),
];
const REQUIRED: usize = 2;
/// The shortest that a day can be said in, in bytes of JSON.
const LEAST_DAY_BYTES: usize = r#"{"date":"2026-01-01","works":true}"#.len();

/// What a row says of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    Public(ArrangedDay),
    Own(OwnDay),
    Usual,
}

/// A row that was read.
struct DayRow {
    line: u64,
    date: Day,
    says: Says,
    source: String,
}

/// `2027-01-02`, or as spreadsheets save it: `2027/1/2`.
pub(super) fn day_of(cell: &str) -> Option<Day> {
    let mut parts = cell.splitn(3, ['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Day::parse(&format!("{year}-{month:0>2}-{day:0>2}"))
}

fn hours_of(cell: &str) -> Option<Vec<Interval>> {
    let parts = cell.split([' ', ',', ';', '，', '；', '、']);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (from, to) = part.split_once(['-', '–', '—', '~', '～'])?;
            let minute = |text: &str| Minute::parse(&text.replace('：', ":"));
            Some(Interval {
                from: minute(from)?,
                to: minute(to)?,
            })
        })
        .collect()
}

fn read_row(line: u64, values: Result<Vec<String>, RowReason>) -> Result<DayRow, RowReason> {
    let values = values?;
    let [date, kind, zh, en, hours, source] = values.as_slice() else {
        return Err(RowReason::Width {
            values: values.len(),
            columns: COLUMNS.len(),
        });
    };
    let date = day_of(date).ok_or_else(|| said!("row_bad_day"))?;
    let name = match (zh.as_str(), en.as_str()) {
        ("", "") => None,
        (zh, "") => Some((zh, zh)),
        ("", en) => Some((en, en)),
        both => Some(both),
    };
    let name = name.map(|(zh, en)| Label {
        zh: zh.to_owned(),
        en: en.to_owned(),
    });
    let hours = hours_of(hours).ok_or_else(|| said!("row_bad_day_hours"))?;
    let has_hours = !hours.is_empty();
    let public = |works, name| Says::Public(ArrangedDay { date, works, name });
    let says = match kind.to_lowercase().replace([' ', '-'], "_").as_str() {
        "holiday" | "放假" | "节假日" | "法定节假日" => public(false, name),
        "make_up" | "补班" | "调休上班" | "上班" => public(true, name),
        word => {
            let works = match word {
                "closed" | "本单位休息" | "单位休息" => Some(false),
                "open" | "本单位上班" | "单位上班" => Some(true),
                "usual" | "照常" | "平常" => None,
                _ => return Err(said!("row_bad_day_kind").into()),
            };
            works.map_or(Says::Usual, |works| {
                Says::Own(OwnDay {
                    date,
                    works,
                    hours,
                    name,
                })
            })
        }
    };
    if has_hours && !matches!(&says, Says::Own(own) if own.works) {
        return Err(said!("row_bad_day_hours").into());
    }
    Ok(DayRow {
        line,
        date,
        says,
        source: source.clone(),
    })
}

fn read_rows(
    file: impl Read,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<Vec<DayRow>, ImportError> {
    let mut table = Delimited::open(file, &COLUMNS, REQUIRED)?;
    let mut rows: Vec<DayRow> = Vec::new();
    let mut lines: BTreeMap<Day, usize> = BTreeMap::new();
    while let Some(row) = table.next_row()? {
        progress(table.bytes_read());
        report.rows += 1;
        let read = match read_row(row.line, row.values) {
            Ok(read) => read,
            Err(reason) => {
                report.refuse(row.line, reason);
                continue;
            }
        };
        match lines.get(&read.date).and_then(|at| rows.get(*at)) {
            Some(first) if first.says == read.says => report.duplicates += 1,
            Some(first) => {
                let key = read.date.to_string();
                let line = first.line;
                report.refuse(read.line, RowReason::Twice { key, line });
            }
            None => {
                lines.insert(read.date, rows.len());
                rows.push(read);
            }
        }
    }
    Ok(rows)
}

/// What a calendar says of the days of these years, to tell what a file changes.
fn said_in(calendar: &Calendar, years: &[i32]) -> BTreeMap<(bool, Day), Says> {
    let arranged = years
        .iter()
        .filter_map(|year| calendar.arrangement(*year))
        .flat_map(|arrangement| &arrangement.days)
        .map(|day| ((true, day.date), Says::Public(day.clone())));
    let own = calendar.days.iter();
    let own = own.map(|day| ((false, day.date), Says::Own(day.clone())));
    arranged.chain(own).collect()
}

/// The line that an error is about: of its day, else the first of its year.
fn line_of(error: &CalendarError, year: i32, rows: &[DayRow]) -> u64 {
    let day = match error {
        CalendarError::NoWeekend(day)
        | CalendarError::WrongYear(day)
        | CalendarError::TwiceTheDay(day) => Some(*day),
        _ => None,
    };
    let of_day = rows.iter().find(|row| Some(row.date) == day);
    let of_year = || rows.iter().find(|row| row.date.year() == year);
    of_day.or_else(of_year).map_or(0, |row| row.line)
}

/// Puts the rows into a calendar; what does not fit is refused by its line.
fn put(calendar: &mut Calendar, rows: &[DayRow], report: &mut Report) -> Vec<i32> {
    let mut years: BTreeMap<i32, Arrangement> = BTreeMap::new();
    let days = std::mem::take(&mut calendar.days).into_iter();
    let mut days: BTreeMap<Day, OwnDay> = days.map(|day| (day.date, day)).collect();
    for row in rows {
        match &row.says {
            Says::Own(own) => _ = days.insert(row.date, own.clone()),
            Says::Usual => _ = days.remove(&row.date),
            Says::Public(day) => {
                let year = row.date.year();
                let stated = years.entry(year).or_insert_with(|| Arrangement {
                    year,
                    source: String::new(),
                    days: Vec::new(),
                });
                if stated.source.is_empty() {
                    stated.source.clone_from(&row.source);
                }
                stated.days.push(day.clone());
            }
        }
    }
    let alone = Calendar {
        years: Vec::new(),
        ..calendar.clone()
    };
    calendar.days = days.into_values().collect();
    for arrangement in years.values_mut() {
        arrangement.days.sort_by_key(|day| day.date);
        // Every day of it, so that all are mended at once.
        let mut bad: Vec<CalendarError> = arrangement
            .days
            .iter()
            .filter(|day| day.works && !day.date.weekday().is_weekend())
            .map(|day| CalendarError::NoWeekend(day.date))
            .collect();
        if bad.is_empty() {
            bad.extend(arrangement.check().err());
        }
        for error in bad {
            report.refuse(line_of(&error, arrangement.year, rows), explain(&error));
        }
        calendar
            .years
            .retain(|stated| stated.year != arrangement.year);
        calendar.years.push(arrangement.clone());
    }
    for row in rows {
        if let Says::Own(own) = &row.says {
            let alone = Calendar {
                days: vec![own.clone()],
                ..alone.clone()
            };
            if let Err(error) = alone.check() {
                report.refuse(row.line, explain(&error));
            }
        }
    }
    years.into_keys().collect()
}

/// Imports days of the working calendar. With a row that is wrong nothing is changed.
///
/// # Errors
/// When the file cannot be read or the directory not be written; nothing is then changed.
pub fn import_calendar_by(
    by: Option<UserId>,
    node: &Node,
    file: impl Read,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    let (told, file) = format_of(file)?;
    let mut report = Report {
        dry_run,
        ..Report::default()
    };
    let rows = read_rows(file, &mut report, progress)?;
    let least = rows.len().saturating_mul(LEAST_DAY_BYTES);
    if least > MAX_CALENDAR_BYTES {
        return Err(ImportError::Calendar(CalendarError::TooLarge(least)));
    }
    let directory = node.directory.current();
    let before = directory.working_calendar();
    let mut calendar = Calendar {
        version: before.version.saturating_add(1),
        ..(*before).clone()
    };
    let years = put(&mut calendar, &rows, &mut report);
    if report.refused > 0 {
        return Ok(report);
    }
    let (was, is) = (said_in(&before, &years), said_in(&calendar, &years));
    for (key, says) in &is {
        match was.get(key) {
            None => report.added += 1,
            Some(same) if same == says => report.unchanged += 1,
            Some(_) => report.changed += 1,
        }
    }
    report.changed += was.keys().filter(|key| !is.contains_key(key)).count() as u64;
    let source = |calendar: &Calendar, year: i32| {
        calendar
            .arrangement(year)
            .map(|stated| stated.source.clone())
    };
    let newly_known = years
        .iter()
        .any(|year| source(&before, *year) != source(&calendar, *year));
    if report.added + report.changed == 0 && !newly_known {
        return Ok(report);
    }
    let calendar = as_published(&calendar).map_err(ImportError::Calendar)?;
    calendar
        .check_follows(directory.calendar().map(AsRef::as_ref))
        .map_err(ImportError::Calendar)?;
    if !dry_run {
        publish(node, (told, by), calendar, &mut report)?;
    }
    Ok(report)
}

/// Publishes what came out, as an import.
fn publish(
    node: &Node,
    (format, by): (&str, Option<UserId>),
    calendar: Calendar,
    report: &mut Report,
) -> Result<(), ImportError> {
    let failed = |reason: String| ImportError::Node { line: 0, reason };
    let mut act = Act::new(node, ImportKind::Calendar, format, by, None)?;
    let mut all = act.with(vec![DirectoryChange::Calendar {
        calendar: Box::new(calendar.clone()),
    }]);
    all.extend(act.end(report));
    node.directory
        .change(all)
        .map_err(|e| failed(e.to_string()))?;
    // Of two that came at once for one version the first stands.
    is_news(&node.directory.current(), &calendar).map_err(|e| failed(e.to_string()))?;
    Ok(())
}
