//! The result of a report: what the views counted, by groups with names, each number with the query whose rows it counts.
//!
//! What enters: a template that fits, and who asks. What leaves: rows of numbers, beside those of the time before. What never happens here: a number of records that the caller may not read, or an order by who has most.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::{AreaCode, FieldKey};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::{FieldMeaning, FieldType};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measure::{Measure, Needs, Number, Rows};
use super::period::{Part, Range, Unit};
use super::template::{Checked, Group, ReportTemplate, Time, query_text, read_words};
use crate::node::Node;
use crate::problem::{Answer, Problem};
use crate::routes::Caller;
use crate::routes::records::{filter_of, read_values, say_values};
use crate::views::{Asked, By, Chosen, Counted, RecordFilter, Span};
use crate::words::said;

/// Most rows of a result.
pub const MAX_REPORT_ROWS: usize = 2_000;

/// One number.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportCell {
    /// The number; null where there is nothing to count.
    pub value: Option<f64>,
    /// Of hours: within what nine of ten are; `value` is the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// How many records are behind it.
    pub n: u64,
    /// Of a share: of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// With which `GET /v1/records` lists those records and no others; absent where no words name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The same of those that it is a share of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_query: Option<String>,
}

/// A number and that of the time before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportPair {
    /// Of the time of the report.
    pub now: ReportCell,
    /// Of the time before; absent when the template does not compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ReportCell>,
}

/// What a row is of, in one of the groups.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportKey {
    /// The area's code, the status, the choice, the first day of a part of the time; null for what has none.
    pub value: Option<String>,
    /// Its name, in the language of the request.
    pub label: String,
}

/// A row of a report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportRow {
    /// What it is of, one for each group.
    pub keys: Vec<ReportKey>,
    /// The numbers, one for each measure.
    pub cells: Vec<ReportPair>,
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportGroup {
    /// `area`, `status`, `field` or `time`.
    pub kind: String,
    /// Its name.
    pub label: String,
}

/// A measure.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportMeasure {
    /// As the template names it.
    pub key: String,
    /// Its name.
    pub label: String,
    /// `records`, `share` (0 to 1), `hours` or `points` (0 to 100).
    pub unit: String,
}

/// Days from one to another, both in it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportDays {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

/// What a report says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportResult {
    /// The name of the report.
    pub name: String,
    /// As of when.
    pub as_of: String,
    /// Its days.
    pub days: ReportDays,
    /// Those that it is held against; absent when the template does not compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_before: Option<ReportDays>,
    /// The groups.
    pub groups: Vec<ReportGroup>,
    /// The measures.
    pub measures: Vec<ReportMeasure>,
    /// The rows, in the order of the areas, of the choices, of time: never by how much there is of what.
    pub rows: Vec<ReportRow>,
    /// How many rows are left out of more than 2,000. What is told of all counts them.
    pub left_out: u64,
    /// All of it. What has several choices counts with each of them above, and once here.
    pub all: Vec<ReportPair>,
}

/// What somebody wants of a report besides its template.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) zone: TimeZone,
    pub(super) name: String,
}

/// Where a row stands in one group, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    order: u64,
    text: String,
    value: Option<String>,
}

/// The numbers of a row as they grow.
#[derive(Default)]
struct Grown {
    now: Counted,
    before: Counted,
    /// What the rows have in each group, as records hold it.
    held: Vec<BTreeSet<Option<String>>>,
}

/// What a row tells of one time.
struct Told<'a> {
    counted: &'a mut Counted,
    /// The words that list its records; none where no words do.
    words: Option<BTreeMap<String, String>>,
    span: Span,
}

/// A time of a report, with its parts where it is grouped by them.
struct Times {
    range: Range,
    span: Span,
    parts: Option<Vec<Part>>,
}

impl Times {
    fn of(range: Range, unit: Option<Unit>, zone: &TimeZone) -> Answer<Self> {
        Ok(Self {
            range,
            span: range.span(zone)?,
            parts: unit.map(|unit| range.parts(unit, zone)).transpose()?,
        })
    }

    /// The time of a row: that of its part, or all of it; none of a part that this time does not have.
    fn at(&self, checked: &Checked, slots: &[Slot]) -> Option<Span> {
        let Some(parts) = &self.parts else {
            return Some(self.span);
        };
        let groups = checked.groups.iter();
        let of_time = groups
            .zip(slots)
            .find(|(group, _)| matches!(group, Group::Parts(_)));
        let (_, slot) = of_time?;
        let part = parts.get(usize::try_from(slot.order).ok()?)?;
        Some(part.span)
    }
}

