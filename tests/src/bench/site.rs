//! A server node in this process, and phones that reach it by function call.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use gridfold_client::{
    Client, HttpRequest, HttpResponse, OpenOptions, Platform, Transport, TransportError,
};
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{Area, Device, DeviceState, DirectoryChange, Grant, User};
use gridfold_sync_core::entry::{Author, PublicKey};
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde_json::json;

pub(crate) const T0: Timestamp = Timestamp(1_781_300_000_000);

/// CPU time of this process so far, all threads.
pub(crate) fn cpu() -> Duration {
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(usage.tv_sec as u64, usage.tv_nsec as u32)
}

pub(crate) fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

/// Names of ten bytes that are as random as a phone's.
pub(crate) fn ten(n: u64) -> [u8; 10] {
    let mut out = [0; 10];
    out[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    out[8..].copy_from_slice(&(n.wrapping_mul(0xd134_2543_de82_ef95) >> 48).to_be_bytes()[6..]);
    out
}

/// A clock that is set and randomness that repeats.
#[derive(Debug)]
pub(crate) struct BenchPlatform {
    now: AtomicI64,
    random: AtomicU64,
}

impl BenchPlatform {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(T0.millis()),
            random: AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        })
    }
    /// Moves the clock on and tells it.
    pub(crate) fn advance(&self, millis: i64) -> Timestamp {
        Timestamp(self.now.fetch_add(millis, Ordering::Relaxed) + millis)
    }
}

impl Platform for BenchPlatform {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }
    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut x = self
                .random
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// One device brings more than a share of the server, under a clock that stands.
const SETTINGS: &str = "[log]\nmin_free_mib = 16\n[limits]\ndevice_write_s = 3600\n";

/// A server and where it lives.
pub(crate) struct Site {
    pub(crate) node: Arc<Node>,
    pub(crate) dir: tempfile::TempDir,
}

/// Where data goes: `GRIDFOLD_BENCH_DIR`, else the system's temporary directory.
pub(crate) fn temp() -> tempfile::TempDir {
    match std::env::var_os("GRIDFOLD_BENCH_DIR") {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    }
    .unwrap()
}

impl Site {
    /// A new server with `grids` grids `g0`, `g1` … under one street.
    pub(crate) fn new(grids: usize) -> Self {
        Self::with_clock(grids, Arc::new(ManualClock::at(T0)))
    }

    pub(crate) fn with_clock(grids: usize, clock: Arc<dyn Clock>) -> Self {
        let dir = temp();
        let config = Config::parse(SETTINGS, std::iter::empty()).unwrap();
        let node = Node::init(
            &dir.path().join("server"),
            config,
            clock,
            "admin",
            &Password::new("a long enough phrase"),
        )
        .unwrap();
        let of = |code: String, parent: Option<&str>, level: &str| Area {
            name: code.clone(),
            code: area(&code),
            parent: parent.map(area),
            level: level.to_owned(),
        };
        let mut areas = vec![of("s1".into(), None, "street")];
        areas.extend((0..grids).map(|g| of(format!("g{g}"), Some("s1"), "grid")));
        node.directory
            .change(vec![DirectoryChange::Areas { areas }])
            .unwrap();
        Self { node, dir }
    }

    /// Changes that make a worker with a grant and a device.
    pub(crate) fn worker(n: u64, grid: &str, key: &PublicKey) -> (Author, Vec<DirectoryChange>) {
        let user = UserId::from_parts(T0, ten(n * 3 + 1));
        let device = DeviceId::from_parts(T0, ten(n * 3 + 2));
        let changes = vec![
            DirectoryChange::User {
                user: User {
                    id: user,
                    name: format!("worker {n}"),
                    active: true,
                },
            },
            DirectoryChange::Grant {
                grant: Grant {
                    id: GrantId::from_parts(T0, ten(n * 3)),
                    user,
                    role: Role::Worker,
                    area: Some(area(grid)),
                    from: T0.plus_millis(-1_000),
                    until: None,
                },
            },
            DirectoryChange::Device {
                device: Device {
                    id: device,
                    user,
                    public_key: to_hex(&key.0),
                    state: DeviceState::Active,
                    enrolled: T0,
                },
            },
        ];
        (Author { device, user }, changes)
    }

    /// A phone with its store at `path`, enrolled for a grid.
    pub(crate) fn phone(&self, n: u64, grid: &str, path: PathBuf) -> Phone {
        let platform = BenchPlatform::new(n + 1);
        let client = Client::create(OpenOptions {
            disk: gridfold_client::Folder::at(path),
            key: [7; 32].into(),
            platform: Arc::clone(&platform) as _,
        })
        .unwrap();
        let (author, changes) = Self::worker(n, grid, &client.enrolment_key());
        self.node.directory.change(changes).unwrap();
        let link = Link {
            node: Arc::clone(&self.node),
            author,
            served_us: AtomicU64::new(0),
        };
        client.enrol(&link, "CODE").unwrap();
        Phone {
            client,
            platform,
            link,
            grid: area(grid),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// The phone library over an in-process link.
pub(crate) struct Phone {
    pub(crate) client: Client,
    pub(crate) platform: Arc<BenchPlatform>,
    pub(crate) link: Link,
    pub(crate) grid: AreaCode,
}

impl Phone {
    pub(crate) fn sync(&self) -> gridfold_client::SyncReport {
        self.client.sync(&self.link, &Default::default()).unwrap()
    }
}

/// Calls the node; what a network would carry is counted by the client.
pub(crate) struct Link {
    pub(crate) node: Arc<Node>,
    pub(crate) author: Author,
    served_us: AtomicU64,
}

impl Link {
    /// CPU time that the server took for the calls so far, when nothing else ran.
    pub(crate) fn served(&self) -> Duration {
        Duration::from_micros(self.served_us.load(Ordering::Relaxed))
    }

    fn sync(&self, body: &[u8]) -> HttpResponse {
        let before = cpu();
        let done = self.node.sync(self.author, body);
        let took = u64::try_from((cpu() - before).as_micros()).unwrap();
        self.served_us.fetch_add(took, Ordering::Relaxed);
        match done {
            Ok(exchange) => answer(200, "application/vnd.gridfold.sync", exchange.body),
            Err(e) => answer(400, "text/plain", e.to_string().into_bytes()),
        }
    }
}

fn answer(status: u16, kind: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body,
    }
}

impl Transport for Link {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        Ok(match request.path.as_str() {
            "/v1/enrol/begin" => answer(200, "application/json", br#"{"nonce":"00ff10"}"#.to_vec()),
            "/v1/enrol/finish" => {
                let directory = self.node.directory.current();
                let body = json!({
                    "device_id": self.author.device,
                    "user_id": self.author.user,
                    "user_name": "worker",
                    "server_public_key": to_hex(&self.node.server_public_key().0),
                    "access_token": "a",
                    "refresh_token": "r",
                    "access_expires_in_s": 600,
                    "directory": directory.scope(self.author.user, T0),
                });
                answer(200, "application/json", serde_json::to_vec(&body).unwrap())
            }
            _ => self.sync(&request.body),
        })
    }
}

/// One line of the table: a figure beside its baseline and its aim.
pub(crate) fn row(what: &str, figure: &str, baseline: &str, ratio: f64, aim: Option<f64>) {
    let verdict = match aim {
        None => "-".to_owned(),
        Some(aim) if ratio <= aim => format!("<= {aim}: met"),
        Some(aim) => format!("<= {aim}: missed"),
    };
    println!("| {what} | {figure} | {baseline} | {ratio:.3} | {verdict} |");
}
