//! The time that a report is of: days of a zone, relative to today or named, and the time before it that it is held against.
//!
//! What enters: a period, today, a zone. What leaves: two spans of days as moments, and the days, weeks, months, quarters or years in them. What never happens here: a day of 24 hours taken for granted.

use gridfold_sync_core::time::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span as Days, ToSpan as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Answer, Problem};
use crate::views::Span;
use crate::words::said;

/// Most days of a report, and most parts of its time.
pub const MAX_REPORT_DAYS: i64 = 3_660;
/// Most days, weeks or months side by side.
pub const MAX_PARTS: usize = 400;

/// Of which time. Either `of`, or `from` and `to`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Period {
    /// Relative to the day it is asked: `today`, `yesterday`, `last_7_days`, `last_30_days`, `last_90_days`, `last_365_days` (today included), or `this_` or `last_` with `week` (from Monday), `month`, `quarter`, `year`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The first day.
    #[schema(example = "2026-06-01")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day, which is in it.
    #[schema(example = "2026-06-30")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    const ALL: [Self; 5] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The first day of the one that a day is in.
    fn begins(self, day: Date) -> Result<Date, jiff::Error> {
        match self {
            Self::Day => Ok(day),
            Self::Week => {
                let since = day.weekday().since(Weekday::Monday);
                day.checked_sub(i64::from(since).rem_euclid(7).days())
            }
            Self::Month => Ok(day.first_of_month()),
            Self::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
            Self::Year => Ok(day.first_of_year()),
        }
    }

    fn long(self, times: i64) -> Days {
        match self {
            Self::Day => times.days(),
            Self::Week => times.weeks(),
            Self::Month => times.months(),
            Self::Quarter => (3 * times).months(),
            Self::Year => times.years(),
        }
    }
}

/// Days from one to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Date,
    /// The day after the last.
    pub(super) until: Date,
}

/// A part of a time, with the day it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) range: Range,
    pub(super) span: Span,
}

fn broken(error: &jiff::Error) -> Problem {
    tracing::debug!(%error, "a day that no calendar has");
    Problem::bad_request_in(said!("report_period"))
}

fn days_between(from: Date, until: Date) -> Answer<i64> {
    let days = from.until(until).map_err(|e| broken(&e))?;
    Ok(i64::from(days.get_days()))
}

impl Range {
    fn of(from: Date, until: Date) -> Self {
        Self { from, until }
    }

    /// As moments: from the first midnight to the one after the last day.
    pub(super) fn span(self, zone: &TimeZone) -> Answer<Span> {
        let at = |day: Date| {
            let zoned = day.to_zoned(zone.clone()).map_err(|e| broken(&e))?;
            Ok::<_, Problem>(Timestamp(zoned.timestamp().as_millisecond()))
        };
        Ok(Span {
            from: at(self.from)?,
            until: at(self.until)?,
        })
    }

    /// The last day in it.
    pub(super) fn last(self) -> Answer<Date> {
        self.until.checked_sub(1.day()).map_err(|e| broken(&e))
    }

    /// The time before it that is as long: of whole months as many months, else as many days.
    fn before(self) -> Answer<Self> {
        let is_first = |day: Date| day.day() == 1;
        if is_first(self.from) && is_first(self.until) {
            let months = i64::from(self.until.year() - self.from.year()) * 12
                + i64::from(self.until.month() - self.from.month());
            let from = self
                .from
                .checked_sub(months.months())
                .map_err(|e| broken(&e))?;
            return Ok(Self::of(from, self.from));
        }
        let days = days_between(self.from, self.until)?;
        let from = self.from.checked_sub(days.days()).map_err(|e| broken(&e))?;
        Ok(Self::of(from, self.from))
    }

    /// The days, weeks or months in it; the first and the last may be cut.
    pub(super) fn parts(self, unit: Unit, zone: &TimeZone) -> Answer<Vec<Part>> {
        let mut out = Vec::new();
        let mut from = self.from;
        while from < self.until {
            if out.len() == MAX_PARTS {
                return Err(Problem::bad_request_in(said!(
                    "report_parts",
                    most = MAX_PARTS
                )));
            }
            let next = unit
                .begins(from)
                .and_then(|day| day.checked_add(unit.long(1)));
            let until = next.map_err(|e| broken(&e))?.min(self.until);
            let range = Self::of(from, until);
            out.push(Part {
                range,
                span: range.span(zone)?,
            });
            from = until;
        }
        Ok(out)
    }
}

impl Period {
    /// The days it is of today, and those before that it is held against.
    pub(super) fn ranges(&self, today: Date) -> Answer<(Range, Range)> {
        let wrong = || Problem::bad_request_in(said!("report_period"));
        let tomorrow = today.checked_add(1.day()).map_err(|e| broken(&e))?;
        let both = |range: Range| Ok((range, range.before()?));
        match (&self.of, &self.from, &self.to) {
            (None, Some(from), Some(to)) => {
                let day = |text: &str| text.parse::<Date>().map_err(|_| wrong());
                let (from, to) = (day(from)?, day(to)?);
                let until = to.checked_add(1.day()).map_err(|e| broken(&e))?;
                let days = days_between(from, until)?;
                if !(1..=MAX_REPORT_DAYS).contains(&days) {
                    return Err(Problem::bad_request_in(said!(
                        "report_days",
                        most = MAX_REPORT_DAYS
                    )));
                }
                both(Range::of(from, until))
            }
            (Some(of), None, None) => match of.as_str() {
                "today" => both(Range::of(today, tomorrow)),
                "yesterday" => {
                    let day = today.checked_sub(1.day()).map_err(|e| broken(&e))?;
                    both(Range::of(day, today))
                }
                other => relative(other, today, tomorrow),
            },
            _ => Err(wrong()),
        }
    }
}

