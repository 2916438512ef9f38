//! When a matter is due by the newest catalogue and calendar, and why that differs from what stands in the record.
//!
//! What enters: the kind, urgency and report of a matter, and the due time that was written down. What leaves: what the
//! newest versions give, and which change explains the difference. What never happens here: another due time put in
//! the place of the one that was written.

use crate::calendar::{Calendar, Due, WorkingTime, default_calendar};
use crate::directory::{Catalogue, Directory};
use crate::time::Timestamp;

/// Versions that are looked through at most for one answer.
const MOST_TRIED: usize = 400;
const MINUTE_MS: i64 = 60_000;

/// Why the due time that was written differs from the one of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueWhy {
    /// It is what this version of the calendar gave; a newer one holds. 0 is before one was published.
    Calendar(u32),
    /// It was counted before the arrangement of this year was announced.
    Year(i32),
    /// It is what this version of the catalogue gave; a newer one holds.
    Catalogue(u32),
    /// No version gave it: somebody wrote it.
    ByHand,
}

/// What the newest catalogue and calendar give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueNow {
    /// When it is due by them.
    pub due: Due,
    /// The version of the calendar; 0 when none was published.
    pub calendar: u32,
    /// The version of the catalogue.
    pub catalogue: u32,
    /// Why the time that was written is another; none when it is the same, or none was written.
    pub why: Option<DueWhy>,
}

/// Of which matter is asked.
struct Asked<'a> {
    kind: &'a str,
    urgency: Option<&'a str>,
    reported: Timestamp,
}

impl Asked<'_> {
    fn due(&self, catalogue: &Catalogue, time: &WorkingTime<'_>) -> Option<Due> {
        catalogue.due(self.kind, self.urgency, self.reported, time)
    }
}

/// Apps let people write minutes.
fn same(a: Timestamp, b: Timestamp) -> bool {
    a.millis().div_euclid(MINUTE_MS) == b.millis().div_euclid(MINUTE_MS)
}

impl Directory {
    /// When a matter is due by the newest catalogue and calendar; none for a kind that is not known or whose time is open.
    #[must_use]
    pub fn due_now(
        &self,
        kind: &str,
        urgency: Option<&str>,
        reported: Timestamp,
        written: Option<Timestamp>,
    ) -> Option<DueNow> {
        let asked = Asked {
            kind,
            urgency,
            reported,
        };
        let catalogue = self.catalogue()?;
        let calendar = self.working_calendar();
        let due = asked.due(catalogue, &WorkingTime::of(&calendar))?;
        let differs = written.filter(|written| !same(*written, due.at));
        Some(DueNow {
            due,
            calendar: calendar.version,
            catalogue: catalogue.version,
            why: differs.map(|written| self.why(&asked, written)),
        })
    }

    fn why(&self, asked: &Asked<'_>, written: Timestamp) -> DueWhy {
        let fits = |catalogue: &Catalogue, time: &WorkingTime<'_>| {
            let due = asked.due(catalogue, time);
            due.is_some_and(|due| same(due.at, written))
        };
        let first = default_calendar();
        let calendars = || {
            let published = self.calendars.values().rev().map(AsRef::as_ref);
            published.chain(std::iter::once(&first))
        };
        let newest = self.catalogues.values().next_back();
        let mut tried = 0;
        for catalogue in self.catalogues.values().rev() {
            for (at, calendar) in calendars().enumerate() {
                tried += 1;
                if tried > MOST_TRIED {
                    return DueWhy::ByHand;
                }
                let is_newest = newest.is_some_and(|newest| newest.version == catalogue.version);
                let why = |otherwise| match is_newest {
                    true => otherwise,
                    false => DueWhy::Catalogue(catalogue.version),
                };
                if fits(catalogue, &WorkingTime::of(calendar)) {
                    return why(DueWhy::Calendar(calendar.version));
                }
                if let Some(year) =
                    unknown_then(asked, written, calendar, |time| fits(catalogue, time))
                {
                    // Of the newest calendar only the year explains it.
                    return why(match at {
                        0 => DueWhy::Year(year),
                        _ => DueWhy::Calendar(calendar.version),
                    });
                }
            }
        }
        DueWhy::ByHand
    }
}

/// The year without whose arrangement the time that was written comes out, if any.
fn unknown_then(
    asked: &Asked<'_>,
    written: Timestamp,
    calendar: &Calendar,
    fits: impl Fn(&WorkingTime<'_>) -> bool,
) -> Option<i32> {
    let time = WorkingTime::of(calendar);
    let year = |at| time.day_at(at).map(crate::calendar::Day::year);
    let (first, last) = (year(asked.reported)?, year(written)?);
    // A deadline may end before the year does and have been written across it.
    let from = first.max(last.saturating_sub(12));
    (from..=last.saturating_add(1)).rev().find(|year| {
        calendar.arrangement(*year).is_some() && fits(&WorkingTime::before(calendar, *year))
    })
}
