//! What of a questionnaire can't be taken, and why.

use super::aspect::Rule;
use crate::expression::ExpressionError;
use crate::limits::MAX_FORM_PARTS;

/// Something of a questionnaire that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Complaint {
    /// The part, by its path.
    pub path: String,
    /// The rule of it.
    pub rule: Option<Rule>,
    /// Why.
    pub reason: Reason,
}

/// Why something of a questionnaire can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A rule that is no expression.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// More parts than are taken.
    #[error(
        "the form has more than {MAX_FORM_PARTS} parts, and those after are left out: make two forms of it"
    )]
    TooLarge,
    /// What is reckoned from itself.
    #[error("it is reckoned from itself: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

impl Complaint {
    pub(super) fn expression(path: String, rule: Rule, error: ExpressionError) -> Self {
        Self {
            path,
            rule: Some(rule),
            reason: Reason::Expression(error),
        }
    }

    pub(super) fn too_large(path: String) -> Self {
        Self {
            path,
            rule: None,
            reason: Reason::TooLarge,
        }
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.reason == Reason::TooLarge
    }
}
