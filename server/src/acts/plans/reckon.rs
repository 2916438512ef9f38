//! What a plan is due for at a time: the same rule by which phones reckon it, over the views.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{AreaCode, RecordId};
use gridfold_sync_core::plan::{DueItem, Occurrence, Period, Plan, Subject, reference_to};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;

use crate::node::Node;
use crate::problem::{Answer, Problem};
use crate::views::PlannedRow;
use crate::words::said;

/// Most records that one answer is reckoned over: more is asked area by area.
pub(crate) const MAX_PLANNED: usize = 50_000;

/// What a plan comes to in a grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct GridDue {
    /// What it is about.
    pub(crate) of: u64,
    /// What is done in the period.
    pub(crate) done: u64,
    /// What is not done, and whose time has not passed.
    pub(crate) due: u64,
    /// What is not done, and whose time has passed.
    pub(crate) overdue: u64,
    /// Of both, what somebody has begun.
    pub(crate) begun: u64,
}

/// What a plan is due for.
#[derive(Debug)]
pub(crate) struct Reckoned {
    pub(crate) plan: Arc<Plan>,
    pub(crate) period: Period,
    /// When what was not begun is due.
    pub(crate) due: Timestamp,
    pub(crate) grids: BTreeMap<AreaCode, GridDue>,
    /// What is not done, each with what names it.
    pub(crate) items: Vec<(DueItem, String)>,
}

/// The records that count as done in the period.
fn counted(
    node: &Node,
    directory: &Directory,
    plan: &Plan,
    grids: &[AreaCode],
    span: (Timestamp, Timestamp),
) -> Answer<BTreeSet<RecordId>> {
    let mut done = BTreeSet::new();
    let (Some(form), Some(about)) = (&plan.done_by, &plan.about) else {
        return Ok(done);
    };
    let Some(form) = directory.forms().latest(form) else {
        return Ok(done);
    };
    let Some(field) = reference_to(form, about) else {
        return Ok(done);
    };
    let most = MAX_PLANNED * 4;
    for row in few(
        node.views
            .planned(&form.code, grids, Some(span), true, most)?,
        most,
    )? {
        let view = view_of(form, &row);
        if let Some(Value::Reference(of)) = view.value(field)
            && (plan.done_if.is_none() || plan.is_done_by(&view.fields()))
        {
            done.insert(*of);
        }
    }
    Ok(done)
}

fn view_of<'a>(form: &'a Form, row: &'a PlannedRow) -> RecordView<'a> {
    RecordView {
        record: row.record,
        form,
        parts: row
            .parts
            .iter()
            .map(|(class, part)| (*class, part))
            .collect(),
    }
}

fn few(rows: Vec<PlannedRow>, most: usize) -> Answer<Vec<PlannedRow>> {
    if rows.len() > most {
        return Err(Problem::bad_request_in(said!(
            "plan_area_too_large",
            most = most
        )));
    }
    Ok(rows)
}

/// What a plan is about in these grids: the subject, its grid, what names it, and where it is.
type About = (Subject, AreaCode, String, Option<(i32, i32)>);

fn subjects(
    node: &Node,
    directory: &Directory,
    plan: &Plan,
    grids: &[AreaCode],
) -> Answer<Vec<About>> {
    let Some(about) = &plan.about else {
        let place = plan.stops.iter().find_map(|stop| stop.place());
        let named = grids.iter().filter_map(|grid| {
            let name = directory.area(grid)?.name.clone();
            Some((Subject::Grid(grid.clone()), grid.clone(), name, place))
        });
        return Ok(named.collect());
    };
    let Some(form) = directory.forms().latest(about) else {
        return Ok(Vec::new());
    };
    let asks = plan.only.is_some();
    let rows = few(
        node.views.planned(about, grids, None, asks, MAX_PLANNED)?,
        MAX_PLANNED,
    )?;
    let meant = rows
        .into_iter()
        .filter(|row| !asks || plan.is_about(&view_of(form, row).fields()));
    Ok(meant
        .map(|row| (Subject::Record(row.record), row.grid, row.title, row.place))
        .collect())
}

/// Reckons what a plan is due for at a moment in those of the grids where it holds; none when it does not hold then.
///
/// # Errors
/// When there is more than [`MAX_PLANNED`], or the views cannot be read.
pub(crate) fn reckon(
    node: &Node,
    directory: &Directory,
    plan: &Arc<Plan>,
    grids: &[AreaCode],
    at: Timestamp,
) -> Answer<Option<Reckoned>> {
    let calendar = directory.working_calendar();
    let zone = &calendar.time_zone;
    let Some(period) = zone.day(at).and_then(|day| plan.period(day)) else {
        return Ok(None);
    };
    let grids: Vec<AreaCode> = grids
        .iter()
        .filter(|grid| directory.covers(plan.area.as_ref(), grid))
        .filter(|grid| directory.retired_around(grid).is_none())
        .cloned()
        .collect();
    let due = plan.due(&period, zone);
    let done = counted(node, directory, plan, &grids, plan.span(&period, zone))?;
    let about = subjects(node, directory, plan, &grids)?;
    let id_of = |subject: &Subject| {
        let subject = subject.clone();
        Occurrence {
            plan: plan.as_ref(),
            period,
            subject,
        }
        .record()
    };
    let ids: Vec<RecordId> = about.iter().map(|(subject, ..)| id_of(subject)).collect();
    let tasks = node.views.planned_tasks(ids.iter().copied())?;
    let form = directory.forms().latest(&plan.makes.form);
    let priority = plan.makes.priority.as_ref();
    let rank = form
        .zip(priority)
        .map_or(0, |(form, key)| form.rank_of(key));
    let mut out = Reckoned {
        plan: Arc::clone(plan),
        period,
        due,
        grids: BTreeMap::new(),
        items: Vec::new(),
    };
    let named = plan.makes.doer.as_ref().map(|doer| doer.user.to_string());
    for ((subject, grid, title, place), record) in about.into_iter().zip(ids) {
        let counts = out.grids.entry(grid.clone()).or_default();
        counts.of += 1;
        let task = tasks.get(&record);
        let is_counted = match &subject {
            Subject::Record(of) => done.contains(of),
            Subject::Grid(_) => false,
        };
        if is_counted || task.is_some_and(|task| !task.open) {
            counts.done += 1;
            continue;
        }
        let item = DueItem {
            record,
            made: task.is_some(),
            plan: plan.code.clone(),
            period,
            subject,
            grid,
            due: task.and_then(|task| task.due).unwrap_or(due),
            rank,
            last: None,
            place,
            distance_m: None,
            doer: match task {
                Some(task) => task.doer.clone(),
                None => named.clone(),
            },
        };
        counts.begun += u64::from(item.made);
        match item.is_overdue(at) {
            true => counts.overdue += 1,
            false => counts.due += 1,
        }
        out.items.push((item, title));
    }
    Ok(Some(out))
}
