//! Expressions of forms: XPath 1.0 as XForms uses it, with its functions.
//!
//! What enters: the text of an expression; then, for a result, the answers of a form ([`Answers`])
//! and the moment and zone of who asks ([`Setting`]). What leaves: the expression, parsed once, with
//! all that it refers to; values with a type. What never happens here: a clock, a zone or chance of
//! its own, a panic, or work without an end: text, depth and steps have limits.
//!
//! The engines of the field differ where a value is empty, a date is a number or a text is asked
//! whether it is true. What is done here is one rule on phone, server and browser: what is empty
//! stays empty in what is reckoned from it, a date is a whole day, and what is reckoned is never
//! written with an exponent.

mod answers;
mod call;
mod call_nodes;
mod call_times;
mod compare;
mod dates;
mod error;
mod evaluate;
mod function;
mod kept;
mod numbers;
mod parse;
mod paths;
mod reads;
mod setting;
mod texts;
mod token;
mod tree;

pub use answers::{Answers, Value};
pub use error::{EvaluateError, ExpressionError, Fault};
pub use function::Function;
pub use kept::{day_text, moment_text, number, number_text, time, whole};
pub use reads::{Read, Reads, Shape};
pub use setting::Setting;
pub use tree::{Axis, Path, Start, Step, Test};

use tree::Expr;

/// An expression that was parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Expr,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// Where it is none, names a function that is none, or is larger or deeper than is taken.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parse::parse(text).map(|root| Self { root })
    }

    /// What it comes to for one question of a form.
    ///
    /// # Errors
    /// When it takes more steps or makes a longer text than is given, or a function is asked what it
    /// cannot answer.
    pub fn evaluate<A: Answers>(
        &self,
        answers: &A,
        here: A::Node,
        setting: &Setting,
    ) -> Result<Value<A::Node>, EvaluateError> {
        evaluate::evaluate(&self.root, answers, here, setting)
    }

    /// Paths that it reads, predicates' own after what they are of.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        let mut out = Vec::new();
        self.root.walk(&mut |expr| {
            if let Expr::Path(path) = expr {
                out.push(path);
            }
        });
        out
    }

    /// What it reads, for the question of a form that it is asked about.
    pub fn reads<S: Shape>(&self, shape: &S, here: S::Node) -> Reads<S::Node> {
        reads::reads(&self.root, shape, here)
    }

    /// Functions that it asks, in the order they are written.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        let mut out = Vec::new();
        self.root.walk(&mut |expr| {
            if let Expr::Call(function, _) = expr {
                out.push(*function);
            }
        });
        out
    }
}
