//! A backup of a log that holds damaged items: whole but for them, and it says so; so does a restore of it, and a heal
//! from an older backup fills them, here and there.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gridfold_server::admit::{Base, ConsoleEdit};
use gridfold_server::auth::Password;
use gridfold_server::backup::{LostItems, look, restore};
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::heal::heal;
use gridfold_server::log::StreamName;
use gridfold_server::node::Node;
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::directory::{Area, DirectoryChange};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, FieldKey, FormCode, RecordId};
use gridfold_sync_core::time::Timestamp;

const T0: Timestamp = Timestamp(1_780_000_000_000);

fn config() -> Config {
    Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap()
}

fn open(dir: &Path) -> Arc<Node> {
    Node::open(dir, config(), Arc::new(ManualClock::at(T0))).unwrap()
}

fn edit(n: u64) -> ConsoleEdit {
    let mut id = [0; 10];
    id[2..].copy_from_slice(&n.to_be_bytes());
    let set = |field: &str, text: String| Op::Set {
        field: FieldKey::new(field).unwrap(),
        value: Value::Text(text),
    };
    ConsoleEdit {
        record: RecordId::from_parts(T0, id),
        grid: AreaCode::new("g1").unwrap(),
        form: FormCode::new("matter").unwrap(),
        base: Base::Newest(None),
        wish: vec![
            set("kind", "路灯".into()),
            set("summary", format!("truth {n}")),
        ]
        .into(),
        claimed: T0,
    }
}

fn rows(node: &Node) -> BTreeMap<RecordId, String> {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.limit = 500;
    let rows = node.views.list(&filter).unwrap().rows;
    rows.into_iter()
        .map(|row| (row.record, row.title))
        .collect()
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("log/segments/00000001.segment")
}

fn gridfold(dir: &Path, args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_gridfold"))
        .arg("--data")
        .arg(dir)
        .args(args)
        .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{args:?}: {said}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_backup_of_a_damaged_log_has_all_the_rest_and_names_what_it_lacks() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let dir = at("server");
    let clock = Arc::new(ManualClock::at(T0));
    let password = Password::new("lantern orchard 47 velvet");
    let node = Node::init(&dir, config(), clock, "admin", &password).unwrap();
    let grid = Area {
        code: AreaCode::new("g1").unwrap(),
        parent: None,
        name: "grid".into(),
        level: "grid".into(),
    };
    let areas = DirectoryChange::Areas { areas: vec![grid] };
    node.directory.change(vec![areas]).unwrap();
    let author = Author {
        device: DeviceId::from_parts(T0, [9; 10]),
        user: node.directory.current().users().next().unwrap().id,
    };
    let write = |numbers: std::ops::Range<u64>| {
        for outcome in node
            .writer
            .edit(author, numbers.map(edit).collect())
            .unwrap()
        {
            assert_eq!(outcome.refusal(), None);
        }
        segment(&dir).metadata().unwrap().len()
    };
    let before = write(0..10);
    let after = write(10..13);
    let older = at("older");
    assert_eq!(node.backup(&older, &mut |_| {}).unwrap().lost, []);
    let sealed = at("sealed");
    let phrase = "a phrase of six words or so";
    std::fs::write(at("phrase"), phrase).unwrap();
    node.backup_sealed(&sealed, Some(&Password::new(phrase)), &mut |_| {})
        .unwrap();
    write(13..16);
    let truth = rows(&node);
    assert_eq!(truth.len(), 16);
    let stream = StreamName::new("g1/0").unwrap();
    let head = node.log.head(&stream).unwrap();
    assert_eq!(head.seq, 16, "{:?}", node.log.streams());
    node.shutdown();
    drop(node);
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(segment(&dir))
        .unwrap();
    let mut bytes = vec![0; (after - before) as usize];
    file.read_exact_at(&mut bytes, before).unwrap();
    bytes.iter_mut().step_by(3).for_each(|byte| *byte ^= 0x10);
    file.write_all_at(&bytes, before).unwrap();

    let lost = [LostItems {
        stream: "g1/0".into(),
        first: 11,
        last: 13,
    }];
    let node = open(&dir);
    let newer = at("newer");
    let made = node.backup(&newer, &mut |_| {}).unwrap();
    assert_eq!(made.lost, lost);
    let all: u64 = node.log.streams().unwrap().iter().map(|s| s.1.seq).sum();
    assert_eq!(made.items, all - 3, "everything else is in it");
    assert_eq!(look(&newer, None).unwrap().log, made);
    node.shutdown();
    drop(node);
    let other = at("other");
    let said = gridfold(&dir, &["backup", other.to_str().unwrap()]);
    assert!(
        said.contains("not in it, damaged in the log: g1/0: item 11 to 13\n"),
        "{said}"
    );
    let said = gridfold(&at("there"), &["restore", other.to_str().unwrap()]);
    assert!(
        said.contains("damaged when it was made: g1/0: item 11 to 13\n"),
        "{said}"
    );

    let to = at("restored");
    let options = gridfold_server::log::LogOptions {
        min_free_bytes: 0,
        ..Default::default()
    };
    restore(&newer, &to, Default::default(), &options, &mut |_| {}).unwrap();
    for _ in 0..2 {
        // What follows what is lost keeps its place and its chain, also over a start.
        let node = open(&to);
        assert_eq!(node.log.head(&stream).unwrap(), head);
        let named: Vec<String> = node.log.damage().iter().map(|d| d.name()).collect();
        assert_eq!(
            named,
            [11, 12, 13].map(|seq| format!("set-aside/g1/0/{seq}"))
        );
        let mut shown = rows(&node);
        assert_eq!(shown.len(), 13);
        shown.retain(|record, title| truth.get(record) != Some(title));
        assert!(shown.is_empty(), "{shown:?}");
        // And a backup of it is one of a log with the same damage.
        let again = at("again");
        assert_eq!(node.backup(&again, &mut |_| {}).unwrap().lost, lost);
        std::fs::remove_file(&again).unwrap();
        node.shutdown();
    }
    let healed = heal(&to, &config(), &[older], &mut |_| {}).unwrap();
    assert!(healed.is_whole() && healed.healed == 3, "{healed:?}");
    // What is sealed needs its passphrase, and then it is as good.
    let sealed = [sealed];
    let refused = heal(&dir, &config(), &sealed, &mut |_| {}).unwrap_err();
    assert!(
        refused.to_string().contains("--passphrase-file"),
        "{refused}"
    );
    let (sealed, phrase) = (sealed[0].to_str().unwrap(), at("phrase"));
    let phrase = phrase.to_str().unwrap();
    gridfold(
        &dir,
        &["heal", "--from", sealed, "--passphrase-file", phrase],
    );
    for dir in [&to, &dir] {
        let node = open(dir);
        assert_eq!(rows(&node), truth);
        assert_eq!(node.log.head(&stream).unwrap(), head);
        let report = node.verify(false, &mut |_| {}).unwrap();
        assert!(report.is_well(), "{report:?}");
    }
}
