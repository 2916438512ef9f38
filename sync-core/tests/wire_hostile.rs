//! Bytes that nobody honest sends: an error with a clear code, never a panic.

use crate::common::{Rng, generate};
use gridfold_sync_core::codec::{DecodeError, Reader, put_u64};
use gridfold_sync_core::edit::{decode_payload, encode_payload};
use gridfold_sync_core::entry::{Header, Receipt};
use gridfold_sync_core::limits::{
    MAX_BODY_DECODED_BYTES, MAX_BODY_WIRE_BYTES, MAX_ERASURES, MAX_SEEN_MARKS,
};
use gridfold_sync_core::wire::{
    PhoneReport, SyncRequest, SyncResponse, frame_version, open_frame, seal_frame,
};

/// A body from uncompressed content, so that a flipped bit reaches the decoder.
fn plain(content: &[u8]) -> Vec<u8> {
    plain_as(1, content)
}

fn plain_as(version: u8, content: &[u8]) -> Vec<u8> {
    [&[version, 0], content].concat()
}

fn small_request(version: u8) -> SyncRequest {
    let mut r = Rng(77);
    loop {
        let request = generate::request(&mut r);
        let whole = !request.logs.is_empty()
            && !request.recover.is_empty()
            && !request.cursors.is_empty()
            && request.version() == version;
        if whole && request.encode().len() < 4_000 {
            return request;
        }
    }
}

#[test]
fn cut_at_every_length_a_body_does_not_decode() {
    for version in [1, 2, 3, 4, 5] {
        let request = small_request(version);
        let mut r = Rng(3);
        let asker = generate::author(&mut r);
        let response = loop {
            let response = generate::response(&mut r, &request, asker);
            if response.seen.as_ref().is_some_and(|s| s.marks.len() > 1) {
                break response;
            }
        };
        let sent = open_frame(&request.encode()).unwrap();
        let key = gridfold_sync_core::entry::SignKey::from_seed(&[1; 32]);
        let signed = response.encode_signed(&request, b"asked", asker, &key);
        let answer = open_frame(&signed).unwrap();
        for n in 0..sent.len() {
            assert!(
                SyncRequest::decode(&plain_as(version, &sent[..n])).is_err(),
                "request cut at {n}"
            );
        }
        for n in 0..answer.len() {
            let read = SyncResponse::decode(&plain_as(version, &answer[..n]), &request, asker);
            assert!(read.is_err(), "response cut at {n}");
        }
        let mut longer = sent.clone();
        longer.push(0);
        assert_eq!(
            SyncRequest::decode(&plain_as(version, &longer)),
            Err(DecodeError::Leftover)
        );
    }
    let compressed = seal_frame(&[5; 5_000]);
    for n in 0..compressed.len() {
        assert!(open_frame(&compressed[..n]).is_err(), "frame cut at {n}");
    }
}

#[test]
fn flipped_bits_never_panic_and_what_decodes_encodes() {
    let (mut r, mut decoded) = (Rng(99), 0);
    for round in 0..60 {
        let request = if round == 0 {
            small_request(2)
        } else {
            generate::request(&mut r)
        };
        let asker = generate::author(&mut r);
        let response = generate::response(&mut r, &request, asker);
        let sent = open_frame(&request.encode()).unwrap();
        let answer = open_frame(&response.encode(&request, asker)).unwrap();
        for _ in 0..300 {
            let version = request.version();
            let (mut a, mut b) = (plain_as(version, &sent), plain_as(version, &answer));
            for _ in 0..1 + r.below(3) {
                let at = r.below(a.len());
                a[at] ^= 1 << r.below(8);
                let at = r.below(b.len());
                b[at] ^= 1 << r.below(8);
            }
            if let Ok(read) = SyncRequest::decode(&a) {
                decoded += 1;
                assert!(
                    SyncRequest::decode(&read.encode()).as_ref() == Ok(&read),
                    "round {round}"
                );
            }
            let _ = SyncResponse::decode(&b, &request, asker);
        }
    }
    assert!(decoded > 100, "{decoded} mutants decoded");
}

#[test]
fn flipped_bits_of_headers_payloads_and_receipts_stay_canonical_or_fail() {
    let mut r = Rng(100);
    for _ in 0..20_000 {
        let incarnation = gridfold_sync_core::ids::IncarnationId::from_bytes(r.bytes());
        let mut small = r.clone();
        r.next();
        let entry = generate::entry(&mut small, incarnation, 3);
        if entry.ops().len() > 10 {
            continue;
        }
        let mut header = entry.header.encode();
        let at = r.below(header.len());
        header[at] ^= 1 << r.below(8);
        let mut reader = Reader::new(&header);
        if let Ok(read) = Header::decode(&mut reader) {
            let n = header.len() - reader.remaining();
            assert_eq!(read.encode(), header[..n], "one header has one form");
        }
        let mut payload = encode_payload(entry.ops());
        let at = r.below(payload.len());
        payload[at] ^= 1 << r.below(8);
        if let Ok(ops) = decode_payload(&payload) {
            assert_eq!(encode_payload(&ops), payload, "one payload has one form");
        }
        let _ = Receipt::decode(&mut Reader::new(&payload));
    }
}

