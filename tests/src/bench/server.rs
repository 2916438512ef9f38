//! Server CPU per entry, from the decoded socket body to the view, all threads of the process.

use std::collections::HashMap;
use std::time::Duration;

use automerge::AutoCommit;
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{EntryRef, RecordId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use gridfold_sync_core::wire::SyncRequest;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::device::Device;
use super::rival::{Rival, change, empty};
use super::site::{Site, T0, cpu, row, ten};
use super::wire::visit_form;
use super::{text, visit};

const PUSH: usize = 200;

/// One device at work: its records, their heads, and the same in automerge.
struct Worker {
    device: Device,
    rng: StdRng,
    now: Timestamp,
    records: Vec<(RecordId, EntryRef)>,
    docs: HashMap<RecordId, AutoCommit>,
    changes: Vec<(RecordId, Vec<u8>)>,
    rival: bool,
}

impl Worker {
    fn new(site: &Site, n: u64, grid: &str, rival: bool) -> Self {
        Self {
            device: Device::enrolled(site, n, grid),
            rng: StdRng::seed_from_u64(n),
            now: T0,
            records: Vec::new(),
            docs: HashMap::new(),
            changes: Vec::new(),
            rival,
        }
    }

    fn create(&mut self) {
        self.now = self.now.plus_millis(self.rng.random_range(60_000..600_000));
        let record = RecordId::from_parts(self.now, ten(self.rng.random()));
        let household = RecordId::from_parts(self.now, ten(self.rng.random()));
        let notes = text::notes(&mut self.rng, 120);
        let ops = visit::visit(&mut self.rng, household, self.now, notes);
        if self.rival {
            let mut doc = empty(self.device.incarnation);
            self.changes
                .push((record, change(&mut doc, &ops, self.now.millis())));
            self.docs.insert(record, doc);
        }
        let head = self.device.make(
            Target::New {
                record,
                form: visit_form(),
            },
            self.now,
            ops,
        );
        self.records.push((record, head));
    }

    fn follow(&mut self, which: usize) {
        self.now = self.now.plus_millis(self.rng.random_range(60_000..600_000));
        let (record, head) = self.records[which];
        let ops = if self.rng.random_range(0..3) == 0 {
            visit::typed(text::notes(&mut self.rng, 8))
        } else {
            // Always another value: automerge makes no change of an equal one.
            vec![visit::set(
                "minutes",
                gridfold_sync_core::edit::Value::Integer(self.device.waiting() as i64 + 1),
            )]
        };
        if self.rival {
            let doc = self.docs.get_mut(&record).unwrap();
            let bytes = change(doc, &ops, self.now.millis());
            if !bytes.is_empty() {
                self.changes.push((record, bytes));
            }
        }
        self.records[which].1 = self.device.make(Target::At(vec![head]), self.now, ops);
    }
}

/// What automerge's figure is the counterpart of: reading entries and folding them into rows in
/// memory, nothing durable.
#[derive(Default)]
struct Bare {
    rows: HashMap<RecordId, PartState>,
    record_of: HashMap<EntryRef, RecordId>,
    took: Duration,
}

impl Bare {
    fn fold(&mut self, body: &[u8]) {
        let before = cpu();
        for log in SyncRequest::decode(body).unwrap().logs {
            for entry in &log.entries {
                let record = match &entry.header.target {
                    Target::New { record, .. } => *record,
                    Target::At(heads) => self.record_of[&heads[0]],
                };
                let row = self
                    .rows
                    .entry(record)
                    .or_insert_with(|| PartState::new(visit_form()));
                row.apply(entry);
                self.record_of.insert(entry.id(), record);
            }
        }
        self.took += cpu() - before;
    }
}

fn per_entry_us(took: Duration, entries: usize) -> f64 {
    took.as_secs_f64() * 1e6 / entries as f64
}

fn report(what: &str, ours: f64, theirs: f64, aim: f64) {
    row(
        what,
        &format!("{ours:.1} us/entry"),
        &format!("automerge parse + apply {theirs:.1} us/edit"),
        ours / theirs,
        Some(aim),
    );
}

/// New visits and edits at the heads.
pub(crate) fn linear(pushes: usize) {
    for (what, new) in [
        ("new visits only", PUSH),
        ("40 new visits, 160 edits at heads", 40),
        ("edits at heads only", 0),
    ] {
        let site = Site::new(1);
        let mut worker = Worker::new(&site, 1, "g0", true);
        let mut rival = Rival::default();
        let mut took = Duration::ZERO;
        let mut bare = Bare::default();
        let (mut first, mut entries) = (true, 0);
        for push in 0..=pushes {
            for i in 0..PUSH {
                if i < new || push == 0 {
                    worker.create();
                } else {
                    let which = worker.rng.random_range(0..worker.records.len());
                    worker.follow(which);
                }
            }
            let (one, body) = worker.device.sync_keeping(&site.node);
            bare.fold(&body);
            rival.apply(&std::mem::take(&mut worker.changes));
            if std::mem::take(&mut first) {
                rival.took = Duration::ZERO;
                rival.edits = 0;
                bare.took = Duration::ZERO;
            } else {
                took += one;
                entries += PUSH;
            }
        }
        report(
            &format!("linear: {what} ({entries} entries)"),
            per_entry_us(took, entries),
            rival.per_edit_us(),
            0.2,
        );
        let (us, theirs) = (per_entry_us(bare.took, entries), rival.per_edit_us());
        row(
            "  of it decoding and folding alone: no log, no view",
            &format!("{us:.1} us/entry"),
            &format!("automerge parse + apply {theirs:.1} us/edit"),
            us / theirs,
            None,
        );
    }
}

/// Four devices edit the same records, each on from the state that it last saw.
pub(crate) fn concurrent() {
    const DEVICES: u64 = 4;
    const RECORDS: usize = 40;
    for (what, rounds) in [
        ("4 devices, 5 edits each on 40 records", 5),
        ("4 devices, 25 edits each on 40 records", 25),
    ] {
        let site = Site::new(1);
        let mut maker = Worker::new(&site, 1, "g0", true);
        for _ in 0..RECORDS {
            maker.create();
        }
        let mut rival = Rival::default();
        maker.device.sync(&site.node);
        rival.apply(&std::mem::take(&mut maker.changes));
        rival.took = Duration::ZERO;
        rival.edits = 0;
        let mut workers: Vec<Worker> = (0..DEVICES)
            .map(|n| Worker::new(&site, 10 + n, "g0", true))
            .collect();
        for worker in &mut workers {
            worker.device.sync(&site.node);
            worker.records.clone_from(&maker.records);
            for (record, doc) in &mut maker.docs {
                worker.docs.insert(
                    *record,
                    doc.fork().with_actor(automerge::ActorId::from(
                        &worker.device.incarnation.bytes()[..],
                    )),
                );
            }
        }
        let (mut took, mut entries) = (Duration::ZERO, 0);
        for _ in 0..rounds {
            for worker in &mut workers {
                for which in 0..RECORDS {
                    worker.follow(which);
                    entries += 1;
                }
                took += worker.device.sync(&site.node);
                rival.apply(&std::mem::take(&mut worker.changes));
            }
        }
        report(
            &format!("concurrent: {what} ({entries} entries)"),
            per_entry_us(took, entries),
            rival.per_edit_us(),
            3.0,
        );
    }
}

/// One stream of 100 pushes: CPU per entry of its first, around its 10th and around its 100th.
pub(crate) fn growth() {
    let site = Site::new(1);
    let mut worker = Worker::new(&site, 1, "g0", false);
    let mut marks = Vec::new();
    let (mut took, mut entries) = (Duration::ZERO, 0);
    for push in 1..=1_000usize {
        for i in 0..PUSH {
            if i < 40 || push == 1 {
                worker.create();
            } else {
                let which = worker.rng.random_range(0..worker.records.len());
                worker.follow(which);
            }
        }
        took += worker.device.sync(&site.node);
        entries += PUSH;
        if [10, 100, 1_000].contains(&push) {
            marks.push((push * PUSH, per_entry_us(took, entries)));
        }
        // Each mark measures the pushes just before it.
        if [5, 50, 500, 10, 100].contains(&push) {
            (took, entries) = (Duration::ZERO, 0);
        }
    }
    let base = marks[0].1;
    for (at, us) in marks {
        row(
            &format!("growth: a stream of {at} entries"),
            &format!("{us:.1} us/entry"),
            &format!("{base:.1} us/entry at the start"),
            us / base,
            Some(1.5),
        );
    }
}

/// Items as the server stores them: new visits and edits at heads, one to four.
pub(crate) fn stored_items(pushes: usize) -> Vec<gridfold_server::log::Item> {
    let site = Site::new(1);
    let mut worker = Worker::new(&site, 1, "g0", false);
    for push in 0..pushes {
        for i in 0..PUSH {
            if i < PUSH / 5 || push == 0 {
                worker.create();
            } else {
                let which = worker.rng.random_range(0..worker.records.len());
                worker.follow(which);
            }
        }
        worker.device.sync(&site.node);
    }
    let name = gridfold_server::log::StreamName::new(worker.device.stream.name()).unwrap();
    let mut items = Vec::new();
    loop {
        let page = site
            .node
            .log
            .read(&name, items.len() as u64, PUSH, usize::MAX)
            .unwrap();
        if page.is_empty() {
            return items;
        }
        items.extend(page);
    }
}
