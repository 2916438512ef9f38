//! Flipped bits, zeroed pages, cuts and missing files in a phone's store: it opens, what was not sent
//! is there and is sent, and whatever is shown is what was written. 40 of each run in CI;
//! `GRIDFOLD_LONG=1` makes it 1,000, and `GRIDFOLD_DAMAGE_ROUNDS` as many as it says.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, its seed, or whom to play"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::*;
use gridfold_client::{
    CarryTo, Client, ClientError, Draft, RefusedEdit, SavedDraft, Status, SyncOptions,
};
use gridfold_sync_core::ids::RecordId;
use serde_json::Value;

const ROUNDS: u64 = 40;
const LONG_ROUNDS: u64 = 1_000;

fn rounds() -> u64 {
    let usual = match std::env::var_os("GRIDFOLD_LONG") {
        Some(_) => LONG_ROUNDS,
        None => ROUNDS,
    };
    std::env::var("GRIDFOLD_DAMAGE_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}

/// Numbers that repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) as usize % n
    }
}

fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

fn household(phone: &Phone, text: &str) -> RecordId {
    let ops = vec![
        set_text("address", text),
        splice("notes", 0, &text.repeat(40)),
    ];
    phone
        .client
        .create_record(&grid(1), &code("household"), ops)
        .unwrap()
}

/// A phone with records of others and its own, a refused edit, drafts and edits that were not sent.
struct Truth {
    server: std::sync::Arc<FakeServer>,
    world: World,
    killed: tempfile::TempDir,
    closed: tempfile::TempDir,
    records: BTreeMap<RecordId, Value>,
    status: Status,
    drafts: Vec<SavedDraft>,
    refused: Vec<RefusedEdit>,
    items: usize,
}

impl Truth {
    fn new() -> Self {
        let server = FakeServer::new();
        let (a, b) = (
            Phone::enrolled(&server, "甲", 1),
            Phone::enrolled(&server, "乙", 2),
        );
        let mut records: Vec<_> = (0..25)
            .map(|n| household(&b, &format!("{n}号楼")))
            .collect();
        b.sync(&server);
        a.sync(&server);
        records.extend((0..10).map(|n| household(&a, &format!("甲{n}号楼"))));
        for record in &records[..12] {
            a.client
                .edit(*record, vec![set_text("head_name", "王")])
                .unwrap();
        }
        a.sync(&server);
        server.refuse(records[20]);
        let edit = |record: RecordId, name: &str| {
            a.client
                .edit(record, vec![set_text("head_name", name)])
                .unwrap();
        };
        edit(records[20], "李");
        a.sync(&server);
        let world = server.backup();
        for record in &records[5..14] {
            edit(*record, "张");
        }
        let new: Vec<_> = (0..8)
            .map(|n| household(&a, &format!("新{n}号楼")))
            .collect();
        for record in &new[..3] {
            edit(*record, "赵");
        }
        records.extend(new);
        for n in 0..2 {
            a.client
                .save_draft(&Draft {
                    id: None,
                    form: code("household"),
                    form_version: None,
                    grid: grid(1),
                    record: None,
                    new_record: false,
                    ops: vec![set_text("address", "没写完")],
                    app_state: n.to_string(),
                })
                .unwrap();
        }
        let killed = copy_of(a.dir.path());
        let canonical = |record: &RecordId| (*record, a.client.canonical(*record));
        let (status, drafts) = (a.client.status(), a.client.drafts().unwrap());
        let (records, refused) = (records.iter().map(canonical).collect(), a.client.refused());
        a.client.close();
        let closed = copy_of(a.dir.path());
        let client = Client::open(options(a.dir.path(), &a.platform)).unwrap();
        client.sync(&*server, &SyncOptions::default()).unwrap();
        assert_eq!((status.pending, drafts.len(), refused.len()), (20, 2, 1));
        Self {
            items: server.items(),
            server,
            world,
            killed,
            closed,
            records,
            status,
            drafts,
            refused,
        }
    }

