//! The phone library through its own calls. One program for all files beside this one: what they stand on is
//! compiled and linked once. `cargo test --test phone FILE::` runs one file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and what cannot be set up fails it"
)]

mod again;
mod auto_sync;
mod awaited;
mod between;
mod carry;
mod catalogue;
mod common;
mod delivery;
mod due;
mod enrol;
mod keystore;
mod lifecycle;
mod orders;
mod process;
mod push;
mod query;
mod resident;
mod session;
mod store;
mod store_damage;
mod sync;
mod watch;
mod work;
