//! Kills the real server again and again while real phones push over real HTTP: what it
//! acknowledged is there afterwards.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridfold_client::{Client, Folder, OpenOptions, SyncOptions, SystemPlatform, UreqTransport};
use gridfold_server::auth::{Actor, Password};
use gridfold_server::clock::{Clock, SystemClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::views::ReadScope;
use gridfold_sync_core::directory::{Area, DirectoryChange, Grant, User};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{
    AreaCode, FieldKey, FormCode, GrantId, RecordId, SensitivityClass, UserId,
};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::view::Cell;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const CYCLES: u64 = 30;
const PHONES: u8 = 3;
const SEED: u64 = 9;
/// A server that does not come up in this time never does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program of `SERVER_BINARY`, or built here.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SERVER_BINARY") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let path = profile.join(format!("gridfold{}", std::env::consts::EXE_SUFFIX));
    // With the packages of this test, so that what is built already is used; nothing to do when
    // the program is fresh.
    let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    build.args([
        "build",
        "-p",
        "tests",
        "-p",
        "gridfold-server",
        "--bin",
        "gridfold",
    ]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(profile.parent().unwrap());
    assert!(build.status().unwrap().success());
    path
}

fn gridfold(binary: &Path, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("--data")
        .arg(dir)
        .args(args)
        .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
        .env("GRIDFOLD_LIMITS_DEVICE_REQUESTS_PER_MINUTE", "100000")
        .env("GRIDFOLD_LIMITS_ADDRESS_REQUESTS_PER_MINUTE", "100000")
        .env("GRIDFOLD_LOGGING_LEVEL", "error");
    command
}

/// Starts the server; it says where it listens once it serves.
fn serve(binary: &Path, dir: &Path) -> (Child, String) {
    let mut child = gridfold(binary, dir, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ");
    let url = url.unwrap_or_else(|| panic!("the server said {line:?}"));
    (child, url.to_owned())
}

fn open(dir: &Path) -> Arc<Node> {
    let config = Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap();
    Node::open(dir, config, Arc::new(SystemClock)).unwrap()
}

fn key(text: &str) -> FieldKey {
    FieldKey::new(text).unwrap()
}

/// A data directory with workers, and a code for the phone of each.
fn prepare(dir: &Path) -> Vec<String> {
    let config = Config::parse("[log]\nmin_free_mib = 16\n", std::iter::empty()).unwrap();
    let password = Password::new("lantern orchard 47 velvet");
    let node = Node::init(dir, config, Arc::new(SystemClock), "admin", &password).unwrap();
    let now = SystemClock.now();
    let grid = AreaCode::new("g1").unwrap();
    let area = Area {
        code: grid.clone(),
        parent: None,
        name: "grid".into(),
        level: "grid".into(),
    };
    let mut changes = vec![DirectoryChange::Areas { areas: vec![area] }];
    let users: Vec<UserId> = (1..=PHONES)
        .map(|n| UserId::from_parts(now, [n; 10]))
        .collect();
    for (n, user) in (1..).zip(&users) {
        changes.push(DirectoryChange::User {
            user: User {
                id: *user,
                name: format!("worker {n}"),
                active: true,
            },
        });
        changes.push(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId::from_parts(now, [n; 10]),
                user: *user,
                role: Role::Worker,
                area: Some(grid.clone()),
                from: now,
                until: None,
            },
        });
    }
    node.directory.change(changes).unwrap();
    let codes = users
        .iter()
        .map(|user| {
            let made = node
                .auth
                .enrolment
                .invite(user.0, Actor::SERVER, now.millis())
                .unwrap();
            made.code.text().to_string()
        })
        .collect();
    node.shutdown();
    codes
}

/// A phone and what it knows: its household, edits counted there, records made.
struct Phone {
    client: Client,
    household: RecordId,
    counted: i64,
    made: Vec<RecordId>,
    /// What the server has said it holds.
    sure: (i64, usize),
}

