//! The catalogue as a phone holds it: with or without signal, after a restart, until the next.

use crate::common::*;
use gridfold_client::Client;
use gridfold_sync_core::directory::default_catalogue;
use gridfold_sync_core::notice::Locale;

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
