//! The log all in one store, items and index together: for tests in memory, for directories from before there were
//! segments, which are read once and taken over, and for the benchmark beside the segments.

mod check;
mod commit;
mod engine;
mod open;
mod pairs;

pub(super) use self::{engine::StoreLog, open::open};
