//! What plans are due for: reckoned from what is held here whenever it is asked, so that nothing has to be made before
//! somebody begins it.
//!
//! What enters: plans of the directory, rows, and of the records that plans are about what their fields say. What leaves:
//! what is due, and the task of one of it once it is begun. What never happens here: a record made because time passed.

use gridfold_sync_core::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::calendar::Day;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId};
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::plan::{
    DueItem, Ground, Occurrence, Period, Person, Plan, Subject, distance_m, reference_to,
};
use gridfold_sync_core::schema::FieldMeaning;
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::due_facts::Told;
use crate::shell::rows::Row;
use crate::shell::state::{Bearings, HeldDirectory, State};
use crate::shell::store::Rx;
use crate::shell::summary::with_view;
use crate::shell::writing::Write;
use crate::types::{Beginning, DueQuery, DueTask, Page};

/// Items of a page when the query names no limit.
const DEFAULT_LIMIT: usize = 50;
/// Most items of a page.
const MAX_LIMIT: usize = 1_000;
/// A record that was written to so long before a period tells of nothing that happened in it, however its clock was set.
const SLACK_MS: i64 = 2 * 86_400_000;

/// A plan with its period of the day.
struct Now {
    at: usize,
    plan: Arc<Plan>,
    period: Period,
    due: Timestamp,
    span: (Timestamp, Timestamp),
    rank: u32,
}

/// The plans that hold on a day, each with its place among all.
fn plans_on(directory: &Directory, day: Day) -> Vec<Now> {
    let calendar = directory.working_calendar();
    let zone = &calendar.time_zone;
    let all = directory.plans().enumerate();
    let held = all.filter(|(_, plan)| !plan.retired);
    held.filter_map(|(at, plan)| {
        let period = plan.period(day)?;
        let form = directory.forms().latest(&plan.makes.form);
        let priority = plan.makes.priority.as_ref();
        Some(Now {
            at,
            plan: Arc::clone(plan),
            period,
            due: plan.due(&period, zone),
            span: plan.span(&period, zone),
            rank: form
                .zip(priority)
                .map_or(0, |(form, priority)| form.rank_of(priority)),
        })
    })
    .collect()
}

/// Reads what the fields of a record tell the plans.
fn told(
    bearings: &Bearings,
    directory: &Directory,
    record: &RecordId,
    rx: &Rx<'_>,
    shell: &Shell,
) -> Result<Told, ClientError> {
    let Some(row) = shell.record_row(rx, record)? else {
        return Ok(Told::default());
    };
    Ok(with_view(bearings, record, &row, |view| {
        let fields = view.fields();
        let mut told = Told {
            place: view.location(),
            happened: match view.said(FieldMeaning::Happened) {
                Some(Value::DateTime(at)) => Some(*at),
                _ => Some(row.row.captured),
            },
            ..Told::default()
        };
        for (at, plan) in directory.plans().enumerate() {
            let form = &view.form.code;
            if plan.about.as_ref() == Some(form) && plan.is_about(&fields) {
                told.about.insert(at);
            }
            if plan.done_by.as_ref() == Some(form)
                && let Some(about) = &plan.about
                && let Some(Value::Reference(of)) =
                    reference_to(view.form, about).and_then(|field| view.value(field))
                && plan.is_done_by(&fields)
            {
                told.counts.push((at, *of));
            }
        }
        told
    }))
}

/// Reads what is not read yet of the records that plans ask about.
fn read_facts(shell: &Shell, plans: &[Now]) -> Result<(), ClientError> {
    let subjects: BTreeSet<&FormCode> = plans
        .iter()
        .filter_map(|n| n.plan.about.as_ref())
        .gathered();
    let mut counted: BTreeMap<&FormCode, Timestamp> = BTreeMap::new();
    for now in plans {
        if let Some(form) = &now.plan.done_by {
            let from = now.span.0.plus_millis(-SLACK_MS);
            let earliest = counted.entry(form).or_insert(from);
            *earliest = from.min(*earliest);
        }
    }
    let asks = |row: &Row| {
        let counts = counted
            .get(&row.form)
            .is_some_and(|from| row.updated >= *from);
        !row.deleted && (subjects.contains(&row.form) || counts)
    };
    let (fresh, turn) = shell.read_settled(|rx, state| {
        let Some(held) = &state.bearings.held else {
            return Ok((Vec::new(), state.due.turn));
        };
        let rows = state.rows.iter();
        let lacking = rows.filter(|(record, row)| asks(row) && !state.due.of.contains_key(*record));
        let read = lacking.map(|(record, _)| {
            let told = told(&state.bearings, &held.directory, record, rx, shell)?;
            Ok((*record, told))
        });
        let read = read.collect::<Result<Vec<(RecordId, Told)>, ClientError>>()?;
        Ok((read, state.due.turn))
    })?;
    if !fresh.is_empty() {
        let mut state = shell.state.write();
        if state.due.turn == turn {
            state.due.of.extend(fresh);
        }
    }
    Ok(())
}

