//! What a store of 50,000 records costs. Run by hand: `cargo test --release --test cost -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use gridfold_client::{Client, Query};
use gridfold_sync_core::edit::Value;

fn records() -> usize {
    let count = std::env::var("GRIDFOLD_COST_RECORDS").ok();
    count.and_then(|n| n.parse().ok()).unwrap_or(50_000)
}

/// Time on a processor where the system tells it: other work on the machine does not count.
fn on_cpu<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let cpu = || -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split(' ').next()?.parse().ok()
    };
    let (before, start) = (cpu(), Instant::now());
    let out = f();
    let spent = match (before, cpu()) {
        (Some(before), Some(after)) => Duration::from_nanos(after - before),
        _ => start.elapsed(),
    };
    (out, spent)
}

#[test]
#[ignore = "minutes long; the figures go into the commit"]
fn a_store_of_fifty_thousand_records() {
    let count = records();
    let server = FakeServer::new();
    let writer = Phone::enrolled(&server, "甲", 1);
    let start = Instant::now();
    for i in 0..count {
        writer.platform.advance(1_000);
        let ops = vec![
            set_text("summary", &format!("{i}号楼三单元路灯不亮")),
            set_text("place", "幸福路小区东门外第二根灯杆"),
            splice("description", 0, "居民反映晚上出行不便，请尽快维修。"),
            set(
                "reported_at",
                Value::DateTime(gridfold_sync_core::time::Timestamp(i as i64)),
            ),
        ];
        writer
            .client
            .create_record(&grid(1 + (i % 2) as u32), &code("matter"), ops)
            .unwrap();
        if i % 2_000 == 1_999 {
            writer.sync(&server);
        }
    }
    println!("create: {:?} each", start.elapsed() / count as u32);
    let bytes = writer.client.status().storage_bytes;
    println!("storage: {bytes} bytes, {} a record", bytes / count as u64);

    let dir = writer.dir.path().to_owned();
    let opts = options(&dir, &writer.platform);
    drop(writer.client);
    let (client, spent) = on_cpu(|| Client::open(opts.clone()).unwrap());
    println!("open: {spent:?}");

    let listed = Query {
        grid: Some(grid(1)),
        ..Query::default()
    };
    let (page, spent) = on_cpu(|| client.query(listed));
    println!("list of 50 of {}: {spent:?}", page.total);
    let text = Query {
        text: Some("99号楼".to_owned()),
        ..Query::default()
    };
    let (page, spent) = on_cpu(|| client.query(text));
    println!("text, {} found: {spent:?}", page.total);

    let record = client.records()[count / 2];
    let start = Instant::now();
    for i in 0..50 {
        client
            .edit(record, vec![set_text("place", &format!("{i}"))])
            .unwrap();
    }
    let edit = start.elapsed() / 50;
    let path = dir.join("probe");
    let start = Instant::now();
    for _ in 0..50 {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(&[0; 4_096]).unwrap();
        file.sync_all().unwrap();
    }
    println!("edit: {edit:?}; fsync: {:?}", start.elapsed() / 50);
    let start = Instant::now();
    for _ in 0..100 {
        client.get(record).unwrap();
    }
    println!("get: {:?}", start.elapsed() / 100);

    let reader = Phone::enrolled(&server, "乙", 2);
    let start = Instant::now();
    let report = reader.sync(&server);
    println!(
        "first sync of {}: {:?} (server in memory included), {} trips, {} bytes",
        report.pulled,
        start.elapsed(),
        report.round_trips,
        report.bytes_down
    );
}
