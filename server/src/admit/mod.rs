//! Admit: decides on what devices push and what is edited at the console, and appends it to the log.
//!
//! What enters: pushed device logs, edits of the console, runs that heal a restored log, and the
//! facts to decide by. What leaves: decisions, and items of the log. What never happens here: a
//! look at a clock, or a write to the views.

mod base;
mod commit;
mod console;
mod push;
mod quarantine;
mod recover;
mod write_error;

pub use base::{Base, Heads};
pub(crate) use commit::{Outgoing, Projection, append};
pub use console::{ConsoleEdit, EditOutcome, Parts, Wish};
pub(crate) use console::{console, together};
pub use push::PushOutcome;
pub(crate) use push::{Progress, Push, ToWrite, has_keys, push};
pub(crate) use quarantine::quarantine;
pub use write_error::WriteError;