/// What somebody saw to a record last, as far as rows tell.
fn seen_to<'a>(state: &'a State, plans: &[Now]) -> BTreeMap<(&'a FormCode, RecordId), Timestamp> {
    let counted: BTreeSet<&FormCode> = plans
        .iter()
        .filter_map(|n| n.plan.done_by.as_ref())
        .gathered();
    let mut last: BTreeMap<(&FormCode, RecordId), Timestamp> = BTreeMap::new();
    for row in state.rows.values() {
        if row.deleted || !counted.contains(&row.form) {
            continue;
        }
        let about = row.work.as_ref().and_then(|work| work.about);
        if let Some(of) = row.household.or(about) {
            let seen = last.entry((&row.form, of)).or_insert(row.captured);
            *seen = row.captured.max(*seen);
        }
    }
    last
}

/// Whether a task is done, given up or taken out: nothing is due for it any more.
fn is_settled(row: &Row) -> bool {
    let stage = row.work.as_ref().and_then(|work| work.stage);
    row.deleted || stage != Some(Stage::Open)
}

/// Everything that is due.
fn items(state: &State, held: &HeldDirectory, plans: &[Now], query: &DueQuery) -> Vec<DueItem> {
    let directory = &held.directory;
    let mut done: BTreeSet<(usize, RecordId)> = BTreeSet::new();
    let spans: BTreeMap<usize, (Timestamp, Timestamp)> =
        plans.iter().map(|now| (now.at, now.span)).gathered();
    for (record, told) in &state.due.of {
        let is_there = state.rows.get(record).is_some_and(|row| !row.deleted);
        for (plan, of) in told.counts.iter().filter(|_| is_there) {
            let within = spans.get(plan).zip(told.happened);
            if within.is_some_and(|((from, until), at)| *from <= at && at < *until) {
                done.insert((*plan, *of));
            }
        }
    }
    let last = seen_to(state, plans);
    let grids: BTreeSet<AreaCode> = held
        .grids()
        .into_iter()
        .filter(|grid| directory.retired_around(grid).is_none())
        .filter(|grid| held.roles(grid).iter().any(|role| role.may_write()))
        .gathered();
    let mut out = Vec::new();
    for now in plans {
        let plan = &now.plan;
        let covered: BTreeSet<&AreaCode> = grids
            .iter()
            .filter(|grid| directory.covers(plan.area.as_ref(), grid))
            .filter(|grid| query.grid.as_ref().is_none_or(|asked| asked == *grid))
            .gathered();
        let mut add =
            |subject: Subject, grid: &AreaCode, place: Option<Ground>, seen: Option<Timestamp>| {
                let occurrence = Occurrence {
                    plan: plan.as_ref(),
                    period: now.period,
                    subject,
                };
                let record = occurrence.record();
                let task = state.rows.get(&record);
                if task.is_some_and(is_settled) {
                    return;
                }
                let named = plan.makes.doer.as_ref().map(|doer| doer.user.to_string());
                let written = task.and_then(|row| row.work.as_ref()?.doer.clone());
                out.push(DueItem {
                    record,
                    made: task.is_some(),
                    plan: plan.code.clone(),
                    period: now.period,
                    subject: occurrence.subject,
                    grid: grid.clone(),
                    due: task
                        .and_then(|row| row.work.as_ref()?.due)
                        .unwrap_or(now.due),
                    rank: now.rank,
                    last: seen,
                    place,
                    distance_m: query.from.zip(place).map(|(from, to)| distance_m(from, to)),
                    doer: match task {
                        Some(_) => written,
                        None => named,
                    },
                });
            };
        let Some(about) = &plan.about else {
            let first = plan.stops.iter().find_map(|stop| stop.place());
            for grid in covered {
                add(Subject::Grid(grid.clone()), grid, first, None);
            }
            continue;
        };
        for (record, told) in &state.due.of {
            if !told.about.contains(&now.at) || done.contains(&(now.at, *record)) {
                continue;
            }
            let Some(row) = state.rows.get(record) else {
                continue;
            };
            if row.deleted || row.form != *about || !covered.contains(&row.grid) {
                continue;
            }
            let counted = plan.done_by.as_ref();
            let seen = counted.and_then(|form| last.get(&(form, *record)).copied());
            add(Subject::Record(*record), &row.grid, told.place, seen);
        }
    }
    out
}

