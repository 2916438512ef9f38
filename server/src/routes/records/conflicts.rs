//! What of a record waits to be chosen.

use gridfold_sync_core::view::{Candidate, RecordView};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::routes::shapes;

/// One of the values of a conflict.
#[derive(Serialize, ToSchema)]
pub struct ConflictValue {
    /// The value.
    #[schema(value_type = shapes::FieldValue)]
    pub value: Json,
    /// The entry that set it: its name in the history.
    pub by: String,
    /// Whether it is the one shown.
    pub shown: bool,
}

/// A field that holds more than one value, until somebody chooses.
#[derive(Serialize, ToSchema)]
pub struct Conflict {
    /// The field; `field/item/member` inside a repeated group; `deleted` where a record was deleted and written to beside that, `status` where it was closed so.
    pub field: String,
    /// All its values, the one shown first.
    pub values: Vec<ConflictValue>,
}

pub(super) fn values(candidates: &[Candidate]) -> Vec<ConflictValue> {
    candidates
        .iter()
        .enumerate()
        .map(|(i, c)| ConflictValue {
            value: c.value.to_json(),
            by: c.by.to_string(),
            shown: i == 0,
        })
        .collect()
}

/// The closing that something was written beside, as a conflict: choosing it lets it stand.
pub(super) fn closing(view: &RecordView<'_>) -> Option<Conflict> {
    let (lifecycle, main) = (view.form.lifecycle.as_ref()?, view.main()?);
    if view.beside_closing().is_empty() {
        return None;
    }
    let fold = lifecycle.fold(main);
    let tip = fold.tips.first()?;
    Some(Conflict {
        field: "status".to_owned(),
        values: vec![ConflictValue {
            value: tip.status.as_str().into(),
            by: tip.made.by.to_string(),
            shown: true,
        }],
    })
}