/// One run of a report.
struct Run<'a> {
    node: &'a Node,
    caller: &'a Caller,
    template: &'a ReportTemplate,
    checked: &'a Checked,
    needs: Needs,
    base: RecordFilter,
}

/// The days as a template's time has them: of records that happened, or were closed or due, or stand.
fn in_span(filter: &RecordFilter, time: Time, span: Span) -> RecordFilter {
    let mut filter = filter.clone();
    let both = (Some(span.from), Some(span.until));
    match time {
        Time::Happened => filter.happened = both,
        Time::Closed => filter.closed = both,
        Time::Due => (filter.due_from, filter.due_before) = both,
        Time::Standing => {}
    }
    filter
}

fn span_words(words: &mut BTreeMap<String, String>, time: Time, span: Span) {
    let (from, until) = match time {
        Time::Happened => ("happened_from", "happened_until"),
        Time::Closed => ("closed_from", "closed_until"),
        Time::Due => ("due_from", "due_before"),
        Time::Standing => return,
    };
    words.insert(from.to_owned(), span.from.to_rfc3339());
    words.insert(until.to_owned(), span.until.to_rfc3339());
}

impl Run<'_> {
    fn ask(&self, span: Span, by: Vec<By>) -> Asked {
        Asked {
            filter: in_span(&self.base, self.checked.time, span),
            by,
            facts: self.needs.facts.clone(),
            satisfaction: self.needs.satisfaction,
            durations: self.needs.durations.clone(),
            visited: self.needs.visited.then_some(span),
            now: self.caller.now,
        }
    }

    /// Whether each record is in one group: then all of it is what the groups are together.
    fn is_parted(&self) -> bool {
        self.checked.groups.iter().all(|group| match group {
            Group::Field(key) => self.checked.forms.iter().all(|form| {
                let field = form.field(key.as_str());
                !matches!(field.map(|f| &f.kind), Some(FieldType::ChooseMany { .. }))
            }),
            Group::Area(_) | Group::Status | Group::Parts(_) => true,
        })
    }

    /// What is counted of one time: all of it, and each of its parts.
    fn count(&self, span: Span, parts: Option<&[Part]>) -> Answer<(Counted, Vec<Vec<Counted>>)> {
        let by: Vec<By> = self.checked.groups.iter().filter_map(Group::by).collect();
        let is_parted = self.is_parted();
        let mut asked = match parts {
            None => vec![self.ask(span, by)],
            Some(parts) => parts.iter().map(|p| self.ask(p.span, by.clone())).collect(),
        };
        if !is_parted {
            asked.push(self.ask(span, Vec::new()));
        }
        let mut counted = self.node.views.report(&asked)?;
        let all = match is_parted {
            true => counted.iter().flatten().cloned().collect(),
            false => counted.pop().unwrap_or_default(),
        };
        let mut total = Counted::default();
        all.into_iter().for_each(|counted| total.add(counted));
        Ok((total, counted))
    }

    fn locale(&self) -> Locale {
        self.caller.locale
    }

    /// The area that a row of a grid is of.
    fn area_slot(&self, grid: &str, level: Option<&str>) -> Slot {
        let directory = &self.caller.directory;
        let Ok(grid) = AreaCode::new(grid) else {
            return Slot {
                order: u64::MAX,
                text: grid.to_owned(),
                value: Some(grid.to_owned()),
            };
        };
        let of_level = |code: &&AreaCode| {
            let area = directory.area(code);
            area.is_some_and(|area| Some(area.level.as_str()) == level)
        };
        let mut around = directory.upward(&grid);
        let area = around.find(of_level).unwrap_or(&grid);
        Slot {
            // Where it begins in the order of the tree.
            order: directory.interval(Some(area)).start,
            text: String::new(),
            value: Some(area.to_string()),
        }
    }

    fn status_slot(&self, status: Option<String>) -> Slot {
        let lifecycles = self
            .checked
            .forms
            .iter()
            .filter_map(|f| f.lifecycle.as_ref());
        let mut all = lifecycles.flat_map(|lifecycle| &lifecycle.statuses);
        let rank = all
            .find(|of| Some(of.key.as_str()) == status.as_deref())
            .map_or(u64::from(u32::MAX), |of| u64::from(of.rank));
        Slot {
            order: rank,
            text: status.clone().unwrap_or_default(),
            value: status,
        }
    }

    fn field_slot(&self, key: &FieldKey, value: Option<String>) -> Slot {
        let Some(value) = value else {
            return Slot {
                order: u64::MAX,
                text: String::new(),
                value: None,
            };
        };
        let at = |order: Option<usize>| order.map_or(u64::from(u32::MAX), |at| at as u64);
        let found = self.checked.field(key);
        if let Some((form, field)) = found {
            match &field.kind {
                FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices } => {
                    let place = choices.iter().position(|c| c.key.as_str() == value);
                    return Slot {
                        order: at(place),
                        text: value.clone(),
                        value: Some(value),
                    };
                }
                FieldType::Boolean => {
                    return Slot {
                        order: u64::from(value != "true"),
                        text: String::new(),
                        value: Some(value),
                    };
                }
                _ => {}
            }
            let is_kind = form
                .field_for(FieldMeaning::Kind)
                .is_some_and(|f| f.key == *key);
            let catalogue = self.caller.directory.catalogue();
            // The same kind, whether its code or a name of it was written.
            if let (true, Some(catalogue)) = (is_kind, catalogue)
                && let Some(kind) = catalogue.find(&value)
            {
                let place = catalogue.kinds.iter().position(|k| k.code == kind.code);
                return Slot {
                    order: at(place),
                    text: String::new(),
                    value: Some(kind.code.to_string()),
                };
            }
        }
        Slot {
            order: u64::from(u32::MAX),
            text: value.clone(),
            value: Some(value),
        }
    }

    fn label(&self, group: &Group, slot: &Slot) -> String {
        let locale = self.locale();
        let Some(value) = &slot.value else {
            return said!("report_none").text(locale);
        };
        let forms = &self.checked.forms;
        match group {
            Group::Area(_) => {
                let area = AreaCode::new(value).ok();
                let area = area.and_then(|code| self.caller.directory.area(&code).cloned());
                area.map_or_else(|| value.clone(), |area| area.name)
            }
            Group::Status => {
                let lifecycles = forms.iter().filter_map(|form| form.lifecycle.as_ref());
                let mut all = lifecycles.flat_map(|lifecycle| &lifecycle.statuses);
                let status = all.find(|status| status.key.as_str() == value);
                status.map_or_else(|| value.clone(), |s| locale.pick(&s.label).to_owned())
            }
            Group::Parts(_) => value.clone(),
            Group::Field(key) => match self.checked.field(key).map(|(_, field)| &field.kind) {
                Some(FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices }) => {
                    let choice = choices.iter().find(|choice| choice.key.as_str() == value);
                    choice.map_or_else(|| value.clone(), |c| locale.pick(&c.label).to_owned())
                }
                Some(FieldType::Boolean) => match value.as_str() {
                    "true" => said!("word_yes").text(locale),
                    _ => said!("word_no").text(locale),
                },
                _ => match self.caller.directory.catalogue() {
                    Some(catalogue) => catalogue.shown(value, locale).to_owned(),
                    None => value.clone(),
                },
            },
        }
    }

    /// Puts what was counted into rows.
    fn take(
        &self,
        rows: &mut BTreeMap<Vec<Slot>, Grown>,
        counted: Vec<Vec<Counted>>,
        parts: Option<&[Part]>,
        of: fn(&mut Grown) -> &mut Counted,
    ) {
        for (at, counted) in counted.into_iter().enumerate() {
            for mut counted in counted.into_iter().filter(|counted| counted.n > 0) {
                let held = std::mem::take(&mut counted.key);
                let mut key = held.iter();
                let mut slots = Vec::with_capacity(self.checked.groups.len());
                let mut all_held = Vec::with_capacity(slots.capacity());
                for group in &self.checked.groups {
                    if matches!(group, Group::Parts(_)) {
                        let day = parts.and_then(|parts| parts.get(at));
                        slots.push(Slot {
                            order: at as u64,
                            text: String::new(),
                            value: day.map(|part| part.range.from.to_string()),
                        });
                        all_held.push(None);
                        continue;
                    }
                    let held = key.next().cloned().flatten();
                    slots.push(match group {
                        Group::Area(level) => {
                            self.area_slot(held.as_deref().unwrap_or_default(), level.as_deref())
                        }
                        Group::Status => self.status_slot(held.clone()),
                        Group::Field(key) => self.field_slot(key, held.clone()),
                        Group::Parts(_) => continue,
                    });
                    all_held.push(held);
                }
                let row = rows.entry(slots).or_default();
                row.held.resize(all_held.len(), BTreeSet::new());
                for (known, held) in row.held.iter_mut().zip(all_held) {
                    known.insert(held);
                }
                of(row).add(counted);
            }
        }
    }

    /// The words that list the records of a row; none where no words do.
    fn words(
        &self,
        slots: &[Slot],
        held: &[BTreeSet<Option<String>>],
        span: Span,
    ) -> Option<BTreeMap<String, String>> {
        let mut words = self.template.records.clone();
        span_words(&mut words, self.checked.time, span);
        let mut chosen: Vec<Chosen> = match words.get("values") {
            Some(text) => read_values(text).ok()?,
            None => Vec::new(),
        };
        for ((group, slot), held) in self.checked.groups.iter().zip(slots).zip(held) {
            match group {
                Group::Parts(_) => {}
                Group::Status => {
                    words.insert("status".to_owned(), slot.value.clone()?);
                }
                Group::Field(field) => chosen.push(Chosen {
                    field: field.clone(),
                    values: held.iter().flatten().cloned().collect(),
                }),
                Group::Area(_) => {
                    let area = AreaCode::new(slot.value.as_deref()?).ok()?;
                    let within = words.get("area").and_then(|code| AreaCode::new(code).ok());
                    let directory = &self.caller.directory;
                    // A row of a larger area than the report is of counts the smaller one.
                    if within.is_none_or(|within| directory.lies_in(&area, &within)) {
                        words.insert("area".to_owned(), area.to_string());
                    }
                }
            }
        }
        if !chosen.is_empty() {
            words.insert("values".to_owned(), say_values(&chosen));
        }
        Some(words)
    }

    fn query(&self, words: &BTreeMap<String, String>, rows: Rows, span: Span) -> String {
        let mut words = words.clone();
        match rows {
            Rows::All => {}
            Rows::Fact(fact) => {
                words.insert("counts_as".to_owned(), fact.name().to_owned());
                words.insert("as_of".to_owned(), self.caller.now.to_rfc3339());
            }
            Rows::Visited => {
                words.insert("visited_from".to_owned(), span.from.to_rfc3339());
                words.insert("visited_until".to_owned(), span.until.to_rfc3339());
            }
        }
        query_text(&words)
    }

    fn cell(&self, measure: Measure, told: &mut Told<'_>) -> ReportCell {
        let Number { value, most, n, of } = self.needs.number(measure, told.counted);
        let (rows, all) = measure.rows();
        let (words, span) = (told.words.as_ref(), told.span);
        ReportCell {
            value,
            most,
            n,
            of,
            query: words.map(|words| self.query(words, rows, span)),
            of_query: words
                .zip(all)
                .map(|(words, all)| self.query(words, all, span)),
        }
    }

    fn cells(&self, mut now: Told<'_>, mut before: Option<Told<'_>>) -> Vec<ReportPair> {
        let pair = |measure: &Measure| ReportPair {
            now: self.cell(*measure, &mut now),
            before: before.as_mut().map(|told| self.cell(*measure, told)),
        };
        self.checked.measures.iter().map(pair).collect()
    }
}

