//! `gridfold`: the server and the commands of whoever runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridfold_server::cli::main()
}
