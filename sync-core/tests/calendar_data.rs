//! The calendar as data: which days are what, what is refused, and what a newer build wrote.

use gridfold_sync_core::calendar::{
    BUILT_IN_YEARS, Calendar, CalendarError, Day, DayKind, Minute, Weekday, WorkingTime,
    built_in_year, default_calendar,
};
use gridfold_sync_core::limits::MAX_CALENDAR_BYTES;
use serde_json::{Value as Json, json};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn kind(calendar: &Calendar, text: &str) -> DayKind {
    WorkingTime::of(calendar).day(day(text)).kind
}

fn changed(change: impl FnOnce(&mut Json)) -> Result<Calendar, CalendarError> {
    let mut json = serde_json::to_value(default_calendar()).unwrap();
    json["version"] = json!(1);
    change(&mut json);
    Calendar::from_json(&json.to_string())
}

/// An arrangement of a year that can be: its fixed holidays and a Spring Festival.
fn arrangement(year: i32, spring: &str) -> Json {
    let first = day(spring);
    let fixed = ["01-01", "05-01", "10-01", "10-02", "10-03"];
    let fixed = fixed.iter().map(|date| format!("{year}-{date}"));
    let spring = (0..8).map(|at| first.plus(at).to_string());
    let days: Vec<Json> = spring
        .chain(fixed)
        .map(|date| json!({ "date": date, "works": false }))
        .collect();
    json!({ "year": year, "source": "test", "days": days })
}

#[test]
fn the_built_in_years_are_whole_and_name_their_notice() {
    assert_eq!(BUILT_IN_YEARS, 2024..=2026);
    for year in BUILT_IN_YEARS {
        let known = built_in_year(year).unwrap();
        assert_eq!(known.year, year);
        known.check().unwrap();
        assert!(known.source.contains(&format!("{year}年")), "{known:?}");
        assert!(known.days.iter().all(|day| day.name.is_some()));
    }
    assert!(built_in_year(2023).is_none() && built_in_year(2027).is_none());
    // Free days from Monday to Friday, and weekends that are worked.
    let weekend = |d: &Day| d.weekday().is_weekend();
    for (year, free, made_up) in [(2024, 19, 8), (2025, 18, 5), (2026, 19, 6)] {
        let days = &built_in_year(year).unwrap().days;
        let off = days
            .iter()
            .filter(|d| !d.works && !weekend(&d.date))
            .count();
        let on = days.iter().filter(|d| d.works && weekend(&d.date)).count();
        assert_eq!((off, on), (free, made_up), "{year}");
    }
}

#[test]
fn a_day_is_what_its_nearest_word_says() {
    let mut calendar = default_calendar();
    for (date, is) in [
        ("2026-09-30", DayKind::Working),
        ("2026-10-01", DayKind::Holiday),
        ("2026-10-07", DayKind::Holiday),
        ("2026-10-10", DayKind::MakeUp),
        ("2026-10-11", DayKind::Off),
        ("2025-09-28", DayKind::MakeUp),
        ("2024-02-29", DayKind::Working),
    ] {
        assert_eq!(kind(&calendar, date), is, "{date}");
    }
    calendar.days = serde_json::from_value(json!([
        { "date": "2026-10-01", "works": true, "hours": [{ "from": "8:30", "to": "10:00" }] },
        { "date": "2026-10-10", "works": false, "name": { "zh": "本单位休息", "en": "Closed" } },
    ]))
    .unwrap();
    calendar.check().unwrap();
    assert_eq!(kind(&calendar, "2026-10-10"), DayKind::Closed);
    let time = WorkingTime::of(&calendar);
    let open = time.day(day("2026-10-01"));
    assert_eq!((open.kind, open.hours.len()), (DayKind::Open, 1));
    assert!(!open.provisional && time.day(day("2027-03-01")).provisional);
    // Whose week has a Saturday works on a make-up Saturday with that day's hours.
    calendar.days.clear();
    calendar.weekday_hours =
        serde_json::from_value(json!({ "sat": [{ "from": "09:00", "to": "12:00" }] })).unwrap();
    assert_eq!(
        WorkingTime::of(&calendar)
            .day(day("2026-10-10"))
            .hours
            .len(),
        1
    );
    // A year that the calendar states goes before the one that the build knows, and makes an unknown one known.
    calendar.years = serde_json::from_value(json!([
        arrangement(2026, "2026-02-15"),
        arrangement(2027, "2027-02-05")
    ]))
    .unwrap();
    assert_eq!(kind(&calendar, "2026-10-10"), DayKind::Off);
    assert_eq!(kind(&calendar, "2027-02-08"), DayKind::Holiday);
    let time = WorkingTime::of(&calendar);
    assert!(!time.day(day("2027-03-01")).provisional && time.day(day("2028-03-01")).provisional);
    let whole = calendar.complete();
    let years: Vec<i32> = whole.years.iter().map(|stated| stated.year).collect();
    assert_eq!(years, [2024, 2025, 2026, 2027]);
    assert_eq!(whole.arrangement(2026), calendar.arrangement(2026));
}

