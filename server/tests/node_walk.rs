//! The walk inside one process: a phone's push is admitted, logged, projected and pulled again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gridfold_server::auth::Password;
use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::log::StreamName;
use gridfold_server::node::Node;
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::admission::{LogProblem, PushedLog};
use gridfold_sync_core::directory::{Area, Device, DeviceState, DirectoryChange, Grant, User};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{
    Author, Entry, RefusalCode, SignKey, Target, Verdict, head_statement, next_link,
};
use gridfold_sync_core::ids::{
    AreaCode, ChoiceKey, DeviceId, EntryRef, FieldKey, FormCode, GrantId, Hash, IncarnationId,
    RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::schema::{Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{Cursor, Directive, SyncRequest, SyncResponse};

const T0: Timestamp = Timestamp(1_780_000_000_000);

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

fn field(key: &str) -> FieldKey {
    FieldKey::new(key).unwrap()
}

/// A phone reduced to what the protocol needs: a key, a device log per stream.
struct Phone {
    author: Author,
    key: SignKey,
    incarnation: IncarnationId,
    heads: BTreeMap<StreamId, (u64, Hash)>,
}

impl Phone {
    fn entry(&mut self, stream: &StreamId, target: Target, ops: Vec<Op>) -> PushedLog {
        let (seq, link) = self.heads.get(stream).copied().unwrap_or_default();
        let entry = Entry::new(self.incarnation, seq + 1, target, 1, T0, ops);
        let link = next_link(&link, &entry.hash(stream));
        self.heads.insert(stream.clone(), (seq + 1, link));
        let signature = self
            .key
            .sign(&head_statement(stream, self.incarnation, seq + 1, &link));
        PushedLog {
            erased: Vec::new(),
            stream: stream.clone(),
            incarnation: self.incarnation,
            entries: vec![entry],
            signature,
        }
    }

    fn sync(&self, node: &Node, request: &SyncRequest) -> SyncResponse {
        let exchange = node.sync(self.author, &request.encode()).unwrap();
        SyncResponse::decode(&exchange.body, request, self.author).unwrap()
    }
}

fn set_up(dir: &Path) -> Arc<Node> {
    let config = Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap();
    let clock = Arc::new(ManualClock::at(T0));
    let node = Node::init(
        dir,
        config,
        clock,
        "admin",
        &Password::new("a long enough phrase"),
    )
    .unwrap();
    let grid = |code: &str, parent: &str| Area {
        code: area(code),
        parent: Some(area(parent)),
        name: code.to_owned(),
        level: "grid".into(),
    };
    let street = Area {
        code: area("s1"),
        parent: None,
        name: "Street".into(),
        level: "street".into(),
    };
    node.directory
        .change(vec![DirectoryChange::Areas {
            areas: vec![street, grid("g1", "s1"), grid("g2", "s1")],
        }])
        .unwrap();
    node
}

fn enrol(node: &Node, n: u8, grid: &str) -> Phone {
    let key = SignKey::from_seed(&[n; 32]);
    let user = UserId::from_parts(T0, [n; 10]);
    let device = DeviceId::from_parts(T0, [n; 10]);
    let hex = key.public().0.iter().map(|b| format!("{b:02x}")).collect();
    node.directory
        .change(vec![
            DirectoryChange::User {
                user: User {
                    id: user,
                    name: format!("worker {n}"),
                    active: true,
                },
            },
            DirectoryChange::Grant {
                grant: Grant {
                    id: GrantId::from_parts(T0, [n; 10]),
                    user,
                    role: Role::Worker,
                    area: Some(area(grid)),
                    from: T0,
                    until: None,
                },
            },
            DirectoryChange::Device {
                device: Device {
                    id: device,
                    user,
                    public_key: hex,
                    state: DeviceState::Active,
                    enrolled: T0,
                },
            },
        ])
        .unwrap();
    let incarnation = IncarnationId::from_parts(T0, [n; 10]);
    Phone {
        author: Author { device, user },
        key,
        incarnation,
        heads: BTreeMap::new(),
    }
}

fn visit_ops(notes: &str) -> Vec<Op> {
    vec![
        Op::Set {
            field: field("visited_at"),
            value: Value::DateTime(T0),
        },
        Op::Set {
            field: field("purpose"),
            value: Value::Choice(ChoiceKey::new("routine").unwrap()),
        },
        Op::Splice {
            field: field("notes"),
            at: 0,
            delete: 0,
            insert: notes.into(),
        },
    ]
}

fn new_visit(n: u8) -> (RecordId, Target) {
    let record = RecordId::from_parts(T0, [n; 10]);
    (
        record,
        Target::New {
            record,
            form: FormCode::new("visit").unwrap(),
        },
    )
}

#[test]
fn a_pushed_visit_is_logged_projected_searched_and_pulled_by_a_colleague() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let (mut a, b) = (enrol(&node, 1, "g1"), enrol(&node, 2, "g1"));
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let (record, target) = new_visit(9);
    let log = a.entry(&stream, target, visit_ops("厨房漏水，需要维修"));
    let request = SyncRequest {
        logs: vec![log],
        ..SyncRequest::default()
    };
    let answer = a.sync(&node, &request);
    assert_eq!(answer.problems, vec![]);
    assert_eq!(answer.pages.len(), 1);
    assert_eq!(
        answer.pages[0].items[0].verdict,
        Verdict::Admitted { late: false }
    );
    assert!(
        answer.pages[0].items[0].entry.is_none(),
        "what was just pushed is not sent back"
    );
    let again = a.sync(&node, &request);
    assert_eq!(
        again.pages[0].items.len(),
        1,
        "a repeated push adds nothing"
    );
    let pulled = b.sync(&node, &SyncRequest::default());
    assert_eq!(
        pulled.pages[0].items[0].entry.as_ref().unwrap().ops().len(),
        3
    );
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.text = Some("漏水".into());
    let found = node.views.list(&filter).unwrap();
    assert_eq!(
        found.rows.iter().map(|r| r.record).collect::<Vec<_>>(),
        vec![record]
    );
    filter.scope.classes = [SensitivityClass::General].into();
    assert!(
        node.views.list(&filter).unwrap().rows.is_empty(),
        "a search tells nothing of unreadable classes"
    );
}

#[test]
fn concurrent_values_stay_visible_and_a_refused_edit_is_kept_beside_admitted_ones() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let (mut a, mut b) = (enrol(&node, 1, "g1"), enrol(&node, 2, "g1"));
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let (record, target) = new_visit(9);
    let first = a.entry(&stream, target, visit_ops("记录"));
    let at = Target::At(vec![EntryRef {
        incarnation: a.incarnation,
        seq: 1,
    }]);
    a.sync(
        &node,
        &SyncRequest {
            logs: vec![first],
            ..SyncRequest::default()
        },
    );
    let minutes = |n| {
        vec![Op::Set {
            field: field("minutes"),
            value: Value::Integer(n),
        }]
    };
    let mine = a.entry(&stream, at.clone(), minutes(20));
    let bad = a.entry(
        &stream,
        Target::At(vec![EntryRef {
            incarnation: a.incarnation,
            seq: 2,
        }]),
        minutes(5_000),
    );
    let theirs = b.entry(&stream, at, minutes(30));
    a.sync(
        &node,
        &SyncRequest {
            logs: vec![mine],
            ..SyncRequest::default()
        },
    );
    let refused = a.sync(
        &node,
        &SyncRequest {
            logs: vec![bad],
            ..SyncRequest::default()
        },
    );
    assert_eq!(
        refused.pages[0].items[2].verdict,
        Verdict::Refused(RefusalCode::OutOfRange)
    );
    b.sync(
        &node,
        &SyncRequest {
            logs: vec![theirs],
            ..SyncRequest::default()
        },
    );
    let stored = node
        .views
        .record(&record, &ReadScope::all())
        .unwrap()
        .unwrap();
    assert_eq!(stored.row.conflicts, 1);
    assert_eq!(stored.parts[0].1.conflicts().next().unwrap().1.len(), 2);
    assert_eq!(
        node.views
            .refused(&ReadScope::all(), None, 10)
            .unwrap()
            .rows
            .len(),
        1
    );
    assert_eq!(
        node.views
            .history(&record, &ReadScope::all())
            .unwrap()
            .len(),
        4
    );
    let report = node.verify(false, &mut |_| {}).unwrap();
    assert!(report.is_well(), "{report:?}");
    assert_eq!(report.signatures, 4);
}

