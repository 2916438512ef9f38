//! The catalogue as a phone holds it: with or without signal, after a restart, until the next.

use crate::common::*;
use gridfold_client::Client;
use gridfold_sync_core::calendar::{Deadline, Unit, WorkingTime, default_calendar};
use gridfold_sync_core::directory::default_catalogue;
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::time::Timestamp;

#[test]
fn a_phone_holds_the_newest_catalogue_offline() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    assert_eq!(phone.client.catalogue(), None);
    let mut catalogue = default_catalogue().unwrap();
    server.publish_catalogue(catalogue.clone());
    assert!(phone.sync(&server).directory_changed);
    assert_eq!(phone.client.catalogue(), Some(catalogue.clone()));
    let shown = phone.client.catalogue().unwrap();
    assert_eq!(shown.shown("noise", Locale::Zh), "噪音扰民");

    catalogue.version = 2;
    catalogue.kinds[2].retired = true;
    server.publish_catalogue(catalogue.clone());
    let report = phone.sync(&server);
    assert!(report.directory_changed && report.round_trips <= 2);
    assert!(!phone.sync(&server).directory_changed);
    let Phone {
        client,
        dir,
        platform,
        ..
    } = phone;
    drop(client);
    let again = Client::open(options(dir.path(), &platform)).unwrap();
    assert_eq!(again.catalogue(), Some(catalogue));
}

#[test]
fn a_phone_reckons_with_the_newest_calendar_offline() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    phone.sync(&server);
    assert_eq!(phone.client.working_calendar(), default_calendar());
    // Without one that was published a phone knows the years that its library does.
    let reported = Timestamp(1_790_733_600_000);
    let within = Deadline {
        amount: 3,
        unit: Unit::WorkingDays,
    };
    let due = |phone: &Phone| {
        let calendar = phone.client.working_calendar();
        WorkingTime::of(&calendar)
            .due(reported, &within, None)
            .unwrap()
            .at
    };
    let first = due(&phone);
    let mut calendar = default_calendar();
    calendar.version = 1;
    let closed = serde_json::json!([{ "date": "2026-10-10", "works": false }]);
    calendar.days = serde_json::from_value(closed).unwrap();
    server.publish_calendar(calendar.clone());
    assert!(phone.sync(&server).directory_changed);
    let held = phone.client.working_calendar();
    assert_eq!((held.version, held.days), (1, calendar.days));
    assert_eq!(held.years.len(), 3, "what the server knows of years");
    assert_eq!(due(&phone).millis() - first.millis(), 48 * 3_600_000);
    assert!(!phone.sync(&server).directory_changed);
    let Phone {
        client,
        dir,
        platform,
        ..
    } = phone;
    drop(client);
    let again = Client::open(options(dir.path(), &platform)).unwrap();
    assert_eq!(again.working_calendar().version, 1);
}