impl Phone {
    fn new(dir: &Path, url: &str, code: &str) -> Self {
        let client = Client::create(OpenOptions {
            disk: Folder::at(dir),
            key: [3; 32].into(),
            platform: Arc::new(SystemPlatform),
        })
        .unwrap();
        client.enrol(&UreqTransport::new(url), code).unwrap();
        let mut phone = Self {
            client,
            household: RecordId::from_bytes([0; 16]),
            counted: 0,
            made: Vec::new(),
            sure: (0, 0),
        };
        phone.household = phone.make("household", vec![phone.count()]);
        phone.counted = 1;
        phone
    }
    fn count(&self) -> Op {
        Op::Count {
            field: key("visits_made"),
            by: 1,
        }
    }
    fn make(&self, form: &str, ops: Vec<Op>) -> RecordId {
        let grid = AreaCode::new("g1").unwrap();
        let form = FormCode::new(form).unwrap();
        self.client.create_record(&grid, &form, ops).unwrap()
    }
    /// Types a little and syncs; true when the server took everything.
    fn work(&mut self, url: &str) -> bool {
        self.client
            .edit(self.household, vec![self.count()])
            .unwrap();
        self.counted += 1;
        let notes = Op::Splice {
            field: key("notes"),
            at: 0,
            delete: 0,
            insert: format!("visit {}", self.counted),
        };
        let made = self.make("visit", vec![notes]);
        self.made.push(made);
        let transport = UreqTransport::new(url);
        let synced = self
            .client
            .sync(&transport, &SyncOptions::default())
            .is_ok();
        let all = synced && self.client.status().pending == 0;
        if all {
            self.sure = (self.counted, self.made.len());
        }
        all
    }
    /// What the server acknowledged is there; at the end, everything and no more.
    fn check(&self, node: &Node, exactly: bool, cycle: u64) {
        let (sure, made) = self.sure;
        if sure > 0 {
            let row = node
                .views
                .record(&self.household, &ReadScope::all())
                .unwrap();
            let row = row.unwrap_or_else(|| panic!("cycle {cycle}: the household is gone"));
            let part = row
                .parts
                .iter()
                .find(|(c, _)| *c == SensitivityClass::Personal);
            let value = match part.unwrap().1.fields.get("visits_made") {
                Some(Cell::Counter { value, .. }) => *value,
                other => panic!("cycle {cycle}: {other:?}"),
            };
            let fits = if exactly {
                value == self.counted
            } else {
                (sure..=self.counted).contains(&value)
            };
            assert!(
                fits,
                "cycle {cycle}: {value} counted, {sure} sure, {} typed",
                self.counted
            );
        }
        let made = if exactly { self.made.len() } else { made };
        for record in &self.made[..made] {
            let row = node.views.record(record, &ReadScope::all()).unwrap();
            assert!(
                row.is_some(),
                "cycle {cycle}: acknowledged {record} is gone"
            );
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
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

#[test]
fn nothing_acknowledged_is_missing_after_kill_nine() {
    let binary = binary();
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("data");
    let codes = prepare(&dir);
    let (mut server, mut url) = serve(&binary, &dir);
    let phones: Vec<Mutex<Phone>> = codes
        .iter()
        .enumerate()
        .map(|(n, code)| Phone::new(&root.path().join(format!("phone{n}")), &url, code))
        .map(Mutex::new)
        .collect();
    let mut rng = StdRng::seed_from_u64(SEED);
    for cycle in 0..CYCLES {
        let wanted = rng.random_range(1..12);
        let stop = AtomicBool::new(false);
        let (sender, acknowledged) = channel();
        std::thread::scope(|scope| {
            for phone in &phones {
                let (sender, url, stop): (Sender<()>, _, _) = (sender.clone(), &url, &stop);
                scope.spawn(move || {
                    let mut phone = phone.lock().unwrap();
                    while !stop.load(Ordering::SeqCst) {
                        if phone.work(url) && sender.send(()).is_err() {
                            break;
                        }
                    }
                });
            }
            for _ in 0..wanted {
                acknowledged.recv_timeout(PATIENCE).unwrap();
            }
            // SIGKILL, while the others are pushing.
            server.kill().unwrap();
            server.wait().unwrap();
            stop.store(true, Ordering::SeqCst);
        });
        // A copy is opened here, so that the real server recovers the real one by itself.
        let seen = root.path().join(format!("seen{cycle}"));
        copy(&dir, &seen);
        let node = open(&seen);
        for phone in &phones {
            phone.lock().unwrap().check(&node, false, cycle);
        }
        node.shutdown();
        drop(node);
        std::fs::remove_dir_all(&seen).unwrap();
        (server, url) = serve(&binary, &dir);
    }
    for phone in &phones {
        assert!(
            phone.lock().unwrap().work(&url),
            "the last sync did not end well"
        );
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let verified = gridfold(&binary, &dir, &["verify"]).output().unwrap();
    assert!(
        verified.status.success(),
        "{}{}",
        String::from_utf8_lossy(&verified.stdout),
        String::from_utf8_lossy(&verified.stderr)
    );
    let node = open(&dir);
    for phone in &phones {
        phone.lock().unwrap().check(&node, true, CYCLES);
    }
    let entries = node.views.totals().unwrap().entries;
    println!("{CYCLES} cycles, {entries} entries, none missing (seed {SEED})");
}
