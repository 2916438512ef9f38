//! Answers by their type: as they are kept, and as expressions see them.

use super::place::Place;
use super::written::{AnswerType, WrittenList};
use crate::expression::{self, Setting, Value};
use crate::limits::MAX_FORM_ANSWERS;

/// An answer as it is kept: numbers without what says nothing, lines of choices by one blank.
pub(super) fn normal(answer: Option<AnswerType>, text: &str) -> String {
    let trimmed = text.trim();
    match answer {
        Some(AnswerType::Whole | AnswerType::Decimal) => match expression::number(trimmed) {
            Some(number) => expression::number_text(number),
            None => trimmed.to_owned(),
        },
        Some(AnswerType::Several | AnswerType::Ranked) => {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        Some(AnswerType::Text) | None => text.to_owned(),
        Some(_) => trimmed.to_owned(),
    }
}

/// Whether an answer is of the type that is asked for. What is empty is of any.
pub(super) fn fits(answer: Option<AnswerType>, text: &str, setting: &Setting) -> bool {
    if text.is_empty() {
        return true;
    }
    match answer {
        Some(AnswerType::Whole) => expression::number(text).is_some_and(|n| n.fract() == 0.0),
        Some(AnswerType::Decimal) => expression::number(text).is_some(),
        Some(AnswerType::Date) => matches!(
            expression::time(text, setting),
            Some(Value::<Place>::Date(_))
        ),
        Some(AnswerType::Moment) => expression::time::<Place>(text, setting).is_some(),
        _ => true,
    }
}

/// An answer as expressions see it.
pub(super) fn typed(answer: Option<AnswerType>, text: &str, setting: &Setting) -> Value<Place> {
    let read = match answer {
        _ if text.is_empty() => None,
        Some(AnswerType::Whole | AnswerType::Decimal) => {
            expression::number(text).map(Value::Number)
        }
        Some(AnswerType::Date | AnswerType::Moment) => expression::time(text, setting),
        _ => None,
    };
    read.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// What was reckoned, as it is kept for a type.
pub(super) fn reckoned(
    answer: Option<AnswerType>,
    value: &Value<Place>,
    text: String,
    setting: &Setting,
) -> String {
    match (answer, value) {
        (Some(AnswerType::Whole), Value::Number(number)) => expression::number_text(number.trunc()),
        (Some(AnswerType::Date), Value::Number(_) | Value::Moment(_)) => {
            expression::day_text(value, setting).unwrap_or_default()
        }
        (Some(AnswerType::Moment), Value::Number(_) | Value::Date(_)) => {
            expression::moment_text(value, setting).unwrap_or_default()
        }
        _ => normal(answer, &text),
    }
}

/// The moment, as an answer.
pub(super) fn moment(setting: &Setting) -> String {
    expression::moment_text(&Value::<Place>::Moment(setting.now), setting).unwrap_or_default()
}

/// The day, as an answer.
pub(super) fn day(setting: &Setting) -> String {
    expression::day_text(&Value::<Place>::Moment(setting.now), setting).unwrap_or_default()
}

/// A name that nobody else has.
pub(super) fn uuid(setting: &Setting) -> String {
    uuid::Builder::from_random_bytes(setting.chance)
        .into_uuid()
        .to_string()
}

/// How many turns a count is: whole, and none for what is no number.
pub(super) fn count(number: f64) -> usize {
    expression::whole(number)
        .and_then(|whole| usize::try_from(whole).ok())
        .unwrap_or(0)
        .min(MAX_FORM_ANSWERS)
}

/// Of an answer by choices: what of it is still offered, where that is not all; and all of it, in the
/// order of the list.
///
/// What is in no list at all is not hidden by a rule, but a fault of whoever wrote it there.
pub(super) fn narrowed(
    answer: Option<AnswerType>,
    value: &str,
    offered: &[String],
    known: Option<&WrittenList>,
    column: &str,
) -> (Option<String>, String) {
    let in_list = |name: &str| {
        known.is_none_or(|list| {
            let mut items = list.items.iter().flatten();
            items.any(|(of, text)| of == column && text == name)
        })
    };
    let is_open = known.is_some_and(|list| !list.is_known);
    let stays = |name: &str| is_open || offered.iter().any(|o| o == name) || !in_list(name);
    if answer == Some(AnswerType::One) {
        let kept = (!stays(value)).then(String::new);
        return (kept, value.to_owned());
    }
    let mut names: Vec<&str> = value.split_whitespace().collect();
    if answer == Some(AnswerType::Several) {
        let order = |name: &str| match known {
            Some(list) => {
                let mut items = list.items.iter();
                items.position(|item| item.iter().any(|(of, text)| of == column && text == name))
            }
            None => offered.iter().position(|o| o == name),
        };
        names.sort_by_key(|name| order(name).unwrap_or(usize::MAX));
        names.dedup();
    }
    let ordered = names.join(" ");
    let kept: Vec<&str> = names.into_iter().filter(|name| stays(name)).collect();
    let kept = kept.join(" ");
    ((kept != ordered).then_some(kept), ordered)
}
