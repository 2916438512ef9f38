//! What a report says, as it is answered and kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
