//! Server and phones together, as programs. One program for all files beside this one: what they stand on is
//! compiled and linked once. `cargo test --test walk FILE::` runs one file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and what cannot be set up fails it"
)]

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod carry;
mod drafts;
mod enrolment;
mod erasure;
mod healing;
mod kill_commands;
mod kill_nine;
mod log_conformance;
mod log_damage;
mod log_powercut;
mod matter_steps;
mod phone_keys;
mod pool_powercut;
mod retired;
mod search;
mod seen;
mod town;
mod world_seeds;
