//! A log that is shorter than what was acknowledged, or gone, does not start a server; a copy heals it, and a
//! decision goes on without.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridfold_server::auth::Password;
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::heal::{accept_loss, heal};
use gridfold_server::log::{AppendBatch, LogError, NewItem, StreamName};
use gridfold_server::node::{Node, NodeError};
use gridfold_server::witness::WitnessError;
use gridfold_sync_core::directory::{Area, DirectoryChange};
use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::time::Timestamp;

const T0: Timestamp = Timestamp(1_780_000_000_000);

fn config() -> Config {
    Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap()
}

/// The copy of the directory's changes in `auth.db`.
#[derive(PartialEq, Eq)]
enum Copy {
    Kept,
    Gone,
}

fn open(dir: &Path) -> Result<Arc<Node>, NodeError> {
    Node::open(dir, config(), Arc::new(ManualClock::at(T0)))
}

/// A server with some changes of the directory behind it, closed as it should be. Without the copy of these changes,
/// when that is wanted.
fn closed(dir: &Path, copy: Copy) -> u64 {
    let password = Password::new("a long enough phrase");
    let clock = Arc::new(ManualClock::at(T0));
    let node = Node::init(dir, config(), clock, "admin", &password).unwrap();
    for n in 0..20 {
        let area = Area {
            code: AreaCode::new(&format!("s{n}")).unwrap(),
            parent: None,
            name: format!("Street {n}"),
            level: "street".into(),
        };
        let changes = vec![DirectoryChange::Areas { areas: vec![area] }];
        node.directory.change(changes).unwrap();
    }
    node.shutdown();
    if copy == Copy::Gone {
        node.auth.directory_copy.end_at(0).unwrap();
    }
    node.directory.current().revision
}

/// The last bytes of a log's segment are gone.
fn cut(dir: &Path, part: u64) {
    let len = segment(dir).metadata().unwrap().len();
    let file = std::fs::File::options().write(true).open(segment(dir));
    file.unwrap().set_len(len - len / part).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("log/segments/00000001.segment")
}

/// They read as zeros.
fn zero(dir: &Path, part: u64) {
    let mut bytes = std::fs::read(segment(dir)).unwrap();
    let from = bytes.len() - bytes.len() / usize::try_from(part).unwrap();
    bytes[from..].fill(0);
    std::fs::write(segment(dir), bytes).unwrap();
}

#[test]
fn a_log_that_lost_its_end_is_refused_and_healed_from_a_copy() {
    let root = tempfile::tempdir().unwrap();
    let (dir, standby) = (root.path().join("server"), root.path().join("standby"));
    let revision = closed(&dir, Copy::Gone);
    copy(&dir, &standby);
    cut(&dir, 2);
    let refused = open(&dir).unwrap_err();
    assert!(
        matches!(&refused, NodeError::Witness(WitnessError::Shorter { items, .. }) if *items > 0),
        "{refused}"
    );
    // Nobody decided anything by trying: it is refused again.
    assert!(matches!(open(&dir), Err(NodeError::Witness(_))));
    let healed = heal(&dir, &config(), std::slice::from_ref(&standby), &mut |_| {}).unwrap();
    assert!(healed.is_whole() && healed.healed > 0, "{healed:?}");
    assert_eq!(open(&dir).unwrap().directory.current().revision, revision);
}

#[test]
fn an_end_that_only_the_directory_lost_is_put_back_from_its_copy_at_the_start() {
    for damage in [cut as fn(&Path, u64), zero] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("server");
        let revision = closed(&dir, Copy::Kept);
        damage(&dir, 2);
        let node = open(&dir).unwrap();
        assert!(node.report.directory_mended > 0, "{:?}", node.report);
        assert_eq!(node.directory.current().revision, revision);
        let report = node.verify(false, &mut |_| {}).unwrap();
        assert!(report.is_well(), "{report:?}");
        drop(node);
        let node = open(&dir).unwrap();
        assert_eq!(node.report.directory_mended, 0, "it stays");
        assert_eq!(node.directory.current().revision, revision);
    }
}

#[test]
fn a_start_that_is_refused_puts_nothing_back() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("server");
    closed(&dir, Copy::Kept);
    let node = open(&dir).unwrap();
    let item = NewItem {
        key: [1; 32],
        item_hash: [2; 32],
        bytes: b"a record's item".to_vec(),
    };
    let batch = AppendBatch {
        stream: StreamName::new("another").unwrap(),
        expect: Some(0),
        items: vec![item],
    };
    node.log.append(vec![batch]).unwrap();
    node.shutdown();
    drop(node);
    cut(&dir, 2);
    let before = std::fs::read(segment(&dir)).unwrap();
    for _ in 0..2 {
        let refused = open(&dir).unwrap_err();
        assert!(
            matches!(
                &refused,
                NodeError::Witness(WitnessError::Shorter { streams: 2, .. })
            ),
            "{refused}"
        );
    }
    assert_eq!(std::fs::read(segment(&dir)).unwrap(), before);
}

#[test]
fn a_loss_that_is_accepted_changes_the_epoch() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("server");
    let revision = closed(&dir, Copy::Gone);
    let node = open(&dir).unwrap();
    let epoch = node.log.epoch();
    node.shutdown();
    // The start copied it anew.
    node.auth.directory_copy.end_at(0).unwrap();
    drop(node);
    cut(&dir, 8);
    assert!(matches!(open(&dir), Err(NodeError::Witness(_))));
    let lost = accept_loss(&dir, &config()).unwrap();
    assert_eq!(lost.ends.len(), 1, "{lost:?}");
    let node = open(&dir).unwrap();
    assert_ne!(node.log.epoch(), epoch);
    assert_eq!(node.directory.current().revision + lost.ends[0].1, revision);
}

#[test]
fn a_log_that_is_gone_is_no_empty_one() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("server");
    closed(&dir, Copy::Kept);
    let aside = root.path().join("aside");
    std::fs::rename(dir.join("log"), &aside).unwrap();
    for _ in 0..2 {
        assert!(matches!(
            open(&dir),
            Err(NodeError::Log(LogError::Gone { .. }))
        ));
        assert!(!dir.join("log").exists());
    }
    std::fs::rename(&aside, dir.join("log")).unwrap();
    assert!(open(&dir).is_ok());
}
