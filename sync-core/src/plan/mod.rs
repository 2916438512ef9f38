//! Plans: work that comes again, such as a visit of each household in hardship every month.
//!
//! What enters: a plan, a day, the records it is about. What leaves: what is due in which period, under which id it is
//! made, and with which operations. What never happens here: a clock, randomness, or a word of who asks: whoever makes
//! what a plan is due for, on a phone without signal or at the server, makes the same record
//! ([ADR 35](../../../docs/adr/0035-what-a-plan-makes-has-one-id.md)).

mod error;
mod every;
mod list;
mod made;
mod table;

pub use error::PlanError;
pub use every::{Every, EveryUnit, Period};
pub use list::{DueItem, DueOrder, Ground, distance_m};
pub use made::{Occurrence, Subject, reference_to};
pub use table::{Made, Person, Plan, Stop};
