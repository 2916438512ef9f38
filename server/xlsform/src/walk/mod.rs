//! Replays what the engines of the field did with a form, and tells where ours does otherwise.
//!
//! What all engines agree on is what a form means. Where they differ, ours does as one of them: which,
//! `docs/forms.md` says.

mod acts;
mod check;
mod script;

pub use check::{Difference, Verdict};

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::calendar::Zone;
use gridfold_sync_core::expression::Setting;
use gridfold_sync_core::questionnaire::{Complaint, Filling, Questionnaire};
use gridfold_sync_core::time::Timestamp;

/// Why a walk can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The walk is not of the shape it has to be.
    #[error("the walk can't be read: {0}")]
    Shape(String),
}

/// Replays a walk as it is written in JSON: scripts of steps, each from the form as nobody answered it.
///
/// # Errors
/// When the walk is no such JSON.
pub fn replay_scripts(
    (form, complaints): (Questionnaire, Vec<Complaint>),
    walk: &str,
) -> Result<Verdict, WalkError> {
    let mut verdict = script::replay(&Arc::new(form), walk, &left_out(&complaints))?;
    verdict.complaints = complaints;
    Ok(verdict)
}

/// Replays the acts of a small form beside what engines answered: a row of `acts` for each, an answer
/// for each engine by its name.
///
/// # Errors
/// When the acts or answers are not of that shape.
pub fn replay_acts(
    (form, complaints): (Questionnaire, Vec<Complaint>),
    acts: &str,
    engines: &BTreeMap<String, String>,
) -> Result<Verdict, WalkError> {
    let mut verdict = acts::replay(&Arc::new(form), acts, engines, &left_out(&complaints))?;
    verdict.complaints = complaints;
    Ok(verdict)
}

fn left_out(complaints: &[Complaint]) -> Vec<String> {
    complaints.iter().map(|each| each.path.clone()).collect()
}

/// A form as nobody answered it, at the moment and in the zone that walks were made in.
fn opened(form: &Arc<Questionnaire>) -> Filling {
    let setting = Setting {
        // 2026-03-05T10:20:30+08:00.
        now: Timestamp(1_772_677_230_000),
        zone: Zone::china(),
        chance: *b"the chance of it",
    };
    Filling::open(Arc::clone(form), setting, BTreeMap::new())
}