    /// Opens a damaged store and syncs it. Tells how many records were shown before the sync.
    fn check(&self, dir: &Path, seed: u64) -> Result<usize, ClientError> {
        let platform = TestPlatform::new(1_000 + seed);
        let client = Client::open(options(dir, &platform))?;
        let shown = self.compare(&client);
        let status = client.status();
        assert_eq!(status.pending, self.status.pending);
        if shown < self.records.len() {
            let told = status.mended.unwrap();
            assert!(!told.complete && told.message_zh.contains('。'));
        }
        assert_eq!(client.identity().map(|i| i.device), self.device());
        self.server.put_back(self.world.clone());
        client.sync(&*self.server, &SyncOptions::default()).unwrap();
        assert_eq!(self.compare(&client), self.records.len(), "after the sync");
        assert_eq!(client.status().pending, 0);
        assert_eq!(self.server.items(), self.items);
        for (record, truth) in &self.records {
            assert_eq!(self.server.canonical(*record), *truth);
        }
        client.mended_seen().unwrap();
        client.close();
        let again = Client::open(options(dir, &platform)).unwrap();
        assert_eq!(self.compare(&again), self.records.len(), "opened again");
        assert_eq!(again.status().mended, None, "told once");
        Ok(shown)
    }

    fn device(&self) -> Option<gridfold_sync_core::ids::DeviceId> {
        let client = Client::open(options(self.closed.path(), &TestPlatform::new(7))).unwrap();
        client.identity().map(|i| i.device)
    }

    fn compare(&self, client: &Client) -> usize {
        let mut shown = 0;
        for (record, truth) in &self.records {
            let read = client.canonical(*record);
            if !read.is_null() {
                assert_eq!(read, *truth, "what is shown is what was written");
                shown += 1;
            }
        }
        assert_eq!(client.drafts().unwrap(), self.drafts);
        assert_eq!(client.refused(), self.refused);
        assert!(!client.status().damaged);
        shown
    }

    /// Runs one kind of damage. No store may be locked.
    fn run(&self, seed: u64, damage: impl Fn(&mut Dice, &Path)) {
        let mut dice = Dice(seed);
        let (mut locked, mut shown, all) = (Vec::new(), 0, rounds());
        for round in 0..all {
            let from = [&self.killed, &self.closed][round as usize % 2];
            let copy = copy_of(from.path());
            damage(&mut dice, copy.path());
            match self.check(copy.path(), round) {
                Ok(some) => shown += some,
                Err(e) => locked.push((round, e)),
            }
        }
        let records = self.records.len() * all as usize;
        println!(
            "{all} damaged, {} locked, {shown} of {records} records shown before the sync",
            locked.len()
        );
        assert!(locked.is_empty(), "{} locked: {locked:?}", locked.len());
    }
}

/// The store's file mostly, sometimes another one.
fn some_file(dice: &mut Dice, dir: &Path) -> PathBuf {
    let name = match dice.below(10) {
        0 => "store.key",
        1 => "store.spare",
        2 => "instance",
        _ => "store.redb",
    };
    dir.join(name)
}

#[test]
fn a_flipped_bit_locks_nothing() {
    let truth = Truth::new();
    truth.run(11, |dice, dir| {
        let path = some_file(dice, dir);
        let mut bytes = fs::read(&path).unwrap();
        // Where something is: free pages are most of a small file.
        let at = loop {
            let at = dice.below(bytes.len());
            if bytes[at] != 0 {
                break at;
            }
        };
        bytes[at] ^= 1 << dice.below(8);
        fs::write(path, bytes).unwrap();
    });
}

#[test]
fn a_zeroed_page_locks_nothing() {
    let truth = Truth::new();
    truth.run(12, |dice, dir| {
        let path = some_file(dice, dir);
        let mut bytes = fs::read(&path).unwrap();
        let from = loop {
            let from = dice.below(bytes.len()) & !4_095;
            let page = &bytes[from..bytes.len().min(from + 4_096)];
            if page.iter().any(|b| *b != 0) {
                break from;
            }
        };
        let to = bytes.len().min(from + 4_096);
        bytes[from..to].fill(0);
        fs::write(path, bytes).unwrap();
    });
}