#[test]
fn a_bomb_of_zeros_stops_at_the_limit() {
    for size in [MAX_BODY_DECODED_BYTES + 1, 5 * MAX_BODY_DECODED_BYTES] {
        let bomb = seal_frame(&vec![0; size]);
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        assert_eq!(open_frame(&bomb), Err(DecodeError::TooLarge("body")));
        assert_eq!(
            SyncRequest::decode(&bomb),
            Err(DecodeError::TooLarge("body"))
        );
    }
    assert!(open_frame(&seal_frame(&vec![0; MAX_BODY_DECODED_BYTES])).is_ok());
    let long = plain(&vec![0; MAX_BODY_WIRE_BYTES]);
    assert_eq!(open_frame(&long), Err(DecodeError::TooLarge("body")));
}

#[test]
fn a_frame_that_asks_for_a_larger_window_is_damaged() {
    // Magic, no single segment, window descriptor, one raw block of one byte, the last.
    let frame = |exponent: u8| {
        [
            1,
            1,
            0x28,
            0xb5,
            0x2f,
            0xfd,
            0,
            exponent << 3,
            0x09,
            0,
            0,
            7,
        ]
        .to_vec()
    };
    assert_eq!(open_frame(&frame(24 - 10)), Ok(vec![7]));
    assert_eq!(open_frame(&frame(25 - 10)), Err(DecodeError::BadFrame));
    assert_eq!(open_frame(&frame(31)), Err(DecodeError::BadFrame));
}

#[test]
fn unknown_versions_and_flags_are_named() {
    for version in [2, 3, 4, 5] {
        assert_eq!(open_frame(&[version, 0, 1]), Ok(vec![1]));
    }
    for version in [0, 6, 0xff] {
        assert_eq!(
            open_frame(&[version, 0, 1]),
            Err(DecodeError::UnknownVersion)
        );
    }
    assert_eq!(frame_version(&[]), Err(DecodeError::Truncated));
    assert_eq!(
        open_frame(&[1, 2, 1]),
        Err(DecodeError::OutOfRange("frame flag"))
    );
    assert_eq!(open_frame(&[1]), Err(DecodeError::Truncated));
    assert_eq!(open_frame(&[1, 1, 0xff]), Err(DecodeError::BadFrame));
}

/// A request of one log: `places` is what stands between the incarnation and the columns.
fn one_log(count: u64, columns: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 16]; // epoch, directory
    out.extend([0, 0, 0]); // budget, cursors, erased
    out.push(1);
    out.extend([7; 16]); // one incarnation
    out.push(0); // no author
    out.push(1); // one log
    out.extend([0, 3, b'g', b'-', b'1', 0]); // its stream and incarnation
    put_u64(&mut out, 1);
    put_u64(&mut out, count);
    out.extend_from_slice(columns);
    plain(&out)
}

/// Columns of entries without heads of their own: forms, shapes, templates, then columns.
fn columns(forms: &[u8], shapes: &[u8], templates: &[u8], columns: &[&[u8]]) -> Vec<u8> {
    let mut out = [forms, shapes, templates].concat();
    for column in columns {
        put_u64(&mut out, column.len() as u64);
        out.extend_from_slice(column);
    }
    out
}

const FORM: &[u8] = &[1, 1, b'f', 1];

/// `n` entries, each a new record with the one template.
fn entries(n: usize, shapes: &[u8], template: &[u8], numbers: &[u8], bytes: &[u8]) -> Vec<u8> {
    let records = [0; 11].repeat(n);
    let zeros = vec![0; n];
    let parts: [&[u8]; 8] = [
        &zeros,
        &records,
        &zeros,
        &zeros,
        &[],
        &zeros,
        numbers,
        bytes,
    ];
    let mut body = one_log(n as u64, &columns(FORM, shapes, template, &parts));
    body.extend([0; 64]);
    body.push(0);
    body
}

