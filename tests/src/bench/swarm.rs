//! Phones that come back at once, with 20 changes each: 1,000 of them in 100 grids. The server is
//! a process of its own, so that memory and CPU time are its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use gridfold_server::clock::{Clock as _, SystemClock};
use gridfold_sync_core::directory::DirectoryChange;

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{DeviceId, EntryRef, RecordId, StreamId};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::device::Device;
use super::served::{IN_FLIGHT, Served};
use super::site::{Site, T0, row, ten};
use super::{text, visit, wire::visit_form};

const CHANGES: usize = 20;
const PHONES_PER_GRID: usize = 10;

/// A device and the token it comes with.
type Phone = Mutex<(Device, String)>;

/// Each device once, by a bounded number of threads.
fn each(phones: &[Phone], done: impl Fn(&mut Device, &str) + Sync) {
    let next = Mutex::new(phones.iter());
    std::thread::scope(|scope| {
        for _ in 0..IN_FLIGHT {
            scope.spawn(|| {
                loop {
                    let Some(phone) = next.lock().unwrap().next() else {
                        break;
                    };
                    let (device, token) = &mut *phone.lock().unwrap();
                    done(device, token);
                }
            });
        }
    });
}

/// Phones enrolled at a server, which is then started as a process of its own.
fn enrolled(phones: usize) -> (Served, tempfile::TempDir, Vec<Phone>) {
    let site = Site::with_clock(phones.div_ceil(PHONES_PER_GRID), Arc::new(SystemClock));
    let now = SystemClock.now().millis();
    let auth = &site.node.auth;
    let (mut devices, mut changes) = (Vec::new(), Vec::new());
    for n in 0..phones {
        let (mut device, mut more) = Device::new(n as u64, &format!("g{}", n / PHONES_PER_GRID));
        let user = device.author.user.0;
        let id = auth.devices.create_console(user, now).unwrap();
        device.author.device = DeviceId(id);
        for change in &mut more {
            if let DirectoryChange::Device { device } = change {
                device.id = DeviceId(id);
            }
        }
        let token = auth.tokens.issue(user, id, now).unwrap();
        devices.push(Mutex::new((device, token)));
        changes.extend(more);
    }
    for some in changes.chunks(300) {
        site.node.directory.change(some.to_vec()).unwrap();
    }
    let Site { node, dir } = site;
    let issuer = node.config.issuer();
    node.shutdown();
    drop(node);
    let server = Served::start(&dir.path().join("server"), &issuer);
    (server, dir, devices)
}

pub(crate) fn run(phones: usize) {
    let (server, _dir, devices) = enrolled(phones);
    // They know each other's grid before they lose the signal.
    let mut shared: BTreeMap<StreamId, Vec<(RecordId, EntryRef)>> = BTreeMap::new();
    for (n, device) in devices.iter().enumerate() {
        let (device, _) = &mut *device.lock().unwrap();
        let mut rng = StdRng::seed_from_u64(n as u64);
        for _ in 0..5 {
            let made = create(device, &mut rng);
            shared.entry(device.stream.clone()).or_default().push(made);
        }
    }
    each(&devices, |d, token| {
        d.pull(&server, token);
    });
    each(&devices, |d, token| {
        d.pull(&server, token);
    });
    let idle = server.status_mib("VmRSS");
    // Offline: 4 new visits, 12 edits of records that nobody else edits, 4 of those that others do.
    for (n, device) in devices.iter().enumerate() {
        let (device, _) = &mut *device.lock().unwrap();
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
                create(device, &mut rng);
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
    let (before, start) = (server.cpu(), Instant::now());
    each(&devices, |d, token| {
        d.pull(&server, token);
    });
    let durable = start.elapsed();
    let spent = server.cpu() - before;
    each(&devices, |d, token| while d.pull(&server, token) > 0 {});
    let converged = start.elapsed();
    let all_cpu = server.cpu() - before;
    let ends: BTreeMap<StreamId, u64> = devices
        .iter()
        .flat_map(|d| d.lock().unwrap().0.ends())
        .collect();
    let same = devices.iter().all(|d| {
        d.lock()
            .unwrap()
            .0
            .ends()
            .iter()
            .all(|(s, n)| ends[s] == *n)
    });
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
            "{:.1} s (CPU of the server {:.1} s, to durable {:.1} s)",
            converged.as_secs_f64(),
            all_cpu.as_secs_f64(),
            spent.as_secs_f64()
        ),
        &format!("{entries} entries"),
        converged.as_secs_f64(),
        None,
    );
    println!(
        "memory of the server alone: resident before {idle} MiB, peak {} MiB; at the end {} MiB of its own and {} MiB of mapped files",
        server.status_mib("VmHWM"),
        server.status_mib("RssAnon"),
        server.status_mib("RssFile")
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
