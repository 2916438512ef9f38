//! What a store of 50,000 records costs. Run by hand: `cargo test --release --test cost -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod common;

use std::time::Instant;

use common::*;
use gridfold_client::{Client, Query};
use gridfold_sync_core::edit::Value;

const RECORDS: usize = 50_000;

#[test]
#[ignore = "minutes long; the figures go into the commit"]
fn a_store_of_fifty_thousand_records() {
    let server = FakeServer::new();
    let writer = Phone::enrolled(&server, "甲", 1);
    let start = Instant::now();
    for i in 0..RECORDS {
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
    println!("create: {:?} each", start.elapsed() / RECORDS as u32);
    let bytes = writer.client.status().storage_bytes;
    println!(
        "storage: {bytes} bytes, {} a record",
        bytes / RECORDS as u64
    );

    let dir = writer.dir.path().to_owned();
    let opts = options(&dir, &writer.platform);
    drop(writer.client);
    let start = Instant::now();
    let client = Client::open(opts.clone()).unwrap();
    println!("open: {:?}", start.elapsed());

    let start = Instant::now();
    let page = client.query(Query {
        grid: Some(grid(1)),
        ..Query::default()
    });
    println!("list of 50 of {}: {:?}", page.total, start.elapsed());
    let start = Instant::now();
    let text = Some("4999号楼".to_owned());
    let page = client.query(Query {
        text,
        ..Query::default()
    });
    println!("text, {} found: {:?}", page.total, start.elapsed());

    let record = client.records()[RECORDS / 2];
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
