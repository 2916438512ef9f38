//! What is encoded decodes to the same, and always to the same bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common;
use crate::common::{Rng, generate};
use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::directory::{Area, Directory, DirectoryChange};
use gridfold_sync_core::edit::{Op, decode_payload, encode_payload};
use gridfold_sync_core::entry::{Entry, Header, Item, Receipt, SignKey, Verdict};
use gridfold_sync_core::ids::{AreaCode, Hash, IncarnationId, UserId};
use gridfold_sync_core::limits::MAX_ITEMS_PER_PULL;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{
    PageBudget, StreamPage, SyncRequest, SyncResponse, open_frame, seal_frame,
};

const SEEDS: std::ops::Range<u64> = 0..400;

#[test]
fn requests_come_back_as_they_were() {
    for seed in SEEDS {
        let request = generate::request(&mut Rng(seed));
        let body = request.encode();
        assert_eq!(
            SyncRequest::decode(&body).as_ref(),
            Ok(&request),
            "seed {seed}"
        );
        assert_eq!(
            body,
            generate::request(&mut Rng(seed)).encode(),
            "seed {seed}"
        );
    }
}

#[test]
fn responses_come_back_as_they_were_without_what_the_phone_pushed() {
    let mut yours = 0;
    for seed in SEEDS {
        let r = &mut Rng(seed);
        let (request, asker) = (generate::request(r), generate::author(r));
        let response = generate::response(r, &request, asker);
        let body = response.encode(&request, asker);
        assert_eq!(body, response.encode(&request, asker), "seed {seed}");
        let read = SyncResponse::decode(&body, &request, asker)
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let expected = generate::as_read(response, &request);
        let items = expected.pages.iter().flat_map(|p| &p.items);
        yours += items.filter(|i| i.entry_hash == Hash::default()).count();
        assert!(read == expected, "seed {seed}");
    }
    assert!(yours > 100, "own entries came back {yours} times");
}

#[test]
fn a_forked_phone_is_sent_the_entry_that_the_server_has() {
    let r = &mut Rng(5);
    let asker = generate::author(r);
    let incarnation = IncarnationId::from_bytes(r.bytes());
    let (ours, theirs) = (
        generate::entry(r, incarnation, 1),
        generate::entry(r, incarnation, 1),
    );
    let mut request = loop {
        let request = generate::request(r);
        if !request.logs.is_empty() {
            break request;
        }
    };
    request.logs.truncate(1);
    let log = &mut request.logs[0];
    (log.incarnation, log.entries) = (incarnation, vec![ours]);
    let mut response = generate::response(r, &request, asker);
    let page = response.pages.last_mut().unwrap();
    page.items[0].entry_hash = theirs.hash(&page.stream);
    page.items[0].entry = Some(theirs.clone());
    let read = SyncResponse::decode(&response.encode(&request, asker), &request, asker).unwrap();
    assert_eq!(read.pages.last().unwrap().items[0].entry, Some(theirs));
}

#[test]
fn headers_payloads_and_receipts_come_back_as_they_were() {
    for seed in SEEDS {
        let r = &mut Rng(seed);
        let incarnation = IncarnationId::from_bytes(r.bytes());
        let entry = generate::entry(r, incarnation, r.clone().next());
        let bytes = entry.header.encode();
        let mut reader = Reader::new(&bytes);
        assert_eq!(
            Header::decode(&mut reader).as_ref(),
            Ok(&entry.header),
            "seed {seed}"
        );
        assert_eq!(reader.finish(), Ok(()), "seed {seed}");
        let payload = encode_payload(entry.ops());
        if payload.len() <= gridfold_sync_core::limits::MAX_PAYLOAD_BYTES {
            let ops = decode_payload(&payload).unwrap();
            assert_eq!(ops, entry.ops(), "seed {seed}");
            let again = Entry::from_parts(incarnation, entry.header.clone(), &payload);
            assert_eq!(again, Ok(entry), "seed {seed}");
        }
        for run in generate::request(r).recover {
            let bytes = run.receipt.encode();
            let mut reader = Reader::new(&bytes);
            assert_eq!(Receipt::decode(&mut reader), Ok(run.receipt), "seed {seed}");
            assert_eq!(reader.finish(), Ok(()), "seed {seed}");
        }
    }
}

#[test]
fn frames_compress_only_what_gets_smaller() {
    let r = &mut Rng(1);
    let random: [u8; 300] = r.bytes();
    assert_eq!(seal_frame(&random)[..2], [1, 0]);
    assert_eq!(seal_frame(&[7; 300])[..2], [1, 1]);
    assert_eq!(open_frame(&seal_frame(&[7; 300])).unwrap(), [7; 300]);
    assert_eq!(open_frame(&seal_frame(&random)).unwrap(), random);
}

