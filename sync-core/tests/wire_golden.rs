//! The bytes of the wire and of the hashes, pinned. See `tests/golden/README.md`.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, its seed, or whom to play"
)]

use std::fs;
use std::path::PathBuf;

use crate::common;
use crate::common::world::{NOW, field, form_code, set, stream};
use gridfold_sync_core::admission::{ErasedPlace, LogProblem, PushedLog};
use gridfold_sync_core::carry::{Bundle, CarryBody, CarryFile, CarryKind};
use gridfold_sync_core::edit::{Decimal, Op, Value, decode_payload, encode_payload, payload_hash};
use gridfold_sync_core::entry::{
    Author, Entry, Item, Receipt, ReceiptStream, RefusalCode, SignKey, Target, Verdict,
    answer_statement, enrolment_statement, head_statement, next_link, next_prefix, wipe_statement,
    wiped_statement,
};
use gridfold_sync_core::ids::{
    ActionKey, ChoiceKey, DeviceId, EntryRef, Hash, IncarnationId, ItemKey, RecordId, UserId,
};
use gridfold_sync_core::merge::Merger;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{
    Cursor, Directive, ErasureNews, Lacking, PhoneReport, ProblemNotice, RecoverRun, SeenMark,
    SeenNews, StreamPage, StreamReset, SyncRequest, SyncResponse, Trip, open_frame, seal_frame,
};

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    pairs.chunks(32).map(|line| line.concat() + "\n").collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |b: u8| char::from(b).to_digit(16).unwrap() as u8;
    digits
        .chunks(2)
        .map(|p| digit(p[0]) << 4 | digit(p[1]))
        .collect()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.hex"))
}

fn golden(name: &str) -> Vec<u8> {
    let read = fs::read_to_string(path(name));
    unhex(&read.unwrap_or_else(|_| panic!("golden bytes {name} are missing: see golden/README.md")))
}

fn incarnation(n: u8) -> IncarnationId {
    IncarnationId::from_bytes([n; 16])
}
fn at(n: u8, seq: u64) -> EntryRef {
    EntryRef {
        incarnation: incarnation(n),
        seq,
    }
}
fn author(n: u8) -> Author {
    Author {
        device: DeviceId::from_bytes([n; 16]),
        user: UserId::from_bytes([n + 1; 16]),
    }
}
fn key() -> SignKey {
    SignKey::from_seed(&[42; 32])
}

fn every_op() -> Vec<Op> {
    let (field, item) = (field("f"), ItemKey::new("i1").unwrap());
    let choice = ChoiceKey::new("x").unwrap();
    let member = common::world::field("m");
    let values = [
        Value::Text("网格 grid".to_owned()),
        Value::Integer(-7),
        Value::Decimal(Decimal {
            mantissa: -1250,
            scale: 2,
        }),
        Value::Boolean(true),
        Value::Date(20_617),
        Value::DateTime(NOW),
        Value::Choice(choice.clone()),
        Value::Geopoint {
            lat_e7: 391_234_567,
            lon_e7: -1_171_234_567,
        },
        Value::Reference(RecordId::from_bytes([3; 16])),
    ];
    let mut ops: Vec<Op> = values.into_iter().map(|value| set("f", value)).collect();
    ops.extend([
        Op::Unset {
            field: field.clone(),
        },
        Op::Splice {
            field: field.clone(),
            at: 3,
            delete: 300,
            insert: "文".to_owned(),
        },
        Op::Choose {
            field: field.clone(),
            choice: choice.clone(),
        },
        Op::Unchoose {
            field: field.clone(),
            choice,
        },
        Op::ItemAdd {
            field: field.clone(),
            item: item.clone(),
        },
        Op::ItemRemove {
            field: field.clone(),
            item: item.clone(),
        },
        Op::ItemSet {
            field: field.clone(),
            item: item.clone(),
            member: member.clone(),
            value: Value::Integer(9),
        },
        Op::ItemUnset {
            field: field.clone(),
            item,
            member,
        },
        Op::Count { field, by: -3 },
        Op::Transition {
            action: ActionKey::new("dispatch").unwrap(),
            note: "去".to_owned(),
        },
        Op::Delete,
        Op::Restore,
    ]);
    ops
}

