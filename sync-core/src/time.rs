//! Time as data: milliseconds since 1970-01-01T00:00:00Z. Nothing here reads a clock.

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Clocks differ by a little; more than this ahead of what received it and a clock is wrong.
pub const CLOCKS_DIFFER_MS: i64 = 120_000;
/// 1990-01-01T00:00:00Z: a clock that lost its time shows something before.
pub const EARLIEST_MS: i64 = 631_152_000_000;
/// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
const FIRST_WRITTEN_MS: i64 = -62_135_596_800_000;
const LAST_WRITTEN_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Milliseconds since the epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }
    /// This moment moved by `millis`, held at the ends of the range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
    /// What a clock claimed, as it is told of what came at `received`: never later than that, whoever asks and wherever.
    #[must_use]
    pub fn held_by(self, received: Self) -> Self {
        self.min(received)
    }
    /// Whether what a clock claimed of what came at `received` cannot be right: what is told of it is then marked.
    #[must_use]
    pub fn is_implausible(self, received: Self) -> bool {
        self.0 > received.0.saturating_add(CLOCKS_DIFFER_MS) || self.0 < EARLIEST_MS
    }
    /// `2026-06-13T01:50:34.000Z`. Clocks claim any time; one outside the years 1 to 9999, which others cannot read, is
    /// written as the nearest moment inside.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let held = self.0.clamp(FIRST_WRITTEN_MS, LAST_WRITTEN_MS);
        let days = held.div_euclid(86_400_000);
        let ms = held.rem_euclid(86_400_000);
        let (h, m, s, milli) = (
            ms / 3_600_000,
            ms / 60_000 % 60,
            ms / 1_000 % 60,
            ms % 1_000,
        );
        format!("{}T{h:02}:{m:02}:{s:02}.{milli:03}Z", format_date(days))
    }
}

/// `2026-06-13` of a day counted from 1970-01-01.
#[must_use]
pub fn format_date(days: i64) -> String {
    let (y, m, d) = civil_from_days(days);
    format!("{y:04}-{m:02}-{d:02}")
}

/// Whole months from the year 0 to the one of a day counted from 1970-01-01.
pub(crate) fn months_of(days: i64) -> i64 {
    let (year, month, _) = civil_from_days(days);
    year * 12 + month - 1
}

/// The year of a day counted from 1970-01-01.
pub(crate) fn year_of(days: i64) -> i64 {
    civil_from_days(days).0
}

/// The day, counted from 1970-01-01, that `2026-06-13` names; `None` when it names none.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    // Digits only: `parse` alone would take `+1`.
    let mut number = |length: usize| -> Option<i64> {
        let part = parts.next().filter(|p| p.len() == length)?;
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let (y, m, d) = (number(4)?, number(2)?, number(2)?);
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    let days = days_from_civil(y, m, d);
    (civil_from_days(days) == (y, m, d)).then(|| i32::try_from(days).ok())?
}

// The two conversions of the proleptic Gregorian calendar count in eras of 400 years that start
// on 1 March, so that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days.saturating_add(719_468);
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(m <= 2), m, d)
}

fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}
