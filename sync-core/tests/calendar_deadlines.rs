//! Deadlines: what they come to over make-up days, holidays, summer time and the end of the years that are known.

use gridfold_sync_core::calendar::{
    Calendar, Day, Deadline, Due, Unit, WorkingTime, Zone, default_calendar,
};
use gridfold_sync_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `2026-09-30 16:30` by clocks that are so many hours ahead.
fn at(text: &str, ahead: i64) -> Timestamp {
    let (date, time) = text.split_once(' ').unwrap();
    let (hours, minutes) = time.split_once(':').unwrap();
    let number = |text: &str| text.parse::<i64>().unwrap();
    let day = i64::from(Day::parse(date).unwrap().0);
    Timestamp(day * DAY + (number(hours) - ahead) * HOUR + number(minutes) * MINUTE)
}

fn within(amount: u32, unit: Unit) -> Deadline {
    Deadline { amount, unit }
}

fn due(calendar: &Calendar, start: Timestamp, within: &Deadline) -> Due {
    WorkingTime::of(calendar).due(start, within, None).unwrap()
}

#[test]
fn working_days_cross_national_day_and_a_make_up_saturday() {
    let calendar = default_calendar();
    // Wednesday; 1 to 7 October are free, Saturday the 10th is worked.
    let reported = at("2026-09-30 10:00", 8);
    for (n, ends) in [
        (1, "2026-10-08 17:30"),
        (2, "2026-10-09 17:30"),
        (3, "2026-10-10 17:30"),
        (4, "2026-10-12 17:30"),
    ] {
        let due = due(&calendar, reported, &within(n, Unit::WorkingDays));
        assert_eq!(due.at, at(ends, 8), "{n}");
        assert!(!due.provisional);
    }
    // An hour of Wednesday and a whole day of seven.
    let late = at("2026-09-30 16:30", 8);
    let hours = |n| due(&calendar, late, &within(n, Unit::WorkingHours)).at;
    assert_eq!(hours(1), at("2026-09-30 17:30", 8));
    assert_eq!(hours(2), at("2026-10-08 10:00", 8));
    assert_eq!(hours(8), at("2026-10-08 17:30", 8));
    assert_eq!(hours(15 + 1), at("2026-10-10 10:00", 8));
    // Hours and days take no notice.
    assert_eq!(
        due(&calendar, late, &within(24, Unit::Hours)).at,
        at("2026-10-01 16:30", 8)
    );
    let days = due(&calendar, late, &within(2, Unit::Days)).at;
    assert_eq!(days, Timestamp(at("2026-10-02 24:00", 8).millis() - 1_000));
    // Reported on a free day, the first day that is worked counts.
    let free = at("2026-10-03 12:00", 8);
    assert_eq!(
        due(&calendar, free, &within(1, Unit::WorkingDays)).at,
        at("2026-10-08 17:30", 8)
    );
    // After work the day is over, and is not counted either way.
    let evening = at("2026-10-08 20:00", 8);
    assert_eq!(
        due(&calendar, evening, &within(1, Unit::WorkingDays)).at,
        at("2026-10-09 17:30", 8)
    );
}

#[test]
fn a_warning_comes_before_and_never_before_the_report() {
    let calendar = default_calendar();
    let time = WorkingTime::of(&calendar);
    let reported = at("2026-09-30 10:00", 8);
    let warned = |within: Deadline, warn: Deadline| {
        time.due(reported, &within, Some(&warn)).unwrap().warn_at
    };
    let days = |n| within(n, Unit::WorkingDays);
    assert_eq!(warned(days(3), days(1)), Some(at("2026-10-09 17:30", 8)));
    // From Thursday the 8th back over the holidays.
    assert_eq!(
        warned(days(1), within(9, Unit::WorkingHours)),
        Some(at("2026-09-30 15:30", 8))
    );
    assert_eq!(
        warned(days(1), within(1, Unit::Days)),
        Some(at("2026-10-07 17:30", 8))
    );
    assert_eq!(
        warned(days(1), within(2, Unit::Hours)),
        Some(at("2026-10-08 15:30", 8))
    );
    assert_eq!(warned(days(1), within(30, Unit::Days)), Some(reported));
    assert_eq!(time.due(reported, &days(1), None).unwrap().warn_at, None);
}

