//! The store: durable on return, sealed, honest about damage.

use std::fs;
use std::path::Path;

use crate::common::*;
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

/// Opens a damaged store: whatever is read is right, and what waited waits.
fn is_honest(dir: &Path, records: &[RecordId], whole: &[serde_json::Value]) {
    let opts = options(dir, &TestPlatform::new(3));
    let client = Client::open(opts).unwrap();
    for (record, whole) in records.iter().zip(whole) {
        assert_eq!(client.canonical(*record), *whole, "none of it was sent");
    }
    assert!(!client.status().damaged);
    assert_eq!(client.status().pending, records.len() as u64);
}

#[test]
fn a_truncated_store_is_mended() {
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
        if let Ok(aside) = fs::metadata(copy.path().join("store.damaged")) {
            assert_eq!(aside.len(), cut, "the damaged file is set aside as it was");
        }
    }
    for cut in [0, 1, 60, 111] {
        let copy = copy_of(&path);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(copy.path().join("store.key"))
            .unwrap();
        file.set_len(cut).unwrap();
        drop(file);
        is_honest(copy.path(), &records, &whole);
    }
}

#[test]
fn a_store_without_its_identity_stays_as_it_is() {
    let (phone, _) = filled(3);
    let path = phone.dir.path().to_owned();
    drop(phone.client);
    fs::write(path.join("store.redb"), [7; 5_000]).unwrap();
    fs::remove_file(path.join("store.spare")).unwrap();
    let opts = options(&path, &TestPlatform::new(3));
    for _ in 0..2 {
        for opened in [
            Client::open(opts.clone()),
            Client::open_or_create(opts.clone()),
        ] {
            assert!(matches!(opened, Err(ClientError::DamagedStore { .. })));
        }
        assert_eq!(
            Client::create(opts.clone()).err(),
            Some(ClientError::StoreExists)
        );
        assert_eq!(fs::read(path.join("store.redb")).unwrap(), [7; 5_000]);
    }
}

#[test]
fn what_a_damaged_store_still_gives_is_shown_and_an_older_one_without_a_spare_is_mended_too() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    for n in 0..60 {
        let ops = vec![
            set_text("address", &format!("{n}号楼")),
            splice("notes", 0, &"很长的备注".repeat(30)),
        ];
        let household = code("household");
        b.client.create_record(&grid(1), &household, ops).unwrap();
    }
    b.sync(&server);
    a.sync(&server);
    a.client.close();
    fs::remove_file(a.dir.path().join("store.spare")).unwrap();
    let bytes = fs::read(a.dir.path().join("store.redb")).unwrap();
    let (mut mended, mut shown) = (0, 0);
    for page in (4_096..bytes.len()).step_by(4_096) {
        let copy = copy_of(a.dir.path());
        let mut damaged = bytes.clone();
        damaged[page + 40] ^= 4;
        fs::write(copy.path().join("store.redb"), damaged).unwrap();
        let Ok(client) = Client::open(options(copy.path(), &TestPlatform::new(3))) else {
            // The page of the small things: with a spare it would be there twice.
            continue;
        };
        if copy.path().join("store.damaged").exists() {
            mended += 1;
            shown += client.records().len();
            client.sync(&*server, &Default::default()).unwrap();
            assert_eq!(client.records().len(), 60);
        }
    }
    assert!(mended > 10 && shown > 30 * mended, "{shown} in {mended}");
}

#[test]
fn a_flipped_bit_is_mended_and_never_shown() {
    let (phone, records) = filled(40);
    let whole: Vec<_> = records.iter().map(|r| phone.client.canonical(*r)).collect();
    let path = phone.dir.path().to_owned();
    drop(phone.client);
    for name in ["store.redb", "store.key", "store.spare"] {
        let bytes = fs::read(path.join(name)).unwrap();
        let mut seed = 7u64;
        for _ in 0..60 {
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
    // Interrupted after the key was overwritten, what is left opens to nothing: the key's copy in
    // the spare says nothing then.
    let mut gone = [0; 112];
    gone[..6].copy_from_slice(b"GFGONE");
    fs::write(copy.path().join("store.key"), gone).unwrap();
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
