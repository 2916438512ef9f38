//! The arrangements that this build knows, as the General Office of the State Council announced them; each file names
//! its notice. All days of 2024 to 2026 were compared with the packages chinesecalendar 1.11.0 and holidays 0.108.
//!
//! That of 2027 was not found in the first days of December 2026: until a calendar states it, 2027 is not known.

use crate::gather::Gather as _;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::day::{Minute, Weekday};
use super::table::{Arrangement, Calendar, Interval};
use super::zone::Zone;

/// The years whose arrangement this build knows.
pub const BUILT_IN_YEARS: std::ops::RangeInclusive<i32> = 2024..=2026;

const FILES: [&str; 3] = [
    include_str!("../../calendar/2024.json"),
    include_str!("../../calendar/2025.json"),
    include_str!("../../calendar/2026.json"),
];

/// The arrangement of a year, if this build knows it.
#[must_use]
pub fn built_in_year(year: i32) -> Option<&'static Arrangement> {
    // A test keeps every file readable.
    static KNOWN: LazyLock<BTreeMap<i32, Arrangement>> = LazyLock::new(|| {
        let read = FILES
            .iter()
            .filter_map(|file| serde_json::from_str(file).ok());
        read.map(|year: Arrangement| (year.year, year)).gathered()
    });
    KNOWN.get(&year)
}

/// What holds before an organisation has published a calendar: Monday to Friday, 9 to 12 and 13:30 to 17:30 by Beijing
/// time. Its version is 0.
#[must_use]
pub fn default_calendar() -> Calendar {
    let interval = |from, to| Interval {
        from: Minute(from),
        to: Minute(to),
    };
    Calendar {
        version: 0,
        time_zone: Zone::china(),
        hours: vec![
            interval(9 * 60, 12 * 60),
            interval(13 * 60 + 30, 17 * 60 + 30),
        ],
        week: Weekday::ALL
            .into_iter()
            .filter(|day| !day.is_weekend())
            .collect(),
        weekday_hours: BTreeMap::new(),
        years: Vec::new(),
        days: Vec::new(),
        unknown: BTreeMap::new(),
    }
}

impl Calendar {
    /// The arrangement of a year, if anybody has announced it: what the calendar states, else what this build knows.
    #[must_use]
    pub fn arrangement(&self, year: i32) -> Option<&Arrangement> {
        let own = self.years.iter().find(|stated| stated.year == year);
        own.or_else(|| built_in_year(year))
    }

    /// The same calendar with all arrangements that it and this build know, so that who reckons with it elsewhere
    /// reckons alike.
    #[must_use]
    pub fn complete(&self) -> Self {
        let mut whole = self.clone();
        for year in BUILT_IN_YEARS {
            if !whole.years.iter().any(|stated| stated.year == year) {
                whole.years.extend(built_in_year(year).cloned());
            }
        }
        whole.years.sort_by_key(|stated| stated.year);
        whole
    }
}
