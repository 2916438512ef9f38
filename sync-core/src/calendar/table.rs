//! A calendar as it is published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::day::{Day, Minute, Weekday};
use super::zone::Zone;
use crate::schema::Label;

/// A time in which is worked on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// From when.
    pub from: Minute,
    /// Until when; `24:00` is the end of the day.
    pub to: Minute,
}

/// A day of which the state's arrangement of a year says something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrangedDay {
    /// The day.
    pub date: Day,
    /// Whether it is worked, as a make-up day is; otherwise it is free.
    pub works: bool,
    /// Which holiday it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Label>,
}

/// The state's arrangement of a year: public holidays, and the weekends that are worked for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// The year.
    pub year: i32,
    /// Where it is announced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The days that are not as their weekday says.
    pub days: Vec<ArrangedDay>,
}

/// A day of which the organisation itself says something, whatever the state's arrangement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDay {
    /// The day.
    pub date: Day,
    /// Whether it is worked.
    pub works: bool,
    /// When it is worked, where that is not the usual hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Interval>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Label>,
}

/// One version of an organisation's working calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its version, from 1 without gaps; 0 is what holds before one was published.
    pub version: u32,
    /// Its clocks.
    pub time_zone: Zone,
    /// The usual hours of a day that is worked.
    pub hours: Vec<Interval>,
    /// The days of the week that are worked.
    pub week: Vec<Weekday>,
    /// Days of the week with other hours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weekday_hours: BTreeMap<Weekday, Vec<Interval>>,
    /// Arrangements of years that it states itself. Those of other years are what this build knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub years: Vec<Arrangement>,
    /// The organisation's own days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<OwnDay>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl Calendar {
    /// The JSON of the calendar.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
