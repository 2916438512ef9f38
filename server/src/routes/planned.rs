//! What plans are due for, making their tasks, and tasks that nobody owns.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::plan::{DueItem, DueOrder, Plan, Subject};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::attention::overseen;
use super::plans::{may_change, plan_of};
use super::records::{RecordRowBody, grids_of, row_body};
use super::{Api, Body, Caller, Params, Path, page_rows, read_time};
use crate::acts::plans::{GridDue, Making, Reckoned, Unowned, make, reckon};
use crate::auth::AuditScope;
use crate::problem::{Answer, Problem, ProblemBody};

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    /// Only this area and everything in it; all where the caller reads everything when left out.
    pub area: Option<String>,
    /// At which moment; now when left out. So a period that is past can be looked at.
    pub at: Option<String>,
    /// `need`, `time` or `distance`; `time` when left out.
    pub order: Option<String>,
    /// Only what is past its time.
    #[serde(default)]
    pub overdue: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct PlannedCounts {
    /// What it is about.
    pub of: u64,
    /// What is done in the period: by its task, or by a record that counts.
    pub done: u64,
    /// What is not done, and whose time has not passed.
    pub due: u64,
    /// What is not done, and whose time has passed.
    pub overdue: u64,
    /// Of both, what somebody has begun.
    pub begun: u64,
}

impl PlannedCounts {
    fn add(&mut self, grid: &GridDue) {
        self.of += grid.of;
        self.done += grid.done;
        self.due += grid.due;
        self.overdue += grid.overdue;
        self.begun += grid.begun;
    }
}

/// What a plan comes to in a grid.
#[derive(Serialize, ToSchema)]
pub struct GridPlannedBody {
    /// The grid.
    pub grid: String,
    /// Its name.
    pub grid_name: String,
    /// The counts.
    #[serde(flatten)]
    pub counts: PlannedCounts,
}

/// Something that a plan is due for.
#[derive(Serialize, ToSchema)]
pub struct PlannedItemBody {
    /// The id of its task, which is there once somebody has begun it.
    pub task_id: String,
    /// Whether the task is there.
    pub begun: bool,
    /// The record it is about; absent of a grid as a whole, or the route through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// What names that record, or the grid.
    pub title: String,
    /// The grid.
    pub grid: String,
    /// When it is due.
    pub due_at: String,
    /// Whether that has passed.
    pub overdue: bool,
    /// Who is to do it, by name; absent where nobody is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doer: Option<String>,
}

