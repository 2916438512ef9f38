//! What a phone accepts of a response: everything as the server signed it, or nothing.

use crate::common::world::NOW;
use crate::common::{GRID, OTHER_GRID, World, set, stream, text};
use gridfold_sync_core::entry::{Entry, Receipt, ReceiptStream, SignKey, Verdict, next_prefix};
use gridfold_sync_core::ids::Hash;
use gridfold_sync_core::session::{Position, SessionError, verify_pages};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{StreamPage, SyncRequest, SyncResponse};

struct Exchange {
    request: SyncRequest,
    response: SyncResponse,
    own: Vec<Entry>,
    server: SignKey,
    asker: gridfold_sync_core::entry::Author,
}

/// A phone pushed one entry and receives it, one of a colleague and a refused one; and a second page.
fn exchange() -> Exchange {
    let mut world = World::new(1);
    let here = stream(GRID);
    let server = SignKey::from_seed(&[4; 32]);
    let (r1, r2) = (world.record(), world.record());
    let own = world
        .worker
        .start(&here, r1, vec![set("name", text("own"))]);
    let theirs = world
        .colleague
        .start(&here, r2, vec![set("name", text("theirs"))]);
    let refused = world.colleague.edit(&here, &[theirs.id()], vec![]);
    let log = world.worker.push(&here, vec![own.clone()]);
    let by = world.worker.clone();
    world.admit(&by, &log).unwrap();
    let other = world.colleague.push(&here, vec![theirs, refused]);
    let colleague = world.colleague.clone();
    world.admit(&colleague, &other).unwrap();
    world.started(|w| &mut w.colleague, OTHER_GRID);
    let pages: Vec<StreamPage> = [GRID, OTHER_GRID]
        .map(|grid| StreamPage {
            items: world.facts.items(&stream(grid)),
            stream: stream(grid),
            after: 0,
            more: false,
        })
        .into();
    let mut response = SyncResponse {
        epoch: 3,
        now: NOW,
        pages,
        ..SyncResponse::default()
    };
    response.receipt = Some(receipt(&response, &server));
    let request = SyncRequest {
        logs: vec![log],
        ..SyncRequest::default()
    };
    Exchange {
        request,
        response,
        own: vec![own],
        server,
        asker: by.author,
    }
}

fn receipt(response: &SyncResponse, server: &SignKey) -> gridfold_sync_core::entry::Signature {
    let streams = response.pages.iter().map(|page| ReceiptStream {
        stream: page.stream.clone(),
        seq: page.after + page.items.len() as u64,
        prefix: page
            .items
            .iter()
            .fold(Hash::default(), |p, item| next_prefix(&p, &item.hash())),
    });
    Receipt::sign(server, response.epoch, streams.collect()).signature
}

impl Exchange {
    fn read(&self) -> SyncResponse {
        let body = self.response.encode(&self.request, self.asker);
        SyncResponse::decode(&body, &self.request, self.asker).unwrap()
    }
    fn verify(&self, response: &SyncResponse, at: Position) -> Result<Vec<usize>, SessionError> {
        let key = self.server.public();
        let own = |s: &_, id: &_| {
            self.own
                .iter()
                .find(|e| e.id() == *id && *s == stream(GRID))
                .cloned()
        };
        let (pages, receipt) = verify_pages(response, &key, |_| at, own)?;
        if let Some(receipt) = receipt {
            assert!(receipt.verify(&key));
            assert_eq!(receipt.streams.len(), pages.len());
        }
        Ok(pages.iter().map(|p| p.items.len()).collect())
    }
}