fn days(range: Range) -> Answer<ReportDays> {
    Ok(ReportDays {
        from: range.from.to_string(),
        to: range.last()?.to_string(),
    })
}

/// The unit that a report's time is parted by.
fn unit_of(checked: &Checked) -> Option<Unit> {
    checked.groups.iter().find_map(|group| match group {
        Group::Parts(unit) => Some(*unit),
        Group::Area(_) | Group::Status | Group::Field(_) => None,
    })
}

impl Run<'_> {
    /// The rows as they were counted, and all of it, now and before.
    fn rows(&self, now: &Times, before: &Times) -> Answer<(BTreeMap<Vec<Slot>, Grown>, Grown)> {
        let mut rows: BTreeMap<Vec<Slot>, Grown> = BTreeMap::new();
        // Of a time by parts each is shown, also one in which there was nothing.
        if let (Some(parts), 1) = (&now.parts, self.checked.groups.len()) {
            for (at, part) in parts.iter().enumerate() {
                let slot = Slot {
                    order: at as u64,
                    text: String::new(),
                    value: Some(part.range.from.to_string()),
                };
                rows.entry(vec![slot]).or_default();
            }
        }
        let mut all = Grown::default();
        let parts = now.parts.as_deref();
        let (total, counted) = self.count(now.span, parts)?;
        all.now = total;
        self.take(&mut rows, counted, parts, |row| &mut row.now);
        if self.template.compare {
            // Parts stand beside those of the same place in the time before, under the names of the present ones; of a time before that has more, all of it still counts them.
            let (total, mut counted) = self.count(before.span, before.parts.as_deref())?;
            counted.truncate(parts.map_or(counted.len(), <[Part]>::len));
            all.before = total;
            self.take(&mut rows, counted, parts, |row| &mut row.before);
        }
        if self.checked.groups.is_empty() {
            rows.clear();
        }
        Ok((rows, all))
    }

    fn row(&self, slots: &[Slot], mut grown: Grown, now: &Times, before: &Times) -> ReportRow {
        let here = now.at(self.checked, slots).unwrap_or(now.span);
        let there = before.at(self.checked, slots);
        grown.held.resize(slots.len(), BTreeSet::new());
        let told = Told {
            words: self.words(slots, &grown.held, here),
            counted: &mut grown.now,
            span: here,
        };
        let there = there.filter(|_| self.template.compare);
        let told_before = there.map(|span| Told {
            words: self.words(slots, &grown.held, span),
            counted: &mut grown.before,
            span,
        });
        let groups = self.checked.groups.iter();
        let keys = groups.zip(slots).map(|(group, slot)| ReportKey {
            value: slot.value.clone(),
            label: self.label(group, slot),
        });
        ReportRow {
            keys: keys.collect(),
            cells: self.cells(told, told_before),
        }
    }

    fn all(&self, all: &mut Grown, now: &Times, before: &Times) -> Vec<ReportPair> {
        let told = Told {
            words: self.words(&[], &[], now.span),
            counted: &mut all.now,
            span: now.span,
        };
        let told_before = self.template.compare.then(|| Told {
            words: self.words(&[], &[], before.span),
            counted: &mut all.before,
            span: before.span,
        });
        self.cells(told, told_before)
    }

    fn headings(&self) -> (Vec<ReportGroup>, Vec<ReportMeasure>) {
        let locale = self.locale();
        let groups = self.checked.groups.iter().map(|group| ReportGroup {
            kind: group.kind().to_owned(),
            label: self.checked.heading(group, locale),
        });
        let measures = self.checked.measures.iter().map(|measure| ReportMeasure {
            key: measure.name().to_owned(),
            label: measure.label(locale),
            unit: measure.unit().name().to_owned(),
        });
        (groups.collect(), measures.collect())
    }
}

