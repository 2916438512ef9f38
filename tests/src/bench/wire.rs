//! Bytes on the wire: bodies of whole exchanges between the phone library and a node.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{FormCode, RecordId};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::site::{Phone, Site, row, ten};
use super::visit::{json_of, small_edit, typed, visit, zstd_json};
use super::{text, visit::field};

pub(crate) fn visit_form() -> FormCode {
    FormCode::new("visit").unwrap()
}

/// Creates visits, a few minutes apart, each of another household; gives what a REST client would
/// have sent.
pub(crate) fn create(
    phone: &Phone,
    rng: &mut StdRng,
    n: usize,
    keep: impl Fn(&Op) -> bool,
    notes: fn(&mut StdRng, usize) -> String,
) -> (Vec<RecordId>, serde_json::Value) {
    let (mut records, mut json) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let at = phone.platform.advance(rng.random_range(120_000..900_000));
        let household = RecordId::from_parts(
            at.plus_millis(-rng.random_range(1..90i64) * 86_400_000),
            ten(rng.random()),
        );
        let words = notes(rng, 120);
        let mut ops = visit(rng, household, at, words);
        ops.retain(&keep);
        let record = phone
            .client
            .create_record(&phone.grid, &visit_form(), ops.clone())
            .unwrap();
        json.push(json_of(record, &ops));
        records.push(record);
    }
    (records, serde_json::Value::Array(json))
}

fn exchange(phone: &Phone) -> (u64, u64, u32) {
    let report = phone.sync();
    assert!(!report.more && report.refused == 0);
    (report.bytes_up, report.bytes_down, report.round_trips)
}

fn visits(
    site: &Site,
    n: u64,
    what: &str,
    notes: fn(&mut StdRng, usize) -> String,
    aim: Option<f64>,
) {
    let phone = site.phone(n, "g0", site.path(&format!("phone{n}")));
    exchange(&phone);
    let mut rng = StdRng::seed_from_u64(1);
    let (_, json) = create(&phone, &mut rng, 200, |_| true, notes);
    let (up, down, trips) = exchange(&phone);
    let base = zstd_json(&json);
    row(
        &format!("200 new visits, {what}"),
        &format!("{} B ({up} up, {down} down, {trips} round trip)", up + down),
        &format!("JSON zstd-3 {base} B"),
        (up + down) as f64 / base as f64,
        aim,
    );
}

fn edits(
    phone: &Phone,
    rng: &mut StdRng,
    records: &[RecordId],
    what: &str,
    make: impl Fn(&mut StdRng) -> Vec<Op>,
    aim: Option<f64>,
) {
    for _ in 0..50 {
        phone.platform.advance(rng.random_range(20_000..900_000));
        let record = records[rng.random_range(0..records.len())];
        let _ = phone.client.edit(record, make(rng));
    }
    let n = phone.client.status().pending;
    let (up, down, trips) = exchange(phone);
    row(
        &format!("{n} small edits, {what}"),
        &format!("{} B ({up} up, {down} down, {trips} round trip)", up + down),
        &format!("{n} edits"),
        (up + down) as f64 / n as f64,
        aim,
    );
}

pub(crate) fn run() {
    let site = Site::new(4);
    visits(&site, 1, "notes of the grammar", text::notes, Some(0.85));
    visits(&site, 2, "notes of random characters", text::noise, None);

    let phone = site.phone(3, "g1", site.path("editor"));
    exchange(&phone);
    let mut rng = StdRng::seed_from_u64(2);
    let (mut records, _) = create(&phone, &mut rng, 400, |_| true, text::notes);
    exchange(&phone);
    let at = phone.platform.advance(1);
    edits(
        &phone,
        &mut rng,
        &records,
        "one field each",
        |r| small_edit(r, at),
        Some(16.0),
    );
    edits(
        &phone,
        &mut rng,
        &records,
        "6 characters typed in front of the notes",
        |r| typed(text::notes(r, 6)),
        None,
    );

    while records.len() < 5_000 {
        records.extend(create(&phone, &mut rng, 400, |_| true, text::notes).0);
        phone.sync();
    }
    let (up, down, trips) = exchange(&phone);
    row(
        &format!(
            "idle sync of a phone with {} records",
            phone.client.records().len()
        ),
        &format!("{} B ({up} up, {down} down), {trips} round trip", up + down),
        "-",
        (up + down) as f64,
        Some(100.0),
    );
    breakdown();
}

/// Where the bytes go: what 200 visits cost without each field.
fn breakdown() {
    println!("\nBytes of 200 visits without a field (ours / JSON):");
    let site = Site::new(1);
    let all = [
        "",
        "household",
        "visited_at",
        "purpose",
        "result",
        "minutes",
        "people_met",
        "needs",
        "safety_checked",
        "safety_finding",
        "follow_up",
        "follow_up_on",
        "temperature",
        "location",
        "notes",
    ];
    let mut first = None;
    for (n, without) in all.into_iter().enumerate() {
        let phone = site.phone(n as u64 + 10, "g0", site.path(&format!("part{n}")));
        phone.sync();
        let mut rng = StdRng::seed_from_u64(1);
        let keep = |op: &Op| without.is_empty() || op.field() != Some(&field(without));
        let (_, json) = create(&phone, &mut rng, 200, keep, text::notes);
        let report = phone.sync();
        let (ours, theirs) = (report.bytes_up, zstd_json(&json) as u64);
        let whole = *first.get_or_insert((ours, theirs));
        println!(
            "  {without:<16} {:>6} / {:>6}",
            whole.0 as i64 - ours as i64,
            whole.1 as i64 - theirs as i64
        );
    }
}
