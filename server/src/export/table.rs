//! Lists of the administration as tables: the catalogue, the working calendar and plans, as the imports take them again.

use gridfold_sync_core::calendar::{ArrangedDay, Calendar, Deadline, Interval, Unit};
use gridfold_sync_core::directory::{Catalogue, Evidence, KindDeadline};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::plan::{Every, EveryUnit, Person, Plan, Stop};
use gridfold_sync_core::schema::{Condition, Label};
use rust_xlsxwriter::{Format, Workbook};

use super::ExportError;
use super::cell::exact;
use crate::words::{Said, said};

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The column at which numbers begin.
    first_number: usize,
}

/// A text that a spreadsheet would run as a formula is quoted with an apostrophe.
fn quoted(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

impl Table {
    fn of(name: &Said, headings: &[Said], rows: Vec<Vec<String>>, locale: Locale) -> Self {
        Self {
            name: name.text(locale),
            headings: headings
                .iter()
                .map(|heading| heading.text(locale))
                .collect(),
            rows,
            first_number: usize::MAX,
        }
    }

    /// A table of which the columns from one on are numbers, where they read as such.
    pub(crate) fn of_numbers(
        name: &Said,
        headings: Vec<String>,
        rows: Vec<Vec<String>>,
        first_number: usize,
        locale: Locale,
    ) -> Self {
        Self {
            name: name.text(locale),
            headings,
            rows,
            first_number,
        }
    }

    /// The number in a column of numbers.
    fn number(&self, column: usize, cell: &str) -> Option<f64> {
        (column >= self.first_number).then(|| exact(cell)).flatten()
    }

    /// As CSV, with the mark by which spreadsheets know UTF-8.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>, ExportError> {
        let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        let io = |e: csv::Error| ExportError::Io(std::io::Error::other(e));
        out.write_record(&self.headings).map_err(io)?;
        for row in &self.rows {
            out.write_record(row.iter().enumerate().map(
                |(at, cell)| match self.number(at, cell) {
                    Some(_) => cell.clone(),
                    None => quoted(cell),
                },
            ))
            .map_err(io)?;
        }
        let done = out.into_inner();
        done.map_err(|e| ExportError::Io(std::io::Error::other(e.to_string())))
    }

    /// As a workbook of texts.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn xlsx(&self) -> Result<Vec<u8>, ExportError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name(&self.name)?;
        let bold = Format::new().set_bold();
        for (column, heading) in (0u16..).zip(&self.headings) {
            sheet.write_string_with_format(0, column, heading, &bold)?;
        }
        for (at, row) in (1u32..).zip(&self.rows) {
            for (column, cell) in (0u16..).zip(row) {
                match self.number(usize::from(column), cell) {
                    Some(n) => sheet.write_number(at, column, n)?,
                    None => sheet.write_string(at, column, cell)?,
                };
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(workbook.save_to_buffer()?)
    }
}

fn unit(unit: &Unit, locale: Locale) -> String {
    match unit {
        Unit::WorkingHours => said!("unit_working_hours").text(locale),
        Unit::WorkingDays => said!("unit_working_days").text(locale),
        Unit::Hours => said!("unit_hours").text(locale),
        Unit::Days => said!("unit_days").text(locale),
        Unit::Other(word) => format!(" {word}"),
    }
}

/// Deadlines as one cell.
fn deadlines<'a>(
    catalogue: &Catalogue,
    all: impl Iterator<Item = (&'a KindDeadline, &'a Deadline)>,
    locale: Locale,
) -> String {
    let urgencies = catalogue.urgencies();
    let parts = all.map(|(of, deadline)| {
        let text = format!("{}{}", deadline.amount, unit(&deadline.unit, locale));
        let urgency = urgencies
            .iter()
            .find(|u| Some(&u.code) == of.urgency.as_ref());
        match urgency {
            Some(urgency) => format!("{}: {text}", locale.pick(&urgency.label)),
            None => text,
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn evidence(all: &[Evidence]) -> String {
    let texts = all.iter().filter_map(|evidence| {
        let known = Evidence::ALL.iter().find(|(known, _)| known == evidence);
        known.map(|(_, text)| *text)
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// The catalogue, one kind a row.
#[must_use]
pub fn catalogue_table(catalogue: Option<&Catalogue>, locale: Locale) -> Table {
    let yes = |is: bool| match is {
        true => said!("word_yes").text(locale),
        false => String::new(),
    };
    let row = |catalogue: &Catalogue, kind: &gridfold_sync_core::directory::MatterKind| {
        let own = kind.own_deadlines();
        let text = |code: Option<&str>| code.unwrap_or_default().to_owned();
        vec![
            kind.code.to_string(),
            text(
                kind.parent
                    .as_ref()
                    .map(gridfold_sync_core::ids::KindCode::as_str),
            ),
            kind.label.zh.clone(),
            kind.label.en.clone(),
            kind.department.clone(),
            deadlines(catalogue, own.iter().map(|d| (d, &d.within)), locale),
            deadlines(
                catalogue,
                own.iter().filter_map(|d| Some((d, d.warn.as_ref()?))),
                locale,
            ),
            text(
                kind.urgency
                    .as_ref()
                    .map(gridfold_sync_core::ids::ChoiceKey::as_str),
            ),
            evidence(&kind.evidence),
            yes(kind.urgent),
            yes(kind.retired),
            yes(kind.receipt),
        ]
    };
    let rows = catalogue.map(|all| all.kinds.iter().map(|kind| row(all, kind)).collect());
    let headings = [
        said!("heading_kind_code"),
        said!("heading_kind_parent"),
        said!("heading_kind_zh"),
        said!("heading_kind_en"),
        said!("heading_kind_department"),
        said!("heading_kind_deadline"),
        said!("heading_kind_warn"),
        said!("heading_kind_urgency"),
        said!("heading_kind_evidence"),
        said!("heading_kind_urgent"),
        said!("heading_kind_retired"),
        said!("heading_kind_receipt"),
    ];
    Table::of(
        &said!("sheet_catalogue"),
        &headings,
        rows.unwrap_or_default(),
        locale,
    )
}

fn hours(all: &[Interval]) -> String {
    let parts = all
        .iter()
        .map(|interval| format!("{}-{}", interval.from, interval.to));
    parts.collect::<Vec<_>>().join(" ")
}

/// The days of a calendar that are not as their weekday says, one a row.
#[must_use]
pub fn calendar_table(calendar: &Calendar, locale: Locale) -> Table {
    let row = |date: String, kind: Said, name: Option<&Label>, times: String, source: &str| {
        let name = |pick: fn(&Label) -> &String| name.map(pick).cloned().unwrap_or_default();
        let (zh, en) = (name(|name| &name.zh), name(|name| &name.en));
        vec![date, kind.text(locale), zh, en, times, source.to_owned()]
    };
    let public = |day: &ArrangedDay| match day.works {
        true => said!("day_make_up"),
        false => said!("day_holiday"),
    };
    let mut rows = Vec::new();
    for stated in &calendar.years {
        rows.extend(stated.days.iter().map(|day| {
            let date = day.date.to_string();
            row(
                date,
                public(day),
                day.name.as_ref(),
                String::new(),
                &stated.source,
            )
        }));
    }
    rows.extend(calendar.days.iter().map(|day| {
        let kind = match day.works {
            true => said!("day_open"),
            false => said!("day_closed"),
        };
        row(
            day.date.to_string(),
            kind,
            day.name.as_ref(),
            hours(&day.hours),
            "",
        )
    }));
    let headings = [
        said!("heading_day_date"),
        said!("heading_day_kind"),
        said!("heading_day_zh"),
        said!("heading_day_en"),
        said!("heading_day_hours"),
        said!("heading_day_source"),
    ];
    Table::of(&said!("sheet_calendar"), &headings, rows, locale)
}

/// How often, as the import reads it.
fn how_often(every: &Every, locale: Locale) -> String {
    let amount = every.amount;
    match &every.unit {
        EveryUnit::Days => said!("every_days", n = amount).text(locale),
        EveryUnit::Weeks => said!("every_weeks", n = amount).text(locale),
        EveryUnit::Months => said!("every_months", n = amount).text(locale),
        EveryUnit::TimesAYear => said!("every_times_a_year", n = amount).text(locale),
        EveryUnit::Other(word) => format!("{amount} {word}"),
    }
}

/// The stops of a route as one cell.
fn route(stops: &[Stop]) -> String {
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    let parts = stops.iter().map(|stop| match stop.place() {
        Some((lat, lon)) => format!("{}@{},{}", stop.name, degrees(lat), degrees(lon)),
        None => stop.name.clone(),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Plans as the import takes them again. People are ids, since two may have one name.
#[must_use]
pub fn plan_table(plans: &[&Plan], locale: Locale) -> Table {
    let text = |of: Option<&dyn std::fmt::Display>| of.map(ToString::to_string).unwrap_or_default();
    let json = |of: Option<&Condition>| {
        of.and_then(|c| serde_json::to_string(c).ok())
            .unwrap_or_default()
    };
    let yes = |is: bool| match is {
        true => said!("word_yes").text(locale),
        false => String::new(),
    };
    let rows = plans.iter().map(|plan| {
        let person =
            |of: &Option<Person>| of.as_ref().map(|p| p.user.to_string()).unwrap_or_default();
        vec![
            plan.code.to_string(),
            plan.label.zh.clone(),
            plan.label.en.clone(),
            how_often(&plan.every, locale),
            plan.begins.to_string(),
            plan.makes.form.to_string(),
            text(plan.area.as_ref().map(|a| a as _)),
            text(plan.about.as_ref().map(|a| a as _)),
            json(plan.only.as_ref()),
            text(plan.ends.as_ref().map(|a| a as _)),
            text(plan.within_days.as_ref().map(|a| a as _)),
            plan.makes.title.clone().unwrap_or_default(),
            text(plan.makes.priority.as_ref().map(|a| a as _)),
            person(&plan.makes.doer),
            person(&plan.makes.accountable),
            text(plan.done_by.as_ref().map(|a| a as _)),
            json(plan.done_if.as_ref()),
            route(&plan.stops),
            yes(plan.ahead),
            yes(plan.retired),
        ]
    });
    let rows = rows.collect();
    let headings = [
        said!("heading_plan_code"),
        said!("heading_plan_zh"),
        said!("heading_plan_en"),
        said!("heading_plan_every"),
        said!("heading_plan_begins"),
        said!("heading_plan_form"),
        said!("heading_plan_area"),
        said!("heading_plan_about"),
        said!("heading_plan_only"),
        said!("heading_plan_ends"),
        said!("heading_plan_within_days"),
        said!("heading_plan_title"),
        said!("heading_plan_priority"),
        said!("heading_plan_doer"),
        said!("heading_plan_accountable"),
        said!("heading_plan_done_by"),
        said!("heading_plan_done_if"),
        said!("heading_plan_stops"),
        said!("heading_plan_ahead"),
        said!("heading_plan_retired"),
    ];
    Table::of(&said!("sheet_plans"), &headings, rows, locale)
}
