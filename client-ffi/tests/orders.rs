//! Who may order a phone to erase, to go back or to give up: its server, by signature, and nobody
//! between the two.

use crate::common::*;
use gridfold_client::{
    ClientError, Delivery, HttpRequest, HttpResponse, SyncOptions, Transport, TransportError,
};
use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::entry::{Author, SignKey};
use gridfold_sync_core::ids::{
    DeviceId, Hash, IncarnationId, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{
    Directive, ErasureNews, ProblemNotice, StreamReset, SyncRequest, SyncResponse,
};
use parking_lot::Mutex;

type Says = dyn Fn(&HttpRequest, HttpResponse) -> HttpResponse + Send + Sync;

/// Somebody between a phone and its server.
struct Between<'a> {
    server: &'a FakeServer,
    says: Box<Says>,
}

impl Transport for Between<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let answered = self.server.call(request.clone())?;
        if request.path == "/v1/sync" {
            Ok((self.says)(&request, answered))
        } else {
            Ok(answered)
        }
    }
}

fn general(n: u32) -> StreamId {
    StreamId::new(grid(n), SensitivityClass::General)
}

fn matter(phone: &Phone, summary: &str) -> RecordId {
    let ops = vec![set_text("summary", summary)];
    phone
        .client
        .create_record(&grid(1), &code("matter"), ops)
        .unwrap()
}

fn author(phone: &Phone) -> Author {
    let identity = phone.client.identity().unwrap();
    Author {
        device: identity.device,
        user: identity.user,
    }
}

/// A sync with somebody between who answers so.
fn sync_with(
    phone: &Phone,
    server: &FakeServer,
    says: impl Fn(&HttpRequest, HttpResponse) -> HttpResponse + Send + Sync + 'static,
) -> Result<gridfold_client::SyncReport, ClientError> {
    let between = Between {
        server,
        says: Box::new(says),
    };
    phone.client.sync(&between, &SyncOptions::default())
}

/// A phone whose server has one record of it, and on which another waits.
fn set_up(server: &FakeServer) -> (Phone, RecordId, RecordId) {
    let phone = Phone::enrolled(server, "甲", 1);
    let sent = matter(&phone, "路灯不亮");
    phone.sync(server);
    let unsent = matter(&phone, "井盖丢失");
    (phone, sent, unsent)
}

fn assert_kept(phone: &Phone, records: [RecordId; 2], what: &str) {
    for record in records {
        assert!(phone.client.get(record).is_some(), "{what}: gone");
    }
    assert!(phone.client.refused().is_empty(), "{what}: set aside");
    assert!(phone.client.status().pending > 0, "{what}: does not wait");
}