/// Runs a report for a caller: what they may read, counted.
pub(super) fn run(
    node: &Node,
    caller: &Caller,
    template: &ReportTemplate,
    wanted: Wanted,
) -> Answer<ReportResult> {
    let checked = template.check(&caller.directory)?;
    let base = filter_of(caller, &read_words(&template.records)?)?;
    checked.may_read(&base.scope.classes)?;
    let now = jiff::Timestamp::from_millisecond(caller.now.millis())
        .map_err(|e| Problem::internal(&e))?;
    let today = now.to_zoned(wanted.zone.clone()).date();
    let (range, range_before) = template.period.ranges(today)?;
    let unit = unit_of(&checked);
    let now = Times::of(range, unit, &wanted.zone)?;
    let before = Times::of(range_before, unit, &wanted.zone)?;
    let run = Run {
        node,
        caller,
        template,
        checked: &checked,
        needs: Needs::of(&checked.measures),
        base,
    };
    let (rows, mut all) = run.rows(&now, &before)?;
    let left_out = rows.len().saturating_sub(MAX_REPORT_ROWS) as u64;
    let (groups, measures) = run.headings();
    let is_compared = template.compare;
    Ok(ReportResult {
        name: wanted.name,
        as_of: caller.now.to_rfc3339(),
        days: days(now.range)?,
        days_before: is_compared.then(|| days(before.range)).transpose()?,
        groups,
        measures,
        rows: rows
            .into_iter()
            .take(MAX_REPORT_ROWS)
            .map(|(slots, grown)| run.row(&slots, grown, &now, &before))
            .collect(),
        left_out,
        all: run.all(&mut all, &now, &before),
    })
}