/// Two people, one of them twice, and one by name only.
fn with_a_person() -> Vec<Op> {
    let person = |n: u8, name: &str| Value::Person {
        user: UserId::from_bytes([n; 16]),
        name: name.to_owned(),
    };
    vec![
        set("f", person(7, "张伟")),
        set("f", person(7, "张玮")),
        set("f", person(8, "")),
        set("f", Value::Text("老李".to_owned())),
    ]
}

fn first() -> Entry {
    let record = RecordId::from_parts(NOW, [5; 10]);
    let target = Target::New {
        record,
        form: form_code("probe"),
    };
    Entry::new(incarnation(1), 1, target, 1, NOW, every_op())
}
fn second() -> Entry {
    let heads = vec![at(1, 1), at(2, 300)];
    let ops = vec![set("f", Value::Integer(1)), set("f", Value::Integer(2))];
    Entry::new(incarnation(1), 2, Target::At(heads), 3, Timestamp(-5), ops)
}

fn receipt() -> Receipt {
    let streams = ["g-1", "g-2"].map(|grid| ReceiptStream {
        stream: stream(grid),
        seq: 300,
        prefix: Hash([6; 32]),
    });
    Receipt::sign(&key(), 7, streams.into())
}

fn item(entry: &Entry, verdict: Verdict, carried: bool) -> Item {
    Item {
        id: entry.id(),
        author: author(9),
        received: NOW.plus_millis(1_500),
        verdict,
        entry_hash: entry.hash(&stream("g-1")),
        entry: carried.then(|| entry.clone()),
    }
}

fn request() -> SyncRequest {
    let entries = vec![first(), second()];
    let here = stream("g-1");
    let log: PushedLog = common::world::sign(&key(), &here, Hash::default(), entries);
    let mut other = second();
    other.incarnation = incarnation(2);
    other.header.target = Target::At(vec![at(2, 1)]);
    SyncRequest {
        epoch: 7,
        directory: [8; 8],
        budget_kib: 256,
        cursors: ["g-1", "g-2"]
            .map(|grid| Cursor {
                stream: stream(grid),
                seq: 200,
                prefix: [1; 8],
            })
            .into(),
        erased: vec![stream("g-3")],
        logs: vec![log],
        recover: vec![RecoverRun {
            receipt: receipt(),
            stream: here,
            after: 298,
            items: vec![
                item(&other, Verdict::Admitted { late: true }, true),
                item(&first(), Verdict::Refused(RefusalCode::TooLong), false),
            ],
        }],
        seen: None,
        report: None,
        trip: None,
    }
}

/// A push with people in it.
fn request_person() -> SyncRequest {
    let record = RecordId::from_parts(NOW, [5; 10]);
    let target = Target::New {
        record,
        form: form_code("probe"),
    };
    let entry = Entry::new(incarnation(1), 1, target, 1, NOW, with_a_person());
    let log = common::world::sign(&key(), &stream("g-1"), Hash::default(), vec![entry]);
    SyncRequest {
        logs: vec![log],
        ..SyncRequest::default()
    }
}

/// The same in version 2.
fn request_v2() -> SyncRequest {
    SyncRequest {
        seen: Some(300),
        ..request()
    }
}

/// The same in version 3.
fn request_v3() -> SyncRequest {
    SyncRequest {
        report: Some(PhoneReport {
            erasures: 300,
            pending: 2,
            clock: NOW,
            library: "0.1.0".to_owned(),
        }),
        ..request_v2()
    }
}

/// The same in version 4.
fn request_v4() -> SyncRequest {
    SyncRequest {
        trip: Some(Trip {
            nonce: [1, 2, 3, 4, 5, 6, 7, 8],
        }),
        ..request_v3()
    }
}

/// An answer that names damaged places.
fn answer_lacks() -> Vec<u8> {
    let response = SyncResponse {
        lacks: vec![
            Lacking {
                stream: stream("g-1"),
                after: 0,
            },
            Lacking {
                stream: stream("g-1"),
                after: 300,
            },
        ],
        ..response_v3()
    };
    response.encode_signed(&request_erased(), b"asked", author(9), &key())
}

/// The answer to it, signed over these bytes of it, which no compressor makes.
fn answer_v4() -> Vec<u8> {
    response_v3().encode_signed(&request_v4(), b"asked", author(9), &key())
}