#[test]
fn a_cut_locks_nothing() {
    let truth = Truth::new();
    truth.run(13, |dice, dir| {
        let path = some_file(dice, dir);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(dice.below(bytes.len()));
        fs::write(path, bytes).unwrap();
    });
}

#[test]
fn a_missing_file_locks_nothing() {
    let truth = Truth::new();
    truth.run(14, |dice, dir| {
        fs::remove_file(some_file(dice, dir)).unwrap();
    });
}

#[test]
fn bundles_carried_for_colleagues_are_kept_twice() {
    let server = FakeServer::new();
    let (a, b) = (
        Phone::enrolled(&server, "甲", 1),
        Phone::enrolled(&server, "乙", 2),
    );
    household(&b, "1号楼");
    let file = b.client.carry_export(&CarryTo::Server).unwrap();
    a.client.carry_import(&file.bytes).unwrap();
    let held = a.client.carry_held();
    assert_eq!(held.len(), 1);
    a.client.close();
    fs::remove_file(a.dir.path().join("store.redb")).unwrap();
    let client = Client::open(options(a.dir.path(), &a.platform)).unwrap();
    assert_eq!(client.carry_held(), held);
}

#[test]
fn damage_met_while_running_is_said_and_the_next_opening_mends() {
    let truth = Truth::new();
    let copy = copy_of(truth.closed.path());
    // A value that another key sealed: its page is as it was written, so the engine opens the file.
    let carry = redb::TableDefinition::<&[u8], &[u8]>::new("carry");
    {
        let db = redb::Database::open(copy.path().join("store.redb")).unwrap();
        let tx = db.begin_write().unwrap();
        let mut table = tx.open_table(carry).unwrap();
        table.insert(&[2][..], &[7; 60][..]).unwrap();
        drop(table);
        tx.commit().unwrap();
    }
    let platform = TestPlatform::new(5);
    let client = Client::open(options(copy.path(), &platform)).unwrap();
    assert!(client.status().mended.is_some(), "found at the opening");
    assert_eq!(truth.compare(&client), truth.records.len());
    client.close();
    // Bytes that change under a running phone.
    let copy = copy_of(truth.closed.path());
    let client = Client::open(options(copy.path(), &platform)).unwrap();
    fs::write(copy.path().join("store.found-damaged"), []).unwrap();
    assert_eq!(
        Client::open(options(copy.path(), &platform)).err(),
        Some(ClientError::InUse)
    );
    client.close();
    let client = Client::open(options(copy.path(), &platform)).unwrap();
    assert!(client.status().mended.unwrap().complete);
    assert_eq!(truth.compare(&client), truth.records.len());
    assert!(!copy.path().join("store.found-damaged").exists());
    client.wipe().unwrap();
    assert_eq!(fs::read_dir(copy.path()).unwrap().count(), 0);
}

#[test]
fn what_a_restored_server_lacks_comes_back_from_a_mended_store() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let first = household(&a, "1号楼");
    a.sync(&server);
    let backup = server.backup();
    let name = |record: RecordId, name: &str| {
        a.client
            .edit(record, vec![set_text("head_name", name)])
            .unwrap();
    };
    name(first, "王");
    let second = household(&a, "2号楼");
    a.sync(&server);
    name(second, "李");
    let truth = [first, second].map(|record| a.client.canonical(record));
    a.client.close();
    fs::write(a.dir.path().join("store.found-damaged"), []).unwrap();
    server.restore(backup);
    let client = Client::open(options(a.dir.path(), &a.platform)).unwrap();
    client.sync(&*server, &SyncOptions::default()).unwrap();
    let status = client.status();
    assert_eq!((status.pending, status.refused), (0, 0));
    for (record, truth) in [first, second].into_iter().zip(truth) {
        assert_eq!(client.canonical(record), truth);
        assert_eq!(server.canonical(record), truth);
    }
    assert_eq!(server.items(), 4);
}
