//! Values as a form keeps them, and what is kept as expressions see it.

use super::answers::Value;
use super::dates::{self, Read};
use super::numbers;
use super::setting::Setting;
use crate::time::format_date;

/// The number that a text is: digits with one point and a sign; none for any other.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    let number = numbers::parse(text);
    (!number.is_nan()).then_some(number)
}

/// A number as it is written: never with an exponent, and empty for what is none.
#[must_use]
pub fn number_text(number: f64) -> String {
    numbers::to_text(number)
}

/// The whole number that is not more than a number, when it is one that fits.
#[must_use]
pub fn whole(number: f64) -> Option<i64> {
    if number.is_nan() {
        return None;
    }
    numbers::whole(number)
}

/// The day or moment that a text is.
#[must_use]
pub fn time<N>(text: &str, setting: &Setting) -> Option<Value<N>> {
    Some(match dates::read(text, setting)? {
        Read::Day(day) => Value::Date(day),
        Read::Moment(at) => Value::Moment(at),
    })
}

/// A value as the day that it is in the zone of who asks: also of a number of days.
#[must_use]
pub fn day_text<N>(value: &Value<N>, setting: &Setting) -> Option<String> {
    let day = match value {
        Value::Date(day) => *day,
        Value::Moment(at) => dates::day_at(*at, setting),
        Value::Number(days) => whole(*days)?,
        _ => return None,
    };
    Some(format_date(day))
}

/// A value as the moment that it is, in the zone of who asks: also of a number of days.
#[must_use]
pub fn moment_text<N>(value: &Value<N>, setting: &Setting) -> Option<String> {
    let at = match value {
        Value::Moment(at) => *at,
        Value::Date(day) => dates::begins(*day, setting),
        Value::Number(days) => dates::moment_of(*days)?,
        _ => return None,
    };
    Some(dates::moment_to_text(at, setting))
}