fn response() -> SyncResponse {
    let mut theirs = second();
    theirs.incarnation = incarnation(3);
    let late = Verdict::Admitted { late: true };
    let pages = vec![StreamPage {
        stream: stream("g-1"),
        after: 200,
        items: vec![
            item(&first(), Verdict::Admitted { late: false }, true),
            item(&theirs, late, true),
            item(&theirs, Verdict::Refused(RefusalCode::NoGrant), false),
        ],
        more: true,
    }];
    let problems = [
        LogProblem::Gap { expected: 5 },
        LogProblem::BadSignature,
        LogProblem::Forked,
        LogProblem::NotYourLog,
        LogProblem::UnknownStream,
        LogProblem::TooLarge,
    ];
    SyncResponse {
        epoch: 8,
        now: NOW,
        problems: problems
            .map(|problem| ProblemNotice {
                stream: stream("g-2"),
                incarnation: incarnation(4),
                problem,
            })
            .into(),
        pages,
        resets: vec![StreamReset {
            stream: stream("g-1"),
            seq: 203,
            prefix: Hash([2; 32]),
        }],
        receipt: Some(key().sign(b"pages")),
        directory: Some(b"{}".to_vec().into()),
        directives: vec![Directive::Erase(stream("g-4")), Directive::Wipe],
        seen: None,
        erasures: None,
        lacks: Vec::new(),
        proof: None,
    }
}

/// The same in version 2, with marks on a log of the request and on another.
fn response_v2() -> SyncResponse {
    let mark = |grid, n, seq, ms| SeenMark {
        stream: stream(grid),
        record: RecordId::from_bytes([n; 16]),
        upto: at(n, seq),
        at: NOW.plus_millis(ms),
    };
    SyncResponse {
        seen: Some(SeenNews {
            revision: 302,
            more: true,
            marks: vec![mark("g-4", 1, 2, -60_000), mark("g-1", 5, 300, 1)],
        }),
        ..response()
    }
}

/// The same in version 3, with two erased records.
fn response_v3() -> SyncResponse {
    SyncResponse {
        erasures: Some(ErasureNews {
            revision: 302,
            more: true,
            records: [6, 7].map(|n| RecordId::from_bytes([n; 16])).into(),
        }),
        ..response_v2()
    }
}

/// Hashes and statements in one file, each at its place.
fn hashes() -> Vec<u8> {
    let (a, here) = (first(), stream("g-1"));
    let mut merger = Merger::new(form_code("probe"));
    let target = Target::New {
        record: RecordId::from_bytes([5; 16]),
        form: form_code("probe"),
    };
    let plain = Entry::new(
        incarnation(1),
        1,
        target,
        1,
        NOW,
        vec![
            Op::Splice {
                field: field("note"),
                at: 0,
                delete: 0,
                insert: "文a".to_owned(),
            },
            set("name", Value::Text("n".to_owned())),
        ],
    );
    merger.add(&plain).unwrap();
    let link = next_link(&Hash::default(), &a.hash(&here));
    let mut out = Vec::new();
    for hash in [
        payload_hash(&encode_payload(a.ops())),
        a.hash(&here),
        link,
        item(&a, Verdict::Admitted { late: false }, true).hash(),
        next_prefix(&link, &a.hash(&here)),
        merger.change_hash(&plain.id()).unwrap(),
    ] {
        out.extend_from_slice(&hash.0);
    }
    out.extend(head_statement(&here, incarnation(1), 300, &link));
    out.extend(enrolment_statement("CODE", &[1, 2, 3], &key().public()));
    out.extend(key().public().0);
    out
}

fn empty_v2() -> SyncRequest {
    SyncRequest {
        seen: Some(0),
        ..SyncRequest::default()
    }
}
fn empty_v3() -> SyncRequest {
    SyncRequest {
        report: Some(PhoneReport::default()),
        ..empty_v2()
    }
}
fn empty_v4() -> SyncRequest {
    SyncRequest {
        trip: Some(Trip::default()),
        ..empty_v3()
    }
}
/// The body of a bundle, uncompressed.
fn carry_body() -> Vec<u8> {
    let packed = common::carry::body().encode();
    let frame = [&[1], packed.as_slice()].concat();
    [&[0], open_frame(&frame).unwrap().as_slice()].concat()
}
/// A bundle of that body, sealed with a seed that is always the same.
fn carry_bundle(kind: CarryKind, to: &[u8]) -> Vec<u8> {
    let keys: Vec<_> = to.iter().map(|n| common::carry::key(*n).public()).collect();
    Bundle::seal(common::carry::id(1), kind, &carry_body(), &keys, &[7; 32])
        .unwrap()
        .encode()
}

