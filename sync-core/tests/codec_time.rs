//! Days and moments against known ones.

use gridfold_sync_core::time::{Timestamp, format_date, parse_date};

#[test]
fn days_are_those_of_the_calendar() {
    for (text, day) in [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("1970-03-01", 59),
        ("2000-02-29", 11_016),
        ("2000-03-01", 11_017),
        ("2024-02-29", 19_782),
        ("2026-06-13", 20_617),
        ("1900-03-01", -25_508),
        ("1582-10-15", -141_427),
        ("0001-01-01", -719_162),
        ("0000-03-01", -719_468),
        ("0000-01-01", -719_528),
        ("9999-12-31", 2_932_896),
    ] {
        assert_eq!(parse_date(text), Some(day), "{text}");
        assert_eq!(format_date(i64::from(day)), text);
    }
}

#[test]
fn what_is_no_day_is_not_read() {
    for text in [
        "1900-02-29",
        "2023-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-1-01",
        "26-01-01",
        "2026-01-01T",
        "2026/01/01",
        "",
        "+026-01-01",
        "2026-+1-01",
        "2026-01-+1",
        "-001-01-01",
        "２０２６-01-01",
        "2026-01",
    ] {
        assert_eq!(parse_date(text), None, "{text}");
    }
}

#[test]
fn each_day_follows_the_one_before() {
    let mut expected = (1999, 1, 1);
    let first = parse_date("1999-01-01").unwrap();
    for day in first..first + 366 * 105 {
        let (y, m, d) = expected;
        let text = format!("{y:04}-{m:02}-{d:02}");
        assert_eq!(format_date(i64::from(day)), text);
        assert_eq!(parse_date(&text), Some(day));
        let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        let length = match m {
            2 => 28 + i32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        expected = match (m, d) {
            (12, 31) => (y + 1, 1, 1),
            _ if d == length => (y, m + 1, 1),
            _ => (y, m, d + 1),
        };
    }
}

#[test]
fn moments_are_written_in_utc_to_the_millisecond() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_399_123, "2000-02-28T23:59:59.123Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
    ] {
        assert_eq!(Timestamp(ms).to_rfc3339(), text);
    }
    // What a clock claims is never written so that others cannot read it.
    for (ms, held) in [
        (i64::MIN, "0001-01-01T00:00:00.000Z"),
        (-62_135_596_800_001, "0001-01-01T00:00:00.000Z"),
        (253_402_300_800_000, "9999-12-31T23:59:59.999Z"),
        (i64::MAX, "9999-12-31T23:59:59.999Z"),
    ] {
        assert_eq!(Timestamp(ms).to_rfc3339(), held);
    }
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(
            Timestamp(extreme).plus_millis(extreme.signum()).millis(),
            extreme
        );
        assert!(!format_date(extreme).is_empty());
    }
}

#[test]
fn what_a_clock_claims_is_never_told_as_later_than_it_came_and_is_marked_when_it_cannot_be_right() {
    let came = Timestamp(1_781_330_000_000);
    for (claimed, told, wrong) in [
        (came.0 - 86_400_000, came.0 - 86_400_000, false),
        // Clocks differ a little.
        (came.0 + 120_000, came.0, false),
        (came.0 + 120_001, came.0, true),
        (i64::MAX, came.0, true),
        (0, 0, true),
        (i64::MIN, i64::MIN, true),
    ] {
        assert_eq!(Timestamp(claimed).held_by(came), Timestamp(told));
        assert_eq!(Timestamp(claimed).is_implausible(came), wrong, "{claimed}");
    }
}
