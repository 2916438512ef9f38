//! Damage in the server's files beside the log: bits flipped, pages zeroed, files cut or gone. Never
//! silent, never wrong content, never a server that cannot say what is wrong.
//!
//! 40 run in CI; `GRIDFOLD_LONG=1` makes it 1,000 of each file. The short form has a seed of its own, the long one draws another each time; it
//! stands in what a failure says, and `GRIDFOLD_SEED` runs it again.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, and the machine for the time"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use gridfold_server::admit::{Base, ConsoleEdit};
use gridfold_server::auth::Password;
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::directory::{Area, DirectoryChange};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, FieldKey, FormCode, RecordId};
use gridfold_sync_core::time::Timestamp;

const T0: Timestamp = Timestamp(1_780_000_000_000);
const PASSWORD: &str = "lantern orchard 47 velvet";

/// Numbers that look random and can be drawn again.
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn config() -> Config {
    Config::parse(
        "[log]\nmin_free_mib = 16\ncache_mib = 16\n",
        std::iter::empty(),
    )
    .unwrap()
}

fn open(dir: &Path) -> Result<Arc<Node>, String> {
    Node::open(dir, config(), Arc::new(ManualClock::at(T0))).map_err(|e| e.to_string())
}

fn author(node: &Node) -> Author {
    let directory = node.directory.current();
    let user = directory.users().next().unwrap().id;
    Author {
        device: DeviceId::from_parts(T0, [9; 10]),
        user,
    }
}

fn edit(n: u64, summary: &str) -> ConsoleEdit {
    let mut id = [0; 10];
    id[2..].copy_from_slice(&n.to_be_bytes());
    let set = |field: &str, text: &str| Op::Set {
        field: FieldKey::new(field).unwrap(),
        value: Value::Text(text.to_owned()),
    };
    ConsoleEdit {
        record: RecordId::from_parts(T0, id),
        grid: AreaCode::new("g1").unwrap(),
        form: FormCode::new("matter").unwrap(),
        base: Base::Newest(None),
        wish: vec![set("kind", "路灯"), set("summary", summary)].into(),
        claimed: T0,
    }
}

