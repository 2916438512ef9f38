//! A calendar made ready for reckoning: what a day is, and when it is worked.

use std::collections::BTreeMap;

use super::day::Day;
use super::table::{ArrangedDay, Calendar, Interval, OwnDay};
use super::zone::Zone;
use crate::schema::Label;
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// What a day is, and by whose word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// A day of the week that is worked.
    Working,
    /// A day of the week that is not.
    Off,
    /// A public holiday.
    Holiday,
    /// Worked for a public holiday.
    MakeUp,
    /// Free by the organisation's own word.
    Closed,
    /// Worked by the organisation's own word.
    Open,
}

impl DayKind {
    /// Its stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Off => "off",
            Self::Holiday => "holiday",
            Self::MakeUp => "make_up",
            Self::Closed => "closed",
            Self::Open => "open",
        }
    }
}

/// A day as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct DayShown<'a> {
    /// The day.
    pub date: Day,
    /// What it is.
    pub kind: DayKind,
    /// When it is worked.
    pub hours: &'a [Interval],
    /// What it is called.
    pub name: Option<&'a Label>,
    /// Whether the arrangement of its year is not known.
    pub provisional: bool,
}

/// A calendar made ready for reckoning.
#[derive(Debug, Clone)]
pub struct WorkingTime<'a> {
    calendar: &'a Calendar,
    arranged: BTreeMap<Day, &'a ArrangedDay>,
    own: BTreeMap<Day, &'a OwnDay>,
    /// The first year that counts as not known, whatever is known of it.
    unknown_from: i32,
}

impl<'a> WorkingTime<'a> {
    /// What a calendar says.
    #[must_use]
    pub fn of(calendar: &'a Calendar) -> Self {
        Self::before(calendar, i32::MAX)
    }

    /// The same before the arrangement of this year was announced.
    #[must_use]
    pub fn before(calendar: &'a Calendar, year: i32) -> Self {
        let stated = calendar.years.iter().map(|stated| stated.year);
        let mut arranged = BTreeMap::new();
        for known in stated
            .chain(super::BUILT_IN_YEARS)
            .filter(|known| *known < year)
        {
            let days = calendar
                .arrangement(known)
                .into_iter()
                .flat_map(|a| &a.days);
            arranged.extend(days.map(|day| (day.date, day)));
        }
        Self {
            calendar,
            arranged,
            own: calendar.days.iter().map(|day| (day.date, day)).collect(),
            unknown_from: year,
        }
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.calendar.time_zone
    }

    /// Whether the arrangement of the day's year is not known.
    #[must_use]
    pub fn is_provisional(&self, day: Day) -> bool {
        let year = day.year();
        year >= self.unknown_from || self.calendar.arrangement(year).is_none()
    }

    /// The day as it is shown.
    #[must_use]
    pub fn day(&self, day: Day) -> DayShown<'a> {
        let weekday = day.weekday();
        let other = self.calendar.weekday_hours.get(&weekday);
        let usual = other.unwrap_or(&self.calendar.hours).as_slice();
        let (kind, hours, name) = match (self.own.get(&day), self.arranged.get(&day)) {
            (Some(own), _) if !own.works => (DayKind::Closed, &[][..], own.name.as_ref()),
            (Some(own), _) if own.hours.is_empty() => (DayKind::Open, usual, own.name.as_ref()),
            (Some(own), _) => (DayKind::Open, own.hours.as_slice(), own.name.as_ref()),
            (None, Some(said)) if said.works => (DayKind::MakeUp, usual, said.name.as_ref()),
            (None, Some(said)) => (DayKind::Holiday, &[][..], said.name.as_ref()),
            (None, None) if self.calendar.week.contains(&weekday) => {
                (DayKind::Working, usual, None)
            }
            (None, None) => (DayKind::Off, &[][..], None),
        };
        DayShown {
            date: day,
            kind,
            hours,
            name,
            provisional: self.is_provisional(day),
        }
    }

    /// The day that clocks show at a moment; none outside the years that are written.
    pub(crate) fn day_at(&self, at: Timestamp) -> Option<Day> {
        self.zone().day(at)
    }

    /// The moment at which clocks show so many milliseconds of a day.
    pub(super) fn moment(&self, day: Day, shown: i64) -> Timestamp {
        self.zone().moment(i64::from(day.0) * DAY_MS + shown)
    }

    /// The times in which a day is worked, in order.
    pub(super) fn open(
        &self,
        day: Day,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, Timestamp)> + '_ {
        let hours = self.day(day).hours.iter();
        hours.map(move |interval| {
            let at = |minute: super::Minute| self.moment(day, i64::from(minute.0) * MINUTE_MS);
            (at(interval.from), at(interval.to))
        })
    }
}
