//! Types of what plans are due for.

use gridfold_sync_core::calendar::Day;
use gridfold_sync_core::ids::{AreaCode, ChoiceKey, PlanCode, RecordId};
use gridfold_sync_core::plan::{DueItem, DueOrder, Ground};
use gridfold_sync_core::schema::Label;

/// What of that which is due to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueQuery {
    /// Only of this plan.
    pub plan: Option<PlanCode>,
    /// Only in this grid.
    pub grid: Option<AreaCode>,
    /// Only what is this user's to do, or nobody's yet.
    pub mine: bool,
    /// Only what is past its time.
    pub overdue: bool,
    /// Where whoever asks is, to say how far it is.
    pub from: Option<Ground>,
    /// The order.
    pub order: DueOrder,
    /// Most items of a page; 0 means 50.
    pub limit: u32,
    /// The page after this cursor, from [`crate::Page::next`].
    pub after: Option<String>,
}

/// Something that a plan is due for.
#[derive(Debug, Clone, PartialEq)]
pub struct DueTask {
    /// What is due.
    pub item: DueItem,
    /// The plan's name.
    pub label: Label,
    /// What names the record that it is about; of a grid as a whole its name.
    pub title: String,
    /// How urgent it is, where the plan says.
    pub priority: Option<ChoiceKey>,
    /// Whether its time has passed, by the server's clock as far as it is known.
    pub overdue: bool,
}

/// What a task of a plan is begun about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The plan.
    pub plan: PlanCode,
    /// The first day of the period by its name, as [`DueItem`] has it; the one of today when left out.
    pub period: Option<Day>,
    /// The record it is about; of a plan about a grid or a route none.
    pub record: Option<RecordId>,
    /// The grid, where the plan is about no record.
    pub grid: Option<AreaCode>,
}