fn rows(node: &Node) -> Result<BTreeMap<RecordId, String>, String> {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.limit = 500;
    let page = node.views.list(&filter).map_err(|e| e.to_string())?;
    let mut out = BTreeMap::new();
    for row in page.rows {
        let stored = node.views.record(&row.record, &ReadScope::all());
        let stored = stored.map_err(|e| e.to_string())?.unwrap();
        let text = stored.parts.iter().find_map(|(_, p)| p.value("summary"));
        let text = match text {
            Some(Value::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(row.title, text, "a list and the record itself");
        out.insert(row.record, text);
    }
    Ok(out)
}

/// A server with 60 records and an account, stopped.
fn made(dir: &Path) -> BTreeMap<RecordId, String> {
    let password = Password::new(PASSWORD);
    let clock = Arc::new(ManualClock::at(T0));
    let node = Node::init(dir, config(), clock, "admin", &password).unwrap();
    let grid = Area {
        code: AreaCode::new("g1").unwrap(),
        parent: None,
        name: "grid".into(),
        level: "grid".into(),
    };
    node.directory
        .change(vec![DirectoryChange::Areas { areas: vec![grid] }])
        .unwrap();
    let author = author(&node);
    for batch in 0..6 {
        let edits = (0..10)
            .map(|i| {
                let n = batch * 10 + i;
                edit(n, &format!("truth {n} {}", "z".repeat(120)))
            })
            .collect();
        for outcome in node.writer.edit(author, edits).unwrap() {
            assert_eq!(outcome.refusal(), None);
        }
    }
    // So that there is something in what is kept of consoles and their tokens.
    for _ in 0..3 {
        signs_in(&node).unwrap();
    }
    let truth = rows(&node).unwrap();
    assert_eq!(truth.len(), 60);
    truth
}

/// Signs in as a person does, with all that is written then.
fn signs_in(node: &Node) -> Result<(), String> {
    let address: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    let password = Password::new(PASSWORD);
    let signed_in = node
        .auth
        .sign_in_console("admin", &password, address, T0.millis());
    signed_in.map(|_| ()).map_err(|e| e.to_string())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn damage(file: &PathBuf, draw: &mut Draw, kind: usize) -> String {
    let mut bytes = std::fs::read(file).unwrap();
    let size = bytes.len();
    let what = match kind {
        0 | 1 => {
            let mut at = draw.next(size);
            // Where there is something.
            for _ in 0..50 {
                if bytes[at] != 0 {
                    break;
                }
                at = draw.next(size);
            }
            let bit = draw.next(8);
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} flipped")
        }
        2 => {
            let at = draw.next(size) & !511;
            let end = size.min(at + 4096);
            bytes[at..end].fill(0);
            format!("bytes {at} to {end} zeroed")
        }
        3 => {
            let at = match draw.next(4) {
                0 => 0,
                1 => size / 2,
                2 => size - 1,
                _ => draw.next(size),
            };
            bytes.truncate(at);
            format!("cut to {at} of {size} bytes")
        }
        _ => {
            std::fs::remove_file(file).unwrap();
            return "gone".to_owned();
        }
    };
    std::fs::write(file, bytes).unwrap();
    what
}

/// Whether a server says that something of this file is wrong.
fn says(node: &Node, name: &str) -> bool {
    match name {
        "keys.db" => !node.keys.damage().is_empty(),
        "auth.db" => !node.auth.damage.is_empty(),
        _ => false,
    }
}

fn look(dir: &Path, name: &str, truth: &BTreeMap<RecordId, String>, case: &str) {
    let node = match open(dir) {
        Ok(node) => node,
        Err(said) => {
            assert!(
                said.contains(name),
                "{case}: does not name the file: {said}"
            );
            assert!(!said.contains("gridfold init"), "{case}: {said}");
            return;
        }
    };
    assert_ne!(name, "master.key", "{case}: nothing opens without it");
    let said = says(&node, name);
    // A reader may be the first to meet damage; the writer then makes the views again.
    let mut seen = rows(&node);
    for _ in 0..400 {
        if seen.is_ok() {
            break;
        }
        std::thread::yield_now();
        seen = rows(&node);
    }
    let seen = seen.unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(
        seen, *truth,
        "{case}: what was acknowledged is shown as it was"
    );
    if node.directory.current().users().count() == 0 {
        // What is sealed under a person's key that is lost was missed, so nobody is let in until it is healed.
        assert!(
            name == "keys.db" && said,
            "{case}: nobody is in the directory"
        );
        assert!(
            !node.verify(false, &mut |_| ()).unwrap().is_well(),
            "{case}"
        );
        return;
    }
    let written = node.writer.edit(author(&node), vec![edit(1_000, "after")]);
    assert!(written.is_ok(), "{case}: cannot write: {written:?}");
    let signed_in = name != "auth.db" || signs_in(&node).is_ok();
    assert!(
        signed_in || said,
        "{case}: the account is gone and nobody said so"
    );
    node.shutdown();
    drop(node);
    if name == "auth.db" {
        return;
    }
    let node = open(dir).unwrap();
    let report = node.verify(false, &mut |_| ()).unwrap();
    if name == "views.db" || name == "console.json" {
        assert!(report.is_well(), "{case}: {report:?}");
    }
    if said && name == "keys.db" {
        assert!(!report.is_well(), "{case}: verify says nothing");
    }
}

/// What the short form draws from; the long one draws anew each time.
const SHORT_SEED: u64 = 1_795_980_124_497_730_173;

#[test]
fn damage_is_never_silent_and_never_wrong_content() {
    let is_long = std::env::var_os("GRIDFOLD_LONG").is_some();
    let seed = match std::env::var("GRIDFOLD_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) if !is_long => SHORT_SEED,
        Err(_) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_nanos() as u64 | 1
        }
    };
    let mut draw = Draw(seed);
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    std::fs::create_dir(&whole).unwrap();
    let truth = made(&whole);
    let files = ["views.db", "keys.db", "auth.db"];
    let rounds = if is_long { 1_000 } else { 40 / files.len() + 1 };
    for round in 0..rounds {
        for name in files {
            one(
                &whole,
                root.path(),
                name,
                round % 4,
                &mut draw,
                &truth,
                seed,
            );
        }
    }
    for name in [
        "views.db",
        "keys.db",
        "auth.db",
        "console.json",
        "master.key",
    ] {
        one(&whole, root.path(), name, 4, &mut draw, &truth, seed);
    }
    for kind in 0..4 {
        for name in ["console.json", "master.key"] {
            one(&whole, root.path(), name, kind, &mut draw, &truth, seed);
        }
    }
}

fn one(
    whole: &Path,
    root: &Path,
    name: &str,
    kind: usize,
    draw: &mut Draw,
    truth: &BTreeMap<RecordId, String>,
    seed: u64,
) {
    let work = root.join("work");
    copy(whole, &work);
    let what = damage(&work.join(name), draw, kind);
    look(
        &work,
        name,
        truth,
        &format!("GRIDFOLD_SEED={seed}: {name}: {what}"),
    );
    std::fs::remove_dir_all(&work).unwrap();
}

/// Where the entries of the indexes that hold any begin in the file, with the name of each index.
fn index_entries(file: &Path) -> Vec<(String, usize)> {
    let conn = rusqlite::Connection::open(file).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let mut indexes = conn
        .prepare("SELECT name, rootpage FROM sqlite_master WHERE type = 'index' ORDER BY name")
        .unwrap();
    let indexes = indexes.query_map([], |r| Ok((r.get(0)?, r.get(1)?)));
    let indexes: Vec<(String, u32)> = indexes.unwrap().map(Result::unwrap).collect();
    let bytes = std::fs::read(file).unwrap();
    let page_bytes = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let mut out = Vec::new();
    for (name, root) in indexes {
        let page = (root as usize - 1) * page_bytes;
        // A leaf of an index, of which all are that this small file has.
        assert_eq!(bytes[page], 10, "{name}");
        let cells = usize::from(u16::from_be_bytes([bytes[page + 3], bytes[page + 4]]));
        for cell in 0..cells {
            let at = page + 8 + 2 * cell;
            let cell = usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
            out.push((name.clone(), page + cell));
        }
    }
    out
}

#[test]
fn an_index_that_is_not_what_its_rows_say_is_made_again_from_them() {
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    std::fs::create_dir(&whole).unwrap();
    let truth = made(&whole);
    let entries = index_entries(&whole.join("auth.db"));
    let names: std::collections::BTreeSet<&str> = entries.iter().map(|(n, _)| n.as_str()).collect();
    assert!(
        names.contains("refresh_by_device") && names.contains("devices_by_user"),
        "{names:?}"
    );
    for (name, at) in &entries {
        // The size of an entry's header, its first value, and what follows.
        for byte in [1, 2, 4, 9] {
            let case = format!("{name}, byte {byte} of the entry at {at}");
            let dir = root.path().join("case");
            copy(&whole, &dir);
            let file = dir.join("auth.db");
            let mut bytes = std::fs::read(&file).unwrap();
            bytes[at + byte] ^= 0x40;
            std::fs::write(&file, bytes).unwrap();
            let node = open(&dir).unwrap_or_else(|said| panic!("{case}: {said}"));
            assert_eq!(signs_in(&node), Ok(()), "{case}");
            assert_eq!(rows(&node).unwrap(), truth, "{case}");
            assert!(node.auth.damage.is_empty(), "{case}");
            node.shutdown();
            drop(node);
            std::fs::remove_dir_all(&dir).unwrap();
        }
    }
}

#[test]
fn a_trigger_or_an_index_whose_text_is_damaged_is_made_anew() {
    let is_long = std::env::var_os("GRIDFOLD_LONG").is_some();
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    std::fs::create_dir(&whole).unwrap();
    let truth = made(&whole);
    let file = whole.join("auth.db");
    index_entries(&file);
    let conn = rusqlite::Connection::open(&file).unwrap();
    let mut texts = conn
        .prepare(
            "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1",
        )
        .unwrap();
    let texts = texts.query_map([], |r| Ok((r.get(0)?, r.get(1)?)));
    let texts: Vec<(String, String)> = texts.unwrap().map(Result::unwrap).collect();
    let bytes = std::fs::read(&file).unwrap();
    let (mut draw, mut opened) = (Draw(SHORT_SEED), 0);
    for (name, text) in &texts {
        let found = bytes.windows(text.len()).position(|w| w == text.as_bytes());
        // One that lies on two pages is not looked for.
        let Some(at) = found else { continue };
        for _ in 0..if is_long { 40 } else { 1 } {
            let letter = at + draw.next(text.len());
            let case = format!("{name}, byte {} of its text", letter - at);
            let dir = root.path().join("case");
            copy(&whole, &dir);
            let mut changed = bytes.clone();
            changed[letter] ^= [0x20, 0x80, 0x01][draw.next(3)];
            std::fs::write(dir.join("auth.db"), changed).unwrap();
            match open(&dir) {
                Ok(node) => {
                    assert_eq!(signs_in(&node), Ok(()), "{case}");
                    assert_eq!(rows(&node).unwrap(), truth, "{case}");
                    node.shutdown();
                    opened += 1;
                }
                Err(said) => assert!(said.contains("auth.db"), "{case}: {said}"),
            }
            std::fs::remove_dir_all(&dir).unwrap();
        }
    }
    assert!(
        texts.len() > 60 && opened > 20,
        "{opened} of {}",
        texts.len()
    );
}

#[test]
fn a_header_of_which_a_bit_is_another_stops_the_start_or_costs_nothing() {
    let is_long = std::env::var_os("GRIDFOLD_LONG").is_some();
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    std::fs::create_dir(&whole).unwrap();
    let truth = made(&whole);
    let mut draw = Draw(SHORT_SEED);
    let (mut refused, mut opened) = (0, 0);
    for name in ["auth.db", "keys.db"] {
        index_entries(&whole.join(name));
        let bytes = std::fs::read(whole.join(name)).unwrap();
        // Sizes and versions; schema and encoding.
        for byte in (16..24).chain(40..60) {
            let drawn = draw.next(8);
            for bit in (0..8).filter(|bit| is_long || [18, 19, 59].contains(&byte) || *bit == drawn)
            {
                let case = format!("{name}: bit {bit} of byte {byte}");
                let dir = root.path().join("case");
                copy(&whole, &dir);
                let mut changed = bytes.clone();
                changed[byte] ^= 1 << bit;
                std::fs::write(dir.join(name), changed).unwrap();
                match open(&dir) {
                    Ok(node) => {
                        assert_eq!(signs_in(&node), Ok(()), "{case}");
                        assert_eq!(rows(&node).unwrap(), truth, "{case}");
                        let written = node.writer.edit(author(&node), vec![edit(1_000, "after")]);
                        assert!(written.is_ok(), "{case}: {written:?}");
                        assert!(!says(&node, name), "{case}: rows were set aside");
                        node.shutdown();
                        opened += 1;
                    }
                    Err(said) => {
                        assert!(said.contains(name), "{case}: {said}");
                        refused += 1;
                    }
                }
                std::fs::remove_dir_all(&dir).unwrap();
            }
        }
    }
    assert!(
        refused > 40 && opened > 20,
        "{refused} refused, {opened} opened"
    );
}