#[test]
fn words_alone_never_wipe_a_phone() {
    let server = FakeServer::new();
    let (phone, sent, unsent) = set_up(&server);
    let device = phone.device();
    let (stranger, other) = (SignKey::from_seed(&[8; 32]), DeviceId::from_bytes([3; 16]));
    let said = [
        answer(403, br#"{"code":"device_wiped"}"#.to_vec()),
        answer(401, br#"{"code":"device_wiped"}"#.to_vec()),
        answer(403, br#"{"code":"device_revoked"}"#.to_vec()),
        wiped_by(&stranger, device),
        wiped_by(&server.key(), other),
        answer(
            403,
            format!(r#"{{"code":"device_wiped","wipe":{{"device_id":"{device}","at_ms":1,"signature":""}}}}"#)
                .into_bytes(),
        ),
    ];
    for (n, said) in said.into_iter().enumerate() {
        let told = sync_with(&phone, &server, move |_, _| said.clone());
        assert_eq!(told, Err(ClientError::Revoked), "{n}");
        assert_kept(&phone, [sent, unsent], &n.to_string());
    }
    assert!(server.receipts.lock().is_empty());
    // It goes on as soon as the server itself is heard.
    phone.sync(&server);
    assert_eq!(phone.client.status().pending, 0);
    let order = wiped_by(&server.key(), device);
    let told = sync_with(&phone, &server, move |_, _| order.clone());
    assert_eq!(told, Err(ClientError::Revoked));
    assert!(phone.client.get(sent).is_none());
}

/// What somebody might order, each alone.
fn orders(records: [RecordId; 2]) -> Vec<(&'static str, SyncResponse)> {
    let told = |change: &dyn Fn(&mut SyncResponse)| {
        let mut answer = SyncResponse {
            epoch: 7,
            now: Timestamp(1_781_300_200_000),
            ..SyncResponse::default()
        };
        change(&mut answer);
        answer
    };
    let reset = || StreamReset {
        stream: general(1),
        seq: 0,
        prefix: Hash::default(),
    };
    vec![
        ("wipe", told(&|a| a.directives = vec![Directive::Wipe])),
        (
            "erase",
            told(&|a| a.directives = vec![Directive::Erase(general(1))]),
        ),
        ("reset", told(&|a| a.resets = vec![reset()])),
        ("epoch", told(&|a| (a.epoch, a.resets) = (9, vec![reset()]))),
        (
            "not your log",
            told(&|a| {
                a.problems = vec![ProblemNotice {
                    stream: general(1),
                    incarnation: IncarnationId::from_bytes([0; 16]),
                    problem: LogProblem::NotYourLog,
                }];
            }),
        ),
        (
            "erased",
            told(&|a| {
                a.erasures = Some(ErasureNews {
                    revision: 9,
                    more: false,
                    records: records.into(),
                });
            }),
        ),
        (
            "another directory",
            told(&|a| a.directory = Some(b"{}".to_vec().into())),
        ),
        ("taken, without a word", told(&|_| {})),
    ]
}

#[test]
fn an_answer_that_nobody_signed_orders_nothing() {
    let server = FakeServer::new();
    let (phone, sent, unsent) = set_up(&server);
    let me = author(&phone);
    for (what, order) in orders([sent, unsent]) {
        let stranger = SignKey::from_seed(&[8; 32]);
        for signed in [false, true] {
            let (order, stranger) = (order.clone(), stranger.clone());
            let told = sync_with(&phone, &server, move |request, _| {
                let asked = SyncRequest::decode(&request.body).unwrap();
                let mut order = order.clone();
                for notice in &mut order.problems {
                    notice.incarnation = asked.incarnations()[0];
                }
                let body = if signed {
                    order.encode_signed(&asked, &request.body, me, &stranger)
                } else {
                    order.encode(&asked, me)
                };
                answer(200, body)
            });
            let offline = Err(ClientError::Offline { retry_after: None });
            assert_eq!(told, offline, "{what}");
            assert_kept(&phone, [sent, unsent], what);
        }
    }
    phone.sync(&server);
    assert_eq!(phone.client.status().pending, 0);
    assert_eq!(
        phone.client.get(unsent).unwrap().delivery,
        Some(Delivery::AtServer)
    );
    assert_alike(&server, &[&phone]);
}

#[test]
fn an_order_that_was_given_once_is_none_the_next_time() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let record = matter(&phone, "路灯不亮");
    phone.sync(&server);
    let user = phone.client.identity().unwrap().user;
    server.end_grant(user, "c", 1);
    // Somebody keeps the order from the phone, and gives it once it does not hold any more.
    let kept = std::sync::Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let told = sync_with(&phone, &server, move |_, real| {
        *keep.lock() = Some(real);
        answer(502, Vec::new())
    });
    assert!(matches!(told, Err(ClientError::Offline { .. })));
    server.grant(user, "c");
    let order = kept.lock().take().unwrap();
    let told = sync_with(&phone, &server, move |_, _| order.clone());
    assert_eq!(told, Err(ClientError::Offline { retry_after: None }));
    assert!(phone.client.get(record).is_some());
    phone.sync(&server);
    assert!(phone.client.get(record).is_some());
}

#[test]
fn a_server_that_signed_once_is_not_taken_for_one_of_before() {
    let server = FakeServer::new();
    let (phone, sent, unsent) = set_up(&server);
    let me = author(&phone);
    let told = sync_with(&phone, &server, move |request, _| {
        let asked = SyncRequest::decode(&request.body).unwrap();
        if asked.version() > 1 {
            return answer(400, br#"{"code":"bad_request"}"#.to_vec());
        }
        let order = SyncResponse {
            epoch: 9,
            directives: vec![Directive::Wipe],
            ..SyncResponse::default()
        };
        answer(200, order.encode(&asked, me))
    });
    assert!(told.is_err(), "{told:?}");
    assert_kept(&phone, [sent, unsent], "a server of before");
}

#[test]
fn a_server_of_before_is_spoken_with_and_orders_nothing() {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let record = matter(&phone, "路灯不亮");
    let me = author(&phone);
    let versions = std::sync::Arc::new(Mutex::new(Vec::new()));
    let heard = versions.clone();
    let told = sync_with(&phone, &server, move |request, _| {
        let asked = SyncRequest::decode(&request.body).unwrap();
        heard.lock().push(asked.version());
        if asked.version() > 1 {
            return answer(400, br#"{"code":"bad_request"}"#.to_vec());
        }
        let order = SyncResponse {
            epoch: 7,
            directives: vec![Directive::Erase(general(1)), Directive::Wipe],
            ..SyncResponse::default()
        };
        answer(200, order.encode(&asked, me))
    });
    assert!(told.is_ok_and(|r| r.erased_streams.is_empty() && !r.wiped));
    assert_eq!(versions.lock()[..2], [4, 1]);
    assert!(phone.client.get(record).is_some());
    assert_eq!(phone.client.status().pending, 1);
}

#[test]
fn resets_that_repeat_end_the_sync() {
    let server = FakeServer::new();
    let (phone, sent, unsent) = set_up(&server);
    let (me, key) = (author(&phone), server.key());
    let turns = std::sync::Arc::new(Mutex::new(0));
    let count = turns.clone();
    let told = sync_with(&phone, &server, move |request, _| {
        *count.lock() += 1;
        let asked = SyncRequest::decode(&request.body).unwrap();
        let order = SyncResponse {
            epoch: asked.epoch + 1,
            resets: vec![StreamReset {
                stream: general(1),
                seq: 0,
                prefix: Hash::default(),
            }],
            ..SyncResponse::default()
        };
        answer(200, order.encode_signed(&asked, &request.body, me, &key))
    });
    assert_eq!(told, Err(ClientError::Offline { retry_after: None }));
    assert_eq!(
        *turns.lock(),
        gridfold_sync_core::limits::MAX_RESETS_PER_SYNC + 1
    );
    assert_kept(&phone, [sent, unsent], "resets");
    phone.sync(&server);
    phone.sync(&server);
    assert_alike(&server, &[&phone]);
}
