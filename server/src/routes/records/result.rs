//! What became of an edit, as it is told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::RecordBody;

/// What was decided on one class of an edit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VerdictBody {
    /// The class of the fields.
    pub class: String,
    /// The entry's name.
    pub entry: String,
    /// `admitted` or `late`.
    pub verdict: String,
}

/// What became of an edit, durable on return.
#[derive(Serialize, ToSchema)]
pub struct EditResult {
    /// What was decided; empty when nothing had to change.
    pub verdicts: Vec<VerdictBody>,
    /// The record as it is now; absent when it is not shown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordBody>,
}
