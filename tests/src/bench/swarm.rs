//! Phones that come back at once, with 20 changes each: 1,000 of them in 100 grids.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{EntryRef, RecordId, StreamId};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::device::Device;
use super::site::{Site, T0, cpu, row, status_kib, ten};
use super::{text, visit, wire::visit_form};

const CHANGES: usize = 20;
const THREADS: usize = 16;
const PHONES_PER_GRID: usize = 10;

/// Each device once, by a bounded number of threads.
fn each(devices: &[Mutex<Device>], done: impl Fn(&mut Device) + Sync) {
    let next = Mutex::new(devices.iter());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(device) = next.lock().unwrap().next() else {
                        break;
                    };
                    done(&mut device.lock().unwrap());
                }
            });
        }
    });
}

pub(crate) fn run(phones: usize) {
    let grids = phones.div_ceil(PHONES_PER_GRID);
    let site = Site::new(grids);
    let (mut devices, mut changes) = (Vec::new(), Vec::new());
    for n in 0..phones {
        let (device, more) = Device::new(n as u64, &format!("g{}", n / PHONES_PER_GRID));
        devices.push(Mutex::new(device));
        changes.extend(more);
    }
    for some in changes.chunks(300) {
        site.node.directory.change(some.to_vec()).unwrap();
    }
    // They know each other's grid before they lose the signal.
    let mut shared: BTreeMap<StreamId, Vec<(RecordId, EntryRef)>> = BTreeMap::new();
    for (n, device) in devices.iter().enumerate() {
        let mut device = device.lock().unwrap();
        let mut rng = StdRng::seed_from_u64(n as u64);
        for _ in 0..5 {
            let made = create(&mut device, &mut rng);
            shared.entry(device.stream.clone()).or_default().push(made);
        }
    }
    each(&devices, |d| {
        d.pull(&site.node);
    });
    each(&devices, |d| {
        d.pull(&site.node);
    });
    let idle = status_kib("VmRSS");
    // Offline: 4 new visits, 12 edits of records that nobody else edits, 4 of those that others do.
    for (n, device) in devices.iter().enumerate() {
        let mut device = device.lock().unwrap();
        let mut rng = StdRng::seed_from_u64(n as u64 + 1_000_000);
        let grid = &shared[&device.stream];
        let mut mine: Vec<_> = grid
            .iter()
            .filter(|(_, e)| e.incarnation == device.incarnation)
            .copied()
            .collect();
        for i in 0..CHANGES {
            let minutes = |n: usize| vec![visit::set("minutes", Value::Integer(n as i64 + 1))];
            if i < 4 {
                create(&mut device, &mut rng);
            } else if i < 16 {
                let which = i % mine.len();
                mine[which].1 = device.make(Target::At(vec![mine[which].1]), T0, minutes(i + 1));
            } else {
                let others: Vec<_> = grid
                    .iter()
                    .filter(|(_, e)| e.incarnation != device.incarnation)
                    .collect();
                let (_, head) = others[(rng.random_range(0..others.len() / 4)) * 4 + i - 16];
                device.make(Target::At(vec![*head]), T0, minutes(i + 1));
            }
        }
    }
    let (before, start) = (cpu(), Instant::now());
    each(&devices, |d| {
        d.pull(&site.node);
    });
    let durable = start.elapsed();
    let spent = cpu() - before;
    each(&devices, |d| while d.pull(&site.node) > 0 {});
    let converged = start.elapsed();
    let all_cpu = cpu() - before;
    let ends: BTreeMap<StreamId, u64> = devices
        .iter()
        .flat_map(|d| d.lock().unwrap().ends())
        .collect();
    let same = devices
        .iter()
        .all(|d| d.lock().unwrap().ends().iter().all(|(s, n)| ends[s] == *n));
    assert!(same, "all phones of a grid stand at the same place");
    let entries = phones * CHANGES;
    row(
        &format!("{phones} phones x {CHANGES} changes: all durable"),
        &format!(
            "{:.1} s, {:.0} entries/s",
            durable.as_secs_f64(),
            entries as f64 / durable.as_secs_f64()
        ),
        &format!("{entries} entries"),
        durable.as_secs_f64(),
        None,
    );
    row(
        &format!("{phones} phones x {CHANGES} changes: all converged"),
        &format!(
            "{:.1} s (CPU {:.1} s, phones included; to durable {:.1} s)",
            converged.as_secs_f64(),
            all_cpu.as_secs_f64(),
            spent.as_secs_f64()
        ),
        &format!("{entries} entries"),
        converged.as_secs_f64(),
        None,
    );
    println!(
        "memory of the process, server and all phones: resident before {} MiB, peak {} MiB",
        idle >> 10,
        status_kib("VmHWM") >> 10
    );
}

fn create(device: &mut Device, rng: &mut StdRng) -> (RecordId, EntryRef) {
    let record = RecordId::from_parts(T0, ten(rng.random()));
    let notes = text::notes(rng, 120);
    let ops = visit::visit(rng, record, T0, notes);
    (
        record,
        device.make(
            Target::New {
                record,
                form: visit_form(),
            },
            T0,
            ops,
        ),
    )
}
