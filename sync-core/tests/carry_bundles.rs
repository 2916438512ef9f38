//! Carry bundles: sealed to whom they are for, signed by whom they are of, and nothing else.

use crate::common;
use crate::common::carry::{body, device, id, key, receipt};
use crate::common::{Rng, fuzz};
use gridfold_sync_core::carry::{
    Bundle, CARRY_MAGIC, CarriedLog, CarryBody, CarryError, CarryFile, CarryKind, CarryReceipt,
};
use gridfold_sync_core::codec::DecodeError;
use gridfold_sync_core::entry::{PublicKey, SignKey};
use gridfold_sync_core::ids::{CarryId, Hash};
use gridfold_sync_core::limits::{MAX_CARRY_BYTES, MAX_CARRY_RECIPIENTS};

fn seal(kind: CarryKind, body: &[u8], to: &[&SignKey]) -> Bundle {
    let keys: Vec<PublicKey> = to.iter().map(|k| k.public()).collect();
    Bundle::seal(id(1), kind, body, &keys, &[7; 32]).unwrap()
}

fn read(bytes: &[u8]) -> Bundle {
    match CarryFile::decode(bytes).unwrap() {
        CarryFile::Bundle(bundle) => bundle,
        CarryFile::Receipt(_) => panic!("a receipt"),
    }
}

#[test]
fn each_recipient_opens_it_and_nobody_else() {
    let (server, other) = (key(1), key(9));
    let colleagues: Vec<SignKey> = (2..6).map(key).collect();
    let body = body();
    for (kind, to) in [
        (CarryKind::Server, vec![&server]),
        (CarryKind::Colleagues, colleagues.iter().collect()),
    ] {
        let bundle = read(&seal(kind, &body.encode(), &to).encode());
        assert_eq!((bundle.id, bundle.kind), (id(1), kind));
        for recipient in &to {
            assert!(bundle.is_for(&recipient.public()));
            assert_eq!(bundle.open_body(recipient), Ok(body.clone()));
        }
        assert!(!bundle.is_for(&other.public()));
        assert_eq!(bundle.open(&other), Err(CarryError::NotForUs));
    }
}

#[test]
fn nothing_of_it_can_be_altered() {
    let server = key(1);
    let bytes = seal(CarryKind::Server, &body().encode(), &[&server]).encode();
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            let opened = CarryFile::decode(&altered)
                .map_err(CarryError::from)
                .and_then(|file| match file {
                    CarryFile::Bundle(bundle) => bundle.open(&server),
                    CarryFile::Receipt(_) => Err(CarryError::Damaged),
                });
            assert!(opened.is_err(), "byte {at}, bit {bit}");
        }
    }
    for end in 0..bytes.len() {
        let opened = CarryFile::decode(&bytes[..end]).map(|_| ());
        let cut = match CarryFile::decode(&bytes[..end]) {
            Ok(CarryFile::Bundle(bundle)) => bundle.open(&server).is_err(),
            _ => opened.is_err(),
        };
        assert!(cut, "cut at {end}");
    }
}

#[test]
fn a_bundle_names_neither_author_nor_recipient_and_no_two_look_alike() {
    let (server, body) = (key(1), body());
    let keys = [server.public()];
    let a = Bundle::seal(id(1), CarryKind::Server, &body.encode(), &keys, &[1; 32]).unwrap();
    let b = Bundle::seal(id(2), CarryKind::Server, &body.encode(), &keys, &[2; 32]).unwrap();
    let (a, b) = (a.encode(), b.encode());
    let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    for bytes in [&a, &b] {
        assert!(!has(bytes, &device().bytes()));
        assert!(!has(bytes, &server.public().0));
        for log in &body.logs {
            assert!(!has(bytes, &log.log.incarnation.bytes()));
        }
    }
    // Past magic, version and kind nothing of eight bytes is in both.
    for window in a[CARRY_MAGIC.len() + 2..].windows(8) {
        assert!(!has(&b[CARRY_MAGIC.len() + 2..], window));
    }
}

