//! A log that is shorter than what was acknowledged, or gone, does not start a server; a copy heals it, and a
//! decision goes on without.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridfold_server::auth::Password;
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::heal::{accept_loss, heal};
use gridfold_server::log::LogError;
use gridfold_server::node::{Node, NodeError};
use gridfold_server::witness::WitnessError;
use gridfold_sync_core::directory::{Area, DirectoryChange};
use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::time::Timestamp;

const T0: Timestamp = Timestamp(1_780_000_000_000);

fn config() -> Config {
    Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap()
}

fn open(dir: &Path) -> Result<Arc<Node>, NodeError> {
    Node::open(dir, config(), Arc::new(ManualClock::at(T0)))
}

/// A server with some changes of the directory behind it, closed as it should be.
fn closed(dir: &Path) -> u64 {
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
    node.directory.current().revision
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

#[test]
fn a_log_that_lost_its_end_is_refused_and_healed_from_a_copy() {
    let root = tempfile::tempdir().unwrap();
    let (dir, standby) = (root.path().join("server"), root.path().join("standby"));
    let revision = closed(&dir);
    copy(&dir, &standby);
    let len = segment(&dir).metadata().unwrap().len();
    let file = std::fs::File::options()
        .write(true)
        .open(segment(&dir))
        .unwrap();
    file.set_len(len / 2).unwrap();
    drop(file);
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
fn a_loss_that_is_accepted_changes_the_epoch() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("server");
    let revision = closed(&dir);
    let epoch = open(&dir).unwrap().log.epoch();
    let len = segment(&dir).metadata().unwrap().len();
    let file = std::fs::File::options()
        .write(true)
        .open(segment(&dir))
        .unwrap();
    file.set_len(len - len / 8).unwrap();
    drop(file);
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
    closed(&dir);
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