#[test]
fn a_worker_of_another_grid_is_refused_and_another_devices_log_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let (mut a, mut thief) = (enrol(&node, 1, "g1"), enrol(&node, 2, "g2"));
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let log = a.entry(&stream, new_visit(9).1, visit_ops("记录"));
    a.sync(
        &node,
        &SyncRequest {
            logs: vec![log],
            ..SyncRequest::default()
        },
    );
    let trespass = thief.entry(&stream, new_visit(8).1, visit_ops("x"));
    thief.sync(
        &node,
        &SyncRequest {
            logs: vec![trespass],
            ..SyncRequest::default()
        },
    );
    let refused = node.views.refused(&ReadScope::all(), None, 10).unwrap();
    assert_eq!(refused.rows[0].code, RefusalCode::NoGrant);
    thief.incarnation = a.incarnation;
    thief.heads.insert(stream.clone(), (1, Hash::default()));
    let forged = thief.entry(&stream, new_visit(7).1, visit_ops("x"));
    let answer = thief.sync(
        &node,
        &SyncRequest {
            logs: vec![forged],
            ..SyncRequest::default()
        },
    );
    assert_eq!(answer.problems[0].problem, LogProblem::NotYourLog);
    assert_eq!(node.views.quarantine(10).unwrap().len(), 1);
    assert!(
        answer.pages.is_empty(),
        "a phone is sent only streams that its grants cover"
    );
}

