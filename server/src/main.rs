//! `gridfold`: the server and the commands of whoever runs it.

use std::process::ExitCode;

/// Entries are many small strings and maps, which this allocator hands out for a fifth less CPU.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gridfold_server::cli::main()
}