impl Shell {
    /// The moment by the server's clock as far as it is known, and the day that the organisation's clocks show then.
    fn today(&self, bearings: &Bearings) -> (Timestamp, Option<Day>) {
        let now = self.platform.now();
        let now = now.plus_millis(bearings.sync.clock_skew_ms);
        let held = bearings.held.as_deref();
        let calendar = held.map(|held| held.directory.working_calendar());
        (now, calendar.and_then(|c| c.time_zone.day(now)))
    }

    pub(crate) fn due(&self, query: &DueQuery) -> Result<Page<DueTask>, ClientError> {
        let nothing = Page {
            items: Vec::new(),
            next: None,
            total: 0,
        };
        let (now, held, plans) = {
            let state = self.state.read();
            let (now, day) = self.today(&state.bearings);
            let (Some(held), Some(day)) = (state.bearings.held.clone(), day) else {
                return Ok(nothing);
            };
            let mut plans = plans_on(&held.directory, day);
            plans.retain(|now| {
                query
                    .plan
                    .as_ref()
                    .is_none_or(|code| now.plan.code == *code)
            });
            (now, held, plans)
        };
        read_facts(self, &plans)?;
        let state = self.state.read();
        let mut found = items(&state, &held, &plans, query);
        let me = held.directory.meant_by(&held.scope.user.to_string());
        found.retain(|item| {
            let mine = item.doer.as_ref().is_none_or(|doer| me.contains(doer));
            (!query.mine || mine) && (!query.overdue || item.is_overdue(now))
        });
        DueItem::sort(&mut found, query.order);
        let skip = query.after.as_deref().and_then(|after| after.parse().ok());
        let skip: usize = skip.unwrap_or(0);
        let limit = match query.limit as usize {
            0 => DEFAULT_LIMIT,
            n => n.min(MAX_LIMIT),
        };
        let total = found.len();
        let end = skip.saturating_add(limit).min(total);
        let page = found.into_iter().skip(skip).take(limit);
        let items = page.filter_map(|item| {
            let plan = held.directory.plan(&item.plan)?;
            let title = match &item.subject {
                Subject::Record(record) => state.rows.get(record)?.title.clone(),
                Subject::Grid(grid) => held.directory.area(grid)?.name.clone(),
            };
            Some(DueTask {
                label: plan.label.clone(),
                title,
                priority: plan.makes.priority.clone(),
                overdue: item.is_overdue(now),
                item,
            })
        });
        Ok(Page {
            items: items.collect(),
            next: (end < total).then(|| end.to_string()),
            total: total as u64,
        })
    }

    pub(crate) fn begin_due(&self, of: &Beginning) -> Result<RecordId, ClientError> {
        let (held, plan, day) = {
            let state = self.state.read();
            let (_, day) = self.today(&state.bearings);
            let held = state.bearings.held.clone();
            let held = held.ok_or(ClientError::SignInRequired)?;
            let plan = held.directory.plan(&of.plan).filter(|plan| !plan.retired);
            let plan = plan.cloned().ok_or(ClientError::NotFound)?;
            // A period is named by its first day, on which the plan may not hold yet.
            let named = of.period.map(|named| named.max(plan.begins));
            (held, plan, named.or(day))
        };
        let period = day.and_then(|day| plan.period(day));
        let period = period.ok_or(ClientError::NotFound)?;
        let (subject, grid) = match (&plan.about, of.record, &of.grid) {
            (Some(about), Some(record), _) => {
                let state = self.state.read();
                let row = state.rows.get(&record).filter(|row| row.form == *about);
                let row = row
                    .filter(|row| !row.deleted)
                    .ok_or(ClientError::NotFound)?;
                (Subject::Record(record), row.grid.clone())
            }
            (None, _, Some(grid)) => (Subject::Grid(grid.clone()), grid.clone()),
            _ => return Err(ClientError::NotFound),
        };
        let directory = &held.directory;
        if !directory.is_grid(&grid) || !directory.covers(plan.area.as_ref(), &grid) {
            return Err(ClientError::NotFound);
        }
        let form = held.form(&plan.makes.form).ok_or(ClientError::NotFound)?;
        let calendar = directory.working_calendar();
        let me = Person {
            user: held.scope.user,
            name: held.user_name(held.scope.user).unwrap_or_default(),
        };
        let occurrence = Occurrence {
            plan: &plan,
            period,
            subject,
        };
        let ops = occurrence.ops(form, &calendar.time_zone, Some(&me));
        let record = occurrence.record();
        self.commit_change(|batch| {
            // Somebody began it before.
            if batch.record(&record)?.is_some() {
                return Ok(record);
            }
            let write = Write {
                record: &record,
                grid: &grid,
                form: &form.code,
                ops: &ops,
                begun_at: None,
            };
            batch.write_edit(write, Some(form.version))?;
            Ok(record)
        })
    }
}
