//! Plans from a table: `code,name_zh,every,begins,form` and, if wanted, in English, where, about what, until when and by whom.
//!
//! Each row is the next version of its plan; a plan that the file does not name stays. One row that is wrong keeps the whole file out.

use std::collections::BTreeMap;
use std::io::Read;

use gridfold_sync_core::directory::{Directory, DirectoryChange, ImportKind};
use gridfold_sync_core::ids::{AreaCode, ChoiceKey, FieldKey, FormCode, PlanCode, UserId};
use gridfold_sync_core::plan::{Every, EveryUnit, Made, Person, Plan, Stop};
use gridfold_sync_core::schema::{Condition, FieldType, Form, Label};

use super::act::{Act, format_of};
use super::calendar::day_of;
use super::catalogue::is_yes;
use super::{Column, Delimited, ImportError, Progress, Report, RowReason};
use crate::acts::plans::{as_published, explain};
use crate::node::Node;
use crate::words::said;

pub(super) const COLUMNS: [Column; 20] = [
    ("code", &["编码", "代码"]),
    ("name_zh", &["名称", "计划名称", "中文名称"]),
    ("every", &["频次", "周期"]),
    ("begins", &["开始日期"]),
    ("form", &["生成表单"]),
    ("name_en", &["英文名称"]),
    ("area", &["区域"]),
    ("about", &["对象表单"]),
    ("only", &["对象条件"]),
    ("ends", &["结束日期"]),
    ("within_days", &["办理天数"]),
    ("title", &["任务名称"]),
    ("priority", &["优先级"]),
    ("doer", &["执行人"]),
    ("accountable", &["责任人"]),
    ("done_by", &["抵消表单"]),
    ("done_if", &["抵消条件"]),
    ("stops", &["路线"]),
    ("ahead", &["提前生成"]),
    ("retired", &["停用"]),
];
const REQUIRED: usize = 5;

/// What offices write for each unit, after the number or before it.
const UNITS: [(&str, EveryUnit); 14] = [
    ("times_a_year", EveryUnit::TimesAYear),
    ("times a year", EveryUnit::TimesAYear),
    ("次每年", EveryUnit::TimesAYear),
    ("days", EveryUnit::Days),
    ("day", EveryUnit::Days),
    ("天", EveryUnit::Days),
    ("weeks", EveryUnit::Weeks),
    ("week", EveryUnit::Weeks),
    ("周", EveryUnit::Weeks),
    ("months", EveryUnit::Months),
    ("month", EveryUnit::Months),
    ("个月", EveryUnit::Months),
    ("月", EveryUnit::Months),
    ("次/年", EveryUnit::TimesAYear),
];

/// `2 months`, `每2个月`, `每月`, `每年2次`.
fn every_of(cell: &str) -> Option<Every> {
    let text = cell.to_lowercase();
    if let Some(times) = text.strip_prefix("每年") {
        let times = times.trim_end_matches('次').trim();
        let amount = if times.is_empty() {
            1
        } else {
            times.parse().ok()?
        };
        let unit = EveryUnit::TimesAYear;
        return Some(Every { amount, unit });
    }
    let text = text
        .trim_start_matches("every")
        .trim_start_matches('每')
        .trim();
    let (word, unit) = UNITS.iter().find(|(word, _)| text.ends_with(word))?;
    let number = text[..text.len() - word.len()].trim();
    let amount = if number.is_empty() {
        1
    } else {
        number.parse().ok()?
    };
    Some(Every {
        amount,
        unit: unit.clone(),
    })
}

