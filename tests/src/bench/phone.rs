//! A phone with 50,000 records on a real disk.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use gridfold_client::{Client, Folder, OpenOptions, Query, Sort};
use gridfold_sync_core::edit::Value;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::site::{Site, cpu, row};
use super::{grid, visit, wire::visit_form};

const RECORDS: usize = 50_000;
const SAVES: usize = 200;

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

pub(crate) fn run() {
    let site = Site::new(1);
    grid::fill(&site, "g0", RECORDS);
    let phone = site.phone(1, "g0", site.path("phone"));
    phone.sync();
    let records = phone.client.records();
    assert_eq!(records.len(), RECORDS);
    println!(
        "store of {RECORDS} records: {} MiB",
        phone.client.status().storage_bytes >> 20
    );

    let mut rng = StdRng::seed_from_u64(4);
    let (mut saves, mut syncs) = (Vec::new(), Vec::new());
    let mut file = File::create(site.path("baseline")).unwrap();
    file.write_all(&[0; 1 << 20]).unwrap();
    file.sync_all().unwrap();
    let mut burned = Duration::ZERO;
    for n in 0..SAVES {
        phone.platform.advance(60_000);
        let ops = vec![visit::set("minutes", Value::Integer(n as i64 + 1))];
        let record = records[rng.random_range(0..RECORDS)];
        let (before, start) = (cpu(), Instant::now());
        phone.client.edit(record, ops).unwrap();
        saves.push(start.elapsed());
        burned += cpu() - before;
        let start = Instant::now();
        file.seek(SeekFrom::Start(rng.random_range(0..255u64) * 4096))
            .unwrap();
        file.write_all(&[n as u8; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs.push(start.elapsed());
    }
    let (save, fsync) = (median(saves), median(syncs));
    row(
        "durable save of one edit, 50,000 records in store",
        &format!(
            "{:.2} ms (of it CPU {:.2} ms)",
            save.as_secs_f64() * 1e3,
            burned.as_secs_f64() * 1e3 / SAVES as f64
        ),
        &format!("write 4 KiB + fsync {:.2} ms", fsync.as_secs_f64() * 1e3),
        save.as_secs_f64() / fsync.as_secs_f64(),
        Some(2.0),
    );

    lists(&phone.client);
    let options = OpenOptions {
        disk: Folder::at(site.path("phone")),
        key: [7; 32].into(),
        platform: std::sync::Arc::clone(&phone.platform) as _,
    };
    drop(phone);
    let (before, start) = (cpu(), Instant::now());
    let client = Client::open(options).unwrap();
    let took = (cpu() - before).as_secs_f64();
    row(
        "opening that store",
        &format!(
            "{took:.2} s CPU ({:.2} s wall)",
            start.elapsed().as_secs_f64()
        ),
        "1 s",
        took,
        Some(1.0),
    );
    assert_eq!(client.records().len(), RECORDS);
}

fn lists(client: &Client) {
    let base = || Query {
        form: Some(visit_form()),
        limit: 50,
        ..Query::default()
    };
    let some = client.query(base()).items;
    let middle = some[25].clone();
    let queries = [
        ("by form, newest first", base()),
        (
            "of one household",
            Query {
                household: middle.household,
                ..base()
            },
        ),
        (
            "captured in a month",
            Query {
                from: Some(middle.captured.plus_millis(-30 * 86_400_000)),
                to: Some(middle.captured),
                sort: Sort::Captured,
                ..base()
            },
        ),
        (
            "whose text holds two characters",
            Query {
                text: Some("漏水".into()),
                ..base()
            },
        ),
    ];
    for (what, query) in queries {
        let mut all = Vec::new();
        let mut found = 0;
        for _ in 0..21 {
            let before = cpu();
            found = client.query(query.clone()).items.len();
            all.push(cpu() - before);
        }
        let ms = median(all).as_secs_f64() * 1e3;
        row(
            &format!("a list of 50 of 50,000, {what} ({found} shown)"),
            &format!("{ms:.2} ms CPU"),
            "10 ms",
            ms / 10.0,
            Some(1.0),
        );
    }
}