fn relative(of: &str, today: Date, tomorrow: Date) -> Answer<(Range, Range)> {
    let wrong = || Problem::bad_request_in(said!("report_period"));
    if let Some(days) = of
        .strip_prefix("last_")
        .and_then(|of| of.strip_suffix("_days"))
    {
        let days: i64 = match days {
            "7" => 7,
            "30" => 30,
            "90" => 90,
            "365" => 365,
            _ => return Err(wrong()),
        };
        let back = |day: Date| day.checked_sub(days.days()).map_err(|e| broken(&e));
        let from = back(tomorrow)?;
        return Ok((Range::of(from, tomorrow), Range::of(back(from)?, from)));
    }
    let (is_last, name) = match (of.strip_prefix("last_"), of.strip_prefix("this_")) {
        (Some(name), _) => (true, name),
        (_, Some(name)) => (false, name),
        _ => return Err(wrong()),
    };
    let unit = Unit::parse(name)
        .filter(|unit| *unit != Unit::Day)
        .ok_or_else(wrong)?;
    let this = unit.begins(today).map_err(|e| broken(&e))?;
    let back = |times: i64| this.checked_sub(unit.long(times)).map_err(|e| broken(&e));
    if is_last {
        return Ok((Range::of(back(1)?, this), Range::of(back(2)?, back(1)?)));
    }
    // Of one that is not over, as many days of the one before; a shorter one ends with its last day.
    let days = days_between(this, tomorrow)?;
    let begun = back(1)?;
    let same = begun.checked_add(days.days()).map_err(|e| broken(&e))?;
    Ok((Range::of(this, tomorrow), Range::of(begun, same.min(this))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, today: &str) -> [String; 4] {
        let period = Period {
            of: Some(text.to_owned()),
            ..Period::default()
        };
        let (now, before) = period.ranges(today.parse().unwrap()).unwrap();
        [now.from, now.until, before.from, before.until].map(|day| day.to_string())
    }

    #[test]
    fn a_time_is_held_against_the_one_before_it() {
        for (text, today, expected) in [
            (
                "this_month",
                "2026-03-31",
                ["2026-03-01", "2026-04-01", "2026-02-01", "2026-03-01"],
            ),
            (
                "this_month",
                "2026-03-02",
                ["2026-03-01", "2026-03-03", "2026-02-01", "2026-02-03"],
            ),
            (
                "last_month",
                "2026-03-31",
                ["2026-02-01", "2026-03-01", "2026-01-01", "2026-02-01"],
            ),
            (
                "last_quarter",
                "2026-02-10",
                ["2025-10-01", "2026-01-01", "2025-07-01", "2025-10-01"],
            ),
            (
                "this_week",
                "2026-03-04",
                ["2026-03-02", "2026-03-05", "2026-02-23", "2026-02-26"],
            ),
            (
                "last_7_days",
                "2026-03-04",
                ["2026-02-26", "2026-03-05", "2026-02-19", "2026-02-26"],
            ),
            (
                "last_year",
                "2024-02-29",
                ["2023-01-01", "2024-01-01", "2022-01-01", "2023-01-01"],
            ),
            (
                "yesterday",
                "2026-01-01",
                ["2025-12-31", "2026-01-01", "2025-12-30", "2025-12-31"],
            ),
        ] {
            assert_eq!(
                of(text, today),
                expected.map(str::to_owned),
                "{text} {today}"
            );
        }
    }

    #[test]
    fn named_days_have_a_time_before_of_their_own_length() {
        let of = |from: &str, to: &str| {
            let period = Period {
                of: None,
                from: Some(from.to_owned()),
                to: Some(to.to_owned()),
            };
            period.ranges("2026-06-01".parse().unwrap())
        };
        let (_, before) = of("2026-03-01", "2026-03-31").unwrap();
        assert_eq!(before.from.to_string(), "2026-02-01");
        let (_, before) = of("2026-03-02", "2026-03-31").unwrap();
        assert_eq!(before.from.to_string(), "2026-01-31");
        for (from, to) in [
            ("2026-03-02", "2026-03-01"),
            ("2026-02-30", "2026-03-01"),
            ("2000-01-01", "2026-01-01"),
            ("x", "y"),
        ] {
            assert!(of(from, to).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn parts_follow_each_other_over_the_ends_of_months_and_summer_time() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let range = Range::of(day("2026-03-15"), day("2026-05-02"));
        let parts = range.parts(Unit::Month, &zone).unwrap();
        let from: Vec<String> = parts.iter().map(|p| p.range.from.to_string()).collect();
        assert_eq!(from, ["2026-03-15", "2026-04-01", "2026-05-01"]);
        assert!(
            parts
                .windows(2)
                .all(|two| two[0].span.until == two[1].span.from)
        );
        let change = Range::of(day("2026-03-29"), day("2026-03-30"));
        let span = change.span(&zone).unwrap();
        assert_eq!(span.until.millis() - span.from.millis(), 23 * 3_600_000);
    }
}
