//! What a call costs in Rust, for the same calls over the boundary to another language
//! (`client-ffi/bindings/python/bench`), and what an open store holds in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_client::{Client, Folder, OpenOptions, Query, SystemPlatform};
use gridfold_sync_core::edit::Value;

use super::site::{Site, cpu};
use super::{grid, visit, wire::visit_form};

const RECORDS: usize = 50_000;
const CALLS: usize = 400;

/// Makes the store that both sides open: `store` in `dir`, its key 32 times the byte 7.
pub(crate) fn make(dir: &Path) {
    let site = Site::new(1);
    grid::fill(&site, "g0", RECORDS);
    let phone = site.phone(1, "g0", dir.join("store"));
    phone.sync();
    assert_eq!(phone.client.records().len(), RECORDS);
}

/// Memory of this process that is in use and no file's, in KiB.
fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn each(what: &str, mut call: impl FnMut(usize)) {
    let (mut walls, before) = (Vec::new(), cpu());
    for n in 0..CALLS {
        let start = Instant::now();
        call(n);
        walls.push(start.elapsed());
    }
    let burned = (cpu() - before).as_secs_f64() * 1e6 / CALLS as f64;
    walls.sort_unstable();
    let median: Duration = walls[CALLS / 2];
    println!(
        "rust {what}: {burned:.0} us CPU a call, median {:.0} us",
        median.as_secs_f64() * 1e6
    );
}

/// Opens the store in `dir` in this process, which should be a new one.
pub(crate) fn measure(dir: &Path) {
    let before = anonymous_kib();
    let client = Client::open(OpenOptions {
        disk: Folder::at(dir.join("store")),
        key: [7; 32].into(),
        platform: Arc::new(SystemPlatform),
    })
    .unwrap();
    assert_eq!(client.records().len(), RECORDS);
    println!(
        "memory of an open store of {RECORDS} records: {:.1} MiB, {:.0} B a record",
        (anonymous_kib() - before) as f64 / 1024.0,
        (anonymous_kib() - before) as f64 * 1024.0 / RECORDS as f64
    );
    let query = || Query {
        form: Some(visit_form()),
        limit: 50,
        ..Query::default()
    };
    // The same records as the other side's.
    let first = client.query(query()).items;
    each("status", |_| drop(client.status()));
    each("get", |n| {
        assert!(client.get(first[n % first.len()].record).is_some());
    });
    each("list of 50", |_| {
        assert_eq!(client.query(query()).items.len(), 50);
    });
    each("edit", |n| {
        let ops = vec![visit::set("minutes", Value::Integer(n as i64 % 500))];
        client.edit(first[n % first.len()].record, ops).unwrap();
    });
}
