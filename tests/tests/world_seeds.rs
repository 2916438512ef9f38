//! Many simulated worlds; a failing seed says how to see it again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::world::{Outcome, run_caught};

const SEEDS: u64 = 1_500;
const THREADS: usize = 2;

#[test]
fn every_world_keeps_its_promises() {
    let seeds = std::env::var("GRIDFOLD_WORLD_SEEDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let (all, broken) = (Mutex::new(Outcome::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds {
                        return;
                    }
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
    println!("{seeds} seeds: {all:#?}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // A world in which nothing goes wrong proves nothing.
    if seeds >= 200 {
        let happened = [
            all.refused,
            all.late,
            all.conflicts,
            all.crashes,
            all.restores,
        ];
        assert!(happened.iter().all(|n| *n > 0), "{all:?}");
        assert!(
            all.troubles > 0 && all.copies > 0 && all.quarantined > 0,
            "{all:?}"
        );
    }
}
