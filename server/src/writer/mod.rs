//! The writer: one thread that takes what came together as one batch.
//!
//! What enters: pushed device logs, edits of the console, erasures, each in the line. What leaves:
//! verdicts, once they are durable. A batch at a time: decide (`admit`), make the records' keys
//! durable, append and flush, project, answer, notify. What never happens here: an answer before
//! the flush, or a write to the views by anything but projection.

mod batch;
mod cost;
mod idle;
mod job;
mod line;
mod parts;
mod room;
mod thread;

pub use parts::{Faults, WriterParts};
pub use thread::Writer;
