//! The benchmarks of `docs/benchmarks.md`: each subcommand prints figure, baseline of the same
//! run, ratio and aim.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot set up its world ends by panicking"
)]

#[path = "../bench/mod.rs"]
mod bench;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The server's own, for the baselines too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Bytes of whole exchanges.
    Wire,
    /// Server CPU per entry on linear histories.
    Linear {
        /// Pushes of 200 entries.
        #[arg(long, default_value_t = 50)]
        pushes: usize,
    },
    /// Server CPU per entry on concurrent histories.
    Concurrent,
    /// Server CPU per entry while one stream grows 100 times.
    Growth,
    /// What an honest phone waits for beside devices that push what costs most.
    Cost {
        /// How many of them.
        #[arg(long, default_value_t = 16)]
        devices: u64,
    },
    /// A directory of 100,000 areas and 10,000 people.
    Directory,
    /// A new phone receives a grid of 5,000 records.
    Grid,
    /// The log of segments beside the log in one store.
    Log {
        /// Entries appended.
        #[arg(long, default_value_t = 1_000_000)]
        entries: usize,
    },
    /// A phone with 50,000 records: save, open, list.
    Phone,
    /// Calls of the phone library in Rust, for `client-ffi/bindings/python/bench`.
    Boundary {
        /// Where the store of 50,000 records is.
        dir: PathBuf,
        /// Makes the store and measures nothing.
        #[arg(long)]
        make: bool,
    },
    /// What a supervisor waits for, against the bare SQLite file.
    Dashboard {
        /// Records in the views.
        #[arg(long, default_value_t = 100_000)]
        records: usize,
        /// Seed of the generator.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Phones that come back at once.
    Swarm {
        /// How many.
        #[arg(long, default_value_t = 1_000)]
        phones: usize,
    },
}

fn main() {
    match Args::parse().what {
        What::Wire => bench::wire::run(),
        What::Linear { pushes } => bench::server::linear(pushes),
        What::Concurrent => bench::server::concurrent(),
        What::Growth => bench::server::growth(),
        What::Cost { devices } => bench::cost::run(devices),
        What::Directory => {
            bench::directory::run();
            bench::city::run();
        }
        What::Grid => bench::grid::run(),
        What::Log { entries } => bench::log::run(entries),
        What::Phone => bench::phone::run(),
        What::Boundary { dir, make: true } => bench::boundary::make(&dir),
        What::Boundary { dir, make: false } => bench::boundary::measure(&dir),
        What::Dashboard { records, seed } => bench::dashboard::run_with(records, seed),
        What::Swarm { phones } => bench::swarm::run(phones),
    }
}
