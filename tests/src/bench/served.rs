//! The server as a process of its own, reached over HTTP, so that its memory and CPU time are not
//! those of the phones. Bodies enter and leave; nothing of them is looked at here.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gridfold_server::node::Node;
use gridfold_server::serve::Server;
use rustix::param::clock_ticks_per_second;
use tokio::runtime::Runtime;

/// Requests that are under way at once.
pub(crate) const IN_FLIGHT: usize = 64;

/// Serves a node from this process, for questions one after the other; gives its address for URLs.
pub(crate) fn serve_here(node: &Arc<Node>) -> (Runtime, Server, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = runtime
        .block_on(Server::start(Arc::clone(node), any))
        .unwrap();
    let base = format!("http://{}", server.address);
    (runtime, server, base)
}

/// The program under measurement, built with the features of this one; nothing is done when it is fresh.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().unwrap();
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
    assert!(build.status().unwrap().success(), "the server is not built");
    profile.join(format!("gridfold{}", std::env::consts::EXE_SUFFIX))
}

/// A running server; it ends with this.
pub(crate) struct Served {
    child: Child,
    url: String,
    agent: ureq::Agent,
}

impl Served {
    /// Serves a data directory that nobody else uses, and takes this issuer's tokens.
    pub(crate) fn start(data: &Path, issuer: &str) -> Self {
        let mut child = Command::new(program())
            .arg("--data")
            .arg(data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            // The server refuses settings that it does not know.
            .env_remove("GRIDFOLD_BENCH_DIR")
            .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
            .env("GRIDFOLD_LIMITS_DEVICE_REQUESTS_PER_MINUTE", "100000")
            .env("GRIDFOLD_LOGGING_LEVEL", "error")
            .env("GRIDFOLD_TOKENS_ISSUER", issuer)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        let config = ureq::Agent::config_builder()
            .max_idle_connections(IN_FLIGHT)
            .max_idle_connections_per_host(IN_FLIGHT)
            .build();
        Self {
            child,
            url: format!("{url}/v1/sync"),
            agent: config.new_agent(),
        }
    }

    /// One exchange.
    pub(crate) fn sync(&self, token: &str, body: &[u8]) -> Vec<u8> {
        self.agent
            .post(&self.url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/vnd.gridfold.sync")
            .send(body)
            .unwrap()
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()
            .unwrap()
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// A line `Name:  value kB` of its status, in MiB.
    pub(crate) fn status_mib(&self, name: &str) -> u64 {
        let text = self.proc("status");
        let line = text.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >> 10
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        let text = self.proc("stat");
        // The name before the parenthesis may hold spaces; user and system time are fields 14 and 15.
        let fields: Vec<&str> = text
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11..13]
            .iter()
            .map(|f| f.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 1_000 / clock_ticks_per_second())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Its data is thrown away too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
