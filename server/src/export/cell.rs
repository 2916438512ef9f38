//! One cell of a table: what a value is to a spreadsheet, and how it is said in a file of text.
//!
//! What never happens here: a value that is cut without a word, or a number that loses digits.

use gridfold_sync_core::schema::{Field, FieldType};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value as Json;

/// Digits that a spreadsheet keeps of a number.
const EXACT_DIGITS: usize = 15;

/// A value of a record in one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// No value.
    Empty,
    /// Words.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// Yes or no.
    Bool(bool),
    /// A moment: how it is written, and by the clock of the zone that the file is for.
    Moment(String, DateTime),
    /// A day.
    Day(String, Date),
    /// The items of a group, each as one text; a workbook has them on a sheet of their own.
    Items(Vec<String>),
}

impl Cell {
    /// Of a value by its JSON only.
    pub(super) fn of(value: Option<&Json>) -> Self {
        match value {
            None | Some(Json::Null) => Self::Empty,
            Some(Json::Bool(is)) => Self::Bool(*is),
            Some(Json::Number(n)) => Self::Number(n.to_string()),
            Some(Json::String(text)) => Self::Text(text.clone()),
            Some(Json::Array(all)) if all.iter().all(Json::is_string) => {
                let texts: Vec<&str> = all.iter().filter_map(Json::as_str).collect();
                Self::Text(texts.join(";"))
            }
            Some(other) => Self::Text(other.to_string()),
        }
    }

    /// Of a value of a field, as the API shows it.
    pub(super) fn of_field(field: &Field, value: &Json) -> Self {
        match (&field.kind, value) {
            (FieldType::DateTime, Json::String(text)) => Self::moment(text),
            (FieldType::Date { .. }, Json::String(text)) => match text.parse() {
                Ok(day) => Self::Day(text.clone(), day),
                Err(_) => Self::Text(text.clone()),
            },
            (FieldType::Person, Json::Object(person)) => Self::of(person.get("name")),
            (FieldType::Decimal { .. }, Json::String(text)) => Self::Number(text.clone()),
            (_, value) => Self::of(Some(value)),
        }
    }

    /// A moment in UTC, as the API writes it.
    pub(super) fn moment(text: &str) -> Self {
        match text.parse::<Timestamp>() {
            Ok(at) => {
                let utc = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
                Self::Moment(text.to_owned(), utc)
            }
            Err(_) => Self::Text(text.to_owned()),
        }
    }

    /// In a file of text.
    pub(super) fn text(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Number(text) | Self::Moment(text, _) | Self::Day(text, _) => {
                text
            }
            Self::Bool(is) => is.to_string(),
            Self::Items(items) => items.join("\n"),
        }
    }
}

/// The number that a spreadsheet keeps as it is written; none when it would lose digits.
pub(super) fn exact(number: &str) -> Option<f64> {
    let significant = number
        .bytes()
        .filter(u8::is_ascii_digit)
        .skip_while(|b| *b == b'0')
        .count();
    let plain = !number.contains(['e', 'E']);
    let value: f64 = number.parse().ok()?;
    (plain && significant <= EXACT_DIGITS && value.is_finite()).then_some(value)
}