#[test]
fn a_run_length_bomb_of_operations_stops_at_the_limit() {
    let mut template = vec![1];
    put_u64(&mut template, 1_000);
    template.extend([0; 1_000]);
    let delete = [1, 11 << 4];
    let good = SyncRequest::decode(&entries(131, &delete, &template, &[], &[])).unwrap();
    assert_eq!(
        good.logs[0]
            .entries
            .iter()
            .map(|e| e.ops().len())
            .sum::<usize>(),
        131_000
    );
    let bomb = entries(132, &delete, &template, &[], &[]);
    assert!(seal_frame(&bomb[2..]).len() < 400);
    assert_eq!(
        SyncRequest::decode(&bomb),
        Err(DecodeError::TooLarge("operations"))
    );
    let mut longer = vec![1];
    put_u64(&mut longer, 1_001);
    longer.extend([0; 1_001]);
    assert_eq!(
        SyncRequest::decode(&entries(1, &delete, &longer, &[], &[])),
        Err(DecodeError::TooLarge("operations"))
    );
    let mut many = vec![];
    put_u64(&mut many, 200);
    for _ in 0..200 {
        put_u64(&mut many, 1_000);
        many.extend([0; 1_000]);
    }
    assert_eq!(
        SyncRequest::decode(&entries(1, &delete, &many, &[], &[])),
        Err(DecodeError::TooLarge("operations"))
    );
}

#[test]
fn words_are_sent_once_and_looked_up_inside_what_was_sent() {
    let choose = [1, 3 << 4, 1, b'n'];
    let two = [1, 2, 0, 0];
    let decode = |numbers: &[u8], bytes: &[u8]| {
        SyncRequest::decode(&entries(1, &choose, &two, numbers, bytes))
    };
    assert!(decode(&[0, 1, 1], b"x").is_ok());
    assert_eq!(
        decode(&[0, 1, 0, 1], b"xx"),
        Err(DecodeError::OutOfRange("word sent twice"))
    );
    assert_eq!(
        decode(&[0, 1, 2], b"x"),
        Err(DecodeError::OutOfRange("word"))
    );
    assert_eq!(decode(&[1, 1], b""), Err(DecodeError::OutOfRange("word")));
    assert_eq!(
        decode(&[0xff, 0xff, 1, 1], b""),
        Err(DecodeError::TooLarge("word"))
    );
    assert_eq!(
        decode(&[0, 65, 1], b"x"),
        Err(DecodeError::TooLarge("word"))
    );
    assert_eq!(
        decode(&[0, 1, 0, 1], b"x!"),
        Err(DecodeError::OutOfRange("choice"))
    );
    assert_eq!(decode(&[0, 1, 1, 1], b"x"), Err(DecodeError::Leftover));
}

#[test]
fn references_point_inside_their_tables() {
    let delete = [1, 11 << 4];
    let decode = |shapes: &[u8], template: &[u8]| {
        SyncRequest::decode(&entries(1, shapes, template, &[], &[]))
    };
    assert!(decode(&delete, &[1, 1, 0]).is_ok());
    assert_eq!(
        decode(&delete, &[1, 1, 1]),
        Err(DecodeError::TooLarge("shape"))
    );
    assert_eq!(
        decode(&delete, &[0]),
        Err(DecodeError::OutOfRange("template"))
    );
    assert_eq!(
        decode(&[1, 13 << 4], &[1, 1, 0]),
        Err(DecodeError::OutOfRange("operation tag"))
    );
    assert_eq!(
        decode(&[1, 10, 1, b'f'], &[1, 1, 0]),
        Err(DecodeError::OutOfRange("value tag"))
    );
    assert_eq!(
        decode(&[1, 11 << 4 | 1], &[1, 1, 0]),
        Err(DecodeError::OutOfRange("value tag"))
    );
    assert_eq!(
        decode(&[1, 1 << 4, 1, b'!'], &[1, 1, 0]),
        Err(DecodeError::OutOfRange("field"))
    );
}

#[test]
fn counts_larger_than_what_follows_take_no_memory() {
    let huge = |at: usize, n: u64| {
        let mut out = vec![0; at];
        put_u64(&mut out, n);
        SyncRequest::decode(&plain(&out))
    };
    for n in [2_000, 3_072, 3_073, u64::from(u32::MAX), u64::MAX] {
        for at in 17..23 {
            assert!(huge(at, n).is_err(), "count {n} at {at}");
        }
    }
    assert_eq!(huge(17, 2_000), Err(DecodeError::Truncated));
    assert_eq!(huge(17, 3_073), Err(DecodeError::TooLarge("streams")));
    assert_eq!(huge(19, 1), Err(DecodeError::TooLarge("table")));
    let body = one_log(513, &[]);
    assert_eq!(
        SyncRequest::decode(&body),
        Err(DecodeError::TooLarge("entries"))
    );
    // Eleven bytes of continuation, and a number in more bytes than it needs.
    let mut body = plain(&[0; 16]);
    body.extend([0xff; 11]);
    assert_eq!(
        SyncRequest::decode(&body),
        Err(DecodeError::OutOfRange("varint"))
    );
    let mut body = plain(&[0; 16]);
    body.extend([0x80, 0]);
    assert_eq!(
        SyncRequest::decode(&body),
        Err(DecodeError::OutOfRange("varint"))
    );
}