#[test]
fn a_phone_whose_grid_moved_away_hears_its_refusal_and_who_never_read_it_hears_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let (mut a, mut stranger) = (enrol(&node, 1, "s1"), enrol(&node, 2, "g1"));
    let stream = StreamId::new(area("g2"), SensitivityClass::Personal);
    let log = a.entry(&stream, new_visit(9).1, visit_ops("记录"));
    let push = |log| SyncRequest {
        logs: vec![log],
        ..SyncRequest::default()
    };
    a.sync(&node, &push(log));
    let head = node
        .log
        .head(&StreamName::new(stream.name()).unwrap())
        .unwrap();
    let moved = [("s2", None, "street"), ("g2", Some("s2"), "grid")];
    let areas = moved.map(|(code, parent, level)| Area {
        code: area(code),
        parent: parent.map(area),
        name: code.to_owned(),
        level: level.to_owned(),
    });
    node.directory
        .change(vec![DirectoryChange::Areas {
            areas: areas.to_vec(),
        }])
        .unwrap();

    let mut read = [0; 8];
    read.copy_from_slice(&head.prefix[..8]);
    let with_cursor = |log, prefix| SyncRequest {
        epoch: node.log.epoch(),
        cursors: vec![Cursor {
            stream: stream.clone(),
            seq: head.seq,
            prefix,
        }],
        ..push(log)
    };
    let erase = vec![Directive::Erase(stream.clone())];
    let in_good_faith = a.entry(&stream, new_visit(8).1, visit_ops("离线记录"));
    let answer = a.sync(&node, &with_cursor(in_good_faith, read));
    let verdicts: Vec<_> = answer.pages[0].items.iter().map(|i| i.verdict).collect();
    assert_eq!(verdicts, [Verdict::Refused(RefusalCode::NoGrant)]);
    assert_eq!(answer.directives, erase);

    let guessed = stranger.entry(&stream, new_visit(7).1, visit_ops("x"));
    let answer = stranger.sync(&node, &with_cursor(guessed, [7; 8]));
    assert!(answer.pages.is_empty(), "a guessed prefix opens nothing");
    assert_eq!(answer.directives, erase);
}

#[test]
fn a_restored_backup_has_a_new_epoch_and_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(&dir.path().join("a"));
    let mut a = enrol(&node, 1, "g1");
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let (record, target) = new_visit(9);
    let log = a.entry(&stream, target, visit_ops("厨房漏水"));
    a.sync(
        &node,
        &SyncRequest {
            logs: vec![log],
            ..SyncRequest::default()
        },
    );
    let file = dir.path().join("backup");
    node.backup(&file, &mut |_| {}).unwrap();
    let options = gridfold_server::log::LogOptions {
        min_free_bytes: 0,
        ..Default::default()
    };
    let to = dir.path().join("b");
    gridfold_server::backup::restore(&file, &to, Default::default(), &options, &mut |_| {})
        .unwrap();
    let again = Node::open(&to, node.config.clone(), Arc::new(ManualClock::at(T0))).unwrap();
    assert_ne!(again.log.epoch(), node.log.epoch());
    let (was, is) = (
        node.views.record(&record, &ReadScope::all()).unwrap(),
        again.views.record(&record, &ReadScope::all()).unwrap(),
    );
    assert_eq!(was.unwrap().parts, is.unwrap().parts);
    assert!(again.verify(true, &mut |_| {}).unwrap().is_well());
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let damaged = gridfold_server::backup::restore(
        &file,
        &dir.path().join("c"),
        Default::default(),
        &options,
        &mut |_| {},
    );
    assert!(damaged.is_err() && !dir.path().join("c").join("master.key").exists());
}

