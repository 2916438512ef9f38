//! What plans are due for.

use gridfold_sync_core::ids::PlanCode;
use gridfold_sync_core::plan::{DueOrder as Order, Subject};
use gridfold_sync_core::time::Timestamp;

use crate::ffi::client::Client;
use crate::ffi::convert::{self, malformed};
use crate::ffi::error::ClientError;
use crate::types as inner;

/// In which order what is due is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum DueOrder {
    /// The most urgent first; among them who waits longest.
    Need,
    /// What is due first first.
    Time,
    /// The nearest first; what has no place comes last.
    Distance,
}

/// What of that which is due to list; with nothing set, all of it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DueQuery {
    /// Only of this plan.
    #[uniffi(default = None)]
    pub plan: Option<String>,
    /// Only in this grid.
    #[uniffi(default = None)]
    pub grid: Option<String>,
    /// Only what is this user's to do, or nobody's yet.
    #[uniffi(default = false)]
    pub mine: bool,
    /// Only what is past its time.
    #[uniffi(default = false)]
    pub overdue: bool,
    /// The latitude of where whoever asks is, in degrees.
    #[uniffi(default = None)]
    pub latitude: Option<f64>,
    /// The longitude.
    #[uniffi(default = None)]
    pub longitude: Option<f64>,
    /// The order; by need when left out.
    #[uniffi(default = None)]
    pub order: Option<DueOrder>,
    /// Most items of a page, at most 1,000; 0 means 50.
    #[uniffi(default = 0)]
    pub limit: u32,
    /// The page after this cursor, from the page before.
    #[uniffi(default = None)]
    pub after: Option<String>,
}

/// Something that a plan is due for.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DueTask {
    /// The id of its task, which is there once somebody has begun it.
    pub task_id: String,
    /// Whether the task is there.
    pub begun: bool,
    /// The code of the plan.
    pub plan: String,
    /// The plan's name for people.
    pub label: String,
    /// The record it is about; none of a grid as a whole, or the route through it.
    pub record_id: Option<String>,
    /// What names that record, or the grid.
    pub title: String,
    /// The grid.
    pub grid: String,
    /// The first day of its period, such as `2026-12-01`.
    pub from_day: String,
    /// The last day of its period.
    pub until_day: String,
    /// When it is due, in milliseconds since 1970 (UTC).
    pub due_at_ms: i64,
    /// Whether that has passed.
    pub overdue: bool,
    /// How urgent it is: a choice of the field that means `priority`, where the plan says.
    pub priority: Option<String>,
    /// When the record was last seen to, as far as is known here.
    pub last_at_ms: Option<i64>,
    /// Where it is, in degrees.
    pub latitude: Option<f64>,
    /// The longitude.
    pub longitude: Option<f64>,
    /// How far that is from where was asked, in metres.
    pub distance_m: Option<u32>,
    /// Who is to do it: the id of a person, or a name.
    pub doer: Option<String>,
}

/// One page of what is due.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DuePage {
    /// What is on it.
    pub items: Vec<DueTask>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
    /// How much there is on all pages.
    pub total: u64,
}

fn plan(code: &str) -> Result<PlanCode, crate::error::ClientError> {
    PlanCode::new(code).map_err(|_| malformed("plan"))
}

fn query_in(query: &DueQuery) -> Result<inner::DueQuery, crate::error::ClientError> {
    let from = match (query.latitude, query.longitude) {
        (Some(latitude), Some(longitude)) => {
            Some(convert::ground(latitude, longitude).ok_or_else(|| malformed("latitude"))?)
        }
        (None, None) => None,
        _ => return Err(malformed("longitude")),
    };
    Ok(inner::DueQuery {
        plan: query.plan.as_deref().map(plan).transpose()?,
        grid: query.grid.as_deref().map(convert::area).transpose()?,
        mine: query.mine,
        overdue: query.overdue,
        from,
        order: match query.order {
            Some(DueOrder::Need) | None => Order::Need,
            Some(DueOrder::Time) => Order::Time,
            Some(DueOrder::Distance) => Order::Distance,
        },
        limit: query.limit,
        after: query.after.clone(),
    })
}

#[uniffi::export]
impl Client {
    /// What plans are due for in their period of today, as far as the records here tell: what nobody has done, by a task
    /// of the plan or by a record that counts for it.
    ///
    /// # Errors
    /// `Rejected` for an argument that is none.
    pub async fn due(&self, query: DueQuery) -> Result<DuePage, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let page = store.due(&query_in(&query)?)?;
            let items = page.items.into_iter().map(|task| {
                let item = task.item;
                let place = item.place.map(convert::degrees_of);
                DueTask {
                    task_id: item.record.to_string(),
                    begun: item.made,
                    plan: item.plan.to_string(),
                    label: locale.pick(&task.label),
                    record_id: match &item.subject {
                        Subject::Record(record) => Some(record.to_string()),
                        Subject::Grid(_) => None,
                    },
                    title: task.title,
                    grid: item.grid.to_string(),
                    from_day: item.period.first.to_string(),
                    until_day: item.period.last.to_string(),
                    due_at_ms: item.due.millis(),
                    overdue: task.overdue,
                    priority: task.priority.map(|key| key.to_string()),
                    last_at_ms: item.last.map(Timestamp::millis),
                    latitude: place.map(|(latitude, _)| latitude),
                    longitude: place.map(|(_, longitude)| longitude),
                    distance_m: item.distance_m,
                    doer: item.doer,
                }
            });
            Ok(DuePage {
                items: items.collect(),
                next: page.next,
                total: page.total,
            })
        })
        .await
    }

    /// Begins something that a plan is due for today: makes its task, which is this user's where the plan names nobody, or
    /// gives the one that is there. Of a plan about records give the record, of another the grid. Whoever makes it makes
    /// the same task, on whichever phone.
    ///
    /// # Errors
    /// `NotFound` when the plan is not due for that here, `Rejected` with the code of the rule that does not allow it.
    #[uniffi::method(default(record_id = None, grid = None))]
    pub async fn begin_due(
        &self,
        plan: String,
        record_id: Option<String>,
        grid: Option<String>,
    ) -> Result<String, ClientError> {
        self.run(move |store| {
            let beginning = inner::Beginning {
                plan: self::plan(&plan)?,
                period: None,
                record: record_id.as_deref().map(convert::record_id).transpose()?,
                grid: grid.as_deref().map(convert::area).transpose()?,
            };
            Ok(store.begin_due(&beginning)?.to_string())
        })
        .await
    }
}