/// What is written byte for byte.
/// With a log of whose beginning only the hash is left, and an item of which only the header is.
fn request_erased() -> SyncRequest {
    let mut request = request_v4();
    let log = &mut request.logs[0];
    let gone = log.entries.remove(0);
    log.erased.push(ErasedPlace {
        seq: gone.header.seq,
        hash: gone.hash(&log.stream),
    });
    let item = &mut request.recover[0].items[1];
    item.entry = Some(Entry {
        ops: None,
        ..first()
    });
    request
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let open = |body: Vec<u8>| open_frame(&body).unwrap();
    vec![
        ("payload-every-operation", encode_payload(&every_op())),
        ("payload-person", encode_payload(&with_a_person())),
        ("request-person", open(request_person().encode())),
        ("header-new", first().header.encode()),
        ("header-at-heads", second().header.encode()),
        ("receipt", receipt().encode()),
        ("hashes", hashes()),
        ("carry-body", carry_body()),
        ("carry-bundle-server", carry_bundle(CarryKind::Server, &[1])),
        (
            "carry-bundle-colleagues",
            carry_bundle(CarryKind::Colleagues, &[2, 4]),
        ),
        (
            "carry-receipt",
            common::carry::receipt(&common::carry::key(1)).encode(),
        ),
        ("request-empty", SyncRequest::default().encode()),
        ("request-full", open(request().encode())),
        (
            "response-empty",
            SyncResponse::default().encode(&SyncRequest::default(), author(9)),
        ),
        (
            "response-full",
            open(response().encode(&request(), author(9))),
        ),
        ("request-v2-empty", empty_v2().encode()),
        ("request-v2-full", open(request_v2().encode())),
        (
            "response-v2-empty",
            SyncResponse::default().encode(&empty_v2(), author(9)),
        ),
        (
            "response-v2-full",
            open(response_v2().encode(&request_v2(), author(9))),
        ),
        ("request-v3-empty", empty_v3().encode()),
        ("request-v3-full", open(request_v3().encode())),
        (
            "response-v3-empty",
            SyncResponse::default().encode(&empty_v3(), author(9)),
        ),
        (
            "response-v3-full",
            open(response_v3().encode(&request_v3(), author(9))),
        ),
        ("request-v4-empty", empty_v4().encode()),
        ("request-v4-full", open(request_v4().encode())),
        ("request-v5-erased", open(request_erased().encode())),
        ("response-v5-lacks", open(answer_lacks())),
        (
            "response-v4-empty",
            SyncResponse::default().encode_signed(&empty_v4(), b"asked", author(9), &key()),
        ),
        ("response-v4-full", open(answer_v4())),
        (
            "statement-wipe",
            wipe_statement(DeviceId::from_bytes([4; 16]), NOW),
        ),
        (
            "statement-answer",
            answer_statement(
                DeviceId::from_bytes([4; 16]),
                &Hash([5; 32]),
                &Hash([6; 32]),
            ),
        ),
        (
            "statement-wiped",
            wiped_statement(DeviceId::from_bytes([4; 16])),
        ),
    ]
}

/// What is only read: whole compressed frames.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("request-full.frame", request().encode()),
        (
            "response-full.frame",
            response().encode(&request(), author(9)),
        ),
        ("zeros.frame", seal_frame(&[0; 10_000])),
        ("request-v2-full.frame", request_v2().encode()),
        (
            "response-v2-full.frame",
            response_v2().encode(&request_v2(), author(9)),
        ),
        ("request-v3-full.frame", request_v3().encode()),
        (
            "response-v3-full.frame",
            response_v3().encode(&request_v3(), author(9)),
        ),
        ("request-v4-full.frame", request_v4().encode()),
        ("response-v4-full.frame", answer_v4()),
    ]
}

