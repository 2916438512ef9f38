//! What waits, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

/// How much waits.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct AttentionCounts {
    /// Records in conflict.
    pub conflict: u64,
    /// Refused edits.
    pub refused: u64,
    /// Records with late edits.
    pub late: u64,
    /// Phones that were copied, or taken out of use.
    pub phone: u64,
    /// What phones brought that could not be taken.
    pub upload: u64,
}

/// One thing that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttentionItem {
    /// `conflict`, `refused`, `late`, `phone` or `upload`.
    pub kind: String,
    /// Its name within its kind, to be given to `settle`.
    pub id: String,
    /// Since when.
    pub at: String,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// The phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Whose edit or phone it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// What names it; empty when the caller may not read that.
    pub title: String,
    /// Why, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in the language asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    /// Of an edit of a record that was moved to another grid: the record that it goes on as, where the caller may read that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// Of a refused or late edit: what was written, in the language asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Of a refused or late edit: when it was captured, by the clock of the device; never later than it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// What that clock showed, where it cannot have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<String>,
    /// The form of its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Of a refused edit: its stream and its name there, for `/v1/refused/settle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// See `stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What can be done: `open`, `choose`, `adopt`, `dismiss`, `settle`, `revoke`, `wipe`.
    pub actions: Vec<String>,
}
