//! The server of the world: a real node that crashes, is restored, and is given old views.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridfold_server::clock::ManualClock;
use gridfold_server::config::Config;
use gridfold_server::log::{Engine, LogOptions};
use gridfold_server::node::Node;
use gridfold_server::trouble::{Store, StoreFaults, Trouble};
use gridfold_server::views::VIEWS_DB_FILE_NAME;
use gridfold_server::writer::Faults;
use gridfold_sync_core::time::Timestamp;

use super::net::Net;

/// Steps of a batch at which the simulation stops the writer.
pub(super) const STEPS: [&str; 4] = ["admit", "append", "project", "answer"];

/// Longer than a writer ever waits before it tries its views again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to the views while the server is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ViewsFate {
    Kept,
    Deleted,
    Older,
}

/// A store that fails its next writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ailing {
    pub(super) store: Store,
    pub(super) trouble: Trouble,
    pub(super) writes: u32,
}

/// The server and what it keeps on disk.
pub(super) struct Server {
    dir: PathBuf,
    redb: bool,
    pub(super) clock: Arc<ManualClock>,
    node: Option<Arc<Node>>,
    armed: Arc<Mutex<Option<&'static str>>>,
    ailing: Arc<Mutex<Vec<Ailing>>>,
    failed: Arc<AtomicU64>,
    old_views: Option<PathBuf>,
    root: PathBuf,
    made: u32,
}

fn config(redb: bool) -> Config {
    let engine = if redb { "redb" } else { "sled" };
    let text = format!("[log]\nengine = \"{engine}\"\ncache_mib = 16\nmin_free_mib = 16\n");
    Config::parse(&text, std::iter::empty()).unwrap()
}

impl Server {
    pub(super) fn create(root: &Path, redb: bool, now: Timestamp) -> Self {
        let clock = Arc::new(ManualClock::at(now));
        let dir = root.join("server0");
        let node = Node::create(&dir, config(redb), Arc::clone(&clock) as _).unwrap();
        drop(node);
        let mut server = Self {
            dir,
            redb,
            clock,
            node: None,
            armed: Arc::default(),
            ailing: Arc::default(),
            failed: Arc::default(),
            old_views: None,
            root: root.to_owned(),
            made: 0,
        };
        server.open();
        server
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        self.node.as_ref().unwrap()
    }

    fn open(&mut self) {
        let armed = Arc::clone(&self.armed);
        let faults: Faults = Arc::new(move |step| {
            let mut armed = armed.lock().unwrap();
            let stops = *armed == Some(step);
            if stops {
                *armed = None;
            }
            stops
        });
        let clock = Arc::clone(&self.clock) as _;
        let (ailing, failed) = (Arc::clone(&self.ailing), Arc::clone(&self.failed));
        let stores: StoreFaults = Arc::new(move |store| {
            let mut ailing = ailing.lock().unwrap();
            let ill = ailing
                .iter_mut()
                .find(|a| a.store == store && a.writes > 0)?;
            ill.writes -= 1;
            failed.fetch_add(1, Ordering::SeqCst);
            Some(ill.trouble)
        });
        let config = config(self.redb);
        let node = Node::open_failing(&self.dir, config, clock, Some(faults), Some(stores));
        self.node = Some(node.unwrap());
    }

    /// A store fails from now on.
    pub(super) fn ail(&self, ailing: Ailing) {
        self.ailing.lock().unwrap().push(ailing);
    }

    /// The disk is well again, for a server that starts anew.
    pub(super) fn mend_disk(&self) {
        self.ailing.lock().unwrap().clear();
    }

    /// The disk is well again. A running server finds out by itself; one whose log stopped ends and
    /// is started again, as an operator's service would.
    pub(super) fn recover(&mut self, net: &Net) {
        self.mend_disk();
        if self.node().log.stopped().is_some() {
            net.connect(None);
            self.restart(ViewsFate::Kept);
            net.connect(Some(Arc::clone(self.node())));
        }
        assert!(
            self.node().following.wait_until_level(PATIENCE),
            "the views stay behind on a disk that is well"
        );
    }

