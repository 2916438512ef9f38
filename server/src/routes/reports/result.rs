//! The result of a report: what the views counted, by groups with names, each number with the query whose rows it counts.
//!
//! What enters: a template that fits, and who asks. What leaves: rows of numbers, beside those of the time before. What never happens here: a number of records that the caller may not read, or an order by who has most.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::schema::FieldType;
use jiff::tz::TimeZone;

use super::keys::{Keys, Slot};
use super::measure::{Measure, Needs, Number, Rows};
use super::period::{Part, Range, Unit};
use super::shape::{
    ReportCell, ReportDays, ReportGroup, ReportKey, ReportMeasure, ReportPair, ReportResult,
    ReportRow,
};
use super::template::{Checked, Group, ReportTemplate, Time, query_text, read_words};
use crate::node::Node;
use crate::problem::{Answer, Problem};
use crate::routes::Caller;
use crate::routes::records::{filter_of, read_values, say_values};
use crate::views::{Asked, By, Chosen, Counted, RecordFilter, Span};

/// Most rows of a result.
pub const MAX_REPORT_ROWS: usize = 2_000;

/// What somebody wants of a report besides its template.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) zone: TimeZone,
    pub(super) name: String,
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
    keys: Keys<'a>,
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
                        Group::Area(level) => self
                            .keys
                            .area_slot(held.as_deref().unwrap_or_default(), level.as_deref()),
                        Group::Status => self.keys.status_slot(held.clone()),
                        Group::Field(key) => self.keys.field_slot(key, held.clone()),
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
            label: self.keys.label(group, slot),
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
        let locale = self.caller.locale;
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
        keys: Keys {
            caller,
            checked: &checked,
        },
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
