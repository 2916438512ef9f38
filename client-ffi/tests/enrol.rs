//! New codes on a phone that has a store: the same person goes on, another begins anew.

#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use crate::common::*;
use gridfold_client::{
    Client, ClientError, Draft, HttpRequest, HttpResponse, SyncOptions, Transport, TransportError,
    WhatBecame,
};
use gridfold_sync_core::ids::RecordId;

fn household(phone: &Phone, address: &str) -> RecordId {
    let ops = vec![set_text("address", address)];
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

fn draft() -> Draft {
    Draft {
        id: None,
        form: code("household"),
        grid: grid(1),
        record: None,
        new_record: false,
        form_version: None,
        ops: vec![set_text("address", "half")],
        app_state: String::new(),
    }
}

fn anothers<T>() -> Result<T, ClientError> {
    Err(ClientError::Rejected {
        code: "anothers_phone".to_owned(),
        field: None,
        became: WhatBecame::Nothing,
    })
}

#[test]
fn a_new_code_lets_the_same_device_go_on_and_all_that_waits_is_sent_as_it_was() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let old = household(&a, "1号楼");
    a.sync(&server);
    let before = a.client.identity().unwrap();
    for revoked in [false, true] {
        let new: Vec<_> = (0..3).map(|n| household(&a, &format!("{n}号楼"))).collect();
        let edit = vec![set_text("address", &format!("revoked: {revoked}"))];
        a.client.edit(old, edit).unwrap();
        a.client.save_draft(&draft()).unwrap();
        if revoked {
            server.revoke(a.device());
        } else {
            server.expire_token(a.device());
        }
        let invited = server.invite(before.user);
        assert_eq!(a.client.enrol(&*server, &invited), Ok(before.clone()));
        assert_eq!(a.client.status().pending, 4);
        let report = a.sync(&server);
        assert_eq!((report.admitted, report.refused), (4, 0));
        assert!(!report.new_incarnation, "under the names it was written");
        assert!(new.iter().all(|record| a.client.get(*record).is_some()));
        assert_eq!(a.client.refused(), []);
    }
    assert_eq!(a.client.drafts().unwrap().len(), 2);
    assert_alike(&server, &[&a]);
}

#[test]
fn another_persons_code_is_refused_while_something_waits() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let sent = household(&a, "1号楼");
    a.sync(&server);
    let mine = a.client.identity().unwrap();
    let theirs = server.hire("乙", "c");
    let waiting = household(&a, "2号楼");
    assert_eq!(a.client.enrol(&*server, &theirs), anothers());
    assert_eq!(a.client.identity(), Some(mine.clone()), "nothing changed");
    assert!(a.client.get(sent).is_some());
    a.sync(&server);
    let draft = a.client.save_draft(&draft()).unwrap();
    assert_eq!(a.client.enrol(&*server, &theirs), anothers());
    a.client.discard_draft(draft).unwrap();
    // What the server refused is there, for a supervisor to look at.
    server.refuse(sent);
    a.client
        .edit(sent, vec![set_text("address", "3号楼")])
        .unwrap();
    a.sync(&server);
    assert_eq!(a.client.refused().len(), 1);
    assert_ne!(a.client.enrol(&*server, &theirs), Ok(mine));
    assert!(server.canonical(waiting).is_object());
}

#[test]
fn the_next_person_begins_anew_and_sees_nothing_of_the_first() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    a.sync(&server);
    let (key, events) = (a.client.enrolment_key(), a.client.subscribe());
    let first = a.client.identity().unwrap();
    let theirs = server.hire("乙", "g2");
    let now = a.client.enrol(&*server, &theirs).unwrap();
    assert!(now.user != first.user && now.device != first.device);
    assert_ne!(a.client.enrolment_key(), key, "another device, another key");
    assert_eq!((a.client.records(), a.client.get(record)), (vec![], None));
    assert!(events.try_next().is_some(), "the screens are told");
    let theirs = a.client.create_record(
        &grid(2),
        &code("household"),
        vec![set_text("address", "2号楼")],
    );
    let report = a.sync(&server);
    assert_eq!((report.admitted, report.refused), (1, 0));
    a.client.close();
    let again = Client::open(options(a.dir.path(), &a.platform)).unwrap();
    assert_eq!(again.identity(), Some(now));
    assert_eq!(again.records(), [theirs.unwrap()]);
    // And so does the first, with a code for a phone that is another's by now.
    let back = server.invite(first.user);
    assert_ne!(again.enrol(&*server, &back).unwrap().device, first.device);
    again.sync(&*server, &SyncOptions::default()).unwrap();
    assert!(again.get(record).is_some());
}

/// A server of before, which does not say whom a code is for.
struct Before<'a>(&'a FakeServer);

impl Transport for Before<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let begins = request.path == "/v1/enrol/begin";
        let answered = self.0.call(request)?;
        if begins {
            return Ok(answer(200, br#"{"nonce":"00ff10"}"#.to_vec()));
        }
        Ok(answered)
    }
}

#[test]
fn a_server_of_before_hands_no_phone_on() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    household(&a, "1号楼");
    let mine = a.client.identity().unwrap();
    let (again, theirs) = (server.invite(mine.user), server.hire("乙", "c"));
    assert_eq!(a.client.enrol(&Before(&server), &again), Ok(mine.clone()));
    assert_eq!(a.client.enrol(&Before(&server), &theirs), anothers());
    assert_eq!(a.client.identity(), Some(mine));
    assert_eq!(a.sync(&server).admitted, 1);
}

#[test]
fn a_handing_on_that_breaks_leaves_the_phone_as_it_was() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let record = household(&a, "1号楼");
    a.sync(&server);
    let (mine, theirs) = (a.client.identity(), server.hire("乙", "c"));
    struct Broken<'a>(&'a FakeServer);
    impl Transport for Broken<'_> {
        fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
            if request.path == "/v1/enrol/finish" {
                self.0.call(request)?;
                return Ok(page(502, "text/html"));
            }
            self.0.call(request)
        }
    }
    assert!(a.client.enrol(&Broken(&server), &theirs).is_err());
    assert_eq!(a.client.identity(), mine);
    assert!(a.client.get(record).is_some());
    let edit = vec![set_text("address", "2号楼")];
    a.client.edit(record, edit).unwrap();
    assert_eq!(a.sync(&server).admitted, 1);
}
