//! Many simulated worlds; a failing seed says how to see it again.
//!
//! A fixed set runs each time, and seeds that nobody has seen before: drawn from the clock, or from
//! `GRIDFOLD_WORLD_FROM`, and printed. `GRIDFOLD_LONG=1` runs many more of them, and
//! `GRIDFOLD_WORLD_SEEDS` as many as it says.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tests::world::{Outcome, run_caught};

/// Seeds that run each time.
const FIXED: std::ops::Range<u64> = 0..100;
/// Of those that broke a promise, the ones that no written story covers.
const BROKE: [u64; 6] = [
    // An edit was refused, and a restored server knows another copy's under its name.
    1202,
    // What a phone gives back to a restored server follows a name that a copy has taken there.
    41_441_796_077,
    // What somebody else wrote was made at a name that a copy has taken there, and would stand on another record.
    77_700_100_615,
    // Another copy of a store wrote a forked log again before this one did: an edit counts once.
    90_300_002_372,
    // A copy's entry has the name of one whose words were erased here, and is shown.
    90_300_013_307,
    // What one answer both takes and calls forked was written again, and counted twice.
    94_000_002_625,
];
/// New seeds each time.
const NEW: u64 = 400;
/// New seeds of a long run.
const NEW_LONG: u64 = 20_000;
const THREADS: usize = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The first of the new seeds. Twelve digits at most, so that a seed can be read out.
fn drawn() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    1_000_000_000 + u64::try_from(since.as_millis()).unwrap() % 100_000_000 * 1_000
}

#[test]
fn every_world_keeps_its_promises() {
    let long = std::env::var_os("GRIDFOLD_LONG").is_some();
    let new = number("GRIDFOLD_WORLD_SEEDS").unwrap_or(if long { NEW_LONG } else { NEW });
    let from = number("GRIDFOLD_WORLD_FROM").unwrap_or_else(drawn);
    // Past what the test's runner keeps for itself, so that each run of CI says what it ran.
    writeln!(std::io::stderr(), "new seeds: {from} to {}", from + new - 1).unwrap();
    let seeds: Vec<u64> = FIXED.chain(BROKE).chain(from..from + new).collect();
    let next = AtomicUsize::new(0);
    let (all, broken) = (Mutex::new(Outcome::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match run_caught(seed, false) {
                        Ok(outcome) => *all.lock().unwrap() += outcome,
                        Err(why) => broken.lock().unwrap().push(format!(
                            "seed {seed}: {why}\n  cargo run -p tests --bin world -- --seed {seed} --verbose"
                        )),
                    }
                }
            });
        }
    });
    let (all, broken) = (all.into_inner().unwrap(), broken.into_inner().unwrap());
    println!("{} seeds: {all:#?}", seeds.len());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // A world in which nothing goes wrong proves nothing.
    let happened = [
        all.refused,
        all.late,
        all.conflicts,
        all.crashes,
        all.restores,
        all.failed_writes,
        all.erased,
        all.cuts,
    ];
    assert!(happened.iter().all(|n| *n > 0), "{all:?}");
    assert!(
        all.troubles > 0 && all.copies > 0 && all.quarantined > 0,
        "{all:?}"
    );
}