#[test]
fn what_is_written_is_what_was_always_written() {
    if std::env::var_os("GRIDFOLD_ADD_GOLDEN").is_some() {
        for (name, bytes) in cases().into_iter().chain(frames()) {
            if !path(name).exists() {
                fs::write(path(name), hex(&bytes)).unwrap();
            }
        }
    }
    for (name, bytes) in cases() {
        assert_eq!(hex(&golden(name)), hex(&bytes), "{name}");
    }
}

#[test]
fn what_was_once_written_is_read_as_what_it_meant() {
    let plain = |name: &str| [&[1, 0][..], &golden(name)].concat();
    assert_eq!(
        decode_payload(&golden("payload-every-operation")),
        Ok(every_op())
    );
    assert_eq!(
        decode_payload(&golden("payload-person")),
        Ok(with_a_person())
    );
    let read = SyncRequest::decode(&plain("request-person")).unwrap();
    assert!(read == request_person());
    let read = SyncRequest::decode(&plain("request-full")).unwrap();
    assert!(read == request());
    assert!(SyncRequest::decode(&golden("request-full.frame")).unwrap() == request());
    let expected = common::generate::as_read(response(), &request());
    assert!(
        expected.pages[0].items[0].entry.is_none(),
        "the phone pushed it"
    );
    for body in [plain("response-full"), golden("response-full.frame")] {
        let read = SyncResponse::decode(&body, &request(), author(9)).unwrap();
        assert!(read == expected);
    }
    assert_eq!(open_frame(&golden("zeros.frame")), Ok(vec![0; 10_000]));
    let body = common::carry::body();
    assert!(CarryBody::decode(&golden("carry-body")).unwrap() == body);
    for (name, own) in [
        ("carry-bundle-server", 1),
        ("carry-bundle-colleagues", 2),
        ("carry-bundle-colleagues", 4),
    ] {
        let CarryFile::Bundle(bundle) = CarryFile::decode(&golden(name)).unwrap() else {
            panic!("{name} is a receipt")
        };
        assert!(bundle.open_body(&common::carry::key(own)).unwrap() == body);
    }
    let receipt = common::carry::receipt(&common::carry::key(1));
    let read = CarryFile::decode(&golden("carry-receipt"));
    assert_eq!(read, Ok(CarryFile::Receipt(receipt)));
    let request = SyncRequest::decode(&golden("request-empty"));
    assert_eq!(request, Ok(SyncRequest::default()));
}

#[test]
fn what_was_once_written_in_version_2_is_read_as_what_it_meant() {
    let plain = |name: &str| [&[2, 0][..], &golden(name)].concat();
    for body in [plain("request-v2-full"), golden("request-v2-full.frame")] {
        assert!(SyncRequest::decode(&body).unwrap() == request_v2());
    }
    let expected = common::generate::as_read(response_v2(), &request_v2());
    assert_eq!(expected.seen, response_v2().seen);
    for body in [plain("response-v2-full"), golden("response-v2-full.frame")] {
        let read = SyncResponse::decode(&body, &request_v2(), author(9)).unwrap();
        assert!(read == expected);
    }
    let read = SyncRequest::decode(&golden("request-v2-empty"));
    assert_eq!(read, Ok(empty_v2()));
    // But for its version and what follows, a body is that of the first.
    let first = golden("request-full");
    assert_eq!(
        golden("request-v2-full"),
        [&first[..], &[0xac, 0x02]].concat()
    );
}

#[test]
fn what_was_once_written_in_version_3_is_read_as_what_it_meant() {
    let plain = |name: &str| [&[3, 0][..], &golden(name)].concat();
    for body in [plain("request-v3-full"), golden("request-v3-full.frame")] {
        assert!(SyncRequest::decode(&body).unwrap() == request_v3());
    }
    let expected = common::generate::as_read(response_v3(), &request_v3());
    assert_eq!(expected.erasures, response_v3().erasures);
    for body in [plain("response-v3-full"), golden("response-v3-full.frame")] {
        let read = SyncResponse::decode(&body, &request_v3(), author(9)).unwrap();
        assert!(read == expected);
    }
    let read = SyncRequest::decode(&golden("request-v3-empty"));
    assert_eq!(read, Ok(empty_v3()));
    // But for its version and what follows, a body is that of the second.
    let (second, third) = (golden("request-v2-full"), golden("request-v3-full"));
    assert!(third.starts_with(&second));
    // The erasures known, what waits, six bytes of clock, and the version with its length.
    assert_eq!(third.len(), second.len() + 2 + 1 + 6 + 6);
}

