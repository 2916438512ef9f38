//! Gridfold's rules and data.
//!
//! What enters: typed edits, entries from other replicas, forms and facts. What leaves: views,
//! verdicts and wire bytes. What never happens here: IO, reading a clock, drawing randomness,
//! starting a thread. All of those are arguments, so that a phone, a server and the simulated
//! world in `tests/` run exactly the same rules.
//!
//! The walk of one edit through the modules: [`edit`] describes it, [`schema`] and [`lifecycle`]
//! say what is allowed, [`expression`] reckons what forms ask for, [`entry`] chains it into a device log, [`wire`] carries it (without a network [`carry`] does),
//! [`admission`] decides on it, [`merge`] folds it with what happened concurrently and [`view`]
//! holds the rows people read.

// A function past a hundred lines is two functions; those that are not say why.
#![warn(clippy::too_many_lines)]

pub mod admission;
pub mod calendar;
pub mod carry;
pub mod codec;
pub mod directory;
pub mod edit;
pub mod entry;
pub mod expression;
pub mod gather;
pub mod ids;
pub mod lifecycle;
pub mod limits;
pub mod merge;
pub mod notice;
pub mod plan;
pub mod questionnaire;
pub mod receipt_number;
pub mod resident;
pub mod schema;
pub mod search;
pub mod session;
pub mod time;
pub mod view;
pub mod wire;
