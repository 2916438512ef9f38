//! Admit: decides on what devices push and appends it to the log.
//!
//! What enters: pushed device logs, edits of the console, runs that heal a restored log. What
//! leaves: verdicts, once they are durable. One thread does it all, a batch at a time: decide,
//! make the records' keys durable, append and flush, answer, project, notify. What never happens
//! here: an answer before the flush, or a write to the views by anything but projection.

mod base;
mod batch;
mod commit;
mod console;
mod cost;
mod documents;
mod erase;
mod facts;
mod follow;
mod idle;
mod index;
mod line;
mod quarantine;
mod recent;
mod recover;
mod room;
mod stored;
mod write_error;
mod writer;

pub use base::{Base, Heads};
pub use console::{ConsoleEdit, EditOutcome, Parts, Wish};
pub use stored::StoredItem;
pub use write_error::WriteError;
pub use writer::{Faults, PushOutcome, Writer, WriterParts};

pub(crate) use commit::catch_up;
pub(crate) use follow::{Follower, Source};
pub(crate) use index::{FactIndex, FactIndexer};
