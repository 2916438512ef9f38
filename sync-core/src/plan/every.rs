//! How often a plan comes, and the periods that makes.
//!
//! A period is named by its first day as the calendar has it, so that whoever reckons names it alike, whenever the plan
//! begins within it.

use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::limits::MAX_PLAN_DAYS;

/// Most times a year: once a week.
const MOST_TIMES: u32 = 52;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EveryUnit {
    /// Days, from the day on which the plan begins.
    Days,
    /// Weeks, from the Monday of the week in which it begins.
    Weeks,
    /// Months of the calendar, from the one in which it begins.
    Months,
    /// Times a year of the calendar, which is parted evenly.
    TimesAYear,
    /// What a newer build knows: nothing comes of it here.
    #[serde(untagged)]
    Other(String),
}

impl EveryUnit {
    /// Those that this build knows, with their words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Days, "days"),
        (Self::Weeks, "weeks"),
        (Self::Months, "months"),
        (Self::TimesAYear, "times_a_year"),
    ];

    /// Its stable word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let known = Self::ALL.iter().find(|(unit, _)| unit == self);
        match (known, self) {
            (Some((_, word)), _) => word,
            (None, Self::Other(word)) => word,
            (None, _) => "",
        }
    }

    /// The unit with this word, if this build knows it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == word);
        known.map(|(unit, _)| unit)
    }
}

/// How often a plan comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: EveryUnit,
}

/// The time in which something is due once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// Its first day by the calendar, by which it is named; the plan may begin later.
    pub name: Day,
    /// The first day in it on which the plan holds.
    pub first: Day,
    /// The last such day.
    pub last: Day,
}

fn month_first(months: i32) -> Option<Day> {
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    Day::parse(&format!("{year:04}-{month:02}-01"))
}

impl Every {
    /// Whether it can be meant.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self.unit {
            EveryUnit::Days => (1..=MAX_PLAN_DAYS).contains(&self.amount),
            EveryUnit::Weeks => (1..=MAX_PLAN_DAYS / 7).contains(&self.amount),
            EveryUnit::Months => (1..=MAX_PLAN_DAYS / 31).contains(&self.amount),
            EveryUnit::TimesAYear => (1..=MOST_TIMES).contains(&self.amount),
            EveryUnit::Other(_) => false,
        }
    }

    /// The first and last day of the period that holds a day, of a plan that began then.
    pub(super) fn around(&self, begins: Day, day: Day) -> Option<(Day, Day)> {
        if !self.is_sound() {
            return None;
        }
        let n = i32::try_from(self.amount).ok()?;
        let run = |from: Day, days: i32| {
            let first = from.plus(day.0.saturating_sub(from.0).div_euclid(days) * days);
            (first, first.plus(days - 1))
        };
        match self.unit {
            EveryUnit::Days => Some(run(begins, n)),
            EveryUnit::Weeks => {
                let monday = begins.plus(-(begins.weekday() as i32));
                Some(run(monday, n * 7))
            }
            EveryUnit::Months => {
                let (from, now) = (begins.months(), day.months());
                let first = from + (now - from).div_euclid(n) * n;
                Some((month_first(first)?, month_first(first + n)?.plus(-1)))
            }
            EveryUnit::TimesAYear if 12 % n == 0 => {
                let each = 12 / n;
                let first = day.months().div_euclid(each) * each;
                Some((month_first(first)?, month_first(first + each)?.plus(-1)))
            }
            EveryUnit::TimesAYear => {
                let first = Day::first_of(day.year())?;
                let days = Day::first_of(day.year() + 1)?.0 - first.0;
                // The part of the year that holds the day: the last that begins on or before it.
                let begins = |part: i32| part * days / n;
                let at = day.0 - first.0;
                let part = (0..n).rev().find(|part| begins(*part) <= at)?;
                Some((first.plus(begins(part)), first.plus(begins(part + 1) - 1)))
            }
            EveryUnit::Other(_) => None,
        }
    }
}