#[test]
fn heads_out_of_order_are_not_heads() {
    let decode = |deps: &[u8]| {
        let parts: [&[u8]; 8] = [&[2], &[], &[0], &[0], deps, &[0], &[], &[]];
        let mut body = one_log(1, &columns(&[1, 0, 1], &[1, 11 << 4], &[1, 1, 0], &parts));
        body.extend([0; 64]);
        body.push(0);
        SyncRequest::decode(&body)
    };
    assert!(decode(&[0, 2, 0, 1]).is_ok());
    let order = Err(DecodeError::OutOfRange("heads are not in order"));
    assert_eq!(decode(&[0, 1, 0, 2]), order);
    assert_eq!(decode(&[0, 2, 0, 2]), order);
    assert_eq!(
        decode(&[5, 2, 0, 2]),
        Err(DecodeError::OutOfRange("table reference"))
    );
}

#[test]
fn a_response_is_of_its_request_s_version_and_marks_are_bounded() {
    let first = SyncRequest::default();
    let second = SyncRequest {
        seen: Some(9),
        ..SyncRequest::default()
    };
    let asker = generate::author(&mut Rng(1));
    let nothing = SyncResponse::default();
    for (asked, other) in [(&first, &second), (&second, &first)] {
        let body = nothing.encode(asked, asker);
        assert_eq!(body[0], asked.version());
        assert_eq!(
            SyncResponse::decode(&body, other, asker),
            Err(DecodeError::UnknownVersion)
        );
    }
    // Flags, now, two empty tables, four empty rows; then what the flag says.
    let answer = |version, flags: u8, tail: &[u8]| {
        let content = [&[flags, 0, 0, 0, 0, 0, 0, 0], tail].concat();
        let request = if version == 1 { &first } else { &second };
        SyncResponse::decode(&plain_as(version, &content), request, asker).map(|a| a.seen)
    };
    assert_eq!(answer(1, 0, &[]), Ok(None));
    assert_eq!(
        answer(1, 8, &[7, 0, 0]),
        Err(DecodeError::OutOfRange("flags"))
    );
    assert_eq!(answer(2, 16, &[]), Err(DecodeError::OutOfRange("flags")));
    let read = answer(2, 8, &[7, 1, 0]).unwrap().unwrap();
    assert_eq!((read.revision, read.more, read.marks.len()), (7, true, 0));
    assert_eq!(
        answer(2, 8, &[7, 2, 0]),
        Err(DecodeError::OutOfRange("boolean"))
    );
    assert_eq!(answer(2, 8, &[7, 0, 1]), Err(DecodeError::Truncated));
    let mut many = vec![7, 0];
    put_u64(&mut many, MAX_SEEN_MARKS as u64 + 1);
    assert_eq!(answer(2, 8, &many), Err(DecodeError::TooLarge("marks")));
    let mut missing = vec![7, 0, 1, 0, 1, b'g'];
    missing.extend([3; 16]);
    missing.extend([0, 1, 0]);
    assert_eq!(
        answer(2, 8, &missing),
        Err(DecodeError::OutOfRange("table reference"))
    );
    let third = SyncRequest {
        report: Some(PhoneReport::default()),
        ..second.clone()
    };
    let told = |tail: &[u8]| {
        let content = [&[16, 0, 0, 0, 0, 0, 0, 0], tail].concat();
        SyncResponse::decode(&plain_as(3, &content), &third, asker).map(|a| a.erasures)
    };
    let read = told(&[7, 1, 0]).unwrap().unwrap();
    assert_eq!((read.revision, read.more, read.records.len()), (7, true, 0));
    assert_eq!(told(&[7, 2, 0]), Err(DecodeError::OutOfRange("boolean")));
    assert_eq!(told(&[7, 0, 1]), Err(DecodeError::Truncated));
    let mut many = vec![7, 0];
    put_u64(&mut many, MAX_ERASURES as u64 + 1);
    assert_eq!(told(&many), Err(DecodeError::TooLarge("erasures")));
    let said = |library: &[u8]| {
        let content = [&[0; 27][..], &[library.len() as u8], library].concat();
        SyncRequest::decode(&plain_as(3, &content)).map(|r| r.report.unwrap().library)
    };
    assert_eq!(said(b"0.1.0"), Ok("0.1.0".to_owned()));
    assert_eq!(
        said("一".as_bytes()),
        Err(DecodeError::OutOfRange("library"))
    );
    assert_eq!(said(&[b'1'; 33]), Err(DecodeError::TooLarge("bytes")));
    assert_eq!(
        SyncRequest::decode(&plain_as(2, &[0; 23])),
        Err(DecodeError::Truncated)
    );
    assert_eq!(SyncRequest::decode(&plain_as(1, &[0; 23])), Ok(first));
}