#[test]
fn a_year_that_nobody_announced_is_an_answer_of_its_own() {
    let calendar = default_calendar();
    let reported = at("2026-12-29 10:00", 8);
    let days = |n| due(&calendar, reported, &within(n, Unit::WorkingDays));
    assert_eq!(
        days(2),
        Due {
            at: at("2026-12-31 17:30", 8),
            warn_at: None,
            provisional: false
        }
    );
    // By weekdays alone New Year would be worked: told, and told as provisional.
    assert_eq!(
        days(3),
        Due {
            at: at("2027-01-01 17:30", 8),
            warn_at: None,
            provisional: true
        }
    );
    let hours = due(&calendar, reported, &within(24, Unit::WorkingHours));
    assert!(hours.provisional);
    assert!(!due(&calendar, reported, &within(24 * 30, Unit::Hours)).provisional);
    assert!(!due(&calendar, reported, &within(30, Unit::Days)).provisional);
    // The organisation's own days count in a year that is not known, and do not make it known.
    let mut own = calendar.clone();
    own.days = serde_json::from_value(json!([{ "date": "2027-01-01", "works": false }])).unwrap();
    let days = due(&own, reported, &within(3, Unit::WorkingDays));
    assert_eq!(
        days,
        Due {
            at: at("2027-01-04 17:30", 8),
            warn_at: None,
            provisional: true
        }
    );
    // Before the first year that is known it is the same.
    assert!(
        due(
            &calendar,
            at("2023-12-29 10:00", 8),
            &within(1, Unit::WorkingDays)
        )
        .provisional
    );
    assert!(
        WorkingTime::before(&calendar, 2026)
            .due(
                at("2025-12-31 10:00", 8),
                &within(1, Unit::WorkingDays),
                None
            )
            .unwrap()
            .provisional
    );
}

/// Clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
fn berlin() -> Zone {
    let change = |text: &str, seconds: i32| json!({ "at": at(text, 0), "seconds": seconds });
    serde_json::from_value(json!({
        "name": "Europe/Berlin", "seconds": 3_600,
        "changes": [change("2026-03-29 01:00", 7_200), change("2026-10-25 01:00", 3_600)],
    }))
    .unwrap()
}

fn in_berlin(hours: serde_json::Value) -> Calendar {
    let mut calendar = default_calendar();
    calendar.time_zone = berlin();
    calendar.hours = serde_json::from_value(hours).unwrap();
    calendar.week = gridfold_sync_core::calendar::Weekday::ALL.to_vec();
    calendar
}

