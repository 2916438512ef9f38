//! The log as checksummed segments that are only appended to, with an engine that is no more than the index over
//! them: it can be thrown away at any time and is made again.
//!
//! A group commit is one write and one fsync: its items, by stream, in blocks that are compressed together, in
//! frames that carry their own parity. One flipped bit anywhere is mended where it is met; what cannot be mended
//! costs the items it hit, by name. Each segment begins with what came before it, so that one that is missing or
//! cut is noticed.

mod block;
mod commit;
mod files;
mod fold;
mod frame;
mod heal;
mod log;
mod lost;
mod marker;
mod migrate;
mod open;
mod run;
mod shared;
mod start;
mod verify;

pub(super) use self::start::open;
