//! Days, moments and times of a day: from texts, to texts, and by patterns.

use super::numbers;
use super::setting::Setting;
use crate::time::{Timestamp, format_date, parse_date};

pub(super) const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// What a text says of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// A day, counted from 1970-01-01.
    Day(i64),
    /// A moment.
    Moment(Timestamp),
}

/// Whether a text is a day or a moment in any zone.
pub(super) fn reads(text: &str) -> bool {
    let (day, time) = split(text.trim());
    day_of(day).is_some() && time.is_none_or(|time| time_of(time).is_some())
}

/// The day or moment that a text is; without a zone of its own in that of who asks.
pub(super) fn read(text: &str, setting: &Setting) -> Option<Read> {
    let (day, time) = split(text.trim());
    let day = day_of(day)?;
    let Some(time) = time else {
        return Some(Read::Day(day));
    };
    let (ms, offset) = time_of(time)?;
    let shown = day.checked_mul(DAY_MS)?.checked_add(ms)?;
    Some(Read::Moment(match offset {
        Some(offset) => Timestamp(shown.checked_sub(offset)?),
        None => setting.zone.moment(shown),
    }))
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    }
}

/// `2024-03-05`, also with one digit for month and day.
fn day_of(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_short = |part: &str| matches!(part.len(), 1 | 2);
    if year.len() != 4 || !is_short(month) || !is_short(day) {
        return None;
    }
    parse_date(&format!("{year}-{month:0>2}-{day:0>2}")).map(i64::from)
}

/// Milliseconds into a day, and the zone's in milliseconds when it is told.
pub(super) fn time_of(text: &str) -> Option<(i64, Option<i64>)> {
    let (clock, offset) = match text.find(['Z', '+', '-']) {
        Some(at) => {
            let (clock, zone) = text.split_at(at);
            (clock, Some(offset_of(zone)?))
        }
        None => (text, None),
    };
    let mut parts = clock.splitn(3, ':');
    let hours = digits(parts.next()?, 23)?;
    let minutes = digits(parts.next()?, 59)?;
    let (seconds, ms) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (seconds, fraction) = part.split_once('.').unwrap_or((part, "0"));
            let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
            let ms = is_fraction.then(|| format!("{fraction:0<3}"))?;
            (digits(seconds, 59)?, ms.get(..3)?.parse().ok()?)
        }
    };
    Some((((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms, offset))
}

fn offset_of(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits_of = zone.get(1..)?.replace(':', "");
    let hours = digits(digits_of.get(..2)?, 23)?;
    let minutes = match digits_of.get(2..)? {
        "" => 0,
        minutes => digits(minutes, 59)?,
    };
    Some(sign * (hours * 60 + minutes) * 60_000)
}

fn digits(text: &str, most: i64) -> Option<i64> {
    let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number)?;
    (number <= most).then_some(number)
}

/// The day of a moment in the zone of who asks.
pub(super) fn day_at(at: Timestamp, setting: &Setting) -> i64 {
    setting.zone.shown(at).div_euclid(DAY_MS)
}

/// When a day begins in the zone of who asks.
pub(super) fn begins(day: i64, setting: &Setting) -> Timestamp {
    setting.zone.moment(day.saturating_mul(DAY_MS))
}

/// `2024-03-05T10:00:00.000+08:00`.
pub(super) fn moment_to_text(at: Timestamp, setting: &Setting) -> String {
    let shown = setting.zone.shown(at);
    let minutes = (shown - at.0).div_euclid(60_000);
    let (sign, ahead) = if minutes < 0 {
        ('-', -minutes)
    } else {
        ('+', minutes)
    };
    let time = clock(shown, "%H:%M:%S.%3");
    let day = format_date(shown.div_euclid(DAY_MS));
    format!("{day}T{time}{sign}{:02}:{:02}", ahead / 60, ahead % 60)
}

/// The moment that a number of days since 1970-01-01T00:00Z is.
pub(super) fn moment_of(days: f64) -> Option<Timestamp> {
    numbers::whole((days * numbers::of(DAY_MS)).round()).map(Timestamp)
}

/// A day and time as they are shown, by a pattern such as `%Y-%m-%d %H:%M`.
pub(super) fn clock(shown: i64, pattern: &str) -> String {
    let (day, ms) = (shown.div_euclid(DAY_MS), shown.rem_euclid(DAY_MS));
    let date = format_date(day);
    let mut parts = date.rsplitn(3, '-');
    let (of_month, month) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let year = parts.next().unwrap_or("");
    let short = |text: &str| text.trim_start_matches('0').to_owned();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(year),
            Some('y') => out.push_str(year.get(year.len().saturating_sub(2)..).unwrap_or(year)),
            Some('m') => out.push_str(month),
            Some('n') => out.push_str(&short(month)),
            Some('b') => {
                let at = month.parse::<usize>().ok().and_then(|m| m.checked_sub(1));
                out.push_str(at.and_then(|at| MONTHS.get(at)).unwrap_or(&""));
            }
            Some('d') => out.push_str(of_month),
            Some('e') => out.push_str(&short(of_month)),
            Some('a') => {
                let at = usize::try_from(day.rem_euclid(7)).unwrap_or(0);
                out.push_str(WEEKDAYS.get(at).unwrap_or(&""));
            }
            Some('H') => out.push_str(&format!("{:02}", ms / 3_600_000)),
            Some('h') => out.push_str(&format!("{}", ms / 3_600_000)),
            Some('M') => out.push_str(&format!("{:02}", ms / 60_000 % 60)),
            Some('S') => out.push_str(&format!("{:02}", ms / 1_000 % 60)),
            Some('3') => out.push_str(&format!("{:03}", ms % 1_000)),
            Some('%') | None => out.push('%'),
            // What is no sign of ours stays as it is written.
            Some(other) => out.extend(['%', other]),
        }
    }
    out
}

/// Whole months from one day to another.
pub(super) fn months_between(from: i64, to: i64) -> i64 {
    let (a, b) = (from.min(to), from.max(to));
    let [first, last] = [a, b].map(year_month_day);
    let mut months = (last.0 - first.0) * 12 + last.1 - first.1;
    if last.2 < first.2 {
        months -= 1;
    }
    if from <= to { months } else { -months }
}

/// A day moved by years, months and days; held at the end of a month that is shorter.
pub(super) fn add(day: i64, years: i64, months: i64, days: i64) -> Option<i64> {
    let (year, month, of_month) = year_month_day(day);
    let total = year
        .checked_mul(12)?
        .checked_add(month - 1)?
        .checked_add(years.checked_mul(12)?)?
        .checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    let first = i64::from(parse_date(&format!("{year:04}-{month:02}-01"))?);
    let last = (28..=31)
        .rev()
        .find_map(|d| parse_date(&format!("{year:04}-{month:02}-{d}")));
    let moved = first.checked_add(of_month - 1)?;
    last.map_or(moved, |last| moved.min(i64::from(last)))
        .checked_add(days)
}

fn year_month_day(day: i64) -> (i64, i64, i64) {
    let date = format_date(day);
    let mut parts = date.rsplitn(3, '-').map(|part| part.parse().unwrap_or(1));
    let (day, month) = (parts.next().unwrap_or(1), parts.next().unwrap_or(1));
    (parts.next().unwrap_or(1970), month, day)
}
