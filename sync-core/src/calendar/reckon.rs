//! From a moment and a deadline to when it ends: the one rule for phones, the server and the dashboard.
//!
//! Days are counted as the Civil Code of the People's Republic of China counts terms (articles 200 to 204): the day of
//! the report is not counted, and of a day with hours of business the last ends when business ends.

use super::day::Day;
use super::deadline::{Deadline, Due, Unit};
use super::hours::WorkingTime;
use crate::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;
/// The last second of a day, so that nobody reads the day after.
const LAST_SECOND_MS: i64 = 86_399_000;
/// Days that are looked through at most; who works a minute a week gets no answer.
const MOST_DAYS: i32 = 40_000;

/// A moment, and the days that it stands on.
struct Found {
    at: Timestamp,
    provisional: bool,
}

impl WorkingTime<'_> {
    /// What a deadline comes to that began then; none where its end lies outside the years that are written, in more
    /// than a hundred years, or its unit is not known.
    #[must_use]
    pub fn due(&self, start: Timestamp, within: &Deadline, warn: Option<&Deadline>) -> Option<Due> {
        let end = self.after(start, within)?;
        let warned = warn.and_then(|warn| self.ahead(end.at, warn));
        Some(Due {
            at: end.at,
            warn_at: warned.as_ref().map(|warned| warned.at.max(start)),
            provisional: end.provisional || warned.is_some_and(|warned| warned.provisional),
        })
    }

    fn after(&self, start: Timestamp, within: &Deadline) -> Option<Found> {
        let sure = |at| Found {
            at,
            provisional: false,
        };
        match within.unit {
            Unit::Hours => Some(sure(
                start.plus_millis(i64::from(within.amount).saturating_mul(HOUR_MS)),
            )),
            Unit::Days => {
                let days = i32::try_from(within.amount).ok()?;
                let last = self.day_at(start)?.plus(days);
                Some(sure(self.moment(last, LAST_SECOND_MS)))
            }
            Unit::WorkingDays => {
                let mut left = within.amount;
                self.walk(self.day_at(start)?, 1, |day, now| {
                    let closes = self.closes(day)?;
                    // The day of the report is not counted.
                    if now == 0 {
                        return None;
                    }
                    left = left.checked_sub(1)?;
                    (left == 0).then_some(closes)
                })
            }
            Unit::WorkingHours => {
                let mut left = i64::from(within.amount).saturating_mul(HOUR_MS);
                self.walk(self.day_at(start)?, 1, |day, _| {
                    for (opens, closes) in self.open(day) {
                        let from = opens.max(start);
                        let open = closes.millis().saturating_sub(from.millis()).max(0);
                        if open >= left {
                            return Some(from.plus_millis(left));
                        }
                        left -= open;
                    }
                    None
                })
            }
            Unit::Other(_) => None,
        }
    }

    /// The moment so much before another.
    fn ahead(&self, end: Timestamp, before: &Deadline) -> Option<Found> {
        let sure = |at| Found {
            at,
            provisional: false,
        };
        match before.unit {
            Unit::Hours => Some(sure(
                end.plus_millis(i64::from(before.amount).saturating_mul(-HOUR_MS)),
            )),
            Unit::Days => {
                let days = i32::try_from(before.amount).ok()?;
                let day = self.day_at(end)?;
                let shown = self.zone().shown(end) - i64::from(day.0) * 86_400_000;
                Some(sure(self.moment(day.plus(-days), shown)))
            }
            Unit::WorkingDays => {
                let mut left = before.amount;
                self.walk(self.day_at(end)?, -1, |day, now| {
                    let closes = self.closes(day)?;
                    if now == 0 {
                        return None;
                    }
                    left = left.checked_sub(1)?;
                    (left == 0).then_some(closes)
                })
            }
            Unit::WorkingHours => {
                let mut left = i64::from(before.amount).saturating_mul(HOUR_MS);
                self.walk(self.day_at(end)?, -1, |day, _| {
                    for (opens, closes) in self.open(day).rev() {
                        let to = closes.min(end);
                        let open = to.millis().saturating_sub(opens.millis()).max(0);
                        if open >= left {
                            return Some(to.plus_millis(-left));
                        }
                        left -= open;
                    }
                    None
                })
            }
            Unit::Other(_) => None,
        }
    }

    /// When work ends on a day; at its last second where that is the end of the day, which is no longer the day.
    fn closes(&self, day: Day) -> Option<Timestamp> {
        let (_, closes) = self.open(day).next_back()?;
        Some(closes.min(self.moment(day, LAST_SECOND_MS)))
    }

    /// Goes from day to day until something is found, and notes whether a day on the way is not known.
    fn walk(
        &self,
        first: Day,
        step: i32,
        mut look: impl FnMut(Day, i32) -> Option<Timestamp>,
    ) -> Option<Found> {
        let mut provisional = false;
        for now in 0..MOST_DAYS {
            let day = first.plus(now.saturating_mul(step));
            provisional |= self.is_provisional(day);
            if let Some(at) = look(day, now) {
                // Outside the years that are written nothing is due.
                return self.day_at(at).map(|_| Found { at, provisional });
            }
        }
        None
    }
}