#[test]
fn summer_time_moves_clocks_and_no_hours() {
    let whole = in_berlin(json!([{ "from": "00:00", "to": "24:00" }]));
    // The night of 23 hours and the one of 25: work all day long is time itself.
    for start in ["2026-03-28 12:00", "2026-10-24 12:00"] {
        let start = at(start, 0);
        for n in [1, 13, 24, 48] {
            let end = due(&whole, start, &within(n, Unit::WorkingHours)).at;
            assert_eq!(end.millis() - start.millis(), i64::from(n) * HOUR);
        }
    }
    // A day ends with its own last second.
    let day = due(&whole, at("2026-03-28 12:00", 1), &within(1, Unit::Days)).at;
    assert_eq!(day, Timestamp(at("2026-03-29 24:00", 2).millis() - 1_000));
    // What clocks jump over is as much later; what they show twice is the first time.
    let zone = berlin();
    let shown = |text: &str| at(text, 0).millis();
    assert_eq!(
        zone.moment(shown("2026-03-29 02:30")),
        at("2026-03-29 03:30", 2)
    );
    assert_eq!(
        zone.moment(shown("2026-10-25 02:30")),
        at("2026-10-25 02:30", 2)
    );
    assert_eq!(
        zone.moment(shown("2026-10-25 03:30")),
        at("2026-10-25 03:30", 1)
    );
    for moment in (0..400).map(|n| Timestamp(at("2026-03-28 00:00", 0).millis() + n * 15 * MINUTE))
    {
        assert_eq!(zone.moment(zone.shown(moment)), moment);
    }
    // Night work: four hours on the clock are three on the short night.
    let night = in_berlin(json!([{ "from": "01:00", "to": "05:00" }]));
    let end = due(
        &night,
        at("2026-03-28 12:00", 1),
        &within(4, Unit::WorkingHours),
    )
    .at;
    assert_eq!(end, at("2026-03-30 02:00", 2));
}

#[test]
fn leap_days_and_the_ends_of_time_are_days_and_ends() {
    let calendar = default_calendar();
    // Thursday the 29th of February 2024.
    let start = at("2024-02-28 09:00", 8);
    assert_eq!(
        due(&calendar, start, &within(1, Unit::WorkingDays)).at,
        at("2024-02-29 17:30", 8)
    );
    assert_eq!(
        due(&calendar, start, &within(2, Unit::WorkingDays)).at,
        at("2024-03-01 17:30", 8)
    );
    let time = WorkingTime::of(&calendar);
    for moment in [i64::MIN, -70_000_000_000_000, 253_402_300_000_000, i64::MAX] {
        for unit in [Unit::WorkingHours, Unit::WorkingDays, Unit::Days] {
            // An answer or none, and no panic.
            let _ = time.due(Timestamp(moment), &within(500, unit), None);
        }
        let hours = time
            .due(Timestamp(moment), &within(1, Unit::Hours), None)
            .unwrap();
        assert_eq!(hours.at.millis(), moment.saturating_add(HOUR));
    }
    assert_eq!(
        time.due(start, &within(1, Unit::Other("moons".to_owned())), None),
        None
    );
    // Nobody waits for an answer from an organisation that is never open.
    let mut closed = calendar.clone();
    closed.week = vec![gridfold_sync_core::calendar::Weekday::Sun];
    closed.hours = serde_json::from_value(json!([{ "from": "09:00", "to": "09:01" }])).unwrap();
    assert_eq!(
        WorkingTime::of(&closed).due(start, &within(20_000, Unit::WorkingHours), None),
        None
    );
}

/// Whether it is worked at a moment, said another way than the reckoning does: by what clocks show.
fn is_open(time: &WorkingTime<'_>, zone: &Zone, moment: Timestamp) -> bool {
    let shown = zone.shown(moment);
    let day = Day(i32::try_from(shown.div_euclid(DAY)).unwrap());
    let minute = shown.rem_euclid(DAY) / MINUTE;
    let mut hours = time.day(day).hours.iter();
    hours.any(|i| i64::from(i.from.0) <= minute && minute < i64::from(i.to.0))
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let week =
        prop::sample::subsequence(gridfold_sync_core::calendar::Weekday::ALL.to_vec(), 1..=7);
    let hours = prop::collection::btree_set(0u16..=96, 2..=6).prop_map(|edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        edges
            .chunks_exact(2)
            .map(|two| (two[0] * 15, two[1] * 15))
            .collect::<Vec<_>>()
    });
    let own = prop::collection::btree_map(-40i32..400, any::<bool>(), 0..20);
    (week, hours, own, any::<bool>()).prop_map(|(week, hours, own, summer)| {
        let mut calendar = default_calendar();
        calendar.week = week;
        calendar.hours = hours
            .into_iter()
            .map(|(from, to)| gridfold_sync_core::calendar::Interval {
                from: gridfold_sync_core::calendar::Minute(from),
                to: gridfold_sync_core::calendar::Minute(to),
            })
            .collect();
        let first = Day::parse("2026-01-01").unwrap();
        let days: Vec<_> = own
            .into_iter()
            .map(|(at, works)| json!({ "date": first.plus(at).to_string(), "works": works }))
            .collect();
        calendar.days = serde_json::from_value(json!(days)).unwrap();
        if summer {
            calendar.time_zone = berlin();
        }
        calendar.check().unwrap();
        calendar
    })
}

