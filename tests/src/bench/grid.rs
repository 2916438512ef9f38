//! A new phone receives a grid of 5,000 records.

use std::time::{Duration, Instant};

use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::limits::MAX_ENTRIES_PER_PUSH;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::device::Device;
use super::site::{Site, T0, cpu, row, ten};
use super::visit::{json_of, visit};
use super::{text, wire::visit_form};

/// Fills a grid with visits, as its workers' phones brought them; gives them as JSON.
pub(crate) fn fill(site: &Site, grid: &str, n: usize) -> serde_json::Value {
    let mut device = Device::enrolled(site, 500, grid);
    let mut rng = StdRng::seed_from_u64(5);
    let mut now = T0.plus_millis(-90 * 86_400_000);
    let mut json = Vec::with_capacity(n);
    for i in 1..=n {
        now = now.plus_millis(rng.random_range(60_000..600_000));
        let record = RecordId::from_parts(now, ten(rng.random()));
        let household = RecordId::from_parts(now, ten(rng.random()));
        let notes = text::notes(&mut rng, 120);
        let ops = visit(&mut rng, household, now, notes);
        json.push(json_of(record, &ops));
        device.make(
            Target::New {
                record,
                form: visit_form(),
            },
            now,
            ops,
        );
        if i % MAX_ENTRIES_PER_PUSH.min(200) == 0 || i == n {
            device.sync(&site.node);
        }
    }
    serde_json::Value::Array(json)
}

pub(crate) fn run() {
    const RECORDS: usize = 5_000;
    let site = Site::new(1);
    let json = fill(&site, "g0", RECORDS);
    let body = zstd::bulk::compress(&serde_json::to_vec(&json).unwrap(), 3).unwrap();
    let before = cpu();
    let plain = zstd::bulk::decompress(&body, 64 << 20).unwrap();
    let parsed: serde_json::Value = serde_json::from_slice(&plain).unwrap();
    let parse = cpu() - before;
    assert_eq!(parsed.as_array().map(Vec::len), Some(RECORDS));

    let phone = site.phone(1, "g0", site.path("phone"));
    let (before, start) = (cpu(), Instant::now());
    let report = phone.sync();
    let (took, wall) = (cpu() - before, start.elapsed());
    assert_eq!(phone.client.records().len(), RECORDS);
    let served: Duration = phone.link.served();
    row(
        "a new phone receives 5,000 visits: bytes",
        &format!(
            "{} B in {} round trips",
            report.bytes_up + report.bytes_down,
            report.round_trips
        ),
        &format!("JSON zstd-3 {} B", body.len()),
        (report.bytes_up + report.bytes_down) as f64 / body.len() as f64,
        Some(1.0),
    );
    let per = |d: Duration| d.as_secs_f64() * 1e6 / RECORDS as f64;
    row(
        "the same: CPU of the phone, per record",
        &format!("{:.1} us, into a sealed durable store", per(took - served)),
        &format!(
            "inflate and parse the JSON, keep nothing: {:.1} us",
            per(parse)
        ),
        per(took - served) / per(parse),
        None,
    );
    row(
        "the same: CPU of the server, per record",
        &format!("{:.1} us", per(served)),
        &format!("inflate and parse the JSON: {:.1} us", per(parse)),
        per(served) / per(parse),
        None,
    );
    println!("whole exchange {wall:?} of wall clock, the disk's syncs included");
}
