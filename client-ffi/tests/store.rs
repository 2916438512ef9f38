//! The store: durable on return, sealed, honest about damage.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

use std::fs;
use std::path::Path;

use common::*;
use gridfold_client::{Client, ClientError, OpenOptions, Query};
use gridfold_sync_core::ids::RecordId;

const SECRET: &str = "SECRET-WORD-IN-A-RECORD";

fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

fn filled(n: usize) -> (Phone, Vec<RecordId>) {
    let server = FakeServer::new();
    let phone = Phone::enrolled(&server, "甲", 1);
    let records = (0..n)
        .map(|i| {
            let ops = vec![
                set_text("address", &format!("{SECRET} {i}")),
                splice("notes", 0, SECRET),
            ];
            phone
                .client
                .create_record(&grid(1), &code("household"), ops)
                .unwrap()
        })
        .collect();
    (phone, records)
}

#[test]
fn an_edit_is_in_the_file_when_the_call_returns() {
    let (phone, records) = filled(3);
    phone
        .client
        .edit(records[1], vec![set_text("phone", "13800000000")])
        .unwrap();
    // As after a kill: nothing was closed, the file is what the disk has now.
    let copy = copy_of(phone.dir.path());
    let client = Client::open(options(copy.path(), &TestPlatform::new(3))).unwrap();
    assert_eq!(client.records().len(), 3);
    assert_eq!(
        client.get(records[1]).unwrap().fields["phone"],
        "13800000000"
    );
    assert_eq!(client.status().pending, 4);
    assert_eq!(client.identity(), phone.client.identity());
    assert_eq!(client.enrolment_key(), phone.client.enrolment_key());
}

#[test]
fn opening_never_makes_a_store_and_making_never_takes_one_away() {
    let dir = tempfile::tempdir().unwrap();
    let platform = TestPlatform::new(1);
    let opts = options(dir.path(), &platform);
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::NoStore));
    let first = Client::create(opts.clone()).unwrap();
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::InUse));
    assert_eq!(
        Client::create(opts.clone()).err(),
        Some(ClientError::StoreExists)
    );
    let key = first.enrolment_key();
    drop(first);
    let wrong = OpenOptions {
        key: [6; 32].into(),
        ..opts.clone()
    };
    assert_eq!(
        Client::open(wrong.clone()).err(),
        Some(ClientError::WrongKey)
    );
    assert_eq!(
        Client::open_or_create(wrong).err(),
        Some(ClientError::WrongKey)
    );
    assert_eq!(Client::open_or_create(opts).unwrap().enrolment_key(), key);
}

#[test]
fn nothing_typed_is_readable_in_the_files() {
    let (phone, _) = filled(20);
    let mut bytes = Vec::new();
    for file in fs::read_dir(phone.dir.path()).unwrap() {
        bytes.extend(fs::read(file.unwrap().path()).unwrap());
    }
    for plain in [SECRET, "household", "address", "someone", "g1"] {
        let needle = plain.as_bytes();
        if needle.len() > 3 {
            assert!(
                !bytes.windows(needle.len()).any(|w| w == needle),
                "{plain} is readable"
            );
        }
    }
}

fn is_honest(dir: &Path, records: &[RecordId], whole: &[serde_json::Value]) -> bool {
    let opts = options(dir, &TestPlatform::new(3));
    match Client::open(opts.clone()) {
        Ok(client) => {
            // Whatever is read is right, or it is said to be damaged.
            for (record, whole) in records.iter().zip(whole) {
                let read = client.canonical(*record);
                assert!(
                    read == *whole || client.status().damaged,
                    "{record} is wrong"
                );
            }
            true
        }
        Err(ClientError::DamagedStore { .. } | ClientError::UpdateRequired) => {
            let again = Client::open_or_create(opts);
            assert!(again.is_err(), "a new store was made over a damaged one");
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_truncated_store_is_damaged_and_stays_as_it_is() {
    let (phone, records) = filled(40);
    let whole: Vec<_> = records.iter().map(|r| phone.client.canonical(*r)).collect();
    let path = phone.dir.path().to_owned();
    drop(phone.client);
    let length = fs::metadata(path.join("store.redb")).unwrap().len();
    let mut cuts: Vec<u64> = (0..40).map(|i| length * i / 40).collect();
    cuts.extend([1, 63, 64, 511, 4_095, 4_097, length - 1]);
    for cut in cuts {
        let copy = copy_of(&path);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(copy.path().join("store.redb"))
            .unwrap();
        file.set_len(cut).unwrap();
        drop(file);
        is_honest(copy.path(), &records, &whole);
        let after = fs::metadata(copy.path().join("store.key")).unwrap().len();
        assert_eq!(after, 112);
    }
    for cut in [0, 1, 60, 111] {
        let copy = copy_of(&path);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(copy.path().join("store.key"))
            .unwrap();
        file.set_len(cut).unwrap();
        drop(file);
        assert!(!is_honest(copy.path(), &records, &whole));
    }
    let copy = copy_of(&path);
    fs::remove_file(copy.path().join("store.redb")).unwrap();
    assert!(!is_honest(copy.path(), &records, &whole));
}

#[test]
fn a_flipped_bit_is_found_and_never_shown() {
    let (phone, records) = filled(40);
    let whole: Vec<_> = records.iter().map(|r| phone.client.canonical(*r)).collect();
    let path = phone.dir.path().to_owned();
    drop(phone.client);
    for name in ["store.redb", "store.key"] {
        let bytes = fs::read(path.join(name)).unwrap();
        let mut seed = 7u64;
        for _ in 0..120 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 20) as usize % bytes.len();
            let copy = copy_of(&path);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (seed >> 60 & 7);
            fs::write(copy.path().join(name), flipped).unwrap();
            is_honest(copy.path(), &records, &whole);
        }
    }
}

#[test]
fn a_wipe_leaves_nothing() {
    let (phone, records) = filled(3);
    let copy = copy_of(phone.dir.path());
    phone.client.wipe().unwrap();
    assert_eq!(fs::read_dir(phone.dir.path()).unwrap().count(), 0);
    assert!(phone.client.get(records[0]).is_none());
    assert_eq!(phone.client.records(), []);
    assert_eq!(phone.client.query(Query::default()).total, 0);
    let edit = phone
        .client
        .edit(records[0], vec![set_text("phone", "13800000000")]);
    assert_eq!(edit, Err(ClientError::NoStore));
    // Interrupted after the key was overwritten, what is left opens to nothing.
    fs::write(copy.path().join("store.key"), [0; 112]).unwrap();
    let opts = options(copy.path(), &TestPlatform::new(3));
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::NoStore));
    assert_eq!(Client::create(opts).unwrap().records(), []);
}

#[test]
fn a_store_of_an_older_build_gets_the_tables_it_lacks() {
    let (phone, records) = filled(2);
    let copy = copy_of(phone.dir.path());
    let seen = redb::TableDefinition::<&[u8], &[u8]>::new("seen");
    let db = redb::Database::open(copy.path().join("store.redb")).unwrap();
    let tx = db.begin_write().unwrap();
    assert!(tx.delete_table(seen).unwrap(), "it was there");
    tx.commit().unwrap();
    drop(db);
    for _ in 0..2 {
        let client = Client::open(options(copy.path(), &TestPlatform::new(3))).unwrap();
        assert_eq!(client.records().len(), 2);
        assert_eq!(client.seen(records[0]), None);
        let status = client.status();
        assert!(!status.damaged);
    }
}