fn starts() -> impl Strategy<Value = Timestamp> {
    let first = at("2026-01-01 00:00", 0).millis();
    (0i64..365 * 24 * 60).prop_map(move |minute| Timestamp(first + minute * MINUTE))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn working_hours_are_the_open_time_between(calendar in calendars(), start in starts(), n in 1u32..20) {
        let end = due(&calendar, start, &within(n, Unit::WorkingHours)).at;
        let (time, zone) = (WorkingTime::of(&calendar), &calendar.time_zone);
        let mut open = 0;
        let mut moment = start;
        while moment < end {
            open += i64::from(is_open(&time, zone, moment));
            moment = moment.plus_millis(MINUTE);
        }
        prop_assert_eq!(open, i64::from(n) * 60);
        // It ends while it is worked, at the latest when work ends.
        prop_assert!(is_open(&time, zone, end.plus_millis(-1)));
    }

    #[test]
    fn hours_add_up(calendar in calendars(), start in starts(), a in 1u32..30, b in 1u32..30) {
        for unit in [Unit::WorkingHours, Unit::WorkingDays, Unit::Hours] {
            let first = due(&calendar, start, &within(a, unit.clone())).at;
            let then = due(&calendar, first, &within(b, unit.clone())).at;
            prop_assert_eq!(then, due(&calendar, start, &within(a + b, unit)).at);
        }
    }

    #[test]
    fn later_is_never_sooner(calendar in calendars(), a in starts(), b in starts(), n in 1u32..40, more in 0u32..9) {
        let (first, last) = (a.min(b), a.max(b));
        for unit in [Unit::WorkingHours, Unit::WorkingDays, Unit::Hours, Unit::Days] {
            let of = |start, n| due(&calendar, start, &within(n, unit.clone())).at;
            prop_assert!(of(first, n) <= of(last, n));
            prop_assert!(of(first, n) <= of(first, n + more));
            prop_assert!(first < of(first, n));
        }
    }

    #[test]
    fn working_days_end_with_work_on_a_day_that_is_worked(calendar in calendars(), start in starts(), n in 1u32..30) {
        let end = due(&calendar, start, &within(n, Unit::WorkingDays)).at;
        let zone = &calendar.time_zone;
        let day = |at: Timestamp| i32::try_from(zone.shown(at).div_euclid(DAY)).unwrap();
        let last = day(end.plus_millis(-1));
        let time = WorkingTime::of(&calendar);
        prop_assert!(is_open(&time, zone, end.plus_millis(-1)));
        let worked = (day(start) + 1..=last).filter(|at| !time.day(Day(*at)).hours.is_empty());
        prop_assert_eq!(worked.count(), n as usize);
    }

    #[test]
    fn a_warning_lies_between(calendar in calendars(), start in starts(), n in 2u32..20, w in 1u32..20) {
        let units = [Unit::WorkingHours, Unit::WorkingDays, Unit::Hours, Unit::Days];
        for (unit, of) in units.iter().flat_map(|a| units.iter().map(move |b| (a, b))) {
            let warn = within(w, of.clone());
            let due = WorkingTime::of(&calendar).due(start, &within(n, unit.clone()), Some(&warn)).unwrap();
            let warned = due.warn_at.unwrap();
            prop_assert!(start <= warned && warned <= due.at);
        }
    }
}