/// What a plan is due for.
#[derive(Serialize, ToSchema)]
pub struct PlannedBody {
    /// The plan.
    pub plan: String,
    /// Whether it holds at that moment; if not there is nothing.
    pub holds: bool,
    /// The first day of its period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_day: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_day: Option<String>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// Over all grids.
    pub total: PlannedCounts,
    /// By grid.
    pub grids: Vec<GridPlannedBody>,
    /// What is not done.
    pub items: Vec<PlannedItemBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

fn item_body(caller: &Caller, item: &DueItem, title: &str, at: Timestamp) -> PlannedItemBody {
    let doer = item.doer.as_ref();
    PlannedItemBody {
        task_id: item.record.to_string(),
        begun: item.made,
        record_id: match &item.subject {
            Subject::Record(record) => Some(record.to_string()),
            Subject::Grid(_) => None,
        },
        title: title.to_owned(),
        grid: item.grid.to_string(),
        due_at: item.due.to_rfc3339(),
        overdue: item.is_overdue(at),
        doer: doer.map(|doer| caller.directory.called(doer).1),
    }
}

/// Those of the grids in which the caller reads all fields: what a plan asks by may be one of the closest held.
fn readable(caller: &Caller, plan: &Plan, asked: Option<&str>) -> Answer<Vec<AreaCode>> {
    let directory = &caller.directory;
    let grids = match grids_of(caller, asked)? {
        Some(grids) => grids,
        None => directory.grids_in(plan.area.as_ref()),
    };
    let reads = |grid: &AreaCode| {
        let covered = directory.covers(plan.area.as_ref(), grid);
        covered
            && caller
                .scope_of_grid(grid)
                .is_some_and(|scope| scope.reads_all())
    };
    Ok(grids.into_iter().filter(reads).collect())
}

fn position(cursor: Option<&str>) -> Answer<usize> {
    let wrong =
        || Problem::bad_request("this is not a cursor of this list: ask for the first page");
    cursor.map_or(Ok(0), |text| text.parse().map_err(|_| wrong()))
}

fn due_body(
    caller: &Caller,
    found: Option<Reckoned>,
    plan: &Plan,
    (query, at): (&DueQuery, Timestamp),
) -> Answer<PlannedBody> {
    let mut body = PlannedBody {
        plan: plan.code.to_string(),
        holds: found.is_some(),
        from_day: None,
        until_day: None,
        due_at: None,
        total: PlannedCounts::default(),
        grids: Vec::new(),
        items: Vec::new(),
        next: None,
    };
    let order = match &query.order {
        None => DueOrder::Time,
        Some(word) => DueOrder::parse(word)
            .ok_or_else(|| Problem::bad_request("order must be need, time or distance"))?,
    };
    let (skip, limit) = (position(query.cursor.as_deref())?, page_rows(query.limit)?);
    let Some(found) = found else { return Ok(body) };
    body.from_day = Some(found.period.first.to_string());
    body.until_day = Some(found.period.last.to_string());
    body.due_at = Some(found.due.to_rfc3339());
    for (grid, counts) in &found.grids {
        body.total.add(counts);
        let mut own = PlannedCounts::default();
        own.add(counts);
        let name = caller.directory.area(grid).map(|area| area.name.clone());
        body.grids.push(GridPlannedBody {
            grid: grid.to_string(),
            grid_name: name.unwrap_or_default(),
            counts: own,
        });
    }
    let mut titles = BTreeMap::new();
    let mut items = Vec::with_capacity(found.items.len());
    for (item, title) in found.items {
        if !query.overdue || item.is_overdue(at) {
            titles.insert(item.record, title);
            items.push(item);
        }
    }
    DueItem::sort(&mut items, order);
    let shown = items.iter().skip(skip).take(limit).map(|item| {
        let title = titles.get(&item.record).map_or("", String::as_str);
        item_body(caller, item, title, at)
    });
    body.items = shown.collect();
    let end = skip.saturating_add(body.items.len());
    body.next = (end < items.len()).then(|| end.to_string());
    Ok(body)
}

/// What a plan is due for: by grid, and what is not done yet. Only grids count in which the caller reads all fields. At most 50,000 records at once: ask area by area where there are more.
#[utoipa::path(get, path = "/v1/plans/{code}/due", operation_id = "plan_due", tag = "plans", params(("code" = String, Path), DueQuery), responses(
    (status = 200, body = PlannedBody),
    (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn due(
    State(api): State<Api>,
    caller: Caller,
    Path(code): Path<String>,
    Params(query): Params<DueQuery>,
) -> Answer<Json<PlannedBody>> {
    let plan = plan_of(&caller, &code)?;
    let at = query.at.as_deref();
    let at = at.map_or(Ok(caller.now), |text| read_time(text, "at"))?;
    let grids = readable(&caller, &plan, query.area.as_deref())?;
    api.blocking(move |node| {
        let found = match plan.retired {
            true => None,
            false => reckon(node, &caller.directory, &plan, &grids, at)?,
        };
        Ok(Json(due_body(&caller, found, &plan, (&query, at))?))
    })
    .await
}

/// Which tasks to make.
#[derive(Deserialize, ToSchema)]
pub struct MakeRequest {
    /// Only in this area and everything in it; all that the caller supervises when left out.
    #[serde(default)]
    pub area: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct MadeBody {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Tasks that were made, or would be.
    pub made: usize,
    /// Tasks that were there already and are not done.
    pub there: usize,
    /// What could not be made: among the refused edits is why.
    pub left: usize,
}

/// Makes the tasks that a plan is due for now and that nobody has begun, so that they can be handed out. Of one that a phone makes meanwhile there is one. Where the plan names nobody, it is the task of the grid's worker where there is one alone; else nobody owns it yet.
#[utoipa::path(post, path = "/v1/plans/{code}/make", operation_id = "make_planned", tag = "plans", params(("code" = String, Path)), request_body = MakeRequest, responses(
    (status = 200, body = MadeBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn go(
    State(api): State<Api>,
    caller: Caller,
    Path(code): Path<String>,
    Body(given): Body<MakeRequest>,
) -> Answer<Json<MadeBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let plan = plan_of(&caller, &code)?;
    let mut grids = readable(&caller, &plan, given.area.as_deref())?;
    grids.retain(|grid| may_change(&caller, Some(grid)));
    api.blocking(move |node| {
        let by = (caller.author(), caller.now);
        let due = match plan.retired {
            true => None,
            false => reckon(node, &caller.directory, &plan, &grids, caller.now)?,
        };
        let mut made = Making::default();
        if let Some(due) = due {
            if !given.dry_run {
                caller.audit(node, "plan.make", AuditScope::of("plan", &plan.code))?;
            }
            made = make(node, &caller.directory, &due, by, given.dry_run)?;
        }
        Ok(Json(MadeBody {
            dry_run: given.dry_run,
            made: made.made,
            there: made.there,
            left: made.left,
        }))
    })
    .await
}

/// Where to look, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnownedQuery {
    /// Only this area and everything in it; all that the caller supervises when left out.
    pub area: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// Tasks that nobody owns.
#[derive(Serialize, ToSchema)]
pub struct UnownedBody {
    /// How many there are.
    pub total: u64,
    /// The tasks, what is due first first.
    pub tasks: Vec<RecordRowBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Tasks yet to be done that nobody owns: nobody is named for them, or whoever is does not work in their grid now. The alarm list of whoever hands out work.
#[utoipa::path(get, path = "/v1/unowned", operation_id = "list_unowned", tag = "plans", params(UnownedQuery), responses(
    (status = 200, body = UnownedBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn unowned(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<UnownedQuery>,
) -> Answer<Json<UnownedBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let asked = grids_of(&caller, query.area.as_deref())?;
    let (skip, limit) = (position(query.cursor.as_deref())?, page_rows(query.limit)?);
    api.blocking(move |node| {
        let mut scope = caller.visible(asked.clone());
        if let Some(grids) = overseen(&caller, asked) {
            scope.grids = Some(grids);
        }
        let found = Unowned::look(node, &caller.directory, &scope, caller.now)?;
        let rows = found.page(node, &scope, (skip, limit))?;
        let end = skip.saturating_add(rows.len());
        let more = (end as u64) < found.total && !rows.is_empty();
        Ok(Json(UnownedBody {
            total: found.total,
            tasks: rows
                .iter()
                .map(|row| row_body(&caller.directory, row))
                .collect(),
            next: more.then(|| end.to_string()),
        }))
    })
    .await
}
