//! The receipt for whoever reported something, as a phone makes and shows it.

use crate::common::*;
use gridfold_client::ClientError;
use gridfold_client::core::directory::default_catalogue;
use gridfold_client::core::resident::ReceiptNumber;

#[test]
fn a_phone_without_signal_gives_a_receipt_for_kinds_that_show_and_keeps_it() {
    let server = FakeServer::new();
    let (phone, colleague) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let mut catalogue = default_catalogue().unwrap();
    catalogue.kinds[0].receipt = true;
    server.publish_catalogue(catalogue.clone());
    phone.sync(&server);
    colleague.sync(&server);
    let make = |kind: &str| {
        let ops = vec![set_text("kind", kind), set_text("summary", "灯不亮")];
        phone
            .client
            .create_record(&grid(1), &code("matter"), ops)
            .unwrap()
    };
    let (shows, hidden) = (make("street_light"), make("noise"));
    let receipt = phone.client.resident_receipt(shows).unwrap().unwrap();
    let number = ReceiptNumber::parse(&receipt.number).unwrap();
    assert_eq!(receipt.grouped, number.grouped());
    // Enrolled by letters that were typed it does not know the server's address: an app gives it.
    assert_eq!(receipt.link, None);
    assert_eq!(format!("{receipt:?}"), "ResidentReceipt(…)");
    assert_eq!(phone.client.resident_receipt(hidden), Ok(None));
    let nowhere = phone.client.new_record_id();
    assert_eq!(
        phone.client.resident_receipt(nowhere),
        Err(ClientError::NotFound)
    );
    // Nobody writes it, and an edit of anything else leaves it.
    let other = ReceiptNumber::from_random([9; 16]).to_string();
    let odd = phone.client.edit(shows, vec![set_text("receipt", &other)]);
    assert!(matches!(odd, Err(ClientError::Rejected { code, .. }) if code == "not_writable"));
    phone
        .client
        .edit(shows, vec![set_text("place", "东门")])
        .unwrap();
    phone.sync(&server);
    colleague.sync(&server);
    let seen = colleague.client.resident_receipt(shows).unwrap();
    assert_eq!(seen, Some(receipt));
    assert_alike(&server, &[&phone, &colleague]);
    // Switched off later the phone gives it out no more.
    catalogue.version += 1;
    catalogue.kinds[0].receipt = false;
    server.publish_catalogue(catalogue);
    phone.sync(&server);
    assert_eq!(phone.client.resident_receipt(shows), Ok(None));
}
