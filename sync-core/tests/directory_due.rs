//! What a due time would be by the newest catalogue and calendar, and why it differs from the one that was written.

use gridfold_sync_core::calendar::{Calendar, default_calendar};
use gridfold_sync_core::directory::{
    Catalogue, Directory, DirectoryChange, DirectoryScope, DueWhy,
};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value as Json, json};

/// Wednesday 2026-09-30 at 10 in Beijing.
const REPORTED: Timestamp = Timestamp(1_790_733_600_000);
const HOUR: i64 = 3_600_000;

fn catalogue(version: u32, days: u32) -> Catalogue {
    let text = json!({ "version": version, "kinds": [
        { "code": "lamp", "label": { "zh": "路灯", "en": "Lamp" }, "department": "市政",
          "deadlines": [{ "amount": days, "unit": "working_days", "warn": { "amount": 1, "unit": "working_days" } },
                        { "urgency": "urgent", "amount": 8, "unit": "working_hours" }] },
        { "code": "other", "label": { "zh": "其他", "en": "Other" }, "department": "市政" },
    ]});
    Catalogue::from_json(&text.to_string()).unwrap()
}

fn calendar(version: u32, days: Json) -> Calendar {
    let mut json = serde_json::to_value(default_calendar()).unwrap();
    json["version"] = json!(version);
    json["days"] = days;
    Calendar::from_json(&json.to_string()).unwrap()
}

fn publish_catalogue(directory: &mut Directory, catalogue: Catalogue) {
    let catalogue = Box::new(catalogue);
    directory.apply(DirectoryChange::Catalogue { catalogue });
}

fn publish_calendar(directory: &mut Directory, calendar: Calendar) {
    let calendar = Box::new(calendar);
    directory.apply(DirectoryChange::Calendar { calendar });
}

#[test]
fn a_due_time_that_was_written_stays_and_what_changed_is_said() {
    let mut directory = Directory::default();
    let now = |directory: &Directory, written| directory.due_now("路灯", None, REPORTED, written);
    assert_eq!(now(&directory, None), None, "no catalogue");
    publish_catalogue(&mut directory, catalogue(1, 3));
    let first = now(&directory, None).unwrap();
    // Thursday the 8th, Friday, and the make-up Saturday.
    let expected = Timestamp(REPORTED.millis() + (10 * 24 + 7) * HOUR + HOUR / 2);
    assert_eq!(
        (first.due.at, first.calendar, first.catalogue),
        (expected, 0, 1)
    );
    assert!(first.due.warn_at.unwrap() < expected && first.why.is_none());
    let written = Some(first.due.at);
    let why = |directory: &Directory| now(directory, written).unwrap().why;
    assert_eq!(why(&directory), None);
    // As an app writes it: no seconds.
    assert_eq!(
        now(&directory, Some(Timestamp(expected.millis() + 59_000)))
            .unwrap()
            .why,
        None
    );
    assert_eq!(
        directory.due_now("其他", None, REPORTED, written),
        None,
        "its time is open"
    );

    publish_calendar(
        &mut directory,
        calendar(1, json!([{ "date": "2026-10-10", "works": false }])),
    );
    let second = now(&directory, written).unwrap();
    assert_eq!(
        (second.calendar, second.why),
        (1, Some(DueWhy::Calendar(0)))
    );
    assert_eq!(
        second.due.at.millis() - expected.millis(),
        48 * HOUR,
        "Monday"
    );
    publish_calendar(&mut directory, calendar(2, json!([])));
    assert_eq!(why(&directory), None, "the same again");
    assert_eq!(
        now(&directory, Some(second.due.at)).unwrap().why,
        Some(DueWhy::Calendar(1))
    );
    publish_catalogue(&mut directory, catalogue(2, 4));
    assert_eq!(why(&directory), Some(DueWhy::Catalogue(1)));
    let by_hand = Some(Timestamp(REPORTED.millis() + 5 * HOUR));
    assert_eq!(now(&directory, by_hand).unwrap().why, Some(DueWhy::ByHand));
    // How urgent it is decides which deadline counts.
    let urgent = directory
        .due_now("路灯", Some("紧急"), REPORTED, None)
        .unwrap();
    assert!(urgent.due.at < first.due.at && urgent.due.warn_at.is_none());
    assert_eq!(
        directory.due_now("路灯", Some("nobody knows"), REPORTED, None),
        now(&directory, None)
    );
}

#[test]
fn a_year_that_was_announced_since_is_said() {
    let mut directory = Directory::default();
    publish_catalogue(&mut directory, catalogue(1, 3));
    // Tuesday 2026-12-29 at 10 in Beijing.
    let reported = Timestamp(1_798_509_600_000);
    let before = directory.due_now("lamp", None, reported, None).unwrap();
    assert!(before.due.provisional);
    let mut json = serde_json::to_value(calendar(1, json!([]))).unwrap();
    let free = [
        "01-01", "02-06", "02-07", "02-08", "05-01", "10-01", "10-02", "10-03",
    ];
    let days: Vec<Json> = free
        .iter()
        .map(|date| json!({ "date": format!("2027-{date}"), "works": false }))
        .collect();
    json["years"] = json!([{ "year": 2027, "days": days }]);
    publish_calendar(
        &mut directory,
        Calendar::from_json(&json.to_string()).unwrap(),
    );
    let after = directory
        .due_now("lamp", None, reported, Some(before.due.at))
        .unwrap();
    assert!(!after.due.provisional && after.due.at > before.due.at);
    assert_eq!(after.why, Some(DueWhy::Year(2027)));
}

#[test]
fn a_phone_holds_the_newest_calendar_with_all_years_that_the_server_knows() {
    let user = UserId::from_bytes([1; 16]);
    let mut directory = Directory::default();
    assert!(directory.scope(user, Timestamp(0)).calendar.is_none());
    assert_eq!(directory.working_calendar().version, 0);
    let shown = directory.shown();
    publish_calendar(&mut directory, calendar(1, json!([])));
    publish_calendar(
        &mut directory,
        calendar(2, json!([{ "date": "2026-10-10", "works": false }])),
    );
    publish_calendar(&mut directory, calendar(2, json!([])));
    assert!(directory.shown() > shown);
    assert_eq!(
        directory.calendar().unwrap().days.len(),
        1,
        "the first stands"
    );
    assert!(directory.calendar_version(1).is_some() && directory.calendar_version(3).is_none());
    let scope = directory.scope(user, Timestamp(0));
    let read = DirectoryScope::from_bytes(&scope.to_bytes()).unwrap();
    assert_eq!(read, scope);
    let phone = read.to_directory();
    let held = phone.working_calendar();
    assert_eq!((held.version, held.days.len(), held.years.len()), (2, 1, 3));
    let digest = |scope: &DirectoryScope| DirectoryScope::digest_of(&scope.to_bytes());
    assert_eq!(digest(&phone.scope(user, Timestamp(0))), digest(&scope));
}