#[test]
fn a_node_opens_again_with_everything_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let mut a = enrol(&node, 1, "g1");
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let (record, target) = new_visit(9);
    let log = a.entry(&stream, target, visit_ops("厨房漏水"));
    a.sync(
        &node,
        &SyncRequest {
            logs: vec![log],
            ..SyncRequest::default()
        },
    );
    let revision = node.directory.current().revision;
    let config = node.config.clone();
    drop(node);
    let node = Node::open(dir.path(), config, Arc::new(ManualClock::at(T0))).unwrap();
    assert_eq!(node.directory.current().revision, revision);
    assert!(!node.report.views_rebuilt);
    assert!(
        node.views
            .record(&record, &ReadScope::all())
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_server_founded_by_an_older_build_publishes_newer_forms_when_it_starts() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap();
    let clock = || Arc::new(ManualClock::at(T0));
    let mut older = builtin_forms().unwrap();
    older.retain(|f| f.version == 1);
    let node = Node::create_with(dir.path(), config.clone(), clock(), older).unwrap();
    let matter = FormCode::new("matter").unwrap();
    let newest = |node: &Node| {
        let directory = node.directory.current();
        directory.forms().latest(&matter).unwrap().version
    };
    assert_eq!(newest(&node), 1);
    let grid = Area {
        code: area("g1"),
        parent: None,
        name: "grid".into(),
        level: "grid".into(),
    };
    node.directory
        .change(vec![DirectoryChange::Areas { areas: vec![grid] }])
        .unwrap();
    let mut a = enrol(&node, 1, "g1");
    let stream = StreamId::new(area("g1"), SensitivityClass::General);
    let record = RecordId::from_parts(T0, [7; 10]);
    let target = Target::New {
        record,
        form: matter.clone(),
    };
    let set = |name: &str, text: &str| Op::Set {
        field: field(name),
        value: Value::Text(text.to_owned()),
    };
    let push = |node: &Node, a: &Phone, log: PushedLog| {
        let logs = vec![log];
        a.sync(
            node,
            &SyncRequest {
                logs,
                ..SyncRequest::default()
            },
        )
    };
    let log = a.entry(&stream, target, vec![set("summary", "路灯不亮")]);
    let first = log.entries[0].id();
    push(&node, &a, log);
    drop(node);
    let node = Node::open(dir.path(), config.clone(), clock()).unwrap();
    assert_eq!(newest(&node), 5);
    let revision = node.directory.current().revision;
    // The record is read, and still edited with the version it was made with.
    let log = a.entry(&stream, Target::At(vec![first]), vec![set("place", "东门")]);
    push(&node, &a, log);
    let row = node
        .views
        .record(&record, &ReadScope::all())
        .unwrap()
        .unwrap();
    let (_, part) = &row.parts[0];
    assert_eq!(part.value("place"), Some(&Value::Text("东门".to_owned())));
    drop(node);
    let node = Node::open(dir.path(), config, clock()).unwrap();
    assert_eq!(node.directory.current().revision, revision);
}

#[test]
fn what_views_say_of_heads_and_entries_decides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let node = set_up(dir.path());
    let mut a = enrol(&node, 1, "g1");
    let stream = StreamId::new(area("g1"), SensitivityClass::Personal);
    let (_, target) = new_visit(9);
    let first = SyncRequest {
        logs: vec![a.entry(&stream, target, visit_ops("厨房漏水"))],
        ..SyncRequest::default()
    };
    assert_eq!(a.sync(&node, &first).problems, vec![]);
    let config = node.config.clone();
    drop(node);
    // Rows that were never written so, in pages whose checksums are right.
    let views = rusqlite::Connection::open_with_flags_and_vfs(
        dir.path().join("views.db"),
        rusqlite::OpenFlags::default(),
        gridfold_server::views::VFS_NAME,
    )
    .unwrap();
    views
        .execute_batch(
            "UPDATE entries SET hash = zeroblob(32), log_seq = 7;
             UPDATE incarnations SET device = zeroblob(16);
             UPDATE records SET grid = 'g2', form = 'matter';",
        )
        .unwrap();
    views.close().unwrap();
    let node = Node::open(dir.path(), config.clone(), Arc::new(ManualClock::at(T0))).unwrap();
    // The phone did not hear the answer and says the same again; then it goes on.
    assert_eq!(a.sync(&node, &first).problems, vec![]);
    let (record, target) = new_visit(10);
    let log = a.entry(&stream, target, visit_ops("第二次"));
    let second = SyncRequest {
        logs: vec![log],
        ..SyncRequest::default()
    };
    let answer = a.sync(&node, &second);
    assert_eq!(answer.problems, vec![]);
    assert!(
        node.views
            .record(&record, &ReadScope::all())
            .unwrap()
            .is_some()
    );
    let report = node.verify(true, &mut |_| ()).unwrap();
    assert_eq!(report.problems, Vec::<String>::new(), "log and index agree");
    assert!(
        !report.differences.is_empty(),
        "and the views are told apart"
    );
    drop(node);
    let node = Node::open(dir.path(), config, Arc::new(ManualClock::at(T0))).unwrap();
    let report = node.verify(false, &mut |_| ()).unwrap();
    assert!(report.is_well(), "{report:?}");
}
