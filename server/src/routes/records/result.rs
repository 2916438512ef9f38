//! What became of an edit, as it is told.

use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{EntryRef, SensitivityClass};
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

pub(super) fn verdict_body(
    class: SensitivityClass,
    entry: &EntryRef,
    verdict: Verdict,
) -> VerdictBody {
    let late = matches!(verdict, Verdict::Admitted { late: true });
    VerdictBody {
        class: class.name().to_owned(),
        entry: entry.to_string(),
        verdict: if late { "late" } else { "admitted" }.to_owned(),
    }
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
