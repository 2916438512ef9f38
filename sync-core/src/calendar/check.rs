//! What a calendar must hold to be published.

use std::collections::{BTreeMap, BTreeSet};

use super::day::{Day, Minute};
use super::table::{Arrangement, Calendar, Interval};
use crate::limits::{MAX_CALENDAR_BYTES, MAX_DAY_INTERVALS, MAX_KIND_TEXT_CHARS};
use crate::schema::Label;

/// The years of which a calendar may say something.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;
/// The furthest that clocks anywhere are ahead or behind, in seconds.
const MOST_AHEAD: i32 = 18 * 3_600;
/// Days that are free in every arrangement, as month and day: New Year, Labour Day and National Day.
const ALWAYS_FREE: [&str; 5] = ["01-01", "05-01", "10-01", "10-02", "10-03"];

/// Why a calendar cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not the JSON of a calendar.
    #[error("this is not a calendar: {0}")]
    NotACalendar(String),
    /// Larger than an entry of the directory may be.
    #[error(
        "the calendar takes {0} bytes, more than {MAX_CALENDAR_BYTES}: leave out days of years that are past"
    )]
    TooLarge(usize),
    /// Nothing is worked in a week.
    #[error("no day of the week is worked: name at least one, and its hours")]
    NoHours,
    /// Hours that cannot be.
    #[error(
        "the hours of {0} are wrong: give 1 to {MAX_DAY_INTERVALS} times from and to, in order and not overlapping"
    )]
    BadHours(String),
    /// A zone that is not known, or whose changes are out of order.
    #[error("there is no time zone {0}: use a name such as Asia/Shanghai")]
    BadZone(String),
    /// A day is there twice.
    #[error("{0} is there twice: say once what it is")]
    TwiceTheDay(Day),
    /// A year is there twice.
    #[error("the arrangement of {0} is there twice: keep one")]
    TwiceTheYear(i32),
    /// A name that is too long.
    #[error(
        "the name of {0} is longer than {MAX_KIND_TEXT_CHARS} characters or has control characters"
    )]
    BadName(String),
    /// A day outside the years that a calendar speaks of, or outside its arrangement.
    #[error(
        "{0} does not belong there: an arrangement has days of its own year, from 1990 to 2100"
    )]
    WrongYear(Day),
    /// A make-up day that is worked anyway.
    #[error(
        "{0} is no Saturday or Sunday, so it cannot be a make-up working day of the state: is the date right?"
    )]
    NoWeekend(Day),
    /// An arrangement without a day that is free every year.
    #[error(
        "the arrangement of {year} does not have {day} as a holiday: give all days of the year's announcement, or mark your own days as own"
    )]
    MissingHoliday {
        /// The year.
        year: i32,
        /// The day that is missing.
        day: Day,
    },
    /// An arrangement without a Spring Festival.
    #[error(
        "the arrangement of {0} has no Spring Festival: give all days of the year's announcement"
    )]
    NoSpringFestival(i32),
    /// Not the next version.
    #[error("the next version is {expected}, not {given}: somebody else may have published")]
    NotNext {
        /// The version that is due.
        expected: u32,
        /// The version given.
        given: u32,
    },
    /// The version exists with other content.
    #[error("version {0} is published already: publish the change as a new version")]
    Published(u32),
}

fn check_hours(of: impl ToString, hours: &[Interval]) -> Result<(), CalendarError> {
    let mut from = Minute(0);
    let fits = (1..=MAX_DAY_INTERVALS).contains(&hours.len())
        && hours.iter().all(|interval| {
            let fits =
                from <= interval.from && interval.from < interval.to && interval.to <= Minute::END;
            from = interval.to;
            fits
        });
    if fits {
        Ok(())
    } else {
        Err(CalendarError::BadHours(of.to_string()))
    }
}

fn check_name(of: impl ToString, name: Option<&Label>) -> Result<(), CalendarError> {
    let texts = name.iter().flat_map(|name| [&name.zh, &name.en]);
    let bad = |text: &String| {
        text.chars().count() > MAX_KIND_TEXT_CHARS || text.chars().any(char::is_control)
    };
    if texts.into_iter().any(bad) {
        return Err(CalendarError::BadName(of.to_string()));
    }
    Ok(())
}