#[test]
fn what_cannot_be_a_calendar_is_refused_by_its_day() {
    assert!(changed(|_| {}).is_ok());
    assert!(matches!(
        Calendar::from_json("{"),
        Err(CalendarError::NotACalendar(_))
    ));
    for date in ["2026-02-30", "2026-2-3", "tomorrow"] {
        let refused = changed(|c| c["days"] = json!([{ "date": date, "works": true }]));
        assert!(
            matches!(refused, Err(CalendarError::NotACalendar(_))),
            "{date}"
        );
    }
    assert_eq!(
        changed(|c| c["week"] = json!([])),
        Err(CalendarError::NoHours)
    );
    let hours = |hours: Json| changed(|c| c["hours"] = hours);
    let bad = || Err(CalendarError::BadHours("a usual day".to_owned()));
    assert_eq!(hours(json!([])), bad());
    for (from, to) in [("12:00", "09:00"), ("09:00", "09:00")] {
        assert_eq!(hours(json!([{ "from": from, "to": to }])), bad());
    }
    let lunch = json!([{ "from": "09:00", "to": "12:00" }, { "from": "11:30", "to": "17:00" }]);
    assert_eq!(hours(lunch), bad());
    assert!(hours(json!([{ "from": "00:00", "to": "24:00" }])).is_ok());
    let twice =
        json!([{ "date": "2027-03-01", "works": false }, { "date": "2027-03-01", "works": true }]);
    assert_eq!(
        changed(|c| c["days"] = twice),
        Err(CalendarError::TwiceTheDay(day("2027-03-01")))
    );
    let years = |change: &dyn Fn(&mut Json)| {
        let mut year = arrangement(2027, "2027-02-05");
        change(&mut year);
        changed(|c| c["years"] = json!([year]))
    };
    assert!(years(&|_| {}).is_ok());
    let add = |date: &str, works: bool| {
        let more = json!({ "date": date, "works": works });
        years(&move |y| y["days"].as_array_mut().unwrap().push(more.clone()))
    };
    assert_eq!(
        add("2028-01-01", false),
        Err(CalendarError::WrongYear(day("2028-01-01")))
    );
    // 2027-03-03 is a Wednesday.
    assert_eq!(
        add("2027-03-03", true),
        Err(CalendarError::NoWeekend(day("2027-03-03")))
    );
    assert_eq!(
        add("2027-10-01", false),
        Err(CalendarError::TwiceTheDay(day("2027-10-01")))
    );
    let missing = years(&|y| {
        y["days"]
            .as_array_mut()
            .unwrap()
            .retain(|d| d["date"] != "2027-10-03")
    });
    let (year, missed) = (2027, day("2027-10-03"));
    assert_eq!(
        missing,
        Err(CalendarError::MissingHoliday { year, day: missed })
    );
    let no_spring = years(&|y| *y = arrangement(2027, "2027-06-05"));
    assert_eq!(no_spring, Err(CalendarError::NoSpringFestival(2027)));
    let both = json!([
        arrangement(2027, "2027-02-05"),
        arrangement(2027, "2027-02-05")
    ]);
    assert_eq!(
        changed(|c| c["years"] = both),
        Err(CalendarError::TwiceTheYear(2027))
    );
    for zone in [
        json!({ "name": "", "seconds": 0 }),
        json!({ "name": "X", "seconds": 90_000 }),
        json!({ "name": "X", "changes": [{ "at": 2, "seconds": 0 }, { "at": 1, "seconds": 0 }] }),
    ] {
        let refused = changed(|c| c["time_zone"] = zone);
        assert!(
            matches!(refused, Err(CalendarError::BadZone(_))),
            "{refused:?}"
        );
    }
    let long = json!([{ "date": "2027-03-01", "works": false, "name": { "zh": "长".repeat(500), "en": "" } }]);
    assert_eq!(
        changed(|c| c["days"] = long),
        Err(CalendarError::BadName("2027-03-01".to_owned()))
    );
    let many: Vec<Json> = (0..4_000)
        .map(|at| json!({ "date": day("2027-01-01").plus(at).to_string(), "works": false }))
        .collect();
    match changed(|c| c["days"] = json!(many)) {
        Err(CalendarError::TooLarge(bytes)) => assert!(bytes > MAX_CALENDAR_BYTES),
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_follow_and_what_a_newer_build_wrote_survives() {
    let first = changed(|_| {}).unwrap();
    assert_eq!(first.check_follows(None), Ok(()));
    let not_next = Err(CalendarError::NotNext {
        expected: 2,
        given: 1,
    });
    assert_eq!(first.check_follows(Some(&first)), not_next);
    let text = json!({
        "version": 2, "tide": "high",
        "time_zone": { "name": "Asia/Shanghai", "seconds": 28_800 },
        "hours": [{ "from": "09:00", "to": "24:00" }],
        "week": ["mon", "sun"],
        "weekday_hours": { "sun": [{ "from": "10:00", "to": "11:00" }] },
    });
    let read = Calendar::from_json(&text.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), text);
}

#[test]
fn days_and_times_are_read_as_people_write_them() {
    assert_eq!(day("2026-10-01").weekday(), Weekday::Thu);
    assert_eq!(
        (day("2026-10-01").year(), day("2024-02-28").plus(1)),
        (2026, day("2024-02-29"))
    );
    assert_eq!(Minute::parse("9:05").unwrap().to_string(), "09:05");
    assert_eq!(Minute::parse("24:00"), Some(Minute::END));
    for text in [
        "24:01", "9:5", "9", "09:60", "-1:00", "+9:00", "", "09:00:00",
    ] {
        assert_eq!(Minute::parse(text), None, "{text}");
    }
}