    fn segments(&self) -> Vec<PathBuf> {
        let mut segments: Vec<PathBuf> = std::fs::read_dir(self.dir.join("log/segments"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "segment"))
            .collect();
        segments.sort();
        segments
    }

    /// A stretch of the log's newest segment reads as zeros, and the views are gone, so that
    /// nothing but phones has what was there.
    pub(super) fn wreck(&mut self, net: &Net) {
        net.connect(None);
        drop(self.node.take());
        let path = self.segments().pop().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let (from, to) = (bytes.len() * 17 / 20, bytes.len() * 19 / 20);
        bytes[from..to].fill(0);
        std::fs::write(path, bytes).unwrap();
        self.forget_views();
        self.open();
        net.connect(Some(Arc::clone(self.node())));
    }

    fn forget_views(&self) {
        let views = self.dir.join(VIEWS_DB_FILE_NAME);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", views.display()));
        }
    }

    /// A bit of a segment is not what was written.
    fn flip(&self, at: u64) {
        let segments = self.segments();
        let path = &segments[at as usize % segments.len()];
        let mut bytes = std::fs::read(path).unwrap();
        let bit = (at / 7) as usize % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(path, bytes).unwrap();
    }

    /// Writes of stores that failed.
    pub(super) fn failed_writes(&self) -> u64 {
        self.failed.load(Ordering::SeqCst)
    }

    /// The next batch stops at this step, as if the power went.
    pub(super) fn arm(&self, step: &'static str) {
        *self.armed.lock().unwrap() = Some(step);
    }

    /// Whether the writer was stopped; nothing is armed afterwards.
    pub(super) fn fired(&self) -> bool {
        self.armed.lock().unwrap().take().is_none()
    }

    /// The process ends, a bit of its log perhaps flips, and it starts again.
    pub(super) fn restart_flipped(&mut self, fate: ViewsFate, flip: Option<u64>) {
        let node = self.node.take().unwrap();
        assert_eq!(Arc::strong_count(&node), 1, "somebody kept the server");
        drop(node);
        if let Some(at) = flip {
            self.flip(at);
        }
        let views = self.dir.join(VIEWS_DB_FILE_NAME);
        match fate {
            ViewsFate::Kept => {}
            ViewsFate::Deleted => self.forget_views(),
            ViewsFate::Older => {
                if let Some(old) = &self.old_views {
                    self.forget_views();
                    std::fs::copy(old, &views).unwrap();
                }
            }
        }
        if fate == ViewsFate::Kept && !views.with_extension("db-wal").exists() {
            let copy = self.root.join("old-views.db");
            std::fs::copy(&views, &copy).unwrap();
            self.old_views = Some(copy);
        }
        self.open();
    }

    pub(super) fn backup(&mut self) -> PathBuf {
        self.made += 1;
        let file = self.root.join(format!("backup{}", self.made));
        self.node().backup(&file, &mut |_| {}).unwrap();
        file
    }

    /// The process ends and starts again.
    fn restart(&mut self, fate: ViewsFate) {
        self.restart_flipped(fate, None);
    }

    /// The machine is lost; another one goes on from a backup.
    pub(super) fn restore(&mut self, file: &Path) {
        drop(self.node.take());
        self.made += 1;
        let dir = self.root.join(format!("server{}", self.made));
        let engine = if self.redb {
            Engine::Redb
        } else {
            Engine::Sled
        };
        let options = LogOptions {
            min_free_bytes: 0,
            ..LogOptions::default()
        };
        gridfold_server::backup::restore(file, &dir, engine, &options, &mut |_| {}).unwrap();
        let _ = std::fs::remove_dir_all(&self.dir);
        self.dir = dir;
        self.open();
    }
}
