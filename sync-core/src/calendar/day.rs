//! Days and times of day as people write them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{format_date, months_of, parse_date, year_of};

/// A day, counted from 1970-01-01; written `2026-10-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(pub i32);

impl Day {
    /// The day that `2026-10-01` names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_date(text).map(Self)
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> i32 {
        i32::try_from(year_of(i64::from(self.0))).unwrap_or(i32::MAX)
    }

    /// Whole months from the year 0 to its month.
    pub(crate) fn months(self) -> i32 {
        i32::try_from(months_of(i64::from(self.0))).unwrap_or(i32::MAX)
    }

    /// The first day of a year.
    #[must_use]
    pub fn first_of(year: i32) -> Option<Self> {
        Self::parse(&format!("{year:04}-01-01"))
    }

    /// Which day of the week it is.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        let at = (i64::from(self.0) + 3).rem_euclid(7);
        Weekday::ALL[usize::try_from(at).unwrap_or_default()]
    }

    /// The day so many days later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_date(i64::from(self.0)))
    }
}

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text} is no day; write it like 2026-10-01"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// All, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    /// Whether the state's arrangements take it for free: Saturday and Sunday.
    #[must_use]
    pub fn is_weekend(self) -> bool {
        matches!(self, Self::Sat | Self::Sun)
    }

    /// Its stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }
}

/// A time of day in minutes from its beginning, up to its end; written `09:00`, the end `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Minute(pub u16);

impl Minute {
    /// The end of a day.
    pub const END: Self = Self(24 * 60);

    /// The time that `09:00` or `9:00` names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text
            .split_once(':')
            .filter(|(_, minutes)| minutes.len() == 2)?;
        let number = |text: &str, most: usize| -> Option<u16> {
            let digits =
                (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
        let at = Self(hours * 60 + minutes);
        (minutes < 60 && at <= Self::END).then_some(at)
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for Minute {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text} is no time of day; write it like 09:00"))
    }
}

impl From<Minute> for String {
    fn from(minute: Minute) -> Self {
        minute.to_string()
    }
}
