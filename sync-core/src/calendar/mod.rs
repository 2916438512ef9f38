//! The working calendar: which days and hours an organisation works, and what becomes of a deadline on it.
//!
//! What enters: a calendar as it was published, a moment, a deadline. What leaves: when the deadline ends, when it is
//! time to warn, and whether that stands on a year whose arrangement nobody has announced yet. What never happens here:
//! reading a clock, or asking for a time zone: the calendar says how far its clocks are ahead, and until when.

mod check;
mod day;
mod deadline;
mod hours;
mod reckon;
mod table;
mod years;
mod zone;

pub use check::CalendarError;
pub use day::{Day, Minute, Weekday};
pub use deadline::{Deadline, Due, Unit};
pub use hours::{DayKind, DayShown, WorkingTime};
pub use table::{ArrangedDay, Arrangement, Calendar, Interval, OwnDay};
pub use years::{BUILT_IN_YEARS, built_in_year, default_calendar};
pub use zone::{Zone, ZoneChange};
