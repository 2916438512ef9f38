//! When the server makes a report by itself.

use jiff::civil::{Date, DateTime, Time};
use jiff::{ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Answer, Problem};
use crate::words::said;

/// When a report is made by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// `day`, `week` (on Mondays) or `month` (on the first).
    pub every: String,
    /// The time of day, in the server's zone.
    #[schema(example = "08:00")]
    pub at: String,
}

impl Schedule {
    fn time(&self) -> Option<Time> {
        let (hour, minute) = self.at.split_once(':')?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    }

    pub(super) fn check(&self) -> Answer<()> {
        let known = matches!(self.every.as_str(), "day" | "week" | "month");
        match known && self.time().is_some() {
            true => Ok(()),
            false => Err(Problem::bad_request_in(said!("report_schedule"))),
        }
    }

    /// The newest moment up to now at which it is to be made, in milliseconds; none of one that does not say when.
    pub(crate) fn last_due(&self, now_ms: i64, zone: &TimeZone) -> Option<i64> {
        let now = jiff::Timestamp::from_millisecond(now_ms)
            .ok()?
            .to_zoned(zone.clone());
        let time = self.time()?;
        let at = |day: Date| {
            let moment = DateTime::from_parts(day, time)
                .to_zoned(zone.clone())
                .ok()?;
            Some(moment.timestamp().as_millisecond())
        };
        let today = now.date();
        let (this, before) = match self.every.as_str() {
            "day" => (today, today.checked_sub(1.day()).ok()?),
            "week" => {
                let back = i64::from(today.weekday().to_monday_zero_offset());
                let monday = today.checked_sub(back.days()).ok()?;
                (monday, monday.checked_sub(7.days()).ok()?)
            }
            "month" => {
                let first = today.first_of_month();
                (first, first.checked_sub(1.month()).ok()?)
            }
            _ => return None,
        };
        let this = at(this)?;
        if this <= now_ms {
            Some(this)
        } else {
            at(before)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_due_at_its_local_time() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let ms = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let of = |every: &str| Schedule {
            every: every.to_owned(),
            at: "08:00".to_owned(),
        };
        // Half past seven on a Thursday, the first of October.
        let now = ms("2026-09-30T23:30:00Z");
        for (every, expected) in [
            ("day", "2026-09-30T00:00:00Z"),
            ("week", "2026-09-28T00:00:00Z"),
            ("month", "2026-09-01T00:00:00Z"),
        ] {
            assert_eq!(
                of(every).last_due(now, &zone),
                Some(ms(expected)),
                "{every}"
            );
        }
        let later = ms("2026-10-01T00:00:00Z");
        assert_eq!(of("month").last_due(later, &zone), Some(later));
        for bad in ["25:00", "8", "08:61", ""] {
            let at = bad.to_owned();
            let every = "day".to_owned();
            assert!(Schedule { every, at }.check().is_err(), "{bad}");
        }
    }
}