#[test]
fn what_cannot_be_sealed_is_said_to() {
    let seal = |keys: &[PublicKey], body: &[u8]| {
        Bundle::seal(id(1), CarryKind::Colleagues, body, keys, &[7; 32]).map(|_| ())
    };
    assert_eq!(seal(&[], b""), Err(CarryError::Nobody));
    // The neutral element, and bytes that are no point.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(seal(&[PublicKey(neutral)], b""), Err(CarryError::Nobody));
    assert_eq!(seal(&[PublicKey([2; 32])], b""), Err(CarryError::Nobody));
    let one = key(1).public();
    assert_eq!(seal(&[one; MAX_CARRY_RECIPIENTS], b""), Ok(()));
    let many = [one; MAX_CARRY_RECIPIENTS + 1];
    assert_eq!(seal(&many, b""), Err(CarryError::TooLarge));
    let large = vec![0; MAX_CARRY_BYTES];
    assert_eq!(seal(&[one], &large), Err(CarryError::TooLarge));
    assert_eq!(
        CarryFile::decode(&vec![0; MAX_CARRY_BYTES + 1]),
        Err(DecodeError::TooLarge("bundle"))
    );
}

#[test]
fn another_version_is_told_from_damage() {
    let mut bytes = seal(CarryKind::Server, b"x", &[&key(1)]).encode();
    bytes[CARRY_MAGIC.len()] = 2;
    let read = CarryFile::decode(&bytes);
    assert_eq!(read, Err(DecodeError::UnknownVersion));
    assert_eq!(
        CarryError::from(read.unwrap_err()),
        CarryError::UnknownVersion
    );
}

#[test]
fn a_body_verifies_as_its_authors_only_and_only_whole() {
    let (author, other) = (key(3), key(4));
    let body = body();
    let ends = body.verify(&author.public()).unwrap();
    assert_eq!(ends.len(), body.logs.len());
    for (end, piece) in ends.iter().zip(&body.logs) {
        assert_eq!(end.seq, piece.log.entries.last().unwrap().header.seq);
        assert_eq!(end.stream, piece.log.stream);
    }
    let bad = Err(CarryError::BadSignature);
    assert_eq!(body.verify(&other.public()), bad);
    let check = |change: &dyn Fn(&mut CarriedLog)| {
        let mut changed = body.clone();
        change(&mut changed.logs[0]);
        assert_eq!(changed.verify(&author.public()), bad);
    };
    check(&|l| l.before = Hash([1; 32]));
    check(&|l| l.log.stream = common::stream(common::OTHER_GRID));
    check(&|l| l.log.entries[0].header.claimed.0 += 1);
    check(&|l| {
        l.log.entries.remove(0);
    });
    check(&|l| {
        l.log.entries.remove(1);
    });
    check(&|l| {
        l.log.entries.pop();
    });
    check(&|l| l.log.entries.clear());
    check(&|l| l.log.entries[1].header.seq = u64::MAX);
    check(&|l| l.log.incarnation.0 = uuid::Uuid::from_bytes([9; 16]));
    // Another's incarnation under this device's signature is for admission to refuse.
    assert_eq!(CarryBody::decode(&body.encode()), Ok(body));
}

#[test]
fn a_receipt_is_the_servers_word_and_no_other() {
    let server = key(1);
    let receipt = receipt(&server);
    assert!(receipt.verify(&server.public()));
    assert!(!receipt.verify(&key(2).public()));
    let bytes = receipt.encode();
    let read = |bytes: &[u8]| -> Option<CarryReceipt> {
        match CarryFile::decode(bytes) {
            Ok(CarryFile::Receipt(receipt)) => Some(receipt),
            _ => None,
        }
    };
    assert_eq!(read(&bytes), Some(receipt));
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 4;
        assert!(
            read(&altered).is_none_or(|r| !r.verify(&server.public())),
            "byte {at}"
        );
        assert_eq!(read(&bytes[..at]), None, "cut at {at}");
    }
    assert_eq!(read(&[bytes.as_slice(), &[0]].concat()), None);
}

#[test]
fn hostile_bytes_neither_panic_nor_take_memory() {
    let mut whole = 0;
    for seed in 0..20_000 {
        let mut r = Rng(seed);
        whole += usize::from(fuzz::carry(&fuzz::carry_mutant(&mut r)));
    }
    assert!(whole > 2_000, "only {whole} were read whole");
    // Counts that nothing stands behind.
    let ids = |kind: u8| {
        let mut bytes = CARRY_MAGIC.to_vec();
        bytes.extend([1, kind]);
        bytes.extend(CarryId::from_bytes([1; 16]).bytes());
        bytes
    };
    for kind in 0..=u8::MAX {
        let mut bytes = ids(kind);
        bytes.extend([0xff; 9]);
        assert!(CarryFile::decode(&bytes).is_err(), "{kind}");
    }
}
