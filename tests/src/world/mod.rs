//! The simulated world: real phones, a real server and a hostile network in one process.
//!
//! What enters: a seed. What leaves: counts of what happened, or the first broken promise. Phones
//! are [`gridfold_client::Client`]s with the simulation's clock and randomness, each third one on the files
//! of a browser; the server is a
//! [`gridfold_server::node::Node`] that is crashed, restored and given old views; the network
//! loses, repeats, delays and cuts. What never happens here: trusting the merge engine. The
//! [`model`] works out from the admitted edits alone what every record must hold.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test support: whatever cannot happen is a finding, and the seed repeats it"
)]

mod browser;
mod check;
mod edits;
mod hostile;
mod model;
mod net;
mod office;
mod phone;
mod place;
mod play;
mod run;
mod server;
mod steps;
mod story;

pub use run::{Outcome, run, run_caught};
pub use story::Story;

/// Names one part of an acknowledged edit: its claimed time, made unique, and its class.
type Tag = (i64, gridfold_sync_core::ids::SensitivityClass);
