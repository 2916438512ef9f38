//! Why a text is no expression, and why one came to nothing.

use crate::limits::{
    MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_STEPS, MAX_EXPRESSION_TEXT_BYTES,
};

/// Why a text is no expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {fault}")]
pub struct ExpressionError {
    /// The place in Unicode scalar values, from 1.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong at a place of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than is taken.
    #[error(
        "the expression is longer than {MAX_EXPRESSION_BYTES} bytes: calculate a part of it in a question of its own"
    )]
    TooLong,
    /// Brackets and calls in each other deeper than is taken.
    #[error(
        "brackets go deeper than {MAX_EXPRESSION_DEPTH} levels: calculate a part of it in a question of its own"
    )]
    TooDeep,
    /// It ends where a value is expected.
    #[error("a value is missing at the end")]
    Ends,
    /// A character that begins nothing.
    #[error("\u{201c}{0}\u{201d} means nothing here")]
    BadCharacter(char),
    /// A text without its second quote.
    #[error("the quote that begins here does not end")]
    OpenText,
    /// A number that is none.
    #[error("\u{201c}{0}\u{201d} is no number")]
    BadNumber(String),
    /// Something else is expected.
    #[error("\u{201c}{found}\u{201d} stands where {expected} is expected")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A function that is none.
    #[error("there is no function \u{201c}{0}\u{201d}")]
    UnknownFunction(String),
    /// A function with too few or too many arguments.
    #[error("{name}() takes {}, not {found}", takes(*.least, *.most))]
    Arguments {
        /// Its name.
        name: &'static str,
        /// The fewest it takes.
        least: usize,
        /// The most it takes; none for any number.
        most: Option<usize>,
        /// How many there are.
        found: usize,
    },
    /// An axis that is not read.
    #[error("the axis \u{201c}{0}\u{201d} is not read: name the question by its path")]
    UnknownAxis(String),
    /// A date that is in no calendar.
    #[error("\u{201c}{0}\u{201d} is no date")]
    NoDate(String),
    /// A pattern that cannot be read.
    #[error("the pattern \u{201c}{0}\u{201d} cannot be read")]
    BadPattern(String),
}

fn takes(least: usize, most: Option<usize>) -> String {
    match most {
        Some(most) if most == least => format!("{least}"),
        Some(most) => format!("{least} to {most}"),
        None => format!("{least} or more"),
    }
}

/// Why an expression came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// More steps than are given.
    #[error("the expression takes more than {MAX_EXPRESSION_STEPS} steps")]
    TooManySteps,
    /// A longer text than is given.
    #[error("the expression makes a text of more than {MAX_EXPRESSION_TEXT_BYTES} bytes")]
    TooLong,
    /// A pattern that cannot be read.
    #[error("the pattern \u{201c}{0}\u{201d} cannot be read")]
    BadPattern(String),
    /// A function that whoever holds the answers does not answer.
    #[error("{0}() is not answered here")]
    NotAnswered(&'static str),
}
