//! How far what a phone wrote has come, and what its status says.

use crate::common::*;
use gridfold_client::{Client, Delivery, Query, Reach, SyncOptions};
use gridfold_sync_core::ids::RecordId;

fn household(phone: &Phone) -> RecordId {
    let ops = vec![
        set_text("address", "1号楼"),
        splice("care_notes", 0, "卧床"),
    ];
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

/// What the record, its list row and its entries say.
fn said(client: &Client, record: RecordId) -> (Option<Delivery>, Vec<Option<Delivery>>) {
    let detail = client.get(record).unwrap().delivery;
    let list = client.query(Query::default()).items;
    let row = list.iter().find(|r| r.record == record).unwrap();
    assert_eq!(row.delivery, detail);
    let entries = client.history(record);
    (detail, entries.iter().map(|e| e.delivery).collect())
}

#[test]
fn a_record_is_as_far_as_what_came_least_far() {
    use Delivery::{AtServer, OnThisPhone, Refused};
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    let record = household(&a);
    assert_eq!(
        said(&a.client, record),
        (Some(OnThisPhone), vec![Some(OnThisPhone); 2])
    );
    server.faults.lock().push(Fault::LoseReply);
    assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
    assert_eq!(said(&a.client, record).0, Some(OnThisPhone));
    a.sync(&server);
    assert_eq!(
        said(&a.client, record),
        (Some(AtServer), vec![Some(AtServer); 2])
    );
    b.sync(&server);
    assert_eq!(said(&b.client, record), (None, vec![None; 2]));
    b.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    assert_eq!(
        said(&b.client, record),
        (Some(OnThisPhone), vec![None, None, Some(OnThisPhone)])
    );
    b.sync(&server);
    a.sync(&server);
    assert_eq!(
        said(&a.client, record),
        (Some(AtServer), vec![Some(AtServer), Some(AtServer), None])
    );
    a.client.close();
    let again = Client::open(options(a.dir.path(), &a.platform)).unwrap();
    assert_eq!(said(&again, record).0, Some(AtServer));
    server.refuse(record);
    again
        .edit(record, vec![set_text("phone", "13900000000")])
        .unwrap();
    again.sync(&*server, &SyncOptions::default()).unwrap();
    let (record_is, entries) = said(&again, record);
    assert_eq!((record_is, entries[3]), (Some(Refused), Some(Refused)));
    let refused = &again.refused()[0];
    again
        .discard_refused(&refused.stream, refused.entry)
        .unwrap();
    assert_eq!(said(&again, record).0, Some(AtServer));
}

#[test]
fn the_status_says_what_waits_and_whether_the_server_answers() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a);
    let matter = vec![set_text("summary", "路灯不亮")];
    a.client
        .create_record(&grid(1), &code("matter"), matter)
        .unwrap();
    a.client
        .edit(record, vec![set_text("phone", "13800000000")])
        .unwrap();
    let status = a.client.status();
    assert_eq!(
        (status.server, status.last_attempt, status.last_error),
        (Reach::Unknown, None, None)
    );
    assert_eq!(status.pending, 4);
    assert_eq!(
        status.pending_forms,
        [(code("household"), 1), (code("matter"), 1)]
    );
    *server.faults.lock() = vec![Fault::Status(503), Fault::LoseRequest];
    for (server_is, error) in [
        (Reach::Unreachable, "offline"),
        (Reach::Reachable, "offline"),
    ] {
        assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
        let status = a.client.status();
        assert_eq!(
            (status.server, status.last_error.as_deref()),
            (server_is, Some(error))
        );
        assert!(status.last_attempt.is_some() && status.last_sync.is_none());
    }
    a.sync(&server);
    let status = a.client.status();
    assert_eq!((status.server, status.last_error), (Reach::Reachable, None));
    assert_eq!((status.pending, status.pending_forms), (0, vec![]));
    assert!(status.last_attempt >= status.last_sync);
    server.revoke(a.device());
    assert!(a.client.sync(&*server, &SyncOptions::default()).is_err());
    assert_eq!(a.client.status().last_error.as_deref(), Some("revoked"));
}
