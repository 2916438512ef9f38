//! Acts: what is done to users, grants, devices, areas and records, apart from who asks for it and how.
//!
//! What enters: checked values, who acts, and when. What leaves: what was changed, once it is
//! durable. Routes, commands and imports act here. What never happens here: HTTP, or a question of
//! what a caller may see.

pub(crate) mod areas;
mod asides;
pub(crate) mod boundary;
pub(crate) mod calendar;
pub(crate) mod catalogue;
pub(crate) mod copied;
pub(crate) mod devices;
pub(crate) mod forms;
pub(crate) mod grants;
pub(crate) mod hand_over;
pub(crate) mod merged;
pub(crate) mod moved;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod records;
pub(crate) mod redraw;
pub(crate) mod references;
pub(crate) mod resident;
pub(crate) mod retired;
pub(crate) mod undo_import;
pub(crate) mod users;

use gridfold_sync_core::time::Timestamp;

use crate::problem::{Answer, Problem};

/// Reads a moment of a request.
pub(crate) fn read_time(text: &str, what: &str) -> Answer<Timestamp> {
    text.parse::<jiff::Timestamp>()
        .map(|at| Timestamp(at.as_millisecond()))
        .map_err(|_| {
            Problem::bad_request(format!(
                "{what} must be a time such as 2026-06-13T01:50:34Z"
            ))
        })
}