impl Arrangement {
    /// Checks that it can be what was announced for its year.
    ///
    /// # Errors
    /// [`CalendarError`] naming the day and what to do.
    pub fn check(&self) -> Result<(), CalendarError> {
        let mut days = BTreeMap::new();
        for day in &self.days {
            if day.date.year() != self.year || !YEARS.contains(&self.year) {
                return Err(CalendarError::WrongYear(day.date));
            }
            if day.works && !day.date.weekday().is_weekend() {
                return Err(CalendarError::NoWeekend(day.date));
            }
            check_name(day.date, day.name.as_ref())?;
            if days.insert(day.date, day.works).is_some() {
                return Err(CalendarError::TwiceTheDay(day.date));
            }
        }
        check_name(
            self.year,
            Some(&Label {
                zh: self.source.clone(),
                en: String::new(),
            }),
        )?;
        let is_free = |day: Day| days.get(&day) == Some(&false);
        for date in ALWAYS_FREE {
            let day = Day::parse(&format!("{:04}-{date}", self.year));
            if let Some(day) = day.filter(|day| !is_free(*day)) {
                return Err(CalendarError::MissingHoliday {
                    year: self.year,
                    day,
                });
            }
        }
        // The new moon of the festival falls between 21 January and 20 February.
        let spring = Day::parse(&format!("{:04}-01-21", self.year));
        let found = spring.is_some_and(|first| {
            (0..31).any(|at| (0..3).all(|next| is_free(first.plus(at + next))))
        });
        if found {
            Ok(())
        } else {
            Err(CalendarError::NoSpringFestival(self.year))
        }
    }
}

impl Calendar {
    /// Reads and checks a calendar.
    ///
    /// # Errors
    /// [`CalendarError`] naming the day or year and what to do.
    pub fn from_json(json: &str) -> Result<Self, CalendarError> {
        let calendar: Self =
            serde_json::from_str(json).map_err(|e| CalendarError::NotACalendar(e.to_string()))?;
        calendar.check()?;
        Ok(calendar)
    }

    /// Checks all that can be checked without the versions before.
    ///
    /// # Errors
    /// [`CalendarError`] naming the day or year and what to do.
    pub fn check(&self) -> Result<(), CalendarError> {
        // First, so that what follows is bounded.
        let bytes = self.to_json().len();
        if bytes > MAX_CALENDAR_BYTES {
            return Err(CalendarError::TooLarge(bytes));
        }
        let zone = &self.time_zone;
        let ordered = zone.changes.windows(2).all(|two| two[0].at < two[1].at);
        let mut ahead = std::iter::once(zone.seconds).chain(zone.changes.iter().map(|c| c.seconds));
        let sane = ahead.all(|seconds| (-MOST_AHEAD..=MOST_AHEAD).contains(&seconds));
        if !ordered || !sane || zone.name.is_empty() || zone.name.len() > MAX_KIND_TEXT_CHARS {
            return Err(CalendarError::BadZone(zone.name.chars().take(64).collect()));
        }
        if self.week.is_empty() {
            return Err(CalendarError::NoHours);
        }
        check_hours("a usual day", &self.hours)?;
        for (weekday, hours) in &self.weekday_hours {
            check_hours(weekday.as_str(), hours)?;
        }
        let mut years = BTreeSet::new();
        for arrangement in &self.years {
            arrangement.check()?;
            if !years.insert(arrangement.year) {
                return Err(CalendarError::TwiceTheYear(arrangement.year));
            }
        }
        let mut days = BTreeSet::new();
        for day in &self.days {
            if !YEARS.contains(&day.date.year()) {
                return Err(CalendarError::WrongYear(day.date));
            }
            if !days.insert(day.date) {
                return Err(CalendarError::TwiceTheDay(day.date));
            }
            check_name(day.date, day.name.as_ref())?;
            if !day.hours.is_empty() {
                check_hours(day.date, &day.hours)?;
            }
        }
        Ok(())
    }

    /// Checks that this may be published after the newest version.
    ///
    /// # Errors
    /// [`CalendarError`] naming the day or year and what to do.
    pub fn check_follows(&self, newest: Option<&Self>) -> Result<(), CalendarError> {
        self.check()?;
        let expected = newest.map_or(1, |newest| newest.version.saturating_add(1));
        if self.version == expected {
            return Ok(());
        }
        Err(CalendarError::NotNext {
            expected,
            given: self.version,
        })
    }
}