/// `care_needs=low_income|elderly_alone; dwelling=owner`, or a condition in JSON.
fn condition_of(cell: &str, form: Option<&Form>) -> Option<Condition> {
    if cell.starts_with('{') {
        return serde_json::from_str(cell).ok();
    }
    let all = cell
        .split([';', '；'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let all = all.map(|part| {
        let (field, values) = part.split_once(['=', '＝'])?;
        let field = FieldKey::new(field.trim()).ok()?;
        let kind = form
            .and_then(|form| form.field(field.as_str()))
            .map(|field| &field.kind);
        let any = values
            .split(['|', '｜'])
            .map(str::trim)
            .map(|value| match kind {
                Some(FieldType::ChooseMany { .. }) => Some(Condition::Includes(
                    field.clone(),
                    ChoiceKey::new(value).ok()?,
                )),
                Some(FieldType::Boolean) => {
                    let yes = is_yes(value, "only").ok()?;
                    Some(Condition::Equals(field.clone(), yes.into()))
                }
                Some(FieldType::Integer { .. } | FieldType::Counter { .. }) => Some(
                    Condition::Equals(field.clone(), value.parse::<i64>().ok()?.into()),
                ),
                _ => Some(Condition::Equals(field.clone(), value.into())),
            });
        Some(Condition::Any(any.collect::<Option<Vec<_>>>()?))
    });
    let all = all.collect::<Option<Vec<_>>>()?;
    (!all.is_empty()).then_some(Condition::All(all))
}

/// `东门@39.1,117.2; 配电房`.
fn stops_of(cell: &str) -> Option<Vec<Stop>> {
    let parts = cell
        .split([';', '；'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let Some((name, at)) = part.split_once('@') else {
                return Some(Stop {
                    name: part.to_owned(),
                    lat_e7: None,
                    lon_e7: None,
                });
            };
            let (lat, lon) = at.split_once([',', '，'])?;
            Some(Stop {
                name: name.trim().to_owned(),
                lat_e7: Some(degrees(lat, 90.0)?),
                lon_e7: Some(degrees(lon, 180.0)?),
            })
        })
        .collect()
}

fn degrees(text: &str, most: f64) -> Option<i32> {
    let value: f64 = text.trim().parse().ok()?;
    if value.abs() > most {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "180 degrees times 1e7 fit into 32 bits"
    )]
    let scaled = (value * 1e7).round() as i32;
    Some(scaled)
}

fn wrong(column: &'static str, what: &str) -> RowReason {
    said!("row_bad_plan_cell", column = column, what = what).into()
}

/// An id, or the name of exactly one person whose account is open.
fn person_of(
    directory: &Directory,
    column: &'static str,
    cell: &str,
) -> Result<Option<Person>, RowReason> {
    if cell.is_empty() {
        return Ok(None);
    }
    let mut active = directory
        .named(cell)
        .filter(|id| directory.user(id).is_some_and(|user| user.active));
    let one = match (UserId::parse(cell), active.next(), active.next()) {
        (Ok(user), ..) => user,
        (Err(_), Some(user), None) => user,
        _ => return Err(said!("row_bad_plan_person", column = column, what = cell).into()),
    };
    Ok(Some(Person {
        user: one,
        name: String::new(),
    }))
}

fn named<T, E>(
    column: &'static str,
    cell: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, RowReason> {
    match cell {
        "" => Ok(None),
        cell => read(cell).map(Some).map_err(|_| wrong(column, cell)),
    }
}

fn read_row(
    directory: &Directory,
    values: Result<Vec<String>, RowReason>,
) -> Result<Plan, RowReason> {
    let values = values?;
    let [
        code,
        zh,
        every,
        begins,
        form,
        en,
        area,
        about,
        only,
        ends,
        within_days,
        title,
        priority,
        doer,
        accountable,
        done_by,
        done_if,
        stops,
        ahead,
        retired,
    ] = values.as_slice()
    else {
        return Err(RowReason::Width {
            values: values.len(),
            columns: COLUMNS.len(),
        });
    };
    let code = PlanCode::new(code).map_err(|_| RowReason::BadCode)?;
    let about = named("about", about, FormCode::new)?;
    let done_by = named("done_by", done_by, FormCode::new)?;
    let latest = |code: &Option<FormCode>| {
        let code = code.as_ref()?;
        directory.forms().latest(code).map(AsRef::as_ref)
    };
    let condition = |column, cell: &str, form: Option<&Form>| match cell {
        "" => Ok(None),
        cell => match condition_of(cell, form) {
            Some(condition) => Ok(Some(condition)),
            None => Err(wrong(column, cell)),
        },
    };
    let before = directory.plan(&code);
    Ok(Plan {
        version: before.map_or(1, |before| before.version.saturating_add(1)),
        label: Label {
            zh: zh.clone(),
            en: if en.is_empty() {
                zh.clone()
            } else {
                en.clone()
            },
        },
        area: named("area", area, AreaCode::new)?,
        only: condition("only", only, latest(&about))?,
        done_if: condition("done_if", done_if, latest(&done_by))?,
        about,
        done_by,
        stops: stops_of(stops).ok_or_else(|| wrong("stops", stops))?,
        every: every_of(every).ok_or_else(|| wrong("every", every))?,
        begins: day_of(begins).ok_or_else(|| wrong("begins", begins))?,
        ends: named("ends", ends, |cell| day_of(cell).ok_or(()))?,
        within_days: named("within_days", within_days, str::parse)?,
        makes: Made {
            form: FormCode::new(form).map_err(|_| wrong("form", form))?,
            title: Some(title.clone()).filter(|title| !title.is_empty()),
            priority: named("priority", priority, ChoiceKey::new)?,
            issuer: before.and_then(|before| before.makes.issuer.clone()),
            accountable: person_of(directory, "accountable", accountable)?,
            doer: person_of(directory, "doer", doer)?,
        },
        ahead: is_yes(ahead, "ahead")?,
        retired: is_yes(retired, "retired")?,
        seed: before.map_or_else(String::new, |before| before.seed.clone()),
        unknown: BTreeMap::new(),
        code,
    })
}

/// Imports plans. With a row that is wrong nothing is changed.
///
/// # Errors
/// When the file cannot be read or the directory not be written; nothing is then changed.
pub fn import_plans_by(
    by: Option<UserId>,
    node: &Node,
    file: impl Read,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    let failed = |reason: String| ImportError::Node { line: 0, reason };
    let (told, file) = format_of(file)?;
    let directory = node.directory.current();
    // Each row is checked with those before it, so that too many are refused by their lines.
    let mut after = (*directory).clone();
    let mut report = Report {
        dry_run,
        ..Report::default()
    };
    let mut table = Delimited::open(file, &COLUMNS, REQUIRED)?;
    let mut lines: BTreeMap<PlanCode, u64> = BTreeMap::new();
    let mut changes = Vec::new();
    while let Some(row) = table.next_row()? {
        progress(table.bytes_read());
        report.rows += 1;
        let plan = match read_row(&directory, row.values) {
            Ok(plan) => plan,
            Err(reason) => {
                report.refuse(row.line, reason);
                continue;
            }
        };
        if let Some(line) = lines.insert(plan.code.clone(), row.line) {
            let key = plan.code.to_string();
            report.refuse(row.line, RowReason::Twice { key, line });
            continue;
        }
        let before = directory.plan(&plan.code);
        let plan = as_published(&directory, &plan, by).map_err(|e| failed(e.to_string()))?;
        if let Some(before) = before {
            let mut same = plan.clone();
            same.version = before.version;
            if same == **before {
                report.unchanged += 1;
                continue;
            }
        }
        if let Err(error) = after.check_plan(&plan) {
            report.refuse(row.line, explain(&error));
            continue;
        }
        match before {
            Some(_) => report.changed += 1,
            None => report.added += 1,
        }
        let plan = Box::new(plan);
        after.apply(DirectoryChange::Plan { plan: plan.clone() });
        changes.push(DirectoryChange::Plan { plan });
    }
    if report.refused > 0 || changes.is_empty() || dry_run {
        return Ok(report);
    }
    let mut act = Act::new(node, ImportKind::Plans, told, by, None)?;
    let mut all = act.with(changes);
    all.extend(act.end(&mut report));
    node.directory
        .change(all)
        .map_err(|e| failed(e.to_string()))?;
    Ok(report)
}
