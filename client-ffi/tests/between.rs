//! What stands between a phone and its server answers in its place: sign-in pages, proxies,
//! redirects. None of that is an answer.

#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use crate::common::*;
use gridfold_client::{
    ClientError, HttpRequest, HttpResponse, Reach, SyncOptions, Transport, TransportError,
    TransportErrorKind,
};
use parking_lot::Mutex;

/// Somebody who answers all calls, or those to one path, until they stop.
struct Between<'a> {
    server: &'a FakeServer,
    path: &'a str,
    says: Mutex<Option<Result<HttpResponse, TransportError>>>,
}

impl<'a> Between<'a> {
    fn new(server: &'a FakeServer, path: &'a str) -> Self {
        Self {
            server,
            path,
            says: Mutex::new(None),
        }
    }
}

impl Transport for Between<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        match &*self.says.lock() {
            Some(says) if request.path.contains(self.path) => says.clone(),
            _ => self.server.call(request),
        }
    }
}

/// What was met in the field, and what could be.
fn pages() -> Vec<Result<HttpResponse, TransportError>> {
    let mut pages = Vec::new();
    for status in [
        200, 204, 302, 307, 400, 401, 403, 404, 407, 409, 410, 413, 422, 426, 429, 500, 502, 503,
        511,
    ] {
        for kind in ["text/html; charset=utf-8", "application/json", ""] {
            pages.push(page(status, kind));
        }
    }
    // The page of one that copies what it was asked for.
    for kind in [
        "application/vnd.gridfold.sync",
        "application/json",
        "application/problem+json",
    ] {
        pages.push(page(200, kind));
        pages.push(page(426, kind));
    }
    // Problems of others, and of none.
    for body in [
        r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"device_revoked"}"#,
        r#"{"type":"urn:gridfold:problem:other","code":"device_revoked"}"#,
        r#"{"code":"update_required"}"#,
        r#"{"error":"proxy authentication required"}"#,
        "[]",
    ] {
        for status in [200, 401, 403, 426] {
            let mut said = page(status, "application/problem+json");
            said.body = body.as_bytes().to_vec();
            pages.push(said);
        }
    }
    let mut said: Vec<_> = pages.into_iter().map(Ok).collect();
    said.push(Err(TransportError {
        kind: TransportErrorKind::Tls,
    }));
    said
}

const OFFLINE: ClientError = ClientError::Offline { retry_after: None };

#[test]
fn a_page_is_no_answer_to_a_sync_or_a_token() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let ops = vec![set_text("address", "1号楼")];
    let record = phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap();
    for path in ["/v1/sync", "/v1/token"] {
        let between = Between::new(&server, path);
        for page in pages() {
            server.expire_token(phone.device());
            *between.says.lock() = Some(page.clone());
            let told = phone.client.sync(&between, &SyncOptions::default());
            assert_eq!(told, Err(OFFLINE), "{path} {page:?}");
            let status = phone.client.status();
            assert_eq!((status.server, status.pending), (Reach::Unreachable, 1));
        }
    }
    // The session is what it was.
    assert_eq!(phone.sync(&server).admitted, 1);
    assert!(phone.client.get(record).is_some());
}

#[test]
fn a_page_is_no_answer_to_an_enrolment() {
    let server = FakeServer::new();
    let phone = Phone::new(1);
    let invited = server.hire("甲", "c");
    for path in ["/begin", "/finish"] {
        let between = Between::new(&server, path);
        for page in pages() {
            *between.says.lock() = Some(page.clone());
            let told = phone.client.enrol(&between, &invited);
            assert_eq!(told.err(), Some(OFFLINE), "{path} {page:?}");
        }
    }
    assert!(phone.client.identity().is_none());
    assert!(phone.client.enrol(&*server, &invited).is_ok());
}

#[test]
fn a_page_does_not_count_as_the_word_that_the_session_has_ended() {
    for page in pages() {
        let server = FakeServer::new();
        let phone = Phone::enrolled(&server, "甲", 1);
        let between = Between::new(&server, "/v1/sign-out");
        *between.says.lock() = Some(page.clone());
        let told = phone.client.sign_out(&between, false).unwrap().server_told;
        assert!(!told, "{page:?}");
    }
}

#[test]
fn what_a_proxy_finds_too_large_goes_in_smaller_ones() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    for n in 0..20 {
        let ops = vec![set_text("address", &format!("{n}号楼"))];
        phone
            .client
            .create_record(&grid(1), &code("household"), ops)
            .unwrap();
    }
    struct Narrow<'a>(&'a FakeServer);
    impl Transport for Narrow<'_> {
        fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
            if request.body.len() > 1_500 {
                return Ok(page(413, "text/html"));
            }
            self.0.call(request)
        }
    }
    let report = phone.client.sync(&Narrow(&server), &SyncOptions::default());
    assert_eq!(report.unwrap().admitted, 20);
    assert_alike(&server, &[&phone]);
}

#[test]
fn the_server_itself_is_heard() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let between = Between::new(&server, "/v1/sync");
    for (status, said, heard) in [
        (426, "update_required", ClientError::UpdateRequired),
        (403, "device_revoked", ClientError::Revoked),
        (
            503,
            "unavailable",
            ClientError::Offline {
                retry_after: Some(3_600),
            },
        ),
    ] {
        let body = format!(r#"{{"code":"{said}","retry_after_s":99999999}}"#);
        *between.says.lock() = Some(Ok(answer(status, body.into_bytes())));
        let told = phone.client.sync(&between, &SyncOptions::default());
        assert_eq!(told, Err(heard));
    }
}