#[test]
fn an_idle_sync_is_tens_of_bytes() {
    let mut request = SyncRequest {
        epoch: 1,
        seen: Some(1_000_000),
        report: Some(generate::report(&mut Rng(1))),
        trip: Some(generate::trip(&mut Rng(1))),
        ..SyncRequest::default()
    };
    let grid = AreaCode::new("120101001001").unwrap();
    for class in gridfold_sync_core::ids::SensitivityClass::ALL {
        request.cursors.push(gridfold_sync_core::wire::Cursor {
            stream: gridfold_sync_core::ids::StreamId::new(grid.clone(), class),
            seq: 5_000,
            prefix: [9; 8],
        });
    }
    let asker = generate::author(&mut Rng(1));
    let response = SyncResponse {
        epoch: 1,
        now: common::world::NOW,
        ..SyncResponse::default()
    };
    let asked = request.encode();
    assert!(asked.len() <= 120, "{}", asked.len());
    let key = SignKey::from_seed(&[1; 32]);
    let answer = response.encode_signed(&request, &asked, asker, &key);
    assert!(answer.len() <= 20, "{}", answer.len());
}

#[test]
fn a_page_filled_by_its_budget_decodes_however_small_its_operations_are() {
    let r = &mut Rng(3);
    let (asker, here) = (generate::author(r), common::stream(common::GRID));
    let incarnation = IncarnationId::from_bytes(r.bytes());
    let item = |seq, ops| {
        let header = generate::entry(&mut Rng(4), incarnation, seq).header;
        let entry = Entry::new(incarnation, seq, header.target, 1, header.claimed, ops);
        Item {
            id: entry.id(),
            author: asker,
            received: common::world::NOW,
            verdict: Verdict::Admitted { late: false },
            entry_hash: entry.hash(&here),
            entry: Some(entry),
        }
    };
    for (ops, most) in [(1_000, 131), (1, MAX_ITEMS_PER_PULL)] {
        // Bytes to spare: the other limits must hold by themselves.
        let mut budget = PageBudget::new(1 << 30);
        let mut items = Vec::new();
        for seq in 1..=5_000 {
            let next = item(seq, vec![Op::Delete; ops]);
            if !budget.take(&next) {
                break;
            }
            items.push(next);
        }
        assert_eq!(items.len(), most, "{ops} operations each");
        let page = StreamPage {
            stream: here.clone(),
            after: 0,
            items,
            more: true,
        };
        let response = SyncResponse {
            pages: vec![page],
            ..SyncResponse::default()
        };
        let request = SyncRequest::default();
        let read = SyncResponse::decode(&response.encode(&request, asker), &request, asker);
        assert!(
            read.is_ok_and(|read| read == response),
            "{ops} operations each"
        );
    }
    let mut small = PageBudget::new(1);
    assert!(
        small.take(&item(1, vec![Op::Delete])),
        "the first always fits"
    );
    assert!(!small.take(&item(2, vec![Op::Delete])));
}

/// A city of so many grids.
fn city(grids: usize) -> Directory {
    let mut directory = Directory::default();
    let code = |text: &str| AreaCode::new(text).unwrap();
    let areas = (0..grids).map(|n| Area {
        code: code(&format!("g{n}")),
        parent: Some(code("city")),
        name: format!("格{n}"),
        level: "grid".to_owned(),
    });
    let areas = areas.collect();
    directory.apply(DirectoryChange::Areas { areas });
    directory
}

#[test]
fn areas_that_are_compressed_apart_are_read_as_if_they_were_not() {
    let r = &mut Rng(7);
    let (asker, server) = (generate::author(r), SignKey::from_seed(&[3; 32]));
    let everything = BTreeSet::from([None]);
    for grids in [10, 4_000] {
        let directory = city(grids);
        let areas = Arc::new(directory.areas_part(&everything));
        let user = UserId::from_bytes([1; 16]);
        let document = directory.document(user, Timestamp(1), areas);
        let mut sizes = BTreeSet::new();
        for _ in 0..100 {
            let request = generate::request(r);
            let mut response = generate::response(r, &request, asker);
            response.directory = Some(document.clone());
            let mut plain = response.clone();
            plain.directory = Some(document.to_bytes().into());
            let body = response.encode_signed(&request, b"asked", asker, &server);
            let one = plain.encode_signed(&request, b"asked", asker, &server);
            assert!(open_frame(&body) == open_frame(&one));
            let read = SyncResponse::decode(&body, &request, asker).unwrap();
            assert!(read.directory == plain.directory);
            let is_signed = request.version() >= 4;
            assert_eq!(read.proof.is_some(), is_signed);
            assert!(!is_signed || read.is_proved(&request, b"asked", asker, &server.public()));
            // Whoever knows the versions before, or is sent few areas, is sent what they always were.
            assert_eq!(body == one, !is_signed || grids < 1_000);
            sizes.insert((is_signed, body.len() < one.len() + 4_096));
        }
        assert_eq!(sizes, BTreeSet::from([(false, true), (true, true)]));
    }
}