#[test]
fn what_was_once_written_in_version_4_is_read_as_what_it_meant() {
    let plain = |name: &str| [&[4, 0][..], &golden(name)].concat();
    for body in [plain("request-v4-full"), golden("request-v4-full.frame")] {
        assert!(SyncRequest::decode(&body).unwrap() == request_v4());
    }
    let (request, server) = (request_v4(), key().public());
    let mut expected = common::generate::as_read(response_v3(), &request);
    for body in [plain("response-v4-full"), golden("response-v4-full.frame")] {
        let read = SyncResponse::decode(&body, &request, author(9)).unwrap();
        assert!(read.is_proved(&request, b"asked", author(9), &server));
        expected.proof.clone_from(&read.proof);
        assert!(read == expected);
    }
    let read = SyncRequest::decode(&golden("request-v4-empty"));
    assert_eq!(read, Ok(empty_v4()));
    let erased = [&[5, 0][..], &golden("request-v5-erased")].concat();
    assert!(SyncRequest::decode(&erased) == Ok(request_erased()));
    let lacks = [&[5, 0][..], &golden("response-v5-lacks")].concat();
    let read = SyncResponse::decode(&lacks, &request_erased(), author(9)).unwrap();
    assert_eq!(read.lacks[1].after, 300);
    assert!(read.is_proved(&request_erased(), b"asked", author(9), &server));
    // What says nothing is not signed.
    let idle = SyncResponse::decode(&golden("response-v4-empty"), &empty_v4(), author(9)).unwrap();
    assert!(idle.proof.is_none() && idle.is_proved(&empty_v4(), b"", author(9), &server));
    // But for its version and what follows, a body is that of the third.
    let (third, fourth) = (golden("request-v3-full"), golden("request-v4-full"));
    assert_eq!(fourth, [&third[..], &[1, 2, 3, 4, 5, 6, 7, 8]].concat());
    let (third, fourth) = (golden("response-v3-full"), golden("response-v4-full"));
    assert_eq!(fourth[0], third[0] | 32);
    assert_eq!(fourth[1..fourth.len() - 64], third[1..]);
}

#[test]
fn only_the_server_s_word_to_this_device_and_request_is_proved() {
    let (request, server) = (request_v4(), key().public());
    let read = SyncResponse::decode(&answer_v4(), &request, author(9)).unwrap();
    assert!(read.is_proved(&request, b"asked", author(9), &server));
    assert!(!read.is_proved(&request, b"asked again", author(9), &server));
    assert!(!read.is_proved(&request, b"asked", author(8), &server));
    let other = SignKey::from_seed(&[77; 32]).public();
    assert!(!read.is_proved(&request, b"asked", author(9), &other));
    let unsigned = response_v3().encode(&request, author(9));
    let read = SyncResponse::decode(&unsigned, &request, author(9)).unwrap();
    assert!(!read.is_proved(&request, b"asked", author(9), &server));
    // No byte of it can be another and the whole still be the server's.
    let content = golden("response-v4-full");
    for at in 0..content.len() {
        let mut body = [&[4, 0][..], &content].concat();
        body[2 + at] ^= 1;
        if let Ok(read) = SyncResponse::decode(&body, &request, author(9)) {
            let proved = read.is_proved(&request, b"asked", author(9), &server);
            assert!(!proved, "byte {at} changed");
        }
    }
    // To a request that brings something, silence is a word too.
    let silence = SyncResponse {
        epoch: request.epoch,
        ..SyncResponse::default()
    };
    assert!(!silence.is_proved(&request, b"asked", author(9), &server));
}

#[test]
fn every_golden_file_has_its_case() {
    let names: Vec<&str> = cases()
        .iter()
        .chain(&frames())
        .map(|(name, _)| *name)
        .collect();
    let dir = path("x");
    for file in fs::read_dir(dir.parent().unwrap()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".hex") {
            assert!(names.contains(&name), "{name} is pinned and not tested");
        }
    }
}
