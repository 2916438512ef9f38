//! Questionnaires: forms whose questions depend on each other.
//!
//! What enters: a questionnaire as it is written ([`Written`]), then answers, one at a time, with the
//! moment and zone of whoever answers. What leaves: all that can't be taken of it, at once; then, after
//! each answer, which questions are asked, what was reckoned, and what is not right yet. What never
//! happens here: a clock of its own, a panic, or an answer that is dropped.
//!
//! A rule is reckoned again when something it reads has changed, after all that it reads itself; in a
//! repeat only for the turn that it is about. What is hidden keeps its answer and is seen by no rule.

mod answering;
mod answers;
mod aspect;
mod compiled;
mod error;
mod filling;
mod given;
mod order;
mod place;
mod queue;
mod read;
mod settle;
mod written;

pub use answering::{AnswerError, AnswerProblem, Asked, Choice};
pub use aspect::Rule;
pub use compiled::Questionnaire;
pub use error::{Complaint, Reason};
pub use filling::Filling;
pub use place::Place;
pub use written::{
    AnswerType, PartKind, Preload, When, Written, WrittenAction, WrittenChoices, WrittenList,
    WrittenPart,
};
