//! What only other processes show: a full disk, a killed app, two apps on one store.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, its seed, or whom to play"
)]
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on stops"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::*;
use gridfold_client::{Client, ClientError, Draft, Query};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::RecordId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const DIR: &str = "GRIDFOLD_TEST_CHILD_DIR";

/// What runs this program, when the machine cannot by itself.
fn runner() -> Vec<String> {
    let words = std::env::var("GUEST_RUNNER").unwrap_or_default();
    words.split_whitespace().map(str::to_owned).collect()
}

/// This test again, as another process that works in a directory. A write past its limit is an
/// error there and not its end.
fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .args(runner())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(DIR, dir);
    command
}

/// The directory, in the child.
fn childs_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

fn enrolled(dir: &Path) -> (std::sync::Arc<FakeServer>, Client) {
    let server = FakeServer::new();
    let client = Client::create(options(dir, &TestPlatform::new(1))).unwrap();
    client.enrol(&*server, &server.hire("甲", "c")).unwrap();
    (server, client)
}

fn ops(n: usize, bytes: usize) -> Vec<Op> {
    vec![
        set_text("address", &format!("{n}号楼")),
        splice("notes", 0, &"x".repeat(bytes)),
    ]
}

fn draft(text: &str) -> Draft {
    Draft {
        id: None,
        form: code("household"),
        grid: grid(1),
        record: None,
        new_record: false,
        form_version: None,
        ops: vec![],
        app_state: text.to_owned(),
    }
}

/// Waits until the child said that it is ready.
fn ready(child: &mut Child) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let found = lines.map_while(Result::ok).any(|l| l.ends_with("READY"));
    assert!(found, "the child ended");
}

#[test]
fn a_killed_app_leaves_what_it_saved_and_the_store_free() {
    if let Some(dir) = childs_dir() {
        let (_server, client) = enrolled(&dir);
        client.save_draft(&draft("没写完")).unwrap();
        let form = code("household");
        client.create_record(&grid(1), &form, ops(1, 10)).unwrap();
        println!("\nREADY");
        // Until it is killed.
        let _ = std::io::stdin().read(&mut [0]);
        panic!("it was to be killed");
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "process::a_killed_app_leaves_what_it_saved_and_the_store_free";
    let mut app = child(test, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    ready(&mut app);
    let opts = options(dir.path(), &TestPlatform::new(2));
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::InUse));
    assert_eq!(
        Client::open_or_create(opts.clone()).err(),
        Some(ClientError::InUse)
    );
    app.kill().unwrap();
    app.wait().unwrap();
    let client = Client::open(opts).unwrap();
    assert_eq!(client.drafts().unwrap()[0].app_state, "没写完");
    assert_eq!((client.records().len(), client.status().pending), (1, 1));
}

/// Lets this process write files of at most so many bytes.
fn allow(bytes: Option<u64>) {
    let limit = getrlimit(Resource::Fsize);
    let current = bytes.or(limit.maximum);
    setrlimit(Resource::Fsize, Rlimit { current, ..limit }).unwrap();
}

fn size(dir: &Path) -> u64 {
    fs::metadata(dir.join("store.redb")).unwrap().len()
}

/// Everything that was acknowledged, and nothing else.
fn check(client: &Client, acknowledged: &[(RecordId, usize)], drafts: usize) {
    assert_eq!(client.records().len(), acknowledged.len());
    for (record, n) in acknowledged {
        let fields = client.get(*record).unwrap().fields;
        assert_eq!(fields["address"], format!("{n}号楼"));
    }
    assert_eq!(client.drafts().unwrap().len(), drafts);
}

#[test]
fn a_full_disk_stops_saving_and_nothing_else() {
    if let Some(dir) = childs_dir() {
        let (server, client) = enrolled(&dir);
        let form = code("household");
        let (mut made, mut drafts, mut stops) = (Vec::new(), 0, 0);
        for round in 0..12u64 {
            allow(Some(size(&dir) + round * 40_961));
            for n in 0..5_000 {
                let kind = (made.len() + n) % 5;
                let result = if kind == 4 {
                    let saved = client.save_draft(&draft(&"y".repeat(40_000)));
                    saved.map(|_| drafts += 1)
                } else {
                    let made_now = client.create_record(&grid(1), &form, ops(made.len(), 1_800));
                    made_now.map(|record| made.push((record, made.len())))
                };
                match result {
                    Ok(()) => {}
                    Err(ClientError::StorageFull) => {
                        stops += 1;
                        break;
                    }
                    Err(other) => panic!("round {round}, write {n}: {other:?}"),
                }
            }
            // What is there is read although the disk is full.
            check(&client, &made, drafts);
            let again = client.create_record(&grid(1), &form, ops(0, 1_800));
            match again {
                // What failed left a little room.
                Ok(record) => made.push((record, 0)),
                Err(e) => assert_eq!(e, ClientError::StorageFull),
            }
            allow(None);
            let record = client
                .create_record(&grid(1), &form, ops(made.len(), 10))
                .unwrap();
            made.push((record, made.len()));
            check(&client, &made, drafts);
        }
        assert_eq!(stops, 12);
        client.close();
        let client = Client::open(options(&dir, &TestPlatform::new(3))).unwrap();
        check(&client, &made, drafts);
        let report = client.sync(&*server, &Default::default()).unwrap();
        assert!(!report.new_incarnation);
        assert_eq!((report.admitted, report.refused), (made.len() as u64, 0));
        assert_eq!(client.count(Query::default()), made.len() as u64);
        println!("\nREADY");
        std::io::stdout().flush().unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let out = child(
        "process::a_full_disk_stops_saving_and_nothing_else",
        dir.path(),
    )
    .output()
    .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains("READY"),
        "{said}{}",
        String::from_utf8_lossy(&out.stderr)
    );
}
