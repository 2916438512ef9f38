//! Project: what the log has becomes rows of the views, in one transaction with the cursors.
//!
//! The writer projects what it just appended; at a start, after a failed projection and for `verify
//! --rebuild`, [`catch_up()`] reads the log after each stream's cursor and computes the same rows
//! again. What never happens here: a decision, or a row that the log does not prove.

mod catch_up;
mod erasures;
mod follow;

pub(crate) use catch_up::catch_up;
pub(crate) use follow::{Follower, Source};
