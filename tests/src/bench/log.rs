//! The log of segments beside the log that is whole in one store, with the same items in the same run.

use std::time::{Duration, Instant};

use gridfold_server::log::{
    AppendBatch, Engine, Item, LogOptions, NewItem, StreamName, open, testing::open_single,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::server::stored_items;
use super::site::{cpu, row, temp};

/// Items of one append.
const BATCH: usize = 200;
const STREAMS: usize = 20;

/// An item that is stored again as another: whatever repeats its key repeats the new one.
fn another(item: &Item, rng: &mut StdRng) -> NewItem {
    let (key, item_hash): ([u8; 32], [u8; 32]) = (rng.random(), rng.random());
    let mut bytes = item.bytes.clone();
    let at = bytes.windows(32).position(|window| window == item.key);
    if let Some(place) = at.and_then(|at| bytes.get_mut(at..at + 32)) {
        place.copy_from_slice(&key);
    }
    NewItem {
        key,
        item_hash,
        bytes,
    }
}

struct Figures {
    cpu_us: f64,
    bytes: f64,
    start: Duration,
}

fn files(dir: &std::path::Path) -> u64 {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                files(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

fn measure(engine: Engine, single: bool, items: &[Item], entries: usize) -> Figures {
    let dir = temp();
    let options = LogOptions {
        min_free_bytes: 0,
        ..LogOptions::default()
    };
    let open = || {
        let open = if single { open_single } else { open };
        open(&dir.path().join("log"), engine, &options).unwrap().0
    };
    let log = open();
    let mut rng = StdRng::seed_from_u64(1);
    let mut took = Duration::ZERO;
    let mut done = 0;
    while done < entries {
        let batch: Vec<NewItem> = (done..done + BATCH)
            .map(|n| another(&items[n % items.len()], &mut rng))
            .collect();
        let stream = StreamName::new(format!("g{}/2", done / BATCH % STREAMS)).unwrap();
        let before = cpu();
        log.append(vec![AppendBatch {
            stream,
            expect: None,
            items: batch,
        }])
        .unwrap();
        took += cpu() - before;
        done += BATCH;
    }
    let before = cpu();
    drop(log);
    took += cpu() - before;
    let before = Instant::now();
    let log = open();
    let start = before.elapsed();
    let found: u64 = log
        .streams()
        .unwrap()
        .iter()
        .map(|(_, head)| head.seq)
        .sum();
    assert_eq!(found, done as u64);
    drop(log);
    Figures {
        cpu_us: took.as_secs_f64() * 1e6 / done as f64,
        bytes: files(dir.path()) as f64 / done as f64,
        start,
    }
}

/// CPU, bytes on disk and the time of a start with so many entries.
pub(crate) fn run(entries: usize) {
    let items = stored_items(50);
    let plain: usize = items.iter().map(|item| item.bytes.len() + 64).sum();
    println!(
        "{} items as the server stores them, {} B each with key and hash",
        items.len(),
        plain / items.len()
    );
    for engine in [Engine::Sled, Engine::Redb] {
        let (new, old) = (
            measure(engine, false, &items, entries),
            measure(engine, true, &items, entries),
        );
        let what = |figure: &str| format!("log: {figure}, {entries} entries, {engine}");
        row(
            &what("server CPU"),
            &format!("{:.1} us/entry", new.cpu_us),
            &format!("whole in {engine} {:.1} us/entry", old.cpu_us),
            new.cpu_us / old.cpu_us,
            Some(0.8),
        );
        row(
            &what("on disk"),
            &format!("{:.0} B/entry", new.bytes),
            &format!("whole in {engine} {:.0} B/entry", old.bytes),
            new.bytes / old.bytes,
            Some(0.3),
        );
        row(
            &what("start"),
            &format!("{:.2} s", new.start.as_secs_f64()),
            &format!("whole in {engine} {:.2} s", old.start.as_secs_f64()),
            new.start.as_secs_f64() / 2.0,
            Some(1.0),
        );
    }
}
