//! Having a record go on as another one, moved or merged, and what is answered then.

use gridfold_sync_core::ids::RecordId;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::record_body;
use super::find::find;
use super::once::Once;
use super::result::{EditResult, verdict_body};
use crate::acts::moved::{Move, Moved, move_record};
use crate::node::Node;
use crate::problem::{Answer, Code};
use crate::routes::Caller;

/// A record that still names the old one.
#[derive(Serialize, ToSchema)]
pub struct LeftReference {
    /// The record.
    pub record_id: String,
    /// Why: `forbidden` where the caller may not write it, `conflict` where somebody has to choose first, else the code of the refusal.
    pub code: String,
}

pub(super) fn left_references(left: Vec<(RecordId, Code)>) -> Vec<LeftReference> {
    left.into_iter()
        .map(|(record, code)| LeftReference {
            record_id: record.to_string(),
            code: code.as_str().to_owned(),
        })
        .collect()
}

/// Carries a move or a merge out, unless it was before; with the record that it goes on in as it is since.
pub(super) fn go_on(
    node: &Node,
    caller: Caller,
    once: Once,
    wanted: &Move,
) -> Answer<(EditResult, Moved)> {
    let mut done = Moved::default();
    let mut result = once.run(node, &caller, wanted.to, || {
        done = move_record(node, (caller.author(), caller.now), wanted)?;
        let verdicts = done.verdicts.iter();
        Ok(EditResult {
            verdicts: verdicts.map(|(c, e, v)| verdict_body(*c, e, *v)).collect(),
            record: None,
        })
    })?;
    // The directory says where it came from since.
    let caller = Caller {
        directory: node.directory.current(),
        ..caller
    };
    result.record = find(node, &caller, &wanted.to.to_string())
        .ok()
        .map(|(stored, scope)| record_body(node, &caller, &stored, &scope))
        .transpose()?;
    Ok((result, done))
}
