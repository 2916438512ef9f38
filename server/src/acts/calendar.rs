//! Publishing a working calendar: the one way in for the API and the import.

use gridfold_sync_core::calendar::{Calendar, CalendarError, Zone, ZoneChange, built_in_year};
use gridfold_sync_core::directory::{Directory, DirectoryChange};
use gridfold_sync_core::limits::{MAX_CALENDAR_BYTES, MAX_DAY_INTERVALS, MAX_KIND_TEXT_CHARS};
use gridfold_sync_core::time::Timestamp;
use jiff::tz::TimeZone;

use crate::directory::DirectoryError;
use crate::node::Node;
use crate::words::{Said, said};

/// The years whose summer times a calendar is given: before and after, clocks stay as at the ends.
const FIRST_YEAR: i16 = 2020;
const LAST_YEAR: i16 = 2060;

/// Why a calendar was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// It does not fit.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The directory could not be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// What a zone is, by its name alone, so that nobody publishes clocks that no zone has.
///
/// # Errors
/// When there is no such zone.
pub(crate) fn zone_named(name: &str) -> Result<Zone, CalendarError> {
    let unknown = || CalendarError::BadZone(name.chars().take(64).collect());
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    let at = |year: i16| {
        let begins = jiff::civil::date(year, 1, 1).to_zoned(TimeZone::UTC);
        begins.map(|at| at.timestamp()).map_err(|_| unknown())
    };
    let (first, last) = (at(FIRST_YEAR)?, at(LAST_YEAR)?);
    let mut before = zone.to_offset(first).seconds();
    let mut out = Zone {
        name: name.to_owned(),
        seconds: before,
        changes: Vec::new(),
    };
    for change in zone
        .following(first)
        .take_while(|change| change.timestamp() < last)
    {
        let seconds = change.offset().seconds();
        if seconds != before {
            out.changes.push(ZoneChange {
                at: Timestamp(change.timestamp().as_millisecond()),
                seconds,
            });
            before = seconds;
        }
    }
    Ok(out)
}

/// A calendar as it is published: with the clocks of its zone, and without arrangements that this build knows just so.
///
/// # Errors
/// When there is no such zone.
pub(crate) fn as_published(given: &Calendar) -> Result<Calendar, CalendarError> {
    let mut calendar = given.clone();
    calendar.time_zone = zone_named(&given.time_zone.name)?;
    calendar
        .years
        .retain(|stated| built_in_year(stated.year) != Some(stated));
    calendar.years.sort_by_key(|stated| stated.year);
    calendar.days.sort_by_key(|day| day.date);
    Ok(calendar)
}

/// Whether a calendar is news. The same version with the same content is not: a request that is sent again changes nothing.
pub(crate) fn is_news(directory: &Directory, calendar: &Calendar) -> Result<bool, CalendarError> {
    match directory.calendar_version(calendar.version) {
        Some(known) if **known == *calendar => Ok(false),
        Some(known) => {
            calendar.check()?;
            Err(CalendarError::Published(known.version))
        }
        None => {
            calendar.check_follows(directory.calendar().map(AsRef::as_ref))?;
            Ok(true)
        }
    }
}

/// Publishes a calendar. Returns whether it was news.
///
/// # Errors
/// When it does not fit what is published, or the directory cannot be written.
pub(crate) fn publish_calendar(node: &Node, calendar: &Calendar) -> Result<bool, PublishError> {
    if !is_news(&node.directory.current(), calendar)? {
        return Ok(false);
    }
    node.directory.change(vec![DirectoryChange::Calendar {
        calendar: Box::new(calendar.clone()),
    }])?;
    // Of two that came at once for one version the first stands.
    is_news(&node.directory.current(), calendar)?;
    Ok(true)
}

/// Why a calendar cannot be published, for people.
pub(crate) fn explain(error: &CalendarError) -> Said {
    match error {
        CalendarError::NotACalendar(what) => said!("calendar_not_one", what = what),
        CalendarError::TooLarge(bytes) => said!(
            "calendar_too_large",
            bytes = *bytes,
            most = MAX_CALENDAR_BYTES,
        ),
        CalendarError::NoHours => said!("calendar_no_hours"),
        CalendarError::BadHours(what) => {
            said!("calendar_bad_hours", what = what, most = MAX_DAY_INTERVALS)
        }
        CalendarError::BadZone(zone) => said!("calendar_bad_zone", zone = zone),
        CalendarError::TwiceTheDay(day) => said!("calendar_twice_the_day", day = day.to_string()),
        CalendarError::TwiceTheYear(year) => {
            said!("calendar_twice_the_year", year = year.to_string())
        }
        CalendarError::BadName(what) => {
            said!("calendar_bad_name", what = what, most = MAX_KIND_TEXT_CHARS)
        }
        CalendarError::WrongYear(day) => said!("calendar_wrong_year", day = day.to_string()),
        CalendarError::NoWeekend(day) => said!("calendar_no_weekend", day = day.to_string()),
        CalendarError::MissingHoliday { year, day } => said!(
            "calendar_missing_holiday",
            year = year.to_string(),
            day = day.to_string(),
        ),
        CalendarError::NoSpringFestival(year) => {
            said!("calendar_no_spring_festival", year = year.to_string())
        }
        CalendarError::NotNext { expected, given } => {
            said!("calendar_not_next", expected = *expected, given = *given)
        }
        CalendarError::Published(version) => said!("calendar_published", version = *version),
    }
}
