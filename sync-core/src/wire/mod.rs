//! The wire: the bytes of one sync request and its response.
//!
//! What enters and leaves: [`SyncRequest`] and [`SyncResponse`]. Entries travel as columns: one
//! column per header part and per kind of operation, so that similar entries compress to little
//! more than what differs in them. Ids and hashes the other side knows become small references:
//! an edit names its record only through its heads, and a link or prefix is never sent because
//! both sides can compute it. What never happens here: trusting anything; every count and length
//! is bounded before memory is taken, and whatever decodes is data for [`crate::admission`].
//!
//! The layout is pinned by golden bytes in `tests/golden/` and described in `docs/PROTOCOL.md`.

mod answer;
mod budget;
mod columns;
mod erased;
mod frame;
mod items;
mod logs;
mod recover;
mod report;
mod request;
mod response;
mod seen;
mod shapes;
mod tables;

pub use answer::{AnswerProof, Trip};
pub use budget::PageBudget;
pub use frame::{frame_bytes, frame_version, open_frame, seal_frame, seal_frame_as};
pub(crate) use frame::{pack, unpack};
pub(crate) use logs::{get_log, put_log};
pub use recover::RecoverRun;
pub use report::{ErasureNews, PhoneReport};
pub use request::{Cursor, SyncRequest};
pub use response::{Directive, Lacking, ProblemNotice, StreamPage, StreamReset, SyncResponse};
pub use seen::{SeenMark, SeenNews};
pub(crate) use tables::{StreamNames, Table};

/// Newest version of the wire format, the first byte of a body.
pub const WIRE_VERSION: u8 = 5;
/// The version that brought what is left of erased entries; only who has such speaks it.
pub const ERASED_WIRE_VERSION: u8 = 5;
/// The version whose answers are signed, so that what they order is obeyed.
pub const SIGNED_WIRE_VERSION: u8 = 4;
/// The version that brought what phones say of themselves and what was erased.
pub const REPORT_WIRE_VERSION: u8 = 3;
/// The version that brought what supervisors have seen.
pub const SEEN_WIRE_VERSION: u8 = 2;
/// The version that every build reads and writes: without what supervisors have seen, what phones say of
/// themselves, what was erased, and signatures.
pub const FIRST_WIRE_VERSION: u8 = 1;