#[test]
fn a_true_response_is_taken_whole_and_own_entries_are_filled_in() {
    let e = exchange();
    let read = e.read();
    assert_eq!(
        read.pages[0].items[0].entry, None,
        "the own entry is not sent back"
    );
    assert_eq!(e.verify(&read, Position::default()), Ok(vec![3, 1]));
    let key = e.server.public();
    let own = e.own[0].clone();
    let (pages, _) = verify_pages(
        &read,
        &key,
        |_| Position::default(),
        |_, _| Some(own.clone()),
    )
    .unwrap();
    assert_eq!(pages[0].items[0].0.entry, Some(own));
    assert_eq!(pages[0].end.seq, 3);
    assert_eq!(pages[0].items[2].1, pages[0].end.prefix);
    assert!(!pages[0].items[2].0.verdict.is_admitted());
}

#[test]
fn whatever_is_changed_the_response_is_not_used() {
    type Tamper = fn(&mut SyncResponse);
    let cases: [(&str, Tamper, SessionError); 13] = [
        (
            "header",
            |r| r.pages[0].items[1].entry.as_mut().unwrap().header.claimed = Timestamp(1),
            SessionError::Inconsistent,
        ),
        (
            "name",
            |r| r.pages[0].items[1].id.seq = 9,
            SessionError::Inconsistent,
        ),
        (
            "hash",
            |r| r.pages[0].items[1].entry_hash.0[0] ^= 1,
            SessionError::Inconsistent,
        ),
        (
            "hash of a refused one",
            |r| r.pages[0].items[2].entry_hash.0[0] ^= 1,
            SessionError::BadReceipt,
        ),
        (
            "verdict",
            |r| r.pages[0].items[1].verdict = Verdict::Admitted { late: true },
            SessionError::BadReceipt,
        ),
        (
            "author",
            |r| r.pages[0].items[1].author = r.pages[0].items[0].author,
            SessionError::BadReceipt,
        ),
        (
            "time",
            |r| r.pages[0].items[1].received = Timestamp(0),
            SessionError::BadReceipt,
        ),
        (
            "order",
            |r| r.pages[0].items.swap(0, 1),
            SessionError::BadReceipt,
        ),
        (
            "one left out",
            |r| drop(r.pages[0].items.remove(1)),
            SessionError::BadReceipt,
        ),
        (
            "a page left out",
            |r| drop(r.pages.remove(1)),
            SessionError::BadReceipt,
        ),
        (
            "pages swapped",
            |r| r.pages.swap(0, 1),
            SessionError::BadReceipt,
        ),
        ("epoch", |r| r.epoch += 1, SessionError::BadReceipt),
        ("no receipt", |r| r.receipt = None, SessionError::BadReceipt),
    ];
    let e = exchange();
    for (name, tamper, error) in cases {
        let mut response = e.read();
        tamper(&mut response);
        let verified = e.verify(&response, Position::default());
        assert_eq!(verified, Err(error), "{name}");
    }
}

#[test]
fn a_receipt_of_another_server_is_not_used() {
    let mut e = exchange();
    let read = e.read();
    e.server = SignKey::from_seed(&[5; 32]);
    assert_eq!(
        e.verify(&read, Position::default()),
        Err(SessionError::BadReceipt)
    );
}

#[test]
fn a_page_that_does_not_follow_is_not_used() {
    let e = exchange();
    let prefix = Hash([1; 32]);
    let ahead = Position { seq: 1, prefix };
    assert_eq!(e.verify(&e.read(), ahead), Err(SessionError::NotNext));
    // The right place but another history there.
    let elsewhere = Position { seq: 0, prefix };
    assert_eq!(
        e.verify(&e.read(), elsewhere),
        Err(SessionError::BadReceipt)
    );
    let mut read = e.read();
    read.pages[0].after = 5;
    assert_eq!(
        e.verify(&read, Position::default()),
        Err(SessionError::NotNext)
    );
}

#[test]
fn an_own_entry_that_is_not_here_is_missed() {
    let mut e = exchange();
    e.own.clear();
    assert_eq!(
        e.verify(&e.read(), Position::default()),
        Err(SessionError::NotOurs)
    );
}

#[test]
fn a_response_without_pages_needs_no_receipt() {
    let e = exchange();
    let empty = SyncResponse::default();
    assert_eq!(e.verify(&empty, Position::default()), Ok(vec![]));
}
