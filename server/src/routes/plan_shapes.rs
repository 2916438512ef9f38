//! What a plan holds, as the description of the API tells it: its types are the core's own.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::shapes::Label;

/// Somebody with an account.
#[derive(Serialize, ToSchema)]
pub struct PlanPerson {
    /// Who.
    pub user: String,
    /// What they were called when it was published; the server writes it.
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// A place that a route goes by.
#[derive(Serialize, ToSchema)]
pub struct PlanStop {
    /// What it is called.
    pub name: String,
    /// Latitude × 10⁷.
    #[schema(nullable = false)]
    pub lat_e7: Option<i32>,
    /// Longitude × 10⁷.
    #[schema(nullable = false)]
    pub lon_e7: Option<i32>,
}

/// How often a plan comes.
#[derive(Serialize, ToSchema)]
pub struct PlanEvery {
    /// How many.
    pub amount: u32,
    /// Of what: `days`, `weeks` or `months`, or `times_a_year`.
    pub unit: String,
}

/// What is made of a plan.
#[derive(Serialize, ToSchema)]
pub struct PlanMakes {
    /// The form of it, which means a task.
    pub form: String,
    /// What it is called; the Chinese name of the plan when left out.
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// How urgent it is, as a choice of the form's priority.
    #[schema(nullable = false)]
    pub priority: Option<String>,
    /// Who handed it out: who published the first version. The server writes it.
    #[schema(nullable = false)]
    pub issuer: Option<PlanPerson>,
    /// Who answers for it.
    #[schema(nullable = false)]
    pub accountable: Option<PlanPerson>,
    /// Who does it; whoever works in the grid when left out.
    #[schema(nullable = false)]
    pub doer: Option<PlanPerson>,
}

/// One version of a plan.
#[derive(Serialize, ToSchema)]
pub struct Plan {
    /// Its code.
    pub code: String,
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// Its name.
    pub label: Label,
    /// The code of the area where it holds; everywhere when left out.
    #[schema(nullable = false)]
    pub area: Option<String>,
    /// The form of the records it is about, each by itself; the grid as a whole, or its route, when left out.
    #[schema(nullable = false)]
    pub about: Option<String>,
    /// Which of them, as a condition of forms.
    #[schema(nullable = false)]
    pub only: Option<Value>,
    /// The stops of a route, in order.
    #[schema(nullable = false)]
    pub stops: Option<Vec<PlanStop>>,
    /// How often it comes.
    pub every: PlanEvery,
    /// The first day on which it holds.
    pub begins: String,
    /// The last; open when left out.
    #[schema(nullable = false)]
    pub ends: Option<String>,
    /// How many days of each period it may take; all of them when left out.
    #[schema(nullable = false)]
    pub within_days: Option<u32>,
    /// What is made of it.
    pub makes: PlanMakes,
    /// A record of this form about the same record counts as having done it, when it happened in the period.
    #[schema(nullable = false)]
    pub done_by: Option<String>,
    /// Which of those count, as a condition of forms.
    #[schema(nullable = false)]
    pub done_if: Option<Value>,
    /// Whether the server makes its tasks when a period begins; else whoever begins one does.
    #[schema(nullable = false)]
    pub ahead: Option<bool>,
    /// Whether nothing more is made of it.
    #[schema(nullable = false)]
    pub retired: Option<bool>,
}
