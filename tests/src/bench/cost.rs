//! What an honest phone waits for beside devices that push what costs the writer most: two lines of
//! edits of one text, so that each entry of the second is merged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gridfold_server::clock::SystemClock;
use gridfold_sync_core::entry::{Author, Target};
use gridfold_sync_core::ids::{EntryRef, RecordId};
use gridfold_sync_core::limits::MAX_ENTRIES_PER_PUSH;

use super::device::Device;
use super::site::{Site, T0, cpu, row, ten};
use super::visit;
use super::wire::visit_form;

/// Characters that each entry of a costly push goes on from.
const TEXT: usize = 1_000;
/// The honest phone's pause between two pushes.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an honest push may wait.
const MOST: Duration = Duration::from_secs(1);

/// A record made by one device and changed by it and another, each on from its own last edit; the
/// request of the first is pushed, that of the second is given back.
fn costly(site: &Site, n: u64, entries: usize) -> (Author, Vec<u8>) {
    let mut one = Device::enrolled(site, n, "g0");
    let mut other = Device::enrolled(site, n + 1, "g0");
    let target = Target::New {
        record: RecordId::from_parts(T0, ten(n)),
        form: visit_form(),
    };
    let base = one.make(target, T0, visit::typed("w".repeat(TEXT)));
    let line = |device: &mut Device, count: usize| {
        let mut last: EntryRef = base;
        for i in 0..count {
            last = device.make(Target::At(vec![last]), T0, visit::typed(i.to_string()));
        }
    };
    line(&mut one, 200);
    one.sync(&site.node);
    line(&mut other, entries);
    (other.author, other.request().encode())
}

/// One push of an honest device, from its body to its answer.
fn honest(site: &Site, device: &mut Device, n: u64) -> Duration {
    let target = Target::New {
        record: RecordId::from_parts(T0, ten(1 << 40 | n)),
        form: visit_form(),
    };
    device.make(target, T0, visit::typed("honest".into()));
    let body = device.request().encode();
    let from = Instant::now();
    site.node.sync(device.author, &body).unwrap();
    from.elapsed()
}

pub(crate) fn run(devices: u64) {
    // By a clock that goes, as debts of time run out by it.
    let site = Site::with_clock(1, Arc::new(SystemClock));
    let mut per_entry = Vec::new();
    for (n, entries) in [(0, MAX_ENTRIES_PER_PUSH / 4), (1, MAX_ENTRIES_PER_PUSH)] {
        let (author, body) = costly(&site, 1_000_000 + n * 10, entries);
        let before = cpu();
        site.node.sync(author, &body).unwrap();
        let took = cpu() - before;
        per_entry.push(took.as_secs_f64() * 1e6 / entries as f64);
        println!(
            "a push of {entries} entries beside a line, {} bytes: {took:.1?}",
            body.len()
        );
    }
    row(
        "a costly push four times as long, an entry",
        &format!("{:.0} us", per_entry[1]),
        &format!("{:.0} us", per_entry[0]),
        per_entry[1] / per_entry[0],
        Some(2.0),
    );
    let bodies: Vec<_> = (0..devices)
        .map(|n| costly(&site, 2_000_000 + n * 10, MAX_ENTRIES_PER_PUSH))
        .collect();
    let mut phone = Device::enrolled(&site, 1, "g0");
    let alone = (0..20).map(|n| honest(&site, &mut phone, n)).max();
    let is_over = AtomicBool::new(false);
    let (mut waits, from) = (Vec::new(), Instant::now());
    let node = &site.node;
    std::thread::scope(|all| {
        let pushing: Vec<_> = bodies
            .iter()
            .map(|(author, body)| all.spawn(move || node.sync(*author, body).is_ok()))
            .collect();
        all.spawn(|| {
            let taken = pushing.into_iter().filter_map(|p| p.join().ok());
            println!("taken: {}", taken.filter(|ok| *ok).count());
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            std::thread::sleep(PAUSE);
            waits.push(honest(&site, &mut phone, 1_000 + waits.len() as u64));
        }
    });
    waits.sort_unstable();
    println!(
        "{devices} devices push for {:.1?}; honest pushes meanwhile: {}, half of them within {:.1?}",
        from.elapsed(),
        waits.len(),
        waits[waits.len() / 2],
    );
    let slowest = waits.last().copied().unwrap_or_default();
    row(
        "the slowest honest push beside them",
        &format!("{slowest:.1?}"),
        &format!("{MOST:?}; alone {:.1?}", alone.unwrap_or_default()),
        slowest.as_secs_f64() / MOST.as_secs_f64(),
        Some(1.0),
    );
}
