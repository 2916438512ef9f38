//! What a working calendar holds, as the description of the API tells it: its types are the core's own.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::Label;

/// A time of a day.
#[derive(Serialize, ToSchema)]
pub struct Interval {
    /// From when, such as `09:00`.
    pub from: String,
    /// Until when; `24:00` is the end of the day.
    pub to: String,
}

/// The clocks of an organisation.
#[derive(Serialize, ToSchema)]
pub struct Zone {
    /// The name of the zone, such as `Asia/Shanghai`; all else is looked up by it.
    pub name: String,
    /// Seconds ahead of UTC before the first change.
    #[schema(nullable = false)]
    pub seconds: Option<i32>,
    /// When clocks are set otherwise.
    #[schema(nullable = false)]
    pub changes: Option<Vec<ZoneChange>>,
}

/// From when clocks are set otherwise.
#[derive(Serialize, ToSchema)]
pub struct ZoneChange {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Seconds ahead of UTC from then on.
    pub seconds: i32,
}

/// A day of the state's arrangement.
#[derive(Serialize, ToSchema)]
pub struct ArrangedDay {
    /// The day.
    pub date: String,
    /// Whether it is a make-up working day; otherwise it is free.
    pub works: bool,
    /// Which holiday it belongs to.
    #[schema(nullable = false)]
    pub name: Option<Label>,
}

/// The state's arrangement of a year.
#[derive(Serialize, ToSchema)]
pub struct Arrangement {
    /// The year.
    pub year: i32,
    /// Where it is announced.
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// The days that are not as their weekday says.
    pub days: Vec<ArrangedDay>,
}

/// A day of which the organisation itself says something.
#[derive(Serialize, ToSchema)]
pub struct OwnDay {
    /// The day.
    pub date: String,
    /// Whether it is worked.
    pub works: bool,
    /// When it is worked, where that is not the usual hours.
    #[schema(nullable = false)]
    pub hours: Option<Vec<Interval>>,
    /// What it is called.
    #[schema(nullable = false)]
    pub name: Option<Label>,
}

/// One version of the working calendar.
#[derive(Serialize, ToSchema)]
pub struct Calendar {
    /// Its version, from 1 without gaps; 0 is what holds before one was published.
    pub version: u32,
    /// Its clocks.
    pub time_zone: Zone,
    /// The usual hours of a day that is worked.
    pub hours: Vec<Interval>,
    /// The days of the week that are worked: `mon tue wed thu fri sat sun`.
    pub week: Vec<String>,
    /// Days of the week with other hours.
    #[schema(nullable = false)]
    pub weekday_hours: Option<BTreeMap<String, Vec<Interval>>>,
    /// Arrangements of years. Those that are left out are what the server knows.
    #[schema(nullable = false)]
    pub years: Option<Vec<Arrangement>>,
    /// The organisation's own days.
    #[schema(nullable = false)]
    pub days: Option<Vec<OwnDay>>,
}
