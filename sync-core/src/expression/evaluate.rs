//! What an expression comes to.

use std::cell::Cell;

use super::answers::{Answers, Value};
use super::compare;
use super::error::EvaluateError;
use super::setting::Setting;
use super::tree::{Expr, Operator};
use crate::limits::{MAX_EXPRESSION_STEPS, MAX_EXPRESSION_TEXT_BYTES};

/// Bytes of text that cost as much as one step.
const BYTES_OF_A_STEP: usize = 64;

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<N> {
    /// The question that the whole expression is asked about.
    pub here: N,
    /// The one that this piece is asked about.
    pub node: N,
    /// Its place among those that are looked at, from 1.
    pub position: usize,
    /// How many those are.
    pub size: usize,
}

pub(super) struct Evaluator<'a, A> {
    pub answers: &'a A,
    pub setting: &'a Setting,
    left: Cell<u32>,
    /// How often chance was asked.
    pub(super) drawn: Cell<u64>,
}

pub(super) fn evaluate<A: Answers>(
    expr: &Expr,
    answers: &A,
    here: A::Node,
    setting: &Setting,
) -> Result<Value<A::Node>, EvaluateError> {
    let evaluator = Evaluator {
        answers,
        setting,
        left: Cell::new(MAX_EXPRESSION_STEPS),
        drawn: Cell::new(0),
    };
    let scope = Scope {
        here,
        node: here,
        position: 1,
        size: 1,
    };
    evaluator.value(expr, scope)
}

impl<A: Answers> Evaluator<'_, A> {
    /// Counts steps.
    pub(super) fn spend(&self, steps: usize) -> Result<(), EvaluateError> {
        let left = u32::try_from(steps)
            .ok()
            .and_then(|steps| self.left.get().checked_sub(steps));
        self.left.set(left.ok_or(EvaluateError::TooManySteps)?);
        Ok(())
    }

    /// What a piece comes to.
    pub(super) fn value(
        &self,
        expr: &Expr,
        scope: Scope<A::Node>,
    ) -> Result<Value<A::Node>, EvaluateError> {
        self.spend(1)?;
        Ok(match expr {
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Negate(of) => Value::Number(-self.number(of, scope)?),
            Expr::Path(path) => Value::Nodes(self.follow(path, scope)?),
            Expr::Call(function, arguments) => {
                let value = self.call(*function, arguments, scope)?;
                match &value {
                    Value::Text(text) if text.len() > MAX_EXPRESSION_TEXT_BYTES => {
                        return Err(EvaluateError::TooLong);
                    }
                    _ => value,
                }
            }
            Expr::Row(first, rest) => {
                let mut value = self.value(first, scope)?;
                for (operator, right) in rest {
                    value = self.operate(value, *operator, right, scope)?;
                }
                value
            }
        })
    }

    fn operate(
        &self,
        left: Value<A::Node>,
        operator: Operator,
        right: &Expr,
        scope: Scope<A::Node>,
    ) -> Result<Value<A::Node>, EvaluateError> {
        Ok(match operator {
            // The second is not asked when the first decides.
            Operator::Or => {
                Value::Boolean(left.to_boolean(self.answers) || self.holds(right, scope)?)
            }
            Operator::And => {
                Value::Boolean(left.to_boolean(self.answers) && self.holds(right, scope)?)
            }
            Operator::Union => match (left, self.value(right, scope)?) {
                (Value::Nodes(mut nodes), Value::Nodes(more)) => {
                    nodes.extend(more);
                    nodes.sort_unstable();
                    nodes.dedup();
                    Value::Nodes(nodes)
                }
                (Value::Nodes(nodes), _) | (_, Value::Nodes(nodes)) => Value::Nodes(nodes),
                _ => Value::Nodes(Vec::new()),
            },
            Operator::Plus
            | Operator::Minus
            | Operator::Times
            | Operator::Divide
            | Operator::Remainder => {
                let left = left.single(self.answers);
                let right = self.value(right, scope)?.single(self.answers);
                let made = (&left, operator, &right);
                Value::Number(compare::reckon(self.answers, self.setting, made))
            }
            _ => Value::Boolean(self.stands(left, operator, self.value(right, scope)?)?),
        })
    }

    /// Whether any value of the one stands so to any of the other.
    fn stands(
        &self,
        left: Value<A::Node>,
        operator: Operator,
        right: Value<A::Node>,
    ) -> Result<bool, EvaluateError> {
        let (left, right) = (self.each(left), self.each(right));
        self.spend(left.len().saturating_mul(right.len()))?;
        Ok(left.iter().any(|left| {
            let mut right = right.iter();
            right.any(|right| compare::stands(self.answers, self.setting, (left, operator, right)))
        }))
    }

    /// The values of all that a path leads to; what leads nowhere is one that is empty.
    pub(super) fn each(&self, value: Value<A::Node>) -> Vec<Value<A::Node>> {
        match value {
            Value::Nodes(nodes) if nodes.is_empty() => vec![Value::empty()],
            Value::Nodes(nodes) => nodes.iter().map(|node| self.answers.value(*node)).collect(),
            other => vec![other],
        }
    }

    /// A piece as a text.
    pub(super) fn text(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<String, EvaluateError> {
        let text = self.value(expr, scope)?.to_text(self.answers, self.setting);
        self.spend(text.len() / BYTES_OF_A_STEP)?;
        Ok(text)
    }

    /// A piece as a number.
    pub(super) fn number(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<f64, EvaluateError> {
        Ok(self.value(expr, scope)?.to_number(self.answers))
    }

    /// Whether a piece holds.
    pub(super) fn holds(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<bool, EvaluateError> {
        Ok(self.value(expr, scope)?.to_boolean(self.answers))
    }
}
