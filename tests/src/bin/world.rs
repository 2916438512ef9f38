//! Runs simulated worlds: many seeds, or one again with every step told.

use clap::Parser;
use tests::world::{Outcome, run_caught};

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs simulated worlds.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell every step.
    #[arg(long)]
    verbose: bool,
}

fn main() -> std::process::ExitCode {
    let args = Args::parse();
    let seeds = match args.seed {
        Some(seed) => seed..seed + 1,
        None => args.from..args.from + args.seeds,
    };
    let (mut all, mut failed) = (Outcome::default(), 0);
    for seed in seeds {
        match run_caught(seed, args.verbose) {
            Ok(outcome) => all += outcome,
            Err(why) => {
                failed += 1;
                eprintln!("seed {seed}: {why}");
            }
        }
    }
    println!("{all:#?}");
    println!("failed: {failed}");
    std::process::ExitCode::from(u8::from(failed > 0))
}
