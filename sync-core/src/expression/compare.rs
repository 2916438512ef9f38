//! What is equal, less and more, and what is reckoned of two values.

use super::answers::{Answers, Value};
use super::dates::{self, Read};
use super::numbers;
use super::setting::Setting;
use super::tree::Operator;
use crate::time::Timestamp;

/// Whether two values that are no paths' stand so to each other.
pub(super) fn stands<A: Answers>(
    answers: &A,
    setting: &Setting,
    (left, operator, right): (&Value<A::Node>, Operator, &Value<A::Node>),
) -> bool {
    if matches!(operator, Operator::Equal | Operator::NotEqual) {
        return equal(answers, setting, left, right) == (operator == Operator::Equal);
    }
    let order = match (temporal(left, setting), temporal(right, setting)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left
            .to_number(answers)
            .partial_cmp(&right.to_number(answers)),
    };
    order.is_some_and(|order| match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::More => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn equal<A: Answers>(
    answers: &A,
    setting: &Setting,
    left: &Value<A::Node>,
    right: &Value<A::Node>,
) -> bool {
    match (left, right) {
        (Value::Boolean(_), _) | (_, Value::Boolean(_)) => {
            left.to_boolean(answers) == right.to_boolean(answers)
        }
        (Value::Number(_), _) | (_, Value::Number(_)) => {
            is_same(left.to_number(answers), right.to_number(answers))
        }
        (Value::Date(_) | Value::Moment(_), _) | (_, Value::Date(_) | Value::Moment(_)) => {
            match (temporal(left, setting), temporal(right, setting)) {
                (Some(left), Some(right)) => left == right,
                _ => false,
            }
        }
        _ => left.to_text(answers, setting) == right.to_text(answers, setting),
    }
}

#[expect(clippy::float_cmp, reason = "equal is what it says")]
fn is_same(left: f64, right: f64) -> bool {
    left == right
}

/// The moment that a value is; of a day when it begins, where it is asked.
fn temporal<N>(value: &Value<N>, setting: &Setting) -> Option<Timestamp> {
    match value {
        Value::Date(day) => Some(dates::begins(*day, setting)),
        Value::Moment(at) => Some(*at),
        Value::Text(text) => match dates::read(text, setting)? {
            Read::Day(day) => Some(dates::begins(day, setting)),
            Read::Moment(at) => Some(at),
        },
        _ => None,
    }
}

/// A value as a number to reckon with: also of a text that is a date.
fn reckoned<A: Answers>(answers: &A, setting: &Setting, value: &Value<A::Node>) -> f64 {
    match value {
        Value::Text(text) => match dates::read(text, setting) {
            Some(Read::Day(day)) => numbers::of(day),
            Some(Read::Moment(at)) => numbers::of(at.0) / numbers::of(dates::DAY_MS),
            None => numbers::parse(text),
        },
        other => other.to_number(answers),
    }
}

/// What an operator makes of two values that are no paths'.
pub(super) fn reckon<A: Answers>(
    answers: &A,
    setting: &Setting,
    (left, operator, right): (&Value<A::Node>, Operator, &Value<A::Node>),
) -> f64 {
    let has_moment = matches!(left, Value::Moment(_)) || matches!(right, Value::Moment(_));
    if operator == Operator::Minus && has_moment {
        // A day is taken from a moment as what it begins with here, not in Greenwich.
        let both = (temporal(left, setting), temporal(right, setting));
        if let (Some(left), Some(right)) = both {
            let ms = left.0.saturating_sub(right.0);
            return numbers::of(ms) / numbers::of(dates::DAY_MS);
        }
    }
    let left = reckoned(answers, setting, left);
    let right = reckoned(answers, setting, right);
    match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    }
}
