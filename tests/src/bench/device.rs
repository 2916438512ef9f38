//! A phone reduced to what the protocol needs, so that only the server's work is measured.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use gridfold_server::node::Node;
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{
    Author, Entry, SignKey, Target, head_statement, item_hash, next_link, next_prefix,
};
use gridfold_sync_core::ids::{EntryRef, Hash, IncarnationId, SensitivityClass, StreamId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{Cursor, SyncRequest, SyncResponse};

use super::served::Served;
use super::site::{Site, T0, area, cpu, ten};

/// One device with one device log.
pub(crate) struct Device {
    pub(crate) author: Author,
    pub(crate) incarnation: IncarnationId,
    pub(crate) stream: StreamId,
    pub(crate) key: SignKey,
    seq: u64,
    link: Hash,
    hashes: HashMap<EntryRef, Hash>,
    cursors: BTreeMap<StreamId, (u64, Hash)>,
    pub(crate) directory: [u8; 8],
    waiting: Vec<Entry>,
}

impl Device {
    /// A device, and the changes that enrol it.
    pub(crate) fn new(n: u64, grid: &str) -> (Self, Vec<DirectoryChange>) {
        let mut seed = [3; 32];
        seed[..8].copy_from_slice(&n.to_be_bytes());
        let key = SignKey::from_seed(&seed);
        let (author, changes) = Site::worker(n, grid, &key.public());
        let device = Self {
            author,
            incarnation: IncarnationId::from_parts(T0, ten(n + 1_000_000)),
            stream: StreamId::new(area(grid), SensitivityClass::Personal),
            key,
            seq: 0,
            link: Hash::default(),
            hashes: HashMap::new(),
            cursors: BTreeMap::new(),
            directory: [0; 8],
            waiting: Vec::new(),
        };
        (device, changes)
    }

    pub(crate) fn enrolled(site: &Site, n: u64, grid: &str) -> Self {
        let (device, changes) = Self::new(n, grid);
        site.node.directory.change(changes).unwrap();
        device
    }

    /// Makes an entry; gives its name.
    pub(crate) fn make(&mut self, target: Target, at: Timestamp, ops: Vec<Op>) -> EntryRef {
        self.seq += 1;
        let entry = Entry::new(self.incarnation, self.seq, target, 1, at, ops);
        let hash = entry.hash(&self.stream);
        self.link = next_link(&self.link, &hash);
        self.hashes.insert(entry.id(), hash);
        let id = entry.id();
        self.waiting.push(entry);
        id
    }

    /// How many entries wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The request with everything that waits.
    pub(crate) fn request(&mut self) -> SyncRequest {
        let statement = head_statement(&self.stream, self.incarnation, self.seq, &self.link);
        let logs = if self.waiting.is_empty() {
            Vec::new()
        } else {
            vec![PushedLog {
                erased: Vec::new(),
                stream: self.stream.clone(),
                incarnation: self.incarnation,
                entries: std::mem::take(&mut self.waiting),
                signature: self.key.sign(&statement),
            }]
        };
        SyncRequest {
            directory: self.directory,
            cursors: self
                .cursors
                .iter()
                .map(|(stream, (seq, prefix))| Cursor {
                    stream: stream.clone(),
                    seq: *seq,
                    prefix: std::array::from_fn(|i| prefix.0[i]),
                })
                .collect(),
            logs,
            ..SyncRequest::default()
        }
    }

    /// Takes a response; gives how many items came and whether there are more.
    pub(crate) fn take(&mut self, request: &SyncRequest, body: &[u8]) -> (usize, bool) {
        let answer = SyncResponse::decode(body, request, self.author).unwrap();
        assert_eq!(answer.problems, vec![]);
        if let Some(directory) = &answer.directory {
            self.directory = directory.digest();
        }
        let (mut items, mut more) = (0, false);
        for page in answer.pages {
            let at = self.cursors.entry(page.stream.clone()).or_default();
            for item in &page.items {
                assert!(item.verdict.is_admitted(), "{:?}", item.verdict);
                let hash = if item.entry_hash == Hash::default() {
                    self.hashes[&item.id]
                } else {
                    item.entry_hash
                };
                let one = item_hash(&hash, &item.id, &item.author, item.received, item.verdict);
                *at = (at.0 + 1, next_prefix(&at.1, &one));
            }
            items += page.items.len();
            more |= page.more;
        }
        (items, more)
    }

    /// One exchange; gives the server's CPU time for it.
    pub(crate) fn sync(&mut self, node: &Node) -> Duration {
        self.sync_keeping(node).0
    }

    /// The same, and the body that was sent.
    pub(crate) fn sync_keeping(&mut self, node: &Node) -> (Duration, Vec<u8>) {
        let request = self.request();
        let body = request.encode();
        let before = cpu();
        let exchange = node.sync(self.author, &body).unwrap();
        let took = cpu() - before;
        self.take(&request, &exchange.body);
        (took, body)
    }

    /// One exchange with a server of its own process; gives how many items came.
    pub(crate) fn pull(&mut self, server: &Served, token: &str) -> usize {
        let request = self.request();
        let body = server.sync(token, &request.encode());
        self.take(&request, &body).0
    }

    /// Where it stands in each stream.
    pub(crate) fn ends(&self) -> Vec<(StreamId, u64)> {
        self.cursors
            .iter()
            .map(|(s, (n, _))| (s.clone(), *n))
            .collect()
    }
}
