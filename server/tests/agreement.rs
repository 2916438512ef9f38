//! An act on a user or a phone writes the accounts and then the directory. Cut off between the two, it is finished by the
//! next start.

use std::path::Path;
use std::sync::Arc;

use crate::api_support::{NOW, PASSWORD, config};
use crate::auth_support::Phone;
use gridfold_server::auth::{Actor, DeviceAccess, Password};
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::node::Node;
use gridfold_sync_core::directory::{self, DirectoryChange, User};
use gridfold_sync_core::ids::{DeviceId, UserId};
use uuid::Uuid;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(NOW))
}

fn open(dir: &Path) -> Arc<Node> {
    Node::open(dir, config(), clock()).unwrap()
}

/// A town hall with one user who is known to both, and their id.
fn made(dir: &Path) -> (Arc<Node>, UserId) {
    let node = Node::init(dir, config(), clock(), "admin", &Password::new(PASSWORD)).unwrap();
    let id = UserId::from_parts(NOW, [7; 10]);
    let user = User {
        id,
        name: "李明".into(),
        active: true,
    };
    account(&node, "liming", id);
    let changes = vec![DirectoryChange::User { user }];
    node.directory.change(changes).unwrap();
    (node, id)
}

fn account(node: &Node, login: &str, id: UserId) {
    let password = Password::new(PASSWORD);
    let accounts = &node.auth.accounts;
    accounts
        .create(login, id.0, &password, Actor::SERVER, NOW.millis())
        .unwrap();
}

/// As a crash leaves it: nothing is finished.
fn crash(node: Arc<Node>) {
    node.shutdown();
    drop(node);
}

fn enrol(node: &Node, user: UserId) -> Uuid {
    let now = NOW.millis();
    let phone = Phone::new(3);
    let enrolment = &node.auth.enrolment;
    let invited = enrolment.invite(user.0, Actor::SERVER, now).unwrap();
    let code = invited.code.text();
    let nonce = enrolment.begin(&code, now).unwrap().nonce;
    let (session, _) = node
        .auth
        .enrol(&phone.redemption(&code, &nonce), now)
        .unwrap();
    session.device_id
}

fn state(node: &Node, device: Uuid) -> Option<directory::DeviceState> {
    let directory = node.directory.current();
    directory.device(&DeviceId(device)).map(|d| d.state)
}

#[test]
fn a_user_who_has_an_account_only_is_in_the_directory_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (node, _) = made(&data);
    let id = UserId::from_parts(NOW, [9; 10]);
    account(&node, "wangfang", id);
    assert_eq!(node.directory.current().user(&id), None);
    crash(node);
    let node = open(&data);
    let directory = node.directory.current();
    let user = directory.user(&id).unwrap();
    assert_eq!((user.name.as_str(), user.active), ("wangfang", true));
    let rows = node.auth.audit.page(0, 1_000).unwrap();
    assert!(rows.iter().any(|row| row.what == "directory.agree"));
    let revision = directory.revision;
    crash(node);
    assert_eq!(open(&data).directory.current().revision, revision, "once");
}

#[test]
fn a_user_blocked_or_let_in_again_among_the_accounts_is_so_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (mut node, id) = made(&data);
    for blocked in [true, false] {
        let devices = &node.auth.devices;
        devices
            .set_user_blocked(id.0, blocked, Actor::SERVER, NOW.millis())
            .unwrap();
        crash(node);
        node = open(&data);
        let directory = node.directory.current();
        let user = directory.user(&id).unwrap();
        assert_eq!((user.name.as_str(), user.active), ("李明", !blocked));
    }
}

#[test]
fn a_phone_let_in_or_revoked_among_the_accounts_is_so_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (node, id) = made(&data);
    let device = enrol(&node, id);
    assert_eq!(state(&node, device), None);
    crash(node);
    let node = open(&data);
    assert_eq!(state(&node, device), Some(directory::DeviceState::Active));
    let key = node.device_key(DeviceId(device)).unwrap();
    assert_eq!(key.0, Phone::new(3).public());
    let devices = &node.auth.devices;
    devices
        .set_state(device, DeviceAccess::Revoked, Actor::SERVER, NOW.millis())
        .unwrap();
    crash(node);
    let node = open(&data);
    assert_eq!(state(&node, device), Some(directory::DeviceState::Revoked));
}

#[test]
fn nothing_is_changed_by_an_accounts_file_that_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (node, id) = made(&data);
    let revision = node.directory.current().revision;
    crash(node);
    let auth = rusqlite::Connection::open(data.join("auth.db")).unwrap();
    // As a flipped bit does it: past the triggers that keep the sums.
    let triggers: Vec<String> = auth
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'users'")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!triggers.is_empty());
    for trigger in triggers {
        auth.execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    let changed = auth.execute(
        "UPDATE users SET blocked = 1 WHERE user_id = ?1",
        [id.bytes()],
    );
    assert_eq!(changed, Ok(1));
    drop(auth);
    let node = open(&data);
    assert!(!node.auth.damage.is_empty(), "the damage was seen");
    assert_eq!(node.directory.current().revision, revision);
}
